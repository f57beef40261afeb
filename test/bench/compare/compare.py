# SPDX-License-Identifier: BSD-3-Clause
"""callgate and the Linux kernel on the same veth pairs, with the same traffic, in turn.

    test/bench/compare/compare.py [--rounds 5] [--json FILE] [QUESTION ...]

Questions: forward (UDP of 172 bytes, 1,024 flows, one direction), invites (each begins a call, all on one 5-tuple),
phones (the same from 10,000 5-tuples), calls (a trunk's calls with media both ways, by SIPp; how many were whole).

Who forwards: the kernel with nftables' masquerade, without and with its SIP helper; callgate over af_xdp and over
af_packet; and DPDK's testpmd over both drivers, which only carries frames from one port to the other: what a driver
alone allows on this machine. Frames are sent from core 0; the kernel forwards on core 1 (RPS), as callgate's worker
and testpmd do. What arrives at the other end is counted, and dropped, before its network stack (nftables' ingress
hook). Rounds go through all of them in turn; a figure is the median of the rounds.
"""
import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'call'))
import callnet      # noqa: E402
import calls        # noqa: E402

BLAST = os.environ.get('BLAST', os.path.join(callnet.BUILD, 'test/bench/blast'))
SINK = '203.0.113.9'
SECONDS = 1.0
DRAIN_S = 0.3
SAMPLES = 50            # messages looked at, before those that are counted
TRUNK_CALLS = (1, 10, 100, 400)
ETH_P_ALL = 3

CONFIGURATION = '''
system: {{ control_core = 0; worker_cores = [1]; file_prefix = "{prefix}"; idle = "poll";
  max_flows = 65536; max_calls = 1000000;
  log: {{ level = "warning"; target = "stderr"; }}; }};
ports: ( {{ name = "lan"; driver = "{driver}"; device = "lan0"; }}, {{ name = "wan"; driver = "{driver}"; device = "wan0"; }} );
interfaces: (
  {{ name = "in"; port = "lan"; addresses = ["10.0.1.1/24"]; zone = "inside"; nat = "inside"; }},
  {{ name = "out"; port = "wan"; addresses = ["203.0.113.1/24"]; zone = "outside"; nat = "outside"; }} );
nat: {{ pools: ( {{ name = "many"; addresses = ["203.0.113.64-203.0.113.127"]; }} );
  rules: ( {{ kind = "dynamic"; inside = ["10.0.0.0/8"]; pool = "many"; overload = true; }} ); }};
zones: ["inside", "outside"];
class_maps: ( {{ name = "calls"; match = "any"; protocols = ["sip", "udp"]; }} );
policy_maps: ( {{ name = "trunk"; classes: ( {{ class = "calls"; action = "inspect"; }} ); }} );
zone_pairs: ( {{ name = "in-out"; source = "inside"; destination = "outside"; policy = "trunk"; }},
  {{ name = "out-in"; source = "outside"; destination = "inside"; policy = "trunk"; }} );
'''

MASQUERADE = '''
table ip compare {
  chain post { type nat hook postrouting priority srcnat; oifname "wan0" masquerade; }
}
'''
HELPER = '''
table ip compare {
  ct helper sip-udp { type "sip" protocol udp; }
  chain pre { type filter hook prerouting priority filter; udp dport 5060 ct helper set "sip-udp"; }
}
'''
SINKHOLE = f'''
table netdev compare {{
  counter arrived {{ }}
  chain ingress {{ type filter hook ingress device "eth0" priority -500;
    udp dport {{ 4000, 5060 }} ip daddr {SINK} counter name "arrived" drop; }}
}}
'''


def nft(namespace, text):
    done = subprocess.run(['ip', 'netns', 'exec', namespace, 'nft', '-f', '-'], input=text, text=True,
                          capture_output=True, check=False)
    callnet.check(done.returncode == 0, f'nft: {done.stderr}')


class Kernel:
    """The router's namespace forwards and translates by itself."""

    def __init__(self, network, helper):
        network.kernel_forwarding()
        nft(network.router, MASQUERADE + (HELPER if helper else ''))
        for port in ('lan0', 'wan0'):
            callnet.run('ip', 'netns', 'exec', network.router, 'sh', '-c',
                        f'echo 2 > /sys/class/net/{port}/queues/rx-0/rps_cpus')
        callnet.run('ip', 'netns', 'exec', network.router, 'sysctl', '-qw', 'net.netfilter.nf_conntrack_max=2000000')


class Callgate:
    def __init__(self, network, driver):
        prefix = f'callgate-compare-{os.getpid()}'
        file = network.path('callgate.conf')
        with open(file, 'w') as text:
            text.write(CONFIGURATION.format(prefix=prefix, driver=driver))
        network.folders.append(f'/var/run/dpdk/{prefix}')
        self.socket = f'/var/run/dpdk/{prefix}/dpdk_telemetry.v2'
        self.process = network.start(network.router, os.path.abspath(callnet.CALLGATE), '-c', file,
                                     error='callgate.log')
        callnet.wait_until(self.ready, callnet.READY_S, 'callgate answers')

    def ready(self):
        callnet.check(self.process.poll() is None, 'callgate ended')
        return subprocess.run([os.path.abspath(callnet.CALLGATECTL), '--socket', self.socket, 'show', 'summary'],
                              capture_output=True, check=False).returncode == 0

    def drops(self):
        done = subprocess.run([os.path.abspath(callnet.CALLGATECTL), '--socket', self.socket, '--json', 'show',
                               'drops'], capture_output=True, text=True, check=True)
        return {name: count for name, count in next(iter(json.loads(done.stdout).values())).items() if count}


class Driver:
    """testpmd: frames from one port to the other as they are."""

    def __init__(self, network, driver):
        prefix = f'callgate-compare-{os.getpid()}'
        network.folders.append(f'/var/run/dpdk/{prefix}')
        devices = [f'net_{driver}{i},iface={name}' for i, name in enumerate(('lan0', 'wan0'))]
        process = network.start(
            network.router, 'dpdk-testpmd', '-l', '0,1', '--no-huge', '-m', '1024', '--no-pci',
            '--no-telemetry', f'--file-prefix={prefix}',
            *(word for device in devices for word in ('--vdev', device)), '--', '--forward-mode=io', '--nb-cores=1',
            '--total-num-mbufs=32768', '--auto-start', '--stats-period=3600', '--no-lsc-interrupt',
            output='testpmd.out', error='testpmd.error')

        def ready():
            callnet.check(process.poll() is None, 'testpmd ended')
            return 'NIC statistics' in network.text('testpmd.out')
        callnet.wait_until(ready, callnet.READY_S, 'testpmd forwards')


WHO = {
    'kernel': lambda network: Kernel(network, False),
    'kernel with SIP helper': lambda network: Kernel(network, True),
    'driver af_xdp': lambda network: Driver(network, 'af_xdp'),
    'callgate af_xdp': lambda network: Callgate(network, 'af_xdp'),
    'driver af_packet': lambda network: Driver(network, 'af_packet'),
    'callgate af_packet': lambda network: Callgate(network, 'af_packet'),
}


class Place:
    """One inside host that sends, one outside that counts."""

    def __init__(self, network):
        self.network = network
        hosts = calls.hosts_add(network)
        self.inside, self.outside = hosts['inside'], hosts['outside']
        callnet.run('ip', '-n', self.outside.namespace, 'address', 'add', f'{SINK}/24', 'dev', 'eth0')
        # Nobody outside has a route to the inside: media comes to where the session description says, or not at all.
        callnet.run('ip', '-n', self.outside.namespace, 'route', 'add', 'blackhole', '10.0.0.0/8')
        self.mac = json.loads(callnet.run('ip', '-j', '-n', network.router, 'link', 'show', 'lan0'))[0]['address']
        nft(self.outside.namespace, SINKHOLE)

    def arrived(self):
        answer = json.loads(callnet.run('ip', 'netns', 'exec', self.outside.namespace, 'nft', '-j', 'list', 'counters'))
        return next(entry['counter']['packets'] for entry in answer['nftables'] if 'counter' in entry)

    def blast(self, *words):
        return json.loads(callnet.run(
            'ip', 'netns', 'exec', self.inside.namespace, 'taskset', '-c', '0', os.path.abspath(BLAST), '--interface',
            'eth0', '--destination', self.mac, '--source', self.inside.address, '--target', SINK, *words))

    def warm(self):
        """Until neighbours are known."""
        before = self.arrived()
        for _ in range(20):
            self.blast('--rate', '1000', '--seconds', '0.02')
            time.sleep(0.1)
            if self.arrived() > before:
                return
        raise callnet.Failure('nothing arrives')

    def rate(self, *words):
        """Frames a second that arrived, and that were sent."""
        self.warm()
        time.sleep(DRAIN_S)
        before = self.arrived()
        sent = self.blast('--seconds', str(SECONDS), *words)
        time.sleep(DRAIN_S)
        return (self.arrived() - before) / sent['seconds'], sent['sent'] / sent['seconds']

    def rewritten(self):
        """The share of some INVITEs that arrive with nothing of the inside in Via, Contact and SDP."""
        self.warm()
        with open('/proc/thread-self/ns/net') as home, open(f'/run/netns/{self.outside.namespace}') as away:
            callnet.libc.setns(away.fileno(), callnet.CLONE_NEWNET)
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
            callnet.libc.setns(home.fileno(), callnet.CLONE_NEWNET)
        with tap:
            self.blast('--invite', '--rate', '500', '--seconds', str(SAMPLES / 500))
            time.sleep(DRAIN_S)
            tap.setblocking(False)
            seen = whole = 0
            while True:
                try:
                    frame = tap.recv(2048)
                except BlockingIOError:
                    break
                if b'INVITE sip:' in frame:
                    seen += 1
                    whole += not any(field in frame for field in (b'IN IP4 10.', b'UDP 10.', b'trunk@10.'))
            return whole / seen if seen else 0


def forward(place, _):
    return place.rate('--flows', '1024', '--size', '172')[0]


def invites(place, who):
    share = place.rewritten()
    if who.startswith('callgate'):
        callnet.check(share == 1, f'{who}: {share:.0%} of the messages were rewritten')
    return place.rate('--invite')[0]


def phones(place, _):
    return place.rate('--invite', '--flows', '10000')[0]


def whole(report):
    """Calls that had every packet from the other end. What comes after BYE does not count here."""
    return report.get('calls', 0) - sum(
        not call['done'] or call['rtp_lost'] > 0 or call['rtp_received'] < call['rtp_expected'] or
        call['rtp_received'] == 0 for call in report.get('faults', ()))


def trunk_calls(place, _):
    """Calls at one time with all of their media, both ways: the most of the numbers tried, until one has less."""
    most = 0
    for count in TRUNK_CALLS:
        hold = int(1000 * count / 50) + 3000
        callee = calls.Party(place.outside, 'callee', count, calls.OUTSIDE_BASE, hold_ms=hold, grace_s=10,
                             name=str(count))
        callee.start()
        callnet.wait_until(callee.listening, 10, 'SIPp listens')
        caller = calls.Party(place.inside, 'caller', count, calls.INSIDE_BASE, f'{calls.OUTSIDE}:5060', hold, 50,
                             grace_s=10, name=str(count))
        caller.start()
        seen = [party.wait()[2] for party in (caller, callee)]
        good = min(map(whole, seen))
        most = max(most, good)
        if good < count:
            break
    return most


QUESTIONS = {
    'forward': (forward, list(WHO), 'frames/s', 'kernel'),
    'invites': (invites, ['kernel', 'kernel with SIP helper', 'driver af_xdp', 'callgate af_xdp', 'driver af_packet',
                          'callgate af_packet'], 'messages/s', 'kernel with SIP helper'),
    'phones': (phones, ['kernel', 'kernel with SIP helper', 'driver af_xdp', 'callgate af_xdp', 'driver af_packet',
                        'callgate af_packet'], 'messages/s', 'kernel with SIP helper'),
    'calls': (trunk_calls, ['kernel', 'kernel with SIP helper', 'callgate af_xdp', 'callgate af_packet'],
              'calls whole', 'kernel with SIP helper'),
}


def once(question, who):
    with callnet.Network() as network:
        try:
            place = Place(network)
            there = WHO[who](network)
            result = QUESTIONS[question][0](place, who)
            if os.environ.get('COMPARE_DROPS') and isinstance(there, Callgate):
                print(question, who, there.drops(), file=sys.stderr)
            return result
        except callnet.Failure:
            for name in ('callgate.log', 'testpmd.error'):
                print(network.text(name)[-2000:], file=sys.stderr)
            raise


def table(question, results):
    _, who, unit, base = QUESTIONS[question]
    medians = {name: statistics.median(results[name]) for name in who}
    print(f'\n{question}, {unit}, median (least to most) of {len(results[base])}:')
    for name in who:
        driver = medians.get(name.replace('callgate', 'driver')) if name.startswith('callgate') else None
        print(f'  {name:24}{medians[name]:12,.0f}  ({min(results[name]):,.0f} to {max(results[name]):,.0f})'
              + (f'  {medians[name] / medians[base]:.2f} x {base}' if medians[base] and name != base else '')
              + (f', {medians[name] / driver:.0%} of its driver' if driver else ''))
    return medians


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--json', help='write the figures to this file, too')
    parser.add_argument('questions', nargs='*', choices=[*QUESTIONS, []], metavar='QUESTION')
    options = parser.parse_args()
    if os.geteuid() != 0 or shutil.which('dpdk-testpmd') is None:
        print('needs root, and dpdk-testpmd', file=sys.stderr)
        sys.exit(callnet.SKIPPED)
    output = {'machine': platform.processor() or platform.machine(), 'kernel': platform.release(),
              'cores': os.cpu_count(), 'rounds': options.rounds, 'questions': {}}
    for question in options.questions or QUESTIONS:
        who = QUESTIONS[question][1]
        results = {name: [] for name in who}
        for _ in range(options.rounds if question != 'calls' else 1):
            for name in who:
                results[name].append(once(question, name))
        output['questions'][question] = {'rounds': results, 'medians': table(question, results)}
    if options.json:
        with open(options.json, 'w') as file:
            json.dump(output, file, indent=1)


if __name__ == '__main__':
    main()
