#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Zone firewall: class maps, pass, inspect, drop, self and default zones, pinholes, log."""
from replay import FAR, ICMP, IP, LAN, PBX, PHONE, TCP, TRUNK, WAN, Raw, main, payload, udp
from scene import OutgoingCall, SipTest, without_nat

PAIR = '{ name = "%s"; source = "%s"; destination = "%s"; policy = "%s"; }'


def zones(classes, pairs=(("inside", "outside"),), maps="", acls="", names=("inside", "outside")):
    """Configuration text: one policy map "policy" with these classes, on these zone pairs."""
    entries = ", ".join('{ class = "%s"; action = "%s"; }' % c for c in classes)
    listed = ", ".join(PAIR % (f"pair-{n}", *pair, "policy") for n, pair in enumerate(pairs))
    return (f"{acls}zones: [{', '.join(chr(34) + n + chr(34) for n in names)}];\n"
            f"class_maps: ( {maps} );\n"
            'policy_maps: ( { name = "policy"; classes: ( %s ); } );\n' % entries
            + f"zone_pairs: ( {listed} );\n")


def tcp(src, dst, sport, dport, flags="S"):
    return IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, flags=flags)


OUT, BACK = udp(PBX, FAR, 4000, 53, b"out"), udp(FAR, PBX, 53, 4000, b"back")
DNS = '{ name = "names"; match = "any"; protocols = ["dns"]; }'


class Firewall(SipTest):
    def run_zones(self, text, frames, **options):
        """A router with zones, no NAT."""
        return self.replay(without_nat(self.config(zones=text)), frames, **options)

    def passed(self, text, *packets):
        """Which of these (port, packet) pass, one after the other."""
        frames = {}
        for n, (port, packet) in enumerate(packets):
            frames.setdefault(port, []).append((n * 0.1, packet))
        result = self.run_zones(text, frames)
        return [payload(p) for port in ("wan0", "lan0") for p in result.ip(port)], result

    def test_inspect_lets_the_answer_back_and_nothing_else(self):
        text = zones([("class-default", "inspect")])
        got, result = self.passed(text, ("lan0", OUT), ("wan0", BACK),
                                  ("wan0", udp(TRUNK, PBX, 53, 4000, b"stranger")),
                                  ("wan0", udp(FAR, PBX, 54, 4000, b"other port")))
        self.assertEqual(got, [b"out", b"back"])
        self.assertEqual(result.drops(), {"policy_no_pair": 2})

    def test_inspect_does_not_let_the_outside_begin(self):
        got, result = self.passed(zones([("class-default", "inspect")]),
                                  ("wan0", udp(FAR, PBX, 53, 4000, b"first")), ("lan0", OUT))
        self.assertEqual(got, [b"out"])
        self.assertEqual(result.drops(), {"policy_no_pair": 1})

    def test_pass_is_one_way_and_the_other_way_needs_its_own_pair(self):
        one = [("inside", "outside")]
        for pairs, expected in ((one, [b"out"]),
                                (one + [("outside", "inside")], [b"out", b"back"])):
            got, result = self.passed(zones([("class-default", "pass")], pairs),
                                      ("lan0", OUT), ("wan0", BACK))
            self.assertEqual(got, expected)
            self.assertEqual(result.count("drop policy_no_pair"), 2 - len(expected))

    def test_pass_that_goes_on_after_a_refused_answer(self):
        got, _ = self.passed(zones([("class-default", "pass")]), ("lan0", OUT), ("wan0", BACK),
                             ("lan0", udp(PBX, FAR, 4000, 53, b"again")), ("wan0", BACK))
        self.assertEqual(got, [b"out", b"again"])

    def test_pass_keeps_no_tcp_state(self):
        got, result = self.passed(zones([("class-default", "pass")]),
                                  ("lan0", tcp(PBX, FAR, 4000, 80, "A") / Raw(b"middle")))
        self.assertEqual((got, result.drops()), ([b"middle"], {}))

    def test_inspect_refuses_tcp_without_syn(self):
        got, result = self.passed(zones([("class-default", "inspect")]),
                                  ("lan0", tcp(PBX, FAR, 4000, 80, "A") / Raw(b"middle")))
        self.assertEqual((got, result.drops()), ([], {"tcp_no_flow": 1}))

    def test_class_default_is_drop_when_no_class_matches(self):
        got, result = self.passed(zones([("names", "inspect")], maps=DNS), ("lan0", OUT),
                                  ("lan0", udp(PBX, FAR, 4000, 99, b"no")))
        self.assertEqual((got, result.drops()), ([b"out"], {"policy_drop": 1}))

    def test_first_class_that_matches_decides(self):
        maps = DNS + ', { name = "datagrams"; match = "any"; protocols = ["udp"]; }'
        for order, expected in (([("names", "drop"), ("datagrams", "inspect")], [b"no"]),
                                ([("datagrams", "inspect"), ("names", "drop")], [b"out", b"no"])):
            got, _ = self.passed(zones(order, maps=maps), ("lan0", OUT),
                                 ("lan0", udp(PBX, FAR, 4000, 99, b"no")))
            self.assertEqual(got, expected)

    def test_match_any_and_match_all(self):
        acl = ('acls: ( { name = "server"; entries: ( { action = "permit"; protocol = "ip"; '
               'source = "any"; destination = "198.51.100.20/32"; } ); } );\n')
        frames = [("lan0", OUT), ("lan0", udp(PBX, FAR, 4000, 99, b"acl only")),
                  ("lan0", udp(PBX, TRUNK, 4000, 53, b"protocol only")),
                  ("lan0", udp(PBX, TRUNK, 4000, 99, b"neither"))]
        for match, expected in (("all", [b"out"]),
                                ("any", [b"out", b"acl only", b"protocol only"])):
            maps = ('{ name = "chosen"; match = "%s"; protocols = ["dns"]; acls = ["server"]; }'
                    % match)
            got, _ = self.passed(zones([("chosen", "inspect")], maps=maps, acls=acl), *frames)
            self.assertEqual(got, expected, match)

    def test_acl_entries_deny_before_they_permit(self):
        acl = ('acls: ( { name = "most"; entries: ( { action = "deny"; protocol = "udp"; '
               'source = "10.0.0.6/32"; destination = "any"; }, { action = "permit"; '
               'protocol = "udp"; source = "10.0.0.0/24"; destination = "any"; '
               'dports = [53, 99]; } ); } );\n')
        maps = '{ name = "chosen"; match = "any"; acls = ["most"]; }'
        got, result = self.passed(
            zones([("chosen", "inspect")], maps=maps, acls=acl), ("lan0", OUT),
            ("lan0", udp(PHONE, FAR, 4000, 53, b"denied")),
            ("lan0", udp(PBX, FAR, 4000, 98, b"other port")),
            ("lan0", udp(PBX, FAR, 4000, 99, b"second port")))
        self.assertEqual((got, result.drops()), ([b"out", b"second port"], {"policy_drop": 2}))

    def test_class_map_inside_a_class_map(self):
        maps = DNS + ', { name = "outer"; match = "all"; protocols = ["udp"]; ' \
                     'class_maps = ["names"]; }'
        got, _ = self.passed(zones([("outer", "inspect")], maps=maps), ("lan0", OUT),
                             ("lan0", udp(PBX, FAR, 4000, 99, b"no")))
        self.assertEqual(got, [b"out"])

    def test_negated_questions_fit_what_they_do_not_match(self):
        acl = ('networks: ( { name = "servers"; addresses = ["198.51.100.20-198.51.100.22"]; } );\n'
               'acls: ( { name = "to-servers"; entries: ( { action = "permit"; '
               'destination = "servers"; } ); } );\n')
        frames = [("lan0", OUT), ("lan0", udp(PBX, FAR, 4000, 99, b"servers only")),
                  ("lan0", udp(PBX, TRUNK, 4000, 53, b"names only")),
                  ("lan0", udp(PBX, "198.51.100.23", 4000, 99, b"neither"))]
        for match, questions, expected in (
                ("any", 'not_acls = ["to-servers"];', [b"names only", b"neither"]),
                ("any", 'not_protocols = ["dns"];', [b"servers only", b"neither"]),
                ("any", 'not_class_maps = ["names"];', [b"servers only", b"neither"]),
                ("any", 'protocols = ["dns"]; not_acls = ["to-servers"];',
                 [b"out", b"names only", b"neither"]),
                ("all", 'protocols = ["dns"]; not_acls = ["to-servers"];', [b"names only"]),
                ("all", 'not_protocols = ["dns"]; not_acls = ["to-servers"];', [b"neither"]),
                ("all", 'not_protocols = ["dns", "icmp"]; acls = ["to-servers"];',
                 [b"servers only"])):
            maps = DNS + ', { name = "chosen"; match = "%s"; %s }' % (match, questions)
            got, _ = self.passed(zones([("chosen", "inspect")], maps=maps, acls=acl), *frames)
            self.assertEqual(got, expected, (match, questions))

    def test_no_pair_between_zones_drops(self):
        got, result = self.passed(zones([("class-default", "inspect")], pairs=()), ("lan0", OUT))
        self.assertEqual((got, result.drops()), ([], {"policy_no_pair": 1}))

    def test_one_zone_on_both_sides_passes_without_a_pair(self):
        text = self.config(zones=zones([("class-default", "drop")], pairs=()))
        text = without_nat(text).replace('zone = "outside"', 'zone = "inside"')
        result = self.replay(text, {"lan0": [(0, OUT)], "wan0": [(1, BACK)]})
        self.assertEqual((len(result.ip("wan0")), len(result.ip("lan0"))), (1, 1))

    def test_interfaces_in_no_zone_talk_to_each_other_only(self):
        base = without_nat(self.config(zones=zones([("class-default", "inspect")])))
        neither = base.replace('zone = "outside";', "").replace('zone = "inside";', "")
        one = base.replace('zone = "outside";', "")
        for text, passed in ((neither, 1), (one, 0)):
            result = self.replay(text, {"lan0": [OUT]})
            self.assertEqual(len(result.ip("wan0")), passed)
            self.assertEqual(result.count("drop policy_no_pair"), 1 - passed)

    def test_default_zone_in_a_pair_is_the_interface_without_a_zone(self):
        text = zones([("class-default", "inspect")], pairs=[("inside", "default")])
        text = without_nat(self.config(zones=text)).replace('zone = "outside";', "")
        result = self.replay(text, {"lan0": [(0, OUT)], "wan0": [
            (1, BACK), (2, udp(TRUNK, PBX, 1, 2, b"first"))]})
        self.assertEqual((len(result.ip("wan0")), len(result.ip("lan0"))), (1, 1))
        self.assertEqual(result.drops(), {"policy_no_pair": 1})

    def test_self_zone_answers_without_a_pair_and_obeys_one(self):
        def ping(src, dst):
            return IP(src=src, dst=dst) / ICMP() / Raw(b"hello")
        frames = {"lan0": [(0, ping(PBX, LAN))], "wan0": [(1, ping("203.0.113.9", WAN))]}
        result = self.run_zones(zones([("class-default", "drop")], pairs=()), frames)
        self.assertEqual((len(result.ip("lan0")), len(result.ip("wan0"))), (1, 1))
        text = zones([("class-default", "drop")], pairs=[("outside", "self")])
        result = self.run_zones(text, frames)
        self.assertEqual((len(result.ip("lan0")), len(result.ip("wan0"))), (1, 0))
        self.assertEqual(result.drops(), {"self_policy": 1})

    def test_echo_and_its_error_follow_the_inspected_conversation(self):
        text = zones([("class-default", "inspect")])
        echo = IP(src=PBX, dst=FAR) / ICMP(type=8, id=9) / Raw(b"ask")
        answer = IP(src=FAR, dst=PBX) / ICMP(type=0, id=9) / Raw(b"answer")
        stray = IP(src=FAR, dst=PBX) / ICMP(type=0, id=10) / Raw(b"stray")
        got, _ = self.passed(text, ("lan0", echo), ("wan0", answer), ("wan0", stray))
        self.assertEqual(got, [b"ask", b"answer"])
        error = IP(src=FAR, dst=PBX) / ICMP(type=3, code=3)
        near = error / Raw(bytes(OUT)[:28])
        far = error / Raw(bytes(udp(PHONE, FAR, 4000, 53, b"out"))[:28])
        result = self.run_zones(text, {"lan0": [(0, OUT)], "wan0": [(1, near), (2, far)]})
        self.assertEqual(len(result.ip("lan0")), 1)
        self.assertEqual(result.drops(), {"icmp_error_unrelated": 1})

    def test_inside_source_that_comes_from_outside_is_a_miss(self):
        got, result = self.passed(zones([("class-default", "inspect")]), ("lan0", OUT),
                                  ("wan0", udp(PBX, FAR, 4000, 53, b"spoofed")))
        self.assertEqual(got[:1], [b"out"])
        self.assertEqual(len(result.ip("wan0")), 1 + (b"spoofed" in got))
        self.assertEqual(result.count("event flow_created"), 1 + (b"spoofed" in got))
        self.assertEqual(len(result.ip("lan0")), 0)

    def test_pinhole_lets_in_only_what_the_call_announced(self):
        for routed in (False, True):
            scene = self.scene(routed=routed)
            call = OutgoingCall(scene)
            before = call.media_in()
            call.establish()
            media = call.media_in()
            others = [call.media_in(src=TRUNK), call.media_in(offset=2)]
            scene.run()
            self.assert_stopped(before, *others)
            self.assert_media(media, call.in_ends())

    def test_logged_drops_are_in_the_log_and_others_are_not(self):
        for log in ("true", "false"):
            text = zones([("class-default", "drop")])
            text = text.replace('action = "drop";', f'action = "drop"; log = {log};')
            config = without_nat(self.config(zones=text)).replace('"warning"', '"info"')
            result = self.replay(config, {"lan0": [OUT]})
            self.assertEqual(f"drop udp {PBX}:4000 to {FAR}:53" in result.log, log == "true", result.log)
            self.assertEqual("inside to outside" in result.log, log == "true")


if __name__ == "__main__":
    main()
