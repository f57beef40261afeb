# SPDX-License-Identifier: BSD-3-Clause
"""Thousands of calls at once over one trunk 5-tuple.

Overview: one SIP socket inside, one outside; a pair of media sockets a call at either end. Messages
and packets go out in batches, each awaited before the next, so nothing is ever lost for a full
queue and whatever does not arrive was refused. Each packet names its call, its stream and a round:
what reaches another call's socket, or comes from another endpoint than the descriptions announced,
is an error.
Processes: the media sockets of one stream at one end are a process's own, for the sake of its limit
of open files; this process does the signalling and judges.
Limits: 10,000 calls (ports 10,000 to 49,997 at each end).
"""
import ctypes
import multiprocessing
import re
import resource
import select
import signal
import socket
import time

from callnet import check

BATCH = 64
PATIENCE_S = 5              # until something that must come is missed
QUIET_S = 0.3               # for what must not come
BASE, STEP = 10000, 4
RTP, RTCP = 0, 1
SO_RCVBUFFORCE = 33         # asm-generic/socket.h; not in the socket module
PR_SET_PDEATHSIG = 1        # linux/prctl.h
MEDIA = re.compile(rb'\r\nm=audio (\d+) ')
CONNECTION = re.compile(rb'\r\nc=IN IP4 ([0-9.]+)')
ECHOED = re.compile(rb'^(?:Via|From|To|Call-ID|CSeq|Record-Route):.*\r\n', re.M)
CONTACT = re.compile(rb'^Contact: <([^>]+)>', re.M)


def media_serve(host, stream, calls, requests):
    """A process: send what it is told to, tell what came."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    media = host.sockets([BASE + STEP * call + stream for call in range(calls)])
    poll = select.epoll()
    for made in media:
        poll.register(made.fileno(), select.EPOLLIN)
    owner = {made.fileno(): call for call, made in enumerate(media)}
    requests.send('ready')
    while True:
        packets, expected, seconds = requests.recv()
        for call, text, target in packets:
            media[call].sendto(text, target)
        came, end = [], time.monotonic() + seconds
        while len(came) < expected and time.monotonic() < end:
            for file, _ in poll.poll(0.02, 256):
                came.append((owner[file], *media[owner[file]].recvfrom(2048)))
        requests.send(came)


class Stream:
    """RTP or RTCP of all calls at one end."""

    def __init__(self, host, stream, calls):
        self.pipe, away = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=media_serve, daemon=True,
                                               args=(host, stream, calls, away))
        self.process.start()
        check(self.pipe.poll(60) and self.pipe.recv() == 'ready', 'media sockets')

    def ask(self, packets=(), expected=0, seconds=PATIENCE_S):
        self.pipe.send((packets, expected, seconds))

    def close(self):
        self.process.terminate()
        self.process.join()


class End:
    """One side: its SIP socket, the media sockets of its calls, and where each call's peer is."""

    def __init__(self, host, calls, target):
        self.host = host
        self.target = target
        self.sip = host.socket(5060)
        self.sip.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        self.media = [Stream(host, stream, calls) for stream in (RTP, RTCP)]
        self.peer = [None] * calls          # (address, RTP port) by the description
        self.contact = [None] * calls

    def description(self, call):
        address = self.host.address
        return (f'v=0\r\no=- {call} 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n'
                f'm=audio {BASE + STEP * call} RTP/AVP 8\r\n').encode()

    def learn(self, call, text):
        """Take the peer's endpoint from a message with a description; whether it is the old one."""
        media, connection = MEDIA.search(text), CONNECTION.search(text)
        check(media and connection, f'a description in\n{text.decode()}')
        endpoint = connection[1].decode(), int(media[1])
        same = self.peer[call] in (None, endpoint)
        self.peer[call] = endpoint
        self.contact[call] = CONTACT.search(text)[1].decode()
        return same

    def close(self):
        self.sip.close()
        for stream in self.media:
            stream.close()


def number_of(text):
    return int(re.search(rb'^Call-ID: (\d+)@bulk', text, re.M)[1])


class Bulk:
    """All calls; the inside calls `target`."""

    def __init__(self, inside, outside, calls, target):
        self.calls = calls
        self.inside = End(inside, calls, target)
        self.outside = End(outside, calls, None)
        self.cseq = [0] * calls
        self.round = 0
        self.trunk = set()          # where SIP came from, seen outside

    def close(self):
        self.inside.close()
        self.outside.close()

    # --- signalling

    def send(self, end, call, start, headers, body=b'', to=None):
        text = f'{start}\r\n'.encode() + b''.join(headers)
        if body:
            text += b'Content-Type: application/sdp\r\n'
        text += f'Content-Length: {len(body)}\r\n\r\n'.encode() + body
        end.sip.sendto(text, to or end.target)

    def receive(self, end, count, what):
        """That many messages, {call: text}."""
        found = {}
        end.sip.settimeout(PATIENCE_S)
        while len(found) < count:
            try:
                text, source = end.sip.recvfrom(65536)
            except socket.timeout:
                check(False, f'{what}: {len(found)} of {count} came')
            if end is self.outside:
                self.trunk.add(source)
                end.target = source
                check(b'10.0.' not in text, f'an inside address outside:\n{text.decode()}')
            found[number_of(text)] = text
        return found

    def request(self, end, call, method, cseq=None):
        """Headers of a request of one end; the branch is another one for each."""
        if cseq is None:
            self.cseq[call] += 1
            cseq = self.cseq[call]
        host, other = end.host.address, self.outside if end is self.inside else self.inside
        own, far = ('a', 'b') if end is self.inside else ('b', 'a')
        far_tag = f';tag={far}{call}' if end.peer[call] else ''
        target = end.contact[call] or f'sip:{call}@{self.outside.host.address}:5060'
        return f'{method} {target} SIP/2.0', [line.encode() for line in (
            f'Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{own}{call}.{cseq}.{method}\r\n',
            'Max-Forwards: 70\r\n',
            f'From: <sip:{own}{call}@{own}.example>;tag={own}{call}\r\n',
            f'To: <sip:{far}{call}@{far}.example>{far_tag}\r\n',
            f'Call-ID: {call}@bulk\r\n', f'CSeq: {cseq} {method}\r\n',
            f'Contact: <sip:{own}{call}@{host}:5060>\r\n')]

    def answer(self, end, call, text, status='200 OK', body=b''):
        own = 'a' if end is self.inside else 'b'
        echoed = []
        for line in ECHOED.findall(text):
            if line.startswith(b'To:') and b';tag=' not in line:
                line = line[:-2] + f';tag={own}{call}\r\n'.encode()
            echoed.append(line)
        echoed.append(f'Contact: <sip:{own}{call}@{end.host.address}:5060>\r\n'.encode())
        self.send(end, call, f'SIP/2.0 {status}', echoed, body)

    def invite(self, end, numbers):
        """INVITE (or re-INVITE), 200, ACK of a batch. How many media endpoints moved."""
        other = self.outside if end is self.inside else self.inside
        moved = 0
        for call in numbers:
            self.send(end, call, *self.request(end, call, 'INVITE'), end.description(call))
        for call, text in self.receive(other, len(numbers), 'INVITE').items():
            moved += not other.learn(call, text)
            self.answer(other, call, text, body=other.description(call))
        for call, text in self.receive(end, len(numbers), '200 to INVITE').items():
            check(text.startswith(b'SIP/2.0 200'), text.decode())
            moved += not end.learn(call, text)
            self.send(end, call, *self.request(end, call, 'ACK', self.cseq[call]))
        self.receive(other, len(numbers), 'ACK')
        return moved

    def bye(self, end, numbers):
        other = self.outside if end is self.inside else self.inside
        for call in numbers:
            self.send(end, call, *self.request(end, call, 'BYE'))
        for call, text in self.receive(other, len(numbers), 'BYE').items():
            check(text.startswith(b'BYE'), text.decode())
            self.answer(other, call, text)
        self.receive(end, len(numbers), '200 to BYE')

    def each_batch(self, numbers, step, end):
        return sum(step(end, numbers[i:i + BATCH]) or 0 for i in range(0, len(numbers), BATCH))

    def establish(self, numbers):
        # One call alone: while the neighbours are not known, few packets are kept for them.
        self.invite(self.inside, numbers[:1])
        self.each_batch(numbers[1:], self.invite, self.inside)

    def renew(self, end, numbers):
        """Re-INVITE; how many endpoints moved."""
        return self.each_batch(numbers, self.invite, end)

    def end_calls(self, end, numbers):
        self.each_batch(numbers, self.bye, end)

    # --- media

    def take(self, end, stream, batch):
        """Everything of the batch came, to its own call, once, from the announced endpoint."""
        missing = set(batch)
        for call, text, source in end.media[stream].pipe.recv():
            check(text == b'%d %d %d' % (call, stream, self.round),
                  f'{text} came to stream {stream} of call {call} in round {self.round}')
            check(call in missing, f'stream {stream} of call {call} came, or came twice')
            missing.remove(call)
            address, port = end.peer[call]
            check(source == (address, port + stream),
                  f'call {call} heard {source}, its peer said {address}:{port}')
        check(not missing, f'stream {stream}: {len(missing)} open calls heard nothing: '
              f'{sorted(missing)[:8]}')

    def media(self, sender, running):
        """One RTP and one RTCP packet of every call from `sender`: those of the running calls
        arrive, no other does."""
        receiver = self.outside if sender is self.inside else self.inside
        self.round += 1
        for first in range(0, self.calls, BATCH):
            batch = range(first, min(first + BATCH, self.calls))
            wanted = [call for call in batch if call in running]
            for stream in (RTP, RTCP):
                sender.media[stream].ask([
                    (call, b'%d %d %d' % (call, stream, self.round),
                     (sender.peer[call][0], sender.peer[call][1] + stream)) for call in batch])
                receiver.media[stream].ask(expected=len(wanted))
            for stream in (RTP, RTCP):
                check(sender.media[stream].pipe.recv() == [], 'the sender hears nothing')
                self.take(receiver, stream, wanted)
        silent = [(end, stream) for end in (sender, receiver) for stream in (RTP, RTCP)]
        for end, stream in silent:
            end.media[stream].ask(expected=1, seconds=QUIET_S)
        for end, stream in silent:
            self.take(end, stream, [])
