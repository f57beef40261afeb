#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 fragments of UDP, TCP and ICMP through NAT and zones: in any order, as fragments."""
from itertools import permutations

from fragments import cut, data_of, pieces, shuffled, wholes
from replay import (DYNAMIC, FAR, GATEWAY, ICMP, IP, LAN, OTHER, PBX, PHONE, STATION, TCP, TRUNK,
                    UDP, WAN, Ether, Raw, ReplayTest, main, udp)
from scene import INSPECT
from test_nat_tcp import ONE_WAY

LONG = bytes(n * 7 % 251 for n in range(4000))
STATIC = ('{ kind = "static"; protocol = "udp"; inside = "10.0.0.6:4000"; '
          'outside = "203.0.113.1:4000"; }, ' + DYNAMIC)
ANYTHING = INSPECT % "inspect"


def echo(src, dst, data=LONG, kind=8, ident=77, **ip):
    return IP(src=src, dst=dst, **ip) / ICMP(type=kind, id=ident, seq=1) / Raw(data)


class Fragments(ReplayTest):
    def assert_whole(self, result, port, count=1):
        """Packets that left by a port, put together."""
        packets = wholes(self, result.ip(port))
        self.assertEqual(len(packets), count)
        return packets

    def test_every_order_of_fragments_leaves_translated_and_as_it_came(self):
        packet = udp(PBX, FAR, 4000, 5000, LONG, id=7, ttl=9)
        frames = []
        for number, order in enumerate(permutations(range(3))):
            packet[IP].id = 100 + number
            fragments = cut(packet)
            frames += [fragments[n] for n in order]
        result = self.replay(self.config(zones=ANYTHING), {"lan0": frames})
        self.assertEqual(result.drops(), {})
        left = result.ip("wan0")
        self.assertEqual(sorted(len(data_of(p)) for p in left),
                         sorted(len(data_of(IP(bytes(f)))) for f in frames))
        self.assertEqual({(p[IP].src, p[IP].ttl) for p in left}, {(WAN, 8)})
        for whole in self.assert_whole(result, "wan0", 6):
            self.assertEqual((whole[UDP].sport, whole[UDP].dport), (4000, 5000))
            self.assertEqual(bytes(whole[UDP].payload), LONG)
        self.assertEqual(len({p[IP].id for p in left}), 6)
        self.assertEqual(result.count("event fragments_forwarded"), 18)
        self.assertEqual(result.count("event datagrams_joined"), 0)
        self.assert_nothing_left(result)

    def test_fragments_wait_for_the_first_one_and_follow_it_in_order(self):
        first, second, third, last = pieces(udp(PBX, FAR, 4000, 5000, LONG), 4)
        frames = [(0, third), (0.1, last), (0.2, first), (0.3, second)]
        result = self.replay(self.config(), {"lan0": frames})
        self.assertEqual([(p[IP].frag, round(float(p.time) % 1, 1)) for p in result.ip("wan0")],
                         [(first.frag, 0.2), (third.frag, 0.2), (last.frag, 0.2),
                          (second.frag, 0.3)])

    def test_answers_come_back_in_fragments_to_who_asked(self):
        config = self.config(zones=ANYTHING)
        out = udp(PBX, FAR, 4000, 5000)
        back = shuffled(cut(udp(FAR, WAN, 5000, 4000, LONG, id=7)), 3)
        result = self.replay(config, {"lan0": [out], "wan0": [(1 + n / 100, f)
                                                              for n, f in enumerate(back)]})
        whole, = self.assert_whole(result, "lan0")
        self.assertEqual((whole[IP].src, whole[IP].dst, whole[IP].id), (FAR, PBX, 7))
        self.assertEqual((whole[UDP].sport, whole[UDP].dport), (5000, 4000))
        self.assertEqual(bytes(whole[UDP].payload), LONG)
        self.assert_nothing_left(result)

    def test_a_conversation_may_begin_outside_with_a_fragment_for_a_static_rule(self):
        fragments = shuffled(cut(udp(FAR, WAN, 5000, 4000, LONG), 1000), 1)
        result = self.replay(self.config(rules=STATIC), {"wan0": fragments})
        whole, = self.assert_whole(result, "lan0")
        self.assertEqual((whole[IP].dst, whole[UDP].dport), (PHONE, 4000))
        self.assertEqual(bytes(whole[UDP].payload), LONG)
        self.assertEqual(result.count("event fragments_forwarded"), len(fragments))
        self.assertEqual(result.count("event datagrams_joined"), 0)

    def test_a_datagram_without_checksum_keeps_none(self):
        packet = IP(src=PBX, dst=FAR) / UDP(sport=4000, dport=5000, chksum=0) / Raw(LONG)
        result = self.replay(self.config(), {"lan0": cut(packet)})
        whole, = self.assert_whole(result, "wan0")
        self.assertEqual(whole[UDP].chksum, 0)

    def test_segments_of_a_connection_pass_in_fragments_both_ways(self):
        def segment(src, dst, sport, dport, flags, data=b"", seq=1, ack=1):
            return (IP(src=src, dst=dst, id=9) /
                    TCP(sport=sport, dport=dport, flags=flags, seq=seq, ack=ack) / Raw(data))
        out = [(0, segment(PBX, FAR, 4000, 80, "S")), (0.2, segment(PBX, FAR, 4000, 80, "A"))]
        out += [(0.3, f) for f in shuffled(cut(segment(PBX, FAR, 4000, 80, "PA", LONG), 600), 2)]
        back = [(0.1, segment(FAR, WAN, 80, 4000, "SA"))]
        back += [(0.4, f) for f in shuffled(cut(segment(FAR, WAN, 80, 4000, "PA", LONG), 600), 5)]
        result = self.replay(self.config(zones=ANYTHING), {"lan0": out, "wan0": back})
        self.assertEqual(result.drops(), {})
        for port, source in (("wan0", WAN), ("lan0", FAR)):
            whole = wholes(self, result.ip(port))[-1]
            self.assertEqual((whole[IP].src, bytes(whole[TCP].payload)), (source, LONG))
        self.assert_nothing_left(result)

    def test_a_reset_in_fragments_leaves_whole_where_it_ends_nothing(self):
        def segment(flags, data=b""):
            return IP(src=PBX, dst=FAR, id=9) / TCP(sport=4000, dport=80, flags=flags) / Raw(data)
        result = self.replay(self.config(), {
            "lan0": [segment("S")] + shuffled(cut(segment("R", LONG), 600), 3)})
        self.assertEqual(result.drops(), {})
        _, reset = wholes(self, result.ip("wan0"))
        self.assertEqual(bytes(reset[TCP].payload), LONG)

    def test_a_fragment_that_is_no_segment_of_a_connection_is_refused_with_all_others(self):
        stray = IP(src=PBX, dst=FAR) / TCP(sport=4000, dport=80, flags="A") / Raw(LONG)
        result = self.replay(self.config(zones=ANYTHING), {"lan0": shuffled(pieces(stray, 5), 1)})
        self.assertEqual(result.ip("wan0"), [])
        self.assertEqual(result.drops(), {"tcp_no_flow": 1, "fragment_refused": 4})
        self.assert_nothing_left(result)

    def test_what_its_flow_does_not_allow_is_refused_with_all_others(self):
        config = self.config(rules="", zones=ONE_WAY)
        syn = IP(src=PBX, dst=FAR) / TCP(sport=4000, dport=80, flags="S")
        ping = IP(src=PBX, dst=FAR) / ICMP(type=8, id=77, seq=1)
        impossible = cut(IP(src=PBX, dst=FAR) / TCP(sport=4000, dport=80, flags="SF") / Raw(LONG))
        backward = cut(echo(FAR, PBX, kind=8))
        result = self.replay(config, {
            "lan0": [syn, ping, *shuffled(impossible, 1)],
            "wan0": [(1, f) for f in shuffled(backward, 1)]})
        self.assertEqual(len(result.ip("wan0")), 2)
        self.assertEqual(result.ip("lan0"), [])
        self.assertEqual(result.drops(), {"tcp_state": 1, "icmp_type": 1, "fragment_refused": 4})
        self.assert_nothing_left(result)

    def test_large_pings_pass_both_ways(self):
        out = shuffled(cut(echo(PBX, FAR)), 3)
        back = [(1, f) for f in shuffled(cut(echo(FAR, WAN, kind=0)), 4)]
        result = self.replay(self.config(zones=ANYTHING), {"lan0": out, "wan0": back})
        self.assertEqual(result.drops(), {})
        request, = self.assert_whole(result, "wan0")
        self.assertEqual((request[IP].src, request[ICMP].id, bytes(request[ICMP].payload)),
                         (WAN, 77, LONG))
        reply, = self.assert_whole(result, "lan0")
        self.assertEqual((reply[IP].dst, reply[ICMP].id, bytes(reply[ICMP].payload)),
                         (PBX, 77, LONG))

    def test_two_hosts_pings_with_one_identifier_are_told_apart(self):
        frames = [f for pair in zip(cut(echo(PBX, FAR, id=5)), cut(echo(PHONE, FAR, id=5)))
                  for f in pair]
        result = self.replay(self.config(), {"lan0": frames})
        requests = self.assert_whole(result, "wan0", 2)
        self.assertEqual(len({p[ICMP].id for p in requests}), 2)
        self.assertEqual([bytes(p[ICMP].payload) for p in requests], [LONG, LONG])

    def test_hosts_behind_one_address_never_share_a_number(self):
        hosts = [f"10.0.0.{n}" for n in range(10, 50)]
        many = [cut(udp(host, FAR, 4000, 5000, host.encode() * 200, id=1)) for host in hosts]
        frames = [f for together in zip(*many) for f in together]
        result = self.replay(self.config(), {"lan0": frames})
        texts = [bytes(p[UDP].payload) for p in self.assert_whole(result, "wan0", len(hosts))]
        self.assertEqual(sorted(texts), sorted(host.encode() * 200 for host in hosts))

    def test_packets_fragmented_here_have_numbers_of_their_own_too(self):
        config = self.config().replace('addresses = ["203.0.113.1/24"];',
                                       'addresses = ["203.0.113.1/24"]; mtu = 576;')
        frames = [udp(host, FAR, 4000, 5000, LONG[:1400], id=1) for host in (PBX, PHONE)]
        result = self.replay(config, {"lan0": frames})
        self.assert_whole(result, "wan0", 2)
        self.assertEqual(len({p[IP].id for p in result.ip("wan0")}), 2)
        self.assertEqual(result.count("event packets_fragmented"), 2)

    def test_an_untranslated_datagram_keeps_its_number(self):
        config = self.config(rules="")
        result = self.replay(config, {"lan0": cut(udp(PBX, FAR, 4000, 5000, LONG, id=4711))})
        self.assertEqual({p[IP].id for p in result.ip("wan0")}, {4711})

    def test_other_protocols_pass_in_fragments_where_nothing_translates_them(self):
        packet = IP(src=PBX, dst=FAR, proto=47) / Raw(LONG)
        result = self.replay(self.config(rules=""), {"lan0": shuffled(cut(packet), 2)})
        whole, = self.assert_whole(result, "wan0")
        self.assertEqual(data_of(whole), LONG)
        result = self.replay(self.config(), {"lan0": cut(packet)})
        self.assertEqual(result.drops(), {"l4_protocol": 1, "fragment_refused": 2})

    def test_options_stand_where_they_stood(self):
        fragments = cut(udp(PBX, FAR, 4000, 5000, LONG))
        for fragment in fragments:
            fragment.options = [b"\x94\x04\x00\x00"]
        result = self.replay(self.config(), {"lan0": shuffled(fragments, 1)})
        self.assert_whole(result, "wan0")
        self.assertEqual({p[IP].ihl for p in result.ip("wan0")}, {6})

    def test_fragments_longer_than_the_mtu_are_split_further(self):
        config = self.config().replace('addresses = ["203.0.113.1/24"];',
                                       'addresses = ["203.0.113.1/24"]; mtu = 576;')
        fragments = shuffled(cut(udp(PBX, FAR, 4000, 5000, LONG, id=7)), 2)
        result = self.replay(config, {"lan0": fragments})
        self.assertTrue(all(p[IP].len <= 576 for p in result.ip("wan0")))
        whole, = self.assert_whole(result, "wan0")
        self.assertEqual(bytes(whole[UDP].payload), LONG)
        self.assertEqual(len({p[IP].id for p in result.ip("wan0")}), 1)

    def test_fragments_that_must_not_be_split_are_refused_with_the_mtu(self):
        config = self.config().replace('addresses = ["203.0.113.1/24"];',
                                       'addresses = ["203.0.113.1/24"]; mtu = 576;')
        fragments = cut(udp(PBX, FAR, 4000, 5000, LONG))
        for fragment in fragments:
            fragment.flags |= 2
        result = self.replay(config, {"lan0": fragments})
        error, = result.ip("lan0")     # about the first one only (RFC 1812 4.3.2.7)
        self.assertEqual((error[ICMP].type, error[ICMP].code, error[ICMP].nexthopmtu), (3, 4, 576))
        self.assertEqual(result.drops(), {"mtu_exceeded": 3})

    def test_a_ttl_that_ends_here_is_answered_once(self):
        result = self.replay(self.config(), {"lan0": shuffled(
            cut(udp(PBX, FAR, 4000, 5000, LONG, ttl=1)), 1)})
        error, = result.ip("lan0")
        self.assertEqual((error[ICMP].type, error[ICMP].code, error[IP].src), (11, 0, LAN))
        self.assertEqual(result.drops(), {"ttl_expired": 3})

    def test_an_error_in_fragments_reaches_who_asked(self):
        for rules, seen in ((DYNAMIC, WAN), ("", PBX)):
            out = udp(PBX, FAR, 4000, 5000, LONG[:1000])
            quoted = IP(bytes(udp(seen, FAR, 4000, 5000, LONG[:1000])))
            error = IP(src=GATEWAY, dst=seen, id=3) / ICMP(type=3, code=3) / quoted
            result = self.replay(self.config(rules=rules), {
                "lan0": [out], "wan0": [(1, f) for f in shuffled(cut(error, 400), 1)]})
            packet, = self.assert_whole(result, "lan0")
            self.assertEqual((packet[IP].src, packet[IP].dst, packet[ICMP].code), (GATEWAY, PBX, 3))
            self.assertEqual(result.count("event icmp_error_translated"), 1)
            self.assertEqual(result.drops(), {})


class OwnAddresses(ReplayTest):
    def test_a_ping_of_10000_bytes_is_answered_in_fragments(self):
        data = LONG * 2 + LONG[:2000]
        for port, source, own in (("lan0", PBX, LAN), ("wan0", FAR, WAN)):
            fragments = shuffled(cut(echo(source, own, data, id=99)), 7)
            result = self.replay(self.config(zones=ANYTHING), {port: fragments})
            reply, = wholes(self, result.ip(port))
            self.assertEqual((reply[IP].src, reply[IP].dst, reply[ICMP].type), (own, source, 0))
            self.assertEqual(bytes(reply[ICMP].payload), data)
            self.assertEqual(result.count("event fragments_joined"), len(fragments))
            self.assertEqual(result.drops(), {})
            self.assert_nothing_left(result)

    def test_a_ping_with_an_identifier_that_the_inside_pings_with_is_answered_too(self):
        fragments = [(1, f) for f in shuffled(cut(echo(FAR, WAN)), 7)]
        result = self.replay(self.config(), {"lan0": [(0, echo(PBX, FAR, b"ask"))], "wan0": fragments})
        _, reply = wholes(self, result.ip("wan0"))
        self.assertEqual((reply[ICMP].type, bytes(reply[ICMP].payload)), (0, LONG))
        self.assertEqual((result.ip("lan0"), result.drops()), ([], {}))

    def test_a_ping_whose_bytes_changed_on_the_way_is_not_answered(self):
        fragments = cut(echo(PBX, LAN))
        fragments[1][Raw].load = b"y" + fragments[1][Raw].load[1:]
        result = self.replay(self.config(), {"lan0": fragments})
        self.assertEqual((result.ip("lan0"), result.drops()), ([], {"l4_header": 1}))

    def test_where_nothing_listens_the_first_fragment_is_answered_and_the_others_dropped(self):
        result = self.replay(self.config(), {"lan0": shuffled(cut(udp(PBX, LAN, 4000, 9, LONG)), 2)})
        error, = result.ip("lan0")
        self.assertEqual((error[ICMP].type, error[ICMP].code), (3, 3))
        self.assertEqual(result.drops(), {"self_unserved": 1, "fragment_refused": 2})
        result = self.replay(self.config(), {"wan0": cut(udp(FAR, WAN, 4000, 9, LONG))})
        self.assertEqual(result.ip("wan0"), [])
        self.assertEqual(result.drops(), {"nat_unsolicited": 1, "fragment_refused": 2})


class PathMtu(ReplayTest):
    """A packet with DF that is longer than the link ahead: the sender is told (RFC 1191)."""

    def narrow(self, own):
        return self.config(rules=STATIC).replace(f'addresses = ["{own}/24"];',
                                                 f'addresses = ["{own}/24"]; mtu = 1000;')

    def test_the_sender_outside_is_told_by_the_outside_address(self):
        packet = udp(FAR, WAN, 5000, 4000, LONG[:1400], flags="DF")
        result = self.replay(self.narrow(LAN), {"wan0": [packet]})
        error, = result.ip("wan0")
        self.assertEqual((error[IP].src, error[IP].dst), (WAN, FAR))
        self.assertEqual((error[ICMP].type, error[ICMP].code, error[ICMP].nexthopmtu), (3, 4, 1000))
        quoted = IP(bytes(error[ICMP].payload))
        self.assertEqual((quoted.src, quoted.dst, quoted[UDP].dport), (FAR, WAN, 4000))
        self.assert_checksums(error)
        self.assertEqual(result.drops(), {"mtu_exceeded": 1})

    def test_without_df_it_is_fragmented_on_its_way_in(self):
        packet = udp(FAR, WAN, 5000, 4000, LONG[:1400], id=8)
        result = self.replay(self.narrow(LAN), {"wan0": [packet]})
        whole, = wholes(self, result.ip("lan0"))
        self.assertEqual((whole[IP].dst, whole[IP].id), (PHONE, 8))
        self.assertEqual(len(result.ip("lan0")), 2)

    def test_a_sender_that_does_not_listen_is_told_at_a_limited_rate(self):
        packets = [(0.0001 * n, udp(PBX, FAR, 4000, 5000, LONG[:1400], flags="DF"))
                   for n in range(200)]
        result = self.replay(self.narrow(WAN), {"lan0": packets})
        self.assertEqual(result.count("drop mtu_exceeded"), 200)
        self.assertEqual(len(result.ip("lan0")), result.count("event icmp_error_out"))
        self.assertLess(result.count("event icmp_error_out"), 60)
        self.assertEqual({p[IP].src for p in result.ip("lan0")}, {LAN})


if __name__ == "__main__":
    main()
