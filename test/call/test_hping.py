# SPDX-License-Identifier: BSD-3-Clause
"""Established calls lose no RTP packet while hping3 floods callgate from outside at ten times the
rated rate, from random sources: SYN, UDP and ICMP to an inside host behind a static rule, by ports
that policy allows, and to callgate's own address.

The rated rate is what the configuration lets begin in a second from outside: `max_new_per_second`
of the zone pair. What comes in excess is dropped by name; so are the flows that the floods made when
they end. Counted at the receivers: each RTP and RTCP packet of each call, both ways."""
import argparse
import re
import time

import callnet
import calls

RATED = 250                         # new conversations a second from outside
FLOOD_S = 8 if calls.LONG else 1  # of each flood at ten times that
INTERVAL_US = 200                   # twenty times: programs wake late
WAITS_S = 1                         # hping3, for answers, after its last packet
COUNT = 100 if calls.LONG else 20
RATE = 50                           # at which the calls are set up
SERVER = '203.0.113.10'             # outside face of the inside host that the floods go to
INSIDE_SERVER = '10.0.1.9'
WAN_PORT = 'gigabitethernet0_1'
LIMITED = 'policy_max_new'
IOS = f'''
class-map type inspect match-any SERVED
 match protocol http
 match protocol dns
 match protocol icmp
class-map type inspect match-any CALLS
 match protocol sip
policy-map type inspect IN
 class type inspect SERVED
  inspect
 class class-default
  drop
policy-map type inspect OUT
 class type inspect CALLS
  inspect
zone security inside
zone security outside
zone-pair security out-in source outside destination inside
 service-policy type inspect IN
zone-pair security in-out source inside destination outside
 service-policy type inspect OUT
interface GigabitEthernet0/0
 ip address 10.0.1.1 255.255.255.0
 ip nat inside
 zone-member security inside
interface GigabitEthernet0/1
 ip address {calls.WAN} 255.255.255.0
 ip nat outside
 zone-member security outside
access-list 1 permit 10.0.0.0 0.0.255.255
ip nat inside source list 1 interface GigabitEthernet0/1 overload
ip nat inside source static {INSIDE_SERVER} {SERVER}
ip route 0.0.0.0 0.0.0.0 {calls.OUTSIDE}
'''
MEDIA = 'media'                     # the outside port of the first call's RTP
# what it is, hping3's options and target
FLOODS = [
    ('SYN to a served port', ['--syn', '-p', '80', SERVER]),
    ('SYN to callgate', ['--syn', '-p', '5060', calls.WAN]),
    ('UDP to a served port', ['--udp', '-p', '53', '--data', '40', SERVER]),
    ('UDP to the media of a call', ['--udp', '-p', MEDIA, '--data', '160', calls.WAN]),
    ('ICMP to a host', ['--icmp', '--data', '56', SERVER]),
    ('ICMP to callgate', ['--icmp', '--data', '56', calls.WAN]),
]

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
workers = parser.parse_args().workers


def media_port(appliance):
    for binding in appliance.show('nat', 'translations').values():
        if isinstance(binding, dict) and (binding['protocol'], binding['inside_local']) == (
                'udp', f'{calls.INSIDE}:{calls.INSIDE_BASE}'):
            return binding['inside_global'].rsplit(':', 1)[1]
    raise callnet.Failure('no translation of the first call')


def flood(appliance, host, options):
    """As many packets as ten times the rated rate makes. How many, and how many a second."""
    count = int(10 * RATED * FLOOD_S)
    before = appliance.show('ports')[WAN_PORT]['rx_packets']
    began = time.monotonic()
    process = host.start('hping3', '-q', '-n', '-c', str(count), '-i', f'u{INTERVAL_US}',
                         '--rand-source', *options, output='hping.out', error='hping.error')
    process.wait(60)            # its status says whether anybody answered
    seconds = time.monotonic() - began - WAITS_S
    sent = re.search(r'(\d+) packets tran', host.network.text('hping.error'))
    callnet.check(sent and int(sent[1]) == count, host.network.text('hping.error'))
    received = appliance.show('ports')[WAN_PORT]['rx_packets'] - before
    callnet.check(received > count, f'{received} of {count} arrived')
    return count, count / seconds


def test(network):
    hosts = calls.hosts_add(network, workers)
    callnet.run('ip', '-n', hosts['inside'].namespace, 'address', 'add', f'{INSIDE_SERVER}/24',
                'dev', 'eth0')
    appliance = callnet.Imported(network, IOS, {'gi0/0': 'lan0', 'gi0/1': 'wan0'},
                                 workers=workers)
    appliance.edit('policy = "IN"; }', f'policy = "IN"; max_new_per_second = {RATED}; }}')
    # With `latch` one more source, the first, may send media: a far phone behind a NAT of its own.
    appliance.edit('system:', 'sip: { media_source = "announced"; };\nsystem:')
    appliance.start()
    hold_ms = int(1000 * (COUNT / RATE + len(FLOODS) * (FLOOD_S + 0.9) + 1.5))
    caller = calls.Party(hosts['inside'], 'caller', COUNT, calls.INSIDE_BASE,
                         f'{calls.OUTSIDE}:5060', hold_ms, RATE)
    callee = calls.Party(hosts['outside'], 'callee', COUNT, calls.OUTSIDE_BASE, hold_ms=hold_ms)
    server = hosts['inside'].socket(80, callnet.socket.SOCK_STREAM, INSIDE_SERVER)
    server.listen()
    calls.parties_start([caller], [callee])
    callnet.wait_until(lambda: appliance.show('sip', 'statistics')['200_INVITE'] >= COUNT, 10,
                       'the calls stand')
    media = media_port(appliance)
    for name, options in FLOODS:
        options = [media if option == MEDIA else option for option in options]
        before = appliance.show('drops')
        count, rate = flood(appliance, hosts['outside'], options)
        drops = {drop: number - before[drop] for drop, number in appliance.show('drops').items()
                 if number > before[drop]}
        print(f'{name}: {count} packets, {rate:.0f} a second; {drops}')
    callnet.check(appliance.show('sip', 'statistics')['BYE'] == 0, 'all calls stand at the end')
    callnet.check(appliance.show('drops')[LIMITED] > 0, f'the limit: {appliance.show("drops")}')
    summaries = calls.parties_check([caller], [callee])
    server.close()
    for summary in summaries:
        lost = {name: count for name, count in summary.items() if name.endswith('_lost')}
        callnet.check(lost == {'rtp_lost': 0, 'rtcp_lost': 0}, f'{summary}')
    print('RTP received:', *(summary['rtp_received'] for summary in summaries))
    calls.check_nothing_left(appliance)
    appliance.stop()


callnet.main(test)
