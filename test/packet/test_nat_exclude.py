#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""nat.exclude: what access lists permit is not translated."""
from replay import FAR, ICMP, IP, PBX, TCP, WAN, Raw, ReplayTest, main, udp
from scene import Scene
from sip_text import Call, sdp

OFFICE, ELSEWHERE = "10.9.0.5", "10.8.0.5"     # behind a tunnel of the gateway's; not
LISTS = """
acls: ( { name = "tunnel"; entries: ( { action = "deny"; protocol = "udp"; dports = [53]; },
                                      { action = "permit"; destination = "10.9.0.0/16"; } ); },
        { name = "gre"; entries: ( { action = "permit"; protocol = "tcp"; dports = [179]; } ); } );
"""
EXCLUDE = 'exclude = ["tunnel", "gre"];'


def ends(packet):
    return packet[IP].src, packet[IP].dst


class Exclude(ReplayTest):
    def run_router(self, frames, **options):
        return self.replay(self.config(nat=EXCLUDE, extra=LISTS), frames, **options)

    def test_what_a_list_permits_keeps_its_source_and_the_rest_does_not(self):
        result = self.run_router({"lan0": [
            udp(PBX, OFFICE, 4000, 5000), udp(PBX, OFFICE, 4000, 53), udp(PBX, ELSEWHERE, 4000, 5000),
            IP(src=PBX, dst=FAR) / TCP(sport=4000, dport=179, flags="S"),
            IP(src=PBX, dst=FAR) / TCP(sport=4000, dport=80, flags="S"),
            IP(src=PBX, dst=OFFICE) / ICMP(type=8, id=3, seq=1)]})
        self.assertEqual([p[IP].src for p in result.ip("wan0")], [PBX, WAN, WAN, PBX, WAN, PBX])
        for packet in result.ip("wan0"):
            self.assert_checksums(packet)
        self.assertEqual(result.drops(), {})

    def test_answers_and_new_conversations_come_in_to_the_real_address(self):
        result = self.run_router({
            "lan0": [(0, udp(PBX, OFFICE, 4000, 5000))],
            "wan0": [(1, udp(OFFICE, PBX, 5000, 4000, b"answer")), (2, udp(OFFICE, PBX, 7000, 7001, b"new")),
                     (3, udp(ELSEWHERE, PBX, 7000, 7001, b"stranger")),
                     (4, udp(OFFICE, PBX, 53, 7001, b"translated when answered"))]})
        self.assertEqual([bytes(p[Raw]) for p in result.ip("lan0")], [b"answer", b"new"])
        self.assertEqual(result.drops(), {"nat_unsolicited": 2})

    def test_nothing_is_excluded_without_the_setting(self):
        result = self.replay(self.config(extra=LISTS), {"lan0": [udp(PBX, OFFICE, 4000, 5000)]})
        self.assertEqual([ends(p) for p in result.ip("wan0")], [(WAN, OFFICE)])

    def test_a_call_through_the_tunnel_is_inspected_and_not_edited(self):
        scene = Scene(self, nat=EXCLUDE, extra=LISTS)
        call = Call(callee=OFFICE, remote=f"{OFFICE}:5060", uri=OFFICE)
        invite = call.request("INVITE", body=sdp(PBX, 4000))
        out = scene.lan(invite, dst=OFFICE)
        scene.add("wan0", udp(OFFICE, PBX, 5060, 5060, call.response(200, body=sdp(OFFICE, 5000))))
        media = scene.add("wan0", udp(OFFICE, PBX, 5000, 4000, b"media"))
        stranger = scene.add("wan0", udp(OFFICE, PBX, 5000, 4002, b"no pinhole"))
        scene.run()
        self.assertEqual(out.payload, invite)
        self.assertEqual(out.ends, (PBX, 5060, OFFICE, 5060))
        self.assertEqual(media.ends, (OFFICE, 5000, PBX, 4000))
        self.assertEqual(stranger.sent, [])

    def test_media_leaves_from_its_door_even_when_its_peer_is_excluded(self):
        scene = Scene(self, nat=EXCLUDE, extra=LISTS)
        call = Call()
        scene.lan(call.request("INVITE", body=sdp(PBX, 4000)))
        scene.wan(call.response(200, body=sdp(OFFICE, 5000)))
        media = scene.lan(b"media", sport=4000, dst=OFFICE, dport=5000)
        back = scene.wan(b"back", src=OFFICE, sport=5000, dport=4000)
        scene.run()
        self.assertEqual(media.ends, (WAN, 4000, OFFICE, 5000))
        self.assertEqual(back.ends, (OFFICE, 5000, PBX, 4000))


if __name__ == "__main__":
    main()
