# SPDX-License-Identifier: BSD-3-Clause
"""Networks for the call tests: hosts and a router, each a network namespace of its own.

Overview: the router's namespace holds one end of a veth pair a host; callgate takes these ends as
its ports, so they carry no addresses. Namespaces are named after the test's process id; processes
die with the test (pdeathsig); everything is removed when the `with` block is left, also by an
interrupt. What a test does with such a network is in calls.py.
"""
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get('CALLGATE_BUILD', 'build')
CALLGATE = os.environ.get('CALLGATE', os.path.join(BUILD, 'app/callgate'))
CALLGATECTL = os.environ.get('CALLGATECTL', os.path.join(BUILD, 'app/callgatectl'))
SKIPPED = 77        # meson's exit status for a test that cannot run here
READY_S = 30        # until callgate must answer
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """A behaviour that the test asserts was not shown."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)}: {done.stdout.strip()}")
    return done.stdout


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, f'{what} within {seconds} s')
        time.sleep(0.02)


def veth_add(one, other, queues=1):
    """A veth pair, each end (namespace, name)."""
    count = ('numtxqueues', str(queues), 'numrxqueues', str(queues))
    run('ip', 'link', 'add', one[1], 'netns', one[0], *count, 'type', 'veth',
        'peer', 'name', other[1], 'netns', other[0], *count)
    # veth hands over what it is given: without checksums, and longer than the MTU, unless told.
    for namespace, device in (other, one):
        run('ip', 'netns', 'exec', namespace, 'ethtool', '-K', device, 'tx', 'off', 'gro', 'off')
        run('ip', '-n', namespace, 'link', 'set', device, 'up')


def sockets_in(namespace, kind, count):
    """Sockets that live there though this process does not."""
    with open('/proc/thread-self/ns/net') as home, open(f'/run/netns/{namespace}') as away:
        if libc.setns(away.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), 'setns')
        try:
            return [socket.socket(socket.AF_INET, kind) for _ in range(count)]
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)


class Host:
    """One namespace with eth0 in a /24; `port` is the other end, in the router's namespace."""

    def __init__(self, network, name, address, port):
        self.network = network
        self.name = name
        self.address = address
        self.gateway = address.rsplit('.', 1)[0] + '.1'
        self.port = port
        self.namespace = network.namespace_add(name)

    def wire(self, queues):
        """From eth0 to the router."""
        veth_add((self.network.router, self.port), (self.namespace, 'eth0'), queues)

    def attach(self, queues):
        self.wire(queues)
        run('ip', '-n', self.namespace, 'address', 'add', f'{self.address}/24', 'dev', 'eth0')
        run('ip', '-n', self.namespace, 'route', 'add', 'default', 'via', self.gateway)

    def start(self, *command, **options):
        return self.network.start(self.namespace, *command, **options)

    def sockets_make(self, kind, count):
        return sockets_in(self.namespace, kind, count)

    def sockets(self, ports, kind=socket.SOCK_DGRAM, address=None):
        """Sockets of this host, bound to its address and these ports."""
        made = self.sockets_make(kind, len(ports))
        for one, port in zip(made, ports):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((address or self.address, port))
            one.settimeout(2)
        return made

    def socket(self, port, kind=socket.SOCK_DGRAM, address=None):
        return self.sockets([port], kind, address)[0]

    def connection(self, address, port):
        """A TCP connection made from within this host."""
        made = self.sockets_make(socket.SOCK_STREAM, 1)[0]
        made.connect((address, port))
        return made


class Network:
    """Use with `with`. `folder` is where everything that a test writes goes."""

    def __init__(self):
        self.processes = []
        self.namespaces = []
        self.hosts = {}
        self.folder = tempfile.mkdtemp(prefix='callgate-test-')
        self.folders = [self.folder]    # removed in the end
        self.router = None
        self.appliance = None

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        signal.signal(signal.SIGINT, signal.default_int_handler)    # background jobs ignore it
        self.router = self.namespace_add('router')
        return self

    def __exit__(self, kind, value, trace):
        # A second interrupt must not leave half of this undone.
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(self.processes):
            self.end(process)
        for namespace in self.namespaces:
            subprocess.run(['ip', 'netns', 'delete', namespace], stderr=subprocess.DEVNULL)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)
        return False

    def namespace_add(self, name):
        namespace = f'callgate-{os.getpid()}-{name}'
        self.namespaces.append(namespace)
        run('ip', 'netns', 'add', namespace)
        for what in ('all', 'default'):
            run('ip', 'netns', 'exec', namespace, 'sysctl', '-qw',
                f'net.ipv6.conf.{what}.disable_ipv6=1')
        run('ip', '-n', namespace, 'link', 'set', 'lo', 'up')
        return namespace

    def host_add(self, name, address, port, queues=1, kind=Host):
        host = kind(self, name, address, port)
        host.attach(queues)
        self.hosts[name] = host
        return host

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, namespace, *command, output=None, error=None):
        """Start a program; its output goes to files of the folder."""
        def sink(name):
            return subprocess.DEVNULL if name is None else open(self.path(name), 'wb')
        process = subprocess.Popen(
            ['ip', 'netns', 'exec', namespace, 'setpriv', '--pdeathsig', 'KILL', *command],
            stdin=subprocess.DEVNULL, stdout=sink(output), stderr=sink(error), cwd=self.folder)
        self.processes.append(process)
        return process

    @staticmethod
    def end(process, seconds=3):
        """SIGTERM, and SIGKILL when that does not help. The exit status."""
        if process.poll() is None:
            process.terminate()
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def kernel_forwarding(self):
        """Let the kernel be the router: no translation, no firewall. To test the tests."""
        for host in self.hosts.values():
            run('ip', '-n', self.router, 'address', 'add', f'{host.gateway}/24', 'dev', host.port)
        run('ip', 'netns', 'exec', self.router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')

    def text(self, name):
        try:
            with open(self.path(name), errors='replace') as file:
                return file.read()
        except FileNotFoundError:
            return ''


CONFIGURATION = '''
system: {{
  control_core = 0;  worker_cores = [{cores}];  file_prefix = "{prefix}";
  max_flows = {max_flows};  max_calls = {max_calls};
  log: {{ level = "info"; target = "stderr"; }};
}};
ports: (
  {ports}
);
interfaces: (
  {interfaces}
);
nat: {{
  rules: (
    {rules}
  );
  sip: {{ udp_ports = [{sip_ports}]; tcp_ports = [{sip_ports}]; }};
  timeouts: {{ udp = {udp_timeout}; tcp_transitory = {tcp_transitory}; }};
}};
sip: {{ {sip} }};
zones: ["inside", "outside"];
class_maps:  ( {{ name = "calls"; match = "any"; protocols = ["{protocol}"]; }} );
policy_maps: ( {{ name = "trunk"; classes: (
    {{ class = "calls"; action = "inspect"; }},
    {{ class = "class-default"; action = "drop"; }} ); }} );
zone_pairs: (
  {{ name = "in-out"; source = "inside"; destination = "outside"; policy = "trunk"; }},
  {{ name = "out-in"; source = "outside"; destination = "inside"; policy = "trunk"; }}
);
'''


class Appliance:
    """callgate in the router's namespace, with every host's veth as a port.

    Hosts in 10/8 are inside. Only SIP may pass between the zones, so all media that passes does so
    because the ALG let it. `static`: (inside endpoint, outside endpoint) rules, for UDP unless
    a third says otherwise."""

    def __init__(self, network, workers=1, driver='af_packet', queues=None, static=(),
                 sip_ports='5060', protocol='sip', udp_timeout=300, max_flows=16384,
                 max_calls=4096, sip='', tcp_transitory=240):
        self.network = network
        self.workers = workers
        self.prefix = f'callgate-test-{os.getpid()}'
        self.process = None
        ports, interfaces = [], []
        for name, host in network.hosts.items():
            side = 'inside' if host.address.startswith('10.') else 'outside'
            ports.append(f'{{ name = "{host.port}"; driver = "{driver}"; device = "{host.port}"; '
                         f'queues = {queues or workers}; }}')
            interfaces.append(f'{{ name = "{name}"; port = "{host.port}"; addresses = '
                              f'["{host.gateway}/24"]; zone = "{side}"; nat = "{side}"; }}')
        rules = ['{ kind = "dynamic"; inside = ["10.0.0.0/8"]; interface = "outside"; '
                 'overload = true; }']
        rules += [f'{{ kind = "static"; protocol = "{(*other, "udp")[0]}"; inside = "{inside}"; '
                  f'outside = "{outside}"; }}' for inside, outside, *other in static]
        network.folders.append(os.path.dirname(self.socket_path))
        self.file = network.path('callgate.conf')
        with open(self.file, 'w') as file:
            file.write(CONFIGURATION.format(
                cores=', '.join(str((i + 1) % 2) for i in range(workers)), prefix=self.prefix,
                ports=',\n  '.join(ports), interfaces=',\n  '.join(interfaces),
                rules=',\n    '.join(rules), sip_ports=sip_ports, protocol=protocol,
                udp_timeout=udp_timeout, tcp_transitory=tcp_transitory, max_flows=max_flows,
                max_calls=max_calls, sip=sip))

    @property
    def socket_path(self):
        return f'/var/run/dpdk/{self.prefix}/dpdk_telemetry.v2'

    def start(self):
        self.network.appliance = self
        self.process = self.network.start(self.network.router, os.path.abspath(CALLGATE), '-c',
                                          self.file, output='callgate.out', error='callgate.log')
        wait_until(self.ready, READY_S, 'callgate answers')
        return self

    def ready(self):
        check(self.process.poll() is None, f'callgate ended with {self.process.returncode}')
        try:
            return self.ask('/callgate/info') is not None
        except (OSError, ValueError):
            return False

    def ask(self, command):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(5)
            connection.connect(self.socket_path)
            connection.recv(1 << 16)
            connection.send(command.encode())
            return next(iter(json.loads(connection.recv(1 << 18)).values()))

    def show(self, *words):
        """What callgatectl says, JSON decoded."""
        text = run(os.path.abspath(CALLGATECTL), '--socket', self.socket_path, '--json', 'show',
                   *words)
        return next(iter(json.loads(text).values()))

    def show_workers(self):
        """One dictionary a worker."""
        return list(self.show('workers').values())

    def stop(self):
        """SIGTERM; callgate must go at once and with exit status 0. Drained: nothing is running."""
        self.process.terminate()
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            raise Failure('callgate still runs 10 s after SIGTERM') from None
        check(status == 0, f'callgate ended with {status}')


class Imported(Appliance):
    """callgate with what `callgatectl import-ios` makes of a text. `ports`: IOS interface to host's
    port; `options`: more of the command's. What it says on standard error is `messages`."""

    def __init__(self, network, text, ports, options=(), workers=1, driver='af_packet'):
        self.network = network
        self.workers = workers
        self.prefix = f'callgate-test-{os.getpid()}'
        self.process = None
        network.folders.append(os.path.dirname(self.socket_path))
        with open(network.path('router.ios'), 'w') as file:
            file.write(text)
        words = [word for name, port in ports.items()
                 for word in ('--port', f'{name}={driver}:{port}')]
        done = subprocess.run([os.path.abspath(CALLGATECTL), 'import-ios', *words, *options,
                               network.path('router.ios')], capture_output=True, text=True)
        self.messages = done.stderr
        check(done.returncode == 0, f'import-ios says {done.returncode}: {done.stderr}')
        cores = ', '.join(str((i + 1) % 2) for i in range(workers))
        self.file = network.path('callgate.conf')
        with open(self.file, 'w') as file:
            file.write(f'system: {{ control_core = 0; worker_cores = [{cores}]; file_prefix = '
                       f'"{self.prefix}"; max_flows = 16384; max_calls = 4096; }};\n'
                       + done.stdout)
        run(os.path.abspath(CALLGATE), '--check', '-c', self.file)

    def edit(self, text, replacement):
        """What the operator adds by hand before callgate starts."""
        with open(self.file) as file:
            configuration = file.read()
        check(configuration.count(text) == 1, f'{text} is not there once:\n{configuration}')
        with open(self.file, 'w') as file:
            file.write(configuration.replace(text, replacement))


def explain(network):
    """After a failure: what callgate and the programs around it said."""
    for name in sorted(os.listdir(network.folder)):
        if name.endswith(('.log', '.error', '.json', '.conf')) and network.text(name).strip():
            print(f'--- {name}\n' + '\n'.join(network.text(name).splitlines()[-40:]),
                  file=sys.stderr)
    for what in ('drops', 'ports', 'workers', 'summary') if network.appliance else ():
        try:
            answer = network.appliance.ask(f'/callgate/{what}')
        except (OSError, ValueError) as error:
            answer = {'error': str(error)}
        print(f'--- {what}:', {name: value for name, value in answer.items() if value},
              file=sys.stderr)


def main(test):
    """Run test(network) as a program: exit 0, 1 with the reason, or 77 when it cannot run here."""
    if os.geteuid() != 0:
        print('needs root: it makes network namespaces', file=sys.stderr)
        sys.exit(SKIPPED)
    with Network() as network:
        try:
            test(network)
        except Failure as failure:
            explain(network)
            print(f'FAILED: {failure}', file=sys.stderr)
            sys.exit(1)
    print('ok')
