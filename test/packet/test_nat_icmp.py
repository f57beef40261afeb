#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""ICMP through NAT as RFC 5508 asks for it: queries, and errors with what they quote."""
import struct

from replay import (DYNAMIC, FAR, ICMP, IP, PBX, PHONE, TCP, TRUNK, UDP, WAN, Raw, ReplayTest, main,
                    udp)
from scene import INSPECT, Scene
from scapy.all import IPOption_RR

ROUTER, INNER = "198.51.100.1", "10.0.0.9"     # one outside, one inside
RULES = DYNAMIC + """,
  { kind = "static"; protocol = "udp"; inside = "10.0.0.5:5000"; outside = "203.0.113.1:5000"; },
  { kind = "static"; inside = "10.0.0.7"; outside = "203.0.113.7"; }"""
SERVER = "10.0.0.7"
ONE_WAY = (INSPECT % "inspect").split("  { name = \"out-in\"")[0].rstrip().rstrip(",") + " );"


def echo(src, dst, ident=77, kind=8, data=b"data", **fields):
    return IP(src=src, dst=dst, **fields) / ICMP(type=kind, id=ident, seq=1) / Raw(data)


def error(src, dst, quoted, length=None, kind=3, code=1, **fields):
    """An ICMP error that quotes the packet, or its header and so many bytes more."""
    quoted = IP(bytes(quoted[IP]))
    data = bytes(quoted)[:quoted.ihl * 4 + (length or 65535)]
    return IP(src=src, dst=dst) / ICMP(type=kind, code=code, **fields) / Raw(data)


def less_ttl(packet):
    """Bytes of a packet as it was before a router took one from its TTL."""
    packet = packet[IP].copy()
    packet.ttl += 1
    del packet.chksum
    return bytes(IP(bytes(packet)))


PACKETS = {
    "udp": udp(PBX, FAR, 4000, 5000),
    "udp without checksum": IP(src=PBX, dst=FAR) / UDP(sport=4000, dport=5000, chksum=0) / Raw(b"x"),
    "udp with options": IP(src=PBX, dst=FAR, options=[IPOption_RR(routers=["0.0.0.0"] * 3)])
    / UDP(sport=4000, dport=5000) / Raw(b"x" * 30),
    "tcp": IP(src=PBX, dst=FAR) / TCP(sport=4000, dport=80, flags="S",
                                      options=[("MSS", 1460), ("WScale", 7)]) / Raw(b"fast"),
    "echo": echo(PBX, FAR),
    "timestamp": IP(src=PBX, dst=FAR) / ICMP(type=13, id=77, seq=2, ts_ori=1, ts_rx=0, ts_tx=0),
}


class NatIcmp(ReplayTest):
    def scene(self, **config):
        config.setdefault("zones", "")
        config.setdefault("rules", RULES)
        return Scene(self, **config)

    def only(self, event):
        self.assertEqual(len(event.sent), 1, event.frame.summary())
        port, packet = event.sent[0]
        return port, packet[IP]

    def quoted_in(self, packet):
        return bytes(packet[ICMP].payload)

    def test_error_from_outside_quotes_what_the_host_sent(self):
        for name, packet in PACKETS.items():
            packet = IP(bytes(packet))
            other = packet.copy()
            other.src = PHONE
            for layer in (IP, UDP, TCP, ICMP):
                if layer in other and not (layer is UDP and packet[UDP].chksum == 0):
                    del other[layer].chksum
            scene = self.scene()
            scene.add("lan0", other)
            sent = scene.add("lan0", packet)
            scene.run()
            outside = self.only(sent)[1]
            errors = []
            for kind, code in ((3, 0), (3, 1), (3, 3), (3, 4), (3, 13), (11, 0), (11, 1), (12, 0)):
                for length in (8, 16, 18, None):
                    errors.append(scene.add("wan0", error(ROUTER, WAN, outside, length, kind, code)))
            peer = scene.add("wan0", error(FAR, WAN, outside))
            scene.run()
            for event in errors + [peer]:
                with self.subTest(name=name, error=event.frame.summary()):
                    port, back = self.only(event)
                    self.assertEqual((port, back.src, back.dst),
                                     ("lan0", event.frame[IP].src, PBX))
                    self.assertEqual((back[ICMP].type, back[ICMP].code),
                                     (event.frame[ICMP].type, event.frame[ICMP].code))
                    quoted = self.quoted_in(back)
                    whole = bytes(packet)
                    # as the host sent it, but for the TTL that it has lost since
                    self.assertEqual(quoted[:8] + quoted[12:], whole[:8] + whole[12:len(quoted)])
                    self.assertEqual(quoted[8], whole[8] - 1)
                    if len(quoted) == len(whole):
                        self.assertEqual(less_ttl(IP(quoted)), whole)

    def test_error_from_inside_hides_who_sent_it(self):
        """About what an outside host sent to the inside: from a router inside, and from the host."""
        scene = self.scene()
        sent = scene.add("wan0", udp(FAR, WAN, 6000, 5000))
        scene.run()
        inside = self.only(sent)[1]
        self.assertEqual((inside.dst, inside[UDP].dport), (PBX, 5000))
        events = [scene.add("lan0", error(src, FAR, inside, length)) for src in (PBX, INNER)
                  for length in (8, None)]
        named = scene.add("lan0", error(SERVER, FAR, inside))
        scene.run()
        self.assertEqual(self.only(named)[1].src, "203.0.113.7", "a router with an address outside")
        for event in events:
            port, out = self.only(event)
            self.assertEqual((port, out.src, out.dst, out[ICMP].type, out[ICMP].code),
                             ("wan0", WAN, FAR, 3, 1))
            quoted = IP(self.quoted_in(out))
            self.assertEqual((quoted.src, quoted[UDP].sport, quoted.dst, quoted[UDP].dport),
                             (FAR, 6000, WAN, 5000))
            if len(bytes(quoted)) == len(bytes(sent.frame[IP])):
                self.assertEqual(less_ttl(quoted), bytes(sent.frame[IP]))

    def test_error_from_inside_comes_from_the_lease_of_its_sender(self):
        """A router inside with an address of a one-to-one rule: while it has that, and no longer."""
        lessee, leased = "10.0.0.8", "203.0.113.8"
        scene = self.scene(
            rules='{ kind = "dynamic"; inside = ["%s/32"]; pool = "own"; overload = false; },' % lessee
            + RULES, nat='pools: ( { name = "own"; addresses = ["%s"]; } );' % leased)
        sent = scene.add("wan0", udp(FAR, WAN, 6000, 5000))
        scene.run()
        inside = self.only(sent)[1]
        before = scene.add("lan0", error(lessee, FAR, inside))
        scene.add("lan0", udp(lessee, TRUNK, 9, 9))
        during = scene.add("lan0", error(lessee, FAR, inside))
        scene.wait(310)
        scene.add("wan0", udp(FAR, WAN, 6000, 5000))
        after = scene.add("lan0", error(lessee, FAR, inside))
        scene.run()
        self.assertEqual([self.only(event)[1].src for event in (before, during, after)],
                         [WAN, leased, WAN])

    def test_error_about_no_flow_is_dropped_from_either_side(self):
        scene = self.scene()
        scene.add("lan0", PACKETS["udp"])
        events = [
            scene.add("wan0", error(ROUTER, WAN, udp(WAN, FAR, 4000, 5001))),
            scene.add("wan0", error(ROUTER, WAN, udp(WAN, FAR, 4001, 5000))),
            scene.add("wan0", error(ROUTER, WAN, udp(WAN, TRUNK, 4000, 5000))),
            scene.add("lan0", error(INNER, FAR, udp(FAR, PBX, 5001, 4000))),
            scene.add("wan0", error(ROUTER, WAN, udp(WAN, FAR, 4000, 5000), 7)),
            scene.add("wan0", error(ROUTER, WAN, error(WAN, FAR, udp(FAR, WAN, 1, 2)))),
            scene.add("wan0", error(ROUTER, WAN, udp(WAN, FAR, 4000, 5000, frag=3)))]
        result = scene.run()
        self.assertEqual([e.sent for e in events], [[]] * len(events))
        self.assertEqual(result.drops(), {"icmp_error_unrelated": len(events)})

    def test_error_neither_refreshes_nor_ends_its_flow(self):
        for name, seconds in (("udp", 300), ("echo", 60), ("tcp", 240)):
            scene = self.scene()
            packet = IP(bytes(PACKETS[name]))
            sent = scene.add("lan0", packet)
            scene.run()
            outside = self.only(sent)[1]
            scene.wait(seconds / 2)
            for code in range(16):
                scene.add("wan0", error(ROUTER, WAN, outside, code=code))
            scene.wait(seconds / 2 - 5)
            late = scene.add("wan0", error(ROUTER, WAN, outside))
            scene.wait(10)
            after = scene.add("wan0", error(ROUTER, WAN, outside))
            result = scene.run()
            with self.subTest(name=name):
                self.assertEqual((len(late.sent), len(after.sent)), (1, 0))
                self.assertEqual(result.drops(), {"icmp_error_unrelated": 1})

    def test_error_from_inside_refreshes_nothing(self):
        """RFC 7857 section 7.1: who has no use for what comes in does not keep the mapping."""
        scene = self.scene()
        scene.add("lan0", udp(PBX, FAR, 4000, 5000))
        inward = scene.add("wan0", udp(FAR, WAN, 5000, 4000))
        scene.run()
        inside = self.only(inward)[1]
        scene.wait(150)
        errors = [scene.add("lan0", error(PBX, FAR, inside, code=code)) for code in (1, 3)]
        scene.wait(145)
        errors.append(scene.add("lan0", error(PBX, FAR, inside, code=3)))
        scene.wait(10)
        after = scene.add("wan0", udp(FAR, WAN, 5000, 4000))
        result = scene.run()
        self.assertEqual([len(event.sent) for event in errors + [after]], [1, 1, 1, 0])
        self.assertEqual(result.count("summary translations"), 1)     # the rule's own

    def test_tcp_goes_on_after_an_error(self):
        scene = self.scene()
        def segment(port, src, dst, sport, dport, flags):
            return scene.add(port, IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, flags=flags))
        first = segment("lan0", PBX, FAR, 4000, 80, "S")
        scene.add("wan0", error(ROUTER, WAN, IP(src=WAN, dst=FAR) / TCP(sport=4000, dport=80)))
        events = [segment("wan0", FAR, WAN, 80, 4000, "SA"), segment("lan0", PBX, FAR, 4000, 80, "A")]
        result = scene.run(drain=300)
        self.assertEqual([len(e.sent) for e in [first, *events]], [1, 1, 1])
        self.assertEqual(result.count("summary flows"), 1)
        self.assertEqual(result.count("summary translations"), 2)     # one is the rule's own

    def test_path_mtu_messages_reach_either_end(self):
        scene = self.scene()
        out = scene.add("lan0", udp(PBX, FAR, 5000, 6000, b"x" * 1400, flags="DF"))
        inward = scene.add("wan0", udp(FAR, WAN, 6000, 5000, b"y" * 1400, flags="DF"))
        scene.run()
        there = scene.add("wan0", error(ROUTER, WAN, self.only(out)[1], 8, 3, 4, nexthopmtu=1300))
        here = scene.add("lan0", error(INNER, FAR, self.only(inward)[1], 8, 3, 4, nexthopmtu=1280))
        scene.run()
        for event, port, to, mtu, source in ((there, "lan0", PBX, 1300, PBX),
                                             (here, "wan0", FAR, 1280, FAR)):
            where, packet = self.only(event)
            self.assertEqual((where, packet.dst, packet[ICMP].nexthopmtu), (port, to, mtu))
            self.assertEqual(IP(self.quoted_in(packet)).src, source)

    def test_hairpinned_error(self):
        """Two inside hosts that know each other by outside addresses: so do the errors."""
        scene = self.scene()
        ask = scene.add("lan0", udp(PHONE, WAN, 7000, 5000, b"ask"))
        scene.run()
        asked = self.only(ask)[1]
        self.assertEqual((asked.src, asked.dst), (WAN, PBX))
        events = [scene.add("lan0", error(src, WAN, asked)) for src in (PBX, INNER)]
        scene.run()
        for event in events:
            port, back = self.only(event)
            self.assertEqual((port, back.src, back.dst), ("lan0", WAN, PHONE))
            quoted = IP(self.quoted_in(back))
            self.assertEqual((quoted.src, quoted[UDP].sport, quoted.dst, quoted[UDP].dport),
                             (PHONE, 7000, WAN, 5000))
            self.assertEqual(less_ttl(quoted), bytes(ask.frame[IP]))

    def test_hairpinned_query_to_a_whole_address(self):
        scene = self.scene()
        ask = scene.add("lan0", echo(PHONE, "203.0.113.7"))
        answer = scene.add("lan0", echo(SERVER, WAN, kind=0))
        scene.run()
        self.assertEqual((self.only(ask)[1].src, self.only(ask)[1].dst), (WAN, SERVER))
        self.assertEqual((self.only(answer)[1].src, self.only(answer)[1].dst),
                         ("203.0.113.7", PHONE))

    LEASE = '{ kind = "dynamic"; inside = ["10.0.0.7/32"]; pool = "own"; overload = false; }, ' + DYNAMIC
    POOL = 'pools: ( { name = "own"; addresses = ["203.0.113.7"]; } ); filtering = "%s";'

    def test_hairpinned_query_to_a_leased_address(self):
        """RFC 5508 REQ-7, whatever the filter: the address is that host's alone while it has it."""
        leased = "203.0.113.7"
        for mode in ("address", "endpoint_independent", "address_and_port"):
            scene = self.scene(rules=self.LEASE, nat=self.POOL % mode)
            nobody = scene.add("lan0", echo(PHONE, leased, 5))
            scene.add("lan0", udp(SERVER, FAR, 4000, 5000))
            ask = scene.add("lan0", echo(PHONE, leased))
            answer = scene.add("lan0", echo(SERVER, WAN, kind=0))
            unasked = scene.add("lan0", echo(PHONE, leased, 78, kind=0))
            result = scene.run(drain=0)
            self.assertEqual(nobody.sent, [])
            self.assertEqual((self.only(ask)[1].src, self.only(ask)[1].dst), (WAN, SERVER))
            self.assertEqual((self.only(answer)[1].src, self.only(answer)[1].dst), (leased, PHONE))
            self.assertEqual(unasked.sent, [])
            self.assertEqual(result.drops(), {"nat_unsolicited": 2})
            result = scene.run(drain=600)
            for name in ("flows", "translations", "ports", "hosts"):
                self.assertEqual(result.count("summary " + name), 0, name)

    def test_query_from_outside_to_a_leased_address_is_filtered(self):
        leased = "203.0.113.7"
        for mode, passes in (("address", 0), ("endpoint_independent", 1), ("address_and_port", 0)):
            for zones in ("", ONE_WAY):
                scene = self.scene(rules=self.LEASE, nat=self.POOL % mode, zones=zones)
                scene.add("lan0", udp(SERVER, FAR, 4000, 5000))
                scene.add("lan0", echo(SERVER, FAR, 77))
                ask = scene.add("wan0", echo(FAR, leased, 78))
                same = scene.add("wan0", echo(FAR, leased, 77))
                result = scene.run()
                self.assertEqual(len(ask.sent), passes if not zones else 0)
                # who was asked may ask with the same identifier
                self.assertEqual(len(same.sent), not zones)
                self.assertEqual(result.count("summary translations"), 2 + len(ask.sent),
                                 "a refused one costs no binding")

    def test_query_with_a_mapped_identifier_is_for_callgate_also_where_policy_passes_all(self):
        for zones in (INSPECT % "pass", INSPECT % "inspect", ""):
            scene = self.scene(zones=zones)
            out = scene.add("lan0", echo(PBX, FAR))
            back = scene.add("wan0", echo(FAR, WAN, kind=0))
            ask = scene.add("wan0", echo(FAR, WAN))
            scene.run()
            self.assertEqual([self.only(e)[0] for e in (out, back, ask)], ["wan0", "lan0", "wan0"])
            self.assertEqual((self.only(ask)[1].src, self.only(ask)[1][ICMP].type), (WAN, 0))

    def test_queries_pass_out_and_their_replies_back(self):
        scene = self.scene(zones=(INSPECT % "inspect"))
        for n, (ask, reply) in enumerate(((8, 0), (13, 14))):
            for outside in (FAR, TRUNK):
                out = scene.add("lan0", echo(PBX, outside, 77 + n, ask))
                back = scene.add("wan0", echo(outside, WAN, 77 + n, reply))
                wrong = scene.add("wan0", echo(outside, WAN, 77 + n, ask))
                unasked = scene.add("wan0", echo(outside, WAN, 99, reply))
                scene.run()
                self.assertEqual((self.only(out)[1].src, self.only(out)[1][ICMP].id), (WAN, 77 + n))
                self.assertEqual((self.only(back)[1].dst, self.only(back)[1][ICMP].id),
                                 (PBX, 77 + n))
                self.assertEqual(([port for port, _ in wrong.sent], unasked.sent),
                                 (["wan0"] if ask == 8 else [], []))
        # one mapping for both outside hosts
        self.assertEqual(scene.run().count("summary translations"), 2 + 1)

    def test_what_is_neither_query_nor_error_is_never_translated(self):
        """Source quench, redirect, and what RFC 6918 has deprecated: not even where policy lets all pass."""
        for zones in ("", INSPECT % "inspect", INSPECT % "pass"):
            scene = self.scene(zones=zones)
            events = [scene.add(port, IP(src=src, dst=dst) / ICMP(type=kind) / Raw(b"x" * 28))
                      for port, src, dst in (("lan0", PBX, FAR), ("wan0", FAR, "203.0.113.7"))
                      for kind in (4, 5, 15, 17)]
            result = scene.run()
            self.assertEqual([event.sent for event in events], [[]] * len(events))
            self.assertEqual(result.drops(), {"icmp_type": len(events)})

    def test_both_ends_may_ask_with_one_identifier(self):
        """Some hosts have one for all their questions."""
        outside = "203.0.113.7"
        for zones, back in ((INSPECT % "inspect", True), (ONE_WAY, False), ("", True)):
            for first in ("lan0", "wan0") if back else ("lan0",):
                scene = self.scene(zones=zones)
                asks = {"lan0": echo(SERVER, FAR), "wan0": echo(FAR, outside)}
                replies = {"lan0": echo(SERVER, FAR, kind=0), "wan0": echo(FAR, outside, kind=0)}
                second = {"lan0": "wan0", "wan0": "lan0"}[first]
                one = [scene.add(first, asks[first]), scene.add(second, replies[second])]
                other = [scene.add(second, asks[second]), scene.add(first, replies[first])]
                result = scene.run()
                self.assertEqual([len(e.sent) for e in one + other], [1, 1] + 2 * [int(back)])
                self.assertEqual(result.drops(), {} if back else {"icmp_type": 2})
                if back:
                    self.assertEqual([(p.src, p.dst) for p in map(lambda e: self.only(e)[1], other)],
                                     [(FAR, SERVER), (outside, FAR)][::1 if second == "wan0" else -1])

    def test_error_is_no_answer_to_a_query_with_identifier_zero(self):
        scene = self.scene()
        sent = scene.add("lan0", udp(PHONE, FAR, 7000, 5000))
        asks = [scene.add("lan0", echo(PBX, there, 0)) for there in (FAR, ROUTER)]
        scene.run()
        self.assertEqual([self.only(e)[1][ICMP].id for e in asks], [0, 0])
        errors = [scene.add("wan0", error(there, WAN, self.only(sent)[1], code=code))
                  for there in (FAR, ROUTER) for code in (3, 4)]
        result = scene.run()
        self.assertEqual([self.only(e)[1].dst for e in errors], [PHONE] * 4)
        self.assertEqual(result.drops(), {})

    def test_query_timer(self):
        for nat, seconds in (("", 60), ("timeouts: { icmp = 20; };", 20)):
            scene = self.scene(nat=nat)
            scene.add("lan0", echo(PBX, FAR))
            scene.wait(seconds - 3)
            first = scene.add("wan0", echo(FAR, WAN, kind=0))
            scene.wait(seconds + 3)
            late = scene.add("wan0", echo(FAR, WAN, kind=0))
            scene.run()
            self.assertEqual((len(first.sent), late.sent), (1, []))

    def error_back(self, packet, make):
        """What becomes of the error that make(outside packet) gives; Scapy's checksums aside."""
        config = self.config(rules=RULES)
        outside = self.replay(config, {"lan0": [(0, packet)]}).ip("wan0")[0][IP]
        back, = self.replay(config, {"lan0": [(0, packet)], "wan0": [(1, make(outside))]}).ip("lan0")
        data = back[IP].original[20:back[IP].len]
        total = sum(struct.unpack(f"!{len(data) // 2}H", data))
        self.assertEqual((total & 0xffff) + (total >> 16), 0xffff, "the ICMP checksum")
        return data[8:]

    def test_extensions_pass_unchanged(self):
        """RFC 4884: a quote padded to 128 bytes with something behind it."""
        packet = IP(bytes(udp(PBX, FAR, 4000, 5000, b"payload!")))
        extension = struct.pack("!BBHHBBI", 0x20, 0, 0, 8, 1, 1, 0x12345678)
        quoted = self.error_back(packet, lambda outside: IP(src=ROUTER, dst=WAN) / ICMP(
            type=11, code=0, length=32) / Raw(bytes(outside).ljust(128, b"\0") + extension))
        self.assertEqual(quoted[128:], extension)
        self.assertEqual(less_ttl(IP(quoted[:len(packet)])), bytes(packet))
        self.assertEqual(quoted[len(packet):128], bytes(128 - len(packet)))

    def test_transport_checksum_of_the_quote_is_nobodys_to_check(self):
        packet = IP(src=PBX, dst=FAR) / UDP(sport=4000, dport=5000, chksum=0x1234) / Raw(b"wrong!")
        quoted = self.error_back(packet, lambda outside: error(ROUTER, WAN, outside))
        self.assertEqual(IP(quoted)[UDP].chksum, 0x1234)

    def test_error_of_an_inspected_conversation_passes_one_way_policies(self):
        scene = self.scene(zones=ONE_WAY)
        sent = scene.add("lan0", PACKETS["udp"])
        scene.run()
        related = scene.add("wan0", error(ROUTER, WAN, self.only(sent)[1]))
        result = scene.run()
        self.assertEqual(self.only(related)[1].dst, PBX)
        self.assertEqual(result.drops(), {})


if __name__ == "__main__":
    main()
