# SPDX-License-Identifier: BSD-3-Clause
"""Calls for the call tests: SIPp for the signalling, rtp_peer for the media, and what to assert.

A Party is one SIPp and one rtp_peer in one host. SIPp's log file is a FIFO that rtp_peer reads:
so the media knows what the session descriptions said and when a call ends.
"""
import json
import os
import re
import socket
import struct
import subprocess

from callnet import Appliance, Failure, Host, check, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
RTP_PEER = os.environ.get('RTP_PEER', os.path.join(os.environ.get('CALLGATE_BUILD', 'build'),
                                                   'test/call/rtp_peer'))
LONG = bool(os.environ.get('CALLGATE_LONG'))
RATE = 10                            # calls a second
CALLS = 100 if LONG else 20
HOLD_MS = 5000 if LONG else 2000
INSIDE_BASE, OUTSIDE_BASE, STEP = 20000, 30000, 4
INSIDE = '10.0.1.2'
INSIDE_2 = '10.0.2.2'
OUTSIDE = '203.0.113.2'
WAN = '203.0.113.1'


def hosts_add(network, queues=1, second=False, kind=Host):
    """One inside host, a second one if wanted, one outside."""
    network.host_add('inside', INSIDE, 'lan0', queues, kind)
    if second:
        network.host_add('inside2', INSIDE_2, 'lan1', queues, kind)
    network.host_add('outside', OUTSIDE, 'wan0', queues, kind)
    return network.hosts


class Party:
    """One end of many calls. With `target` it calls, without it answers. `transport` as SIPp has it:
    u1, t1 (TCP, one connection for all calls), tn (one a call)."""

    def __init__(self, host, scenario, calls=CALLS, base=INSIDE_BASE, target=None, hold_ms=HOLD_MS,
                 rate=RATE, via=None, contact=None, early=False, patient=False,
                 media=True, transport='u1', port=5060, grace_s=25, name=''):
        self.host = host
        self.network = host.network
        self.name = f'{host.name}-{scenario}{name}'
        self.scenario = scenario
        self.calls = calls
        self.base = base
        self.target = target
        self.hold_ms = hold_ms
        self.rate = rate
        self.transport = transport
        self.port = port
        self.via = via or f'{host.address}:{port}'
        self.contact = contact or f'{host.address}:{port}' + (
            '' if transport == 'u1' else ';transport=tcp')
        self.early = early          # sends media as soon as it knows where to
        self.patient = patient      # sends none before it has heard the other end's
        self.media = media          # False: the scenario tells rtp_peer nothing
        self.seconds = int(calls / rate + hold_ms / 1000 + grace_s)
        self.sipp = self.peer = None

    def file(self, kind):
        return self.network.path(f'{self.name}.{kind}')

    def start(self):
        with open(self.file('ports'), 'w') as ports:
            ports.write('SEQUENTIAL\n')
            ports.writelines(f'{self.base + STEP * i};\n' for i in range(self.calls))
        if self.media:
            self.media_start()
        target = [self.target, '-r', str(self.rate), '-l', str(self.calls)] if self.target else []
        # A call that only waits for late messages does not mind that its connection has ended, and
        # SIPp stands still while it connects.
        tcp = ['-max_socket', '10000', '-reconnect_close', 'false',
               '-watchdog_minor_maxtriggers', '1000000', '-watchdog_major_maxtriggers', '1000000'] \
            if self.transport != 'u1' else []
        log = ['-trace_logs', '-log_file', self.file('fifo')] if self.media else []
        self.sipp = self.host.start(
            'sipp', *target, '-sf', os.path.join(HERE, 'scenarios', f'{self.scenario}.xml'),
            '-i', self.host.address, '-p', str(self.port), '-mi', self.host.address,
            '-t', self.transport, *tcp,
            '-m', str(self.calls), '-d', str(self.hold_ms), '-inf', self.file('ports'), *log,
            '-key', 'via', self.via, '-key', 'contact', self.contact,
            # Call-ID is nobody's to rewrite: an address in it would show up outside.
            '-cid_str', f'%u-%p@{self.host.name}', '-nostdin',
            '-trace_err', '-error_file', self.file('error'),
            '-trace_msg', '-message_file', self.file('messages'),
            '-timeout', str(self.seconds), '-timeout_error')

    def media_start(self):
        os.mkfifo(self.file('fifo'))
        self.peer = self.host.start(
            os.path.abspath(RTP_PEER), '--address', self.host.address, '--base', str(self.base),
            '--step', str(STEP), '--calls', str(self.calls), '--control', self.file('fifo'),
            '--seconds', str(self.seconds), *(['--early'] if self.early else []),
            *(['--patient'] if self.patient else []),
            output=f'{self.name}.json', error=f'{self.name}.media.error')
        wait_until(lambda: 'ready' in self.network.text(f'{self.name}.media.error'), 10,
                   f'{self.name}: rtp_peer has its ports')

    def listening(self):
        """True when SIPp has its socket."""
        table = f'/proc/{self.sipp.pid}/net/{"udp" if self.transport == "u1" else "tcp"}'
        local = struct.unpack('<I', bytes(map(int, self.host.address.split('.'))))[0]
        with open(table) as sockets:
            return f'{local:08X}:{self.port:04X}' in sockets.read()

    def wait(self):
        """Exit statuses of SIPp and rtp_peer, and the latter's summary."""
        try:
            signalling = self.sipp.wait(self.seconds + 10)
            media = self.peer.wait(self.seconds + 10) if self.peer else 0
        except subprocess.TimeoutExpired:
            raise Failure(f'{self.name}: still runs after {self.seconds + 10} s') from None
        text = self.network.text(f'{self.name}.json')
        return signalling, media, json.loads(text) if text else {}

    def messages(self):
        """(sent, text) of every message, in order, as bytes."""
        with open(self.file('messages'), 'rb') as file:
            log = file.read()
        found = []
        for head in re.finditer(rb'(?:UDP|TCP) message (sent \((\d+) bytes\)|received \[(\d+)\] '
                                rb'bytes ):\n\n', log):
            length = int(head[2] or head[3])
            found.append((head[1].startswith(b'sent'), log[head.end():head.end() + length]))
        return found


def parties_start(callers, callees):
    for callee in callees:
        callee.start()
    wait_until(lambda: all(callee.listening() for callee in callees), 10, 'callees listen')
    for caller in callers:
        caller.start()


def parties_check(callers, callees):
    """Wait for the end of all calls; every call and every packet must be right. Summaries."""
    summaries, wrong = [], []
    for party in callers + callees:
        if wrong and party in callees:
            party.network.end(party.sipp)   # it waits for calls that will not come
            if party.peer:
                party.network.end(party.peer)
        signalling, media, summary = party.wait()
        if signalling != 0:
            wrong.append(f'{party.name}: SIPp says {signalling}')
        if media != 0:
            faults = {name: count for name, count in summary.items()
                      if count and (name.startswith('rt') and not name.endswith(
                          ('_sent', '_received', '_expected')) or name in
                          ('wrong_source', 'crosstalk', 'stray', 'leaked', 'one_way'))}
            faults['not complete'] = party.calls - summary.get('complete', 0)
            wrong.append(f'{party.name}: rtp_peer says {media}: {faults}')
        summaries.append(summary)
    check(not wrong, '; '.join(wrong))
    return summaries


class Capture:
    """tcpdump of what arrives at a host."""

    def __init__(self, host, name='capture'):
        self.path = host.network.path(f'{name}.pcap')
        errors = f'{name}.tcpdump'
        self.process = host.start('tcpdump', '-i', 'eth0', '-Q', 'in', '-n', '-U', '-Z', 'root',
                                  '-B', '16384', '-w', self.path, error=errors)
        wait_until(lambda: 'listening on' in host.network.text(errors), 10, 'tcpdump listens')
        self.host = host

    def packets(self):
        """IPv4 packets so far; ends the capture."""
        self.host.network.end(self.process)
        with open(self.path, 'rb') as file:
            data = file.read()
        at = 24
        while at + 16 <= len(data):
            length = struct.unpack_from('<I', data, at + 8)[0]
            frame = data[at + 16:at + 16 + length]
            at += 16 + length
            if frame[12:14] == b'\x08\x00':
                yield frame[14:]

    def check_no_inside_address(self):
        """No inside address in any header or any text; at least some SIP and media is there.
        The five-tuples (less the protocol) that the SIP came by."""
        sip, media, trunks = 0, 0, set()
        for packet in self.packets():
            check(packet[12] != 10 and packet[16] != 10, 'an inside address in an IP header outside')
            text = packet[28:]
            check(b'10.0.' not in text, f'an inside address outside, in:\n{text[:1500]!r}')
            if b'SIP/2.0' in text:
                sip += 1
                trunks.add((socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]),
                            *struct.unpack('>HH', packet[20:24])))
            media += len(packet) == 200
        check(sip > 0 and media > 0, 'the capture shows SIP and media')
        return trunks


def check_nothing_left(appliance):
    """When every call has ended, calls, media doors and media pinholes are zero at once."""
    summary = appliance.show('summary')
    for what in ('calls', 'media_doors', 'media_pinholes'):
        check(summary[what] == 0, f'{summary[what]} {what} left: {summary}')
    listed = appliance.show('sip', 'calls')
    check(listed == {'next': 0}, f'the call table is not empty: {listed}')


def check_workers(appliance, queues):
    """Each port has so many queues, every worker with a queue received packets, every worker owned
    calls, and messages changed hands, none of them lost."""
    ports, workers = appliance.show('ports'), appliance.show_workers()
    for name, port in ports.items():
        check(port['rx_queues'] == queues, f'{name} has no {queues} receive queues: {port}')
    check(len(workers) == appliance.workers, f'{len(workers)} workers')
    check(sum(worker['rx_queues'] for worker in workers) == queues * len(ports),
          f'not every queue has one worker: {workers}')
    for number, worker in enumerate(workers):
        check(worker['calls_owned'] > 0, f'worker {number} owned no call: {workers}')
        if queues >= len(workers):
            check(worker['rx_queues'] > 0, f'worker {number} has no queue: {workers}')
        if worker['rx_queues'] > 0:
            check(worker['rx_packets'] > 0, f'worker {number} received nothing: {workers}')
        else:
            check(worker['handoff_in'] > 0, f'worker {number} was handed nothing: {workers}')
        check(worker['handoff_drops'] == 0, f'worker {number}: a hand-off was lost: {workers}')
    if len(workers) > 1:
        given = sum(worker['handoff_out'] for worker in workers)
        taken = sum(worker['handoff_in'] for worker in workers)
        check(given > 0 and given == taken, f'hand-offs: {given} out, {taken} in: {workers}')


def check_outside_first(inside, outside, outward):
    """From the summaries of an inside that is patient: in every call the first RTP and RTCP packet
    from outside was sent, and received inside, before the inside had sent any. In calls outward
    some came even before the answer (how many is a matter of the machine's load)."""
    check(inside['peer_first'] == inside['calls'], f'inside did not hear before it spoke: {inside}')
    check(outside['peer_first'] == 0, f'outside heard before it spoke: {outside}')
    if outward:
        check(inside['before_answer'] > 0, f'no media came before the answer: {inside}')


def trunk_calls(network, workers=1, driver='af_packet', queues=None, calls=CALLS, early=False,
                outward=True, callee='callee', caller='caller', **spelling):
    """Calls over one 5-tuple through callgate, with everything asserted that holds for all calls.
    `early`: outside is the first to send media, in every call."""
    queues = queues or workers
    hosts = hosts_add(network, queues)
    inside, outside = hosts['inside'], hosts['outside']
    static = () if outward else ((f'{INSIDE}:5060', f'{WAN}:5060'),)
    appliance = Appliance(network, workers, driver, queues, static).start()
    capture = Capture(outside)
    if outward:
        first = Party(inside, caller, calls, INSIDE_BASE, f'{OUTSIDE}:5060', patient=early,
                      **spelling)
        second = Party(outside, callee, calls, OUTSIDE_BASE, early=early)
    else:
        first = Party(outside, caller, calls, OUTSIDE_BASE, f'{WAN}:5060', early=early)
        second = Party(inside, callee, calls, INSIDE_BASE, patient=early, **spelling)
    parties_start([first], [second])
    summaries = parties_check([first], [second])
    if early:
        check_outside_first(*(summaries if outward else reversed(summaries)), outward)
    check_nothing_left(appliance)
    check_workers(appliance, queues)
    statistics = appliance.show('sip', 'statistics')
    check(statistics['INVITE'] >= calls and statistics['BYE'] >= calls, f'{statistics}')
    appliance.stop()
    trunks = capture.check_no_inside_address()
    check(trunks == {(WAN, OUTSIDE, 5060, 5060)}, f'the trunk outside is {trunks}')
    return first, second
