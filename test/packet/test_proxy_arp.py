#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Outside addresses that no interface has: answered for, translated to, silent when unasked."""
from replay import (ARP, FAR, GATEWAY, ICMP, IP, OTHER, PBX, UDP, Ether, Raw,
                    ReplayTest, main, udp)

POOL, STATIC, PORT, ROUTED = "203.0.113.10", "203.0.113.20", "203.0.113.30", "192.0.2.10"
NAT = 'pools: ( { name = "p"; addresses = ["%s", "%s"]; } );' % (POOL, ROUTED)
RULES = ('''{ kind = "static"; inside = "10.0.0.9"; outside = "203.0.113.20"; },
  { kind = "static"; protocol = "udp"; inside = "10.0.0.8:5060"; outside = "203.0.113.30:5060"; },
  { kind = "dynamic"; inside = ["10.0.0.0/24"]; pool = "p"; }''')


def ask(target, source=GATEWAY):
    return Ether(src=OTHER, dst="ff:ff:ff:ff:ff:ff") / ARP(
        op=1, hwsrc=OTHER, psrc=source, pdst=target)


class ProxyArp(ReplayTest):
    def run_nat(self, frames, **options):
        return self.replay(self.config(rules=RULES, nat=NAT), frames, **options)

    def answers(self, result, port):
        return [p[ARP].psrc for p in result.out[port] if ARP in p and p[ARP].op == 2]

    def test_outside_addresses_on_the_wire_are_answered_where_they_are(self):
        targets = (POOL, STATIC, PORT, ROUTED, "203.0.113.11", "203.0.113.1")
        result = self.run_nat({"wan0": [ask(t) for t in targets]})
        self.assertEqual(self.answers(result, "wan0"), [POOL, STATIC, PORT, "203.0.113.1"])
        answer = next(p for p in result.out["wan0"] if ARP in p and p[ARP].op == 2)
        self.assertEqual((answer.src, answer.dst), ("02:ca:11:9a:7e:02", OTHER))
        result = self.run_nat({"lan0": [ask(t, PBX) for t in targets]})
        self.assertEqual(self.answers(result, "lan0"), [])

    def test_another_station_with_such_an_address_is_a_conflict(self):
        result = self.run_nat({"wan0": [ask(POOL, POOL)]})
        self.assertEqual(result.count("event arp_conflict"), 1)

    def test_what_nobody_asked_for_is_dropped_and_nobody_is_asked_for_it(self):
        for dst in (POOL, PORT, ROUTED):
            for name, packet in (
                    ("udp", udp(FAR, dst, 1000, 2000)),
                    ("echo", IP(src=FAR, dst=dst) / ICMP(type=8, id=1, seq=1)),
                    ("gre", IP(src=FAR, dst=dst, proto=47) / Raw(b"x" * 8))):
                for port, source in (("wan0", FAR), ("lan0", PBX)):
                    with self.subTest(dst=dst, packet=name, port=port):
                        packet[IP].src = source
                        result = self.run_nat({port: [packet]})
                        self.assertEqual(result.drops(), {"nat_unsolicited": 1})
                        self.assertEqual(result.out["wan0"] + result.out["lan0"], [])
                        self.assertEqual(result.count("summary flows"), 0)

    def test_an_echo_with_a_mapped_identifier_goes_nowhere(self):
        ping = IP(src="10.0.0.5", dst=FAR) / ICMP(type=8, id=9, seq=1)
        out, = self.run_nat({"lan0": [ping]}).ip("wan0")
        other = IP(src="198.51.100.77", dst=out[IP].src) / ICMP(type=8, id=out[ICMP].id, seq=1)
        result = self.run_nat({"lan0": [(0, ping)], "wan0": [(1, other)]})
        self.assertEqual(result.ip("lan0"), [])
        self.assertEqual(result.drops(), {"nat_unsolicited": 1})

    def test_a_packet_that_pretends_to_come_from_there_is_refused(self):
        result = self.run_nat({"wan0": [udp(POOL, STATIC, 1000, 2000)],
                               "lan0": [udp(STATIC, FAR, 1000, 2000)]})
        self.assertEqual(result.drops(), {"ip_source_own": 2})

    def test_translation_to_and_from_such_addresses(self):
        result = self.run_nat({
            "lan0": [(0, udp(PBX, FAR, 4000, 5000)), (2, udp("10.0.0.9", FAR, 4001, 5000))],
            "wan0": [(3, udp(FAR, STATIC, 7, 9, b"in")), (4, udp(FAR, PORT, 7, 5060, b"port"))]})
        first, second = result.ip("wan0")
        self.assertIn(first[IP].src, (POOL, ROUTED))
        self.assertEqual((second[IP].src, second[UDP].sport), (STATIC, 4001))
        self.assertEqual([(p[IP].dst, p[UDP].dport) for p in result.ip("lan0")],
                         [("10.0.0.9", 9), ("10.0.0.8", 5060)])


if __name__ == "__main__":
    main()
