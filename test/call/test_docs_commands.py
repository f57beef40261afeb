# SPDX-License-Identifier: BSD-3-Clause
"""Every command in README, quick start and troubleshooting, run as it stands there beside a callgate with calls
up; every name and number that these pages take from callgate.

A mount and process namespace of the test's own holds /etc/callgate, the runtime folder and whatever the
commands start; programs/service.py stands in for systemd.
"""
import json
import os
import re
import shlex
import shutil
import subprocess

import callnet
import calls
import pages
import scrape

HERE = os.path.dirname(os.path.abspath(__file__))
COMMAND_PAGES = ('docs/quick-start.md', 'docs/troubleshooting.md', 'README.md')
NAME_PAGES = ('docs/quick-start.md', 'docs/troubleshooting.md', 'docs/tuning.md', 'docs/limits.md',
              'docs/migration-linux.md')
INSIDE, OUTSIDE = '10.0.0.10', '203.0.113.254'
HOLD_MS = 300000
# Words with an underscore that are nobody's counter or setting: of Linux, and parts of names.
FOREIGN = re.compile(r'nf_|rp_filter|sip_(direct|timeout|external)|net_$|char_|nr_hugepages|sip_$|'
                     r'(stream|fragment|policy_max|tcp_sip|nat_host|limit|af_xdp|af_packet|tcp|host)_?$')


class Machine:
    """What the pages' reader has: a router with two devices, callgate's package, a shell."""

    def __init__(self, network):
        self.network, self.rounds, self.parties = network, 0, []
        network.host_add('inside', INSIDE, 'eth0')
        network.host_add('outside', OUTSIDE, 'eth1')
        self.bin, self.home = network.path('bin'), network.path('home')
        for folder in (self.bin, self.home, network.path('over'), '/run/dpdk'):
            os.makedirs(folder, exist_ok=True)
        for name, path in (('callgate', callnet.CALLGATE), ('callgatectl', callnet.CALLGATECTL),
                           ('callgate-exporter', scrape.EXPORTER),
                           ('systemctl', os.path.join(HERE, 'programs/service.py')),
                           ('journalctl', os.path.join(HERE, 'programs/service.py'))):
            os.symlink(os.path.abspath(path), os.path.join(self.bin, name))
        # README's commands are those of a source tree with its build.
        os.symlink(os.path.dirname(os.path.dirname(os.path.abspath(callnet.CALLGATE))),
                   os.path.join(self.home, 'build'))
        os.symlink(os.path.join(pages.ROOT, 'conf'), os.path.join(self.home, 'conf'))
        over = network.path('over')
        script = (f'mount -t tmpfs tmpfs {over} && mkdir {over}/up {over}/work && mount -t overlay overlay '
                  f'-o lowerdir=/etc,upperdir={over}/up,workdir={over}/work /etc && '
                  'mount -t tmpfs tmpfs /run/dpdk && mkdir /etc/callgate && '
                  f'cp {pages.ROOT}/conf/callgate.conf /etc/callgate/ && echo up && exec sleep 3600')
        self.holder = network.start(network.router, 'unshare', '--mount', '--pid', '--fork',
                                    '--mount-proc', '--kill-child', 'sh', '-c', script,
                                    output='holder', error='holder.error')
        callnet.wait_until(lambda: 'up' in network.text('holder') or self.holder.poll() is not None, 10,
                           'the namespaces are there')
        with open(f'/proc/{self.holder.pid}/task/{self.holder.pid}/children') as children:
            self.pid = children.read().split()[0]
        self.environment = {**os.environ, 'PATH': f'{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin',
                            'SERVICE_UNITS': os.path.join(pages.ROOT, 'conf'),
                            'SERVICE_FOLDER': network.folder, 'COLUMNS': '120'}

    def run(self, command):
        """(exit statuses of the pipeline's parts, what it says)"""
        script = f'{command}\necho "statuses ${{PIPESTATUS[*]}}"'
        done = subprocess.run(['nsenter', '-t', self.pid, '-m', '-p', '-n', '--wd=' + self.home, 'bash',
                               '-c', script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=120, env=self.environment, check=False)
        said, _, statuses = done.stdout.rpartition('statuses ')
        return [int(word) for word in statuses.split()], said

    def ask(self, *words):
        statuses, said = self.run(shlex.join(['callgatectl', '--json', *words]))
        callnet.check(statuses == [0], f'callgatectl {words}: {said}')
        return next(iter(json.loads(said).values()))

    def register(self):
        """A phone inside, at a registrar outside; the callee's SIPp has ended."""
        with self.network.hosts['inside'].socket(5070) as phone, \
                self.network.hosts['outside'].socket(5060) as registrar:
            phone.sendto('\r\n'.join([
                f'REGISTER sip:{OUTSIDE} SIP/2.0', f'Via: SIP/2.0/UDP {INSIDE}:5070;branch=z9hG4bKr',
                f'From: <sip:phone@{OUTSIDE}>;tag=1', f'To: <sip:phone@{OUTSIDE}>', 'Call-ID: registered',
                'CSeq: 1 REGISTER', f'Contact: <sip:phone@{INSIDE}:5070>', 'Expires: 300', '', '']).encode(),
                (OUTSIDE, 5060))
            text, source = registrar.recvfrom(4096)
            lines = text.decode().replace('Expires: 300', 'Expires: 200').split('\r\n')
            registrar.sendto('\r\n'.join(['SIP/2.0 200 OK', *lines[1:]]).encode(), source)
            callnet.check(phone.recv(4096).startswith(b'SIP/2.0 200'), 'the registrar answers')

    def established(self):
        return [one['call_id'] for one in self.ask('show', 'sip', 'calls').values()
                if isinstance(one, dict) and one['state'] == 'established']

    def call_id(self):
        """Of a call that is up, with media both ways."""
        if not self.established():
            for party in self.parties:
                self.network.end(party.sipp)
                self.network.end(party.peer)
            self.rounds += 1
            hosts = self.network.hosts
            caller = calls.Party(hosts['inside'], 'caller', 2, target=f'{OUTSIDE}:5060',
                                 hold_ms=HOLD_MS, name=f'-{self.rounds}')
            callee = calls.Party(hosts['outside'], 'callee', 2, base=calls.OUTSIDE_BASE,
                                 name=f'-{self.rounds}')
            self.parties = [caller, callee]
            calls.parties_start([caller], [callee])
            callnet.wait_until(lambda: len(self.established()) == 2, 20, 'calls are up')
            callnet.wait_until(lambda: any(
                one['state'] == 'media' for one in self.ask('show', 'firewall', 'sessions').values()
                if isinstance(one, dict)), 10, 'media flows')
        return self.established()[0]


def words_of(line):
    return set(re.findall(r'[A-Za-z_][A-Za-z0-9_]{2,}', line))


def check_grep(machine, where, command):
    """Each alternative of a filter meets something: none is misspelled."""
    source, _, filters = command.partition(' | ')
    words = shlex.split(filters)
    if words[:1] != ['grep'] or '-v' in words:
        return
    _, said = machine.run(source)
    for part in words[-1].split('|'):
        callnet.check(re.search(part, said, re.M), f'{where}: nothing fits {part} in {source}')


def check_command(machine, where, command, shown):
    if 'CALL-ID' in command or 'show sip call' in command or 'show firewall sessions' in command:
        command = command.replace('CALL-ID', machine.call_id())
    statuses, said = machine.run(command)
    parts = command.split(' | ')
    for part, status in zip(parts, statuses):
        callnet.check(status == 0 or status == 1 and part.startswith('grep'),
                      f'{where}: {part} ends with {status}: {said}')
    callnet.check(len(statuses) == len(parts), f'{where}: {command}: {said}')
    if len(parts) > 1:
        check_grep(machine, where, command)
    for line in shown:
        if '--check' in command:
            callnet.check(line in said.splitlines(), f'{where}: it says {said!r}, not {line!r}')
        missing = words_of(line) - words_of(said)
        callnet.check(not missing, f'{where}: {command} says nothing of {missing}: {said}')


def check_blocks(machine):
    run, left = 0, []
    for page in COMMAND_PAGES:
        for block in pages.blocks(page):
            if block.reason:
                left.append(f'{page}:{block.line}: {block.reason}')
                continue
            for number, command, shown in block.commands:
                check_command(machine, f'{page}:{number}', command, shown)
                run += 1
    callnet.check(run > 50, f'{run} commands were run')
    print(f'{run} commands run; not run:', *left, sep='\n  ')


def check_sample():
    """The quick start shows the sample as it is installed."""
    sample = pages.read('conf/callgate.conf')
    shown = re.search(r'```libconfig\n(.*?)```', pages.read('docs/quick-start.md'), re.S)[1]
    callnet.check(sample[sample.index('system: {'):] == shown, 'quick start and conf/callgate.conf differ')


def known_names(machine):
    """Every name that callgate has: fields of its answers, counters, settings."""
    names = set()

    def collect(value):
        for key, inner in value.items() if isinstance(value, dict) else ():
            names.add(key)
            collect(inner)
    call_id = machine.call_id()
    for words in ('info', 'ports', 'workers', 'drops', 'events', 'summary', 'sip statistics', 'sip calls',
                  'nat translations', 'nat pools', 'firewall sessions', 'firewall pinholes',
                  'zone-pairs'):
        collect(machine.ask('show', *words.split()))
    collect(machine.ask('show', 'sip', 'call', call_id))
    for party in machine.parties:
        machine.network.end(party.sipp)
    machine.register()
    collect(machine.ask('show', 'sip', 'registrations'))
    for page in ('docs/configuration.md', 'docs/counters.md', 'docs/telemetry.md', 'docs/logs.md'):
        for _, text in pages.inline(page):
            names.update(re.findall(r'[a-z][a-z0-9_]*', text))
    return names


def check_names(machine):
    known = known_names(machine)
    _, help_text = machine.run('callgatectl --help')
    commands = re.findall(r'^  ((?:show|clear|reload|import-ios)[a-z -]*?)(?: [A-Z-]+)?(?:  .*)?$', help_text, re.M)
    callnet.check(len(commands) > 15, f'commands: {commands}')
    for page in NAME_PAGES:
        for line, text in pages.inline(page):
            where = f'{page}:{line}'
            if re.fullmatch(r'[a-z][a-z0-9]*(_[a-z0-9]+)*_?(\.\.\.)?', text) and '_' in text and \
                    not FOREIGN.match(text.removesuffix('...')):
                callnet.check(text in known, f'{where}: callgate has no {text}')
            command = re.match(r'(?:callgatectl (?:--socket \S+ )?)?((?:show|clear|reload)\b[a-z -]*)', text)
            if command and not text.startswith('show running'):
                words = command[1].split(' --')[0].strip()
                callnet.check(any(words == one or words.startswith(one + ' ') for one in commands),
                              f'{where}: callgatectl has no {words}')
        for line, path, anchor in pages.links(page):
            where = f'{page}:{line}'
            callnet.check(os.path.exists(os.path.join(pages.ROOT, path)), f'{where}: no {path}')
            callnet.check(not anchor or anchor in pages.anchors(path), f'{where}: no {path}#{anchor}')


def check_memory(machine):
    """The table of tuning.md says what --check says."""
    sample = pages.read('conf/callgate.conf')
    for flows, size, workers, memory in pages.table('docs/tuning.md', 'max_flows'):
        cores = ', '.join(str(core + 1) for core in range(int(workers)))
        text = sample.replace('worker_cores = [1];', f'worker_cores = [{cores}]; max_flows = {flows}; '
                              f'max_calls = {size};')
        with open(os.path.join(machine.home, 'sized.conf'), 'w', encoding='utf-8') as file:
            file.write(text)
        _, said = machine.run('callgate --check -c sized.conf')
        callnet.check(f'no fault, {workers} workers, {memory} MiB' in said,
                      f'max_flows {flows}, max_calls {size}: {said}, not {memory} MiB')


def test(network):
    check_sample()
    machine = Machine(network)
    check_memory(machine)
    check_blocks(machine)
    check_names(machine)
    for unit in ('callgate-exporter', 'callgate'):
        statuses, said = machine.run(f'systemctl stop {unit}')
        callnet.check(statuses == [0], said)
    shutil.copy(network.path('callgate.log'), network.path('last.log'))


callnet.main(test)
