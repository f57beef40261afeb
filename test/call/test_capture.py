# SPDX-License-Identifier: BSD-3-Clause
"""`callgatectl capture`: every frame of a port, both ways, byte for byte, as lines and as a capture file that
tshark reads; with a filter and cut short; what finds no room is counted; nothing stays on when a client dies."""
import argparse
import json
import os
import re

import callnet
import calls
from callnet import check, wait_until
from known_calls import Wire, udp_call
from recorder import Client, tshark

FLOOD = 20000
PLAIN = 6                   # datagrams that nobody answers

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
parser.add_argument('--driver', default='af_packet')
options = parser.parse_args()


def captures(appliance):
    return {one['of']: one for one in appliance.show('traces').values() if isinstance(one, dict)}


def check_call(network, seen):
    """Each message as it came in at one port and as it left at the other."""
    rows = tshark(network, 'call.pcapng', ['frame.interface_name', 'frame.packet_flags_direction', 'ip.src',
                  'ip.dst', 'udp.payload', 'frame.time_epoch'])
    check(len(rows) == 2 * len(seen), f'{len(rows)} frames of {len(seen)} messages')
    for (side, sent, arrived), before, after in zip(seen, rows[::2], rows[1::2]):
        inside = side == 'inside'
        ends = [[calls.INSIDE, calls.OUTSIDE], [calls.WAN, calls.OUTSIDE]] if inside else \
            [[calls.OUTSIDE, calls.WAN], [calls.OUTSIDE, calls.INSIDE]]
        ports = ['lan0', 'wan0'] if inside else ['wan0', 'lan0']
        check([before[0], after[0]] == ports and [int(row[1], 0) for row in (before, after)] == [1, 2],
              f'ports and directions: {before} {after}')
        check([before[2:4], after[2:4]] == ends, f'addresses: {before} {after}')
        check([bytes.fromhex(before[4]), bytes.fromhex(after[4])] == [sent, arrived],
              f'not as on the wire: {before} {after}')
    times = [float(row[5]) for row in rows]
    check(times == sorted(times), f'times: {times}')


def check_short(network):
    rows = tshark(network, 'short.pcapng', ['frame.cap_len', 'frame.len', 'frame.interface_name'])
    check(len(rows) == PLAIN and all(row == ['50', '242', 'lan0'] for row in rows), f'{rows}')


def check_refusals(network, appliance):
    for words, wanted, text in (
            (('nowhere',), 1, 'no port has this name'), (('lan0', '--filter', 'udp port'), 2, '--filter: '),
            (('lan0', '--filter', ' or '.join(f'host 10.0.{i}.1' for i in range(200))), 2, 'too long'),
            (('lan0', '--pcap', '/nowhere/x'), 1, '/nowhere/x'), ((), 2, 'usage'),
            (('lan0', '--snaplen', '0'), 2, 'usage'), (('lan0', '--snaplen', '16385'), 2, 'usage'),
            (('lan0', '--json', '--pcap', '-'), 2, 'usage'), (('lan0', 'wan0'), 2, 'usage')):
        said = Client(network, appliance, 'refused', 'capture', *words).wait(wanted)[1]
        check(text in said, f'{words}: {said}')
    for command in ('port=', 'port=lan', 'port=lan00', 'port=lan0,', 'port=lan0,snap=', 'port=lan0,snap=0',
                    'port=lan0,snap=x', 'port=lan0,snap=99999', 'port=lan0,snap=1x', 'port=lan0,x=1',
                    'port=lan0,filter=', 'port=lan0,filter=6 0 0', 'port=lan0,filter=48 0 0 0',
                    'port=lan0,filter=5 0 0 4294967295;6 0 0 0', 'port=lan0,filter=6 0 0 0,snap=1'):
        said = appliance.ask(f'/callgate/trace/start,{command}')
        check(list(said) == ['error'], f'{command}: {said}')
    check(not captures(appliance), 'nothing is on')


def flood(network, appliance, host):
    """More than a capture can hold: each frame is in it or counted, and callgate goes on."""
    client = Client(network, appliance, 'flood', 'capture', 'lan0', '--filter', 'udp dst port 9', '--json')
    wait_until(lambda: captures(appliance), 10, 'it is on')
    with host.socket(5071) as phone:
        before = appliance.show('ports')
        for _ in range(FLOOD):
            phone.sendto(b'x' * 1000, (calls.OUTSIDE, 9))
        wait_until(lambda: appliance.show('ports') == appliance.show('ports'), 10, 'all have come')
    received = sum(port['rx_packets'] for port in appliance.show('ports').values()) - sum(
        port['rx_packets'] for port in before.values())
    lines, said = client.end()
    lost = int(re.search(r'(\d+) lost', said)[1]) if said else 0
    check(abs(len(lines) + lost - received) < 20, f'{len(lines)} and {lost} lost of {received}')
    check(len(lines) > 100 and {json.loads(line)['bytes'] for line in lines} == {1042}, f'{lines[:3]}')


def test(network):
    hosts = calls.hosts_add(network, options.workers)
    appliance = callnet.Appliance(network, options.workers, driver=options.driver).start()
    wire = Wire()
    check_refusals(network, appliance)
    with hosts['inside'].socket(5060) as phone, hosts['outside'].socket(5060) as peer:
        udp_call(wire, phone, peer, 'before@test', 30000)
        check(appliance.show('events')['capture_frames'] == 0, 'nothing is copied while nothing is on')
        file = Client(network, appliance, 'call', 'capture', 'all', '--filter', 'udp port 5060', '--pcap',
                      'call.pcapng')
        line = Client(network, appliance, 'line', 'capture', 'wan0', '--filter', 'udp', '--count', '6')
        wait_until(lambda: len(captures(appliance)) == 2, 10, 'both are on')
        check(sorted(captures(appliance)) == ['port=all, filtered', 'port=wan0, filtered'],
              f'{captures(appliance)}')
        udp_call(wire, phone, peer, 'one@test', 30002)
        lines = line.wait()[0]
        wait_until(lambda: [one['messages'] for one in captures(appliance).values()] == [12], 10,
                   'all frames are there')
        check(file.end()[1] == 'callgatectl: 12 frames, 0 lost\n', network.text('call.error'))
        short = Client(network, appliance, 'short', 'capture', 'lan0', '--snaplen', '50', '--pcap', 'short.pcapng',
                       '--filter', 'udp port 9', '--count', str(PLAIN))
        wait_until(lambda: captures(appliance), 10, 'it is on')
        for _ in range(PLAIN):
            phone.sendto(b'x' * 200, (calls.OUTSIDE, 9))
        short.wait()
    check(os.stat(network.path('call.pcapng')).st_mode & 0o777 == 0o600, 'the file is its owner\'s')
    check_call(network, wire.seen['one@test'])
    check_short(network)
    ways = [re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z wan0 (in|out) udp (\S+) > (\S+) \d+$', one)
            for one in lines]
    check(all(ways) and [way[1] for way in ways] == ['out', 'in', 'in', 'out', 'out', 'in'], f'{lines}')
    check(ways[1][2] == f'{calls.OUTSIDE}:5060' and ways[0][3] == f'{calls.OUTSIDE}:5060', f'{lines}')

    flood(network, appliance, hosts['inside'])
    dead = Client(network, appliance, 'dead', 'capture', 'all')
    wait_until(lambda: captures(appliance), 10, 'it is on')
    dead.process.kill()
    wait_until(lambda: not captures(appliance), 30, 'it has ended')
    copied = appliance.show('events')['capture_frames']
    with hosts['inside'].socket(5060) as phone, hosts['outside'].socket(5060) as peer:
        for i in range(6):       # more than there are places
            started = appliance.ask('/callgate/trace/start,port=all,snap=64')
            check(started.get('ports') == ['lan0', 'wan0'], f'{started}')
            udp_call(wire, phone, peer, f'again-{i}@test', 30004 + 2 * i)
            check('stopped' in appliance.ask(f'/callgate/trace/stop,{started["trace"]}'), 'stop')
        check(appliance.show('events')['capture_frames'] > copied, 'these copied')
        wait_until(lambda: appliance.show('events')['capture_frames'] ==
                   appliance.show('events')['capture_frames'], 10, 'rings are empty')
        copied = appliance.show('events')['capture_frames']
        udp_call(wire, phone, peer, 'after@test', 30100)
        check(appliance.show('events')['capture_frames'] == copied, 'nothing is copied any more')
    appliance.stop()


callnet.main(test)
