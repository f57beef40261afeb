#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Mistakes that other ALGs made, as far as datagrams can show them: one test each."""
from replay import IP, DYNAMIC, main
from scene import OutgoingCall, SipTest
from sip_text import FAR, PBX, PHONE, WAN, Call, sdp


def numbered(n):
    """The n-th call of one trunk; from the first on with ports of its own."""
    return Call(call_id=f"call-{n}@10.0.0.5", from_tag=f"f{n}", to_tag=f"t{n}")


class Mistakes(SipTest):
    def trunk(self, scene, count):
        return [OutgoingCall(scene, numbered(n), port=10000 + 2 * n, far_port=20000 + 2 * n)
                for n in range(count)]

    def invite_only(self, body, *, seen=None, extra=(), headers=None, **options):
        """One INVITE with this body; it must leave as if the outside host had written it."""
        scene, call = self.scene(), Call()
        event = scene.lan(call.request("INVITE", 1, body, extra=extra, **options))
        result = scene.run()
        self.assert_text(event, call.seen().request("INVITE", 1, seen or body,
                                                    extra=headers or extra, **options))
        return result

    def test_bye_or_invite_of_one_call_leaves_the_others_of_the_trunk_alone(self):
        scene = self.scene()
        calls = self.trunk(scene, 12)
        for call in calls:
            call.establish()
        calls[0].hang_up()
        standing = [(c, c.media_in(n)) for c in calls[1:] for n in (0, 1)]
        gone = calls[0].media_in()
        for call in calls[1:]:
            call.hang_up()
        result = scene.run()
        for call in calls:
            call.check_texts()
        for n, (call, event) in enumerate(standing):
            self.assert_media(event, call.in_ends(n % 2))
        self.assert_stopped(gone)
        self.assert_nothing_left(result)
        self.assert_sip(result, call_made=12, call_ended=12)

    def test_many_calls_are_pending_on_one_control_channel(self):
        scene = self.scene()
        calls = self.trunk(scene, 60)
        for call in calls:
            call.invite()
        for call in calls:
            call.respond(200, body=call.answer())
        media = [(c, c.media_in()) for c in calls]
        result = scene.run()
        for call, event in media:
            call.check_texts()
            self.assert_media(event, call.in_ends())
        self.assertEqual(result.count("summary calls"), 60)

    def test_content_length_of_a_multipart_body_counts_all_of_it(self):
        def multipart(host):
            return (b"--edge\r\nContent-Type: application/sdp\r\n\r\n" + sdp(host)
                    + b"\r\n--edge\r\nContent-Type: application/isup\r\n\r\n\1\2 10.0.0.5\r\n"
                    b"--edge--\r\n")
        self.invite_only(multipart(PBX), seen=multipart(WAN),
                         content_type="multipart/mixed; boundary=edge")

    def test_no_content_length_stays_none(self):
        self.invite_only(sdp(PBX), seen=sdp(WAN), length=None)

    def test_content_length_in_its_compact_form_and_any_spacing(self):
        for name in ("l: ", "l:", "content-length :  ", "CONTENT-LENGTH:\t"):
            self.invite_only(sdp(PBX), seen=sdp(WAN), length=name)

    def test_host_name_in_the_origin_stays(self):
        body = [sdp(h, origin="pbx.example.com") for h in (PBX, WAN)]
        self.invite_only(body[0], seen=body[1])

    def test_odd_rtp_port_is_not_rounded(self):
        self.invite_only(sdp(PBX, 10001), seen=sdp(WAN, 10001))

    def test_origin_is_not_overwritten_on_hold(self):
        body = [sdp("0.0.0.0", 10000, origin=h) for h in (PBX, WAN)]
        self.invite_only(body[0], seen=body[1])

    def test_zero_address_is_not_translated(self):
        self.invite_only(sdp("0.0.0.0", 10000, origin="0.0.0.0"))

    def test_foreign_addresses_and_names_stay(self):
        result = self.invite_only(sdp("192.0.2.7"), extra=["P-Asserted-Identity: <sip:9@192.0.2.8>",
                                                           "Record-Route: <sip:p.example.com;lr>"])
        self.assert_sip(result, media_opened=0, media_left_alone=1)

    def test_retransmitted_invite_changes_nothing(self):
        scene = self.scene()
        call = OutgoingCall(scene)
        for _ in range(3):
            call.invite()
        call.respond(200, body=call.answer())
        call.respond(200, body=call.answer())
        call.request("ACK")
        call.request("ACK")
        call.invite()
        media = call.media_in()
        call.request("BYE", 2)
        call.request("BYE", 2)
        call.respond(200, 2, "BYE")
        call.respond(200, 2, "BYE")
        result = scene.run()
        call.check_texts()
        self.assert_media(media, call.in_ends())
        self.assert_nothing_left(result)
        self.assert_sip(result, call_made=1, retransmissions=3, media_opened=4, INVITE=4)

    def test_description_without_streams_or_with_port_zero_is_no_fault(self):
        result = self.invite_only(sdp(PBX, 0), seen=sdp(WAN, 0))
        self.assert_sip(result, malformed=0, media_opened=0)

    def test_ringing_for_minutes_keeps_the_pinhole(self):
        scene = self.scene()
        call = OutgoingCall(scene)
        call.invite()
        for _ in range(4):
            scene.wait(60)
            call.respond(180)
        scene.wait(60)
        media = call.media_in()
        call.respond(200, body=call.answer())
        scene.run()
        call.check_texts()
        self.assert_media(media, call.in_ends())

    def test_rtcp_before_rtp_passes(self):
        scene = self.scene()
        call = OutgoingCall(scene)
        call.establish()
        rtcp, rtp = call.media_in(1), call.media_in()
        scene.run()
        self.assert_media(rtcp, call.in_ends(1))
        self.assert_media(rtp, call.in_ends())

    def test_rtcp_mux_is_not_taken_for_rtcp(self):
        body = [sdp(h, lines=["a=rtcp-mux", "a=rtcp-fb:* nack", "a=rtcp-xr"]) for h in (PBX, WAN)]
        self.invite_only(body[0], seen=body[1])

    def test_port_is_added_to_a_contact_that_needs_one_and_taken_back(self):
        """Two phones spell no port; the second one's outside port is not 5060."""
        def script(port):
            scene = self.scene(zones="")
            for n, host in enumerate((PBX, PHONE)):
                inside = Call(caller=host, via=host, contact=host, call_id=f"{n}@x")
                event = scene.lan(inside.request("OPTIONS", 1, tagged=False), src=host)
            outside = Call(caller=WAN, via=f"{WAN}:{port}", contact=f"{WAN}:{port}",
                           call_id="1@x")
            answer = scene.wan(outside.response(200, 1, "OPTIONS"), dport=port)
            back = scene.wan(outside.back_request("NOTIFY", 1), dport=port)
            scene.run()
            return event, outside, inside, answer, back
        event, *_ = script(5062)
        port = event.ends[1]
        self.assertNotEqual(port, 5060)
        event, outside, inside, answer, back = script(port)
        self.assert_text(event, outside.request("OPTIONS", 1, tagged=False))
        self.assert_text(answer, inside.response(200, 1, "OPTIONS"))
        self.assert_text(back, inside.back_request("NOTIFY", 1))

    def test_authentication_retry_is_the_same_call(self):
        for status, name, scheme in ((401, "Authorization", "WWW-Authenticate"),
                                     (407, "Proxy-Authorization", "Proxy-Authenticate")):
            scene = self.scene()
            call = OutgoingCall(scene)
            call.invite()
            call.respond(status, extra=[f'{scheme}: Digest realm="r", nonce="n"'])
            call.request("ACK", 1, uri=call.inside.uri, tagged=True)
            call.invite(2, extra=[f'{name}: Digest username="100", realm="r", nonce="n", '
                                  f'uri="sip:200@{PBX}", response="0a"'])
            call.respond(200, 2, body=call.answer())
            call.request("ACK", 2)
            media = call.media_in()
            call.hang_up(3)
            result = scene.run()
            call.check_texts()
            self.assert_media(media, call.in_ends())
            self.assert_nothing_left(result)
            self.assert_sip(result, call_made=1, r4xx=1, call_ended=1)

    def test_headers_that_must_not_change_do_not(self):
        """Also where they hold the sender's inside address."""
        never = [f'Authorization: Digest uri="sip:{PBX}:5060", response="{PBX}"',
                 f"Identity: abc;info=<http://{PBX}/>", f"X-Unknown: sip:100@{PBX}:5060",
                 f"User-Agent: pbx {PBX}", f"Subject: call {PBX}:5060",
                 f"Replaces: x@{PBX};to-tag=1;from-tag=2", f"In-Reply-To: y@{PBX}"]
        self.invite_only(sdp(PBX, lines=[f"a=fingerprint:sha-1 {PBX}",
                                         f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{PBX}"]),
                         seen=sdp(WAN, lines=[f"a=fingerprint:sha-1 {PBX}",
                                              f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{PBX}"]),
                         extra=never)

    def test_unknown_body_is_not_touched(self):
        body = f"<dialog-info><call-id>a@{PBX}</call-id><t>sip:1@{PBX}</t></dialog-info>".encode()
        self.invite_only(body, content_type="application/dialog-info+xml")

    def test_media_leaves_from_the_port_that_was_advertised(self):
        scene = self.scene()
        blocker = scene.lan(b"occupies the port", PHONE, 10000, FAR, 9)
        scene.config = scene.config.replace("class-default\"; action = \"drop\"",
                                            "class-default\"; action = \"inspect\"")
        event = scene.lan(Call().request("INVITE", 1, sdp(PBX)))
        media = scene.lan(b"rtp", PBX, 10000, FAR, 20000)
        scene.run()
        self.assertEqual(blocker.ends[1], 10000)
        advertised = int(event.payload.split(b"m=audio ")[1].split()[0])
        self.assertNotEqual(advertised, 10000)
        self.assertEqual((advertised % 2, media.ends), (0, (WAN, advertised, FAR, 20000)))

    def test_an_invite_that_outgrows_the_mtu_leaves_in_fragments(self):
        filler = [f"X-Filler-{n}: " + "x" * 200 for n in range(10)]
        scene = self.scene()
        inside = Call().request("INVITE", 1, sdp(PBX), extra=filler)
        whole = scene.lan(inside)
        result = scene.run()
        expected = Call().seen().request("INVITE", 1, sdp(WAN), extra=filler)
        parts = sorted((p for _, p in whole.sent), key=lambda p: p[IP].frag)
        self.assertEqual(b"".join(p[IP].original[20:p[IP].len] for p in parts)[8:], expected)
        self.assertEqual(result.count("event fragments_out"), len(parts))

    def test_hairpin_call_between_two_inside_phones_has_media_both_ways(self):
        rules = "".join(
            '{ kind = "static"; protocol = "udp"; inside = "%s:5060"; outside = "%s:%d"; }, '
            % (host, WAN, port) for host, port in ((PBX, 5060), (PHONE, 5062))) + DYNAMIC
        scene = self.scene(rules=rules, zones="")
        caller = Call(caller=PBX, callee=WAN, via=f"{PBX}:5060", contact=f"{PBX}:5060",
                      uri=f"{WAN}:5062", remote=f"{WAN}:5062")
        callee = Call(caller=WAN, callee=WAN, via=f"{WAN}:5060", contact=f"{WAN}:5060",
                      uri=f"{PHONE}:5060", remote=f"{PHONE}:5060")
        invite = scene.lan(caller.request("INVITE", 1, sdp(PBX)), PBX, 5060, WAN, 5062)
        scene.run()
        self.assertEqual(invite.ends, (WAN, 5060, PHONE, 5060))
        got = invite.payload
        self.assertIn(sdp(WAN), got)
        self.assertIn(f"Via: SIP/2.0/UDP {WAN}:5060;".encode(), got)
        self.assertIn(f"Contact: <sip:100@{WAN}:5060>".encode(), got)
        self.assertTrue(got.startswith(f"INVITE sip:200@{PHONE}:5060 ".encode())
                        or got.startswith(f"INVITE sip:200@{PHONE} ".encode()), got[:60])
        answer = scene.lan(callee.response(200, body=sdp(PHONE, 12000)), PHONE, 5060, WAN, 5060)
        ack = scene.lan(caller.request("ACK"), PBX, 5060, WAN, 5062)
        media = [(scene.lan(b"a", PBX, 10000, WAN, 12000), (WAN, 10000, PHONE, 12000)),
                 (scene.lan(b"b", PHONE, 12000, WAN, 10000), (WAN, 12000, PBX, 10000)),
                 (scene.lan(b"c", PBX, 10001, WAN, 12001), (WAN, 10001, PHONE, 12001))]
        scene.lan(caller.request("BYE", 2), PBX, 5060, WAN, 5062)
        scene.lan(callee.response(200, 2, "BYE"), PHONE, 5060, WAN, 5060)
        late = [scene.lan(b"a", PBX, 10000, WAN, 12000), scene.lan(b"b", PHONE, 12000, WAN, 10000)]
        result = scene.run()
        self.assertEqual(answer.ends, (WAN, 5062, PBX, 5060))
        self.assertIn(sdp(WAN, 12000), answer.payload)
        self.assertIn(f"Contact: <sip:200@{WAN}:5062>".encode(), answer.payload)
        self.assertIn(f"Via: SIP/2.0/UDP {PBX}:5060;".encode(), answer.payload)
        self.assertEqual(ack.ends, (WAN, 5060, PHONE, 5060))
        for event, ends in media:
            self.assert_media(event, ends)
        self.assert_stopped(*late)
        self.assert_nothing_left(result)

    def test_content_length_beyond_32_bits_is_refused_not_wrapped(self):
        body = sdp(PBX)
        good = Call().request("INVITE", 1, body)
        bad = good.replace(b"Content-Length: %d" % len(body),
                           b"Content-Length: %d" % (2**32 + len(body)))
        scene = self.scene()
        event = scene.lan(bad)
        result = scene.run()
        self.assertEqual(event.payload, bad)
        self.assert_sip(result, malformed=1, call_made=0, media_opened=0)

    def test_two_clients_with_one_call_id_are_two_calls(self):
        def script(port, rtp):
            scene = self.scene()
            first = OutgoingCall(scene)
            inside = Call(caller=PHONE, via=f"{PHONE}:5060", contact=f"{PHONE}:5060")
            outside = Call(caller=WAN, via=f"{WAN}:{port}", contact=f"{WAN}:{port}")
            second = OutgoingCall(scene, inside, outside=outside, src=PHONE, port=11000,
                                  outside_port=rtp, far_port=23000)
            second.back = lambda text, expected: second.texts.append(
                (scene.wan(text, dport=port), expected))
            for call in (first, second):
                call.invite()
            if rtp:
                for call in (first, second):
                    call.respond(200, body=call.answer())
                    call.request("ACK")
                first.hang_up()
            return scene, first, second
        scene, _, second = script(5062, 11000)
        scene.run()
        port = second.texts[0][0].ends[1]
        scene, first, second = script(port, 11000)
        gone, stands = first.media_in(), second.media_in()
        second.hang_up()
        result = scene.run()
        first.check_texts()
        second.check_texts()
        self.assert_stopped(gone)
        self.assert_media(stands, second.in_ends())
        self.assert_nothing_left(result)
        self.assert_sip(result, call_made=2, call_ended=2)

    def test_flood_of_call_ids_harms_no_established_media(self):
        scene = self.scene(system="max_calls = 64;")
        scene.config = scene.config.replace("max_calls = 1024; ", "")
        call = OutgoingCall(scene)
        call.establish()
        flood = []
        for n in range(300):
            one = numbered(n)
            flood.append(scene.lan(one.request("INVITE", 1, sdp(PBX, 11000 + 2 * n))))
        media = [(call.media_in(n), call.in_ends(n)) for n in (0, 1)]
        call.hang_up()
        result = scene.run()
        for event, ends in media:
            self.assert_media(event, ends)
        call.check_texts()
        passed = sum(bool(e.sent) for e in flood)
        refused = result.count("drop sip_no_call")
        self.assertEqual(passed + refused, 300)
        self.assertGreater(refused, 100)
        self.assertEqual(result.count("sip no_call_record"), refused)
        self.assertEqual(result.count("summary calls"), passed)
        result = scene.run(drain=900)
        self.assert_all_gone(result)


if __name__ == "__main__":
    main()
