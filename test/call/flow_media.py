# SPDX-License-Identifier: BSD-3-Clause
"""Media of a flow: from each socket that a party announced to each endpoint that the other read.

Pairs are those of flow.py: the steps that hold an offer and its answer.
"""
import select
import socket
import time

from callnet import Failure, check
from flow_message import Description

PATH_S = 3                  # until media has passed
ELSEWHERE = '192.0.2.77'    # `foreign`: media that does not pass here


class Media:
    """The sockets of one flow's parties."""

    def __init__(self, play):
        self.play, self.name = play, play.flow.name
        self.ended = f'{self.name} has ended'.encode()
        self.sockets = {}

    def description(self, party, version, sent):
        """A description by its version, as `party` sent or received it."""
        found = Description.of(self.play.messages(party), version, sent)
        check(found, f'{self.name}: {party} has no description {version}')
        return found

    def paths(self, pairs):
        """Every way that media can take: (from socket, to endpoint, at socket, from endpoint)."""
        for offer, answer in pairs:
            ends, count = [], None
            for step, other in ((offer, answer), (answer, offer)):
                own, seen = (self.description(step.sender, 100 + step.number, True),
                             self.description(other.sender, 100 + step.number, False))
                count = 1 if own.bundled else count
                ends.append((step.sender, own.streams[:count], seen.streams[:count]))
            for streams in zip(*(zip(own, seen) for _, own, seen in ends)):
                if any(own['port'] == 0 or not own['udp'] for own, _ in streams):
                    continue
                parts = ['port']
                if all(own['rtcp'] for own, _ in streams):
                    parts.append('rtcp')
                for part in parts:
                    for i in (0, 1):
                        (own, seen), (far_own, far_seen) = streams[i], streams[1 - i]
                        if far_own['address'] in ('0.0.0.0', ELSEWHERE):
                            continue        # on hold, or media that takes another way
                        if own['address'] == ELSEWHERE:
                            continue
                        yield ((ends[i][0], own[part]), (far_seen['address'], far_seen[part]),
                               (ends[1 - i][0], far_own[part]),
                               (seen['address'], seen[part]) if own['address'] != '0.0.0.0'
                               else None)

    def endpoint(self, party, port):
        if (party, port) not in self.sockets:
            self.sockets[party, port] = self.play.socket(party, port)
        return self.sockets[party, port]

    def passes(self, step, pairs):
        """RTP and RTCP, both ways, from and to what was announced."""
        check(pairs, f'{self.name}: nothing is agreed at check {step.number}')
        waiting = {f'{self.name}/{step.number}/{i}'.encode(): path for i, path in
                   enumerate(dict.fromkeys(self.paths(pairs)))}
        check(waiting, f'{self.name}: no way for media at check {step.number}')
        for source, _, at, _ in waiting.values():
            self.endpoint(*source)
            self.endpoint(*at)
        end = time.monotonic() + PATH_S
        while waiting:
            check(time.monotonic() < end, f'{self.name}: media does not pass at check '
                  f'{step.number}: {list(waiting.values())}')
            for word, (source, target, _, _) in waiting.items():
                self.endpoint(*source).sendto(word, target)
            time.sleep(0.02)
            for where, sock in self.sockets.items():
                while select.select([sock], [], [], 0)[0]:
                    word, source = sock.recvfrom(2048)
                    path = waiting.pop(word, None)
                    if path is None:
                        continue            # seen already, or of an older check
                    check(path[2] == where, f'{self.name}: {path} arrived at {where}')
                    check(path[3] in (None, source), f'{self.name}: {path} from {source}')

    def idle(self, pairs):
        """The offer's other ports are closed where all streams are bundled with the first."""
        for offer, answer in pairs:
            own, seen = (self.description(party, 100 + offer.number, party == offer.sender)
                         for party in (offer.sender, answer.sender))
            source = self.description(answer.sender, 100 + answer.number, True).streams[0]['port']
            for mine, read in zip(own.streams[1:], seen.streams[1:]):
                self.endpoint(offer.sender, mine['port'])
                self.endpoint(answer.sender, source).sendto(
                    self.ended, (read['address'], read['port']))

    def connect(self, pairs):
        """TCP media: the active party of each pair connects, and each hears the other one."""
        for pair in pairs:
            for step, other in (pair, pair[::-1]):
                own = self.description(step.sender, 100 + step.number, True).streams
                seen = self.description(other.sender, 100 + step.number, False).streams
                for mine, read in zip(own, seen):
                    if not mine['udp'] and mine['port'] > 9:
                        self.converse(step.sender, mine['port'], other.sender,
                                      (read['address'], read['port']))

    def converse(self, passive, port, active, target):
        with self.play.socket(passive, port, socket.SOCK_STREAM) as listener, \
                self.play.socket(active, 0, socket.SOCK_STREAM) as caller:
            listener.listen(1)
            try:
                caller.connect(target)
                called, _ = listener.accept()
                with called:
                    for sender, receiver in ((caller, called), (called, caller)):
                        sender.sendall(b'MSRP')
                        check(receiver.recv(9) == b'MSRP', f'{self.name}: other text came')
            except OSError as error:
                raise Failure(f'{self.name}: no connection to {target}: {error}') from None

    def send_after_end(self, pairs, but=()):
        """What was agreed once and is no more: nothing may pass any way (check_silent)."""
        standing = list(self.paths(but))
        open_still = {target for _, target, _, _ in standing}
        # What an endpoint that stands has heard of an outside one that does not, it may answer.
        open_still |= {path[1] for path in self.paths(pairs) if not self.play.seats[
            path[2][0]].inside and path[0] in {source for source, _, _, _ in standing}}
        for sock in self.sockets.values():
            while select.select([sock], [], [], 0)[0]:
                sock.recv(2048)
        for source, target, at, _ in dict.fromkeys(self.paths(pairs)):
            if target in open_still:
                continue
            self.endpoint(*at)
            self.endpoint(*source).sendto(self.ended, target)

    def check_silent(self):
        for where, sock in self.sockets.items():
            while select.select([sock], [], [], 0)[0]:
                word, source = sock.recvfrom(2048)
                check(word != self.ended,
                      f'{self.name}: media from {source} still arrives at {where}')

    def close(self):
        for sock in self.sockets.values():
            sock.close()
