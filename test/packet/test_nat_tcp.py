#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""TCP through NAT as RFC 5382 and RFC 7857 ask for it."""
from replay import (DYNAMIC, FAR, IP, PBX, PHONE, TCP, TRUNK, WAN, Raw, ReplayTest, main)
from scene import INSPECT, Scene

SERVER = DYNAMIC + """,
  { kind = "static"; protocol = "tcp"; inside = "10.0.0.5:80"; outside = "203.0.113.1:80"; }"""
ONE_WAY = (INSPECT % "inspect").replace(
    '  { name = "out-in"; source = "outside"; destination = "inside"; policy = "all"; } );', ");").replace(
    'policy = "all"; },\n);', 'policy = "all"; } );')
OPENING, ESTABLISHED, CLOSING = 240, 7440, 240


def tcp(src, dst, sport, dport, flags, data=b"", **fields):
    return IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, flags=flags, **fields) / Raw(data)


def ends(packet):
    return packet[IP].src, packet[TCP].sport, packet[IP].dst, packet[TCP].dport


class Connection:
    """Segments between an inside endpoint and one outside, as events of a scene."""

    def __init__(self, scene, inside=(PBX, 4000), outside=None, far=(FAR, 80)):
        self.scene, self.inside, self.far = scene, inside, far
        self.outside = outside or (WAN, inside[1])
        self.events = []

    def out(self, flags, data=b"", **fields):
        self.events.append(self.scene.add("lan0", tcp(self.inside[0], self.far[0], self.inside[1],
                                                      self.far[1], flags, data, **fields)))
        return self.events[-1]

    def back(self, flags, data=b"", **fields):
        self.events.append(self.scene.add("wan0", tcp(self.far[0], self.outside[0], self.far[1],
                                                      self.outside[1], flags, data, **fields)))
        return self.events[-1]

    def play(self, script):
        """'S> <SA A>': who sends which flags, in order; the events."""
        return [self.out(word[:-1]) if word[-1] == ">" else self.back(word[1:])
                for word in script.split()]

    def establish(self):
        return self.play("S> <SA A>")

    @property
    def ends_out(self):
        return *self.outside, *self.far

    @property
    def ends_in(self):
        return *self.far, *self.inside


def side_by_side(scene, scripts):
    """A connection for each script, each from a port of its own: [(script, connection)]."""
    found = []
    for number, script in enumerate(scripts):
        found.append((script, Connection(scene, (PBX, 4000 + number))))
        found[-1][1].play(script)
    return found


class NatTcp(ReplayTest):
    def scene(self, **config):
        config.setdefault("zones", "")
        return Scene(self, **config)

    def assert_passed(self, connection, events=None, text=""):
        for number, event in enumerate(connection.events if events is None else events):
            where = f"{text}, {number}: {event.frame.summary()}"
            self.assertEqual(len(event.sent), 1, where)
            port, packet = event.sent[0]
            outward = event.port == "lan0"
            self.assertEqual(port, "wan0" if outward else "lan0", where)
            self.assertEqual(ends(packet), connection.ends_out if outward else connection.ends_in,
                             where)
            self.assertEqual(packet[TCP].flags, event.frame[TCP].flags, where)

    def assert_stopped(self, events):
        for event in events:
            self.assertEqual(event.sent, [], event.frame.summary())

    def test_mapping_is_endpoint_independent(self):
        scene = self.scene()
        events = [Connection(scene, far=far).out("S") for far in ((FAR, 80), (FAR, 81), (TRUNK, 80))]
        result = scene.run()
        self.assertEqual({ends(e.sent[0][1])[:2] for e in events}, {(WAN, 4000)})
        self.assertEqual(result.count("summary translations"), 1)

    def test_no_two_inside_endpoints_share_a_port(self):
        scene = self.scene()
        one = Connection(scene).out("S")
        two = Connection(scene, inside=(PHONE, 4000), far=(TRUNK, 99)).out("S")
        scene.run()
        self.assertEqual(ends(one.sent[0][1])[1], 4000)
        self.assertNotEqual(ends(two.sent[0][1])[1], 4000)

    def test_opened_from_the_inside(self):
        scene = self.scene()
        connection = Connection(scene)
        connection.play("S> S> <SA <SA A> PA> <A <PA A> FA> <A <PA A> <FA A> A>")
        scene.run()
        self.assert_passed(connection)

    def test_opened_from_the_outside_where_a_rule_lets_it_in(self):
        scene = self.scene(rules=SERVER)
        connection = Connection(scene, (PBX, 80), (WAN, 80), (FAR, 4000))
        connection.play("<S SA> <A <PA A> PA> <A <FA A> FA> <A")
        scene.run()
        self.assert_passed(connection)

    def test_simultaneous_open_in_every_order(self):
        scene = self.scene()
        opened = side_by_side(scene, (
            "S> <S SA> <SA A> <A", "S> <S <SA SA> <A A>", "S> <S <A A> PA> <PA",
            "S> <S SA> SA> <SA SA>", "S> <SA A> PA>"))
        result = scene.run(drain=OPENING + 60)
        for script, connection in opened:
            self.assert_passed(connection, text=script)
        self.assertEqual(result.count("summary flows"), len(opened), "they are established")

    def test_simultaneous_open_whose_first_syn_came_too_early(self):
        scene = self.scene(zones=INSPECT % "inspect")
        connection = Connection(scene)
        early, *events = connection.play("<S S> <S SA> <SA A>")
        result = scene.run()
        self.assert_stopped([early])
        self.assert_passed(connection, events)
        self.assertEqual(result.drops(), {"nat_unsolicited": 1})

    def test_restarted_host_finds_out_and_connects_again(self):
        scene = self.scene()
        restarted = side_by_side(scene, (
            f"S> <SA A> {start} {again}" for start in ("", "FA>", "<FA")
            for again in ("S> <A R> S> <SA A> PA>", "<S SA> R> <S SA> <A <PA")))
        scene.run()
        for script, connection in restarted:
            self.assert_passed(connection, text=script)

    def test_closed_connection_opens_again_from_either_side(self):
        scene = self.scene()
        reopened = side_by_side(scene, (
            f"S> <SA A> {close} {again}" for again in ("S> <SA A> PA>", "<S SA> <A <PA")
            for close in ("FA> <FA A>", "<FA FA> <A", "FA> <FA <A A>", "R>", "<R")))
        result = scene.run()
        for script, connection in reopened:
            self.assert_passed(connection, text=script)
        self.assertEqual(result.count("event flow_created"), len(reopened))

    def test_reverse_opening_needs_a_policy(self):
        scene = self.scene(zones=ONE_WAY)
        connection = Connection(scene)
        events = connection.play("S> <SA A> FA> <FA A>")
        refused = connection.play("<S")
        events += connection.play("S> <SA A>")
        result = scene.run()
        self.assert_stopped(refused)
        self.assert_passed(connection, events)
        self.assertEqual(result.drops(), {"tcp_state": 1})

    def test_segments_that_no_connection_contains_are_refused(self):
        scene = self.scene()
        connection = Connection(scene)
        connection.establish()
        events = [way(flags) for flags in ("SF", "SR", "SFR", "FR", "", "F", "P")
                  for way in (connection.out, connection.back)]
        result = scene.run()
        self.assert_stopped(events)
        self.assertEqual(result.drops(), {"tcp_state": 14})

    def assert_stands_for(self, seconds, scripts, **config):
        """The flow of each script passes a RST a little before its time, and none after it."""
        scene = self.scene(**config)
        before = side_by_side(scene, scripts)
        after = [Connection(scene, (PBX, 5000 + n)) for n in range(len(before))]
        for (script, _), connection in zip(before, after):
            connection.play(script)
        probes = []
        # a sweep comes each second
        for late, connections in ((-2, [c for _, c in before]), (2, after)):
            for connection in connections:
                scene.clock = max(scene.clock, connection.events[-1].when + seconds + late)
                probes.append((late, connection.back("R")))
        scene.run()
        for (late, probe), script in zip(probes, 2 * [s for s, _ in before]):
            self.assertEqual(len(probe.sent), late < 0, f"{script}, {late} s")

    def test_established_and_half_closed_idle_timer(self):
        self.assert_stands_for(ESTABLISHED, ("S> <SA A>", "S> <S SA> <SA", "S> <SA A> FA> <A",
                                             "S> <SA A> <FA A>"))

    def test_opening_and_closing_idle_timer(self):
        self.assert_stands_for(OPENING, (
            "S>", "S> <SA", "S> <S", "S> <S SA>", "S> <S <SA", "S> <SA R>",
            "S> <SA A> FA> <FA A>", "S> <SA A> <R", "S> <SA A> R>", "S> <SA A> FA> <R"))

    def test_timers_are_configurable(self):
        timers = "timeouts: { tcp_established = 100; tcp_opening = 10; tcp_closing = 20; };"
        for seconds, scripts in ((10, ("S>", "S> <SA")), (100, ("S> <SA A>",)),
                                 (20, ("S> <SA A> FA> <FA", "S> <SA A> <R"))):
            self.assert_stands_for(seconds, scripts, nat=timers)
        self.assert_stands_for(30, ("S>", "S> <SA A> <R"), nat="timeouts: { tcp_transitory = 30; };")

    def test_pass_has_the_same_timers_and_refuses_nothing(self):
        zones = INSPECT % "pass"
        self.assert_stands_for(ESTABLISHED, ("S> <SA A>", "S> <SA A> FA> <A"), zones=zones)
        self.assert_stands_for(OPENING, ("S>", "S> <SA", "S> <SA A> FA> <FA A>", "S> <SA A> <R"),
                               zones=zones)
        scene = self.scene(zones=zones)
        connection = Connection(scene)
        connection.play("S> A> FA> <S SA> <A FA> <FA S> <SA A>")
        result = scene.run()
        self.assert_passed(connection)
        self.assertEqual(result.drops(), {})

    def test_connection_whose_beginning_was_not_seen_is_open_when_both_ends_were_heard(self):
        """Under "pass", which lets it in: after a restart its ends do not begin again."""
        zones = INSPECT % "pass"
        self.assert_stands_for(ESTABLISHED, ("A> <A", "PA> PA> <PA", "A> <FA", "A> <A FA>"), zones=zones)
        self.assert_stands_for(OPENING, ("A>", "PA> PA>", "A> <A FA> <FA", "A> <A <R"), zones=zones)
        scene = self.scene(zones=zones, nat="tcp_rst_check = true;")
        connection = Connection(scene)
        connection.out("A", seq=1, ack=1000, window=1000)
        connection.back("A", seq=1000, ack=1, window=1000)
        connection.out("A", seq=1, ack=1000, window=1000)
        passes = connection.back("R", seq=1000 + 1000 * 2**14)
        scene.run()
        self.assertEqual(len(passes.sent), 1, "its window may be scaled")

    def test_rst_is_translated_and_the_session_goes_on_if_the_ends_do(self):
        scene = self.scene()
        connection = Connection(scene)
        connection.play("S> <SA A> <R")
        scene.wait(CLOSING - 10)
        connection.play("PA> <A")
        result = scene.run(drain=CLOSING + 60)
        self.assert_passed(connection)
        self.assertEqual(result.count("summary flows"), 1)

    def test_rst_that_ends_nothing_refreshes_nothing(self):
        scene = self.scene()
        ended = side_by_side(scene, ("S>", "S> <SA A> <R", "S> <SA A> R>", "S> <SA A> FA> <FA"))
        scene.wait(OPENING - 10)
        for _, connection in ended:
            connection.play("R> <R")
        result = scene.run(drain=20)
        for script, connection in ended:
            self.assert_passed(connection, text=script)
        self.assertEqual(result.count("summary flows"), 0)


if __name__ == "__main__":
    main()
