# SPDX-License-Identifier: BSD-3-Clause
"""`callgatectl trace` and `callgatectl capture` for the tests of the two, and what tshark reads in their files."""
import os
import signal
import subprocess

import callnet
from callnet import check


class Client:
    """One that runs. `words` begin with the command."""

    def __init__(self, network, appliance, name, *words):
        self.network, self.name = network, name
        self.out = open(network.path(f'{name}.out'), 'wb')
        self.error = open(network.path(f'{name}.error'), 'wb')
        self.process = subprocess.Popen(
            [os.path.abspath(callnet.CALLGATECTL), '--socket', appliance.socket_path, *words],
            stdout=self.out, stderr=self.error, cwd=network.folder)
        network.processes.append(self.process)

    def wait(self, wanted=0):
        """Lines that it printed, and what it said on standard error."""
        status = self.process.wait(20)
        said = self.network.text(f'{self.name}.error')
        check(status == wanted, f'{self.name}: {status}: {said}')
        return self.network.text(f'{self.name}.out').splitlines(), said

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.wait()


def tshark(network, file, fields, *more):
    """Rows of fields, as it reads them from the file."""
    names = [word for field in fields for word in ('-e', field)]
    done = subprocess.run(['tshark', '-r', network.path(file), '-T', 'fields', '-E', 'separator=|',
                           '-E', 'aggregator=~', *names, *more], capture_output=True, text=True)
    check(done.returncode == 0, f'tshark: {done.stderr}')
    return [line.split('|') for line in done.stdout.splitlines()]
