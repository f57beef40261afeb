# SPDX-License-Identifier: BSD-3-Clause
"""callgatectl on a terminal of the test's own, and a telemetry socket that it asks."""
import fcntl
import json
import os
import pty
import select
import socket
import struct
import subprocess
import termios
import threading

CTL = os.environ['CALLGATECTL']
WAIT_S = 20


class Appliance:
    """A telemetry socket. `answer(name)` is the test's; `ended()` says that no more answers come."""

    def __init__(self, path):
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.send(json.dumps({'version': 'x'}).encode())
                while request := connection.recv(1024):
                    if self.ended():
                        break
                    name = request.decode()
                    connection.send(json.dumps({name: self.answer(name)}).encode())


class Terminal:
    """callgatectl on a terminal: what it writes to it, and what it says on standard error."""

    def __init__(self, *words, lines, columns, term):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack('HHHH', lines, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen([CTL, *words], stdin=self.slave, stdout=self.slave,
                                        preexec_fn=self.own, stderr=subprocess.PIPE,
                                        env={**os.environ, 'TERM': term})
        self.text = b''

    def own(self):
        """In the child: a session whose terminal this is, so that Ctrl-C on it is a signal."""
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def read_until(self, condition, what):
        while not condition(self.text):
            ready = select.select([self.master], [], [], WAIT_S)[0]
            assert ready, f'{what} did not come: {self.text!r}'
            self.text += os.read(self.master, 65536)
        return self.text

    def read_rest(self, wait_s):
        """Until nothing came for so long."""
        while select.select([self.master], [], [], wait_s)[0]:
            self.text += os.read(self.master, 65536)

    def end(self):
        """Exit status and standard error; the terminal is as it was."""
        while self.process.poll() is None:
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 65536)
        error = self.process.stderr.read().decode()
        self.read_rest(0)
        assert termios.tcgetattr(self.slave) == self.before
        os.close(self.slave)
        os.close(self.master)
        return self.process.returncode, error
