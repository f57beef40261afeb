#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every combination of zones, zone pairs, classes, actions, directions, first and later packets, answers,
NAT or not: what passes, and by which name the rest is dropped, is what docs/firewall.md says. The rules
stand here once more, in verdict() and its two callers, written from the page."""
import itertools
import unittest

from replay import (FAR, ICMP, IP, LAN, PBX, PHONE, TCP, TRUNK, UDP, WAN, Raw, ReplayTest, main)

FACE = "203.0.113.6"       # of PHONE, by a static rule
CLASSES = {53: "inspect", 54: "pass", 55: "drop"}  # by destination port; others: class-default
LAYOUTS = {  # zone of the inside and of the outside interface
    "two zones": ("inside", "outside"),
    "outside in none": ("inside", "default"),
    "inside in none": ("default", "outside"),
    "one zone": ("inside", "inside"),
    "none": ("default", "default"),
}
CONFIG = """
system: { worker_cores = %(workers)s; max_flows = 4096; max_calls = 1024; log: { level = "warning"; }; };
ports: ( { name = "lan0"; driver = "null"; }, { name = "wan0"; driver = "null"; } );
interfaces: (
  { name = "lan"; port = "lan0"; addresses = ["10.0.0.1/24"]; %(lan)s },
  { name = "wan"; port = "wan0"; addresses = ["203.0.113.1/24"]; %(wan)s } );
routes: ( { prefix = "0.0.0.0/0"; via = "203.0.113.254"; } );
%(nat)s
zones: ["inside", "outside"];
acls: (
  { name = "p53"; entries: ( { action = "permit"; protocol = "udp"; dports = [53]; },
                             { action = "permit"; protocol = "tcp"; dports = [53]; } ); },
  { name = "p54"; entries: ( { action = "permit"; protocol = "udp"; dports = [54]; },
                             { action = "permit"; protocol = "tcp"; dports = [54]; } ); },
  { name = "p55"; entries: ( { action = "permit"; protocol = "udp"; dports = [55]; },
                             { action = "permit"; protocol = "tcp"; dports = [55]; } ); } );
class_maps: ( { name = "c53"; acls = ["p53"]; }, { name = "c54"; acls = ["p54"]; },
              { name = "c55"; acls = ["p55"]; } );
policy_maps: ( { name = "policy"; classes: (
  { class = "c53"; action = "inspect"; }, { class = "c54"; action = "pass"; },
  { class = "c55"; action = "drop"; }, { class = "class-default"; action = "%(default)s"; } ); } );
zone_pairs: ( %(pairs)s );
"""
NAT = """nat: { rules: (
  { kind = "static"; inside = "10.0.0.6"; outside = "203.0.113.6"; },
  { kind = "dynamic"; inside = ["10.0.0.0/24"]; interface = "wan"; overload = true; } ); };"""


class Rules:
    """docs/firewall.md for one configuration."""

    def __init__(self, layout, pairs, default):
        self.inside, self.outside = LAYOUTS[layout]
        self.pairs, self.default = pairs, default

    def verdict(self, source, destination, port):
        """(action, name of the drop) of a first packet to this port."""
        if (source, destination) in self.pairs:
            action = CLASSES.get(port, self.default)
            return action, "self_policy" if destination == "self" else "policy_drop"
        if source == destination or destination == "self":
            return "inspect", None
        return "drop", "policy_no_pair"

    def conversation(self, outward, port, client_port):
        """What becomes of first packet, answer, later packet: None, or the name of the drop. An answer
        that nobody would send is left out."""
        here, there = ((self.inside, self.outside) if outward else (self.outside, self.inside))
        action, name = self.verdict(here, there, port)
        if action == "drop":
            return [name, "unsent", name]
        if action == "inspect":
            return [None, None, None]
        back, name = self.verdict(there, here, client_port)
        return [None, name if back == "drop" else None, None]

    def echo(self, zone):
        """Of a ping to callgate's own address: None (it answers), or the name of the drop."""
        action, name = self.verdict(zone, "self", None)
        return name if action == "drop" else None


def segment(proto, step, src, dst, sport, dport, text):
    """One packet of a conversation: a datagram, or SYN, SYN and ACK, then ACK with data."""
    if proto == "udp":
        return IP(src=src, dst=dst) / UDP(sport=sport, dport=dport) / Raw(text)
    flags, seq, ack = (("S", 100, 0), ("SA", 200, 101), ("A", 101, 201))[step]
    return IP(src=src, dst=dst, tos=step << 2) / TCP(
        sport=sport, dport=dport, flags=flags, seq=seq, ack=ack) / Raw(text if step == 2 else b"")


def combinations():
    for nat, layout, default in itertools.product((False, True), LAYOUTS, ("drop", "inspect", "pass")):
        inside, outside = LAYOUTS[layout]
        between = [] if inside == outside else [(inside, outside), (outside, inside)]
        toward_self = sorted({(inside, "self"), (outside, "self")})
        for pairs in itertools.product(*[(None, pair) for pair in between], (None, "self")):
            chosen = [pair for pair in pairs if isinstance(pair, tuple)]
            yield nat, layout, default, chosen + (toward_self if "self" in pairs else [])


class FirewallTable(ReplayTest):
    def configuration(self, nat, layout, default, pairs):
        def members(zone, side):
            return ((f'zone = "{zone}"; ' if zone != "default" else "")
                    + (f'nat = "{side}";' if nat else ""))
        inside, outside = LAYOUTS[layout]
        return CONFIG % {
            "workers": [0] * self.workers, "nat": NAT if nat else "", "default": default,
            "lan": members(inside, "inside"), "wan": members(outside, "outside"),
            "pairs": ", ".join(
                f'{{ name = "z{n}"; source = "{source}"; destination = "{destination}"; '
                'policy = "policy"; }' for n, (source, destination) in enumerate(pairs))}

    def play(self, rules, nat):
        """Frames of all conversations, and what the rules say: packets that leave by each port, drops."""
        frames, left, drops = {"lan0": [], "wan0": []}, {"lan0": 0, "wan0": 0}, {}
        clock = itertools.count(1)

        def send(port, packet, outcome, to):
            frames[port].append((next(clock) * 0.01, packet))
            if outcome is None:
                left[to] += 1
            else:
                drops[outcome] = drops.get(outcome, 0) + 1

        for number, (proto, outward, port) in enumerate(
                itertools.product(("udp", "tcp"), (True, False), (53, 54, 55, 99))):
            client = 41000 + number
            outcomes = rules.conversation(outward, port, client)
            near, far = ("lan0", "wan0") if outward else ("wan0", "lan0")
            # Who begins, and how either end sees the other.
            client_in, client_out = (PBX, WAN if nat else PBX) if outward else (FAR, FAR)
            server_in, server_out = (FAR, FAR) if outward else (FACE if nat else PHONE, PHONE)
            for step, outcome in enumerate(outcomes):
                if outcome == "unsent":
                    continue
                if step == 1:
                    send(far, segment(proto, 1, server_out, client_out, port, client, b"answer"),
                         outcome, near)
                elif step == 2 and proto == "tcp" and outcomes[0] is not None:
                    continue  # no handshake, no third segment
                else:
                    send(near, segment(proto, step, client_in, server_in, client, port, b"there"),
                         outcome, far)
        for port, zone, source, own in (("lan0", rules.inside, PBX, LAN),
                                        ("wan0", rules.outside, TRUNK, WAN)):
            send(port, IP(src=source, dst=own) / ICMP(id=7) / Raw(b"ping"), rules.echo(zone), port)
        return frames, left, drops

    def test_every_combination_follows_the_rules(self):
        runs = 0
        for nat, layout, default, pairs in combinations():
            with self.subTest(nat=nat, layout=layout, default=default, pairs=pairs):
                rules = Rules(layout, pairs, default)
                frames, left, drops = self.play(rules, nat)
                result = self.replay(self.configuration(nat, layout, default, pairs), frames)
                self.assertEqual(result.drops(), drops)
                self.assertEqual({port: len(result.ip(port)) for port in left}, left)
                runs += 1
        self.assertEqual(runs, 2 * 3 * (3 * 8 + 2 * 2))

    def test_what_policy_drops_costs_no_binding_and_opens_nothing(self):
        for default, expected in (("drop", 0), ("inspect", 1)):
            text = self.configuration(True, "two zones", default, [("inside", "outside")])
            result = self.replay(text, {"lan0": [segment("udp", 0, PBX, FAR, 4000, 99, b"x")]})
            self.assertEqual(result.count("event binding_created"), expected)
            self.assertEqual(result.count("event flow_created"), expected)
            self.assertEqual(result.count("event pinhole_opened"), 0)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    main()
