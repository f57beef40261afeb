#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Limits of classes and zone pairs, the reverse path check, and log lines of the firewall."""
import re

from replay import FAR, GATEWAY, ICMP, IP, LAN, PBX, PHONE, TCP, TRUNK, WAN, Raw, main, udp
from scene import INSPECT, OutgoingCall, SipTest, without_nat

ZONES = """
zones: ["inside", "outside"];
class_maps: ( { name = "names"; protocols = ["dns"]; } );
policy_maps: ( { name = "policy"; classes: (
  { class = "names"; action = "%(action)s"; %(names)s },
  { class = "class-default"; action = "%(default)s"; %(rest)s } ); } );
zone_pairs: ( { name = "in-out"; source = "inside"; destination = "outside"; policy = "policy"; %(pair)s }%(more)s );
"""


def zones(names="", rest="", pair="", action="inspect", default="inspect", more=""):
    return ZONES % {"names": names, "rest": rest, "pair": pair, "action": action,
                    "default": default, "more": more}


def tcp(src, dst, sport, dport, flags="S", **fields):
    return IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, flags=flags, **fields)


def names_from(first, count):
    return [udp(PBX, FAR, first + n, 53, b"%d" % n) for n in range(count)]


class FirewallLimits(SipTest):
    def run_zones(self, text, frames, nat=False, **options):
        text = self.config(zones=text)
        return self.replay(text if nat else without_nat(text), frames, **options)

    def test_flows_of_a_class_and_of_a_zone_pair(self):
        others = [(2 + n * 0.001, udp(PBX, FAR, 5000 + n, 99)) for n in range(4)]
        again = [(3, names_from(4000, 1)[0])]
        for limits, passed, reason in (
                ({"names": "max_flows = 3;"}, 3 + 4 + 1, 2), ({"pair": "max_flows = 6;"}, 5 + 1 + 1, 3),
                ({"names": "max_flows = 3;", "pair": "max_flows = 4;"}, 3 + 1 + 1, 5)):
            for nat in (False, True):
                result = self.run_zones(zones(**limits), {"lan0": [
                    *enumerate_at(1, names_from(4000, 5)), *others, *again]}, nat=nat)
                self.assertEqual(len(result.ip("wan0")), passed, limits)
                self.assertEqual(result.drops(), {"policy_max_flows": reason})
                # What is refused costs no binding either.
                self.assertEqual(result.count("event binding_created"), nat * (passed - 1))

    def test_ended_flows_make_room(self):
        result = self.run_zones(zones(names="max_flows = 2;") + "nat: { timeouts: { udp = 5; }; };", {
            "lan0": [*enumerate_at(1, names_from(4000, 3)), *enumerate_at(20, names_from(5000, 3))]})
        self.assertEqual(len(result.ip("wan0")), 4)
        self.assertEqual(result.drops(), {"policy_max_flows": 2})

    def test_what_nat_refuses_takes_no_place(self):
        rules = '{ kind = "dynamic"; inside = ["10.0.0.0/24"]; pool = "one"; overload = false; }'
        nat = 'pools: ( { name = "one"; addresses = ["203.0.113.9"]; } );'
        text = self.config(rules=rules, nat=nat, zones=zones(pair="max_flows = 2;"))
        result = self.replay(text, {"lan0": [(1, udp(PBX, FAR, 1, 53)), *enumerate_at(2, [
            udp(PHONE, FAR, n, 53) for n in range(1, 9)]), (3, udp(PBX, FAR, 2, 53)), (4, udp(PBX, FAR, 3, 53))]})
        self.assertEqual(len(result.ip("wan0")), 2)
        self.assertEqual(result.drops(), {"nat_no_port": 8, "policy_max_flows": 1})

    def test_new_flows_in_a_second(self):
        for limits in ({"names": "max_new_per_second = 3;"}, {"pair": "max_new_per_second = 3;"}):
            for action in ("inspect", "pass"):
                result = self.run_zones(zones(action=action, **limits), {"lan0": [
                    *enumerate_at(1.1, names_from(4000, 10)), *enumerate_at(2.1, names_from(5000, 10)),
                    # Those that stand go on.
                    *enumerate_at(2.5, names_from(4000, 3))]})
                self.assertEqual(len(result.ip("wan0")), 3 + 3 + 3)
                self.assertEqual(result.drops(), {"policy_max_new": 14})

    def test_handshakes_that_are_not_over(self):
        def opens(port):
            return ("lan0", tcp(PBX, FAR, port, 53, seq=1))

        def answered(port):
            return [("wan0", tcp(FAR, PBX, 53, port, "SA", seq=9, ack=2)),
                    ("lan0", tcp(PBX, FAR, port, 53, "A", seq=2, ack=10))]
        for limits in ({"names": "max_half_open = 2;"}, {"pair": "max_half_open = 2;"}):
            steps = [opens(1), opens(2), opens(3),        # the third is one too many
                     *answered(1), opens(4),             # one is over: room for one
                     opens(5),                            # and no more
                     ("lan0", udp(PBX, FAR, 6, 53)),      # a datagram is no handshake
                     ("lan0", tcp(PBX, FAR, 1, 53, "A", seq=2, ack=10))]
            frames = {"lan0": [], "wan0": []}
            for n, (port, packet) in enumerate(steps):
                frames[port].append((1 + n * 0.01, packet))
            result = self.run_zones(zones(**limits), frames)
            self.assertEqual(result.drops(), {"policy_max_half_open": 2})
            self.assertEqual(len(result.ip("wan0")), 6)

    def test_handshake_that_the_asked_end_refuses_is_over(self):
        def opens(port):
            return ("lan0", tcp(PBX, FAR, port, 53, seq=1))

        def refuses(port):
            return ("wan0", tcp(FAR, PBX, 53, port, "RA", ack=2))
        answers = ("wan0", tcp(FAR, PBX, 53, 1, "SA", seq=9, ack=2))
        steps = [opens(1), opens(2),
                 ("lan0", tcp(PBX, FAR, 2, 53, "R", seq=2)),  # whoever floods would say so, too
                 opens(3),                                    # one too many
                 refuses(1), refuses(1), opens(4), opens(5),  # room for one
                 refuses(4), opens(1), answers, opens(6)]     # the first goes on after all
        for limits in ({"names": "max_half_open = 2;"}, {"pair": "max_half_open = 2;"}):
            frames = {"lan0": [], "wan0": []}
            for n, (port, packet) in enumerate(steps):
                frames[port].append((1 + n * 0.01, packet))
            result = self.run_zones(zones(**limits), frames)
            self.assertEqual(result.drops(), {"policy_max_half_open": 3})
            self.assertEqual(sorted(p[TCP].sport for p in result.ip("wan0")), [1, 1, 2, 2, 4])
            self.assertEqual(len(result.ip("lan0")), 4)

    def test_syn_flood_leaves_established_conversations_alone(self):
        flood = [(2 + n * 0.0005, tcp(PHONE, FAR, 1024 + n, 80)) for n in range(2000)]
        talk = {"lan0": [(1, udp(PBX, FAR, 4000, 53)), *flood, (3.2, tcp(PBX, FAR, 9, 443))],
                "wan0": [(2 + n * 0.01, udp(FAR, PBX, 53, 4000, b"rtp")) for n in range(100)]}
        result = self.run_zones(zones(rest="max_half_open = 100;"), talk)
        self.assertEqual(len(result.ip("lan0")), 100)
        self.assertEqual(len(result.ip("wan0")), 1 + 100)
        self.assertEqual(result.drops(), {"policy_max_half_open": 1901})

    def test_a_flood_does_not_take_the_beginning_of_each_second(self):
        # Ten times the rate, evenly: who comes at any part of a second finds the same room.
        flood = [(1 + n * 0.01, udp(PBX, FAR, 1024 + n, 53)) for n in range(1000)]
        result = self.run_zones(zones(pair="max_new_per_second = 10;"), {"lan0": flood})
        times = [float(p.time) % 1 for p in result.ip("wan0")]
        self.assertIn(len(times), range(105, 112))
        self.assertGreater(len([t for t in times if t >= 0.5]), 40)

    def test_limit_of_what_comes_in_counts_what_nat_lets_in(self):
        rules = '{ kind = "static"; protocol = "udp"; inside = "10.0.0.6:53"; outside = "203.0.113.1:53"; }'
        more = ', { name = "out-in"; source = "outside"; destination = "inside"; policy = "policy"; }'
        text = self.config(rules=rules, zones=zones(names="max_new_per_second = 2;", more=more))
        stray = [udp(FAR, WAN, 7000 + n, 9999) for n in range(5)]  # nobody's: no flow, no token
        result = self.replay(text, {"wan0": enumerate_at(
            1.1, stray + [udp(FAR, WAN, 8000 + n, 53) for n in range(4)])})
        self.assertEqual(len(result.ip("lan0")), 2)
        self.assertEqual(result.count("drop policy_max_new"), 2)

    def test_what_a_limit_refuses_makes_no_binding_of_a_whole_address(self):
        rules = '{ kind = "static"; inside = "10.0.0.6"; outside = "203.0.113.6"; }'
        more = ', { name = "out-in"; source = "outside"; destination = "inside"; policy = "policy"; %s }'
        for limit, frames in (
                ("max_flows = 2;", [udp(FAR, "203.0.113.6", 7000, 100 + n) for n in range(9)]),
                ("max_new_per_second = 2;", [IP(src=FAR, dst="203.0.113.6") / ICMP(id=n) for n in range(9)]),
                ("max_half_open = 2;", [tcp(FAR, "203.0.113.6", 7000, 100 + n) for n in range(9)])):
            text = self.config(rules=rules, zones=zones(more=more % limit))
            result = self.replay(text, {"wan0": enumerate_at(1.1, frames)})
            self.assertEqual(len(result.ip("lan0")), 2)
            self.assertEqual(sum(result.drops().values()), 7)
            self.assertEqual(result.count("event binding_created"), 2, limit)

    def test_hairpin_that_a_limit_refuses_leaves_no_binding(self):
        rules = '{ kind = "static"; inside = "10.5.0.9"; outside = "203.0.113.6"; }, ' \
                '{ kind = "dynamic"; inside = ["10.0.0.0/24"]; interface = "wan"; overload = true; }'
        text = self.config(rules=rules, zones=zones(
            more=', { name = "in-dmz"; source = "inside"; destination = "dmz"; policy = "policy"; max_flows = 2; }'
        ).replace('"outside"];', '"outside", "dmz"];'))
        text = text.replace('{ name = "wan0";', '{ name = "dmz0"; driver = "null"; }, { name = "wan0";')
        text = text.replace('interfaces: (', 'interfaces: ( { name = "dmz"; port = "dmz0"; zone = "dmz"; '
                            'nat = "inside"; addresses = ["10.5.0.1/24"]; },')
        result = self.replay(text, {"lan0": [udp(PBX, "203.0.113.6", 4000 + n, 53) for n in range(6)]})
        self.assertEqual(len(result.ip("dmz0")), 2)
        self.assertEqual(result.drops(), {"policy_max_flows": 4})
        self.assertEqual(result.count("summary translations"), 3)

    def test_calls_pass_a_full_zone_pair(self):
        text = (INSPECT % "inspect").replace('policy = "all";', 'policy = "all"; max_flows = 1;')
        for routed in (False, True):
            scene = self.scene(routed=routed, zones=text)
            call = OutgoingCall(scene)
            call.establish()
            media, report = call.media_in(), call.media_in(offset=1)  # two flows, for one place
            other = scene.lan(b"not of the call", sport=4000, dst=FAR, dport=99)
            result = scene.run()
            self.assert_media(media, call.in_ends())
            self.assertEqual(len(report.sent), 1)
            self.assert_stopped(other)
            self.assertEqual(result.drops(), {"policy_max_flows": 1})

    def test_packets_to_callgate_itself(self):
        more = ', { name = "self"; source = "outside"; destination = "self"; policy = "policy"; ' \
               'max_new_per_second = 2; }'
        pings = [IP(src=TRUNK, dst=WAN) / ICMP(id=n) / Raw(b"ping") for n in range(5)]
        result = self.run_zones(zones(more=more), {"wan0": enumerate_at(1.1, pings)})
        self.assertEqual(len(result.ip("wan0")), 2)
        self.assertEqual(result.drops(), {"policy_max_new": 3})

    def test_what_callgate_itself_sends_obeys_pairs_from_self(self):
        ping = IP(src=TRUNK, dst=WAN) / ICMP(id=7) / Raw(b"ping")
        closed = udp(TRUNK, WAN, 4000, 99)
        for inward in (None, "drop", "pass", "inspect"):
            for outward in (None, "drop", "pass", "inspect"):
                pairs = "".join(
                    f', {{ name = "{n}"; source = "{source}"; destination = "{destination}"; policy = "{action}"; }}'
                    for n, (source, destination, action) in enumerate((
                        ("outside", "self", inward), ("self", "outside", outward))) if action)
                text = zones(more=pairs).replace('policy_maps: (', 'policy_maps: ( ' + " ".join(
                    f'{{ name = "{action}"; classes: ( {{ class = "class-default"; action = "{action}"; }} ); }},'
                    for action in ("drop", "pass", "inspect")))
                result = self.run_zones(text, {"wan0": [(1, ping), (2, closed)]})
                reply = inward != "drop" and (inward == "inspect" or outward != "drop")
                error = inward != "drop" and outward != "drop"
                with self.subTest(inward=inward, outward=outward):
                    self.assertEqual([p[ICMP].type for p in result.ip("wan0")],
                                     [0] * reply + [3] * error)
                    self.assertEqual(result.count("drop self_policy"),
                                     2 if inward == "drop" else int(not reply))
                    self.assertEqual(result.count("event icmp_error_refused"),
                                     int(inward != "drop" and not error))

    def test_reverse_path_check(self):
        inside, outside = udp(PBX, FAR, 1, 2, b"good"), udp(FAR, PBX, 1, 2, b"good")
        spoofed, foreign = udp(FAR, TRUNK, 1, 2, b"far inside"), udp("10.0.0.77", PBX, 1, 2, b"near outside")
        for routes, check, reason in (
                ("", "off", {}), ("", "loose", {}), ("", "strict", {"source_check": 2}),
                ("no default", "loose", {"source_check": 2}),
                ("no default", "strict", {"source_check": 3})):
            text = without_nat(self.config()).replace('addresses = ', f'source_check = "{check}"; addresses = ')
            frames = {"lan0": [inside, spoofed], "wan0": [outside, foreign]}
            if routes:
                # Nothing but what is connected: FAR is nowhere.
                text = text.replace('prefix = "0.0.0.0/0"', 'prefix = "192.0.2.0/24"')
                frames["lan0"][0] = udp(PBX, GATEWAY, 1, 2, b"good")
                frames["lan0"][1] = udp(FAR, GATEWAY, 1, 2, b"far inside")
            result = self.replay(text, frames)
            self.assertEqual(result.drops(), reason, (routes, check))

    def test_established_flow_ignores_the_reverse_path_check_and_martians_never_pass(self):
        text = without_nat(self.config()).replace('addresses = ', 'source_check = "strict"; addresses = ')
        result = self.replay(text, {"lan0": [
            udp("127.0.0.1", FAR, 1, 2), udp("0.0.0.0", FAR, 1, 2), udp("240.0.0.1", FAR, 1, 2),
            udp("255.255.255.255", FAR, 1, 2), udp("10.0.0.255", FAR, 1, 2), udp(LAN, FAR, 1, 2),
            udp(WAN, FAR, 1, 2)]})
        self.assertEqual(result.drops(), {"ip_source": 5, "ip_source_own": 2})

    def log_of(self, text, frames, nat=True, **rules):
        config = self.config(zones=text, **rules).replace('"warning"', '"info"')
        lines = self.replay(config if nat else without_nat(config), frames).log.splitlines()
        return [re.sub(r"^callgate: | \(\d+ similar lines suppressed\)$", "", line) for line in lines
                if " zone pair " in line]

    def test_log_lines_name_tuples_zones_pair_class_and_reason(self):
        frames = {"lan0": [(1, udp(PBX, FAR, 4000, 53)), (2, udp(PBX, FAR, 4000, 99)),
                           (3, tcp(PBX, FAR, 4001, 53, "A"))]}
        text = zones(names="log = true;", rest="log = true;", default="drop")
        begun = f"udp {PBX}:4000 to {FAR}:53 as {WAN}:4000 to {FAR}:53, inside to outside, " \
                "zone pair in-out, class names"
        dropped = f"drop udp {PBX}:4000 to {FAR}:99 as {PBX}:4000 to {FAR}:99, inside to outside, " \
                  "zone pair in-out, class class-default: policy_drop"
        middle = f"drop tcp {PBX}:4001 to {FAR}:53 as {PBX}:4001 to {FAR}:53, inside to outside, " \
                 "zone pair in-out, class names: tcp_no_flow"
        self.assertEqual(self.log_of(text, frames), ["inspect " + begun, dropped, middle])
        self.assertEqual(self.log_of(text.replace('"inspect"', '"pass"'), frames)[:2],
                         ["pass " + begun, dropped])
        self.assertEqual(self.log_of(text.replace("log = true;", ""), frames), [])

    def test_log_line_of_what_nat_refuses(self):
        lines = self.log_of(zones(names="log = true;"), {
            "lan0": [(1, udp(PHONE, FAR, 4001, 53)), (2, udp(PHONE, FAR, 4000, 53))]},
            rules='{ kind = "dynamic"; inside = ["10.0.0.0/24"]; interface = "wan"; max_ports_per_host = 1; }')
        self.assertEqual(len(lines), 2)
        self.assertEqual(lines[1], f"drop udp {PHONE}:4000 to {FAR}:53 as {PHONE}:4000 to {FAR}:53, inside to "
                                   "outside, zone pair in-out, class names: nat_host_limit")

    def test_log_lines_of_limits_and_of_callgate_itself(self):
        more = ', { name = "self"; source = "outside"; destination = "self"; policy = "policy"; }'
        text = zones(names="log = true; max_flows = 1;", rest="log = true;", default="drop", more=more)
        lines = self.log_of(text, {
            "lan0": [(1, udp(PBX, FAR, 4000, 53)), (2, udp(PBX, FAR, 4001, 53))],
            "wan0": [(3, IP(src=TRUNK, dst=WAN) / ICMP(id=7))]})
        self.assertEqual(len(lines), 3)
        self.assertTrue(lines[1].endswith("class names: policy_max_flows"), lines[1])
        self.assertEqual(lines[2], f"drop icmp {TRUNK}:7 to {WAN}:7 as {TRUNK}:7 to {WAN}:7, outside to self, "
                                   "zone pair self, class class-default: self_policy")

    def test_fragments_fare_as_the_first_one_does(self):
        long = udp(PBX, FAR, 4000, 53, bytes(3000))
        refused = udp(PBX, FAR, 4000, 99, bytes(3000))
        for order in (1, -1):
            frames = [*fragments_of(long, 1)[::order], *fragments_of(refused, 2)[::order]]
            result = self.run_zones(zones(default="drop"), {"lan0": frames})
            self.assertEqual(len(result.ip("wan0")), 3)
            self.assertEqual(result.count("drop policy_drop") + result.count("drop fragment_refused"), 3)


def enumerate_at(start, packets):
    return [(start + n * 0.001, packet) for n, packet in enumerate(packets)]


def fragments_of(packet, identification):
    whole = bytes(packet)[20:]
    return [IP(src=packet.src, dst=packet.dst, proto=17, id=identification, frag=at // 8,
               flags="MF" if at + 1200 < len(whole) else 0) / Raw(whole[at:at + 1200])
            for at in range(0, len(whole), 1200)]


if __name__ == "__main__":
    main()
