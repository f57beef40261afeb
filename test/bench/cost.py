#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a packet and an INVITE cost, in instructions, against what is recorded in costs.json.

Usage: cost.py BUILT PROGRAM... [--record]

Each PROGRAM (cost_pipeline and cost_invite: benchmarks linked as tests are) runs a few packets or messages under valgrind's callgrind, which
counts the instructions between entry and return of the functions that costs.json names. That is the same in
every run on every machine, whatever else goes on there; but another compiler or another DPDK make other code.
BUILT says what this build was made with, in the words of "built_with" there; where it differs nothing is
compared (exit 77).

Fails when a cost is more than 10 % above its record. Where that is meant, or where the code has become so much
cheaper that the record guards nothing: --record writes what was measured; the change of costs.json is part of
the commit that made it so, whose message says why.
"""
import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile

RECORD = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'costs.json')
ROOM_PERCENT = 10
SKIPPED = 77

# By program: its arguments, and the functions that are counted with what one call of each handles.
PROGRAMS = {
    'cost_pipeline': (['1000', '1'], {'packet of an established flow': ('whole_run', 32)}),
    'cost_invite': (['1000', '4'], {'new INVITE': ('new_run', 32),
                                     'repeated INVITE': ('repeated_run', 32)}),
}


def skip(reason):
    print(f'skipped: {reason}')
    sys.exit(SKIPPED)


def profile(program, arguments):
    """What callgrind writes of a run, with every name in full."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, 'out')
        done = subprocess.run(
            ['valgrind', '--tool=callgrind', f'--callgrind-out-file={out}', '--compress-strings=no',
             '--compress-pos=no', program, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f'{program} under valgrind: exit {done.returncode}\n{done.stdout}')
        with open(out, encoding='utf-8') as file:
            return file.read()


def instructions(text, function):
    """Instructions of one call of a function, with all that it calls, on average."""
    found = re.findall(rf'^cfn={function}\ncalls=(\d+) .*\n\S+ (\d+)$', text, re.M)
    if not found:
        sys.exit(f'{function}() was not seen')
    return sum(int(cost) for _, cost in found) / sum(int(calls) for calls, _ in found)


def measure(programs):
    costs = {}
    for program in programs:
        arguments, counted = PROGRAMS[os.path.basename(program)]
        text = profile(program, arguments)
        for name, (function, items) in counted.items():
            costs[name] = round(instructions(text, function) / items)
    return costs


def compare(record, costs):
    """Print a row for each cost; the number of those beyond their record."""
    worse = 0
    for name, cost in costs.items():
        known = record['instructions'].get(name)
        if known is None:
            print(f'{name}: {cost} instructions, and no record')
            worse += 1
            continue
        percent = 100 * (cost - known) / known
        print(f'{name}: {cost} instructions, recorded {known} ({percent:+.1f} %)')
        worse += percent > ROOM_PERCENT
        if percent < -ROOM_PERCENT:
            print('  much cheaper: lower the record, so that it guards what has been gained')
    return worse


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('built')
    parser.add_argument('programs', nargs='+')
    parser.add_argument('--record', action='store_true')
    arguments = parser.parse_args()
    with open(RECORD, encoding='utf-8') as file:
        record = json.load(file)
    built = f'{arguments.built} {platform.libc_ver()[1]}'
    if built != record['built_with'] and not arguments.record:
        skip(f'built with "{built}", the record with "{record["built_with"]}"')
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        if not re.search(r'^flags.* avx2\b', file.read(), re.M):
            skip('no AVX2 here: texts are scanned by other code')
    if subprocess.run(['sh', '-c', 'command -v valgrind'], stdout=subprocess.DEVNULL,
                      check=False).returncode != 0:
        skip('there is no valgrind')
    costs = measure(arguments.programs)
    if arguments.record:
        record['built_with'] = built
        record['instructions'].update(costs)
        with open(RECORD, 'w', encoding='utf-8') as file:
            file.write(json.dumps(record, indent='\t') + '\n')
    elif compare(record, costs):
        sys.exit(f'more than {ROOM_PERCENT} % above the record; if that is meant, run it again with --record:'
                 f'\n  {" ".join([sys.argv[0], repr(arguments.built), *arguments.programs])} --record')
    return 0


sys.exit(main())
