#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Public captures: counted as tshark counts them, through every mode, twice the same.

CALLGATE_DATA names a folder with captures/ and rfc4475/; without it these tests are skipped.
"""
import os
import shutil
import subprocess
import unittest
from collections import Counter

from replay import DYNAMIC, IP, UDP, Ether, ReplayTest, main, udp
from scapy.all import PcapReader

DATA = os.environ.get("CALLGATE_DATA", "")
CAPTURES = os.path.join(DATA, "captures")
NAMED = {"100", "180", "183", "200"}
METHODS = ("ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK",
           "PUBLISH", "REFER", "REGISTER", "SUBSCRIBE", "UPDATE")
RESPONSES = ("100", "180", "183", "other_1xx", "200", "other_2xx", "3xx", "4xx", "5xx", "6xx")
# What a capture speaks SIP on beside 5060; callgate tells a SIP conversation by its first packet.
PORTS = {"SIP_CALL_RTP_G711": [5061], "metasploit-sip-invite-spoof.pcap": [10270]}
EXACT = ("aaa.pcap", "SIP_CALL_RTP_G711")


def tshark_counts(path):
    """{counter name: messages} over UDP, as tshark finds them."""
    text = subprocess.run(
        ["tshark", "-r", path, "-Y", "sip && udp && !icmp", "-T", "fields", "-e", "sip.Method",
         "-e", "sip.Status-Code"], capture_output=True, text=True, timeout=120, check=True).stdout
    counts = Counter()
    for line in text.splitlines():
        methods, codes = (line.split("\t") + [""])[:2]
        counts.update(m if m in METHODS else "other_methods" for m in methods.split(",") if m)
        for code in filter(None, codes.split(",")):
            other = f"other_{code[0]}xx" if code[0] in "12" else f"{code[0]}xx"
            counts[code if code in NAMED else other] += 1
    return counts


def load(path):
    """[(seconds since the first, frame)]"""
    with PcapReader(path) as reader:
        frames = [(float(p.time), bytes(p)) for p in reader]
    return [(when - frames[0][0], frame) for when, frame in frames]


def names():
    folder = CAPTURES if DATA and os.path.isdir(CAPTURES) else None
    return sorted(os.listdir(folder)) if folder else []


@unittest.skipUnless(names(), "CALLGATE_DATA names no folder with captures")
class Captures(ReplayTest):
    maxDiff = None

    def sip_ports(self, name):
        ports = [5060] + PORTS.get(name, [])
        return "sip: { udp_ports = %s; };" % ports

    def router(self, name):
        """Everything arrives on one port and leaves by it again."""
        return self.config(nat=self.sip_ports(name)).replace(
            'via = "203.0.113.254"', 'via = "10.0.0.254"')

    def translator(self, name):
        """Everything is inside and leaves translated."""
        rule = DYNAMIC.replace("10.0.0.0/24", "0.0.0.0/0")
        return self.config(rules=rule, nat=self.sip_ports(name))

    def counts(self, result):
        counts = Counter()
        for name in METHODS + RESPONSES + ("other_methods",):
            if result.count("sip " + name):
                counts[name] = result.count("sip " + name)
        return counts

    @unittest.skipUnless(shutil.which("tshark"), "no tshark")
    def test_messages_are_counted_as_tshark_counts_them(self):
        for name in names():
            path = os.path.join(CAPTURES, name)
            with self.subTest(name):
                expected = tshark_counts(path)
                result = self.replay(self.router(name), {"lan0": path})
                self.assertEqual(self.counts(result), expected)
                if name in EXACT:
                    self.assertGreater(sum(expected.values()), 10)
                    self.assertEqual(result.count("sip malformed"), 0)

    @unittest.skipUnless(shutil.which("tshark"), "no tshark")
    def test_translated_captures_are_counted_the_same(self):
        for name in EXACT:
            path = os.path.join(CAPTURES, name)
            with self.subTest(name):
                result = self.replay(self.translator(name), {"lan0": path})
                self.assertEqual(self.counts(result), tshark_counts(path))

    def test_every_packet_has_an_outcome_and_two_runs_are_identical(self):
        for name in names():
            frames = {"lan0": os.path.join(CAPTURES, name)}
            for config in (self.router(name), self.translator(name)):
                with self.subTest(name):
                    one, two = (self.replay(config, frames, drain=300) for _ in range(2))
                    self.assertEqual(one.files, two.files)
                    self.assertEqual(one.counters, two.counters)
                    self.assertGreater(one.count("replay read"), 0)
                    self.assertEqual(one.count("summary mbufs"), 0)

    def test_a_phone_behind_nat_gets_its_own_addresses_back(self):
        """aaa.pcap with its far side moved behind callgate's outside address."""
        path = os.path.join(CAPTURES, "aaa.pcap")
        phone, wan = "192.168.1.2", "203.0.113.1"
        frames = {"lan0": [], "wan0": []}
        for when, frame in load(path):
            packet = udp_of(frame)
            if packet is None or 5060 not in (packet[UDP].sport, packet[UDP].dport):
                continue
            text = bytes(packet[UDP].payload)
            if packet[IP].src == phone:
                frames["lan0"].append((when, udp(phone, packet[IP].dst, 5060, 5060, text)))
            else:
                text = text.replace(phone.encode(), wan.encode())
                frames["wan0"].append((when, udp(packet[IP].src, wan, 5060, 5060, text)))
        frames["lan0"][0] = (0, frames["lan0"][0][1])
        config = self.config(rules=DYNAMIC.replace("10.0.0.0/24", "192.168.1.0/24"))
        config = config.replace("10.0.0.1/24", "192.168.1.1/24")
        result = self.replay(config, frames)
        self.assertEqual(len(result.ip("lan0")), len(frames["wan0"]))
        self.assertEqual(len(result.ip("wan0")), len(frames["lan0"]))
        for packet in result.ip("wan0"):
            text = bytes(packet[UDP].payload)
            for header in (b"Via:", b"v:", b"Contact:", b"m:", b"c=", b"o="):
                for line in text.split(b"\r\n"):
                    if line.startswith(header):
                        host = line.split(b";")[0]
                        self.assertNotIn(phone.encode(), host)
        for packet in result.ip("lan0"):
            for line in bytes(packet[UDP].payload).split(b"\r\n"):
                if line.startswith((b"Via:", b"v:")):
                    self.assertIn(phone.encode(), line.split(b";")[0])


def udp_of(frame):
    packet = Ether(frame)
    return packet if UDP in packet and IP in packet else None


@unittest.skipUnless(os.path.isdir(os.path.join(DATA, "rfc4475")) and DATA, "no torture messages")
class Torture(ReplayTest):
    """RFC 4475: whatever is in a message, it passes or is counted, and the next one is fine."""

    def test_every_message_passes_from_either_side(self):
        folder = os.path.join(DATA, "rfc4475")
        texts = []
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as file:
                texts.append(file.read())
        frames = {"lan0": [udp("10.0.0.5", "198.51.100.10", 5060, 5060, t) for t in texts],
                  "wan0": [(100 + n, udp("198.51.100.10", "203.0.113.1", 5060, 5060, t))
                           for n, t in enumerate(texts)]}
        result = self.replay(self.config(), frames)
        self.assertEqual(result.drops(), {})
        whole = [p for port in ("lan0", "wan0") for p in result.ip(port) if p[IP].frag == 0]
        self.assertEqual(len(whole), 2 * len(texts))
        for packet in whole:
            if not packet[IP].flags.MF:
                self.assert_checksums(packet)


if __name__ == "__main__":
    main()
