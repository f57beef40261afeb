#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What carriers and proxies do: other border elements, rport alone, answers without an address."""
from replay import IP, TCP, main
from scene import OutgoingCall, SipTest
from sip_text import FAR, PBX, PHONE, TRUNK, WAN, Call, register, registered, sdp

SECOND = "198.51.100.11"      # another border element of the carrier
STRANGER = "198.51.100.99"


def headers(event, name="Via"):
    return [line for line in event.payload.decode().split("\r\n") if line.startswith(name)]


class LaterRequests(SipTest):
    """Requests in a dialog that come from where Contact or Record-Route says."""

    def inbound(self, scene, extra=()):
        """A call to a registered phone: (outside, inside, its events)."""
        scene.lan(register(PHONE), PHONE)
        scene.wan(registered(WAN))
        outside = Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=FAR, uri=WAN, remote=WAN)
        inside = Call(caller=TRUNK, callee=PHONE, via=TRUNK, contact=FAR, uri=PHONE, remote=PHONE)
        events = [scene.wan(outside.request("INVITE", 1, sdp(FAR, 20000), extra=extra)),
                  scene.lan(inside.response(200, body=sdp(PHONE), extra=extra), PHONE)]
        return outside, inside, events

    def test_ack_and_bye_come_straight_from_the_contact_of_the_caller(self):
        scene = self.scene()
        outside, inside, events = self.inbound(scene)
        stranger = scene.wan(outside.request("BYE", 2), STRANGER)
        ack = scene.wan(outside.request("ACK"), FAR)
        bye = scene.wan(outside.request("BYE", 2), FAR)
        events.append(scene.lan(inside.response(200, 2, "BYE"), PHONE, 5060, FAR))
        late = self.after(scene, outside)
        result = scene.run(drain=700)
        for event in events:
            self.assertEqual(len(event.sent), 1)
        self.assert_text(ack, inside.request("ACK"))
        self.assert_text(bye, inside.request("BYE", 2))
        self.assert_stopped(stranger, late)
        self.assert_all_gone(result)

    def test_contact_is_translated_toward_an_address_that_only_a_contact_named(self):
        scene = self.scene()
        outside, inside, _ = self.inbound(scene)
        scene.wan(outside.request("ACK"), FAR)
        update = scene.lan(inside.back_request("UPDATE", 1), PHONE, 5060, FAR)
        scene.run()
        self.assert_text(update, outside.back_request("UPDATE", 1))

    @staticmethod
    def after(scene, outside):
        """When the call's signalling doors have gone, its second address is a stranger's again."""
        scene.wait(40)
        return scene.wan(outside.request("OPTIONS", 9), FAR)

    def test_requests_come_through_a_record_route_of_another_address(self):
        for inbound in (True, False):
            scene = self.scene()
            extra = (f"Record-Route: <sip:{SECOND};lr>",)
            if inbound:
                outside, _, _ = self.inbound(scene, extra)
                request = outside.request("BYE", 2)
            else:
                call = OutgoingCall(scene)
                call.invite()
                call.respond(200, body=call.answer(), extra=extra)
                request = call.outside.back_request("BYE", 1)
            stopped = scene.wan(request, STRANGER)
            bye = scene.wan(request, SECOND, 6060)
            scene.run()
            self.assert_stopped(stopped)
            self.assertEqual(len(bye.sent), 1, inbound)

    def test_refused_call_opens_to_no_second_address(self):
        scene = self.scene()
        call = OutgoingCall(scene)
        call.invite()
        call.respond(486, extra=(f"Record-Route: <sip:{SECOND};lr>",))
        stopped = scene.wan(call.outside.back_request("BYE", 1), SECOND)
        scene.run()
        self.assert_stopped(stopped)


class Vias(SipTest):
    def test_rport_without_received_is_restored(self):
        def script(port):
            scene = self.scene()
            scene.lan(register(PBX, call_id="first"), PBX)
            out = scene.lan(register(PHONE), PHONE)
            via = (f"Via: SIP/2.0/UDP {WAN}:{port};branch=z9hG4bK-reg@10.0.0.6-1;rport={port}")
            back = scene.wan(registered(f"{WAN}:{port}", via=via), dport=port)
            scene.run()
            return out, back
        port = script(5062)[0].ends[1]
        self.assertNotEqual(port, 5060)
        _, back = script(port)
        self.assertEqual(headers(back),
                         [f"Via: SIP/2.0/UDP {PHONE};branch=z9hG4bK-reg@10.0.0.6-1;rport=5060"])

    def test_phone_behind_an_inside_proxy_rings_for_minutes(self):
        phone = f"Via: SIP/2.0/UDP {PHONE}:5062;branch=z9hG4bK-p;received={PHONE};rport=40001"

        def script(seen):
            scene, call = self.scene(), Call()
            invite = scene.lan(call.request("INVITE", 1, sdp(PBX), extra=(phone,)))
            responses = []
            for status in (180, 180, 200):
                responses.append(scene.wan(call.seen().response(status, extra=(seen,))))
                scene.wait(90)
            return invite, responses, scene.run(drain=300)
        invite, _, _ = script(phone)
        seen = headers(invite)[1]
        self.assertNotIn(PHONE, seen)
        _, responses, result = script(seen)
        for response in responses:
            self.assertEqual(headers(response)[1], phone)
        self.assertEqual(result.count("summary doors"), 3, "Contact, RTP and RTCP")


class Answers(SipTest):
    """Answers that accept a stream and name no address that could be translated."""

    def call(self, scene, answer):
        call = OutgoingCall(scene)
        call.invite()
        call.respond(200, body=answer)
        call.request("ACK")
        return call

    def test_answer_at_a_host_name_keeps_the_offered_media(self):
        scene = self.scene()
        call = self.call(scene, sdp("media.example.com", 20000))
        first, other = call.media_in(), call.media_in(src=STRANGER)
        call.hang_up()
        result = scene.run(drain=1)
        call.check_texts()
        self.assert_media(first, call.in_ends())
        self.assert_stopped(other)
        self.assert_nothing_left(result)

    def test_call_answered_on_hold_with_zero_address_keeps_its_ports(self):
        scene = self.scene()
        call = self.call(scene, sdp("0.0.0.0", 20000))
        call.invite(2, tagged=True, uri=call.inside.remote)
        call.respond(200, 2, body=call.answer())
        call.request("ACK", 2)
        there, back = call.media_in(), call.media_out()
        call.hang_up(3)
        result = scene.run(drain=1)
        call.check_texts()
        self.assert_media(there, call.in_ends())
        self.assert_media(back, call.out_ends())
        self.assert_nothing_left(result)

    def test_media_over_tcp_whose_answerer_connects(self):
        fields = {"media": "m=image 10000 TCP t38", "lines": ("a=setup:passive",)}
        scene = self.scene()
        call = OutgoingCall(scene)
        call.out(call.inside.request("INVITE", 1, sdp(PBX, **fields)),
                 call.outside.request("INVITE", 1, sdp(WAN, **fields)))
        call.respond(200, body=sdp(FAR, media="m=image 9 TCP t38", lines=("a=setup:active",)))
        call.request("ACK")
        opened = scene.add("wan0", IP(src=FAR, dst=WAN) / TCP(sport=3333, dport=10000, flags="S"))
        call.hang_up()
        result = scene.run(drain=1)
        call.check_texts()
        self.assertEqual(len(opened.sent), 1)
        self.assert_nothing_left(result)

    def test_sendonly_hold_may_be_silent(self):
        scene = self.scene(extra="sip: { media_inactivity_timeout = 60; };")
        call = OutgoingCall(scene)
        call.establish()
        inside, outside = call.offer(direction="sendonly", version=2)
        call.out(call.inside.request("INVITE", 2, inside, tagged=True),
                 call.outside.request("INVITE", 2, outside, tagged=True))
        call.respond(200, 2, body=call.answer(direction="recvonly"))
        call.request("ACK", 2)
        scene.wait(500)
        music = call.media_in()
        result = scene.run()
        self.assert_media(music, call.in_ends())
        self.assertEqual(result.count("summary calls"), 1)

    def test_many_ipv6_candidates_harm_no_description(self):
        lines = [f"a=candidate:{i} 1 UDP 1 ::{i} 9000 typ host" for i in range(1, 40)]
        scene = self.scene()
        event = scene.lan(Call().request("INVITE", 1, sdp(PBX, lines=lines)))
        result = scene.run()
        text = b"".join(bytes(packet[IP].payload) for _, packet in event.sent)    # in fragments
        self.assertIn(f"c=IN IP4 {WAN}\r\n".encode(), text)
        self.assertNotIn(f"IN IP4 {PBX}".encode(), text)
        self.assertEqual(result.count("summary media_doors"), 2)


class Keepalives(SipTest):
    def test_stun_on_the_port_of_sip_is_a_keepalive(self):
        scene = self.scene(extra='sip: { malformed = "drop"; };')
        binding = bytes.fromhex("000100002112a442") + b"0123456789ab"
        kept = scene.lan(binding)
        garbage = scene.lan(b"\x00\x01\x00\x00nothing that is known")
        result = scene.run()
        self.assertEqual(kept.payload, binding)
        self.assert_stopped(garbage)
        self.assert_sip(result, keepalives=1, malformed=1)


if __name__ == "__main__":
    main()
