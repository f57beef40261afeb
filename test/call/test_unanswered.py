# SPDX-License-Identifier: BSD-3-Clause
"""Calls that the caller gives up, and calls that are refused, leave nothing behind."""
import callnet
import calls


def test(network):
    hosts = calls.hosts_add(network, 2)
    appliance = callnet.Appliance(network, 2).start()
    for caller, callee, response in (('caller_cancels', 'callee_rings', '4xx'),
                                     ('caller_refused', 'callee_refuses', '4xx')):
        before = appliance.show('sip', 'statistics')[response]
        callers = [calls.Party(hosts['inside'], caller, media=False,
                               target=f'{calls.OUTSIDE}:5060')]
        callees = [calls.Party(hosts['outside'], callee, media=False, base=calls.OUTSIDE_BASE)]
        calls.parties_start(callers, callees)
        calls.parties_check(callers, callees)
        calls.check_nothing_left(appliance)
        after = appliance.show('sip', 'statistics')[response]
        callnet.check(after - before >= calls.CALLS, f'{after - before} final errors')
    statistics = appliance.show('sip', 'statistics')
    callnet.check(statistics['CANCEL'] >= calls.CALLS, f'{statistics}')
    appliance.stop()


callnet.main(test)
