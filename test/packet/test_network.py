#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Ethernet, VLAN, ARP, IPv4, TTL, ICMP: what a router does with good and bad packets."""
from replay import (ARP, FAR, GATEWAY, ICMP, IP, LAN, OTHER, PBX, STATION, TCP, TRUNK, UDP, WAN,
                    Dot1Q, Ether, Raw, ReplayTest, main, udp)


class Network(ReplayTest):
    def test_a_forwarded_packet_loses_one_ttl_and_nothing_else(self):
        result = self.replay(self.config(), {"lan0": [udp("10.9.9.9", FAR, 1000, 2000, ttl=9)]})
        packet, = result.ip("wan0")
        self.assertEqual((packet[IP].src, packet[IP].ttl), ("10.9.9.9", 8))
        self.assertEqual(bytes(packet[Raw]), b"payload")
        self.assert_checksums(packet)

    def test_arp_requests_for_own_addresses_are_answered_and_others_are_not(self):
        asks = [Ether(src=STATION, dst="ff:ff:ff:ff:ff:ff") /
                ARP(op=1, hwsrc=STATION, psrc=PBX, pdst=target) for target in (LAN, "10.0.0.77")]
        result = self.replay(self.config(), {"lan0": asks})
        answers = [p for p in result.out["lan0"] if ARP in p and p[ARP].op == 2]
        self.assertEqual([(p[ARP].psrc, p[ARP].pdst, p.dst) for p in answers],
                         [(LAN, PBX, STATION)])

    def test_packets_wait_for_the_arp_answer_and_leave_in_order(self):
        packets = [(0.001 * n, udp(PBX, FAR, 4000, 5000, b"%d" % n)) for n in range(5)]
        answer = Ether(src=OTHER, dst="02:ca:11:9a:7e:02") / ARP(
            op=2, hwsrc=OTHER, psrc=GATEWAY, hwdst="02:ca:11:9a:7e:02", pdst=WAN)
        result = self.replay(self.config(), {"lan0": packets, "wan0": [(0.5, answer)]}, arp="none")
        self.assertEqual([bytes(p[Raw]) for p in result.ip("wan0")],
                         [b"0", b"1", b"2", b"3", b"4"])
        self.assertEqual({p.dst for p in result.ip("wan0")}, {OTHER})
        requests = [p for p in result.out["wan0"] if ARP in p and p[ARP].pdst == GATEWAY]
        self.assertEqual(len(requests), 1)

    def test_the_hold_queue_is_bounded_and_given_up(self):
        packets = [udp(PBX, FAR, 4000, 5000, b"%d" % n) for n in range(40)]
        result = self.replay(self.config(), {"lan0": packets}, arp="none", drain=10)
        self.assertEqual(result.ip("wan0"), [])
        self.assertEqual(result.count("drop neighbour_hold_full"), 40 - 16)
        self.assertEqual(result.count("drop neighbour_unresolved"), 16)
        self.assertEqual(result.count("summary mbufs"), 0)

    def test_ttl_that_ends_here_is_answered_with_time_exceeded(self):
        result = self.replay(self.config(), {"lan0": [udp(PBX, FAR, 1000, 2000, ttl=1)]})
        self.assertEqual(result.ip("wan0"), [])
        error, = result.ip("lan0")
        self.assertEqual((error[ICMP].type, error[ICMP].code), (11, 0))
        self.assertEqual((error[IP].src, error[IP].dst), (LAN, PBX))
        self.assert_checksums(error)
        self.assertEqual(result.drops(), {"ttl_expired": 1})

    def test_too_long_with_df_is_answered_with_the_mtu_and_without_df_fragmented(self):
        long = b"x" * 1400
        config = self.config().replace('addresses = ["203.0.113.1/24"];',
                                       'addresses = ["203.0.113.1/24"]; mtu = 1000;')
        result = self.replay(config, {"lan0": [udp(PBX, FAR, 1000, 2000, long, flags="DF")]})
        error, = result.ip("lan0")
        self.assertEqual((error[ICMP].type, error[ICMP].code, error[ICMP].nexthopmtu), (3, 4, 1000))
        result = self.replay(config, {"lan0": [udp(PBX, FAR, 1000, 2000, long)]})
        fragments = result.ip("wan0")
        self.assertEqual([bool(p[IP].flags.MF) for p in fragments], [True, False])
        self.assertTrue(all(p[IP].len <= 1000 for p in fragments))
        whole = b"".join(bytes(p[IP].payload) for p in fragments)
        self.assertEqual(whole[8:], long)

    def test_own_addresses_answer_echo_on_both_sides(self):
        ping = IP(src=PBX, dst=LAN) / ICMP(type=8, id=7, seq=3) / Raw(b"hello")
        far = IP(src=PBX, dst=WAN) / ICMP(type=8, id=8, seq=4) / Raw(b"there")
        result = self.replay(self.config(), {"lan0": [ping, far]})
        self.assertEqual([(p[IP].src, p[IP].dst, p[ICMP].type, p[ICMP].id, bytes(p[Raw]))
                          for p in result.ip("lan0")],
                         [(LAN, PBX, 0, 7, b"hello"), (WAN, PBX, 0, 8, b"there")])

    def test_no_route_is_answered_with_unreachable(self):
        config = self.config().replace('routes: ( { prefix = "0.0.0.0/0"; via = "203.0.113.254"; } );',
                                       "")
        result = self.replay(config, {"lan0": [udp(PBX, FAR, 1, 2)]})
        error, = result.ip("lan0")
        self.assertEqual((error[ICMP].type, error[ICMP].code), (3, 0))
        self.assertEqual(result.drops(), {"no_route": 1})

    def test_closed_port_of_an_own_address_is_answered_inside_and_silent_outside(self):
        result = self.replay(self.config(), {"lan0": [udp(PBX, LAN, 1000, 9)]})
        self.assertEqual([(p[ICMP].type, p[ICMP].code) for p in result.ip("lan0")], [(3, 3)])
        result = self.replay(self.config(), {"wan0": [udp(FAR, WAN, 1000, 9)]})
        self.assertEqual(result.ip("wan0"), [])
        self.assertEqual(result.drops(), {"nat_unsolicited": 1})

    def test_icmp_errors_are_rate_limited(self):
        packets = [(0.0001 * n, udp(PBX, FAR, 1000, 2000, ttl=1)) for n in range(200)]
        result = self.replay(self.config(), {"lan0": packets})
        sent, limited = result.count("event icmp_error_out"), result.count("event icmp_error_limited")
        self.assertEqual(sent + limited, 200)
        self.assertLess(sent, 60)
        self.assertEqual(len(result.ip("lan0")), sent)

    def test_errors_to_the_outside_take_none_from_the_inside(self):
        flood = [(1 + 0.00003 * n, udp(FAR, LAN, 1000 + n, 9)) for n in range(1000)]
        result = self.replay(self.config(), {
            "wan0": flood, "lan0": [(1.025, udp(PBX, FAR, 1000, 2000, ttl=1))]})
        error, = result.ip("lan0")
        self.assertEqual((error[IP].dst, error[ICMP].type), (PBX, 11))
        self.assertEqual(result.count("event icmp_error_out") + result.count("event icmp_error_limited"),
                         len(flood) + 1)
        self.assertLess(result.count("event icmp_error_out"), 60 * self.workers)

    def test_bad_packets_end_with_their_reason(self):
        good = udp(PBX, FAR, 1000, 2000)
        frames = [
            ("ip_version", IP(bytes(good)[:0] + b"\x65" + bytes(good)[1:])),
            ("ip_checksum", IP(src=PBX, dst=FAR, chksum=1) / UDP(sport=1, dport=2)),
            ("ip_source", udp("224.1.1.1", FAR, 1, 2)),
            ("ip_source", udp("127.0.0.1", FAR, 1, 2)),
            ("ip_source_own", udp(LAN, FAR, 1, 2)),
            ("ip_destination", udp(PBX, "239.1.1.1", 1, 2)),
            ("ip_destination", udp(PBX, "10.0.0.255", 1, 2)),
            ("ip_fragment", IP(src=PBX, dst=FAR, flags="MF") / UDP(sport=1, dport=2) / Raw(b"x" * 7)),
            ("truncated", IP(src=PBX, dst=FAR, len=2000) / UDP(sport=1, dport=2)),
            ("ip_header", IP(src=PBX, dst=FAR, len=12) / UDP(sport=1, dport=2)),
            ("l4_header", IP(src=PBX, dst=FAR) / UDP(sport=1, dport=2, len=500)),
            ("tcp_no_flow", IP(src=PBX, dst=FAR) / TCP(sport=1, dport=2, flags="A")),
            ("icmp_error_unrelated", IP(src=PBX, dst=FAR) / ICMP(type=3, code=3) / good),
            ("l4_protocol", IP(src=PBX, dst=FAR, proto=47) / Raw(b"x" * 8)),
        ]
        for reason, packet in frames:
            with self.subTest(reason=reason, packet=packet.summary()):
                data = bytes(Ether(src=STATION, dst=OTHER, type=0x800) / Raw(bytes(packet)))
                result = self.replay(self.config(), {"lan0": [data]})
                self.assertEqual(result.ip("wan0"), [])
                self.assertEqual(result.drops(), {reason: 1})

    def test_vlan_interfaces_are_apart_and_tags_are_put_back(self):
        config = self.config().replace(
            '{ name = "wan";', '{ name = "voice"; port = "lan0"; vlan = 20; '
            'addresses = ["10.20.0.1/24"]; }, { name = "wan";')
        tagged = Ether(src=STATION, dst=OTHER) / Dot1Q(vlan=20) / udp("10.20.0.9", PBX, 1, 2)
        unknown = Ether(src=STATION, dst=OTHER) / Dot1Q(vlan=21) / udp("10.20.0.9", PBX, 1, 2)
        back = Ether(src=STATION, dst=OTHER) / udp(PBX, "10.20.0.9", 2, 1)
        result = self.replay(config, {"lan0": [tagged, unknown, back]})
        self.assertEqual([(Dot1Q in p and p[Dot1Q].vlan, p[IP].dst) for p in result.ip("lan0")],
                         [(False, PBX), (20, "10.20.0.9")])
        self.assertEqual(result.drops(), {"vlan_unknown": 1})


if __name__ == "__main__":
    main()
