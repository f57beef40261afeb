#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""NAT with several inside and outside interfaces: each outside one translates to its own address."""
from replay import FAR, IP, PBX, UDP, WAN, ZONES, Raw, ReplayTest, main, udp
from sip_text import Call, sdp

LINE, PROVIDER, GUEST = "192.0.2.1", "198.18.0.10", "10.5.0.9"
PORTS = """
ports: ( { name = "lan0"; driver = "null"; }, { name = "dmz0"; driver = "null"; },
         { name = "wan0"; driver = "null"; }, { name = "line0"; driver = "null"; } );
interfaces: (
  { name = "lan"; port = "lan0"; addresses = ["10.0.0.1/24"]; nat = "inside"; zone = "inside"; },
  { name = "dmz"; port = "dmz0"; addresses = ["10.5.0.1/24"]; nat = "inside"; zone = "inside"; },
  { name = "wan"; port = "wan0"; addresses = ["203.0.113.1/24"]; nat = "outside"; zone = "outside"; },
  { name = "line"; port = "line0"; addresses = ["192.0.2.1/24"]; nat = "outside"; zone = "outside"; } );
routes: ( { prefix = "0.0.0.0/0"; via = "203.0.113.254"; }, { prefix = "198.18.0.0/16"; via = "192.0.2.254"; } );
"""
OPEN = ZONES.replace('class = "class-default"; action = "drop"', 'class = "class-default"; action = "inspect"')
BOTH = """
  { kind = "dynamic"; inside = ["10.0.0.0/24", "10.5.0.0/24"]; interface = "wan"; },
  { kind = "dynamic"; inside = ["10.0.0.0/24"]; interface = "line"; }"""
STATIC = """
  { kind = "static"; protocol = "udp"; inside = "10.0.0.5:5060"; outside = "203.0.113.1:5060"; },
  { kind = "static"; protocol = "udp"; inside = "10.0.0.5:5060"; outside = "192.0.2.1:5070"; },
  { kind = "static"; inside = "10.0.0.8"; outside = "203.0.113.8"; },
  { kind = "static"; inside = "10.0.0.8"; outside = "192.0.2.8"; },"""


def ends(packet):
    return packet[IP].src, packet[UDP].sport, packet[IP].dst, packet[UDP].dport


class Interfaces(ReplayTest):
    def run_nat(self, rules, frames, zones=OPEN, **options):
        config = (f'system: {{ worker_cores = {[0] * self.workers}; max_flows = 4096; max_calls = 1024; }};'
                  f'{PORTS} nat: {{ rules: ( {rules} ); filtering = "endpoint_independent"; }}; {zones}')
        return self.replay(config, frames, **options)

    def test_each_interface_shows_its_own_address_and_answers_find_their_way(self):
        result = self.run_nat(BOTH, {
            "lan0": [(0, udp(PBX, FAR, 4000, 5000)), (1, udp(PBX, PROVIDER, 4000, 5000))],
            "wan0": [(2, udp(FAR, WAN, 5000, 4000, b"far"))],
            "line0": [(3, udp(PROVIDER, LINE, 5000, 4000, b"provider"))]})
        self.assertEqual([ends(p) for p in result.ip("wan0")], [(WAN, 4000, FAR, 5000)])
        self.assertEqual([ends(p) for p in result.ip("line0")], [(LINE, 4000, PROVIDER, 5000)])
        self.assertEqual([bytes(p[Raw]) for p in result.ip("lan0")], [b"far", b"provider"])
        self.assertEqual(result.count("summary translations"), 2)

    def test_a_binding_is_endpoint_independent_on_its_interface(self):
        result = self.run_nat(BOTH, {"lan0": [udp(PBX, dst, 4001, 5000) for dst in (
            "198.18.0.10", "198.18.0.11", "198.51.100.1", "198.51.100.2")]})
        self.assertEqual(result.count("summary translations"), 2)
        self.assertEqual({p[IP].src for p in result.ip("line0")}, {LINE})

    def test_an_inside_host_without_a_rule_for_an_interface_keeps_its_address_there(self):
        result = self.run_nat(BOTH, {"dmz0": [udp(GUEST, FAR, 1, 2), udp(GUEST, PROVIDER, 1, 2)]})
        self.assertEqual([p[IP].src for p in result.ip("wan0") + result.ip("line0")], [WAN, GUEST])

    def test_one_rule_serves_every_interface_of_the_outside(self):
        rule = BOTH.strip().splitlines()[0].rstrip(",")
        result = self.run_nat(rule, {"lan0": [udp(PBX, FAR, 1, 2), udp(PBX, PROVIDER, 1, 2)]})
        self.assertEqual([p[IP].src for p in result.ip("wan0") + result.ip("line0")], [WAN, WAN])

    def test_between_inside_interfaces_nothing_is_translated(self):
        result = self.run_nat(BOTH, {"lan0": [udp(PBX, GUEST, 1, 2)]})
        self.assertEqual([p[IP].src for p in result.ip("dmz0")], [PBX])

    def test_static_rules_on_both_interfaces(self):
        result = self.run_nat(STATIC + BOTH, {
            "wan0": [(0, udp(FAR, WAN, 9, 5060)), (1, udp(FAR, "203.0.113.8", 9, 80))],
            "line0": [(2, udp(PROVIDER, LINE, 9, 5070)), (3, udp(PROVIDER, "192.0.2.8", 9, 80))],
            "lan0": [(4, udp(PBX, PROVIDER, 5060, 10)), (5, udp(PBX, FAR, 5060, 10)),
                     (6, udp("10.0.0.8", PROVIDER, 80, 9)), (7, udp("10.0.0.8", FAR, 80, 9)),
                     (8, udp("10.0.0.8", PROVIDER, 81, 9)), (9, udp("10.0.0.8", FAR, 81, 9))]})
        self.assertEqual([ends(p)[2:] for p in result.ip("lan0")],
                         [(PBX, 5060), ("10.0.0.8", 80)] * 2)
        self.assertEqual([ends(p)[:2] for p in result.ip("line0")],
                         [(LINE, 5070), ("192.0.2.8", 80), ("192.0.2.8", 81)])
        self.assertEqual([ends(p)[:2] for p in result.ip("wan0")],
                         [(WAN, 5060), ("203.0.113.8", 80), ("203.0.113.8", 81)])

    def test_hairpin_shows_the_address_of_the_interface_that_was_asked(self):
        result = self.run_nat(STATIC + BOTH, {
            "lan0": [udp("10.0.0.9", LINE, 7000, 5070), udp("10.0.0.9", WAN, 7000, 5060),
                     udp("10.0.0.8", WAN, 7000, 5060), udp("10.0.0.8", LINE, 7000, 5070)]})
        self.assertEqual([ends(p) for p in result.ip("lan0")],
                         [(LINE, 7000, PBX, 5060), (WAN, 7000, PBX, 5060),
                          ("203.0.113.8", 7000, PBX, 5060), ("192.0.2.8", 7000, PBX, 5060)])

    def test_a_forged_source_in_another_zone_does_not_shut_out_the_real_one(self):
        """Whose packets come in where the route leads back to them has the flow, whoever was first."""
        server, face = "10.0.0.8", "203.0.113.8"
        rule = f'{{ kind = "static"; inside = "{server}"; outside = "{face}"; }}'
        zones = OPEN.replace('zones: ["inside"', 'zones: ["inside", "line"').replace(
            "zone_pairs: (", 'zone_pairs: ( { name = "line"; source = "line"; destination = "inside"; '
            'policy = "sip-policy"; },')
        ports = PORTS.replace('["192.0.2.1/24"]; nat = "outside"; zone = "outside"',
                              '["192.0.2.1/24"]; nat = "outside"; zone = "line"')
        config = (f'system: {{ worker_cores = {[0] * self.workers}; max_flows = 4096; '
                  f'max_calls = 1024; }};{ports} nat: {{ rules: ( {rule} ); }}; {zones}')
        forged, real = (udp(FAR, face, 5000, 80, text) for text in (b"forged", b"real"))
        answer = udp(server, FAR, 80, 5000, b"answer")
        for first, arrive, drops in (("line0", [b"forged", b"real", b"real"], 1),
                                     ("wan0", [b"real", b"real"], 2)):
            frames = {"line0": [(0 if first == "line0" else 1.5, forged), (3, forged)],
                      "wan0": [(1, real), (4, real)], "lan0": [(2, answer), (5, answer)]}
            result = self.replay(config, frames)
            self.assertEqual([bytes(p[Raw]) for p in result.ip("lan0")], arrive)
            self.assertEqual([ends(p) for p in result.ip("wan0")], 2 * [(face, 80, FAR, 5000)])
            self.assertEqual(result.drops(), {"flow_conflict": drops})
            self.assertEqual(result.count("summary flows"), 1)

    def test_calls_name_the_address_of_the_interface_they_take(self):
        """One phone, one port: a call by each interface, media doors at each one's address."""
        frames = {"lan0": [], "wan0": [], "line0": []}
        for at, (port, peer, own) in enumerate((("wan0", FAR, WAN), ("line0", PROVIDER, LINE))):
            call = Call(callee=peer, remote=f"{peer}:5060", uri=peer, call_id=f"{port}@pbx")
            seen = call.seen({PBX: own})
            frames["lan0"].append((10 * at, udp(PBX, peer, 5060, 5060, call.request(
                "INVITE", body=sdp(PBX, 4000)))))
            frames[port] += [(10 * at + 1, udp(peer, own, 5060, 5060, seen.response(
                200, body=sdp(peer, 5000)))),
                             (10 * at + 2, udp(peer, own, 5000, 4000, b"media " + port.encode()))]
            frames["lan0"].append((10 * at + 3, udp(PBX, peer, 4000, 5000, b"back")))
        result = self.run_nat(BOTH, frames, zones=ZONES)
        for port, own in (("wan0", WAN), ("line0", LINE)):
            invite, media = result.ip(port)
            text = bytes(invite[Raw])
            self.assertEqual(ends(invite)[:2], (own, 5060))
            for part in (f"Via: SIP/2.0/UDP {own}:5060", f"Contact: <sip:100@{own}:5060>", f"c=IN IP4 {own}\r\n",
                         "m=audio 4000 "):
                self.assertIn(part.encode(), text)
            self.assertNotIn(PBX.encode(), text.replace(b"@" + PBX.encode(), b""))
            self.assertEqual(ends(media)[:2], (own, 4000))
        arrived = [bytes(p[Raw]) for p in result.ip("lan0")]
        self.assertIn(b"media wan0", arrived)
        self.assertIn(b"media line0", arrived)
        back = [bytes(p[Raw]) for p in result.ip("lan0") if b"SIP/2.0 200" in bytes(p[Raw])]
        self.assertEqual([b"Via: SIP/2.0/UDP 10.0.0.5:5060" in text for text in back], [True, True])


if __name__ == "__main__":
    main()
