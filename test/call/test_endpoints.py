# SPDX-License-Identifier: BSD-3-Clause
"""The tests' own endpoints, with the kernel as the router: calls complete and no packet is lost;
and what a router that closes nothing and hides nothing lets through is found."""
import sys

import callnet
import calls


def test(network):
    hosts = calls.hosts_add(network, 2, second=True)
    network.kernel_forwarding()
    capture = calls.Capture(hosts['outside'])
    callers = [calls.Party(hosts[name], sys.argv[1], 10, target=f'{calls.OUTSIDE}:5060')
               for name in ('inside', 'inside2')]
    callers[1].patient = True
    callees = [calls.Party(hosts['outside'], sys.argv[2], 20, calls.OUTSIDE_BASE, early=True)]
    calls.parties_start(callers, callees)
    first = []
    for party in callers + callees:
        signalling, media, summary = party.wait()
        callnet.check(signalling == 0, f'{party.name}: SIPp says {signalling}')
        callnet.check(summary['complete'] == party.calls, f'{summary}')
        for what in ('rtp_lost', 'rtcp_lost', 'rtp_duplicate', 'rtcp_duplicate', 'wrong_source',
                     'crosstalk', 'stray', 'one_way'):
            callnet.check(summary[what] == 0, f'{party.name}: {what}: {summary}')
        callnet.check(summary['rtp_expected'] >= 80 * party.calls, f'{summary}')
        callnet.check(media == 1 and summary['leaked'] > 0, 'media after the call is found')
        first.append(summary['peer_first'])
    # The patient host always hears first, so it is never the first that the outside hears.
    callnet.check(first[1] == 10 and first[2] <= 10, f'who was heard first: {first}')
    try:
        capture.check_no_inside_address()
    except callnet.Failure:
        return
    raise callnet.Failure('inside addresses outside are found')


callnet.main(test)
