#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Doors of the signalling: who comes through, what of it is read as SIP, and until when."""
from dataclasses import replace

from replay import DYNAMIC, ZONES, main
from scene import INSPECT, OutgoingCall, SipTest
from sip_text import FAR, PBX, PHONE, TRUNK, WAN, Call, register, registered, sdp

ONE_WAY = ZONES.replace(ZONES[ZONES.index('  { name = "out-in"'):], "").rstrip().rstrip(",") + " );\n"
OPEN = INSPECT % "inspect"
STATIC = '{ kind = "static"; protocol = "udp"; inside = "%s:%d"; outside = "%s:%d"; }, '
OTHER_PORT = 5062             # of a phone; no port of SIP is configured there


class OtherPorts(SipTest):
    """A Contact at a port of its own is SIP, whatever let the packet in."""

    def inbound(self, port=OTHER_PORT):
        outside = Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=TRUNK, uri=f"{WAN}:{port}",
                       remote=f"{WAN}:{port}")
        return outside, outside.seen({WAN: PHONE})

    def registered_scene(self, **config):
        scene = self.scene(**config)
        contact = f"{PHONE}:{OTHER_PORT}"
        scene.lan(register(contact), PHONE, OTHER_PORT)
        scene.wan(registered(contact if scene.routed else f"{WAN}:{OTHER_PORT}"),
                  dst=PHONE if scene.routed else WAN, dport=OTHER_PORT)
        return scene

    def test_request_to_another_contact_port_is_read_whatever_the_policy(self):
        for zones in (OPEN, "", ZONES):
            for sport in (5060, 5099):
                scene = self.registered_scene(zones=zones)
                scene.wait(400)
                outside, inside = self.inbound()
                ring = scene.wan(outside.request("INVITE", 1, sdp(FAR, 20000)), TRUNK, sport,
                                 dport=OTHER_PORT)
                scene.lan(inside.response(200, body=sdp(PHONE, 12000)), PHONE, OTHER_PORT, TRUNK,
                          sport)
                bye = scene.wan(outside.request("BYE", 2), TRUNK, 5098, dport=OTHER_PORT)
                scene.lan(inside.response(200, 2, "BYE"), PHONE, OTHER_PORT, TRUNK, 5098)
                result = scene.run(drain=1)
                self.assert_text(ring, inside.request("INVITE", 1, sdp(FAR, 20000)))
                self.assert_text(bye, inside.request("BYE", 2))
                self.assert_sip(result, INVITE=1, BYE=1, r200=3, call_made=1)
                self.assert_nothing_left(result)

    def test_request_is_read_where_nothing_is_translated(self):
        scene = self.registered_scene(zones=OPEN, routed=True)
        scene.wait(400)
        _, inside = self.inbound()
        ring = scene.wan(inside.request("INVITE", 1, sdp(FAR, 20000)), sport=5099, dst=PHONE,
                         dport=OTHER_PORT)
        result = scene.run()
        self.assertEqual(len(ring.sent), 1)
        self.assert_sip(result, INVITE=1)

    def test_request_of_the_inside_to_another_contact_port_outside_is_read(self):
        for zones in (OPEN, "", ZONES):
            scene = self.scene(zones=zones)
            call = OutgoingCall(scene, Call(remote=f"{FAR}:{OTHER_PORT}"))
            call.invite()
            call.respond(200, body=call.answer())
            ack = scene.lan(call.inside.request("ACK"), dst=FAR, dport=OTHER_PORT)
            bye = scene.lan(call.inside.request("BYE", 2), dst=FAR, dport=OTHER_PORT)
            scene.wan(call.outside.response(200, 2, "BYE"), FAR, OTHER_PORT)
            result = scene.run(drain=1)
            call.check_texts()
            self.assert_text(ack, call.outside.request("ACK"))
            self.assert_text(bye, call.outside.request("BYE", 2))
            self.assert_nothing_left(result)

    def test_request_of_a_hairpin_to_another_contact_port_is_read(self):
        scene = self.scene(rules=STATIC % (PHONE, 5060, WAN, 5060) + DYNAMIC, zones="")
        caller = Call(caller=PBX, callee=WAN, via=f"{PBX}:{OTHER_PORT}",
                      contact=f"{PBX}:{OTHER_PORT}", uri=WAN, remote=WAN)
        callee = caller.seen({PBX: WAN, WAN: PHONE})
        callee = replace(callee, caller=WAN, via=f"{WAN}:{OTHER_PORT}",
                         contact=f"{WAN}:{OTHER_PORT}")
        scene.lan(caller.request("INVITE", 1, sdp(PBX)), PBX, OTHER_PORT, WAN)
        scene.lan(callee.response(200, body=sdp(PHONE, 12000)), PHONE, 5060, WAN, OTHER_PORT)
        scene.lan(caller.request("ACK"), PBX, OTHER_PORT, WAN)
        bye = scene.lan(callee.back_request("BYE", 1), PHONE, 5099, WAN, OTHER_PORT)
        result = scene.run()
        self.assertTrue(bye.payload.startswith(f"BYE sip:100@{PBX}:{OTHER_PORT} ".encode()))
        self.assert_sip(result, INVITE=1, r200=1, ACK=1, BYE=1)

    def test_request_to_the_port_of_sip_that_a_rule_sends_to_another_is_read(self):
        scene = self.scene(rules=STATIC % (PHONE, 5099, WAN, 5060) + DYNAMIC, zones="")
        outside = Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=TRUNK, uri=WAN, remote=WAN)
        ring = scene.wan(outside.request("INVITE", 1, sdp(FAR, 20000)))
        result = scene.run()
        self.assertEqual(ring.ends, (TRUNK, 5060, PHONE, 5099))
        self.assertEqual(ring.payload.split(b" ")[1], f"sip:200@{PHONE}:5099".encode())
        self.assertIn(f"To: <sip:200@{PHONE}>".encode(), ring.payload)
        self.assert_sip(result, INVITE=1)

    def test_text_at_a_port_that_nobody_named_is_not_read(self):
        scene = self.registered_scene(zones=OPEN)
        other = scene.wan(b"INVITE sip:300@203.0.113.1 SIP/2.0\r\n\r\n", sport=40000, dport=6000)
        result = scene.run()
        self.assert_stopped(other)
        self.assert_sip(result, INVITE=0)


class Answers(SipTest):
    """The way back of a request: to the sent-by port of its first Via."""

    def asked(self, method, **config):
        """A request from another port than its Via names: (scene, its text outside)."""
        scene = self.scene(zones=ONE_WAY, **config)
        call = Call(caller=PHONE, via=f"{PHONE}:{OTHER_PORT}", contact=f"{PHONE}:5064")
        scene.lan(call.request(method, contact=method == "INVITE"), PHONE, 5070)
        return scene, call.seen({PHONE: WAN})

    @staticmethod
    def answer(scene, call, method, status=200):
        return scene.wan(call.response(status, 1, method, contact=False), TRUNK, 5099,
                         dport=OTHER_PORT)

    def test_every_request_but_ack_is_answered_at_its_via_for_32_seconds(self):
        methods = ("OPTIONS", "MESSAGE", "INFO", "PUBLISH", "SUBSCRIBE", "NOTIFY", "REFER",
                   "REGISTER", "UPDATE", "PRACK", "BYE", "CANCEL", "ACK", "UNKNOWN")
        scene = self.scene(zones=ONE_WAY)
        calls = {method: (port, Call(caller=PHONE, via=f"{PHONE}:{port}", call_id=method))
                 for port, method in enumerate(methods, 6000)}
        for method, (port, call) in calls.items():
            scene.lan(call.request(method, contact=False), PHONE, 5070)
        answers = []
        for seconds in (25, 15):
            scene.wait(seconds)
            answers.append([scene.wan(call.seen({PHONE: WAN}).response(
                200, 1, method, contact=False), TRUNK, 5099, dport=port)
                for method, (port, call) in calls.items()])
        scene.run()
        for (method, (port, _)), first in zip(calls.items(), answers[0]):
            self.assertEqual(len(first.sent), method != "ACK", method)
            if first.sent:
                self.assertEqual(first.ends, (TRUNK, 5099, PHONE, port))
                self.assertIn(f"Via: SIP/2.0/UDP {PHONE}:{port};".encode(), first.payload)
        self.assert_stopped(*answers[1])

    def test_only_who_was_asked_answers(self):
        scene, call = self.asked("OPTIONS")
        stranger = scene.wan(call.response(200, 1, "OPTIONS"), FAR, dport=OTHER_PORT)
        scene.run()
        self.assert_stopped(stranger)

    def test_via_of_an_invite_is_open_while_it_rings_and_32_seconds_after_its_final_answer(self):
        scene, call = self.asked("INVITE")
        events = []
        for status in (180, 180, 486):
            scene.wait(170)
            events.append(self.answer(scene, call, "INVITE", status))
        scene.wait(25)
        events.append(self.answer(scene, call, "INVITE", 486))
        scene.wait(40)
        late = self.answer(scene, call, "INVITE", 486)
        result = scene.run()
        self.assertEqual([len(event.sent) for event in events], [1] * 4)
        self.assert_stopped(late)
        self.assert_nothing_left(result)

    def test_via_of_an_invite_that_nobody_answers_closes(self):
        scene, call = self.asked("INVITE")
        scene.wait(300)
        late = self.answer(scene, call, "INVITE", 180)
        result = scene.run(drain=400)
        self.assert_stopped(late)
        self.assert_all_gone(result)


class Transports(SipTest):
    """Contacts and Vias that are not reached over UDP get no UDP door."""

    def contacts(self, transports, port=True):
        """Of each transport: (Contact as it left, does a UDP packet reach that port)."""
        scene, events = self.scene(zones=""), []
        for number, transport in enumerate(transports, 6000):
            written = f":{number}" if port else ""
            call = Call(contact=f"{PBX}{written};transport={transport}", call_id=transport)
            events.append((number, scene.lan(call.request("INVITE", 1, sdp(PBX))), scene.wan(
                Call(via=TRUNK).request("OPTIONS", number), dport=number)))
        scene.run()
        for number, invite, probe in events:
            line, = [x for x in invite.payload.decode().split("\r\n") if x[:8] == "Contact:"]
            yield number, line[len("Contact: <sip:100@"):-1], len(probe.sent) == 1

    def test_contact_by_transport(self):
        expected = (("udp", WAN, True), ("UDP", WAN, True), ("tcp", WAN, False),
                    ("tls", WAN, False), ("ws", WAN, False), ("wss", WAN, False),
                    ("sctp", PBX, False), ("tls-sctp", PBX, False), ("other", PBX, False))
        self.assertEqual(
            [text for _, *text in self.contacts([transport for transport, *_ in expected])],
            [[f"{host}:{number};transport={transport}", udp]
             for number, (transport, host, udp) in enumerate(expected, 6000)])

    def test_port_that_is_not_written_is_the_transports_own(self):
        """Where it is translated to itself, the form without a port is kept."""
        transports = ("udp", "tcp", "tls", "ws", "wss")
        self.assertEqual([text for _, text, _ in self.contacts(transports, False)],
                         [f"{WAN};transport={transport}" for transport in transports])

    def test_via_by_transport(self):
        for transport, host, udp in (("UDP", WAN, True), ("TCP", WAN, False), ("TLS", WAN, False),
                                     ("WS", WAN, False), ("SCTP", PBX, False)):
            scene = self.scene(zones="")
            text = Call(via=f"{PBX}:5070").request("OPTIONS", contact=False)
            out = scene.lan(text.replace(b"SIP/2.0/UDP", f"SIP/2.0/{transport}".encode()))
            probe = scene.wan(Call(via=TRUNK).request("OPTIONS"), dport=5070)
            scene.run()
            self.assertIn(f"Via: SIP/2.0/{transport} {host}:5070;".encode(), out.payload)
            self.assertEqual(len(probe.sent), udp, transport)


class Limit(SipTest):
    """One call does not take what the others need."""

    def test_changing_contacts_stop_at_the_limit(self):
        scene = self.scene(extra="sip: { max_doors_per_call = 12; };")
        call = OutgoingCall(scene)
        call.establish()
        updates = [scene.lan(call.inside.request("UPDATE", number + 2).replace(
            f"Contact: <sip:100@{PBX}:5060>".encode(),
            f"Contact: <sip:100@{PBX}:{6000 + number}>".encode())) for number in range(40)]
        other = OutgoingCall(scene, Call(call_id="other"), port=12000, far_port=22000)
        other.establish()
        media = call.media_in()
        call.hang_up(50)
        other.hang_up()
        result = scene.run(drain=700)
        call.check_texts()
        other.check_texts()
        self.assert_media(media, call.in_ends())
        passed = sum(len(event.sent) for event in updates)
        self.assertTrue(0 < passed < 12, passed)
        self.assert_stopped(*updates[passed:])
        self.assertEqual(result.drops(), {"sip_limit": 40 - passed})
        self.assert_sip(result, limit_doors_per_call=40 - passed)
        lines = [line for line in result.log.splitlines()
                 if f"{PBX} refused by sip.max_doors_per_call" in line]
        self.assertTrue(1 <= len(lines) <= 2, lines)
        self.assert_all_gone(result)

    def test_description_beyond_the_limit_is_refused_whole(self):
        scene = self.scene(extra="sip: { max_doors_per_call = 12; };")
        lines = [f"m=audio {20000 + 2 * n} RTP/AVP 0" for n in range(8)]
        event = scene.lan(Call().request("INVITE", 1, sdp(PBX, lines=lines)))
        result = scene.run(drain=1)
        self.assert_stopped(event)
        self.assert_sip(result, limit_doors_per_call=1)
        self.assert_nothing_left(result)


if __name__ == "__main__":
    main()
