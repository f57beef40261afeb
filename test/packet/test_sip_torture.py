#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The torture messages of RFC 4475 and RFC 5118 through NAT, ALG and firewall. None of them names an
address that is translated, so all leave as they came, byte for byte; those that cannot be read pass
at layer 4 or are dropped, as configured."""
import os
import re

from replay import PBX, WAN, main
from scene import SipTest

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unit/sip/torture")
REFUSED = {"clerr", "ncl", "scalar02", "scalarlg", "lwsruri", "baddn", "badvers", "mismatch01",
           "mismatch02", "bigcode", "insuf", "mcl01", "ipv6-in-sdp"}
TOO_LONG = {"longreq"}  # for one packet; the ALG reads no fragments


def messages():
    """{name: text} of those that fit into a packet."""
    found = {}
    for rfc in ("rfc4475", "rfc5118"):
        for name in sorted(os.listdir(os.path.join(FOLDER, rfc))):
            with open(os.path.join(FOLDER, rfc, name), "rb") as file:
                found[name.removesuffix(".dat")] = file.read()
    return {name: text for name, text in found.items() if name not in TOO_LONG}


class Torture(SipTest):
    def passed_through(self, **config):
        """All of them outward, then inward; (result, {name: (out, back)})."""
        scene = self.scene(**config)
        events = {name: (scene.lan(text), scene.wan(text)) for name, text in messages().items()}
        return scene.run(), events

    def check(self, result, events, dropped=()):
        for name, text in messages().items():
            for event in events[name]:
                if name in dropped:
                    self.assertEqual(event.sent, [], name)
                else:
                    self.assert_text(event, text, name)
        self.assert_sip(result, malformed=2 * len(REFUSED), messages_edited=0,
                        messages_unedited=2 * (len(events) - len(REFUSED)))

    def test_all_are_there(self):
        self.assertEqual(len(messages()) + len(TOO_LONG), 49 + 12 + 1)

    def test_no_byte_changes(self):
        self.check(*self.passed_through())

    def test_what_cannot_be_read_is_dropped_if_so_configured(self):
        result, events = self.passed_through(extra='sip: { malformed = "drop"; };')
        self.check(result, events, REFUSED)
        self.assertEqual(result.drops(), {"sip_malformed": 2 * len(REFUSED)})

    def test_a_via_of_the_inside_in_their_midst_is_all_that_changes(self):
        """So the bytes stayed because nothing was to be done, not because nothing was read."""
        scene, events = self.scene(), {}
        for name, text in messages().items():
            head, end, rest = text.partition(b"\r\n\r\n")   # dblreq has a second message behind
            inside, outside = (re.sub(rb"UDP 192\.0\.2\.\d+", b"UDP " + host.encode(), head)
                               + end + rest for host in (PBX, WAN))
            if name not in REFUSED and inside != text:
                events[name] = scene.lan(inside), outside
        result = scene.run()
        for name, (event, outside) in events.items():
            self.assert_text(event, outside, name)
        self.assertEqual(len(events), 13)
        self.assert_sip(result, messages_edited=13, malformed=0)


if __name__ == "__main__":
    main()
