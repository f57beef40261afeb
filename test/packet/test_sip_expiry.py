#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long a registration or a subscription lasts when its number is none, or larger than any time."""
from replay import ZONES, main
from scene import SipTest
from sip_text import FAR, PHONE, TRUNK, WAN, Call, register, registered, sdp

ONE_WAY = ZONES.replace(ZONES[ZONES.index('  { name = "out-in"'):], "").rstrip().rstrip(",") + " );\n"
# What is no number from 0 to 2^32-1 is an hour (RFC 3261 10.2.1.1, 20.10, 20.19).
NONE = ("4294967296", "4294967896", "99999999999999999999", "-1", "", "x600", "1.5")
LONG = ("4294967295", "2147483648", "1073741824")
HOUR, GRACE = 3600, 64


class Expiry(SipTest):
    def reached(self, after, contact=None, header=None):
        """Does an INVITE reach the phone that long after it was registered with these values?"""
        scene = self.scene(zones=ONE_WAY)
        scene.lan(register(PHONE), src=PHONE)
        scene.wan(registered(WAN, granted=contact,
                             extra=() if header is None else (f"Expires: {header}",)))
        scene.wait(after)
        event = scene.wan(Call(caller=TRUNK, callee=WAN, via=TRUNK, contact=TRUNK, uri=WAN)
                          .request("INVITE", 1, sdp(FAR, 20000)))
        scene.run()
        return len(event.sent)

    def test_registration(self):
        for number, value in enumerate(NONE):
            place = ("contact", "header")[number % 2]
            with self.subTest(value=value, place=place):
                self.assertEqual(self.reached(1000, **{place: value}), 1)
        for place in ("contact", "header"):
            self.assertEqual(self.reached(HOUR + GRACE + 120, **{place: NONE[0]}), 0)
            for value in LONG:
                with self.subTest(value=value, place=place):
                    self.assertEqual(self.reached(HOUR + GRACE + 120, **{place: value}), 1)
        self.assertEqual(self.reached(700, contact="600", header="4294967295"), 0)
        self.assertEqual(self.reached(700, contact="x", header="60"), 1, "an hour, as of the Contact")

    def notified(self, after, expires, of=None):
        """Does a NOTIFY reach the subscriber that long after the 2xx, or after a NOTIFY `of` it?"""
        scene = self.scene(zones=ONE_WAY)
        inside = Call(caller=PHONE, via=f"{PHONE}:5060", contact=f"{PHONE}:5062", call_id="watch")
        outside = inside.seen({PHONE: WAN})
        scene.lan(inside.request("SUBSCRIBE", 1, extra=("Event: presence", "Expires: 600")), PHONE)
        scene.wan(outside.response(200, 1, "SUBSCRIBE", extra=(f"Expires: {60 if of else expires}",)))
        if of:
            scene.wan(outside.back_request("NOTIFY", 1, via=TRUNK, extra=(
                "Event: presence", f"Subscription-State: active;expires={expires}")), TRUNK, 5099, dport=5062)
        scene.wait(after)
        event = scene.wan(outside.back_request("NOTIFY", 2, via=TRUNK, extra=(
            "Event: presence", "Subscription-State: active;expires=9")), TRUNK, 5099, dport=5062)
        scene.run()
        return len(event.sent)

    def test_subscription(self):
        for of in (None, "NOTIFY"):
            for value in NONE:
                with self.subTest(value=value, of=of):
                    self.assertEqual(self.notified(1000, value, of), 1)
            self.assertEqual(self.notified(HOUR + 120, NONE[0], of), 0)
            for value in LONG:
                with self.subTest(value=value, of=of):
                    self.assertEqual(self.notified(HOUR + 120, value, of), 1)


if __name__ == "__main__":
    main()
