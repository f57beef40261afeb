#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Who is registered: a line for each Contact that a registrar has granted, and as many are counted."""
from replay import main, udp
from scene import SipTest
from sip_text import PBX, PHONE, TRUNK, WAN, register, registered


class Listed(SipTest):
    """What the replay says of who is registered in the end."""

    def listed(self, scene, drain=1):
        """{(address of record, contact):
            (inside, outside, registrar, transport, granted, seconds left)}"""
        result = scene.run(drain=drain)
        lines = [(*name.split(), left) for name, left in result.counters.items()
                 if name.startswith("registration ")]
        self.assertEqual(result.count("summary registrations"), len(lines))
        return {(line[1], line[3]): (*line[5:14:2], line[15]) for line in lines}

    def test_phone_is_listed_inside_and_outside(self):
        for routed in (False, True):
            scene = self.scene(routed=routed)
            scene.lan(register(PHONE), PHONE)
            scene.add("wan0", udp(TRUNK, PHONE if routed else WAN, 5060, 5060,
                                  registered(PHONE if routed else WAN, granted=500)))
            outside = "-" if routed else f"{WAN}:5060"
            for drain, left in ((100, 400), (559, 0)):
                self.assertEqual(self.listed(scene, drain), {
                    (f"sip:300@{TRUNK}", f"sip:300@{PHONE}"):
                        (f"{PHONE}:5060", outside, TRUNK, "udp", "500", left)})
            self.assertEqual(self.listed(scene, 561), {})

    def test_two_contacts_of_a_third_party_at_another_outside_port(self):
        scene = self.scene()
        scene.lan(register(PBX, call_id="pbx"), PBX)
        scene.wan(registered(WAN, call_id="pbx"))
        out = scene.lan(register(PBX, user="301", cseq=2, contact=(
            f"<sip:301@{PHONE}>, <sip:301@{PHONE}:5070;transport=tcp>")), PBX)
        scene.run()
        port = int(out.payload.decode().partition(f"Contact: <sip:301@{WAN}:")[2].split(">")[0])
        scene.wan(registered(WAN, user="301", cseq=2, contact=(
            f"<sip:301@{WAN}:{port}>;expires=60, <sip:301@{WAN}:5070;transport=tcp>")))
        rows = self.listed(scene, 10)
        self.assertEqual({name: row[:5] for name, row in rows.items()}, {
            (f"sip:300@{TRUNK}", f"sip:300@{PBX}"): (f"{PBX}:5060", f"{WAN}:5060", TRUNK, "udp", "600"),
            (f"sip:301@{TRUNK}", f"sip:301@{PHONE}"):
                (f"{PHONE}:5060", f"{WAN}:{port}", TRUNK, "udp", "60"),
            (f"sip:301@{TRUNK}", f"sip:301@{PHONE}:5070;transport=tcp"):
                (f"{PHONE}:5070", f"{WAN}:5070", TRUNK, "tcp", "600")})
        scene.lan(register(PBX, user="301", cseq=3, expires=0, contact="*"), PBX)
        scene.wan(registered(WAN, user="301", cseq=3, contact=""))
        self.assertEqual([who for who, _ in self.listed(scene)], [f"sip:300@{TRUNK}"])

    def test_contact_that_the_registrar_writes_otherwise_is_shown_as_the_phone_did(self):
        scene = self.scene()
        scene.lan(register(PHONE, contact=f"<sip:300@{PHONE};ob;x=Y>"), PHONE)
        scene.wan(registered(WAN, contact=f"<sip:300@{WAN};x=y;ob>"))
        self.assertEqual([contact for _, contact in self.listed(scene)],
                         [f"sip:300@{PHONE};ob;x=Y"])

    def test_what_is_asked_for_is_not_listed(self):
        for status in (None, 401, 403):
            scene = self.scene()
            scene.lan(register(PHONE), PHONE)
            if status:
                scene.wan(registered(WAN, status=status))
            self.assertEqual(self.listed(scene), {})


if __name__ == "__main__":
    main()
