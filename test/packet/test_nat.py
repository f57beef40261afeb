#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""NAT44: dynamic overload, static port rules, hairpin, ICMP errors, who may come in."""
from replay import (FAR, ICMP, IP, PBX, PHONE, TCP, TRUNK, UDP, WAN, DYNAMIC, Raw, ReplayTest, main,
                    udp)
from scene import without_nat

STATIC = DYNAMIC + """,
  { kind = "static"; protocol = "udp"; inside = "10.0.0.5:5060"; outside = "203.0.113.1:5060"; }"""


def tcp(src, dst, sport, dport, flags, payload=b""):
    return IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, flags=flags) / Raw(payload)


def ends(packet):
    layer = packet[UDP] if UDP in packet else packet[TCP]
    return packet[IP].src, layer.sport, packet[IP].dst, layer.dport


class Nat(ReplayTest):
    def test_udp_leaves_with_the_outside_address_and_answers_come_back(self):
        result = self.replay(self.config(), {
            "lan0": [(0, udp(PBX, FAR, 4000, 5000))],
            "wan0": [(1, udp(FAR, WAN, 5000, 4000, b"answer"))]})
        out, = result.ip("wan0")
        self.assertEqual(ends(out), (WAN, 4000, FAR, 5000))
        back, = result.ip("lan0")
        self.assertEqual(ends(back), (FAR, 5000, PBX, 4000))
        for packet in (out, back):
            self.assert_checksums(packet)

    def test_mapping_is_endpoint_independent(self):
        result = self.replay(self.config(), {
            "lan0": [udp(PBX, FAR, 4000, 5000), udp(PBX, TRUNK, 4000, 6000)]})
        self.assertEqual([ends(p) for p in result.ip("wan0")],
                         [(WAN, 4000, FAR, 5000), (WAN, 4000, TRUNK, 6000)])
        self.assertEqual(result.count("summary translations"), 1)

    def test_two_hosts_with_one_port_get_two_ports_of_one_parity(self):
        result = self.replay(self.config(), {
            "lan0": [udp(PBX, FAR, 4000, 5000), udp(PHONE, FAR, 4000, 5000)]})
        first, second = (p[UDP].sport for p in result.ip("wan0"))
        self.assertEqual(first, 4000)
        self.assertNotEqual(second, first)
        self.assertEqual(second % 2, 0)

    def test_unsolicited_packets_stay_outside(self):
        result = self.replay(self.config(), {
            "lan0": [(0, udp(PBX, FAR, 4000, 5000))],
            "wan0": [(1, udp(TRUNK, WAN, 5000, 4000)), (2, udp(FAR, PBX, 5000, 4000)),
                     (3, udp(FAR, WAN, 5001, 4000, b"same host"))]})
        self.assertEqual([bytes(p[Raw]) for p in result.ip("lan0")], [b"same host"])
        self.assertEqual(result.drops(), {"nat_unsolicited": 2})

    def test_protocols_without_ports_do_not_reach_private_addresses_either(self):
        protocols = (47, 50, 132, 4, 136)
        def packets(dst):
            return [IP(src=FAR, dst=dst, proto=n) / Raw(bytes(20)) for n in protocols]
        result = self.replay(self.config(), {"wan0": packets(PBX)})
        self.assertEqual(result.ip("lan0"), [])
        self.assertEqual(result.drops(), {"nat_unsolicited": len(protocols)})
        self.assertEqual(result.count("event flow_created"), 0)
        # No rule translates this host, so it is no secret.
        result = self.replay(self.config(rules=DYNAMIC.replace("10.0.0.0/24", "10.0.0.0/30")),
                             {"wan0": packets(PBX)})
        self.assertEqual([p[IP].proto for p in result.ip("lan0")], list(protocols))

    def test_zero_udp_checksum_stays_zero(self):
        packet = IP(src=PBX, dst=FAR) / UDP(sport=4000, dport=5000, chksum=0) / Raw(b"x")
        out, = self.replay(self.config(), {"lan0": [packet]}).ip("wan0")
        self.assertEqual(out[UDP].chksum, 0)

    def test_static_port_rule_lets_in_and_the_server_answers_from_it(self):
        result = self.replay(self.config(rules=STATIC), {
            "wan0": [(0, udp(TRUNK, WAN, 5060, 5060, b"in"))],
            "lan0": [(1, udp(PBX, TRUNK, 5060, 5060, b"out"))]})
        self.assertEqual([ends(p) for p in result.ip("lan0")], [(TRUNK, 5060, PBX, 5060)])
        self.assertEqual([ends(p) for p in result.ip("wan0")], [(WAN, 5060, TRUNK, 5060)])

    def test_hairpin_shows_the_outside_source(self):
        result = self.replay(self.config(rules=STATIC), {
            "lan0": [(0, udp(PHONE, WAN, 7000, 5060, b"ask")),
                     (1, udp(PBX, WAN, 5060, 7000, b"answer"))]})
        self.assertEqual([ends(p) for p in result.ip("lan0")],
                         [(WAN, 7000, PBX, 5060), (WAN, 5060, PHONE, 7000)])
        for packet in result.ip("lan0"):
            self.assert_checksums(packet)

    def test_echo_through_nat_maps_the_identifier(self):
        def ping(src, **fields):
            return IP(src=src, dst=FAR) / ICMP(type=8, seq=1, **fields) / Raw(b"data")
        result = self.replay(self.config(), {"lan0": [ping(PBX, id=77), ping(PHONE, id=77)]})
        first, second = (p[ICMP].id for p in result.ip("wan0"))
        self.assertEqual(first, 77)
        self.assertNotEqual(second, 77)
        answers = [IP(src=FAR, dst=WAN) / ICMP(type=0, id=i, seq=1) / Raw(b"data")
                   for i in (first, second)]
        result = self.replay(self.config(), {
            "lan0": [(0, ping(PBX, id=77)), (0.1, ping(PHONE, id=77))],
            "wan0": [(1 + n, a) for n, a in enumerate(answers)]})
        self.assertEqual([(p[IP].dst, p[ICMP].id) for p in result.ip("lan0")],
                         [(PBX, 77), (PHONE, 77)])
        for packet in result.ip("lan0") + result.ip("wan0"):
            self.assert_checksums(packet)

    def test_echo_request_from_outside_does_not_ride_on_a_ping_of_the_inside(self):
        def echo(src, dst, kind):
            return IP(src=src, dst=dst) / ICMP(type=kind, id=77, seq=1) / Raw(b"data")
        result = self.replay(self.config(), {
            "lan0": [(0, echo(PBX, FAR, 8)), (3, echo(PBX, FAR, 0))],
            "wan0": [(1, echo(FAR, WAN, 8)), (2, echo(FAR, WAN, 0))]})
        self.assertEqual([p[ICMP].type for p in result.ip("lan0")], [0])
        # callgate is asked, whose address it is
        self.assertEqual([(p[ICMP].type, p[IP].src, p[IP].dst) for p in result.ip("wan0")],
                         [(8, WAN, FAR), (0, WAN, FAR)])
        self.assertEqual(result.drops(), {"icmp_type": 1})
        # Without NAT and zones both may ask.
        result = self.replay(without_nat(self.config()), {
            "lan0": [(0, echo(PBX, FAR, 8)), (3, echo(PBX, FAR, 0))],
            "wan0": [(1, echo(FAR, PBX, 8)), (2, echo(FAR, PBX, 0))]})
        self.assertEqual(len(result.ip("lan0") + result.ip("wan0")), 4)

    def test_icmp_error_comes_back_about_what_the_host_sent(self):
        first = self.replay(self.config(), {"lan0": [udp(PHONE, FAR, 4000, 5000),
                                                     udp(PBX, FAR, 4000, 5000)]})
        quoted = first.ip("wan0")[1][IP]
        error = IP(src="198.51.100.1", dst=WAN) / ICMP(type=3, code=1) / Raw(bytes(quoted)[:28])
        result = self.replay(self.config(), {
            "lan0": [(0, udp(PHONE, FAR, 4000, 5000)), (0.1, udp(PBX, FAR, 4000, 5000))],
            "wan0": [(1, error)]})
        back, = result.ip("lan0")
        self.assertEqual((back[IP].src, back[IP].dst, back[ICMP].type), ("198.51.100.1", PBX, 3))
        inner = IP(bytes(back[ICMP].payload))
        self.assertEqual((inner.src, inner[UDP].sport, inner.dst), (PBX, 4000, FAR))
        self.assert_checksums(back)

    def test_damaged_icmp_error_is_not_made_whole(self):
        quoted, = self.replay(self.config(), {"lan0": [udp(PBX, FAR, 4000, 5000)]}).ip("wan0")
        quoted = bytes(quoted[IP])[:28]
        damaged = bytearray(quoted)
        damaged[4] ^= 1     # the quoted header's own checksum is wrong then
        result = self.replay(self.config(), {
            "lan0": [(0, udp(PBX, FAR, 4000, 5000))],
            "wan0": [(1, IP(src=FAR, dst=WAN) / ICMP(type=3, code=1, chksum=1) / Raw(quoted)),
                     (2, IP(src=FAR, dst=WAN) / ICMP(type=3, code=1) / Raw(bytes(damaged))),
                     (3, IP(src=FAR, dst=WAN) / ICMP(type=3, code=1) / Raw(quoted))]})
        self.assertEqual(len(result.ip("lan0")), 1)
        self.assertEqual(result.drops(), {"l4_header": 2})

    def test_tcp_is_followed_from_syn_to_fin(self):
        lan = [(0, tcp(PBX, FAR, 4000, 80, "S")), (2, tcp(PBX, FAR, 4000, 80, "A")),
               (3, tcp(PBX, FAR, 4000, 80, "PA", b"ask")), (5, tcp(PBX, FAR, 4000, 80, "FA")),
               (7, tcp(PBX, FAR, 4000, 80, "A"))]
        wan = [(1, tcp(FAR, WAN, 80, 4000, "SA")), (4, tcp(FAR, WAN, 80, 4000, "PA", b"answer")),
               (6, tcp(FAR, WAN, 80, 4000, "FA"))]
        result = self.replay(self.config(), {"lan0": lan, "wan0": wan})
        self.assertEqual((len(result.ip("wan0")), len(result.ip("lan0"))), (5, 3))
        for packet in result.ip("wan0") + result.ip("lan0"):
            self.assert_checksums(packet)
        result = self.replay(self.config(), {"lan0": lan, "wan0": wan}, drain=400)
        self.assertEqual(result.count("summary flows"), 0)

    def test_a_gap_of_years_in_a_capture_is_crossed(self):
        years = 10 * 365 * 86400
        result = self.replay(self.config(), {"lan0": [(0, udp(PBX, FAR, 4000, 5000)),
                                                      (years, udp(PBX, FAR, 4000, 5000))]})
        self.assertEqual(len(result.ip("wan0")), 2)
        self.assertEqual([result.count("event flow_" + name) for name in ("created", "expired")],
                         [2, 1])

    def test_idle_flows_bindings_and_ports_go(self):
        result = self.replay(self.config(), {"lan0": [udp(PBX, FAR, 4000, 5000)]}, drain=250)
        self.assertEqual(result.count("summary flows"), 1)
        result = self.replay(self.config(), {"lan0": [udp(PBX, FAR, 4000, 5000)]}, drain=320)
        for name in ("flows", "translations", "ports", "mbufs"):
            self.assertEqual(result.count("summary " + name), 0, name)

    def test_two_runs_with_one_seed_are_identical_and_another_seed_differs(self):
        frames = {"lan0": [udp(host, FAR, 4000, 5000) for host in
                           ("10.0.0.%d" % n for n in range(5, 60))]}
        one, two = (self.replay(self.config(), frames) for _ in range(2))
        self.assertEqual(one.files, two.files)
        self.assertNotEqual(one.files, self.replay(self.config(), frames, seed=2).files)


if __name__ == "__main__":
    main()
