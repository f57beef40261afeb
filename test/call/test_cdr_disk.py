# SPDX-License-Identifier: BSD-3-Clause
"""The disk of the call detail records runs full: calls go on, no line is half a line, what is missing is counted
and told, and with room again records are written again."""
import json
import os
import re

import callnet
import calls
from callnet import check, run, wait_until
from cdr import Records

FEW = 20
DISK = 'size=64k'       # of pages of 4 KiB; a record of these calls has some 500 bytes


def refused(hosts, number):
    """Calls without media, each with its record."""
    caller = calls.Party(hosts['inside'], 'caller_refused', FEW, media=False, rate=50,
                         target=f'{calls.OUTSIDE}:5060', name=number)
    callee = calls.Party(hosts['outside'], 'callee_refuses', FEW, media=False,
                         base=calls.OUTSIDE_BASE, name=number)
    calls.parties_start([caller], [callee])
    calls.parties_check([caller], [callee])


def counted(appliance):
    events = appliance.show('events')
    check(events['cdr_dropped'] == 0, f'{events}')
    return events['cdr_lines'], events['cdr_unwritten']


def whole(records, count):
    """The file has so many lines, all of them whole."""
    with open(records.path, 'rb') as file:
        text = file.read()
    lines = text.split(b'\n')
    check(lines.pop() == b'', f'the last line has its end: {text[-200:]}')
    check(len(lines) == count and all(json.loads(line)['reason'] == 'refused' for line in lines),
          f'{len(lines)} lines of {count}')


def disk_test(network, disk):
    hosts = calls.hosts_add(network)
    appliance = callnet.Appliance(network)
    records = Records(network, os.path.join(disk, 'cdr.json'))
    records.configure(appliance)
    appliance.start()
    refused(hosts, 1)
    wait_until(lambda: counted(appliance) == (FEW, 0), 5, 'all are written')
    whole(records, FEW)
    filler = os.open(os.path.join(disk, 'filler'), os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(filler, b'.' * 512)
    except OSError:
        pass
    refused(hosts, 2)
    wait_until(lambda: sum(counted(appliance)) == 2 * FEW, 5, 'each is written or counted')
    written, missing = counted(appliance)
    check(missing > 0, f'{written} written, {missing} not')
    whole(records, written)
    os.ftruncate(filler, 0)
    refused(hosts, 3)
    wait_until(lambda: counted(appliance) == (written + FEW, missing), 5, 'it goes on by itself')
    whole(records, written + FEW)
    lost = [line for line in network.text('callgate.log').splitlines() if 'call detail records' in line]
    check(len(lost) == 2 and 'No space left' in lost[0]
          and re.search(f'; {missing} are missing$', lost[1]), f'{missing} missing: {lost}')
    appliance.stop()


def test(network):
    disk = network.path('disk')
    os.mkdir(disk)
    run('mount', '-t', 'tmpfs', '-o', DISK, 'tmpfs', disk)
    try:
        disk_test(network, disk)
    finally:
        if network.appliance and network.appliance.process:
            network.end(network.appliance.process)
        run('umount', '-l', disk)


callnet.main(test)
