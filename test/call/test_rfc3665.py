# SPDX-License-Identifier: BSD-3-Clause
"""Every flow of RFC 3665, with the caller inside and with the caller outside (`B` inside).

What is the RFC's "Proxy 1" and "Proxy 2" is outside, before the outside party: its Via and
Record-Route lines are there, and its challenges. Names are the RFC's section numbers.
"""
import argparse
import time

import callnet
import calls
import flow_run

DIGEST = ('Digest username="{{user}}", realm="{realm}", nonce="{nonce}", opaque="", '
          'uri="sip:bob@203.0.113.9", response="{response}"')
CHALLENGE = 'Digest realm="{realm}", qop="auth", nonce="{nonce}", opaque="", stale=FALSE'
ATLANTA = {'realm': 'atlanta.example.com', 'nonce': 'wf84f1ceczx41ae6cbe5aea9c8e88d359',
           'response': '42ce3cef44b22f50c6a6071bc8'}
BILOXI = {'realm': 'biloxi.example.com', 'nonce': 'c1e22c41ae6cbe5ae983a9c8e88d359',
          'response': 'f44ab22f150c6a56071bce8'}


def challenge(kind, realm):
    return f'  {kind}-Authenticate: ' + CHALLENGE.format(**realm)


def credentials(kind, realm):
    return '  ' + (f'{kind}-' if kind else '') + 'Authorization: ' + DIGEST.format(**realm)


REGISTRATION = f'''
A REGISTER
  Contact: <sip:{{user}}@{{here}}>
  Expires: 3600
B 401
{challenge('WWW', BILOXI)}
A REGISTER
{credentials('', BILOXI)}
  Contact: <sip:{{user}}@{{here}}>
  Expires: 3600
B 200
  Contact: <{{0}}>;expires=3600
'''

REMOVAL = '''
A REGISTER
  Contact: *
  Expires: 0
B 200
'''

NEW = REGISTRATION + REMOVAL

UPDATE = REGISTRATION + f'''
A REGISTER
{credentials('', BILOXI)}
  Contact: <sip:{{user}}@{{here}}>
  Contact: <mailto:{{user}}@biloxi.example.com>
B 200
  Contact: <{{0}}>;expires=3600
  Contact: <{{1}}>;expires=4294967295
''' + REMOVAL

LIST = REGISTRATION + f'''
A REGISTER
{credentials('', BILOXI)}
B 200
  Contact: <{{0}}>;expires=3600
''' + REMOVAL

UNSUCCESSFUL = f'''
A REGISTER
  Contact: <sip:{{user}}@{{here}}>
B 401
{challenge('WWW', BILOXI)}
A REGISTER
{credentials('', ATLANTA)}
  Contact: <sip:{{user}}@{{here}}>
B 401
{challenge('WWW', BILOXI)}
'''

SESSION = '''
A INVITE sdp
B 180
B 200 sdp
A ACK
check record
check media
B BYE
A 200
'''

AUTHENTICATED = f'''
A INVITE sdp
B 407
{challenge('Proxy', ATLANTA)}
A ACK
A INVITE sdp
{credentials('Proxy', ATLANTA)}
B 100
B 180
B 200 sdp
A ACK
check media
B BYE
A 200
'''

TWICE = f'''
A INVITE sdp
B 407
{challenge('Proxy', ATLANTA)}
A ACK
A INVITE sdp
{credentials('Proxy', ATLANTA)}
B 100
B 407
{challenge('Proxy', BILOXI)}
A ACK
A INVITE sdp
{credentials('Proxy', ATLANTA)}
{credentials('Proxy', BILOXI)}
B 100
B 180
B 200 sdp
A ACK
check media
B BYE
A 200
'''

# Proxy 1, here B, is out of service: it hears and says nothing. Proxy 2 is C.
FAILURE = f'''
A>B INVITE sdp once
check silence
A>B INVITE sdp again
check silence
A>C INVITE sdp
C 407
{challenge('Proxy', ATLANTA)}
A>C ACK
A>C INVITE sdp
{credentials('Proxy', ATLANTA)}
C 100
C 180
C 200 sdp
A>C ACK
check media
C BYE
A 200
'''

# B is the redirect server, C the proxy that it names; and what of this an inside callee sees.
REDIRECT = '''
A>B INVITE
B 302
  Contact: <sip:bob@chicago.example.com>
A>B ACK
A>C INVITE
C 100
C 180
C 200 sdp
A>C ACK sdp
check media
C BYE
A 200
'''

SDP_IN_ACK = '''
A INVITE
B 100
B 180
B 200 sdp
A ACK sdp
check media
B BYE
A 200
'''

# Bob's address changes: C is he, at the new one.
MOVED = '''
A INVITE sdp
B 180
B 200 sdp
A ACK
check media
check start C
C INVITE sdp
A 200 sdp
C ACK
check moved
A>C BYE
C 200
'''

NO_ANSWER = '''
A INVITE sdp
B 100
B 180
check record
A CANCEL
B 200/CANCEL
B 487/INVITE
A ACK
'''

BUSY = '''
A INVITE sdp
B 100
B 486
A ACK
'''

# The user agent does not respond; the proxy does in the end. An inside one hears all tries.
NO_RESPONSE = '''
A INVITE sdp
B 100
check silence
B 480
A ACK
'''

UNHEARD = '''
A INVITE sdp once
check silence
A INVITE again
check silence
'''

UNAVAILABLE = '''
A INVITE sdp
B 180
check record
B 480
A ACK
'''


def silence(_play, _step):
    """A while in which nobody says anything."""
    time.sleep(0.2)


def moved(play, step):
    """Only the last offer and answer count: the first ones' other end has gone."""
    newest = max(step.pairs.values(), key=lambda pair: pair[0].number)
    play.media.passes(step, [newest])


HOOKS = {'silence': silence, 'moved': moved}
LINGERS = {**HOOKS, 'lingers': None}        # ends by a timer
PROXIED = {'proxies': 2}

# A phone that is reached from anywhere. Others hear those alone that a message has named, and
# nobody names the address that an outside party moves to (flow 3.7).
STATIC = ('10.0.1.250', '203.0.113.250')

# Section, who is inside, flow, options.
TABLE = (
    ('2.1', 'A', NEW, {}),
    ('2.2', 'A', UPDATE, {}),
    ('2.3', 'A', LIST, {}),
    ('2.4', 'A', REGISTRATION + REMOVAL, {}),
    ('2.5', 'A', UNSUCCESSFUL, {}),
    ('3.1', 'AB', SESSION, {}),
    ('3.2', 'AB', AUTHENTICATED, PROXIED),
    ('3.3', 'AB', TWICE, PROXIED),
    ('3.4', 'A', FAILURE, {'proxies': 1}),
    ('3.5', 'AB', SESSION, {'proxies': 1}),
    ('3.6', 'A', REDIRECT, {'proxies': 1}),
    ('3.6', 'B', SDP_IN_ACK, PROXIED),
    ('3.7', 'A', MOVED, {'same': {'C': 'B'}, 'addresses': {'A': STATIC[0]}}),
    ('3.7', 'b', MOVED, {'same': {'C': 'B'}, 'hooks': LINGERS}),
    ('3.8', 'AB', NO_ANSWER, PROXIED),
    ('3.9', 'AB', BUSY, PROXIED),
    ('3.10', 'A', NO_RESPONSE, PROXIED),
    ('3.10', 'B', UNHEARD, {'proxies': 2, 'hooks': LINGERS}),
    ('3.11', 'AB', UNAVAILABLE, PROXIED),
)


def test(network):
    parser = argparse.ArgumentParser()
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--driver', default='af_packet')
    parser.add_argument('flows', nargs='*')
    options = parser.parse_args()
    calls.hosts_add(network, options.workers)
    appliance = callnet.Appliance(
        network, options.workers, options.driver,
        static=[[address + ':5060' for address in STATIC]],
        sip='call_proceeding_timeout = 4; media_inactivity_timeout = 4;').start()
    stage = flow_run.Stage(network, appliance)
    stage.play(list(flow_run.plays_of(stage, TABLE, hooks=HOOKS)), options.flows or None)
    callnet.wait_until(lambda: appliance.show('summary')['calls'] == 0, 10, 'timers end the rest')
    flow_run.check_empty(appliance)
    appliance.stop()


callnet.main(test)
