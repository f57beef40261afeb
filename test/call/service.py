# SPDX-License-Identifier: BSD-3-Clause
"""Service units for the call tests: what systemd says of them, and programs run as they let them run.

No systemd runs here, so user, groups, capabilities, system calls, address families and read-only files are
taken from the unit and applied by confined.py.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys

import callnet
import confined
from callnet import check

HERE = os.path.dirname(os.path.abspath(__file__))
CONF = os.path.join(HERE, '../../conf')
UNIT = os.path.join(CONF, 'callgate.service')
DROP_INS = os.path.join(CONF, 'callgate.service.d')
EXPORTER_UNIT = os.path.join(CONF, 'callgate-exporter.service')


def unit_is_sound(network, unit, programs, drop_in=None):
    """Verified, with a drop-in in its place; `programs`: {installed: of the build}. Returns the path."""
    name = os.path.basename(unit)
    folder = network.path(f'units-{name}-{os.path.basename(drop_in or "")}')
    os.makedirs(os.path.join(folder, name + '.d'))
    with open(unit, encoding='utf-8') as file:
        text = file.read()
    for installed, built in programs.items():
        text = re.sub(fr'{re.escape(installed)}(?= )', os.path.abspath(built), text)
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    if drop_in:
        shutil.copy(drop_in, os.path.join(folder, name + '.d'))
    done = subprocess.run(['systemd-analyze', 'verify', '--man=no', '--recursive-errors=no', path],
                          capture_output=True, text=True, check=False)
    check(done.returncode == 0 and not done.stdout + done.stderr,
          f'{drop_in or name}: {done.stdout}{done.stderr}')
    return path


def exposure_check(path, most):
    """Of ten, as systemd-analyze reckons."""
    done = subprocess.run(['systemd-analyze', 'security', '--offline=yes', path],
                          capture_output=True, text=True, check=False)
    level = re.search(r'exposure level for \S+: ([\d.]+)', done.stdout)
    check(level and float(level[1]) <= most, f'exposure: {done.stdout[-300:]}')


def command(folder, unit, *words, drop_ins=()):
    """Words that run a program as a unit does; it may write in `folder`."""
    return [sys.executable, '-B', os.path.join(HERE, 'confined.py'), folder, unit, *drop_ins, '--',
            *words]


def status_check(pid, user, groups):
    """A process is confined: the user, its further groups, a filter of system calls."""
    with open(f'/proc/{pid}/status', encoding='utf-8') as status:
        fields = {name: text.split() for name, text in (line.split(':', 1) for line in status)}
    check(fields['Uid'] == [str(user)] * 4 and fields['NoNewPrivs'] == ['1'] and
          fields['Groups'] == [str(group) for group in groups] and
          fields['Seccomp'] == ['2'], f'it is confined: {fields}')
    return fields


class Confined(callnet.Appliance):
    """callgate as the unit lets it run, its runtime folder in the test's own."""

    def __init__(self, network, workers, driver):
        super().__init__(network, workers, driver)
        with open(self.file) as file:       # records where they are without a file named
            text = file.read()
        with open(self.file, 'w') as file:
            file.write(text.replace('system: {', 'system: { cdr: { target = "file"; };', 1))
        self.drop_ins = [os.path.join(DROP_INS, f'{driver}.conf')] if driver != 'af_packet' else []

    @property
    def socket_path(self):
        return self.network.path(f'run/dpdk/{self.prefix}/dpdk_telemetry.v2')

    def start(self):
        self.network.appliance = self
        run = self.network.path('run')
        shutil.copy(callnet.CALLGATE, self.network.path('callgate'))
        os.chmod(self.network.folder, 0o755)
        # As RuntimeDirectory=dpdk/callgate makes it.
        os.makedirs(os.path.dirname(self.socket_path), 0o755, exist_ok=True)
        for folder in (run, os.path.dirname(self.socket_path)):
            os.chown(folder, confined.USER, confined.USER)
        self.process = self.network.start(
            self.network.router, 'env', f'RUNTIME_DIRECTORY={run}',
            *command(run, UNIT, self.network.path('callgate'), '-c', self.file,
                     drop_ins=self.drop_ins),
            output='callgate.out', error='callgate.log')
        callnet.wait_until(self.ready, callnet.READY_S, 'callgate answers')
        return self

    def started(self):
        """What the unit has run then: ExecStartPost."""
        with open(UNIT, encoding='utf-8') as file:
            line, = re.findall(r'^ExecStartPost=-(.*)$', file.read(), re.M)
        words = [word.replace('/run/dpdk/callgate/', os.path.dirname(self.socket_path) + '/')
                 .replace('callgate-telemetry', str(confined.TELEMETRY)) for word in shlex.split(line)]
        callnet.run(*command(self.network.path('run'), UNIT, shutil.which(words[0]), *words[1:]))
