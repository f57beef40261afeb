#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A SIP call through NAT and zones: texts, media, end, in every mode."""
from replay import IP, ZONES, main
from scene import INSPECT, OFF, OutgoingCall, SipTest
from sip_text import FAR, PBX, TRUNK, WAN, Call, message, sdp

MODES = {"full": {"zones": ZONES}, "nat": {"zones": ""}}


class OutgoingCalls(SipTest):
    def whole_call(self, **config):
        scene = self.scene(**config)
        call = OutgoingCall(scene)
        call.establish()
        media = [(call.media_out(n), call.out_ends(n)) for n in (0, 1)]
        media += [(call.media_in(n), call.in_ends(n)) for n in (0, 1)]
        call.hang_up()
        late = [call.media_in(), call.media_in(1), call.media_out(), call.media_out(1)]
        return scene, call, media, late

    def test_every_text_is_exact_and_media_passes_both_ways_until_the_bye(self):
        for mode, config in MODES.items():
            with self.subTest(mode):
                scene, call, media, late = self.whole_call(**config)
                result = scene.run()
                call.check_texts()
                for event, ends in media:
                    self.assert_media(event, ends)
                self.assert_nothing_left(result)
                self.assert_stopped(*late[:2])
                if mode == "full":
                    self.assert_stopped(*late)
                    self.assertEqual(result.drops(), {"nat_unsolicited": 2, "policy_drop": 2})
                self.assert_sip(result, INVITE=1, ACK=1, BYE=1, r100=1, r180=1, r200=2, call_made=1,
                                call_ended=1, media_opened=4, media_closed=4, call_timed_out=0,
                                messages_edited=7, messages_unedited=0, malformed=0)
                result = scene.run(drain=400)
                self.assert_all_gone(result)

    def test_inspect_without_nat_opens_media_and_changes_no_byte(self):
        scene, call, media, late = self.whole_call(routed=True)
        result = scene.run()
        call.check_texts()
        for event, ends in media:
            self.assert_media(event, ends)
        self.assert_stopped(*late)
        self.assert_nothing_left(result)
        self.assert_sip(result, messages_edited=0, messages_unedited=7)
        self.assert_all_gone(scene.run(drain=400))

    def test_sip_switched_off_leaves_every_byte(self):
        scene = self.scene(zones="", nat=OFF)
        text = Call().request("INVITE", 1, sdp(PBX))
        out = scene.lan(text)
        back = scene.wan(Call().response(200, body=sdp(FAR)))
        media = scene.wan(b"rtp", FAR, 20000, WAN, 10000)
        result = scene.run()
        self.assert_text(out, text)
        self.assertEqual(out.ends, (WAN, 5060, TRUNK, 5060))
        self.assert_text(back, Call().response(200, body=sdp(FAR)))
        self.assert_stopped(media)
        self.assert_sip(result, INVITE=0, call_made=0)

    def test_policy_pass_leaves_every_byte(self):
        scene = self.scene(zones=INSPECT % "pass")
        text = Call().request("INVITE", 1, sdp(PBX))
        out = scene.lan(text)
        back = scene.wan(Call().response(200, body=sdp(FAR)))
        result = scene.run()
        self.assert_text(out, text)
        self.assert_text(back, Call().response(200, body=sdp(FAR)))
        self.assert_sip(result, INVITE=0, call_made=0)

    def test_another_port_is_no_sip_until_it_is_configured(self):
        text = Call(via=f"{PBX}:5070").request("INVITE", 1, sdp(PBX))
        for ports, edited in (("[5060]", 0), ("[5060, 5080]", 1)):
            scene = self.scene(zones="", nat="sip: { udp_ports = %s; };" % ports)
            scene.lan(text, sport=5070, dport=5080)
            self.assert_sip(scene.run(), messages_edited=edited, INVITE=edited)

    def test_outside_sends_first_before_the_answer(self):
        scene = self.scene()
        call = OutgoingCall(scene)
        call.invite()
        early = [call.media_in(0), call.media_in(1)]
        call.respond(200, body=call.answer())
        call.request("ACK")
        later = call.media_in(0)
        call.hang_up()
        result = scene.run()
        for n, event in enumerate(early):
            self.assert_media(event, call.in_ends(n))
        self.assert_media(later, call.in_ends())
        self.assert_nothing_left(result)

    def test_wrong_source_is_refused_once_the_announced_one_is_known(self):
        scene = self.scene()
        call = OutgoingCall(scene)
        call.establish()
        right = call.media_in()
        wrong = call.media_in(src="192.0.2.66")
        result = scene.run()
        self.assert_media(right, call.in_ends())
        self.assert_stopped(wrong)
        self.assertEqual(result.drops(), {"pinhole_source": 1})

    def test_announced_host_has_so_many_flows_and_no_more(self):
        scene = self.scene()
        call = OutgoingCall(scene)
        call.establish()
        flood = [call.media_in(sport=20000 + n) for n in range(70)]
        call.hang_up()
        after = call.media_in(sport=20000)
        result = scene.run()
        self.assertEqual([bool(event.sent) for event in flood], [n < 64 for n in range(70)])
        self.assert_stopped(after)
        self.assertEqual(result.count("drop pinhole_flows"), 6)
        self.assert_nothing_left(result)

    def test_far_phone_behind_its_own_nat_is_latched_and_only_it(self):
        scene = self.scene()
        call = OutgoingCall(scene)
        call.establish()
        first = call.media_in(src="192.0.2.66", sport=40000)
        second = call.media_in(src="192.0.2.67", sport=40000)
        result = scene.run()
        self.assert_media(first, ("192.0.2.66", 40000, PBX, 10000))
        self.assert_stopped(second)
        self.assertEqual(result.drops(), {"pinhole_source": 1})

    def test_announced_source_setting_admits_no_other(self):
        scene = self.scene(extra='sip: { media_source = "announced"; };')
        call = OutgoingCall(scene)
        call.invite()
        early = call.media_in()
        call.respond(200, body=call.answer())
        events = call.media_in(src="192.0.2.66", sport=40000), call.media_in()
        scene.run()
        self.assert_stopped(early, events[0])
        self.assert_media(events[1], call.in_ends())

    def test_inbound_call_through_a_static_rule(self):
        rule = ('{ kind = "static"; protocol = "udp"; inside = "10.0.0.5:5060"; '
                'outside = "203.0.113.1:5060"; }, { kind = "dynamic"; inside = ["10.0.0.0/24"]; '
                'interface = "wan"; overload = true; }')
        outside = Call(caller=TRUNK, callee=WAN, via=f"{TRUNK}:5060", contact=f"{TRUNK}:5060",
                       uri=f"{WAN}:5060", remote=f"{WAN}:5060", call_id="in@198.51.100.10")
        inside = outside.seen({WAN: PBX})
        scene = self.scene(rules=rule)
        texts = []

        def wan(text, expected):
            texts.append((scene.wan(text), expected))

        def lan(text, expected):
            texts.append((scene.lan(text), expected))
        wan(outside.request("INVITE", 1, sdp(FAR, 20000)),
            inside.request("INVITE", 1, sdp(FAR, 20000)))
        early = scene.wan(b"too early", FAR, 20000, WAN, 10000)
        lan(inside.response(200, body=sdp(PBX)), outside.response(200, body=sdp(WAN)))
        wan(outside.request("ACK"), inside.request("ACK"))
        media = scene.wan(b"in", FAR, 20000, WAN, 10000)
        back = scene.lan(b"out", PBX, 10000, FAR, 20000)
        lan(inside.back_request("BYE", 1), outside.back_request("BYE", 1))
        wan(outside.back_response(200), inside.back_response(200))
        late = scene.wan(b"late", FAR, 20000, WAN, 10000)
        result = scene.run()
        for event, expected in texts:
            self.assert_text(event, expected)
        self.assert_stopped(early, late)
        self.assert_media(media, (FAR, 20000, PBX, 10000))
        self.assert_media(back, (WAN, 10000, FAR, 20000))
        self.assert_nothing_left(result)

    def test_second_host_with_the_same_ports_works_at_the_same_time(self):
        def script(ports):
            """ports: (signalling, RTP) of the second host outside; None while unknown."""
            signalling, rtp = ports or (6000, 12000)
            scene = self.scene()
            first = OutgoingCall(scene)
            spelled = {"caller": "10.0.0.6", "via": "10.0.0.6:5060", "contact": "10.0.0.6:5060"}
            inside = Call(call_id="two@10.0.0.6", **spelled)
            outside = Call(call_id="two@10.0.0.6", caller=WAN, via=f"{WAN}:{signalling}",
                           contact=f"{WAN}:{signalling}")
            second = OutgoingCall(scene, inside, outside=outside, src="10.0.0.6",
                                  outside_port=rtp, far_port=21000)
            first.invite()
            second.invite()
            if ports:
                first.respond(200, body=first.answer())
                second.back = lambda text, expected: second.texts.append(
                    (scene.wan(text, dport=signalling), expected))
                second.respond(200, body=second.answer())
                media = [(c.media_in(n), c.in_ends(n)) for c in (first, second) for n in (0, 1)]
                media += [(c.media_out(n), c.out_ends(n)) for c in (first, second) for n in (0, 1)]
                first.hang_up()
                second.hang_up()
                return scene, first, second, media
            return scene, first, second, []
        scene, _, second, _ = script(None)
        scene.run()
        (_, packet), = second.texts[0][0].sent
        rtp = int(second.texts[0][0].payload.split(b"m=audio ")[1].split()[0])
        self.assertEqual(rtp % 2, 0)
        self.assertNotEqual(rtp, 10000)
        self.assertNotEqual(packet["UDP"].sport, 5060)
        self.assertNotIn(b"10.0.0.6", second.texts[0][0].payload.replace(b"two@10.0.0.6", b""))
        scene, first, second, media = script((packet["UDP"].sport, rtp))
        result = scene.run()
        first.check_texts()
        second.check_texts()
        for event, ends in media:
            self.assert_media(event, ends)
        self.assert_nothing_left(result)

    def test_call_that_is_never_answered_ends_by_its_timer(self):
        scene = self.scene()
        call = OutgoingCall(scene)
        call.invite()
        call.respond(180)
        result = scene.run(drain=170)
        self.assertEqual(result.count("summary calls"), 1)
        result = scene.run(drain=190)
        self.assert_nothing_left(result)
        self.assert_sip(result, call_timed_out=1)
        self.assert_all_gone(scene.run(drain=900))

    def test_two_runs_are_identical(self):
        scene, _, _, _ = self.whole_call()
        self.assertEqual(scene.run(drain=100).files, scene.run(drain=100).files)

    def test_every_method_is_rewritten_and_counted(self):
        methods = ("OPTIONS", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH", "REFER", "INFO",
                   "WHATEVER")
        scene, call = self.scene(), Call()
        sent = [(scene.lan(call.request(m, n, tagged=False)), call.seen().request(m, n,
                                                                                 tagged=False))
                for n, m in enumerate(methods, 1)]
        back = [(scene.wan(call.seen().response(status, 1, "OPTIONS")),
                 call.response(status, 1, "OPTIONS")) for status in (202, 302, 404, 503, 603, 199)]
        result = scene.run()
        for event, expected in sent + back:
            self.assert_text(event, expected)
        self.assert_sip(result, **{m: 1 for m in methods[:-1]}, other_methods=1, other_1xx=1,
                        other_2xx=1, **{f"{n}xx": 1 for n in (3, 4, 5, 6)}, call_made=0)
        self.assert_nothing_left(result)

    def test_message_that_outgrows_the_mtu_is_fragmented(self):
        call = Call()
        filler = "X-Filler: " + "x" * 1020
        for size in range(1472, 1300, -1):
            text = call.request("INVITE", 1, sdp(PBX), extra=[filler])
            if len(text) > 1460:
                break
            filler += "x"
        scene = self.scene()
        event, again = scene.lan(text), scene.lan(text)
        for sent in (event, again):
            sent.frame[IP].flags, sent.frame[IP].id = "DF", 0
        result = scene.run()
        expected = call.seen().request("INVITE", 1, sdp(WAN), extra=[filler])
        self.assertGreater(len(expected) + 28, 1500 - 20 * (len(text) <= size))
        self.assertEqual(b"".join(bytes(p[IP].payload) for _, p in event.sent)[8:], expected)
        self.assertEqual(len(event.sent), 2)
        self.assertEqual(result.count("event fragments_out"), 4)
        # Fragments of two messages must not be taken for one's, so their numbers differ.
        self.assertEqual([len({p[IP].id for _, p in e.sent}) for e in (event, again)], [1, 1])
        self.assertNotEqual(event.sent[0][1][IP].id, again.sent[0][1][IP].id)

    def test_keepalive_passes_and_makes_nothing(self):
        scene = self.scene(extra='sip: { malformed = "drop"; };')
        texts = [b"\r\n\r\n", b"\0", b"", b"     ", b"\0" * 20, b"jaK\0", b"\r\n" * 40]
        events = [scene.lan(text) for text in texts]
        result = scene.run()
        self.assertEqual([e.payload for e in events], texts)
        self.assert_sip(result, keepalives=len(texts), malformed=0)

    def test_malformed_text_passes_at_layer_four_or_is_dropped_as_configured(self):
        broken = message("INVITE sip:x@y SIP/2.0", ["Via: SIP/2.0/UDP 10.0.0.5"], sdp(PBX))
        for setting, passed in (("pass", 1), ("drop", 0)):
            scene = self.scene(extra='sip: { malformed = "%s"; };' % setting)
            call = OutgoingCall(scene)
            call.establish()
            event = scene.lan(broken)
            media = call.media_in()
            call.hang_up()
            result = scene.run()
            call.check_texts()
            self.assertEqual([e[1][IP].src for e in event.sent], [WAN] * passed)
            self.assertEqual(result.drops(), {} if passed else {"sip_malformed": 1})
            self.assert_sip(result, malformed=1)
            self.assert_media(media, call.in_ends())
            self.assert_nothing_left(result)


if __name__ == "__main__":
    main()
