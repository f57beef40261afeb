#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fragments that are wrong, too many or too late: refused by name, and nothing of them stays."""
from fragments import cut, pieces, shuffled, wholes
from replay import (FAR, ICMP, IP, LAN, PBX, PHONE, TCP, TRUNK, UDP, Raw, ReplayTest, main, udp)
from scene import INSPECT
from sip_text import Call, sdp

LONG = bytes(n * 7 % 251 for n in range(4000))
FRAGMENTS = "fragments: { %s };"


def part(frag, data, more=True, proto=17, ident=7, src=PBX):
    """One fragment of anything, at `frag` units of eight bytes."""
    return IP(src=src, dst=FAR, id=ident, proto=proto, frag=frag, flags="MF" if more else 0) / \
        Raw(data)


class Wrong(ReplayTest):
    def refused(self, frames, drops, **config):
        """Nothing leaves, and these are the reasons."""
        result = self.replay(self.config(**config), {"lan0": frames})
        self.assertEqual(result.ip("wan0"), [])
        self.assertEqual(result.drops(), drops)
        return result

    def test_overlapping_fragments_end_their_datagram(self):
        first, second, third, last = pieces(udp(PBX, FAR, 4000, 5000, LONG, id=7), 4)
        longer = part(second.frag, bytes(len(second[Raw].load) + 8))
        result = self.refused([second, third, longer, first, last],
                              {"fragment_overlap": 3, "fragment_refused": 2})
        self.assertEqual(result.count("summary fragments"), 0)
        self.assertEqual(result.count("summary datagrams"), 1)     # so that no later one passes

    def test_an_overlap_with_what_has_left_stops_the_rest(self):
        first, second, last = pieces(udp(PBX, FAR, 4000, 5000, LONG, id=7), 3)
        evil = part(first.frag + 1, bytes(len(first[Raw].load)))
        result = self.replay(self.config(), {"lan0": [first, evil, second, last]}, drain=20)
        self.assertEqual(len(result.ip("wan0")), 1)
        self.assertEqual(result.drops(), {"fragment_overlap": 1, "fragment_refused": 2})
        self.assert_nothing_left(result)

    def test_a_second_end_is_no_end(self):
        first, last = pieces(udp(PBX, FAR, 4000, 5000, LONG[:800], id=7), 2)
        again = part(last.frag, last[Raw].load[:-8], more=False)
        self.refused([last, again, first], {"fragment_overlap": 2, "fragment_refused": 1})

    def test_exact_repetitions_are_dropped_and_harm_nothing(self):
        for order in ([0, 0, 1, 1, 2], [2, 2, 1, 0], [1, 1, 0, 0, 2]):
            fragments = pieces(udp(PBX, FAR, 4000, 5000, LONG, id=7), 3)
            frames = [fragments[n] for n in order]
            result = self.replay(self.config(), {"lan0": frames})
            whole, = wholes(self, result.ip("wan0"))
            self.assertEqual(bytes(whole[UDP].payload), LONG)
            self.assertEqual(result.drops(), {"fragment_duplicate": len(order) - 3})
            self.assert_nothing_left(result)

    def test_a_repetition_that_comes_late_waits_for_nobody_and_ends(self):
        fragments = pieces(udp(PBX, FAR, 4000, 5000, LONG, id=7), 3)
        result = self.replay(self.config(), {"lan0": [*fragments, fragments[1]]}, drain=20)
        self.assertEqual(len(result.ip("wan0")), 3)
        self.assertEqual(result.drops(), {"fragment_timeout": 1})
        self.assert_nothing_left(result)

    def test_a_datagram_beyond_65535_bytes_is_refused(self):
        echo = IP(src=PBX, dst=LAN) / ICMP(type=8, id=1) / Raw(bytes(65000))
        fragments = cut(echo, 1480)
        fragments[-1] = IP(src=PBX, dst=LAN, proto=1, frag=65120 // 8) / Raw(bytes(1000))
        result = self.replay(self.config(), {"lan0": fragments})
        self.assertEqual((result.ip("lan0"), result.count("summary fragments")), ([], 0))
        self.assertEqual(result.drops(), {"fragment_too_long": len(fragments)})

    def test_tcp_headers_cut_in_two_are_refused(self):
        syn = bytes(TCP(sport=4000, dport=80, flags="S", options=[("MSS", 1460)]))
        self.refused([part(0, syn[:16], proto=6), part(2, syn[16:] + bytes(80), False, 6)],
                     {"fragment_tiny": 2})
        # a first fragment that is long enough, and one that would write over its flags
        result = self.replay(self.config(), {"lan0": [
            part(0, syn, proto=6), part(1, bytes(16), False, 6)]})
        self.assertEqual(result.drops(), {"fragment_tiny": 1})
        self.assertEqual(len(result.ip("wan0")), 1)

    def test_fragments_that_cannot_be_are_refused(self):
        self.refused([part(0, b"x" * 17), part(5, b"x" * 7), part(5, b"", False), part(5, b"")],
                     {"ip_fragment": 4})

    def test_the_first_fragments_of_udp_and_icmp_need_their_headers(self):
        self.refused([part(1, bytes(8), False), part(0, b"\x0f\xa0\x13\x88\x00\x04\x00\x00")],
                     {"l4_header": 1, "fragment_refused": 1})

    def test_policy_judges_by_the_first_fragment(self):
        zones = INSPECT % "drop"
        for seed in range(3):
            self.refused(shuffled(pieces(udp(PBX, FAR, 4000, 5000, LONG), 6), seed),
                         {"policy_drop": 1, "fragment_refused": 5}, zones=zones)

    def test_a_refused_datagram_is_forgotten_when_it_is_complete(self):
        frames = shuffled(pieces(udp(PBX, FAR, 4000, 5000, LONG), 6), 1)
        result = self.refused(frames, {"policy_drop": 1, "fragment_refused": 5},
                              zones=INSPECT % "drop")
        self.assertEqual(result.count("summary datagrams"), 0)

    def test_fragments_from_the_other_side_are_not_of_the_same_datagram(self):
        first, last = pieces(udp(PBX, FAR, 4000, 5000, LONG[:800], id=7), 2)
        result = self.replay(self.config(rules=""), {"lan0": [first], "wan0": [(0.1, last)]},
                             drain=20)
        self.assertEqual(len(result.ip("wan0")), 1)
        self.assertEqual(result.drops(), {"fragment_timeout": 1})


class Limits(ReplayTest):
    def test_one_datagram_has_at_most_so_many_fragments(self):
        frames = pieces(udp(PBX, FAR, 4000, 5000, LONG), 20)[1:]
        result = self.replay(self.config(extra=FRAGMENTS % "max_per_datagram = 16;"),
                             {"lan0": frames})
        self.assertEqual(result.drops(), {"fragment_limit": 17, "fragment_refused": 2})

    def test_a_source_holds_at_most_so_much_and_others_do_not_notice(self):
        config = self.config(extra=FRAGMENTS % "max_held_per_source = 64; max_per_datagram = 16;")
        part_of = max(-(-64 // self.workers), 16)
        flood = [part(5, b"x" * 8, ident=n) for n in range(300)]
        good = shuffled(pieces(udp(PHONE, FAR, 4000, 5000, LONG), 10), 1)
        result = self.replay(config, {"lan0": flood + good})
        self.assertEqual(len(wholes(self, result.ip("wan0"))), 1)
        self.assertEqual(result.count("summary fragments"), part_of * self.workers)
        self.assertEqual(result.drops(), {"fragment_source_limit": 300 - part_of * self.workers})

    def test_a_flood_of_many_sources_takes_mbufs_from_no_one_but_its_oldest(self):
        config = self.config(extra=FRAGMENTS % "max_held = 64; max_per_datagram = 16;")
        part_of = max(-(-64 // self.workers), 16)
        flood = [part(5, b"x" * 8, ident=n, src=f"10.0.0.{n % 200 + 20}") for n in range(600)]
        good = shuffled(pieces(udp(PHONE, FAR, 4000, 5000, LONG), 10), 1)
        media = [udp(PBX, FAR, 4000, 5000, b"media")] * 40
        frames = flood[:300] + good[:5] + flood[300:303] + good[5:] + flood[303:] + media
        result = self.replay(config, {"lan0": frames}, drain=30)
        left = wholes(self, result.ip("wan0"))
        self.assertEqual([len(p[UDP].payload) for p in left], [4000] + [5] * 40)
        held = part_of * self.workers
        self.assertEqual(result.drops(), {"fragment_evicted": 600 - held, "fragment_timeout": held})
        self.assert_nothing_left(result)

    def test_records_run_short_for_the_oldest_only(self):
        config = self.config(extra=FRAGMENTS % "max_datagrams = 64; max_per_datagram = 16;")
        part_of = max(-(-64 // self.workers), 16)
        first = bytes(udp(PBX, FAR, 4000, 5000, LONG))[20:420]
        flood = [part(0, first, ident=n) for n in range(300)]
        good = shuffled(pieces(udp(PHONE, FAR, 4000, 5000, LONG), 10), 1)
        result = self.replay(config, {"lan0": flood[:200] + good[:5] + flood[200:203] + good[5:]})
        self.assertEqual(result.count("event fragments_forwarded"), 203 + 10)
        self.assertEqual(result.count("summary datagrams"), part_of * self.workers - 1)
        self.assertEqual(result.count("summary mbufs"), 0)
        self.assertEqual(result.count("event datagrams_evicted"), 204 - part_of * self.workers)


class Time(ReplayTest):
    def test_what_is_missing_too_long_is_given_up(self):
        first, second, last = pieces(udp(PBX, FAR, 4000, 5000, LONG), 3)
        for timeout, late, passes in ((3, 2.9, True), (3, 3.1, False), (15, 14, True)):
            config = self.config(extra=FRAGMENTS % f"timeout = {timeout};")
            result = self.replay(config, {"lan0": [(0, last), (0.1, second), (late, first)]},
                                 drain=40)
            self.assertEqual(len(result.ip("wan0")), 3 if passes else 1)
            self.assertEqual(result.drops(), {} if passes else {"fragment_timeout": 2})
            self.assertEqual(result.count("event datagrams_timed_out"), 0 if passes else 2)
            self.assertEqual(result.ip("lan0"), [])     # fragment zero was not there (RFC 792)
            self.assert_nothing_left(result)

    def test_the_sender_of_an_incomplete_message_is_told(self):
        text = Call().request("INVITE", 1, sdp(PBX), extra=["X-Filler: " + "x" * 3000])
        fragments = pieces(udp(PBX, TRUNK, 5060, 5060, text), 5)
        result = self.replay(self.config(), {"lan0": shuffled(fragments[:4], 1)}, drain=20)
        self.assertEqual(result.ip("wan0"), [])
        error, = result.ip("lan0")
        self.assertEqual((error[ICMP].type, error[ICMP].code), (11, 1))
        self.assertEqual((error[IP].src, error[IP].dst), (LAN, PBX))
        quoted = IP(bytes(error[ICMP].payload))
        self.assertEqual((quoted.src, quoted.dst, int(quoted.flags), quoted[UDP].sport),
                         (PBX, TRUNK, 1, 5060))
        self.assertEqual(result.drops(), {"fragment_timeout": 4})
        self.assert_nothing_left(result)

    def test_an_incomplete_ping_to_us_is_told_at_a_limited_rate(self):
        frames = [(n * 0.0001, cut(IP(src=PBX, dst=LAN, id=n) / ICMP(type=8) / Raw(LONG))[0])
                  for n in range(300)]
        result = self.replay(self.config(extra=FRAGMENTS % "timeout = 1;"), {"lan0": frames},
                             drain=20)
        errors = result.ip("lan0")
        self.assertEqual({(p[ICMP].type, p[ICMP].code) for p in errors}, {(11, 1)})
        self.assertLess(len(errors), 70 * self.workers)
        self.assertEqual(result.drops(), {"fragment_timeout": 300})
        self.assert_nothing_left(result)


if __name__ == "__main__":
    main()
