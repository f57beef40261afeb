#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the captures of this folder: the same bytes every time (fixed times, no randomness).

usage: generate.py [FOLDER]     without a folder: the one this file is in
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "test", "packet"))

from scapy.all import IP, UDP, Ether, Raw, wrpcap  # noqa: E402
from sip_text import (FAR, PBX, PHONE, TRUNK, WAN, Call, register, registered,  # noqa: E402
                      sdp)

STEP = 0.02
START = 1700000000
INSIDE_MAC, OUTSIDE_MAC = "02:11:11:11:11:11", "02:22:22:22:22:22"


class Capture:
    """Two files of one story: what arrives on the inside port, and on the outside port."""

    def __init__(self, name):
        self.name, self.clock, self.packets = name, 0.0, {"lan": [], "wan": []}

    def add(self, side, src, sport, dst, dport, data):
        mac = INSIDE_MAC if side == "lan" else OUTSIDE_MAC
        identification = sum(map(len, self.packets.values())) + 1
        frame = (Ether(src=mac, dst="ff:ff:ff:ff:ff:ff")
                 / IP(src=src, dst=dst, id=identification)
                 / UDP(sport=sport, dport=dport) / Raw(data))
        frame[Ether].dst = OUTSIDE_MAC if side == "lan" else INSIDE_MAC
        frame.time = START + self.clock + 0.0001
        self.packets[side].append(frame)
        self.clock = round(self.clock + STEP, 6)

    def lan(self, data, src=PBX, sport=5060, dst=TRUNK, dport=5060):
        self.add("lan", src, sport, dst, dport, data)

    def wan(self, data, src=TRUNK, sport=5060, dport=5060):
        self.add("wan", src, sport, WAN, dport, data)

    def media(self, count=5, port=10000, far_port=20000, host=PBX):
        """RTP both ways, 20 ms apart, and one RTCP packet each way."""
        for n in range(count):
            rtp = bytes([0x80, 0, 0, n, 0, 0, n * 160 >> 8, n * 160 & 255, 0, 0, 0, 7]) + bytes(160)
            self.lan(rtp, host, port, FAR, far_port)
            self.wan(rtp, FAR, far_port, port)
        rtcp = bytes([0x80, 201, 0, 1, 0, 0, 0, 7])
        self.lan(rtcp, host, port + 1, FAR, far_port + 1)
        self.wan(rtcp, FAR, far_port + 1, port + 1)

    def write(self, folder):
        for side, packets in self.packets.items():
            if packets:
                wrpcap(os.path.join(folder, f"{self.name}.{side}.pcap"), packets, linktype=1)


def establish(capture, inside, outside, direction="sendrecv"):
    capture.lan(inside.request("INVITE", 1, sdp(PBX, direction=direction)))
    capture.wan(outside.response(100))
    capture.wan(outside.response(180))
    capture.wan(outside.response(200, body=sdp(FAR, 20000)))
    capture.lan(inside.request("ACK"))


def hang_up(capture, inside, outside, cseq=2):
    capture.lan(inside.request("BYE", cseq))
    capture.wan(outside.response(200, cseq, "BYE"))


def trunk_call():
    """A call from the inside over a trunk, with media, and one packet after the BYE."""
    capture, inside = Capture("trunk-call"), Call()
    establish(capture, inside, inside.seen())
    capture.media()
    hang_up(capture, inside, inside.seen())
    capture.wan(b"late", FAR, 20000, 10000)
    return capture


def hold_resume():
    """Hold with a=sendonly, resume; media before, while and after."""
    capture, inside = Capture("hold-resume"), Call(call_id="hold@10.0.0.5")
    outside = inside.seen()
    establish(capture, inside, outside)
    capture.media(2)
    for cseq, ours, theirs in ((2, "sendonly", "recvonly"), (3, "sendrecv", "sendrecv")):
        capture.lan(inside.request("INVITE", cseq, sdp(PBX, version=cseq, direction=ours),
                                   tagged=True))
        capture.wan(outside.response(200, cseq, body=sdp(FAR, 20000, version=cseq,
                                                         direction=theirs)))
        capture.lan(inside.request("ACK", cseq))
        capture.media(1)
    hang_up(capture, inside, outside, 4)
    return capture


def registration(call_after):
    """A phone registers; the registrar sends it a call; the phone hangs up."""
    capture = Capture("registered-inbound" if call_after else "registration")
    capture.lan(register(PHONE), PHONE)
    capture.wan(registered(WAN))
    if not call_after:
        return capture
    capture.clock += 400
    outside = Call(caller=TRUNK, callee=WAN, via=f"{TRUNK}:5060", contact=f"{TRUNK}:5060",
                   uri=WAN, remote=WAN, call_id=f"in@{TRUNK}")
    inside = outside.seen({WAN: PHONE})
    capture.wan(outside.request("INVITE", 1, sdp(FAR, 20000)))
    capture.lan(inside.response(180), PHONE)
    capture.lan(inside.response(200, body=sdp(PHONE, 12000)), PHONE)
    capture.wan(outside.request("ACK"))
    capture.media(3, 12000, 20000, PHONE)
    capture.lan(inside.back_request("BYE", 1), PHONE)
    capture.wan(outside.back_response(200))
    return capture


def cancelled():
    """A call that rings and is cancelled, after an authentication retry."""
    capture, inside = Capture("challenged-cancelled"), Call(call_id="cancel@10.0.0.5")
    outside, branch = inside.seen(), "z9hG4bK-cancel@10.0.0.5-2-INVITE"
    capture.lan(inside.request("INVITE", 1, sdp(PBX)))
    capture.wan(outside.response(407, extra=['Proxy-Authenticate: Digest realm="r", nonce="n"']))
    capture.lan(inside.request("ACK", 1, uri=inside.uri))
    capture.lan(inside.request("INVITE", 2, sdp(PBX), extra=[
        'Proxy-Authorization: Digest username="100", realm="r", nonce="n", uri="sip:200@x", '
        'response="00"']))
    capture.wan(outside.response(180, 2))
    capture.lan(inside.request("CANCEL", 2, branch=branch, contact=False))
    capture.wan(outside.response(200, 2, "CANCEL", branch=branch))
    capture.wan(outside.response(487, 2))
    capture.lan(inside.request("ACK", 2, uri=inside.uri))
    return capture


def malformed():
    """Messages that do not parse, keepalives, and one good message last."""
    capture, good = Capture("malformed"), Call().request("INVITE", 1, sdp(PBX))
    for text in (good.replace(b"Call-ID", b"X-Call-ID"), good.replace(b"CSeq", b"X-CSeq"),
                 good.replace(b"Via", b"X-Via"), good.replace(b"Length: ", b"Length: 9"),
                 good.replace(b"Length: ", b"Length: 4294967296"), good[:90],
                 b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)), b"\r\n\r\n", b"\0"):
        capture.lan(text)
    capture.lan(Call().request("OPTIONS", 1, tagged=False))
    return capture


def early_media():
    """183 with an answer; the outside sends first, before and after it."""
    capture, inside = Capture("early-media"), Call(call_id="early@10.0.0.5")
    outside = inside.seen()
    capture.lan(inside.request("INVITE", 1, sdp(PBX)))
    capture.wan(b"first", FAR, 20000, 10000)
    capture.wan(outside.response(183, body=sdp(FAR, 20000)))
    capture.wan(b"stranger", "192.0.2.66", 20000, 10000)
    capture.media(2)
    capture.wan(outside.response(200, body=sdp(FAR, 20000)))
    capture.lan(inside.request("ACK"))
    hang_up(capture, inside, outside)
    return capture


def captures():
    return [trunk_call(), hold_resume(), registration(False), registration(True), cancelled(),
            malformed(), early_media()]


if __name__ == "__main__":
    for one in captures():
        one.write(sys.argv[1] if len(sys.argv) > 1 else HERE)
