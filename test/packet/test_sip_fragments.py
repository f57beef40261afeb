#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""SIP messages in 3 to 40 fragments: put together, read and edited as any other, and sent in fragments."""
from fragments import FragmentScene, cut, data_of, pieces, shuffled, wholes
from replay import (DYNAMIC, FAR, IP, PBX, TCP, TRUNK, UDP, WAN, ZONES, Raw, main, udp)
from scene import OutgoingCall, SipTest
from sip_text import Call, sdp

STATIC = ('{ kind = "static"; protocol = "udp"; inside = "10.0.0.5:5060"; '
          'outside = "203.0.113.1:5060"; }, ' + DYNAMIC)
FILLER = ["X-Filler: " + "f" * 60] * 45                     # 3,240 bytes


def many(count, length=1000):
    return ["X-Filler: " + "m" * length] * count


class SipFragments(SipTest):
    def fragment_scene(self, count, **config):
        return FragmentScene(self, count, **config)

    def whole_call(self, count, **config):
        """A call all of whose messages, with bodies and without, come in fragments."""
        scene = self.fragment_scene(count, **config)
        call = OutgoingCall(scene)
        call.invite(extra=FILLER)
        call.respond(100, extra=FILLER)
        call.respond(180, extra=FILLER)
        call.respond(200, body=call.answer(), extra=FILLER)
        call.request("ACK", extra=FILLER)
        media = [(call.media_out(n), call.out_ends(n)) for n in (0, 1)]
        media += [(call.media_in(n), call.in_ends(n)) for n in (0, 1)]
        call.request("BYE", 2, extra=FILLER)
        call.respond(200, 2, "BYE", extra=FILLER)
        return scene, call, media

    def test_a_call_in_fragments_of_any_number_and_order(self):
        for count in (3, 4, 7, 16, 25, 40):
            with self.subTest(count):
                scene, call, media = self.whole_call(lambda number, count=count:
                                                     count + number % 2 * (count < 40))
                result = scene.run()
                call.check_texts()
                for event, ends in media:
                    self.assert_media(event, ends)
                self.assertEqual(result.drops(), {})
                self.assert_sip(result, INVITE=1, ACK=1, BYE=1, r100=1, r180=1, r200=2, call_made=1,
                                call_ended=1, messages_edited=7, malformed=0)
                self.assertEqual(result.count("event datagrams_joined"), 7)
                # media are datagrams of their own, in two pieces: nobody puts those together
                self.assertGreater(result.count("event fragments_forwarded"), 4)
                self.assert_nothing_left(result)

    def test_nothing_at_all_is_left_after_the_timers(self):
        scene, _, _ = self.whole_call(lambda number: 5)
        result = scene.run(drain=400)
        self.assert_all_gone(result)

    def test_a_call_without_nat_keeps_every_byte(self):
        scene, call, _ = self.whole_call(lambda number: 9, routed=True)
        result = scene.run()
        call.check_texts()
        self.assert_sip(result, messages_unedited=7, messages_edited=0)
        self.assert_nothing_left(result)

    def test_an_invite_of_57000_bytes_in_40_fragments(self):
        call = Call()
        text = call.request("INVITE", 1, sdp(PBX), extra=many(57))
        expected = call.seen().request("INVITE", 1, sdp(WAN), extra=many(57))
        for seed in range(3):
            fragments = shuffled(cut(udp(PBX, TRUNK, 5060, 5060, text, id=seed)), seed)
            self.assertEqual(len(fragments), 40)
            result = self.replay(self.config(zones=ZONES), {"lan0": fragments})
            packet, = wholes(self, result.ip("wan0"))
            self.assertEqual(data_of(packet)[8:], expected)
            self.assertEqual(result.drops(), {})
            self.assert_sip(result, INVITE=1, call_made=1, messages_edited=1)
            self.assertEqual(result.count("summary media_doors"), 2)
            self.assertEqual(result.count("summary mbufs"), 0)

    def test_what_does_not_fit_a_large_mbuf_is_refused_by_name(self):
        text = Call().request("INVITE", 1, sdp(PBX), extra=many(64))
        fragments = cut(udp(PBX, TRUNK, 5060, 5060, text))
        result = self.replay(self.config(zones=ZONES), {"lan0": fragments})
        self.assertEqual((result.ip("wan0"), result.drops()), ([], {"sip_too_long": 1}))
        self.assertEqual(result.count("summary mbufs"), 0)

    def test_an_invite_from_outside_begins_a_call_in_fragments(self):
        outside = Call(caller=TRUNK, callee=WAN, via=f"{TRUNK}:5060", contact=f"{TRUNK}:5060",
                       remote=f"{WAN}:5060", uri=WAN, call_id="in@trunk")
        inside = outside.seen({WAN: PBX})
        scene = self.fragment_scene(lambda number: 6, rules=STATIC)
        invite = scene.wan(outside.request("INVITE", 1, sdp(FAR, 20000), extra=FILLER))
        answer = scene.lan(inside.response(200, body=sdp(PBX), extra=FILLER))
        media = scene.wan(b"rtp in", FAR, 20000, WAN, 10000)
        result = scene.run()
        self.assert_text(invite, inside.request("INVITE", 1, sdp(FAR, 20000), extra=FILLER))
        self.assert_text(answer, outside.response(200, body=sdp(WAN), extra=FILLER))
        self.assert_media(media, (FAR, 20000, PBX, 10000))
        self.assertEqual(result.drops(), {})
        self.assert_sip(result, call_made=1)

    def test_fragments_of_several_messages_come_among_each_other(self):
        calls = [Call(call_id=f"call-{n}@{PBX}", from_tag=f"f{n}") for n in range(12)]
        texts = [c.request("INVITE", 1, sdp(PBX, 10000 + 2 * n), extra=FILLER)
                 for n, c in enumerate(calls)]
        frames = shuffled([f for n, text in enumerate(texts) for f in
                           cut(udp(PBX, TRUNK, 5060, 5060, text, id=n), 400 + 8 * n)], 5)
        result = self.replay(self.config(zones=ZONES), {"lan0": frames})
        left = {data_of(p)[8:] for p in wholes(self, result.ip("wan0"))}
        self.assertEqual(left, {c.seen().request("INVITE", 1, sdp(WAN, 10000 + 2 * n), extra=FILLER)
                                for n, c in enumerate(calls)})
        self.assertEqual(result.drops(), {})
        self.assert_sip(result, call_made=12)

    def test_fragments_of_two_messages_never_become_one(self):
        """One number for two datagrams (RFC 4963): the checksum tells, before the edit hides it."""
        call = Call()
        one = pieces(udp(PBX, TRUNK, 5060, 5060, call.request(
            "INVITE", 1, sdp(PBX), extra=["X-Filler: " + "1" * 2000]), id=7), 3)
        other = pieces(udp(PBX, TRUNK, 5060, 5060, call.request(
            "INVITE", 1, sdp(PBX), extra=["X-Filler: " + "2" * 2000]), id=7), 3)
        result = self.replay(self.config(zones=ZONES), {"lan0": [one[0], other[1], one[2]]})
        self.assertEqual((result.ip("wan0"), result.drops()), ([], {"l4_header": 1}))
        self.assert_nothing_left(result)

    def test_fragments_sent_have_numbers_of_their_own(self):
        frames = []
        for n, host in enumerate((PBX, "10.0.0.6")):
            call = Call(caller=host, via=f"{host}:5060", contact=f"{host}:5060", call_id=f"c{n}@x")
            frames += cut(udp(host, TRUNK, 5060, 5060, call.request(
                "INVITE", 1, sdp(host), extra=FILLER), id=7))
        result = self.replay(self.config(zones=ZONES), {"lan0": frames})
        self.assertEqual(len(wholes(self, result.ip("wan0"))), 2)
        self.assertEqual(len({p[IP].id for p in result.ip("wan0")}), 2)

    def test_two_runs_are_identical(self):
        scene, _, _ = self.whole_call(lambda number: 6)
        self.assertEqual(scene.run(drain=40).files, scene.run(drain=40).files)

    def test_df_in_fragments_is_not_kept(self):
        text = Call().request("INVITE", 1, sdp(PBX), extra=FILLER)
        fragments = cut(udp(PBX, TRUNK, 5060, 5060, text))
        for fragment in fragments:
            fragment.flags |= 2
        result = self.replay(self.config(zones=ZONES), {"lan0": fragments})
        self.assertEqual(len(wholes(self, result.ip("wan0"))), 1)

    def test_an_unedited_message_that_is_too_long_is_answered_with_the_mtu(self):
        """With DF the sender searches for the path's MTU; nothing was added to its message."""
        config = self.config(zones=ZONES, rules="").replace(
            'addresses = ["203.0.113.1/24"];', 'addresses = ["203.0.113.1/24"]; mtu = 1000;')
        text = Call().request("OPTIONS", 1, extra=["X-Filler: " + "x" * 900])
        for flags, answered in (("DF", 1), (0, 0)):
            result = self.replay(config, {"lan0": [udp(PBX, TRUNK, 5060, 5060, text, flags=flags)]})
            self.assertEqual(len(result.ip("lan0")), answered)
            self.assertEqual(len(wholes(self, result.ip("wan0"))), 1 - answered)

    def test_sip_over_tcp_in_fragments_is_read_too(self):
        text = Call().request("INVITE", 1, sdp(PBX), extra=FILLER)
        syn = IP(src=PBX, dst=TRUNK) / TCP(sport=5060, dport=5060, flags="S", seq=1)
        data = IP(src=PBX, dst=TRUNK, id=3) / TCP(sport=5060, dport=5060, flags="A", seq=2) / Raw(text)
        answer = IP(src=TRUNK, dst=WAN) / TCP(sport=5060, dport=5060, flags="SA", seq=1, ack=2)
        result = self.replay(self.config(zones=ZONES), {
            "lan0": [(0, syn)] + [(0.2, f) for f in shuffled(cut(data), 1)], "wan0": [(0.1, answer)]})
        sent = b"".join(bytes(p[TCP].payload) for p in result.ip("wan0"))
        self.assertTrue(sent.startswith(text[:30]) and sent.endswith(text[-20:]), sent)
        self.assertEqual(sent.count(b"X-Filler"), len(FILLER))
        self.assertIn(b"c=IN IP4 " + WAN.encode(), sent)
        self.assertNotIn(b"IN IP4 " + PBX.encode(), sent)
        self.assertEqual(result.count("event stream_messages"), 1)
        self.assertEqual(result.count("event datagrams_joined"), 1)


if __name__ == "__main__":
    main()
