# SPDX-License-Identifier: BSD-3-Clause
"""Scenes: packets in the order they happen, and what each of them became.

Every packet of a scene has a moment of its own (at least 20 ms apart), and replay stamps what
leaves with the moment that caused it. So each event knows its own outcome.
"""
from replay import (FAR, IP, PBX, TRUNK, UDP, WAN, ZONES, Raw, ReplayTest, payload, udp)
from sip_text import Call, sdp

STEP = 0.02
INSPECT = """
zones: ["inside", "outside"];
policy_maps: ( { name = "all"; classes: ( { class = "class-default"; action = "%s"; } ); } );
zone_pairs: (
  { name = "in-out"; source = "inside"; destination = "outside"; policy = "all"; },
  { name = "out-in"; source = "outside"; destination = "inside"; policy = "all"; } );
"""
OFF = "sip: { udp_ports = []; tcp_ports = []; };"


class Event:
    """One packet in; `sent` is what left because of it: [(port, packet)]."""

    def __init__(self, when, port, frame):
        self.when, self.port, self.frame, self.sent = when, port, frame, []

    @property
    def payload(self):
        """UDP payload of the one packet that left; None when nothing did."""
        assert len(self.sent) <= 1, self.sent
        return payload(self.sent[0][1]) if self.sent else None

    @property
    def ends(self):
        """(source, port, destination, port) of the one packet that left."""
        (_, packet), = self.sent
        return packet[IP].src, packet[UDP].sport, packet[IP].dst, packet[UDP].dport


class Scene:
    """A script of packets; `run` replays it whole."""

    def __init__(self, test, **config):
        self.test, self.events, self.clock = test, [], 0.0
        self.routed = config.pop("routed", False)
        config.setdefault("zones", ZONES)
        self.config = test.config(**config)
        if self.routed:
            self.config = without_nat(self.config)
        self.result = None

    def wait(self, seconds):
        self.clock += seconds

    def add(self, port, frame):
        event = Event(self.clock, port, frame)
        self.events.append(event)
        self.clock = round(self.clock + STEP, 6)
        return event

    def lan(self, data, src=PBX, sport=5060, dst=TRUNK, dport=5060):
        return self.add("lan0", udp(src, dst, sport, dport, data))

    def wan(self, data, src=TRUNK, sport=5060, dst=None, dport=5060):
        return self.add("wan0", udp(src, dst or (PBX if self.routed else WAN), sport, dport,
                                    data))

    def run(self, drain=0, **options):
        frames = {}
        for event in self.events:
            frames.setdefault(event.port, []).append((event.when, event.frame))
            event.sent = []
        first = min(e.when for e in self.events)
        self.result = self.test.replay(self.config, frames, drain=drain, **options)
        moments = {round(e.when / STEP): e for e in self.events}
        for port in self.result.out:
            for packet in self.result.ip(port):
                moment = round((float(packet.time) - 1700000000) / STEP)
                self.test.assertIn(moment, moments, "a packet of no moment")
                moments[moment].sent.append((port, packet))
                if packet[IP].frag == 0 and not packet[IP].flags.MF:
                    self.test.assert_checksums(packet)
        self.test.assertEqual(first, 0, "the first event is the origin of time")
        return self.result


def without_nat(config):
    """The configuration of a plain router: no NAT sides, no rules."""
    config = config.replace('nat = "inside"; ', "").replace('nat = "outside"; ', "")
    start = config.index("nat: {")
    return config[:start] + config[config.index("\n", start) + 1:]


class SipTest(ReplayTest):
    """Base of the SIP tests: whole texts compared, media asked for in both directions."""

    maxDiff = None

    def scene(self, **config):
        return Scene(self, **config)

    def assert_text(self, event, expected, name=""):
        """The text left exactly once and is exactly this, line by line."""
        self.assertEqual(len(event.sent), 1, f"{name}: packets left")
        got = event.payload
        self.assertEqual(got.decode("latin-1").split("\r\n"),
                         expected.decode("latin-1").split("\r\n"), name)
        self.assertEqual(got, expected, name)

    def assert_stopped(self, *events):
        for event in events:
            self.assertEqual(event.sent, [], event.frame.summary())

    def assert_media(self, event, ends):
        """A media packet passed unread, between exactly these endpoints."""
        self.assertEqual(len(event.sent), 1, event.frame.summary())
        self.assertEqual(event.ends, ends)
        self.assertEqual(event.payload, bytes(event.frame[Raw]))

    def assert_all_gone(self, result):
        """After the timers: nothing at all is left."""
        self.assert_nothing_left(result)
        for name in ("flows", "pinholes", "translations", "doors", "ports"):
            self.assertEqual(result.count("summary " + name), 0, name)

    def assert_sip(self, result, **expected):
        """SIP counters, by name; dashes and digits as r_: r200 is "200", other_4xx ... "4xx"."""
        for name, count in expected.items():
            name = name[1:] if name[0] == "r" and name[1].isdigit() else name
            self.assertEqual(result.count("sip " + name), count, name)


class OutgoingCall:
    """A whole call from the inside, as events of a scene: its texts and its media."""

    def __init__(self, scene, inside=None, *, outside=None, src=PBX, sport=5060, port=10000,
                 outside_port=None, far_port=20000, far=TRUNK, host=WAN, far_media=FAR):
        self.scene, self.inside = scene, inside or Call()
        self.outside = outside or self.inside.seen({} if scene.routed else None)
        self.src, self.sport, self.port, self.far_port = src, sport, port, far_port
        self.outside_port = outside_port or port
        self.far, self.far_media = far, far_media
        self.host = src if scene.routed else host
        self.texts = []

    def out(self, inside, outside):
        event = self.scene.lan(inside, src=self.src, sport=self.sport, dst=self.far)
        self.texts.append((event, outside))
        return event

    def back(self, outside, inside):
        event = self.scene.wan(outside, src=self.far, dst=self.host)
        self.texts.append((event, inside))
        return event

    def offer(self, **fields):
        return sdp(self.src, self.port, **fields), sdp(self.host, self.outside_port, **fields)

    def answer(self, **fields):
        return sdp(self.far_media, self.far_port, **fields)

    def invite(self, cseq=1, **fields):
        inside, outside = self.offer()
        return self.out(self.inside.request("INVITE", cseq, inside, **fields),
                        self.outside.request("INVITE", cseq, outside, **fields))

    def respond(self, status, cseq=1, method="INVITE", body=b"", **fields):
        return self.back(self.outside.response(status, cseq, method, body, **fields),
                         self.inside.response(status, cseq, method, body, **fields))

    def request(self, method, cseq=1, body=b"", outside_body=None, **fields):
        return self.out(self.inside.request(method, cseq, body, **fields),
                        self.outside.request(method, cseq, outside_body or body, **fields))

    def establish(self):
        self.invite()
        self.respond(100)
        self.respond(180)
        self.respond(200, body=self.answer())
        self.request("ACK")

    def hang_up(self, cseq=2):
        self.request("BYE", cseq)
        self.respond(200, cseq, "BYE")

    def media_out(self, offset=0, data=b"rtp out"):
        return self.scene.lan(data, self.src, self.port + offset, self.far_media,
                              self.far_port + offset)

    def media_in(self, offset=0, src=None, data=b"rtp in", sport=None):
        return self.scene.wan(data, src or self.far_media, sport or self.far_port + offset,
                              self.host, self.outside_port + offset)

    def out_ends(self, offset=0):
        return (self.host, self.outside_port + offset, self.far_media, self.far_port + offset)

    def in_ends(self, offset=0):
        return (self.far_media, self.far_port + offset, self.src, self.port + offset)

    def check_texts(self):
        for event, expected in self.texts:
            self.scene.test.assert_text(event, expected, expected.split(b"\r\n")[0].decode())


