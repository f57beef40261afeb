#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What TCP through NAT may have beside: smaller segments, resets that fit, late answers to SYNs."""
from replay import DYNAMIC, FAR, ICMP, IP, PBX, TCP, WAN, ReplayTest, main
from scene import INSPECT, Scene
from test_nat_tcp import CLOSING, ONE_WAY, Connection, ends, tcp

QUIET = 6
EVEN, ODD = [("MSS", 1460)], [("NOP", None), ("MSS", 1460)]


def mss(packet):
    return dict(o for o in packet[TCP].options if o[0] != "NOP").get("MSS")


class SegmentSize(ReplayTest):
    """interfaces[].tcp_mss"""

    def scene(self, lan=0, wan=0, **config):
        config.setdefault("zones", "")
        scene = Scene(self, **config)
        for side, size in (("inside", lan), ("outside", wan)):
            old = f'nat = "{side}";'
            self.assertIn(old, scene.config)
            scene.config = scene.config.replace(old, f"{old} tcp_mss = {size};")
        return scene

    def sizes(self, events):
        return [mss(event.sent[0][1]) for event in events]

    def test_syns_of_both_sides_announce_no_more(self):
        for lan, wan, expected in ((1300, 0, 1300), (0, 1300, 1300), (1400, 1300, 1300),
                                   (1300, 1400, 1300), (1460, 1460, 1460)):
            for options in (EVEN, ODD):
                scene = self.scene(lan, wan)
                one = Connection(scene)
                syns = [one.out("S", options=options), one.back("SA", options=options)]
                result = scene.run()       # which also looks at the checksums
                self.assertEqual(self.sizes(syns), [expected] * 2, (lan, wan, options))
                self.assertEqual(result.count("event tcp_mss_clamped"), 2 * (expected < 1460))

    def test_nothing_else_changes(self):
        scene = self.scene(wan=1300)
        small, none, data = (Connection(scene, (PBX, 4000 + n)) for n in range(3))
        others = [("MSS", 1460), ("WScale", 7), ("SAckOK", b""), ("Timestamp", (1, 0))]
        events = [small.out("S", options=[("MSS", 1299)]), none.out("S"),
                  data.out("S", options=others)]
        data.back("SA")
        plain = data.out("A", options=EVEN)
        scene.run()
        self.assertEqual(self.sizes([events[0], events[1], plain]), [1299, None, 1460])
        self.assertEqual(events[2].sent[0][1][TCP].options[:4],
                         [("MSS", 1300)] + others[1:])

    def test_also_where_policy_lets_pass_without_inspection(self):
        scene = self.scene(wan=1300, zones=INSPECT % "pass")
        one = Connection(scene)
        syns = [one.out("S", options=EVEN), one.out("S", options=EVEN),
                one.back("SA", options=EVEN), one.back("SA", options=EVEN)]
        scene.run()
        self.assertEqual(self.sizes(syns), [1300] * 4)


class Reset(ReplayTest):
    """nat.tcp_rst_check"""

    def scene(self, check=True):
        return Scene(self, zones="", nat="tcp_rst_check = true;" if check else "")

    def established(self, scene, window=1000, scale=None, own=5000, far=9000, other=None):
        """The inside expects `far` + 1 next, the outside `own` + 1; each has this window."""
        one = Connection(scene)
        ours = [("WScale", scale)] if scale is not None else []
        theirs = [("WScale", other)] if other is not None else ours
        one.out("S", seq=own, options=ours)
        one.back("SA", seq=far, ack=(own + 1) % 2**32, window=window, options=theirs)
        one.out("A", seq=(own + 1) % 2**32, ack=(far + 1) % 2**32, window=window)
        one.back("A", seq=(far + 1) % 2**32, ack=(own + 1) % 2**32, window=window)
        return one

    def check(self, seqs, check=True, **opened):
        """(direction, sequence number, does it pass)"""
        for way, seq, passes in seqs:
            scene = self.scene(check)
            one = self.established(scene, **opened)
            event = getattr(one, way)("R", seq=seq % 2**32)
            later = one.out("PA", b"on", seq=5001)
            result = scene.run()
            self.assertEqual(len(event.sent), passes, (way, seq))
            self.assertEqual(len(later.sent), 1)
            self.assertEqual(result.drops(), {} if passes else {"tcp_rst_sequence": 1})

    def test_resets_in_the_window_pass_and_others_do_not(self):
        self.check([("back", 9001, True), ("back", 10001, True), ("back", 10002, False),
                    ("back", 9000, False), ("back", 0, False), ("back", 9001 + 2**31, False),
                    ("out", 5001, True), ("out", 6001, True), ("out", 6002, False),
                    ("out", 5000, False), ("out", 0, False)])

    def test_windows_are_scaled_when_both_ends_scale(self):
        self.check([("back", 9001 + 8000, True), ("back", 9001 + 8001, False),
                    ("out", 5001 + 8000, True), ("out", 5001 + 8001, False)], scale=3)
        # the far end has not offered it
        scene = self.scene()
        one = Connection(scene)
        one.out("S", seq=1, options=[("WScale", 3)])
        one.back("SA", seq=1, ack=2, window=10)
        one.out("A", seq=2, ack=2, window=10)
        late = one.back("R", seq=2 + 11)
        scene.run()
        self.assertEqual(late.sent, [])
        # no window is longer than 2^30 (RFC 7323 2.3)
        self.check([("back", 9001 + (1000 << 14), True), ("back", 9002 + (1000 << 14), False)],
                   scale=200)

    def test_numbers_wrap(self):
        self.check([("back", 9, True), ("back", 999, True), ("back", 1000, False),
                    ("back", 2**32 - 1, True), ("back", 2**32 - 2, False)], far=2**32 - 2)

    def test_refused_connections_are_told(self):
        scene = self.scene()
        one = Connection(scene)
        one.out("S", seq=77)
        refused = one.back("RA", seq=0, ack=78)
        again = one.out("S", seq=99)
        scene.run()
        self.assertEqual((len(refused.sent), len(again.sent)), (1, 1))

    def test_refusal_of_a_syn_over_an_open_connection_is_told_and_ends_nothing(self):
        scene = self.scene()
        one = self.established(scene)
        one.out("S", seq=77)               # the inside has begun anew, the far end knows nothing
        refused = one.back("RA", seq=0, ack=78)
        blind = [one.back("RA", seq=1, ack=78), one.back("R", seq=0)]
        scene.wait(CLOSING + 10)
        later = one.back("PA", b"on", seq=9001)
        result = scene.run()
        self.assertEqual([len(e.sent) for e in (refused, *blind, later)], [1, 0, 0, 1])
        self.assertEqual(result.drops(), {"tcp_rst_sequence": 2})

    def test_next_connection_of_the_same_ports_has_windows_of_its_own(self):
        scene = self.scene()
        one = self.established(scene)
        one.play("FA> <FA A>")
        one.out("S", seq=700000)
        one.back("SA", seq=800000, ack=700001, window=10)
        first = one.back("R", seq=800001)      # the inside has acknowledged nothing yet
        one.out("A", seq=700001, ack=800001, window=10)
        old, new = one.back("R", seq=9001), one.back("R", seq=800001)
        scene.run()
        self.assertEqual([len(e.sent) for e in (first, old, new)], [1, 0, 1])

    def test_forged_syn_in_an_open_connection_changes_nothing(self):
        scene = self.scene()
        one = self.established(scene)
        one.back("S", seq=123)
        one.back("SA", seq=123, ack=1, window=65535)
        kept = one.out("R", seq=7000)
        fits = one.out("R", seq=5500)
        scene.run()
        self.assertEqual([len(e.sent) for e in (kept, fits)], [0, 1])

    def test_off_unless_asked_for(self):
        self.check([("back", 0, True), ("out", 0, True)], check=False)


class UnsolicitedSyn(ReplayTest):
    """RFC 5382 REQ-4"""

    def run_syn(self, events, seconds, rules=DYNAMIC, zones="", **config):
        """Packets that left outward, with their moments: events are (seconds, port, packet)."""
        frames = {}
        for when, port, packet in events:
            frames.setdefault(port, []).append((when, packet))
        result = self.replay(self.config(rules=rules, zones=zones, **config), frames, drain=seconds)
        return result, [(float(p.time) - 1700000000, p) for p in result.ip("wan0")]

    def test_is_answered_after_six_seconds(self):
        syn = tcp(FAR, WAN, 4321, 80, "S", b"data", seq=42, options=[("MSS", 1460)])
        for answered, seconds in ((0, QUIET - 1), (1, QUIET + 2)):
            result, sent = self.run_syn([(0, "wan0", syn)], seconds)
            self.assertEqual(len(sent), answered)
            self.assertEqual(result.drops(), {"nat_unsolicited": 1})
            self.assertEqual(result.count("event tcp_syn_answered"), answered)
        when, packet = sent[0]
        self.assertGreaterEqual(when, QUIET)
        self.assertEqual((packet[IP].src, packet[IP].dst), (WAN, FAR))
        self.assertEqual((packet[ICMP].type, packet[ICMP].code), (3, 3))
        self.assert_checksums(packet)
        quoted = bytes(packet[ICMP].payload)
        self.assertEqual(quoted, bytes(syn)[:44], "both headers, as they came")

    def test_only_syns_are_answered(self):
        for flags in ("A", "SA", "R", "FA", "PA"):
            _, sent = self.run_syn([(0, "wan0", tcp(FAR, WAN, 4321, 80, flags))], QUIET + 2)
            self.assertEqual(sent, [], flags)

    def test_is_forgotten_when_the_inside_opens_the_connection(self):
        syn = tcp(FAR, WAN, 80, 4000, "S")
        for when, answers in ((3, 0), (5.9, 0), (QUIET + 1, 1)):
            result, sent = self.run_syn(
                [(0, "wan0", syn), (when, "lan0", tcp(PBX, FAR, 4000, 80, "S"))], 3)
            self.assertEqual(len([p for _, p in sent if ICMP in p]), answers, when)
            self.assertEqual([ends(p) for _, p in sent if ICMP not in p], [(WAN, 4000, FAR, 80)])
            self.assertEqual(result.count("event tcp_syn_answered"), answers)

    def test_is_answered_where_a_filter_has_refused_it(self):
        _, sent = self.run_syn([(0, "lan0", tcp(PBX, FAR, 4000, 80, "S")),
                                (1, "wan0", tcp("198.51.100.77", WAN, 80, 4000, "S"))], QUIET + 2)
        self.assertEqual([p[IP].dst for _, p in sent if ICMP in p], ["198.51.100.77"])

    def test_is_never_answered_where_policy_refuses(self):
        events = [(0, "lan0", tcp(PBX, FAR, 4000, 80, "S")),
                  (1, "wan0", tcp(FAR, WAN, 80, 4001, "S")),
                  (2, "wan0", tcp("198.51.100.77", WAN, 80, 4000, "S"))]
        zones = ONE_WAY.replace(
            "zone_pairs: (", 'zone_pairs: ( { name = "self"; source = "outside"; '
            'destination = "self"; policy = "none"; },').replace(
                "policy_maps: (", 'policy_maps: ( { name = "none"; classes: ( { class = '
                '"class-default"; action = "drop"; } ); },')
        result, sent = self.run_syn(events, QUIET + 2, zones=zones)
        self.assertEqual([p for _, p in sent if ICMP in p], [])
        self.assertEqual(result.count("event tcp_syn_answered"), 0)

    def test_at_an_address_of_nobody_policy_is_asked_too(self):
        """No host, no destination zone: answered where policy would let it in to anybody inside."""
        rule = DYNAMIC.replace('interface = "wan"', 'pool = "p"')
        pool = 'pools: ( { name = "p"; addresses = ["203.0.113.20"]; } );'
        both = INSPECT % "inspect"
        listed = both.replace("policy_maps: (", """
          class_maps: ( { name = "web"; match = "any"; protocols = ["http"]; } );
          policy_maps: ( { name = "some"; classes: ( { class = "web"; action = "inspect"; },
                           { class = "class-default"; action = "drop"; } ); },""").replace(
            'destination = "inside"; policy = "all"', 'destination = "inside"; policy = "some"')
        self.assertNotEqual(listed, both)
        for zones, port, answered in (("", 80, 1), (both, 80, 1), (ONE_WAY, 80, 0),
                                      (listed, 80, 1), (listed, 81, 0)):
            with self.subTest(zones=zones, port=port):
                result, sent = self.run_syn([(0, "wan0", tcp(FAR, "203.0.113.20", 4321, port, "S"))],
                                            QUIET + 2, rules=rule, zones=zones, nat=pool)
                self.assertEqual([p[IP].dst for _, p in sent], answered * [FAR])
                self.assertEqual(result.count("event tcp_syn_answered"), answered)
                self.assertEqual(result.drops(), {"nat_unsolicited": 1})

    def test_a_flood_is_answered_in_part_and_leaves_nothing(self):
        events = [(0, "lan0", tcp(PBX, FAR, 4000, 80, "S"))]      # the gateway's address is known
        events += [(1 + 0.001 * n, "wan0", tcp(FAR, WAN, 1024 + n, 80, "S")) for n in range(600)]
        result, sent = self.run_syn(events, QUIET + 3)
        sent = [p for _, p in sent if ICMP in p]
        self.assertEqual(result.drops(), {"nat_unsolicited": 600})
        answered = result.count("event tcp_syn_answered")
        self.assertLessEqual(answered, 256 * self.workers)
        self.assertGreaterEqual(answered, 256)
        self.assertEqual(len(sent), result.count("event icmp_error_out"))
        self.assertEqual(answered, len(sent) + result.count("event icmp_error_limited"))
        self.assertGreaterEqual(len(sent), 50)
        # there is room again
        events += [(QUIET + 3, "wan0", tcp(FAR, WAN, 99, 80, "S"))]
        result, sent = self.run_syn(events, QUIET + 3)
        self.assertEqual(result.count("event tcp_syn_answered"), answered + 1)


if __name__ == "__main__":
    main()
