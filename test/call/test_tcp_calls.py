# SPDX-License-Identifier: BSD-3-Clause
"""Calls over SIP on TCP, on one connection or on one each, outward and inward, with media both ways:
every message leaves whole, once and without an inside address, and nothing stays behind. With
--lossy both wires lose 5 % and reorder 10 % of what they carry, and no call is lost."""
import argparse
import re
import time

import callnet
import calls
import lossy
import tcp_text
from callnet import check, wait_until

REGISTRAR_PORT, CALLER_PORT = 5060, 5070    # the caller's, one more each round
TRANSITORY_S = 2
TIMERS_S = 60           # the last transaction's own take 32 s
parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
parser.add_argument('--driver', default='af_packet')
parser.add_argument('--sockets', choices=('one', 'each'), default='one')
parser.add_argument('--inward', choices=('static', 'registered'))
parser.add_argument('--lossy', action='store_true')
parser.add_argument('--kernel', action='store_true', help='the kernel routes: tests the test')
parser.add_argument('--many', action='store_true', help='10,000 calls in the long form')
parser.add_argument('--calls', type=int)
parser.add_argument('--rate', type=int)
parser.add_argument('--seed', type=int, default=int(time.time()) & 0xffff)
options = parser.parse_args()
# When the connections are over. AF_XDP's rings hold mbufs all the time.
SOON = ('streams', 'flows') + (('mbufs',) if options.driver == 'af_packet' else ())
GONE = SOON + ('calls', 'media_doors', 'media_pinholes', 'doors', 'pinholes', 'registrations',
               'translations', 'ports')
STANDING = {'translations': 1} if options.inward == 'static' else {}    # the rule's own
# An end has two sockets a call for media, and 20,000 files it may open.
ROUNDS = 4 if calls.LONG and options.many else 1
COUNT = (2500 if options.many else 1000) if calls.LONG else 300
if options.lossy:   # SIPp stands still while it waits for an answer to its SYN, a second if one is lost
    COUNT = 300 if calls.LONG else 60
GRACE_S = 60 + (COUNT if options.lossy else 0)
COUNT = options.calls or COUNT
RATE = options.rate or (20 if options.lossy else 100)
# An ACK that is lost on both wires comes together with a BYE soon behind it, and the callee never begins to talk.
HOLD_MS = 3000 if options.lossy else 500


class Registration:
    """The callee inside is registered over a connection that stays; `contact` as outside saw it."""

    def __init__(self, host, registrar):
        self.host = host
        server = registrar.socket(REGISTRAR_PORT, callnet.socket.SOCK_STREAM)
        server.listen()
        self.phone = host.connection(registrar.address, REGISTRAR_PORT)
        self.registrar, _ = server.accept()
        self.sockets = server, self.phone, self.registrar
        for one in self.sockets:
            one.settimeout(5)
        self.contact = self.register(1, 600)

    def register(self, number, expires):
        inside = f'{self.host.address}:5060'
        self.phone.sendall('\r\n'.join([
            'REGISTER sip:registrar.example SIP/2.0',
            f'Via: SIP/2.0/TCP {inside};branch=z9hG4bKregister{number}',
            'From: <sip:callee@registrar.example>;tag=1', 'To: <sip:callee@registrar.example>',
            'Call-ID: register@phone', f'CSeq: {number} REGISTER',
            f'Contact: <sip:callee@{inside};transport=tcp>', f'Expires: {expires}',
            'Content-Length: 0', '', '']).encode())
        text = self.registrar.recv(4096).decode()
        contact = re.search(r'^Contact: <sip:callee@([\d.]+:\d+);transport=tcp>', text, re.M)
        check(contact and contact[1].startswith(calls.WAN), f'a Contact outside: {text}')
        self.registrar.sendall(text.replace(text.split('\r\n', 1)[0], 'SIP/2.0 200 OK', 1).encode())
        answer = self.phone.recv(4096)
        check(answer.startswith(b'SIP/2.0 200') and f'@{inside};'.encode() in answer,
              f'the answer to REGISTER: {answer}')
        return contact[1]

    def end(self):
        """Taken back, and the connection closed."""
        self.register(2, 0)
        for one in self.sockets:
            one.close()


def parties(hosts, target, number):
    """Who calls and who answers."""
    both = {'hold_ms': HOLD_MS, 'rate': RATE, 'grace_s': GRACE_S, 'name': f'-{number}',
            'transport': 't1' if options.sockets == 'one' else 'tn'}
    inside, outside = hosts['inside'], hosts['outside']
    caller, callee = (outside, inside) if options.inward else (inside, outside)
    return (calls.Party(caller, 'caller', COUNT, calls.INSIDE_BASE, target,
                        port=CALLER_PORT + number, **both),
            calls.Party(callee, 'callee', COUNT, calls.OUTSIDE_BASE, **both))


def calls_judge(caller, callee):
    """All calls end well. Media may lack packets where the wires lose some, but not one way whole,
    nor come from elsewhere; the kernel ends none."""
    if not (options.lossy or options.kernel):
        calls.parties_check([caller], [callee])
        return
    for party in (caller, callee):
        signalling, _, summary = party.wait()
        check(signalling == 0, f'{party.name}: SIPp says {signalling}')
        check(summary['complete'] == COUNT, f'{party.name}: {summary}')
        check((summary['leaked'] > 0) == options.kernel, f'media after the call: {summary}')
        for what in ('wrong_source', 'crosstalk', 'stray', 'unheard'):
            check(summary[what] == 0, f'{party.name}: {what}: {summary}')
        # Two wires lose one in ten.
        check(summary['rtp_lost'] < summary['rtp_expected'] / 5, f'{party.name}: {summary}')


def text_judge(capture, outside, connections):
    """What came to the outside host over TCP. Its messages are those that its SIPps received."""
    packets = list(capture.packets())
    told = [packet for packet in packets if packet[12] == 10 or b'10.0.' in packet[28:]]
    check(bool(told) == options.kernel, f'{len(told)} packets with inside addresses: {told[:1]!r}')
    came = tcp_text.received(packets)
    check(len(came) == connections, f'{len(came)} connections outside, {connections} expected')
    seen = sorted(text for texts in came.values() for text in texts
                  if not text.startswith(b'REGISTER'))
    wanted = sorted(text for party in outside for own, text in party.messages()
                    if not own)
    check(len(wanted) == 3 * ROUNDS * COUNT and seen == wanted,
          f'{len(seen)} messages on the wire, {len(wanted)} at SIPp, '
          f'{len(set(seen) ^ set(wanted))} in one of them alone')


def statistics_check(appliance):
    """Each message was read once and went on once: nobody sends one again over TCP. A worker that waits
    for the other's answer longer than 200 ms asks again, and then the other reads it twice: that is the
    machine's load, and no message more."""
    said, registered = appliance.show('sip', 'statistics'), options.inward == 'registered'
    for what, count in (('INVITE', 1), ('ACK', 1), ('BYE', 1), ('180', 1), ('200', 2)):
        more = 1 if what == '200' and registered else 0
        check(said[what] >= count * ROUNDS * COUNT + more, f'{said[what]} {what} in {ROUNDS * COUNT} calls: {said}')
    went = appliance.show('events')['stream_messages']
    check(went == 6 * ROUNDS * COUNT + (2 if registered else 0), f'{went} messages in {ROUNDS * COUNT} calls: {said}')


def gone(appliance, what):
    """Once the timers of what was last have run out."""
    def left():
        summary = appliance.show('summary')
        return {name: summary[name] for name in what if summary[name] != STANDING.get(name, 0)}
    try:
        wait_until(lambda: not left(), TIMERS_S, 'all is gone')
    except callnet.Failure:
        raise callnet.Failure(f'left after {TIMERS_S} s: {left()}') from None


def test(network):
    print('seed', options.seed)
    lossy.LossyHost.seed = options.seed
    hosts = calls.hosts_add(network, options.workers,
                            kind=lossy.LossyHost if options.lossy else callnet.Host)
    static = [(f'{calls.INSIDE}:5060', f'{calls.WAN}:5060', 'tcp')]
    appliance = callnet.Appliance(
        network, options.workers, options.driver, max_flows=131072, max_calls=16384,
        static=static if options.inward == 'static' else (), tcp_transitory=TRANSITORY_S)
    if options.kernel:
        network.kernel_forwarding()
    else:
        appliance.start()
    capture = calls.Capture(hosts['outside'])
    target, registration = f'{calls.OUTSIDE}:5060', None
    if options.inward == 'static':
        target = f'{calls.WAN}:5060'
    elif options.inward == 'registered':
        registration = Registration(hosts['inside'], hosts['outside'])
        target = registration.contact
    outside = []
    for number in range(ROUNDS):
        caller, callee = parties(hosts, target, number)
        outside.append(caller if options.inward else callee)
        calls.parties_start([caller], [callee])
        calls_judge(caller, callee)
        if not options.kernel:
            calls.check_nothing_left(appliance)
    if not options.kernel:
        calls.check_workers(appliance, options.workers)
        statistics_check(appliance)
    if registration:
        registration.end()
    if not options.kernel:
        gone(appliance, GONE if calls.LONG else SOON)
        appliance.stop()
    if options.lossy:
        print([host.wire_check() for host in hosts.values()])
    text_judge(capture, outside,
               ROUNDS * (1 if options.sockets == 'one' else COUNT) + bool(registration))


callnet.main(test)
