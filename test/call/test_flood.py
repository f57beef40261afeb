# SPDX-License-Identifier: BSD-3-Clause
"""Established calls lose no RTP while another host floods callgate with INVITEs at ten times the
rated rate (docs/performance.md), fills its tables, or is blacklisted; and they end as ever."""
import argparse
import time

import callnet
import calls

RATED = 500                         # calls a second for each worker
FLOOD_S = 8 if calls.LONG else 1.5
COUNT = 100 if calls.LONG else 20
RATE = 50                           # at which the calls are set up
BURST_S = 0.002
SOURCE = '10.0.1.3'                 # of the flood: behind the port by which the calls come, too
SINK = '203.0.113.3'                # where the flood goes; nobody answers
BLACKLIST = 'blacklist: { trigger_messages = 1000; trigger_period_ms = 1000; block_seconds = 60; };'

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
parser.add_argument('--blacklist', action='store_true')
options = parser.parse_args()


def invite(number):
    port = 10000 + 2 * number % 50000
    body = (f'v=0\r\no=- 1 1 IN IP4 {SOURCE}\r\ns=-\r\nc=IN IP4 {SOURCE}\r\nt=0 0\r\n'
            f'm=audio {port} RTP/AVP 8\r\n')
    return (f'INVITE sip:b@{SINK} SIP/2.0\r\n'
            f'Via: SIP/2.0/UDP {SOURCE}:5060;branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n'
            f'From: <sip:a@{SOURCE}>;tag={number}\r\nTo: <sip:b@{SINK}>\r\n'
            f'Call-ID: {number}@flood\r\nCSeq: 1 INVITE\r\nContact: <sip:a@{SOURCE}:5060>\r\n'
            f'Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}').encode()


def flood(host, count, rate):
    """So many INVITEs of new calls, evenly; how many a second they were."""
    texts = [invite(number) for number in range(count)]
    with host.socket(5060, address=SOURCE) as sender:
        began, sent = time.monotonic(), 0
        while sent < count:
            due = min(count, int((time.monotonic() - began) * rate) + 1)
            for number in range(sent, due):
                sender.sendto(texts[number], (SINK, 5060))
            sent = due
            time.sleep(BURST_S)
        return count / (time.monotonic() - began)


def test(network):
    hosts = calls.hosts_add(network, options.workers)
    for name, address in (('inside', SOURCE), ('outside', SINK)):
        callnet.run('ip', '-n', hosts[name].namespace, 'address', 'add', f'{address}/24', 'dev',
                    'eth0')
    appliance = callnet.Appliance(network, options.workers, max_calls=2048,
                                  sip=BLACKLIST if options.blacklist else '').start()
    rate = 10 * RATED * options.workers
    hold_ms = int(1000 * (COUNT / RATE + FLOOD_S + 2.5))
    caller = calls.Party(hosts['inside'], 'caller', COUNT, calls.INSIDE_BASE,
                         f'{calls.OUTSIDE}:5060', hold_ms, RATE)
    callee = calls.Party(hosts['outside'], 'callee', COUNT, calls.OUTSIDE_BASE, hold_ms=hold_ms)
    with hosts['outside'].socket(5060, address=SINK):
        calls.parties_start([caller], [callee])
        callnet.wait_until(lambda: appliance.show('sip', 'statistics')['200_INVITE'] >= COUNT, 10,
                           'the calls stand')
        reached = flood(hosts['inside'], int(rate * FLOOD_S), rate)
        statistics, drops = appliance.show('sip', 'statistics'), appliance.show('drops')
        callnet.check(statistics['BYE'] == 0, f'all calls stand at the end: {statistics}')
        summaries = calls.parties_check([caller], [callee])
    for summary in summaries:
        lost = {name: count for name, count in summary.items() if name.endswith('_lost')}
        callnet.check(lost == {'rtp_lost': 0, 'rtcp_lost': 0}, f'{summary}')
    print(f'{reached:.0f} INVITEs a second; of {int(rate * FLOOD_S)}, '
          f"{statistics['INVITE'] - COUNT} read, {drops['sip_no_call']} without record, "
          f"{drops['sip_blacklisted']} of a blacklisted host; RTP received:",
          *(summary['rtp_received'] for summary in summaries))
    if options.blacklist:
        callnet.check(drops['sip_blacklisted'] > 0 and statistics['blacklisted_hosts'] == 1 and
                      statistics['INVITE'] == COUNT + 999, f'{statistics}')
        callnet.check(f'host {SOURCE} blacklisted' in network.text('callgate.log'), 'log')
    else:
        callnet.check(drops['sip_no_call'] > 0, f'the flood filled the table: {drops}')
    callnet.run(callnet.os.path.abspath(callnet.CALLGATECTL), '--socket', appliance.socket_path,
                'clear', 'sip', 'calls')
    callnet.wait_until(lambda: appliance.show('summary')['calls'] == 0, 10, 'the flood is cleared')
    calls.check_nothing_left(appliance)
    appliance.stop()


callnet.main(test)
