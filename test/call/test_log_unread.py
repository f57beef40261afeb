# SPDX-License-Identifier: BSD-3-Clause
"""Standard error is a pipe that nobody reads, and a flood of lines at level debug fills it: calls go on
as ever, callgate answers and ends; lines that are lost are counted, and the next one says how many."""
import argparse
import fcntl
import os
import re
import time

import callnet
import calls
from callnet import check, wait_until

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=2)
options = parser.parse_args()

PIPE_BYTES = 16384
FILLER = b'callgate: '.ljust(63, b'.') + b'\n'      # divides it
FLOOD_S = 5
UNREADABLE = b'INVITE sip:b@example.org SIP/2.0\r\nThis is no header\r\n\r\n'


class Pipe:
    """What callgate opens as its log."""

    def __init__(self, network):
        self.path = network.path('callgate.log')
        os.mkfifo(self.path)
        self.file = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(self.file, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def fill(self):
        try:
            while True:
                os.write(self.file, FILLER)
        except BlockingIOError:
            pass

    def read(self):
        text = b''
        try:
            while True:
                text += os.read(self.file, 65536)
        except BlockingIOError:
            return text.decode()


def flood(host, seconds):
    """Datagrams that callgate cannot read, from many ports so that all workers have some; how many."""
    end, sent = time.monotonic() + seconds, 0
    senders = host.sockets(range(6000, 6016))
    while time.monotonic() < end:
        for sender in senders:
            sender.sendto(UNREADABLE, (calls.OUTSIDE, 5060))
        sent += len(senders)
        time.sleep(0.01)
    for sender in senders:
        sender.close()
    return sent


def test(network):
    hosts = calls.hosts_add(network, options.workers)
    appliance = callnet.Appliance(network, options.workers)
    pipe = Pipe(network)
    appliance.start()
    os.unlink(pipe.path)        # whoever opened it after a failure would wait
    wait_until(lambda: 'running with' in pipe.read(), 5, 'the log goes into the pipe')
    check(appliance.ask('/callgate/log/level,all,debug')['sip'] == 'debug', 'all modules at once')
    pipe.fill()
    caller = calls.Party(hosts['inside'], 'caller', target=f'{calls.OUTSIDE}:5060',
                         hold_ms=1000 * FLOOD_S)
    callee = calls.Party(hosts['outside'], 'callee', base=calls.OUTSIDE_BASE)
    calls.parties_start([caller], [callee])
    sent = flood(hosts['inside'], FLOOD_S)
    calls.parties_check([caller], [callee])
    wait_until(lambda: appliance.show('sip', 'statistics')['malformed'] == sent, 5, f'{sent} unreadable')
    lost = appliance.show('events')['log_lost']
    check(lost > 0, 'lines were lost')
    check('missing' not in pipe.read(), 'not yet told')
    flood(hosts['inside'], 0.1)
    text = ''

    def told():
        nonlocal text
        text += pipe.read()
        return re.search(r'^callgate: (\d+) lines are missing here$', text, re.M)
    wait_until(told, 5, 'how many lines are missing')
    # One that was cut by the end of the pipe would have shown: each is whole.
    check(int(told()[1]) >= lost and all(line.startswith('callgate: ') for line in text.splitlines())
          and 'SIP message of 10.0.1.2 cannot be read: ' in text, f'{lost} lost: {text[:2000]}')
    calls.check_nothing_left(appliance)
    appliance.stop()


callnet.main(test)
