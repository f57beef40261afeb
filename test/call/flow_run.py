# SPDX-License-Identifier: BSD-3-Clause
"""Plays the flows of flow.py on real sockets, many side by side, and judges what came of them.

Overview: each party of a flow is a SIPp process with an address of its own, port 5060. At a `check`
line each SIPp logs the line's number and waits for a SYNC request, which is sent to it from its own
host; so what a check does happens while nobody else acts, however slow the machine is. Media is
sent by this program, from the sockets that the descriptions announce to the endpoints that the
other party read.
"""
import concurrent.futures
import itertools
import os
import select
import socket
import subprocess
import threading
import time
import traceback

from callnet import Failure, check, run, wait_until
from calls import INSIDE_2, LONG, check_nothing_left
from flow import Flow
from flow_judge import judge
from flow_media import Media
from flow_message import Message, counter, messages_of
from flow_sipp import Scenario, Seat

AT_ONCE = 16                # flows; each has two or three processes
STEP_S = 30                 # until all parties of a flow have come to their next check
ANSWER_S = 3                # until the answer to a message of this program
TRANSACTION_S = 32          # 64*T1
LOST_S = 0.25               # what has not come until then does not come
INSIDE_2_NET = INSIDE_2.rpartition('.')[0] + '.'
setns_lock = threading.Lock()


def socket_at(host, address, port, kind=socket.SOCK_DGRAM):
    with setns_lock:
        return host.socket(port, kind, address)


class Play:
    """One flow, running. `inside`: the parties that are."""

    def __init__(self, stage, flow, inside, proxies=0, port=':5060', hooks=None, call_id=None,
                 addresses=None, uris=None, on_the_way=()):
        self.stage, self.flow, self.hooks = stage, flow, hooks or {}
        self.network = stage.network
        self.call_id = call_id or f'{flow.name}@flows.example.org'
        addresses = addresses or {}
        self.seats = {party: Seat(party, stage.address(party in inside, addresses.get(party)),
                                  party in inside, proxies, port) for party in flow.parties}
        self.uris, self.on_the_way = uris or {}, on_the_way    # proxies, the outside one first
        self.registrars = {}
        self.late = set(flow.same)          # started by a check
        self.sipp, self.fault, self.pairs = {}, None, {}
        self.media = Media(self)
        self.counted = []                   # first lines of messages sent by this program

    # Files and processes

    def path(self, party, kind):
        return self.network.path(f'{self.flow.name}-{party}.{kind}')

    def host(self, party):
        seat = self.seats[party]
        second = seat.address.startswith(INSIDE_2_NET)
        return self.network.hosts['inside2' if second else 'inside' if seat.inside else 'outside']

    def launch(self, party, target=None):
        with open(self.path(party, 'xml'), 'w', encoding='ascii') as file:
            file.write(Scenario(self.flow, party, self.seats, len(self.on_the_way)).text())
        place = self.seats[party].address
        self.sipp[party] = self.host(party).start(
            'sipp', *([target] if target else []), '-sf', self.path(party, 'xml'), '-i', place,
            '-p', '5060', '-t', 'u1', '-m', '1', '-cid_str', self.call_id, '-nostdin',
            '-trace_err', '-error_file', self.path(party, 'error'),
            '-trace_msg', '-message_file', self.path(party, 'messages'),
            '-trace_logs', '-log_file', self.path(party, 'checks'),
            '-timeout', '90', '-timeout_error', '-cp', str(next(self.stage.control_ports)))
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
            if not isinstance(fault, Failure):
                traceback.print_exc()

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
        if self.on_the_way:
            return self.on_the_way[0].address + ':5060'
        place = uri.rpartition('@')[2] if self.seats[party].inside else self.seats[party].place
        return place if ':' in place else place + ':5060'

    def reach(self, party, other):
        """The URI at which `other` finds `party`: inside parties have registered it."""
        seat = self.seats[party]
        if party in self.uris:
            seat.uri = self.uris[party]
        elif seat.inside:
            self.registrars[party] = other
            seat.uri = self.register(party, other, 60)
        else:
            seat.uri = f'sip:{seat.user}@{seat.place}'

    def register(self, party, other, seconds):
        """REGISTER a party that SIPp does not use yet. The URI at which others reach it."""
        seat = self.seats[party]
        registrar = (self.on_the_way or [self.seats[other]])[0].address
        text = '\r\n'.join([
            'REGISTER sip:biloxi.example.com SIP/2.0',
            f'Via: SIP/2.0/UDP {seat.place};branch=z9hG4bK-r{seconds}-{self.flow.name}',
            'Max-Forwards: 70', f'From: <sip:bob@biloxi.example.com>;tag=r-{self.flow.name}',
            'To: <sip:bob@biloxi.example.com>', f'Call-ID: r-{self.call_id}',
            f'CSeq: {1 if seconds else 2} REGISTER', f'Contact: <{seat.contact}>',
            f'Expires: {seconds}', 'Content-Length: 0', '', ''])
        self.counted.append(b'REGISTER')
        with self.socket(party, 5060) as phone:
            if self.on_the_way:
                phone.sendto(text.encode(), (registrar, 5060))
                self.take(phone, f'{self.flow.name}: the answer to REGISTER of {party}')
                return f'sip:{seat.user}@{registrar}:5060'
            with self.socket(other, 5060) as server:
                phone.sendto(text.encode(), (registrar, 5060))
                request, source = self.take(server, f'{self.flow.name}: REGISTER of {party}')
                lines = request.split(b'\r\n')
                kept = (b'Via', b'From', b'To', b'Call-ID', b'CSeq', b'Contact', b'Expires')
                server.sendto(b'\r\n'.join([b'SIP/2.0 200 OK'] + [
                    line for line in lines if line.partition(b':')[0] in kept] + [
                        b'Content-Length: 0', b'', b'']), source)
            self.take(phone, f'{self.flow.name}: the answer to REGISTER of {party}')
        self.counted.append(b'SIP/2.0 200')
        return Message(False, request).values(b'contact')[0].strip(b'<>').decode()

    @staticmethod
    def take(sock, what):
        check(select.select([sock], [], [], ANSWER_S)[0], f'{what} did not arrive')
        return sock.recvfrom(65535)

    def socket(self, party, port, kind=socket.SOCK_DGRAM):
        return socket_at(self.host(party), self.seats[party].address, port, kind)

    def await_check(self, party, step):
        word, end = f'check {step.number}\n'.encode(), time.monotonic() + STEP_S
        while word not in self.said(party, 'checks'):
            ended = [one for one, sipp in self.sipp.items() if sipp.poll() is not None]
            if ended or time.monotonic() > end:
                # The one that does not come often waits for another one that failed.
                wrong = {one: self.said(one, 'error').decode(errors='replace')[-1500:]
                         for one in self.sipp}
                raise Failure(f'{self.flow.name}: {party} does not come to check {step.number} '
                              f'({step.what}); ended: {ended}; SIPp said {wrong}')
            time.sleep(0.02)

    def sync(self, party, step):
        place = (self.seats[party].address, 5060)
        with self.socket(party, 0) as sender:
            sender.sendto('\r\n'.join([
                'SYNC sip:all SIP/2.0', f'Via: SIP/2.0/UDP check;branch=z9hG4bK-{step.number}',
                'From: <sip:check>;tag=check', 'To: <sip:check>', f'Call-ID: {self.call_id}',
                f'CSeq: {step.number + 1} SYNC', 'Content-Length: 0', '', '']).encode(), place)

    def act(self, step):
        action = {'media': self.media_passes, 'closed': self.media_closed, 'end': self.end,
                  'gone': self.gone, 'sleep': self.sleep, 'start': self.start_late,
                  'record': self.record,
                  'idle': self.media_idle,
                  'connection': lambda _: self.media.connect(step.pairs.values()),
                  **self.hooks}[step.what]
        action(*([self] if step.what in self.hooks else []), step)

    # Checks

    def media_passes(self, step):
        """On all that is agreed, or with one fork."""
        self.media.passes(step, [pair for (_, fork), pair in step.pairs.items()
                                 if step.options.get('fork', fork) == fork])

    def media_closed(self, step):
        """What was agreed before, and is no more, is closed already."""
        self.media.send_after_end(self.pairs.values(), but=step.pairs.values())
        time.sleep(LOST_S)
        self.media.check_silent()

    def media_idle(self, step):
        """Ports that bundling has made idle are closed."""
        self.media.idle(step.pairs.values())
        time.sleep(LOST_S)
        self.media.check_silent()

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
        answer = self.stage.ask(f'/callgate/sip/call,{self.call_id}')
        check('call_id' in answer, f'{self.flow.name}: no record: {answer}')

    def gone(self, _):
        """Its messages may be shown still: their history is longer than the call."""
        answer = self.stage.ask(f'/callgate/sip/call,{self.call_id}')
        check('call_id' not in answer, f'{self.flow.name}: the record is still there: {answer}')

    def end(self, step):
        if 'lingers' not in self.hooks:
            self.gone(step)


class Stage:
    """Where flows play: hosts with an address a party, and callgate between them."""

    def __init__(self, network, appliance):
        self.network, self.appliance = network, appliance
        self.used, self.given = {True: 10, False: 10}, set()
        self.control_ports = itertools.count(10000)     # SIPp's own choice is among 60
        self.asking = threading.Lock()      # the socket takes few connections at once

    def address(self, inside, address=None):
        """A new one, of the inside or the outside host."""
        host = self.network.hosts['inside' if inside else 'outside']
        if address and address.startswith(INSIDE_2_NET):
            host = self.network.hosts['inside2']
        if address is None:
            self.used[inside] += 1
            address = f'{host.address.rpartition(".")[0]}.{self.used[inside]}'
        if address not in self.given:
            self.given.add(address)
            run('ip', '-n', host.namespace, 'address', 'add', f'{address}/24', 'dev', 'eth0')
        return address

    def ask(self, command):
        with self.asking:
            return self.appliance.ask(command)

    def play(self, plays, only=None):
        """Play flows side by side, and judge them. Every fault is reported."""
        before = self.appliance.show('sip', 'statistics')
        plays = [play for play in plays if only is None or play.flow.name in only]
        if len(plays) == 1:     # here: what a thread has started ends with it, also callgate
            plays[0].guarded()
        else:
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(Play.guarded, plays))
        faults = [str(play.fault) for play in plays if play.fault]
        sent = []
        for play in plays:
            try:
                sent += judge(play)
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
        if not any('restart' in play.hooks for play in plays):
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


def check_empty(appliance, left_s=TRANSACTION_S):
    """No call, media door or media pinhole. Once cleared, no flow, and no binding but static ones
    and those that requests' Via values hold a transaction's time, or registrations that were taken
    back, and these have nobody left who renews them."""
    check_nothing_left(appliance)
    for what in ('nat', 'fw'):
        appliance.ask(f'/callgate/clear/{what}')
    static = sum(binding['kind'] == 'static' for binding in
                 appliance.show('nat', 'translations').values() if isinstance(binding, dict))
    wait_until(lambda: appliance.show('summary')['flows'] == 0, 5, 'no flow is left')
    if LONG:
        left = ('doors', 'pinholes', 'registrations')
        wait_until(lambda: not any(appliance.show('summary')[what] for what in left),
                   left_s + 5, f'nothing is left of {left}')
        wait_until(lambda: appliance.show('summary')['translations'] <= static, 5,
                   'no translation is left')
        return
    summary = appliance.show('summary')
    for what in ('media_doors', 'media_pinholes', 'registrations'):
        check(summary[what] == 0, f'{what} left: {summary}')
    check(summary['translations'] - static <= summary['doors'],
          f'translations without door: {summary}')
    for pinhole in appliance.show('firewall', 'pinholes').values():
        if isinstance(pinhole, dict):
            check(pinhole['holders'] == 0 and pinhole['until_s'] <= left_s,
                  f'a pinhole that stays: {pinhole}')
