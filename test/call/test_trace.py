# SPDX-License-Identifier: BSD-3-Clause
"""`callgatectl trace`: both sides of every message of a call or a host, byte for byte, as lines and as a
capture file that tshark, tcpdump and sngrep read; the ladder of a
call; nothing of others, and nothing stays on when a client dies."""
import argparse
import json
import os
import re
import signal
import subprocess

import callnet
import calls
import tcp_end
from callnet import check, wait_until
from known_calls import Wire, tcp_message, udp_call
from recorder import Client, tshark

TRACES = 4

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
options = parser.parse_args()


def traces(appliance):
    return {name: one for name, one in appliance.show('traces').items() if isinstance(one, dict)}


def check_other_readers(network, file, count):
    """What reads by libpcap finds every packet, and sngrep one dialog in them."""
    path = network.path(file)
    done = subprocess.run(['tcpdump', '-nqr', path], capture_output=True, text=True)
    check(done.returncode == 0 and len(done.stdout.splitlines()) == count, f'tcpdump: {done.stderr}')
    done = subprocess.run(['sngrep', '-N', '-q', '-I', path, '-O', path + '.sngrep'], capture_output=True,
                          text=True, timeout=20)
    check(done.returncode == 0, f'sngrep: {done.stderr}')
    check(len(tshark(network, file + '.sngrep', ['sip.Call-ID'], '-Y', 'sip')) == count, 'sngrep')


def check_udp_file(network, file, seen):
    """Both sides of each message, in order, byte for byte; comments that say what was edited."""
    rows = tshark(network, file, ['frame.interface_name', 'udp.payload', 'ip.src', 'ip.dst',
                                  'udp.checksum.status', 'sip.Method', 'sip.Status-Code',
                                  'frame.comment'], '-o', 'udp.check_checksum:TRUE')
    check(len(rows) == 2 * len(seen), f'{len(rows)} packets of {len(seen)} messages: {rows}')
    for (side, sent, arrived), before, after in zip(seen, rows[::2], rows[1::2]):
        other = 'outside' if side == 'inside' else 'inside'
        check((before[0], after[0]) == (side, other), f'interfaces: {before[0]} {after[0]}')
        check((bytes.fromhex(before[1]), bytes.fromhex(after[1])) == (sent, arrived),
              f'not as on the wire: {sent} {arrived}')
        ends = {'inside': ((calls.INSIDE, calls.OUTSIDE), (calls.WAN, calls.OUTSIDE)),
                'outside': ((calls.OUTSIDE, calls.WAN), (calls.OUTSIDE, calls.INSIDE))}[side]
        check((tuple(before[2:4]), tuple(after[2:4])) == ends, f'addresses: {before} {after}')
        check(before[4] == after[4] == '1', f'checksums: {before[4]} {after[4]}')
        check(before[5:7] == after[5:7] and any(before[5:7]), f'SIP is read: {before}')
        comments = after[7].split('~')
        if sent == arrived:
            check(comments == ['left as it came'], f'{comments}')
        else:
            check(all(re.match(r'[\w -]+=?: .+', one) for one in comments), f'{comments}')
    invite = rows[1][7].split('~')
    check(invite == [f'{place}: {calls.INSIDE} -> {calls.WAN}' for place in ('Via', 'Contact')] +
          ['Content-Length: 86 -> 92'] +
          [f'{place}: {calls.INSIDE} -> {calls.WAN}' for place in ('o=', 'c=')], f'{invite}')


def check_tcp_file(network, file, seen):
    """The same over TCP: every byte once in its connection, and SIP that is put together again."""
    rows = tshark(network, file, ['frame.interface_name', 'tcp.payload', 'tcp.srcport'])
    by_way = {}
    for interface, payload, port in rows:
        by_way.setdefault((interface, port == '5060'), bytearray()).extend(bytes.fromhex(payload))
    for i, (side, sent, arrived) in enumerate(seen):
        other = 'outside' if side == 'inside' else 'inside'
        check(by_way[side, side == 'outside'] == sent, f'message {i} as it came')
        check(by_way[other, side == 'outside'] == arrived, f'message {i} as it left')
    found = tshark(network, file, ['sip.Method', 'sip.Status-Code', 'tcp.analysis.flags'], '-Y', 'sip')
    check(found == [['MESSAGE', '', '']] * 2 + [['', '200', '']] * 2, f'what tshark reads: {found}')


def check_lines(lines, seen):
    check(len(lines) == len(seen), f'{len(lines)} lines of {len(seen)} messages: {lines}')
    for line, (side, sent, arrived) in zip(lines, seen):
        start = sent.split(b'\r\n')[0].decode()
        what = start.rsplit(' ', 1)[0] if not start.startswith('SIP') else start.split()[1]
        check(re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ' + side, line) and what in line,
              f'{line} of {start}')
        check(('|' in line) == (sent != arrived), f'edits: {line}')


def check_ladder(appliance, call):
    """Six messages of a call that is over, with what they did; in the call and as records."""
    shown = appliance.show('sip', 'call', call)
    rungs = [text for name, text in shown.items() if name.startswith('message_')]
    rows = [one for one in appliance.show('sip', 'messages', call).values() if isinstance(one, dict)]
    whats = ['INVITE', '180 INVITE', '200 INVITE', 'ACK', 'BYE', '200 BYE']
    check([row['message'] for row in rows] == whats and len(rungs) == len(whats), f'{shown} {rows}')
    for rung, row in zip(rungs, rows):
        check(f"{row['in']} > {row['out']} udp {row['message']} {row['cseq']}" in rung and
              re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ', rung), f'{rung} {row}')
    check([row['in'] for row in rows] == ['inside', 'outside', 'outside', 'inside', 'inside', 'outside'],
          f'{rows}')
    check(rows[0]['edits'] > 4 and rows[0]['doors_opened'] >= 2 and rows[5]['doors_closed'] >= 2 and
          'doors opened' in rungs[0] and 'doors closed' in rungs[5], f'{rows}')
    check(appliance.ask('/callgate/sip/call,nobody@test') == {'error': 'not found'}, 'no such call')
    check(appliance.ask('/callgate/sip/messages,nobody@test') == {'next': 0}, 'nor messages of it')
    for parameters in ('', ',', f'{call},x', f'{call},0,0', f'{300 * "x"}'):
        said = appliance.ask(f'/callgate/sip/messages,{parameters}')
        check(list(said) == ['error'], f'{parameters}: {said}')


def check_refusals(appliance):
    for command in ('start', 'start,', 'start,host=', 'start,host=x', 'start,host=0.0.0.0',
                    'start,call_id=', 'start,1.2.3.4', 'start,call_id=' + 300 * 'x', 'read', 'read,',
                    'read,x', 'read,-1', 'read,99', 'read,1x', f'read,{1 << 70}', 'stop', 'stop,7'):
        said = appliance.ask(f'/callgate/trace/{command}')
        check(list(said) == ['error'], f'{command}: {said}')
    folder = os.stat(os.path.dirname(appliance.socket_path))
    check(folder.st_uid == 0 and folder.st_mode & 0o077 == 0, 'others reach the socket')


def check_leases(network, appliance):
    """Clients that die, however, leave nothing on; places are used again."""
    dead = Client(network, appliance, 'dead', 'trace', '10.9.9.9')
    wait_until(lambda: len(traces(appliance)) == 1, 10, 'its trace is on')
    dead.process.kill()
    started = [appliance.ask(f'/callgate/trace/start,host=10.9.9.{i}') for i in range(TRACES)]
    check([list(one) for one in started] == [['trace', 'lease_ms']] * (TRACES - 1) + [['error']],
          f'no more than {TRACES}: {started}')
    check(list(appliance.ask(f'/callgate/trace/stop,{started[0]["trace"]}')) == ['stopped'], 'stop')
    check(len(traces(appliance)) == TRACES - 1, f'{traces(appliance)}')
    wait_until(lambda: not traces(appliance), 30, 'no trace is left on')
    wait_until(lambda: 'trace' in appliance.ask('/callgate/trace/start,call_id=x@y'), 10, 'room again')
    check(list(appliance.ask(f'/callgate/trace/read,{started[0]["trace"]}')) == ['error'],
          'a trace that has ended is not another one')


def test(network):
    hosts = calls.hosts_add(network, options.workers)
    appliance = callnet.Appliance(network, options.workers).start()
    wire = Wire()
    check_refusals(appliance)
    with hosts['inside'].socket(5060) as phone, hosts['outside'].socket(5060) as peer:
        udp_call(wire, phone, peer, 'before@test', 30000)
        file = Client(network, appliance, 'file', 'trace', 'one@test', '--pcap', 'one.pcapng')
        host = Client(network, appliance, 'host', 'trace', calls.INSIDE)
        few = Client(network, appliance, 'few', 'trace', '--json', '--count', '3', 'two@test')
        wait_until(lambda: len(traces(appliance)) == 3, 10, 'three traces are on')
        udp_call(wire, phone, peer, 'one@test', 30002)
        udp_call(wire, phone, peer, 'two@test', 30004)
        few = few.wait()[0]
        wait_until(lambda: {one['of']: one['messages'] for one in traces(appliance).values()} ==
                   {'one@test': 6, calls.INSIDE: 12}, 10, 'all messages are there')
    file.end()
    check_ladder(appliance, 'one@test')
    check_lines(host.end()[0], wire.seen['one@test'] + wire.seen['two@test'])
    check(not traces(appliance), 'traces end with their clients')
    check(os.stat(network.path('one.pcapng')).st_mode & 0o777 == 0o600, 'the file is its owner\'s')
    check_udp_file(network, 'one.pcapng', wire.seen['one@test'])
    check_other_readers(network, 'one.pcapng', 2 * len(wire.seen['one@test']))
    few = [json.loads(line) for line in few]
    check([one['what'] for one in few] == ['INVITE sip:b@203.0.113.2', '180 (INVITE)', '200 (INVITE)'],
          f'{few}')
    check(few[0]['source'] == f'{calls.INSIDE}:5060' and few[0]['to_source'].startswith(calls.WAN) and
          (few[0]['in'], few[0]['out'], few[0]['dropped']) == ('inside', 'outside', ''), f'{few[0]}')

    listener = hosts['outside'].sockets_make(callnet.socket.SOCK_STREAM, 1)[0]
    listener.bind((calls.OUTSIDE, 5060))
    listener.listen()
    with listener:
        file = Client(network, appliance, 'tcp', 'trace', calls.OUTSIDE, '--pcap', 'tcp.pcapng')
        wait_until(lambda: len(traces(appliance)) == 1, 10, 'the trace is on')
        phone = tcp_end.End(hosts['inside'].connection(calls.OUTSIDE, 5060))
        peer = tcp_end.End(listener.accept()[0])
        tcp_message(wire, phone, peer, 'three@test')
        wait_until(lambda: [one['messages'] for one in traces(appliance).values()] == [2], 10,
                   'both messages are there')
        file.end(signal.SIGTERM)
        phone.socket.close()
        peer.socket.close()
    check_tcp_file(network, 'tcp.pcapng', wire.seen['three@test'])
    check_leases(network, appliance)
    events = appliance.show('events')
    check(events['trace_lost'] == 0 and events['trace_messages'] == 14, f'{events}')
    appliance.stop()


callnet.main(test)
