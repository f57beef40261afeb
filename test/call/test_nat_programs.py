# SPDX-License-Identifier: BSD-3-Clause
"""Programs that know nothing of callgate, through its NAT: coturn says what kind of NAT it is,
iperf3, curl, ping and traceroute work as they do through any other."""
import argparse
import hashlib
import os
import re
import subprocess
import sys

import callnet
import calls

SECOND = '203.0.113.3'      # RFC 5780 asks of two addresses
STUN, IPERF, HTTP, MSS = 3478, 5201, 80, 1300
FILTERS = {'endpoint_independent': 'Endpoint Independent Filtering',
           'address': 'Address Dependent Filtering',
           'address_and_port': 'Address and Port Dependent Filtering'}
MEGABYTES, AT_ONCE = (100, 50) if calls.LONG else (10, 10)
IPERF_S = 10 if calls.LONG else 2


def said(host, *command, seconds=60):
    """What a program in a host prints."""
    return subprocess.run(['ip', 'netns', 'exec', host.namespace, *command],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=seconds, check=False).stdout


class Scene:
    """An inside and an outside host, every protocol let through between the zones."""

    def __init__(self, network, options):
        self.network, self.options = network, options
        self.hosts = calls.hosts_add(network, options.workers)
        self.inside, self.outside = self.hosts['inside'], self.hosts['outside']
        callnet.run('ip', '-n', self.outside.namespace, 'address', 'add', f'{SECOND}/24', 'dev',
                    'eth0')

    def callgate(self, filtering):
        appliance = callnet.Appliance(self.network, self.options.workers, self.options.driver,
                                      protocol='tcp", "udp", "icmp')
        with open(appliance.file) as file:
            text = file.read()
        text = text.replace('  sip: {', f'  filtering = "{filtering}"; tcp_rst_check = true;\n  sip: {{')
        text += 'inspect: { tcp_window_check = true; };\n'
        text = text.replace('nat = "outside"; }', f'nat = "outside"; tcp_mss = {MSS}; }}')
        text = text.replace('overload = true; }', 'overload = true; }, { kind = "static"; '
                            f'protocol = "tcp"; inside = "{calls.INSIDE}:{HTTP}"; outside = '
                            f'"{calls.WAN}:{HTTP}"; }}')
        with open(appliance.file, 'w') as file:
            file.write(text)
        return appliance.start()


def nat_is_classified(scene, filtering):
    """RFC 5780 as coturn asks it."""
    text = said(scene.inside, 'turnutils_natdiscovery', '-m', '-f', calls.OUTSIDE)
    callnet.check('Endpoint Independent Mapping' in text, f'mapping: {text}')
    callnet.check(f'{FILTERS[filtering]}!' in text, f'{filtering}: {text}')


def stun_client(scene):
    """It learns the outside address. Then it waits for an answer at the next port, which no NAT has
    opened for it: it would wait for ever."""
    text = said(scene.inside, 'timeout', '1', 'turnutils_stunclient', '-p', str(STUN), calls.OUTSIDE)
    seen = re.findall(r'reflexive addr: ([\d.]+):\d+', text)
    callnet.check(seen == [calls.WAN], f'STUN: {text}')


def iperf(scene):
    scene.outside.start('iperf3', '-s', '-B', calls.OUTSIDE, output='iperf3.log')
    callnet.wait_until(lambda: 'listening' in scene.network.text('iperf3.log') or
                       f':{IPERF} ' in said(scene.outside, 'ss', '-Hltn'), 10, 'iperf3 listens')
    for options in ((), ('-R',), ('-P', '4'), ('-u', '-b', '20M'), ('-u', '-b', '20M', '-R')):
        text = said(scene.inside, 'iperf3', '-c', calls.OUTSIDE, '-t', str(IPERF_S), '-J', *options)
        callnet.check('"error"' not in text and '"sum' in text, f'iperf3 {options}: {text[-500:]}')


def curl(scene):
    """A long file, many at once, in both directions: each byte arrives."""
    data = os.urandom(1 << 20) * MEGABYTES
    folder = scene.network.path('www')
    os.mkdir(folder)
    for name, content in (('data', data), ('short', data[:100000])):
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content)
    digest = hashlib.sha256(data).hexdigest()
    for server, client, address in ((scene.outside, scene.inside, calls.OUTSIDE),
                                    (scene.inside, scene.outside, calls.WAN)):
        server.start(sys.executable, '-m', 'http.server', str(HTTP), '-d', folder,
                     '-b', server.address)
        callnet.wait_until(lambda: f':{HTTP} ' in said(server, 'ss', '-Hltn'), 10, 'HTTP answers')
        text = said(client, 'sh', '-c', f'curl -sS http://{address}/data | sha256sum')
        callnet.check(digest in text, f'curl from {client.name}: {text}')
        text = said(client, 'sh', '-c', f'for i in $(seq {AT_ONCE}); do curl -sS '
                    f'http://{address}/short -o /dev/null -w "%{{http_code}} %{{size_download}}\\n" '
                    '& done; wait')
        callnet.check(text.split() == ['200', '100000'] * AT_ONCE, f'{AT_ONCE} curls: {text}')


def segment_size(scene):
    """The far end's socket says what segments it may send."""
    with scene.outside.socket(99, callnet.socket.SOCK_STREAM) as server:
        server.listen()
        with scene.inside.connection(calls.OUTSIDE, 99) as near:
            far, _ = server.accept()
            with far:
                for one in (near, far):
                    size = one.getsockopt(callnet.socket.IPPROTO_TCP, callnet.socket.TCP_MAXSEG)
                    callnet.check(MSS - 20 < size <= MSS, f'segments of {size} bytes')


def ping(scene):
    for size in (56, 1472, 8000) if scene.options.driver == 'af_xdp' else (56, 1472):
        text = said(scene.inside, 'ping', '-c', '5', '-i', '0.05', '-W', '2', '-s', str(size),
                    *(['-M', 'do'] if size < 1500 else []), calls.OUTSIDE)
        callnet.check(' 5 received' in text, f'ping of {size} bytes: {text}')


def traceroute(scene):
    """callgate is the first hop, the target the second, whatever the probes are."""
    for options in ((), ('-I',), ('-T', '-p', str(HTTP)), ('-U', '-p', '53')):
        text = said(scene.inside, 'traceroute', '-n', '-w', '2', '-N', '1', '-q', '2', '-m', '4',
                    *options, calls.OUTSIDE)
        hops = re.findall(r'^ *(\d+) +([\d.]+|\*)', text, re.M)
        callnet.check(hops == [('1', scene.inside.gateway), ('2', calls.OUTSIDE)],
                      f'traceroute {options}: {text}')


def connection_refused(scene):
    """A RST comes back, and no program waits."""
    text = said(scene.inside, 'curl', '-sS', '-m', '5', f'http://{calls.OUTSIDE}:81/')
    callnet.check('Connection refused' in text or "Couldn't connect" in text, f'refused: {text}')


def test(network):
    parser = argparse.ArgumentParser()
    parser.add_argument('--workers', type=int, default=1)
    parser.add_argument('--driver', default='af_packet')
    scene = Scene(network, parser.parse_args())
    scene.outside.start('turnserver', '-n', '--stun-only', '--no-auth', '--no-cli', '--no-tls',
                        '--no-dtls', '-L', calls.OUTSIDE, '-L', SECOND, '-p', str(STUN),
                        '--pidfile', network.path('turnserver.pid'), '--log-file', 'stdout',
                        output='turnserver.log')
    callnet.wait_until(lambda: f':{STUN} ' in said(scene.outside, 'ss', '-Hlun'), 10, 'STUN answers')
    for filtering in ('endpoint_independent', 'address_and_port', 'address'):
        appliance = scene.callgate(filtering)
        nat_is_classified(scene, filtering)
        stun_client(scene)
        if filtering == 'address':
            for use in (ping, traceroute, segment_size, iperf, curl, connection_refused):
                use(scene)
            refused = appliance.show('drops').get('tcp_window', 0)
            callnet.check(refused == 0, f'{refused} segments of ordinary programs refused')
            clamped = appliance.show('events')['tcp_mss_clamped']
            callnet.check(clamped > 2 * AT_ONCE, f'{clamped} SYNs clamped')
        appliance.stop()


if __name__ == '__main__':
    callnet.main(test)
