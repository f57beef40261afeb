# SPDX-License-Identifier: BSD-3-Clause
"""The three IOS examples of "SIP ALG Hardening for NAT and Firewall", imported as they are written:
calls with media pass from zone1 to zone2, the outside sending media first, and nothing begins from
zone2. --nat: the same with the NAT lines and addresses that the examples leave out."""
import argparse
import os

import callnet
import calls

IOS = os.path.join(calls.HERE, '..', 'unit', 'app', 'import_ios', 'three_examples.ios')
# What the examples leave to the reader, as IOS has it.
NAT = f'''interface GigabitEthernet0/0/0
 ip address {calls.INSIDE.rsplit('.', 1)[0]}.1 255.255.255.0
 ip nat inside
interface GigabitEthernet0/1/1
 ip address {calls.WAN} 255.255.255.0
 ip nat outside
access-list 1 permit 10.0.0.0 0.255.255.255
ip nat inside source list 1 interface GigabitEthernet0/1/1 overload
'''
ADDRESSES = ('--address', f'gi0/0/0={calls.INSIDE.rsplit(".", 1)[0]}.1/24',
             '--address', f'gi0/1/1={calls.WAN}/24')
ZONES = {'zone1', 'zone2'}
TRIES = 5
STRANGER = '203.0.113.77'   # outside, too; in no call

parser = argparse.ArgumentParser()
parser.add_argument('--nat', action='store_true')
parser.add_argument('--early', action='store_true', help='outside sends media first')
parser.add_argument('--workers', type=int, default=1)
options = parser.parse_args()


def options_request(address, target):
    return (f'OPTIONS sip:ping@{target} SIP/2.0\r\nVia: SIP/2.0/UDP {address}:5060;branch=z9hG4bKo\r\n'
            f'From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.org>\r\nCall-ID: o@{address}\r\n'
            'CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n').encode()


def outside_is_dropped(hosts, appliance, source):
    """No pair leads from zone2 to zone1: what the outside begins, SIP or not, is dropped."""
    target = calls.WAN if options.nat else calls.INSIDE
    reasons = ('policy_no_pair', 'nat_unsolicited', 'self_unserved', 'self_policy')
    before = appliance.show('drops')
    with hosts['outside'].socket(5060, address=source) as sender, hosts['inside'].socket(5060) as receiver:
        receiver.settimeout(0.5)
        for _ in range(TRIES):
            sender.sendto(options_request(source, target), (target, 5060))
        try:
            text = receiver.recv(4096)
        except TimeoutError:
            text = None
    callnet.check(text is None, f'a request from zone2 came into zone1: {text}')
    after = appliance.show('drops')
    dropped = {name: after[name] - before[name] for name in reasons if after[name] > before[name]}
    callnet.check(sum(dropped.values()) == TRIES, f'{dropped} of {TRIES}: {after}')
    if not options.nat:
        callnet.check(dropped == {'policy_no_pair': TRIES}, f'{dropped}')


def test(network):
    hosts = calls.hosts_add(network, options.workers)
    callnet.run('ip', '-n', hosts['outside'].namespace, 'address', 'add', f'{STRANGER}/24', 'dev',
                'eth0')
    with open(IOS) as file:
        text = file.read() + (NAT if options.nat else '')
    appliance = callnet.Imported(network, text, {'gi0/0/0': 'lan0', 'gi0/1/1': 'wan0'},
                                 () if options.nat else ADDRESSES, options.workers).start()
    unused = [line for line in appliance.messages.splitlines() if ': not used: ' in line]
    callnet.check(not unused, f'lines that were not used: {unused}')
    pairs = appliance.show('zone-pairs')
    callnet.check('in-out' in str(pairs), f'{pairs}')
    outside_is_dropped(hosts, appliance, calls.OUTSIDE)
    count = max(calls.CALLS, 10 * options.workers)
    caller = calls.Party(hosts['inside'], 'caller', count, calls.INSIDE_BASE,
                         f'{calls.OUTSIDE}:5060', patient=options.early)
    callee = calls.Party(hosts['outside'], 'callee', count, calls.OUTSIDE_BASE,
                         early=options.early)
    capture = calls.Capture(hosts['outside'])
    calls.parties_start([caller], [callee])
    summaries = calls.parties_check([caller], [callee])
    if options.early:
        calls.check_outside_first(*summaries, True)
    calls.check_nothing_left(appliance)
    outside_is_dropped(hosts, appliance, STRANGER)
    appliance.stop()
    if options.nat:
        capture.check_no_inside_address()


callnet.main(test)
