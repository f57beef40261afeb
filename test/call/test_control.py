# SPDX-License-Identifier: BSD-3-Clause
"""The control surface in wrong hands: requests of random bytes and mutated ones on the telemetry
socket while traffic passes, show commands that are made to carry others, many clients at once, users
who may not ask."""
import argparse
import os
import random
import shutil
import socket
import stat
import subprocess
import threading

import callnet
import calls

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
options = parser.parse_args()
LONG = bool(os.environ.get('CALLGATE_LONG'))
REQUESTS = 100000 if LONG else 10000
ROUND = 500             # requests after which traffic must have passed again
SEED = 20611
CLIENTS, CLIENT_BURSTS, CLIENT_BURST = 8, 200, 100
NOBODY = 65534
CALL_ID = 'kept@10.0.1.2'
# Commands that change something.
CHANGES = ('/callgate/clear/nat', '/callgate/clear/fw', '/callgate/clear/sip_stats',
           '/callgate/clear/sip_calls', '/callgate/reload')
PARAMETERS = ('', '0', '0,1', '1,64', '4294967295', 'host=10.0.1.2', 'zone_pair=in-out',
              'protocol=udp,host=203.0.113.2', 'call_id=kept', CALL_ID, 'in-out', 'inside,outside',
              'port=all,snap=64', 'port=lan0,filter=40 0 0 12;21 0 1 2048;6 0 0 1;6 0 0 0',
              '-1', '%n%n%s', '=,=,=', 'host=', 'a' * 600)


class Client:
    """One connection to the telemetry socket; a new one when callgate has closed it."""

    def __init__(self, appliance):
        self.appliance = appliance
        self.socket = None

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(20)
        self.socket.connect(self.appliance.socket_path)
        self.socket.recv(1024)

    def ask(self, request):
        """The answer's bytes; b'' when callgate closed the connection instead."""
        if self.socket is None:
            self.connect()
        self.socket.send(request)
        answer = self.socket.recv(1 << 17)
        if not answer:
            self.close()
        return answer

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None


class Traffic:
    """One conversation from the inside that goes on all the time; counts the answers."""

    def __init__(self, network):
        self.answers = 0
        self.stop = threading.Event()
        self.inside = network.hosts['inside'].socket(7000)
        self.outside = network.hosts['outside'].socket(7007)
        self.inside.settimeout(0.1)
        self.outside.settimeout(0.1)
        self.threads = [threading.Thread(target=self.echo), threading.Thread(target=self.ask)]
        for thread in self.threads:
            thread.start()

    def echo(self):
        while not self.stop.is_set():
            try:
                text, peer = self.outside.recvfrom(2048)
                self.outside.sendto(text, peer)
            except TimeoutError:
                pass

    def ask(self):
        count = 0
        while not self.stop.wait(0.002):
            count += 1
            try:
                self.inside.sendto(b'%d' % count, (calls.OUTSIDE, 7007))
                while self.inside.recv(2048) != b'%d' % count:  # one that came late is of before
                    pass
                self.answers += 1
            except TimeoutError:
                pass

    def passes(self):
        """Another two round trips: the second began after this was called."""
        wanted = self.answers + 2
        callnet.wait_until(lambda: self.answers >= wanted, 10, 'traffic passes')

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        self.inside.close()
        self.outside.close()


def bytes_at_random(chance):
    return chance.randbytes(chance.choice((1, 2, 5, 20, 100, 500, 1023)))


def mutate(chance, text):
    """Some bytes of a valid request changed, taken out, doubled or put in."""
    request = bytearray(text)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(request) + 1)
        what = chance.randrange(5)
        if what == 0 and at < len(request):
            request[at] = chance.randrange(256)
        elif what == 1:
            del request[at:at + chance.randrange(1, 8)]
        elif what == 2:
            request[at:at] = request[at:at + chance.randrange(1, 40)]
        elif what == 3:
            request[at:at] = chance.choice((b',', b'/', b'=', b'\0', b'\n', b'%s', b'"', b'\\', b'-',
                                            b'99999999999999999999', b'\xff\xfe', b'host=', b',,'))
        else:
            request[at:at] = bytes_at_random(chance)
        if not request:
            request = bytearray(b'/')
    return bytes(request[:1023])


def requests(chance, commands):
    for _ in range(REQUESTS // 2):
        yield bytes_at_random(chance)
        parameters = chance.choice(PARAMETERS)
        valid = chance.choice(commands) + (',' if parameters else '') + parameters
        yield mutate(chance, valid.encode())


def fuzz(network, appliance):
    chance = random.Random(SEED)
    client = Client(appliance)
    commands = [name for name in appliance.ask('/') if name != '/']
    callnet.check(set(CHANGES) < set(commands), f'{commands}')
    mbufs = appliance.show('summary')['mbufs']
    traffic = Traffic(network)
    answered = closed = 0
    try:
        traffic.passes()
        for count, request in enumerate(requests(chance, commands)):
            answer = client.ask(request)
            callnet.check(appliance.process.poll() is None, f'callgate lives after {request!r}')
            answered += bool(answer)
            closed += not answer
            if count % ROUND == 0:
                traffic.passes()
        traffic.passes()
    finally:
        traffic.end()
        client.close()
    # Only a request that is empty for DPDK's reader ends a connection.
    callnet.check(answered > REQUESTS * 0.98, f'{answered} answered, {closed} closed')
    callnet.wait_until(lambda: appliance.show('summary')['mbufs'] <= mbufs + 64, 10, 'mbufs are given back')
    callnet.check(appliance.show('info')['version'], 'callgate answers')
    print(f'{answered} of {REQUESTS} requests answered, {traffic.answers} round trips meanwhile')


def numbers(appliance):
    """Of every command that takes one: those at the edges of what numbers are kept in."""
    client = Client(appliance)
    for name in appliance.ask('/'):
        if name in CHANGES:
            continue
        for number in (0, 1, 31, 32, 64, 255, 256, 2559, 2560, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1,
                       2**32, 2**64 - 1, 2**64, -1, -2**31 - 1):
            for text in (f'{number}', f'0,{number}', f'{number},1'):
                client.ask(f'{name},{text}'.encode())
                callnet.check(appliance.process.poll() is None, f'callgate lives after {name},{text}')
    client.close()


def clients_at_once(appliance):
    """Each is answered by its own parameters, however many ask at the same moment."""
    names = [name for name in appliance.ask('/') if name.startswith('/callgate/')]
    wrong = []

    def ask(name, client):
        for _ in range(CLIENT_BURSTS):      # so that callgate has something to do for each all the time
            start.wait()
            for _ in range(CLIENT_BURST):
                client.socket.send(f'/help,{name}'.encode())
            for _ in range(CLIENT_BURST):
                answer = client.socket.recv(1 << 17)
                if f'{{"/help":{{"{name}":"'.encode() not in answer:
                    wrong.append((name, answer))
        client.close()

    start = threading.Barrier(CLIENTS)
    clients = [Client(appliance) for _ in range(CLIENTS)]
    for client in clients:      # one after the other: the socket's queue of those who wait is short
        client.connect()
    threads = [threading.Thread(target=ask, args=pair) for pair in zip(names, clients, strict=False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    callnet.check(not wrong, f'{len(wrong)} answers of others, such as {wrong[:2]}')


def state(network, appliance):
    """What each of the commands that change something would change."""
    return {'calls': appliance.show('summary')['calls'],
            'INVITE': appliance.show('sip', 'statistics')['INVITE'],
            'flows': appliance.show('summary')['flows'] > 0,
            'translations': appliance.show('summary')['translations'] > 0,
            'reloads': network.text('callgate.log').count('reload')}


def carried(change):
    """A command that changes something, hidden in what a show command may take along."""
    return [change, f',{change}', f'0,{change}', f'\n{change}', f'x\n{change}\n', f'{change},',
            f'host=10.0.1.2,{change}', f'zone_pair={change}', f'call_id={change}', f'"{change}"',
            f'../clear/nat,{change}', f' {change}', f'{CALL_ID},{change}', f'%00{change}']


def show_changes_nothing(network, appliance):
    """A call, a flow and counters stand; no show command, whatever it carries, takes one away."""
    hosts = network.hosts
    with hosts['inside'].socket(5060) as phone:
        phone.sendto('\r\n'.join([
            f'INVITE sip:b@{calls.OUTSIDE} SIP/2.0', f'Via: SIP/2.0/UDP {calls.INSIDE};branch=z9hG4bK1',
            f'From: <sip:a@{calls.INSIDE}>;tag=1', f'To: <sip:b@{calls.OUTSIDE}>',
            f'Call-ID: {CALL_ID}', 'CSeq: 1 INVITE', '', '']).encode(), (calls.OUTSIDE, 5060))
        callnet.wait_until(lambda: appliance.show('summary')['calls'] == 1, 5, 'a call stands')
        before = state(network, appliance)
        callnet.check(before['calls'] == before['INVITE'] == 1 and before['flows'], f'{before}')
        shows = [name for name in appliance.ask('/') if name.startswith('/callgate/') and name not in CHANGES]
        callnet.check(len(shows) > 10, f'{shows}')
        client = Client(appliance)
        for show in shows:
            for change in CHANGES:
                for text in carried(change):
                    client.ask(f'{show},{text}'.encode())
        # A command that changes something takes nothing along: what looks like more is refused.
        for change in CHANGES:
            for text in ('x', '0', ',', 'host=10.0.1.2'):
                answer = client.ask(f'{change},{text}'.encode())
                callnet.check(b'error' in answer, f'{change},{text}: {answer}')
        client.close()
        for change in CHANGES:
            for text in carried(change):
                for words in (('show', 'sip', 'call', text), ('show', 'sip', 'statistics', 'zone-pair', text),
                              ('show', 'sip', 'calls', '--call-id', text),
                              ('show', 'firewall', 'sessions', '--host', text),
                              ('show', 'zone-pairs', '--zone-pair', text)):
                    subprocess.run([callnet.CALLGATECTL, '--socket', appliance.socket_path, *words],
                                   capture_output=True, check=False, timeout=20)
        after = state(network, appliance)
        callnet.check(before == after, f'before {before}, after {after}')


def only_for_its_user(network, appliance):
    """The folder is callgate's alone, so nobody else reaches the socket."""
    folder = os.path.dirname(appliance.socket_path)
    status = os.stat(folder)
    callnet.check(stat.S_IMODE(status.st_mode) & 0o077 == 0, f'{folder}: {status.st_mode:o}')
    callnet.check(status.st_uid == os.geteuid(), f'{folder} is of user {status.st_uid}')
    lock = os.stat(os.path.join(folder, 'callgate.lock'))
    callnet.check(stat.S_IMODE(lock.st_mode) & 0o077 == 0, f'callgate.lock: {lock.st_mode:o}')
    program = shutil.copy(callnet.CALLGATECTL, network.folder)
    os.chmod(network.folder, 0o711)
    for command in (('show', 'info'), ('clear', 'sip', 'calls'), ('reload',)):
        done = subprocess.run([program, '--socket', appliance.socket_path, *command], user=NOBODY,
                              group=NOBODY, extra_groups=[], capture_output=True, text=True,
                              check=False, timeout=20)
        callnet.check(done.returncode == 1 and 'permission denied' in done.stderr, f'{command}: {done}')


def test(network):
    calls.hosts_add(network, options.workers)
    appliance = callnet.Appliance(network, options.workers)
    with open(appliance.file, encoding='utf-8') as file:
        text = file.read()
    with open(appliance.file, 'w', encoding='utf-8') as file:
        file.write(text.replace('class = "class-default"; action = "drop"',
                                'class = "class-default"; action = "inspect"'))
    appliance.start()
    only_for_its_user(network, appliance)
    show_changes_nothing(network, appliance)
    numbers(appliance)
    clients_at_once(appliance)
    fuzz(network, appliance)
    appliance.stop()


callnet.main(test)
