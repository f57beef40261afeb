#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Segments of SIP connections that callgate does not know: a RST where one may be, and nothing else."""
from replay import DYNAMIC, FAR, IP, PBX, TCP, WAN, ZONES, Raw, ReplayTest, main
from scene import Scene

SERVER = DYNAMIC + """,
  { kind = "static"; protocol = "tcp"; inside = "10.0.0.5:5060"; outside = "203.0.113.1:5060"; }"""
NUMBER = 0xfffffff0


def out(scene, flags, dport=5060, ip=""):
    return scene.add("lan0", IP(src=PBX, dst=FAR, flags=ip) / TCP(
        sport=4000, dport=dport, flags=flags, seq=100, ack=NUMBER) / Raw(b"OPTIONS"))


def inward(scene, flags, dport=5060, src=FAR):
    return scene.add("wan0", IP(src=src, dst=WAN) / TCP(
        sport=4000, dport=dport, flags=flags, seq=100, ack=NUMBER) / Raw(b"OPTIONS"))


class SipTcpUnknown(ReplayTest):
    def assert_reset(self, event):
        self.assertEqual(len(event.sent), 1, event.frame.summary())
        port, packet = event.sent[0]
        asked = event.frame
        self.assertEqual(port, event.port)
        self.assertEqual((packet[IP].src, packet[TCP].sport, packet[IP].dst, packet[TCP].dport),
                         (asked[IP].dst, asked[TCP].dport, asked[IP].src, asked[TCP].sport))
        self.assertEqual((packet[TCP].flags, packet[TCP].seq, packet[IP].len), ("R", NUMBER, 40))

    def test_who_may_begin_a_connection_is_told_that_it_is_over(self):
        scene = Scene(self, rules=SERVER, zones=ZONES)
        events = [out(scene, "PA"), out(scene, "A"), out(scene, "FA"), inward(scene, "PA")]
        result = scene.run()
        for event in events:
            self.assert_reset(event)
        self.assertEqual(result.drops(), {"tcp_no_flow": 4})
        self.assertEqual(result.count("event tcp_sip_reset"), 4)
        self.assertEqual(result.count("summary flows"), 0)

    def test_nobody_else_is_told_anything(self):
        scene = Scene(self, rules=SERVER, zones=ZONES)
        events = [out(scene, "R"), out(scene, "RA"), out(scene, "PF"), out(scene, "SA"),
                  out(scene, "PA", dport=80), inward(scene, "R"), inward(scene, "PA", dport=5062),
                  inward(scene, "PA", src="224.0.0.1"), out(scene, "PA", ip="MF")]
        result = scene.run()
        for event in events:
            self.assertEqual(event.sent, [], event.frame.summary())
        self.assertEqual(result.count("event tcp_sip_reset"), 0)

    def test_within_the_rate_of_errors(self):
        scene = Scene(self, zones=ZONES, system="icmp_errors_per_second = 2;")
        events = [out(scene, "PA") for _ in range(8)]
        result = scene.run()
        self.assertEqual([len(event.sent) for event in events], [1] + [0] * 7)
        self.assertEqual(result.drops(), {"tcp_no_flow": 8})


if __name__ == "__main__":
    main()
