# SPDX-License-Identifier: BSD-3-Clause
"""Flows beyond RFC 3665: offers and answers wherever they may stand, forks, hold, registrations,
subscriptions, and calls that cross callgate twice or are older than it."""
import sys
import threading
import time

import callnet
import calls
import flow_proxy
import flow_run
import flows_offers as offers
import flows_requests as requests

# callgate does not know a call that began before it: the next description makes a record.
OLDER = offers.ANSWERED + '''
check restart
check gone
A INFO
B 200
check gone
A INVITE sdp
B 200 sdp
A ACK
check record
check media
B INFO
A 200
''' + offers.REVERSE_BYE

OLDER_BYE = offers.ANSWERED + '''
check restart
A BYE
B 200
check gone
'''

# The one that ends first takes nothing of the other with it.
SHARED = offers.ANSWERED + '''
check together
check media
check together
''' + offers.BYE + '''
check together
check together
'''
SHARED_LAST = offers.ANSWERED + '''
check together
check together
check together
check record
check media
''' + offers.BYE + '''
check together
'''


def closed_all(play, _):
    play.media.send_after_end(play.pairs.values())
    time.sleep(flow_run.LOST_S)
    play.media.check_silent()


def restart(play, _):
    play.stage.appliance.stop()
    play.stage.appliance.start()


class Together:
    """A check at which so many flows meet."""

    def __init__(self, flows):
        self.barrier = threading.Barrier(flows, timeout=flow_run.STEP_S)

    def __call__(self, play, step):
        self.barrier.wait()


HOOKS = {'closed_all': closed_all}
CHANGE = {'hooks': {**HOOKS, 'ports change': None}}
PHONE_2, PHONE_3, PROXY_4 = '10.0.2.11', '10.0.2.12', '10.0.2.13'
FACE_3, FACE_4 = '203.0.113.250', '203.0.113.251'       # static, of PHONE_3 and PROXY_4

# Name, who is inside (`A`, `B`, `&` both), flow, options.
TABLE = (
    # those that wait for timers first
    ('refreshed', 'AB', offers.REFRESHED, {}),
    ('silent', 'AB', offers.SILENT, {}),
    ('outlives', 'A', requests.OUTLIVES, {}),
    ('early', 'AB', offers.EARLY_MEDIA, {}),
    ('early-proxied', 'AB', offers.EARLY_MEDIA, {'proxies': 2}),
    ('prack', 'AB', offers.PRACK, {}),
    ('prack-proxied', 'AB', offers.PRACK, {'proxies': 1}),
    ('offer-in-prack', 'AB', offers.OFFER_IN_PRACK, {}),
    ('late-offer-in-183', 'AB', offers.LATE_OFFER_IN_183, {}),
    ('late-offer', 'AB', offers.LATE_OFFER, {}),
    ('update', 'AB', offers.UPDATES, {}),
    ('hold', 'AB', offers.HOLD, {}),
    ('hold-proxied', 'AB', offers.HOLD, {'proxies': 2}),
    ('streams', 'AB', offers.STREAMS, CHANGE),
    ('fax', 'AB', offers.FAX, CHANGE),
    ('fax-refused', 'AB', offers.FAX_REFUSED, {}),
    ('refused', 'AB', offers.REFUSED, {}),
    ('glare', 'AB', offers.GLARE, CHANGE),
    ('forks', 'AB', offers.FORKS, {}),
    ('last-fork', 'AB', offers.LAST_FORK, {}),
    ('fork-ends', 'AB', offers.FORK_ENDS, {}),
    ('stranger', 'A', offers.STRANGER, {'same': {'C': 'B'}}),
    ('messages', 'AB', offers.MESSAGES, {}),
    ('mux', 'AB', offers.MUX, {}),
    ('bundled', 'AB', offers.BUNDLED, {}),
    ('candidates', 'AB', offers.CANDIDATES, {}),
    ('foreign', 'AB', offers.FOREIGN, {}),
    ('timer', 'AB', offers.TIMER, {}),
    ('in-call', 'AB', requests.IN_CALL, {}),
    ('alone', 'AB', requests.ALONE, {}),
    ('subscription', 'AB', requests.SUBSCRIPTION, {}),
    ('subscription-refused', 'AB', requests.SUBSCRIPTION_REFUSED, {}),
    ('refer', 'AB', requests.REFER, {}),
    ('transfer', 'AB', requests.TRANSFER, {}),
    ('challenged', 'A', requests.CHALLENGED, {}),
    ('too-brief', 'A', requests.TOO_BRIEF, {}),
    ('refreshes', 'A', requests.REFRESHES, {}),
    ('several', 'A', requests.SEVERAL, {}),
    ('third-party', 'A', requests.THIRD_PARTY, {}),
    ('two-registrars', 'A', requests.TWO_REGISTRARS, {}),
    ('without-port', 'AB', offers.ANSWERED + offers.REVERSE_BYE, {'port': ''}),
    ('call-id-1', 'A', offers.ANSWERED + offers.BYE, {'call_id': 'x'}),
    ('call-id-255', 'A', offers.ANSWERED + offers.BYE, {'call_id': 'x' * 243 + '@example.org'}),
    ('call-id-256', 'B', offers.ANSWERED + offers.BYE, {'call_id': 'y' * 244 + '@example.org'}),
    ('call-id-400', 'A', offers.ANSWERED + offers.BYE, {'call_id': 'z' * 388 + '@example.org'}),
)

LONG_TABLE = (
    ('unregistered', 'A', requests.UNREGISTERED, {}),
    ('unsubscribed', 'A', requests.UNSUBSCRIBED, {}),
    ('expired', 'A', requests.EXPIRED, {}),
    ('bye-unanswered', 'AB', requests.BYE_UNANSWERED, {}),
)


def shared_calls(stage):
    """Two clients with one Call-ID, each with a call of its own."""
    hooks = {**HOOKS, 'together': Together(2)}
    return [play for name, text in (('shared', SHARED), ('shared-last', SHARED_LAST))
            for play in flow_run.plays_of(stage, ((name, 'A', text, {
                'hooks': hooks, 'call_id': 'everybody@example.org'}),))]


def proxy_at(stage, inside, address=None):
    address = stage.address(inside, address)
    host = stage.network.hosts['inside2' if inside else 'outside']
    return flow_proxy.Proxy(flow_run.socket_at(host, address, 5060), address)


def across_again(stage):
    """Calls that cross callgate more than once: between two phones inside, through an outside proxy
    or directly by the callee's outside face; and from inside to outside, with a proxy inside
    between two outside (the same call goes out, in and out again)."""
    outer, between, inner = proxy_at(stage, False), proxy_at(stage, False), proxy_at(
        stage, True, PROXY_4)
    between.users['bob'] = f'sip:bob@{FACE_4}:5060'
    rows = (('hairpin-proxy', '&', offers.HOLD,
             {'addresses': {'B': PHONE_2}, 'on_the_way': (outer,)}),
            ('hairpin-static', '&', offers.HOLD,
             {'addresses': {'B': PHONE_3}, 'uris': {'B': f'sip:bob@{FACE_3}:5060'}}),
            ('spiral', 'A', offers.HOLD, {'on_the_way': (between, inner)}))
    plays = list(flow_run.plays_of(stage, rows))
    inner.users['bob'] = plays[2].seats['B'].contact
    plays[2].uris = {'B': f'sip:bob@{between.address}:5060'}
    return (outer, between, inner), plays


def test(network):
    only = sys.argv[1:] or None
    calls.hosts_add(network, 2, second=True)
    appliance = callnet.Appliance(
        network, 2, udp_timeout=2,
        static=[(f'{PHONE_3}:5060', f'{FACE_3}:5060'), (f'{PROXY_4}:5060', f'{FACE_4}:5060')],
        sip='call_proceeding_timeout = 6; media_inactivity_timeout = 6; '
            'registration_grace = 0;').start()
    stage = flow_run.Stage(network, appliance)
    hooks = {**HOOKS, 'restart': restart}
    # One address, so that its outside port is the same before and after: SIPp answers to where the
    # call began.
    same = {'addresses': {'A': '10.0.1.241'}}
    for row in (('older', 'A', OLDER, same), ('older-bye', 'A', OLDER_BYE, same)):
        stage.play(list(flow_run.plays_of(stage, (row,), hooks=hooks)), only)
    table = LONG_TABLE + TABLE if calls.LONG else TABLE
    stage.play(list(flow_run.plays_of(stage, table, hooks=HOOKS)), only)
    stage.play(shared_calls(stage), only)
    proxies, plays = across_again(stage)
    stage.play(plays, only)
    for proxy in proxies:
        proxy.stop()
    flow_run.check_empty(appliance)
    appliance.stop()


callnet.main(test)
