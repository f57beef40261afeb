# SPDX-License-Identifier: BSD-3-Clause
"""Two ends of one SIP connection in the hands of a test: they send what it says, byte for byte, and
give back whole messages."""
import contextlib
import re
import socket
import time

import tcp_text
from callnet import Failure, check

PATIENCE_S = 10     # until something that must come is missed
TCP_REPAIR = 19
LINES = re.compile(rb'^(?:Via|From|To|Call-ID|CSeq|Record-Route):[^\r]*\r\n', re.M | re.I)


class End:
    """One end: a connected socket, and what has come in and was not asked for yet."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = '%s:%d' % connection.getsockname()
        self.unread = b''

    def send(self, text):
        self.socket.sendall(text)

    def take(self):
        """Wait for more. False at the end of the stream."""
        data = self.socket.recv(65536)
        self.unread += data
        return bool(data)

    def message(self, what):
        """The next message; nothing else may be before it."""
        try:
            while True:
                end = self.unread.find(b'\r\n\r\n') + 4
                length = tcp_text.LENGTH.search(self.unread[:end]) if end > 3 else None
                if length and len(self.unread) >= end + int(length[1]):
                    break
                check(self.take(), f'{what}: the connection ended after {self.unread!r}')
        except TimeoutError:
            raise Failure(f'{what} did not come, only {self.unread!r}') from None
        end += int(length[1])
        text, self.unread = self.unread[:end], self.unread[end:]
        tcp_text.messages(text, what)
        return text

    def expect(self, start, what):
        text = self.message(what)
        check(text.startswith(start), f'{what}: {start} expected, {text!r} came')
        return text

    def vanish(self):
        """As when the power goes: no FIN and no RST, and the port is free again."""
        self.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self.socket.close()

    def close(self):
        self.socket.close()


def listen(host, port, address=None):
    server = host.socket(port, socket.SOCK_STREAM, address)
    server.settimeout(PATIENCE_S)
    server.listen()
    return server


def connect(host, port, address, server, patience=PATIENCE_S):
    """A connection from that port of a host. Both ends: who connected, who accepted."""
    near = host.socket(port, socket.SOCK_STREAM)
    near.settimeout(patience)
    near.connect(address)
    far, _ = server.accept()
    return End(near), End(far)


def described(host, port):
    return (f'v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n'
            f'm=audio {port} RTP/AVP 8\r\n')


def request(method, end, far, number, body='', to_tag='', contact=None):
    """`number` tells the call."""
    host = end.address.split(':')[0]
    kind = 'Content-Type: application/sdp\r\n' if body else ''
    return (f'{method} sip:callee@{far} SIP/2.0\r\n'
            f'Via: SIP/2.0/TCP {end.address};branch=z9hG4bK{number}{method}\r\n'
            f'From: <sip:caller@{host}>;tag=f{number}\r\nTo: <sip:callee@{far}>{to_tag}\r\n'
            f'Call-ID: {number}@ends\r\nCSeq: 1 {method}\r\n'
            f'Contact: <sip:caller@{contact or end.address};transport=tcp>\r\nMax-Forwards: 70\r\n'
            f'{kind}Content-Length: {len(body)}\r\n\r\n{body}').encode()


def response(status, asked, end, body=''):
    kind = 'Content-Type: application/sdp\r\n' if body else ''
    echoed = b''.join(LINES.findall(asked))
    if b';tag=' not in re.search(rb'^To:[^\r]*', echoed, re.M)[0]:
        echoed = re.sub(rb'^(To:[^\r]*)', rb'\1;tag=t', echoed, flags=re.M)
    return (f'SIP/2.0 {status}\r\n'.encode() + echoed +
            (f'Contact: <sip:callee@{end.address};transport=tcp>\r\n{kind}'
             f'Content-Length: {len(body)}\r\n\r\n{body}').encode())


def call_begin(inside, outside, number):
    """INVITE, 200, ACK from the inside end to the outside one."""
    far = '%s:%d' % outside.socket.getsockname()
    inside.send(request('INVITE', inside, far, number, described(inside.address.split(':')[0], 20000)))
    asked = outside.expect(b'INVITE ', 'INVITE')
    check(b'10.0.' not in asked, f'an inside address outside: {asked}')
    outside.send(response('200 OK', asked, outside, described(outside.address.split(':')[0], 30000)))
    inside.expect(b'SIP/2.0 200', '200 to INVITE')
    inside.send(request('ACK', inside, far, number, to_tag=';tag=t'))
    outside.expect(b'ACK ', 'ACK')


def call_end(inside, outside, number):
    far = '%s:%d' % outside.socket.getsockname()
    inside.send(request('BYE', inside, far, number, to_tag=';tag=t').replace(b'CSeq: 1', b'CSeq: 2'))
    outside.send(response('200 OK', outside.expect(b'BYE ', 'BYE'), outside))
    inside.expect(b'SIP/2.0 200', '200 to BYE')


def outcome(sender, receiver, text, seconds=PATIENCE_S):
    """What becomes of a text on a connection of which callgate may know nothing: 'passed' when the
    other end reads it whole, 'reset' when the connection ends for its sender. Anything else fails."""
    end = time.monotonic() + seconds
    sender.socket.settimeout(0.1)
    receiver.socket.settimeout(0.1)
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        sender.send(text)
        while time.monotonic() < end:
            for one in (receiver, sender):
                with contextlib.suppress(TimeoutError):
                    if one is receiver:
                        with contextlib.suppress(ConnectionResetError):
                            one.take()
                    elif not one.take():
                        return 'reset'
            if receiver.unread == text:
                receiver.unread = b''
                return 'passed'
            check(text.startswith(receiver.unread), f'{receiver.unread!r} came for {text!r}')
            # A sender that has nothing to say learns nothing.
        raise Failure(f'{seconds} s after {text[:40]!r} was sent it has neither come nor been reset')
    return 'reset'
