# SPDX-License-Identifier: BSD-3-Clause
"""SIGTERM in mid-call: callgate stops within a second, with exit status 0."""
import time

import callnet
import calls


def test(network):
    hosts = calls.hosts_add(network, 2)
    appliance = callnet.Appliance(network, 2).start()
    callee = calls.Party(hosts['outside'], 'callee', base=calls.OUTSIDE_BASE)
    caller = calls.Party(hosts['inside'], 'caller', target=f'{calls.OUTSIDE}:5060', hold_ms=20000)
    calls.parties_start([caller], [callee])
    callnet.wait_until(lambda: appliance.show('summary')['media_doors'] > 10, 10, 'calls are up')
    began = time.monotonic()
    appliance.stop()
    took = time.monotonic() - began
    callnet.check(took < 1, f'stopping took {took:.2f} s')


callnet.main(test)
