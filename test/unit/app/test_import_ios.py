#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""`callgatectl import-ios` against what import_ios/ holds: of each NAME.ios the configuration
NAME.conf and the messages NAME.messages; each configuration passes callgate --check. And the
command's own errors. Usage: test_import_ios.py CALLGATE CALLGATECTL [--write]: write them anew."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'import_ios')
OPTIONS = {
    'branch_office': ['--port', 'GigabitEthernet0/0/1=0000:3b:00.0', '--port', 'te0/1/0=eth3'],
    'three_examples': ['--port', 'gi0/0/0=af_packet:eth0', '--port', 'gi0/1/1=eth1',
                       '--address', 'gi0/0/0=10.0.0.1/24', '--address', 'gi0/1/1=203.0.113.1/24'],
}
INTERFACE = 'interface Gi0/0\n ip address 10.0.0.1 255.255.255.0\n'
# arguments, standard input, exit status, what the messages hold
ERRORS = [
    ([], '', 2, 'usage: '),
    (['no/such/file'], '', 1, 'no/such/file: No such file'),
    (['--port', 'gi0/0', '-'], INTERFACE, 2, 'not INTERFACE=VALUE'),
    (['--port', 'gi0/1=eth0', '-'], INTERFACE, 2, 'no such interface'),
    (['--address', 'gi0/0=10.0.0.999/24', '-'], INTERFACE, 2, '10.0.0.999/24'),
    (['--port', 'gi0/0=pci:eth0', '-'], INTERFACE, 2, 'allowed with driver pci'),
    (['--nothing', '-'], INTERFACE, 2, 'unrecognized option'),
    (['-'], '', 0, 'no interface that callgate can have'),
]


def run(*command, text=''):
    return subprocess.run(command, cwd=HERE, input=text, capture_output=True, text=True)


def compare(name, kind, made, write, wrong):
    path = os.path.join(HERE, f'{name}.{kind}')
    if write:
        with open(path, 'w') as file:
            file.write(made)
    with open(path) as file:
        wanted = file.read()
    if made != wanted:
        lines = zip(made.splitlines() + [''], wanted.splitlines() + [''])
        first = next((pair for pair in lines if pair[0] != pair[1]), ('(end)', '(end)'))
        wrong.append(f'{name}.{kind} has\n  {first[1]}\nbut there came\n  {first[0]}')


def check(callgate, name, text, wrong):
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
        file.write(text)
        file.flush()
        done = run(callgate, '--check', '-c', file.name)
    if done.returncode != 0:
        wrong.append(f'{name}: --check says {done.returncode}: {done.stdout}{done.stderr}')


def main():
    callgate, callgatectl, write = *map(os.path.abspath, sys.argv[1:3]), sys.argv[3:] == ['--write']
    names = sorted(name[:-4] for name in os.listdir(HERE) if name.endswith('.ios'))
    wrong = []
    for name in names:
        done = run(callgatectl, 'import-ios', *OPTIONS.get(name, []), f'{name}.ios')
        if done.returncode != 0:
            wrong.append(f'{name}: exit status {done.returncode}: {done.stderr}')
            continue
        compare(name, 'conf', done.stdout, write, wrong)
        compare(name, 'messages', done.stderr, write, wrong)
        check(callgate, name, done.stdout, wrong)
    for arguments, text, status, message in ERRORS:
        done = run(callgatectl, 'import-ios', *arguments, text=text)
        if done.returncode != status or message not in done.stderr:
            wrong.append(f'{arguments}: {done.returncode} is not {status}, or no "{message}" in: '
                         f'{done.stderr}')
        if status != 0 and done.stdout:
            wrong.append(f'{arguments}: writes a configuration')
    print(f'{len(names)} files, {len(ERRORS)} errors of usage, {len(wrong)} wrong')
    print('\n'.join(wrong))
    sys.exit(1 if wrong or len(names) < 2 else 0)


main()
