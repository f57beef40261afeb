#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Flows of one inside host (RFC 6888 REQ-5): so many and no more, whoever begins them; others do not notice."""
from collections import Counter

from replay import DYNAMIC, FAR, ICMP, IP, LAN, PBX, PHONE, TRUNK, WAN, main, udp
from scene import Scene, SipTest
from sip_text import Call, sdp

LIMIT, AGAIN_S = 40, 1000              # AGAIN_S: after every timer of these tests
INWARD = LIMIT - LIMIT // 8            # the rest is for what the host itself begins
NAT = f"max_flows_per_host = {LIMIT};"
ANYBODY = NAT + ' filtering = "endpoint_independent";'
SERVER, FACE = "10.0.0.7", "203.0.113.7"
POOL_RULE = '{ kind = "dynamic"; inside = ["10.0.0.0/24"]; pool = "few"; overload = %s; }'
POOL = 'pools: ( { name = "few"; addresses = ["203.0.113.20-203.0.113.22"]; } );'
STATIC = f'{{ kind = "static"; inside = "{SERVER}"; outside = "{FACE}"; }}, '
PORT = f'{{ kind = "static"; protocol = "udp"; inside = "{SERVER}:%d"; outside = "{WAN}:%d"; }}, '


class Flows(SipTest):
    def twice(self, config, lan, wan, permanent=0):
        """The same packets again when everything of them has ended: nothing may still be counted."""
        timed = {port: [(start + 0.001 * n, packet) for start in (0, AGAIN_S)
                        for n, packet in packets]
                 for port, packets in (("lan0", lan), ("wan0", wan))}
        result = self.replay(config, timed, drain=AGAIN_S)
        for name in ("flows", "ports", "hosts", "mbufs"):
            self.assertEqual(result.count("summary " + name), 0, name)
        self.assertEqual(result.count("summary translations"), permanent)
        return result

    def outward(self, count, src=PBX):
        """From few ports to many destinations."""
        return [(n, udp(src, FAR, 4000 + n % 4, 5000 + n)) for n in range(count)]

    def test_a_host_has_so_many_flows_and_is_told_of_the_next(self):
        for rule in (DYNAMIC, POOL_RULE % "true", POOL_RULE % "false"):
            with self.subTest(rule=rule):
                result = self.twice(self.config(rules=rule, nat=NAT + POOL),
                                    self.outward(LIMIT + 3) + [(60, udp(PHONE, FAR, 1, 2))], [])
                self.assertEqual(len(result.ip("wan0")), 2 * (LIMIT + 1))
                self.assertEqual(result.drops(), {"nat_host_flows": 6})
                told = [(p[IP].src, p[IP].dst, p[ICMP].type, p[ICMP].code) for p in result.ip("lan0")]
                self.assertEqual(told, 6 * [(LAN, PBX, 3, 1)])
                self.assertIn(f"has nothing for {PBX}: max_flows_per_host reached", result.log)

    def test_a_refused_flow_takes_no_binding(self):
        result = self.replay(self.config(nat=NAT), {"lan0": [
            udp(PBX, FAR, 4000 + n, 5000) for n in range(3 * LIMIT)]})
        self.assertEqual(result.drops(), {"nat_host_flows": 2 * LIMIT})
        for name in ("flows", "translations", "ports"):
            self.assertEqual(result.count("summary " + name), LIMIT, name)

    def test_one_peer_outside_does_not_fill_the_table_through_a_binding(self):
        """It begins one from each of its ports; the host behind, then another host, go on."""
        for nat, peer in ((NAT, FAR), (ANYBODY, TRUNK)):
            with self.subTest(nat=nat):
                wan = [(2 + n, udp(peer, WAN, 1024 + n, 4000)) for n in range(200)]
                result = self.twice(self.config(nat=nat),
                                    [(0, udp(PBX, FAR, 4000, 5000)), (300, udp(PBX, FAR, 4000, 5000)),
                                     (301, udp(PHONE, FAR, 4001, 5000))] +
                                    [(250 + n, udp(PBX, FAR, 4000 + n % 2, 6000 + n))
                                     for n in range(LIMIT - INWARD)], wan)
                self.assertEqual(len(result.ip("lan0")), 2 * (INWARD - 1))
                self.assertEqual(len(result.ip("wan0")), 2 * (3 + LIMIT - INWARD))
                self.assertEqual(result.drops(), {"nat_host_flows": 2 * (201 - INWARD)})

    def test_hosts_of_static_rules_have_the_same_limit(self):
        """All rules of one inside address together; its dynamic translations apart."""
        both = PORT % (80, 80) + PORT % (81, 81)
        for rules, permanent, faces in ((STATIC, 0, ((FACE, 80), (FACE, 81))),
                                        (both, 2, ((WAN, 80), (WAN, 81)))):
            with self.subTest(rules=rules):
                wan = [(n, udp(FAR, faces[n % 2][0], 1024 + n, faces[n % 2][1]))
                       for n in range(LIMIT + 5)]
                result = self.twice(self.config(rules=rules + DYNAMIC, nat=NAT),
                                    [(200, udp(SERVER, FAR, 80, 9)), (200, udp(PHONE, FAR, 1, 9))],
                                    wan, permanent)
                self.assertEqual([p[IP].dst for p in result.ip("lan0") if ICMP not in p],
                                 2 * INWARD * [SERVER])
                self.assertEqual(len(result.ip("wan0")), 2 * 2)
                self.assertEqual(result.drops(), {"nat_host_flows": 2 * (LIMIT + 5 - INWARD)})

    def test_both_hosts_of_a_hairpin_count(self):
        own = LIMIT - INWARD
        lan = [(n, udp(PHONE, FACE, 2000 + n, 9)) for n in range(INWARD + 2)]
        result = self.twice(self.config(rules=STATIC + DYNAMIC, nat=NAT),
                            lan + [(60 + 0.1 * n, udp(src, FAR, 9, 9 + n))
                                   for src in (SERVER, PHONE) for n in range(own + 1)] +
                            [(62, udp(PBX, FAR, 9, 9))], [])
        self.assertEqual(Counter(p[IP].src for p in result.ip("wan0")),
                         {FACE: 2 * own, WAN: 2 * (own + 1)})
        self.assertEqual(result.drops(), {"nat_host_flows": 2 * 4})

    def test_half_of_all_flows_unless_set(self):
        result = self.replay(self.config(), {"lan0": [
            (0.0001 * n, udp(PBX, FAR, 4000 + n // 1000, 5000 + n % 1000)) for n in range(2100)]})
        self.assertEqual(result.count("summary flows"), 2048)
        self.assertEqual(result.drops(), {"nat_host_flows": 52})

    def test_without_translation_nothing_is_counted(self):
        rule = DYNAMIC.replace("10.0.0.0/24", f"{PHONE}/32")
        result = self.replay(self.config(rules=rule, nat=NAT),
                             {"lan0": [p for _, p in self.outward(LIMIT + 20)]})
        self.assertEqual(len(result.ip("wan0")), LIMIT + 20)
        self.assertEqual(result.drops(), {})

    def test_media_has_its_own_limit_for_each_door(self):
        """A host at its limit still has its calls; a peer of one does not fill the table either."""
        scene = Scene(self, zones="", nat=NAT.replace(str(LIMIT), "300"))
        call = Call()
        scene.lan(call.request("INVITE", body=sdp(PBX, 4000)))
        scene.wan(call.response(200, body=sdp(FAR, 5000)))
        for n in range(300):
            scene.lan(b"other", src=PBX, sport=7000, dst=TRUNK, dport=10000 + n)
        media = scene.lan(b"media", src=PBX, sport=4000, dst=FAR, dport=5000)
        flood = [scene.wan(b"media", src=FAR, sport=5000 + n, dport=4000) for n in range(300)]
        own = [scene.lan(b"media", src=PBX, sport=4000, dst=FAR, dport=6000 + n) for n in range(33)]
        result = scene.run()
        self.assertEqual(media.ends, (WAN, 4000, FAR, 5000))
        self.assertEqual([bool(e.sent) for e in flood], [n < 224 for n in range(300)])
        self.assertEqual([p for e in own for p, _ in e.sent], 32 * ["wan0"] + ["lan0"])
        self.assertEqual(result.drops(), {"nat_host_flows": 1 + 76 + 1})


if __name__ == "__main__":
    main()
