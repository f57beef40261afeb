# SPDX-License-Identifier: BSD-3-Clause
"""A call and a message whose every byte the test knows, on both sides of callgate."""
import re

import calls

BODY = 'v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio {1} RTP/AVP 0\r\n'
LONG = 40000        # more than a packet of a capture file and several pages of the socket hold


def message(start, call, cseq, via, contact, body='', kind='application/sdp', transport='UDP'):
    lines = [start, f'Via: SIP/2.0/{transport} {via};branch=z9hG4bK-{call}-{cseq.split()[0]}',
             'From: <sip:a@example.com>;tag=a', 'To: <sip:b@example.com>' + (
                 ';tag=b' if not cseq.endswith('INVITE') or start.startswith('SIP') else ''),
             f'Call-ID: {call}', f'CSeq: {cseq}', f'Contact: <sip:a@{contact}>']
    if body:
        lines.append(f'Content-Type: {kind}')
    return '\r\n'.join([*lines, f'Content-Length: {len(body)}', '', body]).encode()


def answer(request, status, contact, body=''):
    """With the lines of the request that belong in every answer."""
    kept = [line for line in request.decode().split('\r\n')
            if line.startswith(('Via:', 'From:', 'Call-ID:', 'CSeq:'))]
    to = re.search(r'^To: ([^\r;]*)', request.decode(), re.M)[1]
    lines = [f'SIP/2.0 {status}', *kept, f'To: {to};tag=b', f'Contact: <sip:b@{contact}>']
    if body:
        lines.append('Content-Type: application/sdp')
    return '\r\n'.join([*lines, f'Content-Length: {len(body)}', '', body]).encode()


class Wire:
    """What was sent and what arrived: [(from which side, as it came, as it left)]."""

    def __init__(self):
        self.seen = {}

    def note(self, side, sent, arrived):
        call = re.search(rb'^Call-ID: ([^\r]*)', sent, re.M)[1].decode()
        self.seen.setdefault(call, []).append((side, sent, arrived))


def udp_call(wire, phone, peer, call, media):
    """INVITE, 180, 200, ACK, BYE, 200."""
    there = (calls.OUTSIDE, 5060)
    here = f'{calls.INSIDE}:5060'

    def out(text):
        phone.sendto(text, there)
        arrived, source = peer.recvfrom(65535)
        wire.note('inside', text, arrived)
        return arrived, source

    def back(text, source):
        peer.sendto(text, source)
        arrived = phone.recv(65535)
        wire.note('outside', text, arrived)

    request, source = out(message('INVITE sip:b@203.0.113.2 SIP/2.0', call, '1 INVITE', here, here,
                                  BODY.format(calls.INSIDE, media)))
    back(answer(request, '180 Ringing', '203.0.113.2:5060'), source)
    back(answer(request, '200 OK', '203.0.113.2:5060', BODY.format(calls.OUTSIDE, media)), source)
    out(message('ACK sip:b@203.0.113.2 SIP/2.0', call, '1 ACK', here, here))
    request, source = out(message('BYE sip:b@203.0.113.2 SIP/2.0', call, '2 BYE', here, here))
    back(answer(request, '200 OK', '203.0.113.2:5060'), source)


def tcp_message(wire, phone, peer, call):
    """A long MESSAGE and its answer."""
    text = message('MESSAGE sip:b@203.0.113.2 SIP/2.0', call, '1 MESSAGE', phone.address,
                   f'{phone.address};transport=tcp', 'x' * LONG, 'text/plain', 'TCP')
    phone.send(text)
    arrived = peer.message('the MESSAGE')
    wire.note('inside', text, arrived)
    text = answer(arrived, '200 OK', '203.0.113.2:5060;transport=tcp')
    peer.send(text)
    wire.note('outside', text, phone.message('its answer'))
