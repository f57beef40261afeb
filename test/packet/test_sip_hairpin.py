#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Two phones in two inside zones that call each other through a server outside: their media meets
in callgate, whose policy lets nothing pass from zone to zone."""
from replay import main
from scene import SipTest
from sip_text import FAR, PBX, TRUNK, WAN, Call, sdp

FILTERING = ("endpoint_independent", "address", "address_and_port")
SOURCES = ("latch", "announced", "any")
PLANT, STRANGER, SHOWN = "10.5.0.9", "10.0.0.8", "203.0.113.8"
CONFIG = """
system: { worker_cores = %(cores)s; max_flows = 4096; max_calls = 1024; log: { level = "warning"; }; };
ports: ( { name = "lan0"; driver = "null"; }, { name = "plant0"; driver = "null"; },
         { name = "wan0"; driver = "null"; } );
interfaces: (
  { name = "lan"; port = "lan0"; addresses = ["10.0.0.1/24"]; nat = "inside"; zone = "office"; },
  { name = "plant"; port = "plant0"; addresses = ["10.5.0.1/24"]; nat = "inside"; zone = "plant"; },
  { name = "wan"; port = "wan0"; addresses = ["203.0.113.1/24"]; nat = "outside"; zone = "outside"; } );
routes: ( { prefix = "0.0.0.0/0"; via = "203.0.113.254"; } );
nat: { filtering = "%(filtering)s"; rules: (
  { kind = "static"; inside = "10.0.0.8"; outside = "203.0.113.8"; },
  { kind = "dynamic"; inside = ["10.0.0.0/24", "10.5.0.0/24"]; interface = "wan"; overload = true; } ); };
zones: ["office", "plant", "outside"];
class_maps: ( { name = "sip-class"; match = "any"; protocols = ["sip"]; } );
policy_maps: ( { name = "sip-policy"; classes: (
  { class = "sip-class"; action = "inspect"; }, { class = "class-default"; action = "drop"; } ); } );
zone_pairs: (
  { name = "office-out"; source = "office"; destination = "outside"; policy = "sip-policy"; },
  { name = "plant-out"; source = "plant"; destination = "outside"; policy = "sip-policy"; } );
sip: { media_source = "%(source)s"; };
"""
# What each side of the server says.
OFFICE_LEG = Call()
PLANT_LEG = Call(caller=TRUNK, callee=WAN, via=f"{TRUNK}:5060", contact=f"{TRUNK}:5060",
                 remote=f"{PLANT}:5062", uri=f"{WAN}:5062", call_id="two@198.51.100.10")
FROM_OUTSIDE = {PLANT: WAN}


class Zones(SipTest):
    def zones(self, filtering, source):
        scene = self.now = self.scene()
        scene.config = CONFIG % {"cores": [0] * self.workers, "filtering": filtering, "source": source}
        return scene

    def plant(self, data, sport=5062, dst=TRUNK, dport=5060):
        event = self.now.lan(data, PLANT, sport, dst, dport)
        event.port = "plant0"
        return event

    def call(self, scene):
        """Office calls plant, and the server has a leg with each."""
        self.plant(Call(caller=PLANT, via=f"{PLANT}:5062", contact=f"{PLANT}:5062", call_id="here")
                   .request("OPTIONS"))
        scene.lan(OFFICE_LEG.request("INVITE", 1, sdp(PBX)))
        scene.wan(PLANT_LEG.request("INVITE", 1, sdp(WAN)), dport=5062)
        self.plant(PLANT_LEG.response(200, body=sdp(PLANT, 12000)))
        scene.wan(OFFICE_LEG.seen().response(200, body=sdp(WAN, 12000)))
        scene.lan(OFFICE_LEG.request("ACK"))
        scene.wan(PLANT_LEG.seen(FROM_OUTSIDE).request("ACK"), dport=5062)

    def hang_up(self, scene):
        scene.lan(OFFICE_LEG.request("BYE", 2))
        scene.wan(OFFICE_LEG.seen().response(200, 2, "BYE"))
        scene.wan(PLANT_LEG.seen(FROM_OUTSIDE).request("BYE", 2), dport=5062)
        self.plant(PLANT_LEG.response(200, 2, "BYE"))

    def test_media_flows_both_ways_whoever_sends_first(self):
        for filtering in FILTERING:
            for source in SOURCES:
                for first in ("office", "plant"):
                    with self.subTest(filtering=filtering, source=source, first=first):
                        scene = self.zones(filtering, source)
                        self.call(scene)
                        media = []
                        for offset in (0, 1):
                            pair = [(scene.lan(b"a", PBX, 10000 + offset, WAN, 12000 + offset),
                                     (WAN, 10000 + offset, PLANT, 12000 + offset)),
                                    (self.plant(b"b", 12000 + offset, WAN, 10000 + offset),
                                     (WAN, 12000 + offset, PBX, 10000 + offset))]
                            if first == "plant":
                                events = [event for event, _ in pair]
                                events[0].when, events[1].when = events[1].when, events[0].when
                            media += pair
                        self.hang_up(scene)
                        late = [scene.lan(b"a", PBX, 10000, WAN, 12000),
                                self.plant(b"b", 12000, WAN, 10000)]
                        result = scene.run()
                        for event, ends in media:
                            self.assert_media(event, ends)
                        self.assert_stopped(*late)
                        self.assert_nothing_left(result)

    def test_one_call_id_of_one_address_in_two_zones_is_two_calls(self):
        """Customers of two zones may have the same addresses; the server of each answers for itself."""
        scene = self.zones("address", "latch")
        for port, server in (("lan0", TRUNK), ("plant0", FAR)):
            for cseq in (1, 1, 2):
                scene.lan(OFFICE_LEG.request("INVITE", cseq), dst=server).port = port
        result = scene.run()
        self.assert_sip(result, INVITE=6, call_made=2, retransmissions=2)

    def test_announced_is_the_outside_address_of_who_sends(self):
        for source, passes in (("announced", 0), ("any", 1)):
            with self.subTest(source=source):
                scene = self.zones("address", source)
                self.call(scene)
                other_port = scene.lan(b"a", PBX, 10100, WAN, 12000)
                stranger = scene.lan(b"c", STRANGER, 4000, WAN, 12000)
                unnamed = scene.lan(b"d", PBX, 10000, WAN, 12004)
                self.hang_up(scene)
                result = scene.run()
                self.assert_media(other_port, (WAN, 10100, PLANT, 12000))
                self.assertEqual(len(stranger.sent), passes)
                if passes:
                    self.assertEqual(stranger.ends, (SHOWN, 4000, PLANT, 12000))
                else:
                    self.assertEqual(result.count("drop pinhole_source"), 1)
                self.assert_stopped(unnamed)
                self.assert_nothing_left(result)

    def test_who_is_refused_leaves_no_binding(self):
        left = []
        for comes in (False, True):
            scene = self.zones("address", "announced")
            self.call(scene)
            if comes:
                scene.lan(b"c", STRANGER, 4000, WAN, 12000)
            result = scene.run()
            self.assertEqual(result.count("drop pinhole_source"), int(comes))
            left.append(result.count("summary translations"))
        self.assertEqual(left[0], left[1])


if __name__ == "__main__":
    main()
