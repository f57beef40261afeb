#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The NAT log: who had which outside endpoint, from when until when; never with whom."""
import re

from replay import DYNAMIC, FAR, ICMP, IP, PBX, PHONE, TCP, TRUNK, UDP, WAN, Raw, main, udp
from scene import OutgoingCall, SipTest

LOG = "log = true;"
LINE = re.compile(r"callgate: NAT (binding|block|address) (created|deleted) inside=(\S+) "
                  r"outside=(\S+)(?: (?:proto|ports)=(\S+))? at=2023-11-14T22:(\d\d):(\d\d\.\d{3})Z")
POOL = 'pools: ( { name = "few"; addresses = ["203.0.113.10-203.0.113.11"]; %s } );'
RULE = '{ kind = "dynamic"; inside = ["10.0.0.0/24"]; pool = "few"; %s }'


class NatLog(SipTest):
    def lines(self, result):
        """[(kind, what, inside, outside, protocol or ports, seconds since the first packet)]."""
        found = []
        for line in result.log.splitlines():
            if " NAT " not in line:
                continue
            match = LINE.fullmatch(line)
            self.assertTrue(match, line)
            kind, what, inside, outside, more, minutes, seconds = match.groups()
            # the first packet is at 22:13:20
            at = int(minutes) * 60 + float(seconds) - 13 * 60 - 20
            found.append((kind, what, inside, outside, more, round(at, 3)))
        self.assertEqual(result.count("event nat_log_lines"), len(found))
        self.assertEqual(result.count("event nat_log_dropped"), 0)
        return found

    def test_nothing_is_logged_unless_asked_for(self):
        result = self.replay(self.config(), {"lan0": [udp(PBX, FAR, 4000, 5000)]}, drain=400)
        self.assertEqual(self.lines(result), [])

    def test_each_binding_has_a_line_when_it_begins_and_one_when_it_ends(self):
        def frames(src):
            return [udp(src, FAR, 4000, 5000), IP(src=src, dst=FAR) / TCP(sport=4000, dport=80),
                    IP(src=src, dst=FAR) / ICMP(type=8, id=77) / Raw(b"x")]
        config = self.config(nat=LOG + "timeouts: { udp = 10; tcp_transitory = 20; icmp = 30; };",
                             system='log: { level = "error"; };').replace(
            'log: { level = "warning"; }; ', "")
        result = self.replay(config, {"lan0": [(1.5 * n, frame) for n, frame in
                                               enumerate(frames(PBX))]
                                      + [(5, udp(PBX, TRUNK, 4000, 6000))]}, drain=60)
        lines = self.lines(result)
        self.assertEqual(lines[:3], [
            ("binding", "created", f"{PBX}:{port}", f"{WAN}:{port}", proto, 1.5 * n)
            for n, (proto, port) in enumerate((("udp", 4000), ("tcp", 4000), ("icmp", 77)))])
        self.assertEqual([line[1:5] for line in lines[3:]], [
            ("deleted", f"{PBX}:{port}", f"{WAN}:{port}", proto)
            for proto, port in (("udp", 4000), ("tcp", 4000), ("icmp", 77))])
        for line, (begun, timeout) in zip(lines[3:], ((5, 10), (1.5, 20), (3, 30))):
            self.assertGreaterEqual(line[5], begun + timeout - 1)   # counted in whole seconds
            self.assertLess(line[5], begun + timeout + 3)
        for far in (FAR, TRUNK):
            self.assertNotIn(far, result.log)

    def test_doors_of_a_call_are_logged_and_static_rules_are_not(self):
        static = ('{ kind = "static"; protocol = "udp"; inside = "%s:5060"; '
                  'outside = "203.0.113.1:5060"; }, ' % PBX)
        scene = self.scene(rules=static + DYNAMIC, nat=LOG)
        call = OutgoingCall(scene)
        call.establish()
        call.hang_up()
        lines = self.lines(scene.run(drain=60))
        self.assertEqual([line[1:5] for line in lines], [
            (what, f"{PBX}:{port}", f"{WAN}:{port}", "udp")
            for what in ("created", "deleted") for port in (10000, 10001)])

    def test_a_block_has_the_lines_of_all_its_ports(self):
        frames = [udp(src, FAR, 20000 + 2 * n, 5000) for n in range(40) for src in (PBX, PHONE)]
        nat = POOL % "block_size = 64;" + LOG + ("timeouts: { udp = 10; };"
                                                 "port_hold: { seconds = 20; };")
        result = self.replay(self.config(rules=RULE % "", nat=nat), {"lan0": frames}, drain=60)
        lines = self.lines(result)
        ports = {}
        for packet in result.ip("wan0"):
            first = packet[UDP].sport // 64 * 64
            ports.setdefault((packet[IP].src, f"{first}-{first + 63}"), 0)
        # of forty even ports each: a block and one more
        self.assertEqual(len(ports), 4)
        self.assertEqual([line[:2] for line in lines], 4 * [("block", "created")]
                         + 4 * [("block", "deleted")])
        for part in (lines[:4], lines[4:]):
            self.assertEqual({(line[3], line[4]) for line in part}, set(ports))
            self.assertEqual(sorted(line[2] for line in part), sorted(2 * [PBX, PHONE]))
        self.assertTrue(all(30 <= line[5] < 40 for line in lines[4:]), lines)

    def test_a_leased_address_has_the_lines_of_all_its_ports(self):
        frames = [udp(src, FAR, 20000 + n, 5000) for n in range(5) for src in (PBX, PHONE)]
        config = self.config(rules=RULE % "overload = false;",
                             nat=POOL % "" + LOG + "timeouts: { udp = 10; };")
        result = self.replay(config, {"lan0": frames}, drain=60)
        addresses = {PBX: result.ip("wan0")[0][IP].src, PHONE: result.ip("wan0")[1][IP].src}
        lines = self.lines(result)
        self.assertEqual([line[:5] for line in lines[:2]], [
            ("address", "created", src, addresses[src], None) for src in (PBX, PHONE)])
        self.assertEqual(sorted(line[:5] for line in lines[2:]), sorted(
            ("address", "deleted", src, addresses[src], None) for src in (PBX, PHONE)))


if __name__ == "__main__":
    main()
