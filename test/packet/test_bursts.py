#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Packets that arrive at one moment: bursts of every size, all of a kind and mixed."""
from replay import (ARP, FAR, IP, LAN, OTHER, PBX, PHONE, STATION, TRUNK, UDP, WAN, Dot1Q, Ether,
                    Raw, ZONES, ReplayTest, main, udp)
from sip_text import Call, sdp
from test_nat_tcp import ONE_WAY

SIZES = (1, 2, 15, 16, 17, 31, 32, 33, 64, 65)
# Before a burst to a neighbour: fewer packets than a burst wait for an address to be resolved.
WARM = (0, udp(PHONE, TRUNK, 9, 9, b"the gateway's address is asked for"))


def numbers(packets, port):
    """Payloads of a conversation, named by its port outside, in the order they left."""
    return [int(bytes(p[Raw])) for p in packets if port in (p[UDP].sport, p[UDP].dport)]


class Bursts(ReplayTest):
    def test_new_conversation_in_one_burst_is_one_flow_and_stays_in_order(self):
        for size in SIZES:
            burst = [(1, udp(PBX, FAR, 4000, 5000, b"%d" % n)) for n in range(size)]
            result = self.replay(self.config(), {"lan0": [WARM] + burst})
            self.assertEqual(numbers(result.ip("wan0"), 5000), list(range(size)), size)
            self.assertEqual({p[UDP].sport for p in result.ip("wan0")}, {4000, 9})
            self.assertEqual(result.count("event flow_created"), 2)
            self.assertEqual(result.count("event binding_created"), 2)
            self.assertEqual(result.drops(), {})

    def test_burst_on_a_standing_flow_stays_in_order_both_ways(self):
        for size in SIZES:
            out = [(1, udp(PBX, FAR, 4000, 5000, b"0"))]
            out += [(2, udp(PBX, FAR, 4000, 5000, b"%d" % n)) for n in range(1, size)]
            back = [(1.5, udp(FAR, WAN, 5000, 4000, b"0"))]
            back += [(3, udp(FAR, WAN, 5000, 4000, b"%d" % n)) for n in range(1, size)]
            result = self.replay(self.config(), {"lan0": [WARM] + out, "wan0": back})
            self.assertEqual(numbers(result.ip("wan0"), 5000), list(range(size)), size)
            self.assertEqual(numbers(result.ip("lan0"), 5000), list(range(size)), size)
            for packet in result.ip("wan0") + result.ip("lan0"):
                self.assert_checksums(packet)

    def test_new_and_standing_conversations_mix_with_arp_and_with_what_is_dropped(self):
        ask = Ether(src=STATION, dst="ff:ff:ff:ff:ff:ff") / ARP(
            op=1, hwsrc=STATION, psrc=PBX, pdst=LAN)
        burst = []
        for n in range(8):
            burst += [udp(PBX, FAR, 4000, 5000, b"%d" % n), udp(PHONE, FAR, 4002, 6000, b"%d" % n),
                      ask, IP(src=PBX, dst=FAR, ihl=3) / Raw(b"x" * 40)]
        result = self.replay(self.config(), {
            "lan0": [WARM, (1, udp(PHONE, FAR, 4002, 6000, b"-1"))] + [(2, p) for p in burst]})
        self.assertEqual(numbers(result.ip("wan0"), 5000), list(range(8)))
        self.assertEqual(numbers(result.ip("wan0"), 6000), list(range(-1, 8)))
        answers = [p for p in result.out["lan0"] if ARP in p and p[ARP].psrc == LAN and
                   p[ARP].pdst == PBX and p[ARP].op == 2]
        self.assertEqual(len(answers), 8)
        self.assertEqual(result.drops(), {"ip_header": 8})
        self.assertEqual(result.count("event flow_created"), 3)

    def test_answer_beside_the_packet_that_makes_its_flow_is_judged_like_any(self):
        """One port, two zones by VLAN, one way open: packet and answer come in one burst."""
        config = (f'system: {{ worker_cores = {[0] * self.workers}; max_flows = 4096; }}; '
                  'ports: ( { name = "lan0"; driver = "null"; } ); interfaces: ( '
                  '{ name = "lan"; port = "lan0"; addresses = ["10.0.0.1/24"]; zone = "outside"; }, '
                  '{ name = "voice"; port = "lan0"; vlan = 20; addresses = ["10.20.0.1/24"]; '
                  'zone = "inside"; } );' + ONE_WAY.replace("inspect", "pass"))
        def tagged(*ends):
            return Ether(src=STATION, dst=OTHER) / Dot1Q(vlan=20) / udp("10.20.0.9", PBX, *ends)
        result = self.replay(config, {"lan0": [(0, tagged(9, 9)), (1, tagged(1, 2)),
                                               (1, udp(PBX, "10.20.0.9", 2, 1, b"answer"))]})
        self.assertEqual([p[IP].dst for p in result.ip("lan0")], [PBX] * 2)
        self.assertEqual(result.drops(), {"policy_no_pair": 1})

    def test_burst_of_nothing_but_arp_or_of_what_is_dropped(self):
        ask = Ether(src=STATION, dst="ff:ff:ff:ff:ff:ff") / ARP(
            op=1, hwsrc=STATION, psrc=PBX, pdst=LAN)
        for size in (1, 16, 17, 32):
            result = self.replay(self.config(), {"lan0": [(0, ask)] * size})
            self.assertEqual(sum(p[ARP].pdst == PBX for p in result.out["lan0"]), size)
            result = self.replay(self.config(), {
                "lan0": [(0, IP(src=PBX, dst=FAR, ihl=3) / Raw(b"x" * 40))] * size})
            self.assertEqual(result.drops(), {"ip_header": size})

    def test_sip_messages_of_one_burst_find_the_calls_that_those_before_them_made_or_ended(self):
        for size in (1, 2, 5, 16, 17, 33):
            calls = [Call(call_id=f"burst-{n}@{PBX}", from_tag=f"a{n}", to_tag=f"b{n}")
                     for n in range(size)]
            invites = [call.request("INVITE", 1, sdp(PBX, 10000 + 2 * n))
                       for n, call in enumerate(calls)]
            # Each INVITE with its repetition behind it, and again behind all others.
            out = [text for invite in invites for text in (invite, invite)] + invites
            # Each is refused, the refusal repeated. Then another call has its Call-ID.
            busy = [text for call in calls for text in 2 * [call.seen().response(486)]]
            again = [Call(call_id=call.call_id, from_tag="c" + call.from_tag)
                     .request("INVITE", 1, sdp(PBX, 20000 + 2 * n))
                     for n, call in enumerate(calls)]
            warm = [b"\r\n"]  # as WARM, and the PBX's address
            result = self.replay(self.config(zones=ZONES), {
                "lan0": [(when, udp(PBX, TRUNK, 5060, 5060, text))
                         for when, texts in ((0, warm), (1, out), (3, again + invites + again))
                         for text in texts],
                "wan0": [(when, udp(TRUNK, WAN, 5060, 5060, text))
                         for when, texts in ((0.5, warm), (2, busy)) for text in texts]})
            self.assertEqual(result.count("sip call_made"), 2 * size)
            self.assertEqual(result.count("sip call_ended"), size)
            self.assertEqual(result.count("sip retransmissions"), 3 * size)
            self.assertEqual(result.count("sip media_opened"), 4 * size)
            self.assertEqual(result.count("sip INVITE"), 6 * size)
            self.assertEqual(result.drops(), {})
            for packet in result.ip("wan0") + result.ip("lan0"):
                self.assert_checksums(packet)


if __name__ == "__main__":
    main()
