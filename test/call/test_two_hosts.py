# SPDX-License-Identifier: BSD-3-Clause
"""Two inside hosts with the same SIP port and the same media ports call at the same time."""
import callnet
import calls


def test(network):
    hosts = calls.hosts_add(network, 2, second=True)
    appliance = callnet.Appliance(network, 2).start()
    capture = calls.Capture(hosts['outside'])
    callers = [calls.Party(hosts[name], 'caller', base=calls.INSIDE_BASE, rate=5,
                           target=f'{calls.OUTSIDE}:5060') for name in ('inside', 'inside2')]
    callees = [calls.Party(hosts['outside'], 'callee', 2 * calls.CALLS, calls.OUTSIDE_BASE)]
    calls.parties_start(callers, callees)
    calls.parties_check(callers, callees)
    calls.check_nothing_left(appliance)
    appliance.stop()
    capture.check_no_inside_address()


callnet.main(test)
