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


class Registration(SipTest):
    def registered_scene(self, granted=600, answer=True, asked=600, **config):
        scene = self.scene(**config)
        self.out = scene.lan(register(PHONE, expires=asked), src=PHONE)
        if answer:
            self.back = scene.wan(registered(WAN, granted=granted))
        return scene

    def ring(self, scene, number=1):
        outside, inside = inbound(number=number)
        return scene.wan(outside.request("INVITE", 1, sdp(FAR, 20000))), inside

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


if __name__ == "__main__":
    main()
