#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Registrations: the phone is reachable for as long as it is registered, and no longer."""
from replay import ZONES, main
from scene import SipTest
from sip_text import FAR, PBX, PHONE, TRUNK, WAN, Call, register, registered, sdp

ONE_WAY = ZONES.replace(ZONES[ZONES.index('  { name = "out-in"'):], "").rstrip().rstrip(",") + " );\n"


def inbound(uri=WAN, number=1):
    """An INVITE for the phone, as the registrar sends it, and as the phone must get it."""
    outside = Call(caller=TRUNK, callee=WAN, via=f"{TRUNK}:5060", contact=f"{TRUNK}:5060",
                   uri=uri, remote=WAN, call_id=f"in-{number}@{TRUNK}")
    return outside, outside.seen({uri: PHONE, WAN: PHONE})


class RegistrationTest(SipTest):
    """A phone that registers, and who rings it."""
    def registered_scene(self, granted=600, answer=True, asked=600, **config):
        scene = self.scene(**config)
        self.out = scene.lan(register(PHONE, expires=asked), src=PHONE)
        if answer:
            self.back = scene.wan(registered(WAN, granted=granted))
        return scene

    def ring(self, scene, number=1):
        outside, inside = inbound(number=number)
        return scene.wan(outside.request("INVITE", 1, sdp(FAR, 20000))), inside


class Registration(RegistrationTest):
    def test_contact_and_via_come_back_as_the_phone_wrote_them(self):
        scene = self.registered_scene()
        scene.run()
        self.assert_text(self.out, register(WAN))
        self.assert_text(self.back, registered(PHONE))

    def test_inbound_call_reaches_the_registered_phone_and_has_media(self):
        for zones in (ZONES, ONE_WAY, ""):
            scene = self.registered_scene(zones=zones)
            scene.wait(500)
            event, inside = self.ring(scene)
            outside, _ = inbound()
            answer = scene.lan(inside.response(200, body=sdp(PHONE, 12000)), src=PHONE)
            ack = scene.wan(outside.request("ACK"))
            media = [(scene.wan(b"in", FAR, 20000, WAN, 12000), (FAR, 20000, PHONE, 12000)),
                     (scene.lan(b"out", PHONE, 12000, FAR, 20000), (WAN, 12000, FAR, 20000)),
                     (scene.lan(b"out", PHONE, 12001, FAR, 20001), (WAN, 12001, FAR, 20001))]
            bye = scene.lan(inside.back_request("BYE", 1), src=PHONE)
            done = scene.wan(outside.back_response(200))
            late = scene.wan(b"late", FAR, 20000, WAN, 12000)
            result = scene.run()
            self.assert_text(event, inside.request("INVITE", 1, sdp(FAR, 20000)))
            self.assert_text(answer, outside.response(200, body=sdp(WAN, 12000)))
            self.assert_text(ack, inside.request("ACK"))
            self.assert_text(bye, outside.back_request("BYE", 1))
            self.assert_text(done, inside.back_response(200))
            for packet, ends in media:
                self.assert_media(packet, ends)
            self.assert_stopped(late)
            self.assert_nothing_left(result)
            self.assert_all_gone(scene.run(drain=1200))

    def test_door_stays_for_the_granted_time_and_the_grace(self):
        for after, reached in ((650, 1), (700, 0)):
            scene = self.registered_scene(granted=600)
            scene.wait(after)
            event, _ = self.ring(scene)
            scene.run()
            self.assertEqual(len(event.sent), reached, after)

    def test_granted_time_rules_over_the_asked_one(self):
        scene = self.registered_scene(asked=3600, granted=120)
        scene.wait(500)
        event, _ = self.ring(scene)
        result = scene.run()
        self.assert_stopped(event)
        self.assertEqual(result.drops(), {"nat_unsolicited": 1})

    def test_refused_registration_opens_nothing_for_long(self):
        scene = self.registered_scene(answer=False)
        scene.wan(registered(WAN, status=403))
        scene.wait(400)
        event, _ = self.ring(scene)
        scene.run()
        self.assert_stopped(event)

    def test_taking_it_back_closes_the_door(self):
        for text in (register(PHONE, cseq=2, expires=0),
                     register(PHONE, cseq=2, expires=0, contact="*"),
                     register(PHONE, cseq=2, expires=None,
                              contact=f"<sip:300@{PHONE}>;expires=0")):
            scene = self.registered_scene(granted=3600)
            scene.wait(10)
            event = scene.lan(text, src=PHONE)
            scene.wan(registered(WAN, cseq=2, granted=0))
            scene.wait(400)
            ring, _ = self.ring(scene)
            scene.run()
            self.assertEqual(event.payload, text.replace(PHONE.encode(), WAN.encode()).replace(
                f"reg@{WAN}".encode(), f"reg@{PHONE}".encode()).replace(
                f"-reg@{WAN}".encode(), f"-reg@{PHONE}".encode()))
            self.assert_stopped(ring)

    def test_one_line_of_a_phone_is_taken_back_and_the_other_stays(self):
        for left in ((1,), (1, 2)):
            scene = self.scene()
            for line in (1, 2):
                text = {"user": f"line{line}", "call_id": f"line{line}"}
                scene.lan(register(PHONE, **text), PHONE)
                scene.wan(registered(WAN, **text))
            for line in left:
                text = {"user": f"line{line}", "call_id": f"line{line}", "cseq": 2}
                scene.lan(register(PHONE, expires=0, **text), PHONE)
                scene.wan(registered(WAN, granted=0, **text))
            scene.wait(400)
            invite, _ = self.ring(scene)
            result = scene.run(drain=700)
            self.assertEqual(len(invite.sent), 2 - len(left))
            self.assert_all_gone(result)

    def test_refresh_prolongs(self):
        scene = self.registered_scene()
        scene.wait(500)
        scene.lan(register(PHONE, cseq=2), src=PHONE)
        scene.wan(registered(WAN, cseq=2))
        scene.wait(500)
        event, inside = self.ring(scene)
        scene.run()
        self.assert_text(event, inside.request("INVITE", 1, sdp(FAR, 20000)))

    def test_only_the_registrar_reaches_the_phone(self):
        scene = self.registered_scene(zones="")
        scene.wait(10)
        outside, _ = inbound()
        stranger = scene.wan(outside.request("INVITE", 1, sdp(FAR, 20000)), src="192.0.2.66")
        scene.run()
        self.assert_stopped(stranger)

    def test_two_phones_of_one_port_are_told_apart(self):
        def script(port):
            scene = self.scene()
            scene.lan(register(PBX, call_id="reg@10.0.0.5"), src=PBX)
            scene.wan(registered(WAN, call_id="reg@10.0.0.5"))
            out = scene.lan(register(PHONE), src=PHONE)
            spelled = f"{WAN}:{port}"
            back = scene.wan(registered(spelled), dport=port)
            scene.wait(400)
            outside = Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=TRUNK, uri=spelled,
                           remote=spelled)
            inside = Call(caller=TRUNK, callee=PHONE, via=TRUNK, contact=TRUNK, uri=PHONE,
                          remote=PHONE)
            ring = scene.wan(outside.request("INVITE", 1, sdp(FAR, 20000)), dport=port)
            scene.run()
            return out, back, ring, inside
        port = script(5062)[0].ends[1]
        self.assertNotEqual(port, 5060)
        out, back, ring, inside = script(port)
        self.assert_text(out, register(f"{WAN}:{port}"))
        self.assert_text(back, registered(PHONE))
        self.assertEqual(ring.ends, (TRUNK, 5060, PHONE, 5060))
        self.assert_text(ring, inside.request("INVITE", 1, sdp(FAR, 20000)))

    def test_registrations_are_counted_while_they_last(self):
        def registrations(seconds):
            scene = self.scene()
            scene.lan(register(PHONE), src=PHONE)
            scene.wan(registered(WAN))
            return scene.run(drain=seconds).count("summary registrations")
        self.assertEqual([registrations(seconds) for seconds in (1, 600, 700)], [1, 1, 0])

    def test_several_contacts_keep_their_order_and_form(self):
        def contacts(host):
            return f'<sip:300@{host}>, "desk" <sip:300@{host}:5060;line=1>;q=0.5'
        scene = self.scene()
        out = scene.lan(register(PHONE, contact=contacts(PHONE)), src=PHONE)
        back = scene.wan(registered(WAN, contact=contacts(WAN)))
        scene.run()
        self.assert_text(out, register(WAN, contact=contacts(WAN)))
        self.assert_text(back, registered(PHONE, contact=contacts(PHONE)))


    def test_grace_is_as_configured(self):
        for after, reached in ((780, 1), (830, 0)):
            scene = self.registered_scene(extra="sip: { registration_grace = 200; };")
            scene.wait(after)
            event, _ = self.ring(scene)
            scene.run()
            self.assertEqual(len(event.sent), reached, after)

    def test_a_shorter_refresh_shortens(self):
        scene = self.registered_scene(granted=3600)
        scene.lan(register(PHONE, cseq=2), PHONE)
        scene.wan(registered(WAN, cseq=2, granted=60))
        scene.wait(500)
        event, _ = self.ring(scene)
        scene.run()
        self.assert_stopped(event)


class Answers(RegistrationTest):
    """What the registrar says rules: where it says it, and that it says it at all."""

    def reached(self, scene, after=400, src=TRUNK, dport=5060):
        """Does a request of `src` reach the phone after a while?"""
        scene.wait(after)
        outside = Call(caller=src, callee=WAN, via=src, contact=src, uri=WAN, remote=WAN)
        event = scene.wan(outside.request("OPTIONS"), src, dport=dport)
        scene.run()
        return len(event.sent) == 1

    def test_expires_header_alone_rules(self):
        for granted, reached in ((600, True), (60, False)):
            scene = self.scene()
            scene.lan(register(PHONE), PHONE)
            scene.wan(registered(WAN, granted=None, extra=(f"Expires: {granted}",)))
            self.assertEqual(self.reached(scene), reached, granted)

    def test_expires_of_the_contact_rules_over_the_header(self):
        for granted, header, reached in ((600, 60, True), (60, 600, False)):
            scene = self.scene()
            scene.lan(register(PHONE), PHONE)
            scene.wan(registered(WAN, granted=granted, extra=(f"Expires: {header}",)))
            self.assertEqual(self.reached(scene), reached, granted)

    def test_401_then_200(self):
        scene = self.scene()
        scene.lan(register(PHONE), PHONE)
        scene.wan(registered(WAN, status=401))
        scene.lan(register(PHONE, cseq=2), PHONE)
        scene.wan(registered(WAN, cseq=2))
        self.assertTrue(self.reached(scene))

    def test_423_then_longer(self):
        scene = self.scene()
        scene.lan(register(PHONE, expires=10), PHONE)
        scene.wan(registered(WAN, status=423, extra=("Min-Expires: 600",)))
        scene.lan(register(PHONE, cseq=2), PHONE)
        scene.wan(registered(WAN, cseq=2))
        self.assertTrue(self.reached(scene))

    def test_taking_back_that_is_not_granted_keeps_the_door(self):
        for contact in (None, "*"):
            for status in (401, None) if contact else (403, 500):
                scene = self.registered_scene(granted=3600)
                scene.lan(register(PHONE, cseq=2, expires=0, contact=contact), PHONE)
                if status:
                    scene.wan(registered(WAN, cseq=2, status=status))
                self.assertTrue(self.reached(scene), status)

    def test_taking_back_after_a_challenge_closes(self):
        for contact in (None, "*"):
            scene = self.registered_scene(granted=3600)
            scene.lan(register(PHONE, cseq=2, expires=0, contact=contact), PHONE)
            scene.wan(registered(WAN, cseq=2, status=401))
            scene.lan(register(PHONE, cseq=3, expires=0, contact=contact), PHONE)
            scene.wan(registered(WAN, cseq=3, contact=""))
            self.assertFalse(self.reached(scene))

    def test_answer_of_an_older_refresh_takes_nothing_back(self):
        scene = self.registered_scene(granted=3600)
        scene.lan(register(PHONE, cseq=2), PHONE)
        scene.lan(register(PHONE, cseq=3, expires=0), PHONE)
        scene.wan(registered(WAN, cseq=2, granted=3600))
        self.assertTrue(self.reached(scene))

    def test_refused_refresh_keeps_what_was_granted(self):
        scene = self.registered_scene(granted=3600)
        scene.lan(register(PHONE, cseq=2), PHONE)
        scene.wan(registered(WAN, cseq=2, status=503))
        self.assertTrue(self.reached(scene, 3000))

    def test_response_alone_opens_nothing(self):
        """A registrar that the phone speaks to names endpoints that nobody has asked for."""
        scene = self.registered_scene()
        scene.lan(b"\r\n\r\n", PBX, 5062)
        scene.wan(registered(WAN, cseq=1, contact=f"<sip:300@{WAN}:5062>", granted=3600))
        self.assertFalse(self.reached(scene, dport=5062))

    def test_who_was_not_asked_grants_nothing(self):
        """A host that the phone has called says that it is registered there, and who may ring."""
        for src in (FAR, "198.51.100.11"):
            scene = self.scene()
            scene.lan(Call(caller=PHONE, via=PHONE, contact=PHONE).request("OPTIONS"), PHONE, dst=FAR)
            scene.wan(registered(WAN, granted=86400, registrar=FAR, call_id="forged",
                                 extra=("Service-Route: <sip:198.51.100.11;lr>",)), FAR)
            self.assertFalse(self.reached(scene, src=src), src)

    def test_taken_back_from_one_of_two_registrars(self):
        for left, other in ((TRUNK, FAR), (FAR, TRUNK)):
            answers = []
            for src in (left, other):
                scene = self.scene()
                for registrar in (TRUNK, FAR):
                    text = {"registrar": registrar, "call_id": f"reg@{registrar}"}
                    scene.lan(register(PHONE, **text), PHONE, dst=registrar)
                    scene.wan(registered(WAN, **text), registrar)
                text = {"registrar": left, "call_id": f"reg@{left}", "cseq": 2}
                scene.lan(register(PHONE, expires=0, **text), PHONE, dst=left)
                scene.wan(registered(WAN, contact="", **text), left)
                answers.append(self.reached(scene, src=src))
            self.assertEqual(answers, [False, True])


class Contacts(RegistrationTest):
    """Whose endpoints these are, how many, and how they are written."""

    def second(self, script):
        """Run script(port) twice: 5060 is another phone's, and the first run tells the port."""
        def taken(port):
            scene = self.scene()
            scene.lan(register(PBX, call_id="first"), PBX)
            out = scene.lan(b"\r\n\r\n", PHONE)
            result = script(scene, port)
            scene.run()
            return out.ends[1], result
        port, _ = taken(5062)
        self.assertNotEqual(port, 5060)
        _, result = taken(port)
        return f"{WAN}:{port}", result

    @staticmethod
    def ring_line(scene, user, port, parameters="", number=1):
        spelled = f"{WAN}:{port}"
        outside = Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=TRUNK, uri=spelled,
                       remote=spelled, call_id=f"ring-{user}-{number}")
        text = outside.request("INVITE", 1, sdp(FAR, 20000))
        return scene.wan(text.replace(f"sip:200@{spelled}".encode(),
                                      f"sip:{user}@{spelled}{parameters}".encode(), 1), dport=port)

    def rung(self, event):
        return event.payload.split(b" ")[1].decode()

    def test_lines_spelled_differently_ring_as_registered(self):
        def script(scene, port):
            spelled, events = f"{WAN}:{port}", []
            for line, host in (("one", PHONE), ("two", f"{PHONE}:5060")):
                text = {"user": line, "call_id": line}
                scene.lan(register(host, contact=f"<sip:{line}@{host}>", **text), PHONE)
                events.append(scene.wan(registered(spelled, **text), dport=port))
            for line in ("one", "two"):
                events.append(self.ring_line(scene, line, port))
            return events
        _, events = self.second(script)
        for event, contact in zip(events, (f"one@{PHONE}>", f"two@{PHONE}:5060>")):
            self.assertIn(f"Contact: <sip:{contact};".encode(), event.payload)
        self.assertEqual([self.rung(event) for event in events[2:]],
                         [f"sip:one@{PHONE}", f"sip:two@{PHONE}:5060"])

    def test_contacts_of_one_user_are_told_apart_by_their_parameters(self):
        def script(scene, port):
            def contact(first, second):
                return f"<sip:300@{first};line=1>, <sip:300@{second};line=2>"
            scene.lan(register(PHONE, contact=contact(f"{PHONE}:5060", PHONE)), PHONE)
            back = scene.wan(registered(f"{WAN}:{port}", contact=contact(
                f"{WAN}:{port}", f"{WAN}:{port}")), dport=port)
            return back, [self.ring_line(scene, "300", port, f";line={line}", line)
                          for line in (1, 2)]
        _, (back, rung) = self.second(script)
        self.assertIn(f"<sip:300@{PHONE}:5060;line=1>, <sip:300@{PHONE};line=2>;".encode(),
                      back.payload)
        self.assertEqual([self.rung(event) for event in rung],
                         [f"sip:300@{PHONE}:5060;line=1", f"sip:300@{PHONE};line=2"])

    def test_contact_of_a_call_does_not_change_the_registered_one(self):
        for registers, calls in ((PHONE, f"{PHONE}:5060"), (f"{PHONE}:5060", PHONE)):
            def script(scene, port, registers=registers, calls=calls):
                scene.lan(register(registers), PHONE)
                scene.wan(registered(f"{WAN}:{port}"), dport=port)
                call = Call(caller=PHONE, via=PHONE, contact=calls)
                scene.lan(call.request("INVITE", 1, sdp(PHONE)), PHONE)
                seen = call.seen({PHONE: f"{WAN}:{port}", f"{PHONE}:5060": f"{WAN}:{port}"})
                seen = seen.seen({":5060:5060": ":5060", f":{port}:5060": f":{port}"})
                rings = [self.ring_line(scene, "300", port)]
                scene.wan(seen.response(200, body=sdp(FAR, 20000)), dport=port)
                bye = scene.wan(seen.back_request("BYE", 1), dport=port)
                return rings + [self.ring_line(scene, "300", port, number=2)], bye
            _, (rings, bye) = self.second(script)
            self.assertEqual([self.rung(event) for event in rings], [f"sip:300@{registers}"] * 2)
            self.assertEqual(self.rung(bye), f"sip:100@{calls}")

    def test_refresh_with_another_spelling_counts_when_it_is_granted(self):
        def script(scene, port):
            spelled, rings = f"{WAN}:{port}", []
            scene.lan(register(PHONE), PHONE)
            scene.wan(registered(spelled), dport=port)
            scene.lan(register(f"{PHONE}:5060", cseq=2), PHONE)
            rings.append(self.ring_line(scene, "300", port))
            scene.wan(registered(spelled, cseq=2), dport=port)
            rings.append(self.ring_line(scene, "300", port, number=2))
            return rings
        _, rings = self.second(script)
        self.assertEqual([self.rung(event) for event in rings],
                         [f"sip:300@{PHONE}", f"sip:300@{PHONE}:5060"])

    def test_third_party_registration_with_and_without_nat(self):
        """The PBX registers a phone's Contact; the phone itself has sent nothing."""
        for routed in (False, True):
            scene = self.scene(routed=routed, zones=ONE_WAY)
            out = scene.lan(register(PBX, contact=f"<sip:300@{PHONE}>"), PBX)
            scene.run()
            seen = PHONE
            if not routed:
                line = [x for x in out.payload.decode().split("\r\n") if x[:7] == "Contact"][0]
                seen = line[line.index("@") + 1:-1]
            port = int(seen.partition(":")[2] or 5060)
            scene.wan(registered(PBX if routed else WAN, contact=f"<sip:300@{seen}>"))
            scene.wait(500)
            host = PHONE if routed else WAN
            call = Call(caller=TRUNK, callee=host, via=TRUNK, contact=TRUNK, uri=seen)
            ring = scene.wan(call.request("INVITE", 1, sdp(FAR, 20000)), dst=host, dport=port)
            scene.wait(300)
            late = scene.wan(call.request("OPTIONS", 2), dst=host, dport=port)
            scene.run()
            self.assertEqual(ring.ends, (TRUNK, 5060, PHONE, 5060))
            self.assertEqual(self.rung(ring), f"sip:200@{PHONE}")
            self.assert_stopped(late)

    def test_star_closes_contacts_of_every_port(self):
        for refused in (False, True):
            scene = self.scene()
            for number, port in enumerate((5060, 5062, 5064), 1):
                host = f":{port}" if port != 5060 else ""
                scene.lan(register(PHONE + host, cseq=number), PHONE, port)
                scene.wan(registered(WAN + host, cseq=number, granted=3600), dport=port)
            scene.lan(register(PHONE, cseq=4, expires=0, contact="*"), PHONE)
            scene.wan(registered(WAN, cseq=4, status=403 if refused else 200, contact=""))
            scene.wait(400)
            call = Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=TRUNK, uri=WAN, remote=WAN)
            events = [scene.wan(call.request("OPTIONS", port), dport=port)
                      for port in (5060, 5062, 5064)]
            scene.run()
            self.assertEqual([len(event.sent) for event in events], [int(refused)] * 3)

    def test_one_of_two_contacts_is_taken_back(self):
        scene = self.scene()
        both = (f"<sip:300@{PHONE}>", f"<sip:300@{PHONE}:5062>")
        seen = [contact.replace(PHONE, WAN) for contact in both]
        scene.lan(register(PHONE, contact=", ".join(both)), PHONE)
        scene.lan(b"\r\n\r\n", PHONE, 5062)
        scene.wan(registered(WAN, contact=f"{seen[0]};expires=3600, {seen[1]}", granted=3600))
        scene.lan(register(PHONE, cseq=2, contact=both[1] + ";expires=0"), PHONE)
        scene.wan(registered(WAN, cseq=2, contact=seen[0], granted=3600))
        scene.wait(400)
        call = Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=TRUNK, uri=WAN, remote=WAN)
        events = [scene.wan(call.request("OPTIONS", port), dport=port) for port in (5060, 5062)]
        scene.run()
        self.assertEqual([len(event.sent) for event in events], [1, 0])

    def test_phones_of_one_address_of_record_have_their_own_grants(self):
        """The registrar lists both in each answer; taking one back leaves the other."""
        scene = self.scene()
        scene.lan(register(PHONE), PHONE)
        scene.wan(registered(WAN, granted=60))
        second = f"{PBX}:5062"
        scene.lan(register(second, call_id="second"), PBX, 5062)
        scene.wan(registered(f"{WAN}:5062", call_id="second", contact=(
            f"<sip:300@{WAN}>;expires=60, <sip:300@{WAN}:5062>")), dport=5062)
        scene.lan(register(PHONE, cseq=2, expires=0), PHONE)
        scene.wan(registered(WAN, cseq=2, contact=f"<sip:300@{WAN}:5062>"))
        scene.wait(400)
        call = Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=TRUNK, uri=WAN, remote=WAN)
        events = [scene.wan(call.request("OPTIONS", port), dport=port) for port in (5060, 5062)]
        scene.run()
        self.assertEqual([len(event.sent) for event in events], [0, 1])


class Routes(RegistrationTest):
    """Proxies that a registration goes through (RFC 3327, 3608)."""

    def test_invite_from_the_service_route_reaches_the_phone(self):
        for lasting in (True, False):
            scene = self.scene()
            scene.lan(register(PHONE), PHONE)
            scene.wan(registered(WAN, extra=(f"Service-Route: <sip:{FAR};lr>",)))
            if not lasting:
                scene.lan(register(PHONE, cseq=2, expires=0), PHONE)
                scene.wan(registered(WAN, cseq=2, contact=""))
            scene.wait(500)
            call = Call(caller=TRUNK, callee=WAN, via=FAR, contact=FAR, uri=WAN, remote=WAN)
            stopped = scene.wan(call.request("INVITE", 1, sdp(FAR, 20000)), "198.51.100.99")
            ring = scene.wan(call.request("INVITE", 1, sdp(FAR, 20000)), FAR)
            scene.run()
            self.assert_stopped(stopped)
            self.assertEqual(len(ring.sent), lasting)

    def test_many_contacts_of_one_address_of_record(self):
        """The answer lists what others have registered, before and behind the phone's own."""
        path, seen = f"Path: <sip:{PBX}:5070;lr>", f"Path: <sip:{WAN}:5070;lr>"
        others = [f"<sip:300@{WAN}:{7000 + n}>;expires=99" for n in range(200)]
        for first in (True, False):
            own = f"<sip:300@{WAN}:5062>;expires=600"
            contact = ", ".join([own] + others if first else others + [own])
            answer = registered(WAN, granted=None, contact=contact, extra=(seen,) if first else ())
            if not first:
                answer = answer.replace(b"Contact:", f"{seen}\r\nContact:".encode())
            scene = self.scene(zones=ONE_WAY)
            scene.lan(register(PBX, contact=f"<sip:300@{PHONE}:5062>", extra=(path,)), PBX)
            scene.wan(answer)
            scene.wait(400)
            call = Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=TRUNK, uri=WAN)
            rings = [scene.wan(call.request("OPTIONS", n), dport=n) for n in (5070, 5062)]
            scene.run()
            self.assertEqual([len(ring.sent) for ring in rings], [1, 1], first)

    def test_path_door_lives_as_long_as_the_grant(self):
        """An edge proxy inside, which is not the phone: requests come through its Path."""
        path, seen = f"Path: <sip:{PBX}:5070;lr>", f"Path: <sip:{WAN}:5070;lr>"
        for routed in (False, True):
            for taken_back in (False, True):
                scene = self.scene(routed=routed, zones=ONE_WAY)
                host = PBX if routed else WAN
                phone = f"{PHONE if routed else WAN}:5062"
                echoed = (path if routed else seen,)
                contact = f"<sip:300@{PHONE}:5062>"
                scene.lan(register(PBX, contact=contact, extra=(path,)), PBX)
                scene.wan(registered(host, contact=f"<sip:300@{phone}>", extra=echoed))
                if taken_back:
                    scene.lan(register(PBX, cseq=2, expires=0, contact=contact, extra=(path,)), PBX)
                    scene.wan(registered(host, cseq=2, contact="", extra=echoed))
                scene.wait(500)
                call = Call(caller=TRUNK, callee=host, via=TRUNK, contact=TRUNK, uri=phone)
                ring = scene.wan(call.request("INVITE", 1, sdp(FAR, 20000), extra=(
                    f"Route: <sip:{host}:5070;lr>",)), dst=host, dport=5070)
                scene.wait(300)
                late = scene.wan(call.request("OPTIONS", 2), dst=host, dport=5070)
                scene.run()
                self.assert_stopped(late)
                if taken_back:
                    self.assert_stopped(ring)
                    continue
                self.assertEqual(ring.ends, (TRUNK, 5060, PBX, 5070))
                self.assertEqual(ring.payload.split(b" ")[1], f"sip:200@{PHONE}:5062".encode())
                self.assertIn(f"Route: <sip:{PBX}:5070;lr>".encode(), ring.payload)


if __name__ == "__main__":
    main()
