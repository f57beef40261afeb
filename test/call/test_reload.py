# SPDX-License-Identifier: BSD-3-Clause
"""Reloads in the middle of calls with media, over UDP and TCP: by SIGHUP and by command, of files that
change the policy and of faulty ones. Every call goes on to its end, no packet is missing, no connection
is lost, and what a faulty file says is in force nowhere."""
import argparse
import os
import signal
import subprocess
import time

import callnet
import calls
from callnet import check, wait_until

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=2)
parser.add_argument('--driver', default='af_packet')
options = parser.parse_args()
COUNT = 20
HOLD_MS = 4000
DROP = '{ class = "class-default"; action = "drop"; }'
INSPECT = '{ class = "class-default"; action = "inspect"; }'
FAULTY = (
    (DROP, '{ class = "class-default"; action = "perhaps"; }', 'perhaps'),
    ('max_calls = 4096', 'max_calls = 8192', 'max_calls'),
    ('zones: [', 'zones: ', 'syntax'),
)


class File:
    """The configuration file: what it is, with one thing changed."""

    def __init__(self, appliance):
        self.path = appliance.file
        with open(self.path, encoding='utf-8') as file:
            self.text = file.read()

    def write(self, before='', after=''):
        check(before in self.text, f'{before!r} is in the configuration')
        # As an editor does: nobody sees half of it.
        with open(f'{self.path}.new', 'w', encoding='utf-8') as file:
            file.write(self.text.replace(before, after, 1) if before else self.text)
        os.rename(f'{self.path}.new', self.path)


def loaded(appliance):
    return appliance.network.text('callgate.log').count('configuration reloaded')


def reload_all(appliance, file):
    """Every kind of reload once. How many were taken."""
    taken = 0
    for before, after in ((DROP, INSPECT), ('', '')):
        file.write(before, after)
        before = loaded(appliance)
        os.kill(appliance.process.pid, signal.SIGHUP)
        wait_until(lambda: loaded(appliance) > before, 5, 'SIGHUP reloads')
        done = subprocess.run([callnet.CALLGATECTL, '--socket', appliance.socket_path, 'reload'],
                              capture_output=True, text=True, check=False)
        check(done.returncode == 0, f'reload: {done.stdout}{done.stderr}')
        taken += 2
    for before, after, what in FAULTY:
        file.write(before, after)
        answer = appliance.ask('/callgate/reload')
        check('reloaded' not in answer and any(what in fault for fault in answer['faults']), f'{answer}')
        refusals = appliance.network.text('callgate.log').count('reload refused')
        os.kill(appliance.process.pid, signal.SIGHUP)
        wait_until(lambda: appliance.network.text('callgate.log').count('reload refused') > refusals, 5,
                   'a faulty file is refused at SIGHUP, too')
    os.unlink(file.path)
    check('faults' in appliance.ask('/callgate/reload'), 'no file')
    file.write()
    return taken


def calls_over(appliance, hosts, file, transport):
    caller = calls.Party(hosts['inside'], 'caller', COUNT, target=f'{calls.OUTSIDE}:5060', rate=20,
                         hold_ms=HOLD_MS, transport=transport, name=transport)
    callee = calls.Party(hosts['outside'], 'callee', COUNT, base=calls.OUTSIDE_BASE, transport=transport,
                         name=transport)
    calls.parties_start([caller], [callee])
    wait_until(lambda: appliance.show('summary')['calls'] == COUNT, 15, 'calls are up')
    before = appliance.show('summary')
    rounds = taken = 0
    until = time.monotonic() + HOLD_MS / 2000
    while rounds == 0 or time.monotonic() < until:
        taken += reload_all(appliance, file)
        rounds += 1
    during = appliance.show('summary')
    check(during['calls'] == COUNT and during['media_doors'] == before['media_doors']
          and during['streams'] == before['streams'], f'{before} {during}')
    if transport != 'u1':
        check(during['streams'] > 0, f'{during}')
    # Every call complete, no packet of media lost, no connection ended.
    calls.parties_check([caller], [callee])
    calls.check_nothing_left(appliance)
    events = appliance.show('events')
    check(events['stream_aborted'] == 0 and events['tcp_sip_reset'] == 0, f'{events}')
    return taken


def test(network):
    hosts = calls.hosts_add(network, options.workers)
    appliance = callnet.Appliance(network, options.workers, options.driver).start()
    file = File(appliance)
    taken = calls_over(appliance, hosts, file, 'u1') + calls_over(appliance, hosts, file, 't1')
    check(loaded(appliance) == taken, f'{loaded(appliance)} reloads of {taken}')
    appliance.stop()


callnet.main(test)
