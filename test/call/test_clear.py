# SPDX-License-Identifier: BSD-3-Clause
"""Clearing translations and sessions during 100 calls: every record stays, the next description of
a call opens its media again on the same ports, BYE ends it, and nothing is left."""
import argparse
import os

import bulk
import callnet
import calls

CALLS = 100
parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
options = parser.parse_args()


def clear(appliance, *what):
    callnet.run(os.path.abspath(callnet.CALLGATECTL), '--socket', appliance.socket_path,
                'clear', *what)


def test(network):
    hosts = calls.hosts_add(network, options.workers)
    appliance = callnet.Appliance(network, options.workers).start()
    trunk = bulk.Bulk(hosts['inside'], hosts['outside'], CALLS, (calls.OUTSIDE, 5060))
    everyone = set(range(CALLS))
    trunk.establish(sorted(everyone))
    trunk.media(trunk.outside, everyone)
    trunk.media(trunk.inside, everyone)
    # Both tables at once and each alone; the next description comes from inside, from outside.
    for what, end in (((('nat', 'translations'), ('firewall', 'sessions')), trunk.inside),
                      ((('nat', 'translations'),), trunk.outside),
                      ((('firewall', 'sessions'),), trunk.inside),
                      ((('firewall', 'sessions'), ('nat', 'translations')), trunk.outside)):
        for words in what:
            clear(appliance, *words)
        summary = appliance.show('summary')
        callnet.check(summary['calls'] == CALLS, f'every record stays: {summary}')
        trunk.renew(end, sorted(everyone))
        summary = appliance.show('summary')
        callnet.check((summary['calls'], summary['media_doors']) == (CALLS, 2 * CALLS),
                      f'media is open again: {summary}')
        trunk.media(trunk.outside, everyone)
        trunk.media(trunk.inside, everyone)
    for words in (('nat', 'translations'), ('firewall', 'sessions')):
        clear(appliance, *words)
    half = set(range(0, CALLS, 2))
    trunk.end_calls(trunk.inside, sorted(half))
    trunk.renew(trunk.outside, sorted(everyone - half))
    trunk.media(trunk.outside, everyone - half)
    trunk.end_calls(trunk.outside, sorted(everyone - half))
    trunk.media(trunk.outside, set())
    calls.check_nothing_left(appliance)
    appliance.stop()
    trunk.close()


callnet.main(test)
