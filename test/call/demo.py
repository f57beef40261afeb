#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""`make demo`: 100 SIP calls over one trunk through callgate, media both ways, in a minute.

Two hosts and callgate between them, each in a network namespace of its own; nothing of it touches
the machine's network and nothing stays behind, also when interrupted. Argument: the folder that
callgate was built in; default `build`.
"""
import os
import subprocess
import sys
import time

if len(sys.argv) > 1:
    os.environ['CALLGATE_BUILD'] = sys.argv[1]

import calls
from callnet import CALLGATECTL, Appliance, Failure, Network, explain, wait_until

CALLS = 100
HOLD_MS = 6000
WORKERS = 2
TABLE_LINES = 12
TIMERS_S = 60
# What must be zero when the last call is over, and what when the timers are; neighbours stay.
AT_ONCE = ('calls', 'media_doors', 'media_pinholes')
ZERO = ('calls', 'media_doors', 'media_pinholes', 'doors', 'pinholes', 'registrations',
        'translations', 'flows', 'ports')
PICTURE = f'''
      inside trunk                     callgate                     outside trunk
   {calls.INSIDE}:5060  ───────  10.0.1.1 │ {calls.WAN}  ───────  {calls.OUTSIDE}:5060
                              {WORKERS} workers, NAT + firewall
'''
bold, plain = ('\033[1m', '\033[0m') if sys.stdout.isatty() else ('', '')


def say(text=''):
    print(text, flush=True)


def ctl(appliance, *words, lines=None):
    """Show a command as a user would type it, and what it says."""
    say(f'{bold}$ callgatectl {" ".join(words)}{plain}')
    done = subprocess.run([os.path.abspath(CALLGATECTL), '--socket', appliance.socket_path, *words],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    rows = done.stdout.rstrip().splitlines()
    shown = rows if lines is None else rows[:lines]
    say('\n'.join(shown))
    if len(rows) > len(shown):
        say(f'... {len(rows) - len(shown)} more')
    say()


def demo(network):
    say(f'{bold}callgate demo{plain}: {CALLS} calls over one SIP trunk, {calls.RATE} a second, '
        'media both ways')
    say(PICTURE)
    hosts = calls.hosts_add(network, WORKERS)
    began = time.monotonic()
    appliance = Appliance(network, WORKERS, udp_timeout=10).start()
    say(f'callgate answers after {time.monotonic() - began:.1f} s; placing calls ...\n')
    capture = calls.Capture(hosts['outside'])
    caller = calls.Party(hosts['inside'], 'caller', CALLS, calls.INSIDE_BASE,
                         f'{calls.OUTSIDE}:5060', HOLD_MS)
    callee = calls.Party(hosts['outside'], 'callee', CALLS, calls.OUTSIDE_BASE)
    calls.parties_start([caller], [callee])
    wait_until(lambda: appliance.ask('/callgate/summary')['calls'] >= CALLS // 2 or
               caller.sipp.poll() is not None, 30, 'calls are up')
    ctl(appliance, 'show', 'sip', 'calls', lines=TABLE_LINES)
    ctl(appliance, 'show', 'workers')
    wrong, summaries = [], []
    for party in (caller, callee):
        signalling, media, summary = party.wait()
        if signalling != 0 or media != 0:
            wrong.append(f'{party.name}: SIPp ended with {signalling}, its media with {media}')
        summaries.append(summary)
    trunks = capture.check_no_inside_address()
    if trunks != {(calls.WAN, calls.OUTSIDE, 5060, 5060)}:
        wrong.append(f'the trunk outside is {trunks}')
    summary = appliance.ask('/callgate/summary')
    say(f'all calls are over: {summary["calls"]} calls, {summary["media_doors"]} media doors, '
        f'{summary["media_pinholes"]} media pinholes.\n'
        'Waiting for the trunk\'s own door: 32 s after its last transaction (RFC 3261) ...\n')
    wrong += [f'{summary[what]} {what} left at once' for what in AT_ONCE if summary[what] != 0]
    end = time.monotonic() + TIMERS_S
    while any(appliance.ask('/callgate/summary')[what] for what in ZERO):
        if time.monotonic() > end:
            break
        time.sleep(0.5)
    ctl(appliance, 'show', 'summary')
    summary = appliance.ask('/callgate/summary')
    wrong += [f'{summary[what]} {what} left' for what in ZERO if summary[what] != 0]
    appliance.stop()
    return verdict(summaries, wrong)


def verdict(summaries, wrong):
    """The last line. True when nothing is wrong."""
    failed = CALLS - min(summary.get('complete', 0) - summary.get('faulty', 0)
                         for summary in summaries)
    lost = sum(summary.get('rtp_lost', 0) + summary.get('rtcp_lost', 0) for summary in summaries)
    inward, outward = (summary.get('rtp_expected', 0) for summary in summaries)
    for what in wrong:
        say(f'wrong: {what}')
    say(f'{bold}{CALLS} calls, {failed} failed, {outward} RTP packets out and {inward} in, '
        f'{lost} lost{plain}')
    return failed == 0 and lost == 0 and not wrong


def main():
    if os.geteuid() != 0:
        print('The demo makes network namespaces: please run it as root (sudo make demo).',
              file=sys.stderr)
        return 1
    try:
        with Network() as network:
            try:
                return 0 if demo(network) else 1
            except Failure as failure:
                explain(network)
                print(f'demo failed: {failure}', file=sys.stderr)
                return 1
    except KeyboardInterrupt:
        print('\ninterrupted; everything is removed', file=sys.stderr)
        return 130


sys.exit(main())
