#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What passes a media door unread, and from whom; what an echo opens."""
from replay import main
from scene import OutgoingCall, SipTest
from sip_text import FAR, PBX, PHONE, TRUNK, WAN, Call, message, sdp


class Media(SipTest):
    def test_what_passes_is_not_read(self):
        """RTP, RTCP, SRTP, DTLS, STUN, ZRTP, and what looks like SIP."""
        rtp = bytes.fromhex("80000001000000a0deadbeef") + b"\xd5" * 160
        kinds = {"RTP": rtp, "SRTP": rtp + b"\x11" * 10,
                 "RTCP": bytes.fromhex("80c80006deadbeef") + bytes(20),
                 "DTLS": bytes.fromhex("16fefd0000000000000000002c") + bytes(44),
                 "STUN": bytes.fromhex("000100082112a442") + b"0123456789ab" + bytes(8),
                 "ZRTP": bytes.fromhex("1000000a5a525450deadbeef") + bytes(32),
                 "SIP": Call(call_id="other").request("INVITE", 1, sdp(PBX, 30000)),
                 "keepalive": b"\r\n\r\n"}
        for routed in (False, True):
            scene = self.scene(routed=routed)
            call = OutgoingCall(scene)
            call.establish()
            events = [(one(offset, data=data), ends(offset)) for data in kinds.values()
                      for offset in (0, 1) for one, ends in ((call.media_in, call.in_ends),
                                                             (call.media_out, call.out_ends))]
            call.hang_up()
            result = scene.run()
            call.check_texts()
            for event, ends in events:
                self.assert_media(event, ends)
            self.assert_sip(result, INVITE=1, call_made=1, keepalives=0, malformed=0,
                            media_opened=4)
            self.assert_nothing_left(result)


class Sources(SipTest):
    """sip.media_source: who may send through a media door."""

    def sources(self, setting, call_script):
        """Which packets pass: a script of calls and (address, port) pairs."""
        scene = self.scene(extra=f'sip: {{ media_source = "{setting}"; }};')
        call = OutgoingCall(scene)
        events = call_script(call)
        result = scene.run()
        call.check_texts()
        return [len(event.sent) for event in events], result

    def test_each_setting_before_and_after_the_answer(self):
        def script(call):
            call.invite()
            early = [call.media_in(src=f"192.0.2.{n}", sport=4000) for n in range(1, 7)]
            call.respond(200, body=call.answer())
            call.request("ACK")
            late = [call.media_in(src="192.0.2.1", sport=4000),       # its flow stands
                    call.media_in(src="192.0.2.1", sport=4002),       # another port of it
                    call.media_in(src="192.0.2.9", sport=4000),
                    call.media_in(), call.media_in(sport=4444)]
            call.hang_up()
            return early + late + [call.media_in()]
        for setting, expected in (("latch", [1, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0]),
                                  ("announced", [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]),
                                  ("any", [1] * 11 + [0])):
            passed, result = self.sources(setting, script)
            self.assertEqual(passed, expected, setting)
            self.assert_nothing_left(result)

    def test_new_answer_lets_one_more_source_latch_and_hold_does_not(self):
        def script(call):
            call.establish()
            events = [call.media_in(src="192.0.2.1", sport=4000),
                      call.media_in(src="192.0.2.2", sport=4000)]
            for cseq, port, direction in ((2, 20000, "inactive"), (3, 20000, "sendrecv"),
                                          (4, 22000, "sendrecv")):
                inside, outside = call.offer(version=cseq, direction=direction)
                call.out(call.inside.request("INVITE", cseq, inside, tagged=True),
                         call.outside.request("INVITE", cseq, outside, tagged=True))
                call.respond(200, cseq, body=sdp(FAR, port, version=cseq, direction=direction))
                call.request("ACK", cseq)
                events += [call.media_in(src=f"192.0.2.{cseq}1", sport=4000),
                           call.media_in(src=f"192.0.2.{cseq}2", sport=4000)]
            call.hang_up(5)
            return events
        passed, result = self.sources("latch", script)
        self.assertEqual(passed, [1, 0, 0, 0, 0, 0, 1, 0])
        self.assert_nothing_left(result)


class Echoes(SipTest):
    """A response repeats headers of its request, and with them what its sender pleased to name."""

    PORT = 9999

    def exchange(self, method, status, asked, answered, **config):
        """A request from outside and its response, as it left, and a packet to PHONE's port then."""
        scene = self.scene(**config)
        host = PBX if scene.routed else WAN
        common = ["From: <sip:a@a.example>;tag=f", "To: <sip:b@b.example>", "Call-ID: echo",
                  f"CSeq: 1 {method}"]
        via = f"Via: SIP/2.0/UDP {TRUNK}:5060;branch=z9hG4bK-1"
        scene.lan(b"\r\n\r\n")                                # the inside is found at its port
        scene.wan(message(f"{method} sip:b@{host} SIP/2.0", [via, *asked, *common]))
        common[1] += ";tag=t"
        response = message(f"SIP/2.0 {status} Reason", [via, *answered, *common])
        answer = scene.lan(response)
        probe = scene.wan(b"hello", sport=4444, dst=PHONE if scene.routed else None,
                          dport=self.PORT)
        scene.run()
        return response, answer, probe

    def test_route_that_the_outside_named_opens_nothing(self):
        """Record-Route, at the host and as maddr; in a call its echo leaves as it came."""
        for uri in (f"sip:{PHONE}:{self.PORT};lr", f"sip:p.example:{self.PORT};maddr={PHONE};lr",
                    f"sip:{PBX}:{self.PORT};lr"):
            line = [f"Record-Route: <{uri}>"]
            for method, status in (("INVITE", 180), ("INVITE", 200), ("OPTIONS", 200),
                                   ("SUBSCRIBE", 200)):
                for routed in (False, True):
                    response, answer, probe = self.exchange(method, status, line, line,
                                                            routed=routed)
                    self.assert_stopped(probe)
                    if method == "INVITE" or routed:
                        self.assert_text(answer, response, (uri, method, status))

    def test_route_of_the_inside_in_a_response_opens(self):
        """Of a proxy inside that the request did not name."""
        for routed in (False, True):
            for asked in ([], [f"Record-Route: <sip:{PHONE}:{self.PORT + 1};lr>"]):
                line = [f"Record-Route: <sip:{PHONE}:{self.PORT};lr>", *asked]
                _, _, probe = self.exchange("INVITE", 180, asked, line, routed=routed)
                self.assertEqual(probe.ends, (TRUNK, 4444, PHONE, self.PORT))

    def test_answer_of_a_registrar_inside_opens_nothing(self):
        for line in ([f"Contact: <sip:a@{PHONE}:{self.PORT}>"],
                     [f"Path: <sip:{PHONE}:{self.PORT};lr>"]):
            for routed in (False, True):
                _, _, probe = self.exchange("REGISTER", 200, line, [*line, "Expires: 600"],
                                            routed=routed)
                self.assert_stopped(probe)

    def test_via_of_the_far_side_stays_whatever_its_address(self):
        """A carrier may use the addresses of the inside behind its edge."""
        lower = [f"Via: SIP/2.0/UDP {PHONE}:{self.PORT};received={PBX};rport=7000;branch=z9hG4bK-0"]
        for method, status in (("INVITE", 180), ("OPTIONS", 200)):
            response, answer, probe = self.exchange(method, status, lower, lower)
            self.assert_text(answer, response, method)
            self.assert_stopped(probe)


class Forwarded(SipTest):
    """A proxy inside sends an outside party's INVITE on to the outside, as RFC 3261 16.6 asks it to:
    with the Contact and the description of its first sender."""

    PORT, MEDIA = 9999, 22222

    def legs(self, contact, media, forwarded_contact=None, forwarded_media=None, late=False,
             routed=False):
        """INVITE in and out again, and packets of the target to what they named. Each: does it pass?"""
        scene = self.scene(routed=routed, extra='sip: { media_source = "any"; };')
        scene.lan(b"\r\n\r\n")                                # the inside is found at its port
        host = PBX if routed else WAN
        common = ["From: <sip:a@a.example>;tag=f", "To: <sip:b@b.example>", "Call-ID: forward",
                  "CSeq: 1 INVITE"]
        via = f"Via: SIP/2.0/UDP {TRUNK}:5060;branch=z9hG4bK-1"
        own = f"Via: SIP/2.0/UDP {PBX}:5060;branch=z9hG4bK-2"
        offer, answer = sdp(*media), sdp(FAR, 30000)
        scene.wan(message(f"INVITE sip:b@{host} SIP/2.0",
                          [via, *common, f"Contact: <sip:x@{contact}>"], b"" if late else offer))
        onward = sdp(*(forwarded_media or media))
        scene.lan(message(f"INVITE sip:b@{FAR} SIP/2.0", [
            own, via.replace("branch", f"received={TRUNK};branch"), *common,
            f"Contact: <sip:x@{forwarded_contact or contact}>"], b"" if late else onward), dst=FAR)
        seen = f"Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK-2"
        common[1] += ";tag=t"
        scene.wan(message("SIP/2.0 200 OK", [seen, via, *common, f"Contact: <sip:c@{FAR}>"], answer),
                  src=FAR)
        if late:
            scene.lan(message("SIP/2.0 200 OK", [via, *common, f"Contact: <sip:c@{FAR}>"], answer))
            common[3] = "CSeq: 1 ACK"
            scene.wan(message(f"ACK sip:c@{host} SIP/2.0", [via, *common], offer))
            scene.lan(message(f"ACK sip:c@{FAR} SIP/2.0", [own, via, *common], onward), dst=FAR)
        inside = dict(dst=PHONE) if routed else {}
        probes = [scene.wan(b"probe", src=FAR, sport=sport, dport=port, **inside)
                  for sport, port in ((4444, int((forwarded_contact or contact).split(":")[1])),
                                      (30000, (forwarded_media or media)[1]))]
        scene.run()
        return [len(probe.sent) for probe in probes]

    def test_what_the_outside_named_of_the_inside_opens_nothing_when_it_goes_out_again(self):
        for routed in (False, True):
            for late in (False, True):
                self.assertEqual(self.legs(f"{PHONE}:{self.PORT}", (PHONE, self.MEDIA), late=late,
                                           routed=routed), [0, 0], (routed, late))

    def test_what_the_proxy_names_itself_opens(self):
        """A proxy that relays media writes its relay's endpoint, whatever the outside had named."""
        for routed in (False, True):
            for contact, media in ((f"{TRUNK}:5060", (TRUNK, self.MEDIA)),
                                   (f"{PHONE}:{self.PORT}", (PHONE, self.MEDIA))):
                self.assertEqual(self.legs(
                    contact, media, f"{PHONE}:{self.PORT + 2}", (PHONE, self.MEDIA + 2),
                    routed=routed), [1, 1], (routed, contact))


if __name__ == "__main__":
    main()
