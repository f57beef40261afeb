# SPDX-License-Identifier: BSD-3-Clause
"""Thousands of calls over one 5-tuple at once: the outside's media, sent first, reaches every call;
ending some of them, from either end, closes those and no other."""
import argparse
import random
import time

import bulk
import callnet
import calls

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
parser.add_argument('--calls', type=int, default=10000 if calls.LONG else 600)
parser.add_argument('--seed', type=int, default=int(time.time()))
options = parser.parse_args()


def test(network):
    print('seed', options.seed)
    chance = random.Random(options.seed)
    hosts = calls.hosts_add(network, options.workers)
    count = options.calls
    # A flow and a door or pinhole a stream and direction
    appliance = callnet.Appliance(network, options.workers, max_flows=max(16384, 16 * count),
                                  max_calls=2 * count).start()
    trunk = bulk.Bulk(hosts['inside'], hosts['outside'], count, (calls.OUTSIDE, 5060))
    running = set(range(count))
    trunk.establish(sorted(running))
    summary = appliance.show('summary')
    callnet.check(summary['calls'] == count, f'{count} calls: {summary}')
    callnet.check(summary['media_doors'] == 2 * count, f'two doors a call: {summary}')
    trunk.media(trunk.outside, running)
    trunk.media(trunk.inside, running)
    for end in (trunk.inside, trunk.outside, trunk.inside):
        ended = set(chance.sample(sorted(running), len(running) // 3))
        trunk.end_calls(end, sorted(ended))
        running -= ended
        trunk.media(trunk.outside, running)
        summary = appliance.show('summary')
        callnet.check((summary['calls'], summary['media_doors']) ==
                      (len(running), 2 * len(running)), f'{len(running)} calls go on: {summary}')
    trunk.end_calls(trunk.outside, sorted(running))
    trunk.media(trunk.outside, set())
    callnet.check(trunk.trunk == {(calls.WAN, 5060)}, f'one 5-tuple: {trunk.trunk}')
    calls.check_nothing_left(appliance)
    appliance.stop()
    trunk.close()


callnet.main(test)
