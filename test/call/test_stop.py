# SPDX-License-Identifier: BSD-3-Clause
"""SIGTERM in mid-call: callgate stops within a second, with exit status 0."""
import contextlib
import os
import time

import callnet
import calls

ROUNDS = 3


def prefer(pid):
    """Before everything else on the machine: a quarter of a second of work, most of it the kernel's
    to free packet rings, takes several when ten others share the processors."""
    for thread in os.listdir(f'/proc/{pid}/task'):
        # Those of telemetry's clients come and go.
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, int(thread), -20)


def stop_in_mid_call(network):
    """How long stopping took, in seconds."""
    hosts = network.hosts
    appliance = callnet.Appliance(network, 2).start()
    callee = calls.Party(hosts['outside'], 'callee', base=calls.OUTSIDE_BASE)
    caller = calls.Party(hosts['inside'], 'caller', target=f'{calls.OUTSIDE}:5060', hold_ms=20000)
    calls.parties_start([caller], [callee])
    callnet.wait_until(lambda: appliance.show('summary')['media_doors'] > 10, 10, 'calls are up')
    prefer(appliance.process.pid)
    began = time.monotonic()
    appliance.stop()
    took = time.monotonic() - began
    for party in (caller, callee):
        network.end(party.sipp)
        network.end(party.peer)
        os.unlink(party.file('fifo'))
    return took


def test(network):
    calls.hosts_add(network, 2)
    took = []
    # The best of some rounds: what else the machine does at that moment is not callgate's time.
    while len(took) < ROUNDS and (not took or min(took) >= 1):
        took.append(stop_in_mid_call(network))
    callnet.check(min(took) < 1, f'stopping took {took} s')


callnet.main(test)
