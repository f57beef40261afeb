# SPDX-License-Identifier: BSD-3-Clause
"""Fragments through the running appliance, on af_xdp, where they arrive as they are: large pings and
datagrams both ways through NAT, calls all of whose messages are longer than the MTU, path MTU."""
import argparse
import os
import subprocess

import callnet
import calls

LONG = bytes(n * 7 % 251 for n in range(8000))
FILLER = '\n'.join(f'      X-Filler-{n}: {"f" * 80}' for n in range(45))    # 4,500 bytes
PORT, DNS, MTU, CALLS = 7000, 53, 1400, 5      # DNS: a port that policy lets pass, as media's is not


def ping(host, target, size, *options):
    """What ping says of three echo requests of this size."""
    return subprocess.run(
        ['ip', 'netns', 'exec', host.namespace, 'ping', '-c', '3', '-i', '0.2', '-W', '2',
         '-s', str(size), *options, target],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def pings_check(hosts):
    for host, target, size in (('inside', calls.OUTSIDE, 8000), ('inside', '10.0.1.1', 10000),
                               ('outside', calls.WAN, 10000)):
        said = ping(hosts[host], target, size)
        callnet.check(' 3 received' in said, f'ping of {size} bytes from {host} to {target}: {said}')
    said = ping(hosts['inside'], calls.OUTSIDE, 1440, '-M', 'do')
    callnet.check(f'mtu = {MTU}' in said or f'mtu={MTU}' in said, f'path MTU: {said}')


def datagrams_check(hosts):
    inside, outside = hosts['inside'].socket(PORT), hosts['outside'].socket(DNS)
    for _ in range(5):
        inside.sendto(LONG, (calls.OUTSIDE, DNS))
        text, source = outside.recvfrom(1 << 16)
        callnet.check((text, source) == (LONG, (calls.WAN, PORT)), f'{len(text)} bytes of {source}')
        outside.sendto(LONG[::-1], source)
        callnet.check(inside.recv(1 << 16) == LONG[::-1], 'the answer came back whole')


def scenario_lengthen(network, party):
    """The party's scenario with long headers in every message."""
    with open(os.path.join(calls.HERE, 'scenarios', f'{party.scenario}.xml')) as file:
        text = file.read()
    party.scenario = network.path(f'{party.scenario}_long')
    with open(f'{party.scenario}.xml', 'w') as file:
        file.write(text.replace('      Content-Length:', f'{FILLER}\n      Content-Length:'))


def calls_check(network, hosts, appliance):
    caller = calls.Party(hosts['inside'], 'caller', calls=CALLS, target=calls.OUTSIDE)
    callee = calls.Party(hosts['outside'], 'callee', calls=CALLS, base=calls.OUTSIDE_BASE)
    for party in (caller, callee):
        scenario_lengthen(network, party)
    calls.parties_start([caller], [callee])
    calls.parties_check([caller], [callee])
    calls.check_nothing_left(appliance)
    invites = [text for sent, text in callee.messages() if not sent and text.startswith(b'INVITE')]
    callnet.check(len(invites) >= CALLS and all(len(text) > 4000 for text in invites),
                  f'INVITEs of {[len(text) for text in invites]} bytes')


def test(network):
    parser = argparse.ArgumentParser()
    parser.add_argument('--workers', type=int, default=1)
    workers = parser.parse_args().workers
    hosts = calls.hosts_add(network, workers)
    appliance = callnet.Appliance(network, workers=workers, driver='af_xdp',
                                  protocol='sip", "dns", "icmp')
    with open(appliance.file) as file:
        text = file.read()
    with open(appliance.file, 'w') as file:
        file.write(text.replace('nat = "outside"; }', f'nat = "outside"; mtu = {MTU}; }}'))
    appliance.start()
    pings_check(hosts)
    datagrams_check(hosts)
    passed = appliance.show('events')
    callnet.check(passed['fragments_forwarded'] >= 5 * 2 * 6, f'they passed as fragments: {passed}')
    calls_check(network, hosts, appliance)
    joined = appliance.show('events')['datagrams_joined'] - passed['datagrams_joined']
    callnet.check(joined >= CALLS * 6, f'{joined} messages came in fragments')
    summary = appliance.show('summary')
    callnet.check(summary['datagrams'] == summary['fragments'] == 0, f'fragments left: {summary}')
    appliance.stop()


if __name__ == '__main__':
    callnet.main(test)
