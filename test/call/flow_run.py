# SPDX-License-Identifier: BSD-3-Clause
"""Plays the flows of flow.py on real sockets, many side by side, and judges what came of them.

Overview: each party of a flow is a SIPp process with an address of its own, port 5060. At a `check`
line each SIPp logs the line's number and waits for a SYNC request, which is sent to it from its own
host; so what a check does happens while nobody else acts, however slow the machine is. Media is
sent by this program, from the sockets that the descriptions announce to the endpoints that the
other party read.
"""
import os
import re
import select
import socket
import subprocess
import threading
import time

from callnet import Failure, check, run, wait_until
from calls import LONG, WAN, check_nothing_left
from flow import Flow, Scenario, Seat
from flow_media import Media
from flow_message import Message, counter, messages_of

STEP_S = 15                 # until all parties of a flow have come to their next check
ANSWER_S = 3                # until the answer to a message of this program
TRANSACTION_S = 32          # 64*T1
LOST_S = 0.25               # what has not come until then does not come
UNCHANGED = (b'call-id', b'cseq', b'from', b'to', b'authorization', b'proxy-authorization',
             b'www-authenticate', b'proxy-authenticate')
SEEN_OUTSIDE = re.compile(rb'(?<![\d.])' + WAN.replace('.', r'\.').encode() + rb'(?!\d)')
setns_lock = threading.Lock()


def socket_at(host, address, port):
    with setns_lock:
        return host.socket(port, address=address)


class Play:
    """One flow, running. `inside`: the parties that are."""

    def __init__(self, stage, flow, inside, proxies=0, port=':5060', hooks=None, call_id=None,
                 registered=True, addresses=None):
        self.stage, self.flow, self.hooks = stage, flow, hooks or {}
        self.network = stage.network
        self.call_id = call_id or f'{flow.name}@flows.example.org'
        addresses = addresses or {}
        self.seats = {party: Seat(party, stage.address(party in inside, addresses.get(party)),
                                  party in inside, proxies, port) for party in flow.parties}
        self.registered, self.registrars = registered, {}
        self.late = set(flow.same)          # started by a check
        self.sipp, self.fault, self.pairs = {}, None, {}
        self.media = Media(self)
        self.counted = []                   # first lines of messages sent by this program
        self.thread = threading.Thread(target=self.guarded)

    # Files and processes

    def path(self, party, kind):
        return self.network.path(f'{self.flow.name}-{party}.{kind}')

    def host(self, party):
        return self.network.hosts['inside' if self.seats[party].inside else 'outside']

    def launch(self, party, target=None):
        with open(self.path(party, 'xml'), 'w', encoding='ascii') as file:
            file.write(Scenario(self.flow, party, self.seats).text())
        place = self.seats[party].address
        self.sipp[party] = self.host(party).start(
            'sipp', *([target] if target else []), '-sf', self.path(party, 'xml'), '-i', place,
            '-p', '5060', '-t', 'u1', '-m', '1', '-cid_str', self.call_id, '-nostdin',
            '-trace_err', '-error_file', self.path(party, 'error'),
            '-trace_msg', '-message_file', self.path(party, 'messages'),
            '-trace_logs', '-log_file', self.path(party, 'checks'),
            '-timeout', '40', '-timeout_error')
        if not target:
            wait_until(lambda: self.listening(party), 10, f'{self.flow.name} {party} listens')

    def listening(self, party):
        local = '{:08X}:{:04X}'.format(int.from_bytes(
            socket.inet_aton(self.seats[party].address), 'little'), 5060)
        check(self.sipp[party].poll() is None,
              f'{self.flow.name}: SIPp of {party} ended: {self.said(party, "error")}')
        with open(f'/proc/{self.sipp[party].pid}/net/udp', encoding='ascii') as sockets:
            return local in sockets.read()

    def said(self, party, kind):
        try:
            with open(self.path(party, kind), 'rb') as file:
                return file.read()
        except FileNotFoundError:
            return b''

    def messages(self, party):
        return messages_of(self.said(party, 'messages'))

    # Running

    def guarded(self):
        try:
            self.play()
        except Exception as fault:      # pylint: disable=broad-except
            self.fault = fault if isinstance(fault, Failure) else Failure(repr(fault))
            self.fault.where = fault.__traceback__

    def play(self):
        flow = self.flow
        first = next(step for step in flow.steps if not step.check).sender
        others = [party for party in flow.parties if party != first and party not in self.late]
        for party in others:
            self.reach(party, first)
        for party in others:
            self.launch(party)
        self.seats[first].uri = self.seats[first].contact
        self.launch(first, self.destination(flow.steps[0].receiver))
        begun = set()
        for step in flow.steps:
            if not step.check:
                begun |= set(step.parties) - (
                    {step.receiver} if 'lost' in step.options else set())
                continue
            for party in begun:
                self.await_check(party, step)
            self.pairs.update({(key, pair[0].number): pair for key, pair in step.pairs.items()})
            self.act(step)
            # Who sends next goes on last: the others then wait for it.
            sender = next((after.sender for after in flow.steps[step.number + 1:]
                           if not after.check), None)
            for party in sorted(begun, key=lambda one, last=sender: one == last):
                self.sync(party, step)
        for party, process in self.sipp.items():
            try:
                status = process.wait(STEP_S)
            except subprocess.TimeoutExpired:
                raise Failure(f'{flow.name}: SIPp of {party} does not end') from None
            check(status == 0, f'{flow.name}: SIPp of {party} says {status}: '
                  f'{self.said(party, "error").decode(errors="replace")[-1500:]}')

    def destination(self, party):
        uri = self.seats[party].uri
        place = uri.rpartition('@')[2] if self.seats[party].inside else self.seats[party].place
        return place if ':' in place else place + ':5060'

    def reach(self, party, other):
        """The URI at which `other` finds `party`: inside parties have registered it."""
        seat = self.seats[party]
        if seat.inside and self.registered:
            self.registrars[party] = other
            seat.uri = self.register(party, other, 60)
        else:
            seat.uri = f'sip:{seat.user}@{seat.place}'

    def register(self, party, other, seconds):
        """REGISTER a party that SIPp does not use yet. Its Contact as the registrar reads it."""
        seat, registrar = self.seats[party], self.seats[other]
        if registrar.inside:                # then somebody outside is
            registrar = Seat(other, self.stage.registrar, False)
        outside = self.network.hosts['outside']
        with self.socket(party, 5060) as phone, \
                socket_at(outside, registrar.address, 5060) as server:
            text = '\r\n'.join([
                'REGISTER sip:biloxi.example.com SIP/2.0', f'Via: SIP/2.0/UDP {seat.place};'
                f'branch=z9hG4bK-r{seconds}-{self.flow.name}', 'Max-Forwards: 70',
                f'From: <sip:bob@biloxi.example.com>;tag=r-{self.flow.name}',
                'To: <sip:bob@biloxi.example.com>', f'Call-ID: r-{self.call_id}',
                f'CSeq: {1 if seconds else 2} REGISTER', f'Contact: <{seat.contact}>',
                f'Expires: {seconds}', 'Content-Length: 0', '', ''])
            phone.sendto(text.encode(), (registrar.address, 5060))
            request, source = self.take(server, f'{self.flow.name}: REGISTER of {party}')
            got = Message(False, request)
            answer = [b'SIP/2.0 200 OK'] + [name + b': ' + value for name, value in got.fields if
                                            name in (b'via', b'from', b'to', b'call-id', b'cseq')]
            if seconds:
                answer += [b'contact: ' + value + b';expires=60' for value in
                           got.values(b'contact')]
            server.sendto(b'\r\n'.join(answer + [b'content-length: 0', b'', b'']), source)
            self.take(phone, f'{self.flow.name}: the answer to REGISTER of {party}')
            self.counted += [b'REGISTER', b'SIP/2.0 200']
            return got.values(b'contact')[0].strip(b'<>').decode()

    @staticmethod
    def take(sock, what):
        check(select.select([sock], [], [], ANSWER_S)[0], f'{what} did not arrive')
        return sock.recvfrom(65535)

    def socket(self, party, port):
        return socket_at(self.host(party), self.seats[party].address, port)

    def await_check(self, party, step):
        word, end = f'check {step.number}\n'.encode(), time.monotonic() + STEP_S
        while word not in self.said(party, 'checks'):
            ended = self.sipp[party].poll()
            if ended is not None or time.monotonic() > end:
                # The one that does not come often waits for another one that failed.
                wrong = {one: self.said(one, 'error').decode(errors='replace')[-1500:]
                         for one in self.sipp}
                raise Failure(f'{self.flow.name}: {party} does not come to check {step.number} '
                              f'({step.what}); SIPp ended with {ended}, said {wrong}')
            time.sleep(0.02)

    def sync(self, party, step):
        place = (self.seats[party].address, 5060)
        with self.socket(party, 0) as sender:
            sender.sendto('\r\n'.join([
                'SYNC sip:all SIP/2.0', f'Via: SIP/2.0/UDP check;branch=z9hG4bK-{step.number}',
                'From: <sip:check>;tag=check', 'To: <sip:check>', f'Call-ID: {self.call_id}',
                f'CSeq: {step.number + 1} SYNC', 'Content-Length: 0', '', '']).encode(), place)

    def act(self, step):
        action = {'media': self.media_passes, 'end': self.end, 'gone': self.gone,
                  'sleep': self.sleep, 'start': self.start_late, 'record': self.record,
                  **self.hooks}[step.what]
        action(*([self] if step.what in self.hooks else []), step)

    # Checks

    def media_passes(self, step):
        self.media.passes(step, list(step.pairs.values()))

    def sleep(self, step):
        time.sleep(float(step.words[0]))

    def start_late(self, step):
        """A further party: it goes on where another one was."""
        party = step.words[0]
        self.seats['A'].uri = next(
            value.decode() for message in reversed(self.messages(self.flow.same[party]))
            for value in message.values(b'contact') if not message.sent).strip('<>')
        self.launch(party, self.destination('A'))

    def record(self, _):
        answer = self.stage.appliance.ask(f'/callgate/sip/call,{self.call_id}')
        check('error' not in answer, f'{self.flow.name}: no record: {answer}')

    def gone(self, _):
        answer = self.stage.appliance.ask(f'/callgate/sip/call,{self.call_id}')
        check('error' in answer, f'{self.flow.name}: the record is still there: {answer}')

    def end(self, step):
        if 'lingers' not in self.hooks:
            self.gone(step)

    # Judging

    def judge(self):
        """What every message of every flow must be like. First lines of all that was sent."""
        hairpin = all(seat.inside for seat in self.seats.values())
        traces = {party: self.messages(party) for party in self.sipp}
        for party, trace in traces.items():
            vias = {message.values(b'via')[0] for message in trace if message.sent
                    and not message.code}
            mine = {self.seats[party].uri or ''}
            for message in trace:
                if message.sent:
                    mine |= {uri.decode() for value in message.values(b'contact')
                             for uri in re.findall(rb'<([^>]*)>', value)}
                elif not message.first.startswith(b'SYNC'):
                    try:
                        self.judge_one(party, message, traces, vias, mine, hairpin)
                    except Failure as failure:
                        raise Failure(f'{self.flow.name}: {party} received, {failure}:\n'
                                      + message.text.decode(errors='replace')) from None
        return self.counted + [message.first for trace in traces.values()
                               for message in trace if message.sent]

    def judge_one(self, party, message, traces, vias, mine, hairpin):
        if self.seats[party].inside:
            check(hairpin or not SEEN_OUTSIDE.search(message.text), 'an outside address inside')
        else:
            check(b'10.0.' not in message.text, 'an inside address outside')
        check(int(message.values(b'content-length')[0]) == len(message.body), 'its length wrong')
        if message.code:
            check(message.values(b'via')[0] in vias, 'a Via that it did not send')
        elif message.method != b'REGISTER' and 'uri' not in self.hooks:
            inside_uri = {self.seats[party].contact} if self.seats[party].inside else set()
            check(message.uri.decode() in mine | inside_uri, f'a URI that is not in {mine}')
        sent = [one for other, trace in traces.items() if other != party for one in trace
                if one.sent and one.key() == message.key()]
        check(sent, 'a message that nobody sent so')
        for name in UNCHANGED:
            check(any(one.values(name) == message.values(name) for one in sent),
                  f'with another {name.decode()} than sent')


class Stage:
    """Where flows play: hosts with an address a party, and callgate between them."""

    def __init__(self, network, appliance):
        self.network, self.appliance = network, appliance
        self.used = {True: 10, False: 10}
        self.registrar = self.address(False)

    def address(self, inside, address=None):
        """A new one, of the inside or the outside host."""
        host = self.network.hosts['inside' if inside else 'outside']
        if address is None:
            self.used[inside] += 1
            address = f'{host.address.rpartition(".")[0]}.{self.used[inside]}'
        run('ip', '-n', host.namespace, 'address', 'add', f'{address}/24', 'dev', 'eth0')
        return address

    def play(self, plays, only=None):
        """Play flows side by side, and judge them. Every fault is reported."""
        before = self.appliance.show('sip', 'statistics')
        plays = [play for play in plays if only is None or play.flow.name in only]
        for play in plays:
            play.thread.start()
        for play in plays:
            play.thread.join()
        faults = [str(play.fault) for play in plays if play.fault]
        sent = []
        for play in plays:
            try:
                sent += play.judge()
                if not play.fault and 'lingers' not in play.hooks:
                    play.media.send_after_end(play.pairs.values())
            except Failure as failure:
                faults.append(str(failure))
        time.sleep(LOST_S)
        for play in plays:
            try:
                play.media.check_silent()
            except Failure as failure:
                faults.append(str(failure))
            play.media.close()
        check(not faults, f'{len(faults)} of {len(plays)}:\n' + '\n'.join(faults))
        self.check_counted(before, sent)
        for play in plays:
            for party, registrar in play.registrars.items():
                play.register(party, registrar, 0)

    def check_counted(self, before, sent):
        """callgate has counted each message that was sent, once."""
        after = self.appliance.show('sip', 'statistics')
        want = {}
        for first in sent:
            name = counter(first, after)
            want[name] = want.get(name, 0) + 1
        for name, count in want.items():
            check(after[name] - before[name] == count,
                  f'{count} {name} were sent, {after[name] - before[name]} counted')


def plays_of(stage, table, **options):
    """Rows (name, who is inside, text, options) as Plays: one for each letter of `inside`, `&` for
    both parties."""
    for name, inside, text, more in table:
        for letter in inside:
            which = {'&': 'AB', 'a': 'AC', 'b': 'BC'}.get(letter, letter)
            one = dict(more)
            flow = Flow(f'{name}-{which}', text, one.pop('same', ()))
            yield Play(stage, flow, set(which), **{**options, **one})


def check_empty(appliance):
    """No call, media door or media pinhole. Once cleared, no flow and no binding but those that
    requests' Via values hold a transaction's time, or a registration that was taken back, and these
    have nobody left who renews them."""
    check_nothing_left(appliance)
    for what in ('nat', 'fw'):
        appliance.ask(f'/callgate/clear/{what}')
    wait_until(lambda: appliance.show('summary')['flows'] == 0, 5, 'no flow is left')
    if LONG:
        left = ('translations', 'doors', 'pinholes', 'registrations')
        wait_until(lambda: not any(appliance.show('summary')[what] for what in left),
                   TRANSACTION_S + 5, f'nothing is left of {left}')
        return
    summary = appliance.show('summary')
    for what in ('media_doors', 'media_pinholes'):
        check(summary[what] == 0, f'{what} left: {summary}')
    check(summary['translations'] == summary['doors'], f'translations without door: {summary}')
    for pinhole in appliance.show('firewall', 'pinholes').values():
        if isinstance(pinhole, dict):
            check(pinhole['holders'] == 0 and pinhole['until_s'] <= TRANSACTION_S,
                  f'a pinhole that stays: {pinhole}')
