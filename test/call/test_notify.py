# SPDX-License-Identifier: BSD-3-Clause
"""What callgate tells a service manager, heard without one: ready when it is, reload and its refusal,
stop; and the watchdog, which is fed only as long as each worker turns."""
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

CALLGATE = os.environ['CALLGATE']
PREFIX = f'callgate-test-{os.getpid()}'
SOCKET = f'/var/run/dpdk/{PREFIX}/dpdk_telemetry.v2'
WATCHDOG_S = 3
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
CONFIG = '''
system: { control_core = 0; worker_cores = [0, 1]; file_prefix = "%s"; max_flows = 4096;
  max_calls = 1024; };
ports: ( { name = "lan0"; driver = "null"; }, { name = "wan0"; driver = "%s"; device = "nowhere0"; } );
interfaces: ( { name = "lan"; port = "lan0"; addresses = ["10.0.0.1/24"]; },
              { name = "wan"; port = "wan0"; addresses = ["203.0.113.1/24"]; } );
'''
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, folder):
        self.path = os.path.join(folder, 'notify')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.fed = 0

    def hear(self, seconds):
        """The next message as a dictionary, or None."""
        self.socket.settimeout(seconds)
        try:
            text = self.socket.recv(4096).decode()
        except TimeoutError:
            return None
        message = dict(line.split('=', 1) for line in text.splitlines())
        self.fed += 'WATCHDOG' in message
        return message

    def wait(self, name, seconds=30):
        """The next message that says `name`; whether the watchdog was fed meanwhile does not matter."""
        end = time.monotonic() + seconds
        while True:
            message = self.hear(max(end - time.monotonic(), 0.01))
            assert message is not None, f'no {name} within {seconds} s'
            if name in message:
                return message
            assert set(message) == {'WATCHDOG'}, f'{message} before {name}'

    def falls_silent(self):
        """Whether nothing comes for longer than the watchdog waits; what was on its way may come."""
        while self.hear(0.01) is not None:
            pass
        return any(self.hear(1.5 * WATCHDOG_S) is None for _ in range(2))


def start(path, manager, watchdog=True):
    environment = {**os.environ, 'NOTIFY_SOCKET': manager.path}
    environment.pop('WATCHDOG_PID', None)
    if watchdog:
        environment['WATCHDOG_USEC'] = str(WATCHDOG_S * 1000000)
    return subprocess.Popen([CALLGATE, '-c', path], stderr=subprocess.PIPE, text=True,
                            env=environment)


def is_up():
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.settimeout(5)
        client.connect(SOCKET)
        client.recv(1024)
        client.send(b'/callgate/ports')
        return b'wan0' in client.recv(65536)
    return False


def worker_thread(pid, number):
    """The thread id of a worker lcore, by the name that EAL gives it."""
    for thread in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{thread}/comm') as name:
            if name.read().strip() in (f'rte-worker-{number}', f'lcore-worker-{number}'):
                return int(thread)
    raise AssertionError(f'no thread of worker {number}')


@contextlib.contextmanager
def stopped(thread):
    """One thread of a process stands still, all others go on."""
    def ptrace(request):
        assert libc.ptrace(request, thread, None, None) == 0, os.strerror(ctypes.get_errno())
    ptrace(PTRACE_SEIZE)
    ptrace(PTRACE_INTERRUPT)
    os.waitpid(thread, 0x40000000)    # __WALL
    try:
        yield
    finally:
        ptrace(PTRACE_DETACH)


def stop(process, manager):
    process.send_signal(signal.SIGTERM)
    manager.wait('STOPPING')
    status, log = process.wait(20), process.stderr.read()
    assert status == 0, (status, log)


def ready_reload_stop(path, manager):
    process = start(path, manager)
    message = manager.wait('READY')
    assert message['STATUS'] == 'running with 2 workers', message
    assert is_up(), 'it is ready and does not answer for its ports'
    for _ in range(3):
        manager.wait('WATCHDOG')
    for change, status in ((lambda text: text, 'running with the configuration reloaded'),
                           (lambda text: text + 'nonsense = 1;\n',
                            'running; the last reload was refused, the log says why')):
        with open(path, 'r+') as file:
            text = change(file.read())
            file.seek(0)
            file.write(text)
        process.send_signal(signal.SIGHUP)
        assert int(manager.wait('RELOADING')['MONOTONIC_USEC']) > 0
        message = manager.wait('READY')
        assert message['STATUS'] == status, message
    manager.wait('WATCHDOG')
    stop(process, manager)


def watchdog(path, manager):
    """A worker that stands starves it, the others and the control lcore may turn as they like."""
    process = start(path, manager)
    manager.wait('READY')
    manager.wait('WATCHDOG')
    for number in (1, 2):
        with stopped(worker_thread(process.pid, number)):
            assert manager.falls_silent(), f'worker {number} stands, and the watchdog is fed'
            assert is_up(), 'the rest goes on'
        manager.wait('WATCHDOG')
    with stopped(process.pid):    # the control lcore
        assert manager.falls_silent(), 'the control lcore stands, and the watchdog is fed'
    manager.wait('WATCHDOG')
    stop(process, manager)


def without(path, manager):
    """Nobody asked for a watchdog: none is fed; a start that fails is never ready."""
    process = start(path, manager, watchdog=False)
    manager.wait('READY')
    fed = manager.fed
    manager.hear(1)
    stop(process, manager)
    assert manager.fed == fed, 'a watchdog that nobody asked for'
    with open(path, 'w') as file:
        file.write(CONFIG % (PREFIX, 'af_packet'))
    process = start(path, manager)
    assert process.wait(20) == 1, process.stderr.read()
    assert 'nowhere0' in process.stderr.read()
    assert manager.hear(0.1) is None, 'told anything of a start that failed'


def main():
    if os.geteuid() != 0:
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'callgate.conf')
        manager = Manager(folder)
        for part in (ready_reload_stop, watchdog, without):
            with open(path, 'w') as file:
                file.write((CONFIG % (PREFIX, 'null')).replace(' device = "nowhere0";', ''))
            part(path, manager)
    print('ok')


main()
