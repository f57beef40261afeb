#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Who reaches an inside host through its binding (RFC 4787 REQ-8), and hairpins (REQ-9)."""
from replay import (DYNAMIC, FAR, IP, PBX, PHONE, TCP, TRUNK, UDP, WAN, Raw, ReplayTest, main,
                    udp)
from scene import INSPECT, Scene
from sip_text import Call, sdp

MODES = ("endpoint_independent", "address", "address_and_port")
DIALLED, THIRD = "10.0.0.7", "10.0.0.8"
RULES = """
  { kind = "static"; protocol = "udp"; inside = "10.0.0.5:4000"; outside = "203.0.113.1:4000"; },
  { kind = "static"; inside = "10.0.0.6"; outside = "203.0.113.6"; },
  { kind = "dynamic"; inside = ["10.0.0.7/32"]; pool = "own"; overload = false; },
  """ + DYNAMIC
POOL = 'pools: ( { name = "own"; addresses = ["203.0.113.7"]; } ); filtering = "%s";'
# inside endpoint, its outside half; the last one's port is kept because it is free
FACES = {"static port": ((PBX, 4000), (WAN, 4000)), "static address": ((PHONE, 4000), ("203.0.113.6", 4000)),
         "one to one": ((DIALLED, 4000), ("203.0.113.7", 4000)), "dynamic": ((THIRD, 4002), (WAN, 4002))}


def between(a, b, data):
    return udp(a[0], b[0], a[1], b[1], data)


def ends(packet):
    return (packet[IP].src, packet[UDP].sport), (packet[IP].dst, packet[UDP].dport)


class Filtering(ReplayTest):
    def arrivals(self, mode, zones="", **config):
        """What of four packets from outside reaches PBX:4000, which has sent to FAR:5000 alone."""
        nat = 'filtering = "%s";' % mode if mode else ""
        result = self.replay(self.config(nat=nat, zones=zones, **config), {
            "lan0": [(0, udp(PBX, FAR, 4000, 5000))],
            "wan0": [(1, udp(FAR, WAN, 5000, 4000, b"answer")),
                     (2, udp(FAR, WAN, 5001, 4000, b"other port")),
                     (3, udp(TRUNK, WAN, 5000, 4000, b"other address")),
                     (4, udp(FAR, WAN, 5000, 4001, b"other binding"))]})
        return [bytes(p[Raw]) for p in result.ip("lan0")], result

    def test_filtering_lets_in_what_it_says(self):
        for mode, wanted in (("endpoint_independent", [b"answer", b"other port", b"other address"]),
                             ("address", [b"answer", b"other port"]),
                             ("", [b"answer", b"other port"]),
                             ("address_and_port", [b"answer"])):
            with self.subTest(mode=mode):
                arrived, result = self.arrivals(mode)
                self.assertEqual(arrived, wanted)
                self.assertEqual(result.drops(), {"nat_unsolicited": 4 - len(wanted)})

    def test_zone_policy_comes_before_filtering(self):
        inspected = INSPECT % "inspect"
        outward = inspected.split(',\n  { name = "out-in"')[0] + " );"
        arrived, _ = self.arrivals("endpoint_independent", inspected)
        self.assertEqual(arrived, [b"answer", b"other port", b"other address"])
        arrived, result = self.arrivals("endpoint_independent", outward)
        self.assertEqual(arrived, [b"answer"])
        self.assertEqual(result.drops(), {"policy_no_pair": 2, "nat_unsolicited": 1})

    def test_tcp_is_filtered_alike(self):
        def syn(src, dst, sport, dport):
            return IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, flags="S")
        for mode, wanted in zip(MODES, (2, 1, 0)):
            with self.subTest(mode=mode):
                result = self.replay(self.config(nat='filtering = "%s";' % mode), {
                    "lan0": [(0, syn(PBX, FAR, 4000, 80))],
                    "wan0": [(1, syn(FAR, WAN, 81, 4000)), (2, syn(TRUNK, WAN, 80, 4000))]})
                self.assertEqual(len(result.ip("lan0")), wanted)

    def test_a_mapping_lets_in_its_own_protocol_alone(self):
        """RFC 7857 sections 5 and 6."""
        def syn(src, dst, sport, dport):
            return IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, flags="S")
        result = self.replay(self.config(nat='filtering = "endpoint_independent";'), {
            "lan0": [(0, udp(PBX, FAR, 4000, 5000)), (1, syn(PBX, FAR, 4002, 80))],
            "wan0": [(2, syn(FAR, WAN, 5000, 4000)), (3, udp(FAR, WAN, 80, 4002)),
                     (4, udp(TRUNK, WAN, 1, 4000)), (5, syn(TRUNK, WAN, 1, 4002))]})
        self.assertEqual([(p[IP].src, p[IP].dport) for p in result.ip("lan0")],
                         [(TRUNK, 4000), (TRUNK, 4002)])
        self.assertEqual(result.drops(), {"nat_unsolicited": 2})

    def test_refused_packets_keep_no_mapping(self):
        """RFC 7857 section 7: neither what the filter nor what the policy refuses."""
        outward = (INSPECT % "inspect").split(',\n  { name = "out-in"')[0] + " );"
        for mode, zones, drop in (("address", "", "nat_unsolicited"),
                                  ("endpoint_independent", outward, "policy_no_pair")):
            with self.subTest(mode=mode):
                result = self.replay(
                    self.config(nat='filtering = "%s";' % mode, zones=zones), {
                        "lan0": [(0, udp(PBX, FAR, 4000, 5000))],
                        "wan0": [(t, udp(TRUNK, WAN, 5000, 4000)) for t in range(20, 300, 40)]},
                    drain=60)
                self.assertEqual(result.drops(), {drop: 7})
                self.assertEqual(result.count("summary translations"), 0)

    def test_a_port_that_is_taken_changes_neither_mapping_nor_filter(self):
        """RFC 4787 section 8: first, second and third host with one port are treated alike."""
        hosts, far = (PBX, PHONE, DIALLED), (FAR, TRUNK)
        scene = Scene(self, zones="")
        sent = {host: [scene.add("lan0", udp(host, to, 4000, 5000)) for to in far] for host in hosts}
        scene.run()
        ports = {host: {event.ends[1] for event in events} for host, events in sent.items()}
        self.assertEqual([len(p) for p in ports.values()], [1, 1, 1])
        self.assertEqual(len(set.union(*ports.values())), 3)
        for host, (port,) in ports.items():
            near = [scene.add("wan0", udp(peer, WAN, 5001, port)) for peer in far]
            stranger = scene.add("wan0", udp("198.51.100.66", WAN, 5000, port))
            scene.run()
            self.assertEqual([event.ends[2:] for event in near], [(host, 4000)] * 2)
            self.assertEqual(stranger.sent, [])

    def test_static_and_leased_addresses(self):
        """Static rules let everybody in; a leased address is filtered as a shared one is."""
        for mode, leased in zip(MODES, (3, 2, 1)):
            with self.subTest(mode=mode):
                peers = ((FAR, 5000), (FAR, 5001), (TRUNK, 5000))
                result = self.replay(self.config(rules=RULES, nat=POOL % mode), {
                    "lan0": [(0, between(FACES["one to one"][0], peers[0], b"out"))],
                    "wan0": [(1 + n, between(peer, face[1], name.encode()))
                             for n, (peer, (name, face)) in enumerate(
                                 (p, f) for p in peers for f in FACES.items() if f[0] != "dynamic")]})
                arrived = [bytes(p[Raw]).decode() for p in result.ip("lan0")]
                self.assertEqual({name: arrived.count(name) for name in FACES if name != "dynamic"},
                                 {"static port": 3, "static address": 3, "one to one": leased})

    def test_media_door_is_for_whom_the_call_opened_it(self):
        """Endpoint-independent filtering of an inside host's own ports opens no door of the ALG."""
        for mode, through in zip(MODES, (True, False, False)):
            with self.subTest(mode=mode):
                scene = Scene(self, zones="", nat='filtering = "%s";' % mode,
                              extra='sip: { media_source = "announced"; };')
                call = Call()
                scene.lan(call.request("INVITE", body=sdp(PBX, 4000)))
                scene.wan(call.response(200, body=sdp(FAR, 5000)))
                announced = scene.wan(b"announced", src=FAR, sport=5000, dport=4000)
                stranger = scene.wan(b"stranger", src="198.51.100.66", sport=5000, dport=4000)
                scene.lan(b"own", src=PHONE, sport=4100, dst=FAR, dport=5000)
                own = scene.wan(b"to its own", src="198.51.100.66", sport=5000, dport=4100)
                scene.run()
                self.assertEqual([bool(e.sent) for e in (announced, stranger, own)],
                                 [True, False, through])

    def test_hairpin_between_every_mix_of_bindings(self):
        """The one asked sees the asker's outside endpoint, and its answer comes back from its own."""
        for asker, asked in ((a, b) for a in FACES for b in FACES if a != b):
            with self.subTest(asker=asker, asked=asked):
                (one, one_outside), (two, two_outside) = FACES[asker], FACES[asked]
                result = self.replay(self.config(rules=RULES, nat=POOL % "endpoint_independent"), {
                    "lan0": [(0, between(two, (FAR, 9), b"made")), (1, between(one, two_outside, b"ask")),
                             (2, between(two, one_outside, b"answer"))]})
                self.assertEqual([ends(p) for p in result.ip("lan0")],
                                 [(one_outside, two), (two_outside, one)])
                for packet in result.ip("lan0"):
                    self.assert_checksums(packet)

    def test_tcp_hairpin_shows_the_outside_source(self):
        server, client, rule = "203.0.113.1", (PHONE, 7000), '''
          { kind = "static"; protocol = "tcp"; inside = "10.0.0.5:80"; outside = "203.0.113.1:80"; },'''
        result = self.replay(self.config(rules=rule + DYNAMIC), {"lan0": [
            IP(src=PHONE, dst=server) / TCP(sport=7000, dport=80, flags="S"),
            IP(src=PBX, dst=server) / TCP(sport=80, dport=7000, flags="SA"),
            IP(src=PHONE, dst=server) / TCP(sport=7000, dport=80, flags="A")]})
        self.assertEqual([(p[IP].src, p[TCP].sport, p[IP].dst, p[TCP].dport) for p in result.ip("lan0")],
                         [(server, 7000, PBX, 80), (server, 80, *client), (server, 7000, PBX, 80)])
        for packet in result.ip("lan0"):
            self.assert_checksums(packet)

    def test_hairpin_is_filtered_as_from_outside(self):
        """Whom a dynamic binding has not sent to does not reach it from the inside either."""
        (one, one_outside), (two, two_outside) = FACES["static port"], FACES["dynamic"]
        for mode, passes in zip(MODES, (True, False, False)):
            with self.subTest(mode=mode):
                result = self.replay(self.config(rules=RULES, nat=POOL % mode), {
                    "lan0": [(0, between(two, (FAR, 9), b"made")), (1, between(one, two_outside, b"ask"))]})
                self.assertEqual(bool(result.ip("lan0")), passes)
                result = self.replay(self.config(rules=RULES, nat=POOL % mode), {
                    "lan0": [(0, between(two, one_outside, b"made")), (1, between(one, two_outside, b"ask"))]})
                self.assertEqual([ends(p) for p in result.ip("lan0")],
                                 [(two_outside, one), (one_outside, two)])


if __name__ == "__main__":
    main()
