# SPDX-License-Identifier: BSD-3-Clause
"""One process: stopped while it starts, started twice, killed and started again, asked nonsense."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

CALLGATE = os.environ['CALLGATE']
PREFIX = f'callgate-test-{os.getpid()}'
SOCKET = f'/var/run/dpdk/{PREFIX}/dpdk_telemetry.v2'
CONFIG = '''
system: { control_core = 0; worker_cores = [0]; file_prefix = "%s"; max_flows = 4096;
  max_calls = 1024; };
ports: ( { name = "lan-0"; driver = "null"; }, { name = "lan.0"; driver = "null"; } );
interfaces: (
  { name = "lan"; port = "lan-0"; addresses = ["10.0.0.1/24"]; nat = "inside"; },
  { name = "wan"; port = "lan.0"; addresses = ["203.0.113.1/24"]; nat = "outside"; } );
nat: { rules: ( { kind = "dynamic"; inside = ["10.0.0.0/24"]; interface = "wan"; } ); };
'''
NONSENSE = ['', ',', '-1', '0x10', 'abc', '%n%s', '"', '1,2,3', '64,0', '4294967295', '4294967296',
            '18446744073709551614', '18446744073709551615', '99999999999999999999', 'A' * 900]


class Client:
    """A client of the telemetry socket."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(10)
        self.socket.connect(SOCKET)
        self.socket.recv(1024)

    def ask(self, request):
        self.socket.send(request.encode()[:1023])
        return self.socket.recv(65536)


def start(path):
    return subprocess.Popen([CALLGATE, '-c', path], stderr=subprocess.PIPE, text=True)


def wait_caught(process):
    """Until SIGTERM no longer kills: how soon depends on the machine's load."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read()
        with open(f'/proc/{process.pid}/status') as status:
            fields = dict(line.split(':', 1) for line in status)
        if int(fields['SigCgt'], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.005)
    raise AssertionError('callgate does not catch SIGTERM')


def wait_up(process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read()
        with contextlib.suppress(OSError):
            if b'flows' in Client().ask('/callgate/summary'):
                return
        time.sleep(0.05)
    raise AssertionError('callgate does not come up')


def stop(process):
    process.send_signal(signal.SIGTERM)
    status, log = process.wait(20), process.stderr.read()
    assert status == 0, (status, log)
    return log


def test(path):
    for delay in (None, 0, 0.05, 0.1, 0.2, 0.4):  # SIGTERM while it starts
        process = start(path)
        if delay is not None:
            wait_caught(process)
            time.sleep(delay)
        process.send_signal(signal.SIGTERM)
        status = process.wait(20)
        assert status == 0 or delay is None and status == -signal.SIGTERM, (delay, status)
        process.stderr.close()

    process = start(path)
    wait_up(process)
    second = start(path)
    assert second.wait(20) == 1
    assert f'process {process.pid} runs with system.file_prefix "{PREFIX}"' in second.stderr.read()
    assert b'flows' in Client().ask('/callgate/summary')
    process.kill()
    process.wait()

    process = start(path)  # at once: nothing of the killed one is in the way
    wait_up(process)
    client = Client()
    commands = [c for c in json.loads(client.ask('/'))['/'] if c.startswith('/callgate/')]
    assert len(commands) > 10, commands
    for command in commands:
        for parameters in NONSENSE:
            json.loads(client.ask(f'{command},{parameters}'))
    assert b'"flows":0' in client.ask('/callgate/summary')
    ports = json.loads(client.ask('/callgate/ports'), object_pairs_hook=list)[0][1]
    assert [key for key, _ in ports] == ['lan_0', 'lan_0/2'], ports

    def hammer(seed):
        with contextlib.suppress(OSError):
            hammering = Client()
            for n in range(100000):
                hammering.ask(commands[(seed + n) % len(commands)])

    threads = [threading.Thread(target=hammer, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    log = stop(process)  # in the midst of requests
    assert 'stopping' in log, log
    for thread in threads:
        thread.join()


def main():
    if os.geteuid() != 0:
        sys.exit(77)
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
        file.write(CONFIG % PREFIX)
        file.flush()
        test(file.name)


main()
