#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Stands in for systemctl and journalctl where no systemd runs, for one unit at a time: does what its
ExecStart= and ExecReload= say, and waits until the service says that it is ready.

Called by either name. SERVICE_UNITS: where the unit files are; SERVICE_FOLDER: where process ids and logs
are kept.
"""
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time

NAME = next((word for word in sys.argv[1:] if word.startswith('callgate')), '')
UNIT = os.path.join(os.environ['SERVICE_UNITS'], f'{NAME}.service')
FOLDER = os.environ['SERVICE_FOLDER']
PID, LOG = os.path.join(FOLDER, f'{NAME}.pid'), os.path.join(FOLDER, f'{NAME}.log')
READY_S, STOP_S = 30, 15


def lines(name):
    """Commands of the unit; what it calls /usr/bin/NAME is found in PATH."""
    with open(UNIT, encoding='utf-8') as file:
        return [shlex.split(line.replace('/usr/bin/', ''))
                for line in re.findall(rf'^{name}=(.*)$', file.read(), re.M)]


def main_pid():
    try:
        with open(PID) as file:
            pid = int(file.read())
        with open(f'/proc/{pid}/stat') as file:
            # one that has ended and whose parent nobody is stays as a zombie here
            return 0 if file.read().rsplit(')', 1)[1].split()[0] == 'Z' else pid
    except (OSError, ValueError):
        return 0


def wait(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f'{what}: not within {seconds} s')
        time.sleep(0.02)


def start():
    if main_pid():
        return
    command, = lines('ExecStart')
    path = os.path.join(FOLDER, f'{NAME}.notify')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, open(LOG, 'ab') as log:
        if os.path.exists(path):
            os.unlink(path)
        manager.bind(path)
        manager.settimeout(READY_S)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True, env={**os.environ, 'NOTIFY_SOCKET': path})
        try:
            while b'READY=1' not in manager.recv(4096):
                pass
        except TimeoutError:
            sys.exit('the service is not ready')
    with open(PID, 'w') as file:
        file.write(str(process.pid))


def stop():
    pid = main_pid()
    if pid:
        os.kill(pid, signal.SIGTERM)
        wait(lambda: not main_pid(), STOP_S, 'stop')


def reload():
    for command in lines('ExecReload'):
        subprocess.run([word.replace('$MAINPID', str(main_pid())) for word in command], check=True)


def main():
    if not NAME or not os.path.exists(UNIT):
        sys.exit(f'no such unit: {sys.argv[1:]}')
    if os.path.basename(sys.argv[0]) == 'journalctl':
        with open(LOG, errors='replace') as file:
            print(file.read())
        return
    verb, *rest = sys.argv[1:]
    if verb == 'enable' and '--now' in rest or verb == 'start':
        start()
    elif verb == 'restart':
        stop()
        start()
    elif verb == 'stop':
        stop()
    elif verb == 'reload':
        reload()
    elif verb == 'status':
        print(f'{NAME}.service, main process {main_pid()}')
        sys.exit(0 if main_pid() else 3)
    else:
        sys.exit(f'unknown: {verb}')


main()
