# SPDX-License-Identifier: BSD-3-Clause
"""Calls over one 5-tuple pass with their media, whole and both ways, and leave nothing behind."""
import argparse

import callnet
import calls

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
parser.add_argument('--queues', type=int)
parser.add_argument('--driver', default='af_packet')
parser.add_argument('--early', action='store_true', help='outside sends media first')
parser.add_argument('--inward', action='store_true', help='calls come from outside')
parser.add_argument('--hold', action='store_true', help='calls are held and resumed')
options = parser.parse_args()


def test(network):
    # Enough calls that no worker goes without one but for a chance of 1 in 25,000.
    count = max(calls.CALLS, 10 * options.workers)
    calls.trunk_calls(network, options.workers, options.driver, options.queues, count,
                      early=options.early, outward=not options.inward,
                      caller='caller_holds' if options.hold else 'caller',
                      callee='callee_held' if options.hold else 'callee')


callnet.main(test)
