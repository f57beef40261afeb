# SPDX-License-Identifier: BSD-3-Clause
"""The service unit: systemd finds no fault in it, and callgate works with no more rights than it gives.

No systemd runs here, so the test applies to it what the unit says (service.py); calls with media pass then,
and a reload.
"""
import argparse
import os
import shutil
import signal
import sys

import callnet
import calls
import confined
import service

EXPOSURE_MAX = 2.5    # of ten, as systemd-analyze reckons
CALLS = 5


def units_are_sound(network):
    """With each drop-in in its place."""
    programs = {'/usr/bin/callgate': callnet.CALLGATE}
    path = service.unit_is_sound(network, service.UNIT, programs)
    service.exposure_check(path, EXPOSURE_MAX)
    for name in sorted(os.listdir(service.DROP_INS)):
        service.unit_is_sound(network, service.UNIT, programs, os.path.join(service.DROP_INS, name))


def test(network):
    parser = argparse.ArgumentParser()
    parser.add_argument('--driver', default='af_packet')
    driver = parser.parse_args().driver
    units_are_sound(network)
    hosts = calls.hosts_add(network, 2)
    appliance = service.Confined(network, 2, driver).start()
    service.status_check(appliance.process.pid, confined.USER, [confined.TELEMETRY])
    mode = os.stat(appliance.socket_path).st_mode & 0o777
    callnet.check(mode & 0o077 == 0, f'others may use the telemetry socket: {mode:o}')
    caller = calls.Party(hosts['inside'], 'caller', target=f'{calls.OUTSIDE}:5060', calls=CALLS)
    callee = calls.Party(hosts['outside'], 'callee', calls=CALLS, base=calls.OUTSIDE_BASE)
    calls.parties_start([caller], [callee])
    calls.parties_check([caller], [callee])
    calls.check_nothing_left(appliance)
    records = f'/proc/{appliance.process.pid}/root/var/log/callgate/cdr.json'
    callnet.wait_until(lambda: os.path.exists(records) and len(open(records).readlines()) == CALLS, 5,
                       'a record of each call in the log folder')
    os.kill(appliance.process.pid, signal.SIGHUP)
    callnet.wait_until(lambda: 'configuration reloaded' in network.text('callgate.log'), 5,
                       'SIGHUP reloads')
    appliance.stop()


if shutil.which('systemd-analyze') is None:
    print('needs systemd-analyze')
    sys.exit(callnet.SKIPPED)
callnet.main(test)
