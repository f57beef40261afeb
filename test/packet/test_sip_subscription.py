#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Subscriptions and transfers: who is told of an event, for how long, and from where."""
from replay import ZONES, main
from scene import OutgoingCall, SipTest
from sip_text import FAR, PBX, PHONE, TRUNK, WAN, Call, register, registered, sdp

ONE_WAY = ZONES.replace(ZONES[ZONES.index('  { name = "out-in"'):], "").rstrip().rstrip(",") + " );\n"
PORT = 5062                   # the subscriber's Contact; it sends from 5060
SECOND = "198.51.100.11"


def state(value, event="presence"):
    return (f"Event: {event}", f"Subscription-State: {value}")


class Subscription(SipTest):
    """The phone subscribes at the trunk."""

    def begin(self, scene, event="presence", expires=600, call_id="watch", contact=TRUNK):
        """SUBSCRIBE out; the dialog as (inside, outside)."""
        inside = Call(caller=PHONE, via=f"{PHONE}:5060", contact=f"{PHONE}:{PORT}", remote=contact,
                      call_id=call_id)
        outside = inside.seen({PHONE: PHONE if scene.routed else WAN})
        scene.lan(inside.request("SUBSCRIBE", 1, extra=(f"Event: {event}", f"Expires: {expires}")),
                  PHONE)
        return inside, outside

    def accept(self, scene, outside, status=200, cseq=1, expires=600):
        scene.wan(outside.response(status, cseq, "SUBSCRIBE", extra=(f"Expires: {expires}",)),
                  dst=PHONE if scene.routed else WAN)

    def notify(self, scene, outside, value, cseq=1, src=TRUNK, event="presence", sport=5099):
        return scene.wan(outside.back_request("NOTIFY", cseq, extra=state(value, event), via=src),
                         src, sport, PHONE if scene.routed else WAN, PORT)

    def watched(self, expires=600, **config):
        scene = self.scene(zones=ONE_WAY, **config)
        inside, outside = self.begin(scene)
        self.accept(scene, outside)
        first = self.notify(scene, outside, f"active;expires={expires}")
        scene.lan(inside.back_response(200, 1, "NOTIFY", via=TRUNK), PHONE, PORT, dport=5099)
        return scene, inside, outside, first

    def test_notify_reaches_the_subscriber_until_expiry(self):
        for routed in (False, True):
            for after, reached in ((600, 1), (700, 0)):
                scene, inside, outside, first = self.watched(routed=routed)
                scene.wait(after)
                event = self.notify(scene, outside, "active;expires=9", 2)
                result = scene.run(drain=800)
                self.assert_text(first, inside.back_request(
                    "NOTIFY", 1, extra=state("active;expires=600"), via=TRUNK))
                self.assertEqual(len(event.sent), reached, (routed, after))
                self.assert_all_gone(result)

    def test_answer_keeps_it_when_its_notify_is_lost(self):
        scene = self.scene(zones=ONE_WAY)
        _, outside = self.begin(scene)
        self.accept(scene, outside)
        scene.wait(400)
        event = self.notify(scene, outside, "active;expires=200")
        scene.run()
        self.assertEqual(len(event.sent), 1)

    def test_refused_subscription_closes(self):
        for status in (403, 489, None):
            scene = self.scene(zones=ONE_WAY)
            _, outside = self.begin(scene, expires=3600)
            if status:
                self.accept(scene, outside, status)
            scene.wait(40)
            event = self.notify(scene, outside, "active;expires=3600")
            result = scene.run(drain=400)
            self.assert_stopped(event)
            self.assert_all_gone(result)

    def test_terminated_closes(self):
        for value in ("terminated;reason=timeout", "terminated", "Terminated ; reason=rejected"):
            scene, _, outside, _ = self.watched(3600)
            self.notify(scene, outside, value, 2)
            scene.wait(40)
            event = self.notify(scene, outside, "active;expires=3600", 3)
            result = scene.run(drain=400)
            self.assert_stopped(event)
            self.assert_all_gone(result)

    def test_481_of_the_subscriber_closes(self):
        scene, inside, outside, _ = self.watched(3600)
        self.notify(scene, outside, "active;expires=3600", 2)
        scene.lan(inside.back_response(481, 2, "NOTIFY", via=TRUNK), PHONE, PORT, dport=5099)
        scene.wait(40)
        event = self.notify(scene, outside, "active;expires=3600", 3)
        scene.run()
        self.assert_stopped(event)

    def test_refresh(self):
        scene, inside, outside, _ = self.watched()
        for cseq in (2, 3):
            scene.wait(500)
            scene.lan(inside.request("SUBSCRIBE", cseq, tagged=True, extra=(
                "Event: presence", "Expires: 600")), PHONE)
            self.accept(scene, outside, cseq=cseq)
            self.notify(scene, outside, "active;expires=600", cseq)
        scene.wait(600)
        event = self.notify(scene, outside, "active;expires=1", 4)
        scene.run()
        self.assertEqual(len(event.sent), 1)

    def test_two_subscriptions_of_one_phone_end_apart(self):
        for ended in ("watch", "other"):
            scene = self.scene(zones=ONE_WAY)
            for call_id in ("watch", "other"):
                _, outside = self.begin(scene, call_id=call_id)
                self.accept(scene, outside)
                self.notify(scene, outside, "active;expires=3600")
            _, outside = self.begin(scene, call_id=ended)
            self.notify(scene, outside, "terminated", 2)
            scene.wait(600)
            event = self.notify(scene, outside, "active;expires=9", 2)
            scene.run()
            self.assertEqual(len(event.sent), 1)

    def test_subscription_outlives_the_registration_that_is_taken_back(self):
        scene = self.scene(zones=ONE_WAY)
        host = f"{PHONE}:{PORT}"
        scene.lan(register(PHONE, contact=f"<sip:300@{host}>"), PHONE)
        scene.wan(registered(WAN, contact=f"<sip:300@{WAN}:{PORT}>"))
        _, outside = self.begin(scene)
        self.accept(scene, outside)
        self.notify(scene, outside, "active;expires=600")
        scene.lan(register(PHONE, contact="*", expires=0, cseq=2), PHONE)
        scene.wan(registered(WAN, contact="", cseq=2))
        scene.wait(500)
        event = self.notify(scene, outside, "active;expires=9", 2)
        scene.wait(200)
        late = self.notify(scene, outside, "active;expires=9", 3)
        scene.run()
        self.assertEqual(len(event.sent), 1)
        self.assert_stopped(late)

    def test_notify_comes_from_the_contact_that_the_answer_names(self):
        scene = self.scene(zones=ONE_WAY)
        _, outside = self.begin(scene, contact=FAR)
        self.accept(scene, outside)
        stranger = self.notify(scene, outside, "active;expires=600", src="198.51.100.99")
        first = self.notify(scene, outside, "active;expires=600", src=FAR)
        scene.wait(500)
        second = self.notify(scene, outside, "active;expires=600", 2, src=FAR)
        scene.run()
        self.assert_stopped(stranger)
        self.assertEqual([len(first.sent), len(second.sent)], [1, 1])

    def test_notify_comes_through_a_record_route_of_another_address(self):
        scene = self.scene(zones=ONE_WAY)
        _, outside = self.begin(scene)
        scene.wan(outside.response(200, 1, "SUBSCRIBE", extra=(
            "Expires: 600", f"Record-Route: <sip:{SECOND};lr>")))
        event = self.notify(scene, outside, "active;expires=600", src=SECOND)
        scene.run()
        self.assertEqual(len(event.sent), 1)

    def test_inbound_subscription_to_a_phone(self):
        """The other way round: a watcher outside refreshes at the phone's Contact."""
        for value, reached in (("active;expires=600", 1), ("terminated", 0)):
            scene = self.scene(zones=ONE_WAY)
            scene.lan(register(PHONE), PHONE)
            scene.wan(registered(WAN, granted=60))
            outside = Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=TRUNK, uri=WAN,
                           remote=f"{WAN}:{PORT}", call_id="watch")
            inside = outside.seen({WAN: PHONE})
            scene.wan(outside.request("SUBSCRIBE", extra=("Event: dialog", "Expires: 600")))
            scene.lan(inside.response(202, 1, "SUBSCRIBE"), PHONE)
            told = scene.lan(inside.back_request("NOTIFY", 1, extra=state(value, "dialog")), PHONE,
                             PORT)
            scene.wait(500)
            event = scene.wan(outside.request("SUBSCRIBE", 2, tagged=True, extra=(
                "Event: dialog", "Expires: 600")), TRUNK, 5099, dport=PORT)
            result = scene.run(drain=1300)
            self.assert_text(told, outside.back_request("NOTIFY", 1, extra=state(value, "dialog")))
            self.assertEqual(len(event.sent), reached, value)
            self.assert_all_gone(result)

    def test_two_subscribers_with_one_call_id_end_apart(self):
        scene = self.scene(zones=ONE_WAY)
        for number, host in ((2, PHONE), (3, PBX)):
            inside = Call(caller=host, via=host, contact=f"{host}:506{number}", remote=TRUNK,
                          call_id="same", from_tag=f"tag-{number}")
            outside = inside.seen({host: WAN})
            scene.lan(inside.request("SUBSCRIBE", extra=("Event: presence", "Expires: 600")), host)
            self.accept(scene, outside)
            if number == 2:
                first = outside
        scene.wan(first.back_request("NOTIFY", 2, extra=state("terminated")), dport=PORT)
        scene.wait(300)
        ended = scene.wan(first.back_request("NOTIFY", 3, extra=state("active")), dport=PORT)
        event = scene.wan(outside.back_request("NOTIFY", 2, extra=state("active")), dport=5063)
        scene.run()
        self.assert_stopped(ended)
        self.assertEqual(len(event.sent), 1)

    def test_notify_that_nobody_asked_for_keeps_nothing_open(self):
        """A host that the phone has called may answer, and no more."""
        scene = self.scene(zones=ONE_WAY)
        scene.lan(Call(caller=PHONE, via=PHONE, contact=f"{PHONE}:{PORT}").request("OPTIONS"), PHONE)
        spam = Call(caller=WAN, contact=f"{WAN}:{PORT}", call_id="spam")
        told = self.notify(scene, spam, "active;expires=86400")
        scene.wait(40)
        event = self.notify(scene, spam, "active;expires=86400", 2)
        scene.run()
        self.assertEqual(len(told.sent), 1)
        self.assert_stopped(event)

    def test_nothing_is_noted_of_a_notify_that_nobody_asked_for(self):
        scene = self.scene(zones="")
        scene.lan(b"\r\n\r\n", PHONE, PORT, dport=5099)
        outside = Call(caller=WAN, contact=f"{WAN}:{PORT}", call_id="spam")
        self.notify(scene, outside, "active;expires=86400")
        result = scene.run(drain=800)
        self.assert_all_gone(result)


class Transfer(SipTest):
    """REFER, in a call and without one, and the NOTIFYs about it."""

    REFER = (f"Refer-To: <sip:300@{FAR}>",)

    def test_refer_outside_a_call(self):
        for value, reached in (("active;expires=300", 1), ("terminated", 0)):
            scene = self.scene(zones=ONE_WAY)
            inside = Call(caller=PHONE, via=PHONE, contact=f"{PHONE}:{PORT}", call_id="refer")
            outside = inside.seen({PHONE: WAN})
            out = scene.lan(inside.request("REFER", extra=self.REFER), PHONE)
            scene.wan(outside.response(202, 1, "REFER"))
            events = []
            for cseq, wait, text in ((1, 0, value), (2, 200, "active;expires=60"), (3, 400, "")):
                scene.wait(wait)
                events.append(scene.wan(outside.back_request("NOTIFY", cseq, extra=state(
                    text, "refer")), TRUNK, 5099, dport=PORT))
            scene.run()
            self.assert_text(out, outside.request("REFER", extra=self.REFER))
            self.assertEqual([len(event.sent) for event in events], [1, reached, 0])

    def test_notify_of_a_refer_after_the_bye(self):
        scene = self.scene(zones=ONE_WAY)
        call = OutgoingCall(scene, Call(contact=f"{PBX}:{PORT}"))
        call.establish()
        call.request("REFER", 2, tagged=True, extra=self.REFER)
        call.respond(202, 2, "REFER")

        def told(cseq, value, event="refer"):
            return scene.wan(call.outside.back_request("NOTIFY", cseq, extra=state(value, event)),
                             TRUNK, 5099, dport=PORT)
        events = [told(1, "active;expires=120")]
        call.hang_up(3)
        for cseq, event in ((2, "refer"), (3, "refer;id=2")):
            scene.wait(50)
            events.append(told(cseq, "active;expires=120", event))
        scene.wait(10)
        events.append(told(4, "terminated;reason=noresource"))
        scene.wait(40)
        other = told(5, "active;expires=60", "refer;id=2")
        scene.wait(300)
        late = told(6, "active;expires=60")
        result = scene.run(drain=700)
        call.check_texts()
        self.assertEqual([len(event.sent) for event in events], [1] * 4)
        self.assertEqual(len(other.sent), 1, "another event of the Call-ID goes on")
        self.assert_stopped(late)
        self.assert_all_gone(result)

    def test_publish_message_info_open_for_a_transaction(self):
        for method in ("PUBLISH", "MESSAGE", "INFO"):
            scene = self.scene(zones=ONE_WAY)
            call = Call(caller=PHONE, via=PHONE, contact=f"{PHONE}:{PORT}")
            seen = call.seen({PHONE: WAN})
            scene.lan(call.request(method, extra=("Expires: 3600",)), PHONE)
            scene.wan(seen.response(200, 1, method, extra=("Expires: 3600",)))
            events = []
            for wait in (20, 20):
                scene.wait(wait)
                events.append(scene.wan(seen.back_request("OPTIONS", wait), TRUNK, 5099,
                                        dport=PORT))
            result = scene.run(drain=400)
            self.assertEqual([len(event.sent) for event in events], [1, 0], method)
            self.assert_all_gone(result)

    def test_transfer_names_an_inside_phone(self):
        """Refer-To with the address of another inside phone: it is the outside's to call."""
        scene = self.scene()
        scene.lan(register(PHONE), PHONE)
        scene.wan(registered(WAN))
        call = OutgoingCall(scene, Call(contact=f"{PBX}:{PORT}", via=f"{PBX}:{PORT}"), sport=PORT)
        call.establish()
        refer = scene.lan(call.inside.request("REFER", 2, tagged=True, extra=(
            f"Refer-To: <sip:300@{PHONE}?Replaces=x%40{PHONE}>",)), PBX, PORT)
        invite = Call(caller=FAR, callee=WAN, via=TRUNK, contact=TRUNK, uri=WAN, call_id="third")
        ring = scene.wan(invite.request("INVITE", 1, sdp(FAR, 20000)))
        scene.run()
        self.assertIn(f"Refer-To: <sip:300@{WAN}?Replaces=x%40{PHONE}>".encode(), refer.payload)
        self.assertEqual(ring.ends, (TRUNK, 5060, PHONE, 5060))


if __name__ == "__main__":
    main()
