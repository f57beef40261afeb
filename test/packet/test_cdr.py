#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Call detail records: one line of JSON a call, with what was placed and why it ended."""
import json
import os
import random
import stat
import tempfile
from datetime import datetime

from replay import FAR, PBX, TRUNK, WAN, main
from scene import OutgoingCall, SipTest
from sip_text import Call, sdp

ORIGIN = 1700000000
RTP = 20 + 8    # bytes of IP and UDP around a payload


def as_told(text):
    """UTF-8 where it is, else Latin-1; of what is long the beginning."""
    told, cut = "", text[:128]
    while cut:
        for length in (1, 2, 3, 4):
            try:
                told += cut[:length].decode()
                break
            except UnicodeDecodeError:
                continue
        else:
            length = 1
            told += cut[:1].decode("latin-1")
        cut = cut[length:]
    return told + ("..." if len(text) > 128 else "")


class CallRecords(SipTest):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = os.path.join(self.folder.name, "cdr.json")

    def recorded(self, **config):
        config.setdefault("system", f'cdr: {{ target = "file"; file = "{self.file}"; }};')
        return self.scene(**config)

    def records(self, scene, count, drain=0):
        result = scene.run(drain=drain)
        with open(self.file, encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), count, lines)
        return [json.loads(line) for line in lines]

    def seconds(self, text):
        """Since the first packet."""
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
        return round(moment - ORIGIN, 3)

    def assert_record(self, record, **expected):
        for name, value in expected.items():
            self.assertEqual(record[name], value, f"{name} in {record}")

    def test_nothing_is_written_unless_asked_for(self):
        scene = self.recorded(system=f'cdr: {{ file = "{self.file}"; }};')
        call = OutgoingCall(scene)
        call.establish()
        call.hang_up()
        scene.run()
        self.assertFalse(os.path.exists(self.file))

    def test_a_call_is_told_whole(self):
        scene = self.recorded()
        call = OutgoingCall(scene)
        call.establish()
        out = [call.media_out(data=b"r" * 160) for _ in range(3)]
        back = [call.media_in(data=b"s" * 80) for _ in range(2)]
        call.media_out(1)       # RTCP does not count
        call.hang_up()
        record, = self.records(scene, 1)
        worker = record.pop("worker")
        self.assertIn(worker, range(self.workers))
        times = [self.seconds(record.pop(name)) for name in ("invite", "ringing", "answer", "end")]
        self.assertEqual(times, [0, 0.04, 0.06, 0.24])
        self.assertEqual(record, {
            "call_id": call.inside.call_id, "from": f"sip:100@{PBX}", "to": f"sip:200@{TRUNK}",
            "transport": "udp", "begun_by": "inside", "inside_host": PBX, "outside_host": TRUNK,
            "duration": 0.18, "reason": "bye", "bye": "inside", "status": None,
            "media": [{"stream": 0, "type": "audio", "inside": f"{PBX}:10000",
                       "outside": f"{WAN}:10000", "far": f"{FAR}:20000",
                       "packets_out": len(out), "bytes_out": len(out) * (RTP + 160),
                       "packets_in": len(back), "bytes_in": len(back) * (RTP + 80)}],
            "media_more": False})
        for event in out + back:
            self.assertEqual(len(event.sent), 1)
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode) & 0o137, 0)

    def test_counters_say_how_many(self):
        scene = self.recorded()
        for n in range(3):
            call = OutgoingCall(scene, Call(call_id=f"{n}@x"), port=10000 + 10 * n)
            call.establish()
            call.hang_up()
        self.records(scene, 3, drain=1)
        self.assertEqual(scene.result.count("event cdr_lines"), 3)
        self.assertEqual(scene.result.count("event cdr_dropped"), 0)
        self.assertEqual(scene.result.count("event cdr_unwritten"), 0)

    def test_the_far_side_hangs_up(self):
        scene = self.recorded()
        call = OutgoingCall(scene)
        call.establish()
        call.back(call.outside.back_request("BYE"), call.inside.back_request("BYE"))
        call.out(call.inside.back_response(200), call.outside.back_response(200))
        record, = self.records(scene, 1)
        self.assert_record(record, reason="bye", bye="outside", status=None)

    def test_a_call_from_outside(self):
        static = ('{ kind = "static"; protocol = "udp"; inside = "%s:5060"; '
                  'outside = "%s:5060"; }, ' % (PBX, WAN))
        scene = self.recorded(rules=static + '{ kind = "dynamic"; inside = ["10.0.0.0/24"]; '
                                             'interface = "wan"; overload = true; }')
        call = Call(caller=TRUNK, callee=WAN, via=f"{TRUNK}:5060", contact=f"{TRUNK}:5060",
                    remote=f"{PBX}:5060", uri=WAN, call_id="in@x")
        scene.wan(call.request("INVITE", 1, sdp(FAR, 20000)))
        scene.lan(call.response(200, body=sdp(PBX, 10000)))
        scene.wan(call.request("ACK"))
        scene.wan(b"in", FAR, 20000, WAN, 10000)
        scene.wan(call.request("BYE", 2))
        scene.lan(call.response(200, 2, "BYE"))
        record, = self.records(scene, 1)
        self.assert_record(record, begun_by="outside", inside_host=PBX, outside_host=TRUNK,
                           bye="outside", reason="bye", ringing=None)
        media, = record["media"]
        self.assert_record(media, inside=f"{PBX}:10000", far=f"{FAR}:20000", packets_in=1,
                           packets_out=0)
        self.assertTrue(media["outside"].startswith(f"{WAN}:"), media)

    def test_refused_and_cancelled(self):
        scene = self.recorded()
        refused = OutgoingCall(scene, Call(call_id="refused@x"))
        refused.invite()
        refused.respond(180)
        refused.respond(486)
        cancelled = OutgoingCall(scene, Call(call_id="cancelled@x"), port=10010)
        cancelled.invite()
        cancelled.respond(180)
        cancelled.request("CANCEL", branch="z9hG4bK-cancelled@x-1-INVITE")
        cancelled.respond(487)
        one, other = sorted(self.records(scene, 2), key=lambda record: record["status"])
        self.assert_record(one, call_id="refused@x", reason="refused", status=486, answer=None,
                           duration=0.0, bye=None)
        self.assertEqual(one["media"][0]["inside"], f"{PBX}:10000")
        self.assertIsNone(one["media"][0]["far"])
        self.assert_record(other, call_id="cancelled@x", reason="cancelled", status=487)

    def test_credentials_asked_for_are_no_refusal(self):
        scene = self.recorded()
        call = OutgoingCall(scene)
        call.invite()
        call.respond(407)
        call.request("ACK")
        call.invite(2)
        call.respond(200, 2, body=call.answer())
        call.request("ACK", 2)
        call.hang_up(3)
        record, = self.records(scene, 1)
        self.assert_record(record, reason="bye", status=None)
        self.assertEqual(self.seconds(record["invite"]), 0)

    def test_timers(self):
        scene = self.recorded(extra="sip: { media_inactivity_timeout = 20; call_proceeding_timeout = 40; "
                                    "max_call_duration = 60; };")
        rings = OutgoingCall(scene, Call(call_id="rings@x"))
        rings.invite()
        rings.respond(180)
        silent = OutgoingCall(scene, Call(call_id="silent@x"), port=10010)
        silent.establish()
        held = OutgoingCall(scene, Call(call_id="held@x"), port=10020)
        inside, outside = held.offer(direction="inactive")
        held.out(held.inside.request("INVITE", 1, inside), held.outside.request("INVITE", 1, outside))
        held.respond(200, body=held.answer(direction="inactive"))
        held.request("ACK")
        records = {record["call_id"]: record for record in self.records(scene, 3, drain=100)}
        for name, reason in (("rings", "timeout_proceeding"), ("silent", "timeout_inactivity"),
                             ("held", "timeout_duration")):
            self.assert_record(records[f"{name}@x"], reason=reason, bye=None, status=None)
        self.assertEqual(records["rings@x"]["duration"], 0)

    def test_a_call_that_stands_when_callgate_stops(self):
        scene = self.recorded()
        call = OutgoingCall(scene)
        call.establish()
        call.media_out()
        record, = self.records(scene, 1)
        self.assert_record(record, reason="shutdown", bye=None)
        self.assertEqual(record["media"][0]["packets_out"], 1)

    def test_media_that_moved_is_counted_once_and_shown_where_it_is(self):
        scene = self.recorded()
        call = OutgoingCall(scene)
        call.establish()
        call.media_out()
        call.media_in()
        moved = OutgoingCall(scene, call.inside, port=10100)
        inside, outside = moved.offer(version=2)
        moved.out(moved.inside.request("INVITE", 2, inside, tagged=True),
                  moved.outside.request("INVITE", 2, outside, tagged=True))
        moved.respond(200, 2, body=call.answer())
        moved.request("ACK", 2)
        moved.media_out()
        moved.media_out()
        moved.hang_up(3)
        record, = self.records(scene, 1)
        media, = record["media"]
        self.assert_record(media, inside=f"{PBX}:10100", outside=f"{WAN}:10100", packets_out=3,
                           packets_in=1)

    def test_a_refused_move_changes_nothing(self):
        scene = self.recorded()
        call = OutgoingCall(scene)
        call.establish()
        moved = OutgoingCall(scene, call.inside, port=10100)
        inside, outside = moved.offer(version=2)
        moved.out(moved.inside.request("INVITE", 2, inside, tagged=True),
                  moved.outside.request("INVITE", 2, outside, tagged=True))
        moved.respond(488, 2)
        moved.request("ACK", 2)
        call.hang_up(3)
        record, = self.records(scene, 1)
        self.assert_record(record, reason="bye", status=None)
        self.assertEqual(record["media"][0]["inside"], f"{PBX}:10000")

    def test_streams_have_their_types(self):
        scene = self.recorded()
        call = OutgoingCall(scene)
        more = "m=video %d RTP/AVP 96\r\nm=image %d udptl t38\r\nm=text 0 RTP/AVP 98\r\n"
        scene.lan(call.inside.request(
            "INVITE", 1, call.offer()[0] + (more % (10010, 10020)).encode()))
        scene.wan(call.outside.response(
            200, body=call.answer() + (more % (0, 20020)).encode()))
        scene.lan(call.inside.request("ACK"))
        scene.lan(call.inside.request("BYE", 2))
        scene.wan(call.outside.response(200, 2, "BYE"))
        record, = self.records(scene, 1)
        self.assertEqual([(one["stream"], one["type"], one["far"]) for one in record["media"]],
                         [(0, "audio", f"{FAR}:20000"), (2, "image", f"{FAR}:20020")])

    def test_foreign_texts_make_no_line_of_their_own(self):
        hostile = Call(call_id='"},{"call_id":"' + "y" * 200)
        scene = self.recorded()
        scene.lan(hostile.request("INVITE", 1, sdp(PBX)))
        record, = self.records(scene, 1)
        self.assertEqual(record["call_id"], hostile.call_id[:128] + "...")
        self.assertEqual(record["reason"], "shutdown")

    def test_a_fork_that_answered_is_where_the_media_is(self):
        scene = self.recorded()
        call = OutgoingCall(scene)
        call.invite()
        for tag, port in (("fork-a", 20000), ("fork-b", 22000)):
            scene.wan(Call(to_tag=tag).seen().response(183, body=sdp(FAR, port)))
        early = [scene.wan(b"a", FAR, 20000, WAN, 10000), scene.wan(b"b", FAR, 22000, WAN, 10000)]
        inside, outside = Call(to_tag="fork-b"), Call(to_tag="fork-b").seen()
        scene.wan(outside.response(200, body=sdp(FAR, 22000)))
        scene.lan(inside.request("ACK"))
        media = [scene.wan(b"b", FAR, 22000, WAN, 10000), scene.lan(b"o", PBX, 10000, FAR, 22000)]
        scene.lan(inside.request("BYE", 2))
        scene.wan(outside.response(200, 2, "BYE"))
        record, = self.records(scene, 1)
        for event in early + media:
            self.assertEqual(len(event.sent), 1)
        stream, = record["media"]
        self.assert_record(record, reason="bye", bye="inside")
        self.assert_record(stream, inside=f"{PBX}:10000", far=f"{FAR}:22000", packets_in=3,
                           packets_out=1)

    def test_hostile_texts_are_json_and_say_what_came(self):
        chosen, hostile = random.Random(1), {}
        alphabets = [range(256), range(32), range(128, 256), b'"\\\\/bu{}:,', "\u00e9\u20ac\U0001f4de".encode()]
        scene = self.recorded()
        for n in range(300):
            texts = [bytes(chosen.choice(list(alphabet)) for _ in range(chosen.choice((1, 5, 60, 200))))
                     for alphabet in chosen.choices(alphabets, k=3)]
            texts = [text.translate(None, b"\0\r\n<>@") for text in texts]
            hostile[n] = dict(zip(("call_id", "from", "to"), (
                b"%d-%sz" % (n, texts[0]), b"sip:%s@%s" % (texts[1], PBX.encode()),
                b"sip:%s@%s" % (texts[2], TRUNK.encode()))))
            text = Call(call_id="call-id", from_tag=str(n)).request("INVITE")
            for name, mark in (("call_id", b"Call-ID: call-id"), ("from", b"sip:100@10.0.0.5>;tag"),
                               ("to", b"<sip:200@198.51.100.10>\r\nCall")):
                field = {"call_id": b"Call-ID: %s", "from": b"%s>;tag", "to": b"<%s>\r\nCall"}[name]
                self.assertIn(mark, text)
                text = text.replace(mark, field % hostile[n][name], 1)
            scene.lan(text)
        scene.run()
        with open(self.file, encoding="utf-8", errors="strict") as file:
            records = [json.loads(line) for line in file.read().split("\n")[:-1]]
        self.assertGreater(len(records), 200)
        for record in records:
            sent = hostile[int(record["call_id"].split("-")[0])]
            for name, text in sent.items():
                self.assertEqual(record[name], as_told(text), record)

    def test_a_full_disk_is_said_once_and_counted(self):
        scene = self.recorded(system='cdr: { target = "file"; file = "/dev/full"; };')
        for n in range(3):
            call = OutgoingCall(scene, Call(call_id=f"{n}@x"), port=10000 + 10 * n)
            call.establish()
            call.hang_up()
        result = scene.run(drain=1)
        self.assertEqual(result.count("event cdr_unwritten"), 3)
        lost = [line for line in result.log.splitlines() if "call detail records" in line]
        self.assertEqual(len(lost), 1, lost)
        self.assertIn("No space left", lost[0])

    def test_without_translation(self):
        scene = self.recorded(routed=True)
        call = OutgoingCall(scene)
        call.establish()
        call.media_out()
        call.media_in()
        call.hang_up()
        record, = self.records(scene, 1)
        media, = record["media"]
        self.assert_record(media, inside=f"{PBX}:10000", outside=f"{PBX}:10000",
                           far=f"{FAR}:20000", packets_out=1, packets_in=1)

    def test_a_missing_folder_is_said_once_and_counted(self):
        missing = os.path.join(self.folder.name, "no", "cdr.json")
        scene = self.recorded(system=f'cdr: {{ target = "file"; file = "{missing}"; }};')
        for n in range(3):
            call = OutgoingCall(scene, Call(call_id=f"{n}@x"), port=10000 + 10 * n)
            call.establish()
            call.hang_up()
            scene.wait(2)
        result = scene.run(drain=1)
        self.assertEqual(result.count("event cdr_unwritten"), 3)
        self.assertEqual(result.count("event cdr_lines"), 0)
        lost = [line for line in result.log.splitlines() if "call detail records" in line]
        self.assertEqual(len(lost), 1, lost)
        self.assertIn(missing, lost[0])

    def test_a_message_that_does_not_leave_makes_no_call(self):
        scene = self.recorded(extra="sip: { max_doors_per_call = 2; };")
        call = OutgoingCall(scene)
        scene.lan(call.inside.request("INVITE", 1, call.offer()[0]))
        scene.run()
        self.assertFalse(os.path.exists(self.file))


if __name__ == "__main__":
    main()
