#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Limits on SIP: what they refuse is dropped, counted by name and logged; media and calls go on."""
from replay import PBX, PHONE, TRUNK, WAN, main
from scene import OutgoingCall, SipTest
from sip_text import Call, sdp

BLACKLIST = """sip: { blacklist: { trigger_messages = 20; trigger_period_ms = 1000;
                                   block_seconds = 10; }; };"""


class SipLimits(SipTest):
    def invites(self, scene, count, src=PBX):
        """INVITEs of calls of their own, 20 ms apart."""
        return [scene.lan(Call(caller=src, via=f"{src}:5060", contact=f"{src}:5060",
                               call_id=f"{src}-{n}").request("INVITE", 1, sdp(src, 30000 + 2 * n)),
                          src=src) for n in range(count)]

    def busy(self, scene, call_id):
        scene.wan(Call(call_id=call_id).seen().response(486, 1, "INVITE"))

    def lines(self, result, text):
        return [line for line in result.log.splitlines() if text in line]

    def test_calls_per_host(self):
        scene = self.scene(extra="sip: { max_calls_per_host = 3; };")
        first = self.invites(scene, 10)
        other = self.invites(scene, 3, src=PHONE)
        self.busy(scene, f"{PBX}-0")
        again = self.invites(scene, 4)
        result = scene.run(drain=300)
        self.assert_stopped(*first[3:], *again[4:])
        for event in first[:3] + other + again[1:3]:
            self.assertEqual(len(event.sent), 1)
        # the first of them again, after its refusal: a straggler; the fourth has the room
        self.assertEqual(len(again[3].sent), 1)
        self.assertEqual(result.drops(), {"sip_limit": 7})
        self.assert_sip(result, limit_calls_per_host=7, no_call_record=0)
        # one a second and worker
        lines = self.lines(result, f"SIP message of {PBX} refused by sip.max_calls_per_host")
        self.assertGreaterEqual(len(lines), 1)
        self.assertLessEqual(len(lines), self.workers)
        self.assert_nothing_left(result)

    def test_pending_calls_are_limited_on_each_worker(self):
        scene = self.scene(extra="sip: { max_pending_calls = 2; };")
        call = OutgoingCall(scene)
        call.establish()
        flood = self.invites(scene, 100)
        media = call.media_out(), call.media_in()
        call.request("BYE", 2)
        call.respond(200, 2, "BYE")
        result = scene.run(drain=300)
        call.check_texts()
        self.assert_media(media[0], call.out_ends())
        self.assert_media(media[1], call.in_ends())
        passed = sum(len(e.sent) for e in flood)
        self.assertEqual(passed, 2 * self.workers)
        self.assertEqual(result.drops(), {"sip_limit": 100 - passed})
        self.assert_sip(result, limit_pending_calls=100 - passed)
        # the flood lasts two seconds: a line in each that it touches, of each worker
        lines = self.lines(result, f"{PBX} refused by sip.max_pending_calls")
        self.assertTrue(1 <= len(lines) <= 3 * self.workers, lines)
        self.assert_nothing_left(result)

    def test_requests_of_calls_that_nobody_knows_are_not_pending(self):
        """Strangers may send what has a To tag without bound: it shuts no call out."""
        scene = self.scene(extra="sip: { max_pending_calls = 2; };")
        scene.lan(b"\r\n\r\n")
        for n in range(40):
            stranger = Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=TRUNK, remote=WAN, uri=WAN,
                            call_id=f"stranger-{n}")
            if n % 2:
                scene.wan(stranger.request("INVITE", 1, sdp(TRUNK), tagged=True))
            else:
                scene.wan(stranger.response(183, 1, body=sdp(TRUNK)))
        call = OutgoingCall(scene)
        call.establish()
        call.hang_up()
        result = scene.run(drain=400)
        call.check_texts()
        self.assert_sip(result, limit_pending_calls=0)
        self.assert_nothing_left(result)

    def test_blacklisted_host_loses_signalling_and_no_media(self):
        scene = self.scene(extra=BLACKLIST)
        call = OutgoingCall(scene)
        call.establish()
        scene.wait(2)
        flood = self.invites(scene, 40)
        media = [call.media_out(), call.media_in(), call.media_out(1), call.media_in(1)]
        other = self.invites(scene, 1, src=PHONE)
        scene.wait(12)
        call.request("BYE", 2)
        call.respond(200, 2, "BYE")
        result = scene.run(drain=300)
        call.check_texts()
        for event in flood[:19] + other:
            self.assertEqual(len(event.sent), 1)
        self.assert_stopped(*flood[19:])
        for event, ends in zip(media, (call.out_ends(), call.in_ends(), call.out_ends(1),
                                       call.in_ends(1))):
            self.assert_media(event, ends)
        self.assertEqual(result.drops(), {"sip_blacklisted": 21})
        self.assert_sip(result, blacklisted_hosts=1, blacklisted_messages=21)
        # unread: neither counted as a method nor handed to another worker
        self.assert_sip(result, INVITE=1 + 19 + 1)
        self.assertEqual(result.count("event handoff_out"), result.count("event handoff_in"))
        lines = self.lines(result, "blacklisted")
        self.assertEqual(len(lines), 1)
        self.assertIn(f"host {PBX} blacklisted for 10 s: 20 SIP messages within 1000 ms", lines[0])
        self.assert_nothing_left(result)

    def test_blacklisted_outside_host(self):
        scene = self.scene(extra=BLACKLIST)
        call = OutgoingCall(scene)
        call.establish()
        scene.wait(2)
        noise = [scene.wan(call.outside.back_request("OPTIONS", 1)) for _ in range(30)]
        media = call.media_in(), call.media_out()
        call.request("BYE", 2)
        answer = scene.wan(call.outside.response(200, 2, "BYE"))
        result = scene.run(drain=400)
        self.assertEqual([len(e.sent) for e in noise], [1] * 19 + [0] * 11)
        self.assert_media(media[0], call.in_ends())
        self.assert_media(media[1], call.out_ends())
        self.assert_stopped(answer)
        self.assertEqual(result.drops(), {"sip_blacklisted": 12})
        self.assertIn(TRUNK, self.lines(result, "blacklisted")[0])
        self.assert_nothing_left(result)

    def test_trunk_is_not_blacklisted_for_what_others_ask_of_it(self):
        """A host that stays below the number, and a trunk that answers all of it."""
        scene = self.scene(extra=BLACKLIST.replace("20", "10"))
        call = OutgoingCall(scene)
        call.establish()
        scene.wait(2)
        for number in range(9):
            other = Call(caller=PHONE, via=PHONE, contact=PHONE, call_id=f"{number}@{PHONE}")
            scene.lan(other.request("INVITE", 1, sdp(PHONE, 12000)), PHONE)
            for status in (100, 180, 404):
                scene.wan(other.seen({PHONE: WAN}).response(status))
        call.request("BYE", 2)
        call.respond(200, 2, "BYE")
        result = scene.run(drain=400)
        call.check_texts()
        self.assertEqual(result.drops(), {})
        self.assert_nothing_left(result)


if __name__ == "__main__":
    main()
