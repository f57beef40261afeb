# SPDX-License-Identifier: BSD-3-Clause
"""SIP over TCP as a host received it: byte streams from a capture, messages from the streams.

A reader of its own, that shares nothing with callgate: it puts segments in order by their sequence
numbers, demands that what came twice was the same twice, and finds where a message ends by its
Content-Length alone. So a wrong length, a byte too many or an edit that a retransmission lacks is a
failure, even where a SIP stack would get over it.
"""
import re
import socket
import struct

from callnet import check

START = re.compile(rb'(?:SIP/2\.0 [1-6]\d\d [^\r\n]*|[A-Z]+ sips?:[^\s<>]+ SIP/2\.0)\r\n')
LENGTH = re.compile(rb'\r\n(?:Content-Length|l)[ \t]*:[ \t]*(\d+)[ \t]*\r\n', re.I)
SYN, HALF = 2, 1 << 31


class Way:
    """One direction of one connection. `begun`: its SYN was seen."""

    def __init__(self, tuple4):
        self.tuple4 = tuple4
        self.first = None
        self.begun = False
        self.segments = []

    def take(self, sequence, payload):
        if self.first is None:
            self.first = sequence
        offset = (sequence - self.first) & 0xffffffff
        if payload and offset < HALF:
            self.segments.append((offset, payload))

    def text(self):
        """What was received, whole. What was sent again must be what was sent before."""
        text = bytearray()
        for offset, payload in sorted(self.segments, key=lambda one: one[0]):
            check(offset <= len(text), f'{self.tuple4}: bytes {len(text)} to {offset} never came')
            again = payload[:len(text) - offset]
            check(text[offset:offset + len(again)] == again,
                  f'{self.tuple4}: at {offset} {bytes(again)!r} came after '
                  f'{bytes(text[offset:offset + len(again)])!r}')
            text += payload[len(again):]
        return bytes(text)


def ways(packets):
    """Ways of IPv4 packets, in the order they began; a SYN with another number begins a new one."""
    found, current = [], {}
    for packet in packets:
        if packet[9] != 6:
            continue
        head = 4 * (packet[0] & 15)
        length = struct.unpack_from('>H', packet, 2)[0]
        ports = struct.unpack_from('>HH', packet, head)
        sequence = struct.unpack_from('>I', packet, head + 4)[0]
        tuple4 = (socket.inet_ntoa(packet[12:16]), ports[0],
                  socket.inet_ntoa(packet[16:20]), ports[1])
        way = current.get(tuple4)
        syn = packet[head + 13] & SYN
        if way is None or (syn and (sequence + 1) & 0xffffffff != way.first):
            way = current[tuple4] = Way(tuple4)
            found.append(way)
        way.begun |= bool(syn)
        way.take((sequence + 1) & 0xffffffff if syn else sequence,
                 packet[head + 4 * (packet[head + 12] >> 4):length])
    return found


def messages(text, what):
    """A stream cut into its messages; nothing may be left or between them but CRLF keepalives."""
    found, at = [], 0
    while at < len(text):
        if text.startswith(b'\r\n', at):
            at += 2
            continue
        end = text.find(b'\r\n\r\n', at)
        shown = text[max(0, at - 200):at + 300]
        check(START.match(text, at) and end > 0, f'{what}: no message begins at {at}, in {shown!r}')
        length = LENGTH.search(text, at, end + 4)
        check(length, f'{what}: a message without length at {at}, in {shown!r}')
        after = end + 4 + int(length[1])
        check(after <= len(text), f'{what}: the last message is not whole: {shown!r}')
        body = text[end + 4:after]
        described = b'\r\nContent-Type: application/sdp\r\n' in text[at:end + 2]
        check(not described or body.startswith(b'v=0\r\n') and body.endswith(b'\r\n'),
              f'{what}: the body is no description: {body!r}')
        found.append(text[at:after])
        at = after
    return found


def received(packets):
    """{way: messages} of all TCP connections in a capture. One whose beginning it has not is left out."""
    return {way: messages(way.text(), way.tuple4) for way in ways(packets) if way.begun}
