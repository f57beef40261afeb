#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Property: a packet translated out, and its answer translated in, keep every byte that is not an
address, a port (or identifier), a checksum or the TTL. Random packets, 1, 2 and 4 workers."""
import os
import random
import struct

from replay import (DYNAMIC, ICMP, IP, TCP, UDP, WAN, Raw, ReplayTest, configuration, main)
from scapy.all import IPOption_NOP, IPOption_RR

PACKETS = int(os.environ.get("CALLGATE_PACKETS", "200"))
POOL = '{ kind = "dynamic"; inside = ["10.0.0.0/24"]; pool = "p"; overload = %s; }'
ADDRESSES = 'pools: ( { name = "p"; addresses = ["203.0.113.20-203.0.113.%s"]; %s } );'
# Who gives the outside endpoint: rules, `nat`, does a port have to change where hosts use the same?
KINDS = {"interface": (DYNAMIC, "", True),
         "pool": (POOL % "true", ADDRESSES % (21, ""), True),
         "blocks": (POOL % "true", ADDRESSES % (21, "block_size = 64;"), True),
         "leased": (POOL % "false", ADDRESSES % (29, ""), False),
         "static": (", ".join(f'{{ kind = "static"; inside = "10.0.0.{n}"; outside = "203.0.113.{n}"; }}'
                              for n in range(5, 13)), "", False)}
OPTIONS = ([], [("MSS", 1460)], [("MSS", 536), ("NOP", None), ("WScale", 9)],
           [("SAckOK", b""), ("Timestamp", (0x01020304, 0))], [("NOP", None)] * 3 + [("EOL", None)],
           [("MSS", 1300), ("SAckOK", b""), ("Timestamp", (7, 0)), ("NOP", None), ("WScale", 14)])
CHECKSUM = {6: 16, 17: 6, 1: 2}      # where it stands behind the IP header
ENDS = {6: (0, 4), 17: (0, 4), 1: (4, 6)}


def make(rng, number):
    """A random first packet of an inside host."""
    options = rng.choice(([], [], [], [IPOption_NOP()] * 4, [IPOption_RR(routers=["0.0.0.0"] * 2)]))
    ip = IP(src=f"10.0.0.{rng.randint(5, 12)}", dst=f"198.51.100.{rng.randint(1, 250)}", id=number,
            tos=rng.randrange(256), ttl=rng.randint(2, 255), flags=rng.choice(("", "DF")),
            options=options)
    # few source ports, so that many have to change
    sport, dport = rng.choice((1000, 4000, 4001, 50000)), rng.randint(6000, 65535)
    data = Raw(rng.randbytes(rng.choice((0, 1, 2, 3, 40, rng.randrange(1300)))))
    kind = rng.randrange(4)
    if kind == 0:
        return ip / TCP(sport=sport, dport=dport, flags="S", seq=rng.getrandbits(32),
                        window=rng.randrange(65536), options=rng.choice(OPTIONS)) / data
    if kind == 1:
        return ip / ICMP(type=8, id=sport, seq=rng.randrange(65536)) / data
    return ip / UDP(sport=sport, dport=dport, **({"chksum": 0} if kind == 2 else {})) / data


def answer(sent):
    """The answer to a packet as it arrived outside: the same bytes on their way back."""
    packet = IP(bytes(sent))
    packet.src, packet.dst, packet.ttl = packet.dst, packet.src, 64
    del packet.chksum
    if TCP in packet:
        packet[TCP].sport, packet[TCP].dport = packet[TCP].dport, packet[TCP].sport
        packet[TCP].flags = "SA"
        del packet[TCP].chksum
    elif UDP in packet:
        packet[UDP].sport, packet[UDP].dport = packet[UDP].dport, packet[UDP].sport
        if packet[UDP].chksum:
            del packet[UDP].chksum
    else:
        packet[ICMP].type = 0
        del packet[ICMP].chksum
    return IP(bytes(packet))


def whole(packet):
    """The bytes of an IP packet, whatever Scapy takes its payload for."""
    return bytes(packet[IP])[:packet[IP].len]


def left_alone(data):
    """These bytes without those that translation may change."""
    data = bytearray(data)
    start, proto = (data[0] & 15) * 4, data[9]
    first, last = ENDS[proto]
    for begin, end in ((8, 9), (10, 20), (start + first, start + last),
                       (start + CHECKSUM[proto], start + CHECKSUM[proto] + 2)):
        data[begin:end] = bytes(end - begin)
    return bytes(data)


def total(data):
    data += b"\0" * (len(data) % 2)
    value = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while value >> 16:
        value = (value & 0xffff) + (value >> 16)
    return value


class Restores(ReplayTest):
    def assert_sums(self, data, zero):
        """Every checksum is right; a UDP checksum is 0 where it was."""
        start, proto = (data[0] & 15) * 4, data[9]
        self.assertEqual(total(data[:start]), 0xffff)
        if proto == 17:
            self.assertEqual(data[start + 6:start + 8] == b"\0\0", zero)
            if zero:
                return
        pseudo = b"" if proto == 1 else data[12:20] + struct.pack("!HH", proto, len(data) - start)
        self.assertEqual(total(pseudo + data[start:]), 0xffff)

    def assert_same(self, before, after):
        self.assertEqual(left_alone(after), left_alone(before))
        self.assertEqual(after[8], before[8] - 1, "the TTL")
        start = (before[0] & 15) * 4
        self.assert_sums(after, before[9] == 17 and before[start + 6:start + 8] == b"\0\0")

    def run_workers(self, workers, seed, kind):
        rng = random.Random(seed)
        rules, nat, changes = KINDS[kind]
        config = configuration(workers=workers, rules=rules, nat=nat)
        inside = [IP(bytes(make(rng, number))) for number in range(1, PACKETS + 1)]
        there = {p[IP].id: p for p in self.replay(config, {"lan0": inside}).ip("wan0")}
        # one conversation may have been drawn twice; its answers then go the same way
        self.assertEqual(len(there), len(inside))
        answers = {number: answer(whole(packet)) for number, packet in there.items()}
        result = self.replay(config, {"lan0": inside, "wan0": list(answers.values())})
        here = {p[IP].id: p for p in result.ip("lan0")}
        self.assertEqual(result.drops(), {})
        changed, faces, endpoints = 0, {}, {}
        for packet in inside:
            out, back, sent = there[packet.id], here[packet.id], answers[packet.id]
            self.assert_same(bytes(packet), whole(out))
            self.assert_same(bytes(sent), whole(back))
            self.assertEqual(faces.setdefault(packet.src, out[IP].src), out[IP].src, "paired")
            self.assertEqual(out[IP].dst, packet.dst)
            self.assertEqual((back[IP].src, back[IP].dst), (packet.dst, packet.src))
            first, last = ENDS[packet.proto]
            ports = slice(packet.ihl * 4 + first, packet.ihl * 4 + last)
            asked, answered = bytes(packet)[ports], whole(back)[ports]
            self.assertEqual(answered, asked if packet.proto == 1 else asked[2:] + asked[:2])
            changed += whole(out)[ports] != asked
            near, far = (packet.src, asked[:2]), (packet.proto, out[IP].src, whole(out)[ports][:2])
            self.assertEqual(endpoints.setdefault(far, near), near, "one outside, one inside endpoint")
        if kind == "interface":
            self.assertEqual(set(faces.values()), {WAN})
        if changes:
            self.assertGreater(changed, PACKETS // 4, "ports that had to change")
        else:
            self.assertEqual((changed, len(set(faces.values()))), (0, len(faces)))

    def test_every_byte_that_is_not_translated_comes_back(self):
        for workers in (1, 2, 4):
            for seed, kind in enumerate(KINDS):
                with self.subTest(workers=workers, kind=kind):
                    self.run_workers(workers, seed, kind)


if __name__ == "__main__":
    main()
