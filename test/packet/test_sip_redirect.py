#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A call that is sent elsewhere by a 3xx goes on there; Contacts that are none, To tags that are two."""
import re

from replay import main
from scene import OutgoingCall, SipTest
from sip_text import FAR, PBX, PHONE, TRUNK, WAN, Call, register, registered, sdp

TARGET = f"{FAR}:5070"                     # no port of SIP, and no policy lets it pass
ACK = "z9hG4bK-one@10.0.0.5-1-INVITE"      # branch of the INVITE that was refused


def redirect(call, *contacts, status=302):
    return call.response(status, contact=False, extra=("Contact: " + ", ".join(contacts),))


class Redirections(SipTest):
    def test_call_goes_on_to_an_outside_target_at_any_port(self):
        scene = self.scene()
        call = OutgoingCall(scene)
        call.invite()
        moved = [f"<sip:200@{TARGET}>;q=0.9", f"<sip:200@{TRUNK}:5060>;q=0.1", "<tel:+4930200>"]
        call.back(redirect(call.outside, *moved), redirect(call.inside, *moved))
        call.request("ACK", 1, uri=TRUNK, branch=ACK)
        again = scene.lan(call.inside.request("INVITE", 2, sdp(PBX), uri=TARGET), dst=FAR, dport=5070)
        scene.run()
        # The port of the offer that was refused rests.
        port = int(re.search(rb"m=audio (\d+)", again.payload)[1])
        self.assertEqual(port % 2, 0)
        answer = scene.wan(call.outside.response(200, 2, body=sdp(FAR, 22000)), FAR, 5070)
        ack = scene.lan(call.inside.request("ACK", 2, uri=TARGET), dst=FAR, dport=5070)
        media = [(scene.wan(b"rtp", FAR, 22000, WAN, port), (FAR, 22000, PBX, 10000)),
                 (scene.lan(b"rtp", PBX, 10000, FAR, 22000), (WAN, port, FAR, 22000))]
        bye = scene.lan(call.inside.request("BYE", 3, uri=TARGET), dst=FAR, dport=5070)
        scene.wan(call.outside.response(200, 3, "BYE"), FAR, 5070)
        late = scene.wan(b"rtp", FAR, 22000, WAN, port)
        result = scene.run()
        call.check_texts()
        self.assert_text(again, call.outside.request("INVITE", 2, sdp(WAN, port), uri=TARGET))
        self.assert_text(answer, call.inside.response(200, 2, body=sdp(FAR, 22000)))
        self.assert_text(ack, call.outside.request("ACK", 2, uri=TARGET))
        self.assert_text(bye, call.outside.request("BYE", 3, uri=TARGET))
        for event, ends in media:
            self.assert_media(event, ends)
        self.assert_stopped(late)
        self.assert_nothing_left(result)

    def from_outside(self, moved, seen, status=302, wait=0):
        """A call from outside that an inside phone sends on; the texts of the 3xx are compared."""
        scene = self.scene()
        scene.lan(Call(call_id="here").request("OPTIONS"))
        far = Call(caller=TRUNK, callee=WAN, via=f"{TRUNK}:5060", contact=f"{TRUNK}:5060",
                   remote=f"{PBX}:5060", uri=WAN)
        near = far.seen({WAN: PBX})
        scene.wan(far.request("INVITE", 1, sdp(FAR, 20000)))
        event = scene.lan(redirect(near, *moved, status=status))
        scene.wan(far.request("ACK", 1, branch=ACK, uri=WAN))
        scene.wait(wait)
        return scene, event, redirect(far, *seen, status=status)

    def test_contacts_of_the_inside_are_translated_and_the_call_goes_on_to_one(self):
        moved = (f"<sip:200@{PHONE}:5077>;q=0.7", f'"x, y" <sip:201@{PBX}:5060;user=phone>',
                 f"<sip:200@{FAR}:5060>", f"<sip:202@{PHONE}:5078?Subject={PBX}>")
        seen = (f"<sip:200@{WAN}:5077>;q=0.7", f'"x, y" <sip:201@{WAN}:5060;user=phone>',
                f"<sip:200@{FAR}:5060>", f"<sip:202@{WAN}:5078?Subject={PBX}>")
        for status in (300, 301, 302, 305, 380):
            with self.subTest(status=status):
                scene, event, expected = self.from_outside(moved, seen, status)
                far = Call(caller=TRUNK, callee=WAN, via=f"{TRUNK}:5060", contact=f"{TRUNK}:5060",
                           remote=f"{WAN}:5077", uri=f"{WAN}:5077")
                near = far.seen({WAN: PHONE})
                invite = scene.wan(far.request("INVITE", 2, sdp(FAR, 20000)), dport=5077)
                answer = scene.lan(near.response(200, 2, body=sdp(PHONE, 12000)), PHONE, 5077)
                ack = scene.wan(far.request("ACK", 2), dport=5077)
                media = [(scene.lan(b"rtp", PHONE, 12000, FAR, 20000), (WAN, 12000, FAR, 20000)),
                         (scene.wan(b"rtp", FAR, 20000, WAN, 12000), (FAR, 20000, PHONE, 12000))]
                stranger = scene.wan(far.request("OPTIONS", 1), src=FAR, dport=5078)
                scene.wan(far.request("BYE", 3), dport=5077)
                scene.lan(near.response(200, 3, "BYE"), PHONE, 5077)
                result = scene.run()
                self.assert_text(event, expected)
                self.assert_text(invite, near.request("INVITE", 2, sdp(FAR, 20000)))
                self.assert_text(answer, far.response(200, 2, body=sdp(WAN, 12000)))
                self.assert_text(ack, near.request("ACK", 2))
                for packet, ends in media:
                    self.assert_media(packet, ends)
                self.assert_stopped(stranger)
                self.assert_nothing_left(result)

    def test_contacts_of_a_redirection_are_open_for_a_transaction(self):
        for status, wait, passes in ((302, 25, 1), (302, 40, 0), (404, 0, 0), (485, 0, 0), (503, 0, 0)):
            with self.subTest(status=status, wait=wait):
                scene, event, expected = self.from_outside(
                    (f"<sip:200@{PHONE}:5077>",), (f"<sip:200@{WAN}:5077>",), status, wait)
                late = scene.wan(Call(caller=TRUNK, callee=WAN, via=TRUNK, uri=f"{WAN}:5077",
                                      contact=TRUNK, call_id="x").request("OPTIONS"), dport=5077)
                result = scene.run(drain=40)
                self.assert_text(event, expected)
                self.assertEqual(len(late.sent), passes)
                self.assertEqual(result.count("summary pinholes"), 0)


class Star(SipTest):
    def test_star_in_an_invite_names_nobody(self):
        """RFC 3261 20.10: only a REGISTER may have it. Whoever is called may say so."""
        star = {b"Contact: <sip:100@10.0.0.5:5060>": b"Contact: *",
                b"Contact: <sip:100@203.0.113.1:5060>": b"Contact: *"}
        scene = self.scene()
        call = OutgoingCall(scene)
        inside, outside = (one.request("INVITE", 1, body) for one, body in
                           zip((call.inside, call.outside), call.offer()))
        for old, new in star.items():
            inside, outside = inside.replace(old, new), outside.replace(old, new)
        call.out(inside, outside)
        call.respond(400, contact=False)
        result = scene.run()
        call.check_texts()
        self.assert_sip(result, malformed=0, call_made=1, call_ended=1)
        self.assert_nothing_left(result)

    def registrations(self, contact, answer, expires=0):
        """How many stand after a REGISTER with this Contact was answered so."""
        scene = self.scene()
        scene.lan(register(PHONE), PHONE)
        scene.wan(registered(WAN))
        asked = scene.lan(register(PHONE, cseq=2, contact=contact, expires=expires), PHONE)
        told = scene.wan(registered(WAN, cseq=2, **answer))
        result = scene.run()
        self.assert_text(asked, register(WAN, cseq=2, contact=contact.replace(PHONE, WAN),
                                         expires=expires))
        self.assert_text(told, registered(PHONE, cseq=2, **answer))
        return result.count("summary registrations")

    def test_what_the_registrar_answers_to_a_star_counts(self):
        """Beside others, or without Expires 0, it is answered with 400 (RFC 3261 10.3, step 6)."""
        both = f"*, <sip:300@{PHONE}>"
        for contact, expires in (("*", 600), ("*", None), (both, 0), (both, 600)):
            with self.subTest(contact=contact, expires=expires):
                self.assertEqual(self.registrations(contact, {"status": 400}, expires), 1)
                self.assertEqual(self.registrations(contact, {"contact": ""}, expires), 0)
        self.assertEqual(self.registrations("*", {"contact": ""}), 0)
        self.assertEqual(self.registrations("*", {"status": 403}), 1)


class Tags(SipTest):
    def test_of_two_tags_the_first_counts(self):
        """No parameter may come twice (RFC 3261 7.3.1): such a message is no other dialog's."""
        def two(text, tag):
            return text.replace(b"tag=to-1", tag)
        scene = self.scene()
        call = OutgoingCall(scene)
        call.establish()
        other = b"tag=x;tag=to-1"
        call.out(two(call.inside.request("BYE", 2), other), two(call.outside.request("BYE", 2), other))
        call.back(two(call.outside.response(481, 2, "BYE"), other),
                  two(call.inside.response(481, 2, "BYE"), other))
        media = [(call.media_in(), call.in_ends()), (call.media_out(), call.out_ends())]
        own = b"tag=to-1;tag=x"
        call.out(two(call.inside.request("BYE", 3), own), two(call.outside.request("BYE", 3), own))
        call.back(two(call.outside.response(200, 3, "BYE"), own),
                  two(call.inside.response(200, 3, "BYE"), own))
        late = call.media_in()
        result = scene.run()
        call.check_texts()
        for event, ends in media:
            self.assert_media(event, ends)
        self.assert_stopped(late)
        self.assert_nothing_left(result)


if __name__ == "__main__":
    main()
