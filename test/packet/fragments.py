# SPDX-License-Identifier: BSD-3-Clause
"""Fragments: packets cut as a test wants them, and what left put together again."""
import random

from replay import IP, UDP, Raw
from scene import Scene

UNIT = 8                                   # bytes that an offset counts


def cut(packet, size=1480, at=None):
    """Fragments of an IPv4 packet, in order: `size` bytes each, or cut at these bytes."""
    packet = IP(bytes(packet))             # with lengths and checksums
    data = packet.original[packet.ihl * 4:packet.len]
    size = max(size // UNIT, 1) * UNIT
    places = [0, *(at or range(size, len(data), size)), len(data)]
    return [IP(src=packet.src, dst=packet.dst, id=packet.id, ttl=packet.ttl, tos=packet.tos,
               proto=packet.proto, frag=first // UNIT,
               flags="MF" if end < len(data) else 0) / Raw(data[first:end])
            for first, end in zip(places, places[1:])]


def pieces(packet, count):
    """The packet in `count` fragments of nearly one size; as many as there can be."""
    length = IP(bytes(packet)).len - 20
    units = -(-length // UNIT)
    count = min(count, units)
    return cut(packet, at=[units * n // count * UNIT for n in range(1, count)])


def shuffled(fragments, seed):
    fragments = list(fragments)
    random.Random(seed).shuffle(fragments)
    return fragments


def data_of(packet):
    """What the IPv4 packet carries, padding left aside."""
    return packet[IP].original[packet[IP].ihl * 4:packet[IP].len]


class Wholes:
    """Packets put together as a host would, in the order of their last fragments' arrival."""

    def __init__(self, test, packets):
        self.test, self.packets, self.fragments = test, [], {}
        for packet in packets:
            self.add(packet)
        test.assertEqual(self.fragments, {}, "fragments of no whole datagram")

    def add(self, packet):
        ip = packet[IP]
        if ip.frag == 0 and not ip.flags.MF:
            self.packets.append(packet)
            return
        self.test.assertFalse(ip.flags.DF)
        key = (ip.src, ip.dst, ip.id, ip.proto)
        parts = self.fragments.setdefault(key, {})
        self.test.assertNotIn(ip.frag, parts, "a fragment twice")
        parts[ip.frag] = packet
        at, more = 0, True
        data = b""
        while more and at // UNIT in parts:
            part = parts[at // UNIT]
            data += data_of(part)
            more = bool(part[IP].flags.MF)
            at = len(data)
        if more:
            return
        self.test.assertEqual(sum(len(data_of(p)) for p in parts.values()), len(data), "overlap")
        first = parts[0][IP]
        header = IP(src=ip.src, dst=ip.dst, id=ip.id, ttl=first.ttl, tos=first.tos, proto=ip.proto)
        whole = IP(bytes(header / Raw(data)))
        whole.time = packet.time
        del self.fragments[key]
        self.packets.append(whole)
        self.test.assert_checksums(whole)


def wholes(test, packets):
    return Wholes(test, packets).packets


class Parts:
    """One datagram of a scene as the events of its fragments; what left is put together."""

    def __init__(self, scene, frame, events):
        self.scene, self.frame, self.events = scene, frame, events

    @property
    def when(self):
        return self.events[-1].when

    @property
    def left(self):
        """[(port, packet)] as they left."""
        return [sent for event in self.events for sent in event.sent]

    @property
    def sent(self):
        ports = sorted({port for port, _ in self.left})
        return [(port, packet) for port in ports
                for packet in wholes(self.scene.test, [p for at, p in self.left if at == port])]

    @property
    def payload(self):
        assert len(self.sent) <= 1, self.sent
        return data_of(self.sent[0][1])[8:] if self.sent else None

    @property
    def ends(self):
        (_, packet), = self.sent
        return packet[IP].src, packet[UDP].sport, packet[IP].dst, packet[UDP].dport


class FragmentScene(Scene):
    """A scene whose long datagrams come in fragments: `count(n)` of the n-th, in random order."""

    def __init__(self, test, count, **config):
        super().__init__(test, **config)
        self.count, self.datagrams = count, 0

    def add(self, port, frame):
        self.datagrams += 1
        frame[IP].id = self.datagrams
        count = self.count(self.datagrams)
        fragments = pieces(frame, count) if count > 1 else [frame]
        return Parts(self, frame,
                     [super(FragmentScene, self).add(port, part)
                      for part in shuffled(fragments, self.datagrams)])
