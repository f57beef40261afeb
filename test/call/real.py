# SPDX-License-Identifier: BSD-3-Clause
"""Real SIP programs for the call tests: baresip as a phone, Kamailio as registrar and proxy, over
UDP or TCP.

A phone is told what to do, and says what happens, over its TCP control port in its own namespace.
Its microphone is a file, so that it sends all the time; who heard what is read from captures.
"""
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
import wave

import callnet
import tcp_text
from callnet import Failure, check, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
CONTROL_PORT = 4444
G711 = (0, 8)       # RTP payload types of PCMU and PCMA
TONE = struct.pack('<8h', 0, 5000, 7000, 5000, 0, -5000, -7000, -5000) * 1000    # 1 s, 1 kHz
SOUND_S = 90
PATIENCE_S = 5      # until something that must come is missed
PHONE = '''
poll_method epoll
sip_listen {address}:5060
call_local_timeout 60
call_max_calls 4
audio_source aufile,{folder}/tone.wav
audio_player none
audio_path {folder}
rtp_ports 20000-20200
rtcp_mux no
rtp_timeout 0
module_path /usr/lib/baresip/modules
module account.so
module g711.so
module aufile.so
module ctrl_tcp.so
module_app menu.so
ctrl_tcp_listen 127.0.0.1:{control}
'''


def needed(*programs):
    """Ends the test as skipped when a program is not installed."""
    for program in programs:
        if shutil.which(program, path=os.environ.get('PATH', '') + ':/usr/sbin') is None:
            print(f'needs {program}', file=sys.stderr)
            sys.exit(callnet.SKIPPED)


class Kamailio:
    """Registrar and record-routing proxy at an address of a host, port 5060."""

    def __init__(self, host, address, transport='udp'):
        self.host = host
        self.address = address
        self.transport = transport
        self.folder = host.network.path('kamailio')
        os.mkdir(self.folder)
        self.start()

    def start(self):
        self.process = self.host.start(
            'kamailio', '-DD', '-E', '-m', '32', '-M', '4', '-Y', self.folder, '-w', self.folder,
            '-A', f'CALLS_OVER_{self.transport.upper()}', '-A', f'ADDRESS={self.address}',
            '-l', f'{self.transport}:{self.address}:5060',
            '-f', os.path.join(HERE, 'programs/kamailio.cfg'),
            output='kamailio.out', error='kamailio.log')
        wait_until(self.listening, 15, 'Kamailio listens')

    def restart(self):
        """All its connections are closed, and all that it knew is forgotten."""
        self.host.network.end(self.process, 10)
        self.start()

    def listening(self):
        check(self.process.poll() is None, 'Kamailio ended')
        table = subprocess.run(['ip', 'netns', 'exec', self.host.namespace, 'ss',
                                '-Hltn' if self.transport == 'tcp' else '-Hlun'],
                               capture_output=True, text=True, check=False).stdout
        return f'{self.address}:5060' in table


class Phone:
    """One baresip, that registers `user` at `registrar` and answers every call."""

    def __init__(self, host, user, registrar, expires=600, transport='udp'):
        self.host = host
        self.user = user
        self.registrar = registrar
        self.transport = '' if transport == 'udp' else f';transport={transport}'
        self.address = host.address
        self.folder = host.network.path(f'phone-{user}')
        self.events = []
        os.mkdir(self.folder)
        with open(os.path.join(self.folder, 'config'), 'w', encoding='utf-8') as file:
            file.write(PHONE.format(address=self.address, folder=self.folder,
                                    control=CONTROL_PORT))
        with open(os.path.join(self.folder, 'accounts'), 'w', encoding='utf-8') as file:
            file.write(f'<sip:{user}@{registrar}{self.transport}>;regint={expires};auth_pass=x;'
                       'answermode=auto\n')
        with wave.open(os.path.join(self.folder, 'tone.wav'), 'wb') as tone:
            tone.setparams((1, 2, 8000, 0, 'NONE', ''))
            tone.writeframes(TONE * SOUND_S)
        for name in ('contacts', 'uuid'):
            open(os.path.join(self.folder, name), 'w', encoding='utf-8').close()
        self.process = host.start('baresip', '-f', self.folder, output=f'{user}.log',
                                  error=f'{user}.error')
        wait_until(self.control_open, 15, f'{user} can be told what to do')

    def control_open(self):
        check(self.process.poll() is None, f'{self.user} ended')
        try:
            self.control = self.host.connection('127.0.0.1', CONTROL_PORT)
        except OSError:
            return False
        self.unread = b''
        return True

    def listen(self):
        """Take what the phone has said since."""
        self.control.setblocking(False)
        try:
            while True:
                bytes_read = self.control.recv(65536)
                if not bytes_read:
                    break
                self.unread += bytes_read
        except BlockingIOError:
            pass
        while b':' in self.unread:
            length, rest = self.unread.split(b':', 1)
            if len(rest) < int(length) + 1:
                break
            self.events.append(json.loads(rest[:int(length)]))
            self.unread = rest[int(length) + 1:]

    def tell(self, command, parameters=''):
        text = json.dumps({'command': command, 'params': parameters, 'token': command}).encode()
        self.control.setblocking(True)
        self.control.sendall(b'%d:%s,' % (len(text), text))

    def forget(self):
        self.listen()
        self.events.clear()

    def heard(self, kind, count=1):
        """That many events of that kind so far."""
        self.listen()
        return sum(event.get('type') == kind for event in self.events) >= count

    def wait(self, kind, count=1, seconds=10):
        try:
            wait_until(lambda: self.heard(kind, count), seconds, f'{self.user}: {kind}')
        except Failure as failure:
            said = [event.get('type') or event for event in self.events]
            raise Failure(f'{failure}; said {said}') from None

    def registered(self):
        """Whether the registrar has granted; asked, for it may have been before we listened."""
        self.tell('reginfo')
        self.listen()
        answers = [event.get('data', '') for event in self.events if event.get('response')]
        return any('OK' in answer for answer in answers)

    def dial(self, user):
        self.tell('dial', f'sip:{user}@{self.registrar}')


class Watch:
    """tcpdump of all UDP and TCP at a host, both directions, read while it runs."""

    def __init__(self, host):
        self.host = host
        self.path = host.network.path(f'{host.name}.watch.pcap')
        errors = f'{host.name}.watch'
        self.process = host.start('tcpdump', '-i', 'eth0', '-n', '-U', '-Z', 'root', '-B', '16384',
                                  '-w', self.path, 'udp or tcp', error=errors)
        wait_until(lambda: 'listening on' in host.network.text(errors), 10, 'tcpdump listens')

    def catch_up(self):
        """Wait until everything so far is in the file: a packet that comes after it is."""
        mark = f'mark {time.monotonic_ns()}'.encode()
        with self.host.sockets_make(socket.SOCK_DGRAM, 1)[0] as sender:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sender.sendto(mark, (self.host.gateway.rsplit('.', 1)[0] + '.255', 9))
        wait_until(lambda: any(payload == mark for *_, payload in self.packets()), 10,
                   'tcpdump has written all')

    def frames(self):
        """(time, IPv4 packet) so far."""
        with open(self.path, 'rb') as file:
            data = file.read()
        offset = 24
        while offset + 16 <= len(data):
            seconds, microseconds, length = struct.unpack_from('<III', data, offset)
            frame = data[offset + 16:offset + 16 + length]
            offset += 16 + length
            if len(frame) == length and length >= 42 and frame[12:14] == b'\x08\x00':
                yield seconds + microseconds / 1e6, frame[14:]

    def packets(self):
        """(time, source, source port, destination, destination port, payload) of UDP so far."""
        found = []
        for when, packet in self.frames():
            if packet[9] != socket.IPPROTO_UDP:
                continue
            header = 4 * (packet[0] & 15)
            source, destination = struct.unpack_from('>HH', packet, header)
            found.append((when, socket.inet_ntoa(packet[12:16]), source,
                          socket.inet_ntoa(packet[16:20]), destination, packet[header + 8:]))
        return found

    def streams(self):
        """{way: messages} of the TCP connections so far: see tcp_text.py. Those that are not over
        may end with half a message, so ask when all is quiet."""
        return tcp_text.received(packet for _, packet in self.frames())

    def texts(self):
        """(source, destination, payload or message) of everything so far, as UDP or TCP has it."""
        found = [(source, destination, payload)
                 for _, source, _, destination, _, payload in self.packets()]
        return found + [(way.tuple4[0], way.tuple4[2], text)
                        for way, texts in self.streams().items() for text in texts]

    def sound(self, since, until, own, sent):
        """{(SSRC, sequence)} of G.711 packets that `own` sent or received in that time."""
        found = set()
        for when, source, _, destination, _, payload in self.packets():
            if since <= when <= until and (source if sent else destination) == own and \
                    len(payload) == 172 and payload[1] & 127 in G711:
                found.add((payload[8:12], payload[2:4]))
        return found


def endpoints(watch, address):
    """UDP ports of that address that sent G.711 to the watched host in the last second."""
    now = time.time()
    return {source_port for when, source, source_port, _, _, payload in watch.packets()
            if source == address and when > now - 1 and len(payload) == 172 and
            payload[1] & 127 in G711}


def contact_ports(watch, server, user):
    """The Contacts that came to the server in REGISTERs of a user."""
    return {re.search(rb'\r\nContact: <([^>]*)>', payload)[1]
            for _, destination, payload in watch.texts()
            if destination == server and payload.startswith(b'REGISTER') and
            f'\r\nTo: <sip:{user}@'.encode() in payload}


def silent(watches, phone, seconds=0.5):
    """Wait until a phone sends no sound for that long."""
    def is_silent():
        now = time.time()
        return not watches[phone.host].sound(now - seconds, now, phone.address, True)
    time.sleep(seconds)
    wait_until(is_silent, PATIENCE_S, f'{phone.user} is silent')


def heard_each_other(watches, one, other, seconds=1.0, least=30):
    """What either phone sends for a while reaches the other, all of it."""
    time.sleep(0.3)
    since = time.time()
    time.sleep(seconds)
    until = time.time()
    for sender, receiver in ((one, other), (other, one)):
        def missed(sender=sender, receiver=receiver):
            said = watches[sender.host].sound(since, until, sender.address, True)
            return len(said), said - watches[receiver.host].sound(since - 1, until + 9,
                                                                  receiver.address, False)

        def arrived():
            said, missing = missed()
            return said >= least and not missing
        try:
            # The last of it is on its way, or in a buffer of tcpdump.
            wait_until(arrived, PATIENCE_S, 'sound')
        except Failure:
            said, missing = missed()
            raise Failure(f'{sender.user} said {said} packets in {seconds} s, {receiver.user} '
                          f'missed {len(missing)} of them') from None
