# SPDX-License-Identifier: BSD-3-Clause
"""The service unit: systemd finds no fault in it, and callgate works with no more rights than it gives.

No systemd runs here, so the test takes user, capabilities, system calls, address families and read-only
files from the unit and applies them itself (confined.py); calls with media pass then, and a reload.
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys

import callnet
import calls

HERE = os.path.dirname(os.path.abspath(__file__))
CONF = os.path.join(HERE, '../../conf')
UNIT = os.path.join(CONF, 'callgate.service')
DROP_INS = os.path.join(CONF, 'callgate.service.d')
EXPOSURE_MAX = 2.5    # of ten, as systemd-analyze reckons


def unit_is_sound(network):
    """Verified with each drop-in in its place; paths of the build instead of the installed ones."""
    for name in ('', *sorted(os.listdir(DROP_INS))):
        folder = network.path(f'units-{name.removesuffix(".conf")}')
        os.makedirs(os.path.join(folder, 'callgate.service.d'))
        with open(UNIT, encoding='utf-8') as file:
            text = file.read().replace('/usr/bin/callgate', os.path.abspath(callnet.CALLGATE))
        path = os.path.join(folder, 'callgate.service')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        if name:
            shutil.copy(os.path.join(DROP_INS, name), os.path.join(folder, 'callgate.service.d'))
        done = subprocess.run(['systemd-analyze', 'verify', '--man=no', '--recursive-errors=no', path],
                              capture_output=True, text=True, check=False)
        callnet.check(done.returncode == 0 and not done.stdout + done.stderr,
                      f'{name or "the unit"}: {done.stdout}{done.stderr}')
    path = network.path('units-/callgate.service')    # without any drop-in
    done = subprocess.run(['systemd-analyze', 'security', '--offline=yes', path],
                          capture_output=True, text=True, check=False)
    level = re.search(r'exposure level for callgate\.service: ([\d.]+)', done.stdout)
    callnet.check(level and float(level[1]) <= EXPOSURE_MAX, f'exposure: {done.stdout[-300:]}')


class Confined(callnet.Appliance):
    """callgate as the unit lets it run, its runtime folder in the test's own."""

    def __init__(self, network, workers, driver):
        super().__init__(network, workers, driver)
        self.drop_ins = [os.path.join(DROP_INS, f'{driver}.conf')] if driver != 'af_packet' else []

    @property
    def socket_path(self):
        return self.network.path(f'run/dpdk/{self.prefix}/dpdk_telemetry.v2')

    def start(self):
        self.network.appliance = self
        run = self.network.path('run')
        os.makedirs(run)
        shutil.copy(callnet.CALLGATE, self.network.path('callgate'))
        os.chmod(self.network.folder, 0o755)
        os.chown(run, 64999, 64999)
        self.process = self.network.start(
            self.network.router, 'env', f'RUNTIME_DIRECTORY={run}', sys.executable, '-B',
            os.path.join(HERE, 'confined.py'), run, UNIT, *self.drop_ins, '--',
            self.network.path('callgate'), '-c', self.file,
            output='callgate.out', error='callgate.log')
        callnet.wait_until(self.ready, callnet.READY_S, 'callgate answers')
        return self


def test(network):
    parser = argparse.ArgumentParser()
    parser.add_argument('--driver', default='af_packet')
    driver = parser.parse_args().driver
    unit_is_sound(network)
    hosts = calls.hosts_add(network, 2)
    appliance = Confined(network, 2, driver).start()
    with open(f'/proc/{appliance.process.pid}/status', encoding='utf-8') as status:
        fields = dict(line.split(':', 1) for line in status)
    callnet.check(fields['Uid'].split() == ['64999'] * 4 and fields['NoNewPrivs'].strip() == '1' and
                  fields['Seccomp'].strip() == '2', f'it is confined: {fields}')
    mode = os.stat(appliance.socket_path).st_mode & 0o777
    callnet.check(mode & 0o077 == 0, f'others may use the telemetry socket: {mode:o}')
    caller = calls.Party(hosts['inside'], 'caller', target=f'{calls.OUTSIDE}:5060', calls=5)
    callee = calls.Party(hosts['outside'], 'callee', calls=5, base=calls.OUTSIDE_BASE)
    calls.parties_start([caller], [callee])
    calls.parties_check([caller], [callee])
    calls.check_nothing_left(appliance)
    os.kill(appliance.process.pid, signal.SIGHUP)
    callnet.wait_until(lambda: 'configuration reloaded' in network.text('callgate.log'), 5,
                       'SIGHUP reloads')
    appliance.stop()


if shutil.which('systemd-analyze') is None:
    print('needs systemd-analyze')
    sys.exit(callnet.SKIPPED)
callnet.main(test)
