# SPDX-License-Identifier: BSD-3-Clause
"""The exporter's service unit: systemd finds no fault in it, and callgate-exporter works with no more rights
than it gives. What callgate's unit runs after the start opens the telemetry socket to it, and nothing else."""
import os
import shutil
import sys

import callnet
import confined
import scrape
import service
from callnet import check

EXPOSURE_MAX = 1.6    # of ten, as systemd-analyze reckons


def test(network):
    path = service.unit_is_sound(network, service.EXPORTER_UNIT,
                                 {'/usr/bin/callgate-exporter': scrape.EXPORTER})
    service.exposure_check(path, EXPOSURE_MAX)
    with open(service.EXPORTER_UNIT, encoding='utf-8') as file:
        check('--socket /run/dpdk/callgate/dpdk_telemetry.v2 --listen 127.0.0.1:9560\n' in file.read(),
              'the socket of the other unit, the port of the docs')
    network.host_add('inside', '10.0.1.2', 'lan0')
    network.host_add('outside', '203.0.113.2', 'wan0')
    appliance = service.Confined(network, 1, 'af_packet').start()
    program = shutil.copy(scrape.EXPORTER, network.path('callgate-exporter'))
    nothing = network.path('nothing')
    os.mkdir(nothing)
    exporter = scrape.Exporter(network, network.router, appliance.socket_path, program,
                               service.command(nothing, service.EXPORTER_UNIT)).start()
    fields = service.status_check(exporter.process.pid, confined.DYNAMIC_USER, [confined.TELEMETRY])
    for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
        check(int(fields[name][0], 16) == 0, f'{name}: {fields[name]}')
    check(exporter.scrape().value('callgate_up') == 0, 'the socket is callgate\'s alone')
    check('permission denied' in network.text('exporter.log'), network.text('exporter.log'))
    appliance.started()
    check(exporter.scrape().value('callgate_up') == 1, 'it is the group\'s, too')
    folder = os.path.dirname(appliance.socket_path)
    for name in os.listdir(folder):
        status = os.stat(os.path.join(folder, name))
        opened = name == 'dpdk_telemetry.v2'
        check(status.st_mode & 0o077 == (0o060 if opened else 0) and
              status.st_gid == (confined.TELEMETRY if opened else confined.USER),
              f'{name}: mode {status.st_mode:o}, group {status.st_gid}')
    exporter.stop()
    appliance.stop()


if shutil.which('systemd-analyze') is None:
    print('needs systemd-analyze')
    sys.exit(callnet.SKIPPED)
callnet.main(test)
