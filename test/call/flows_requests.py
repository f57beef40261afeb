# SPDX-License-Identifier: BSD-3-Clause
"""Flows (flow.py) of the other methods, in calls and without one: registrations, subscriptions,
transfers, and what closes by a timer."""
from flows_offers import ANSWERED, BYE, REVERSE_BYE

IN_CALL = ANSWERED + '''
A INFO body=application/dtmf-relay
B 200
B INFO
A 200
A MESSAGE body=text/plain
B 200
A OPTIONS
B 200
check media
''' + BYE

ALONE = '''
A OPTIONS
B 200
A MESSAGE body=text/plain
B 200
A PUBLISH body=application/pidf+xml
  Event: presence
  Expires: 600
B 200
  SIP-ETag: dx200xyz
  Expires: 600
'''

SUBSCRIPTION = '''
A SUBSCRIBE
  Event: presence
  Expires: 600
B 401
  WWW-Authenticate: Digest realm="biloxi.example.com", nonce="ea9c8e88df84f1cec4341ae6cbe5a359"
A SUBSCRIBE
  Event: presence
  Expires: 600
  Authorization: Digest username="alice", realm="biloxi.example.com", response="dfe56131d1958046689"
B 200
  Expires: 600
B NOTIFY
  Event: presence
  Subscription-State: active;expires=600
A 200
B NOTIFY body=application/pidf+xml
  Event: presence
  Subscription-State: active;expires=500
A 200
A SUBSCRIBE
  Event: presence
  Expires: 0
B 200
B NOTIFY
  Event: presence
  Subscription-State: terminated;reason=timeout
A 200
'''

SUBSCRIPTION_REFUSED = '''
A SUBSCRIBE
  Event: nonsense
B 489
  Allow-Events: presence
'''

REFER = '''
A REFER
  Refer-To: <sip:carol@{here};method=INVITE>
  Referred-By: <sip:alice@atlanta.example.com>
B 202
B NOTIFY body=message/sipfrag
  Event: refer
  Subscription-State: terminated;reason=noresource
A 200
'''

TRANSFER = ANSWERED + '''
B INVITE sdp=audio/sendonly
A 200 sdp=audio/recvonly
B ACK
B REFER
  Refer-To: <sip:carol@chicago.example.com?Replaces=12345%40192.0.2.1%3Bto-tag%3D1%3Bfrom-tag%3D2>
  Referred-By: <sip:bob@biloxi.example.com>
A 202
A NOTIFY body=message/sipfrag
  Event: refer
  Subscription-State: active;expires=60
B 200
check media
A NOTIFY body=message/sipfrag
  Event: refer
  Subscription-State: terminated;reason=noresource
B 200
''' + REVERSE_BYE

REGISTERED = '''
A REGISTER
  Contact: <sip:{user}@{here}>
  Expires: 3600
B 200
  Contact: <{0}>;expires=1800
  Expires: 3600
'''
RINGS = '''
B MESSAGE uri=0
A 200
'''
REMOVED = '''
A REGISTER
  Contact: <sip:{user}@{here}>;expires=0
B 200
'''

CHALLENGED = '''
A REGISTER
  Contact: <sip:{user}@{here}>
B 401
  WWW-Authenticate: Digest realm="biloxi.example.com", nonce="ea9c8e88df84f1cec4341ae6cbe5a359"
''' + REGISTERED + RINGS + '''
A REGISTER
  Contact: <sip:{user}@{here}>
  Expires: 0
B 401
  WWW-Authenticate: Digest realm="biloxi.example.com", nonce="7900f98e3b0ea42cd1a9d6f2b51a5c23"
''' + RINGS + REMOVED

TOO_BRIEF = '''
A REGISTER
  Contact: <sip:{user}@{here}>
  Expires: 60
B 423
  Min-Expires: 1800
''' + REGISTERED + RINGS + REMOVED

# Longer than the UDP timers: the grant holds the door.
OUTLIVES = REGISTERED + 'check sleep 6\n' + RINGS + REMOVED

REFRESHES = REGISTERED + RINGS + REGISTERED + RINGS + REMOVED

# Another line at this phone, one at another port, one that is no SIP address; all taken back.
SEVERAL = '''
A REGISTER
  Contact: <sip:{user}@{here}>;q=0.7
  Contact: <sip:second.line@{here}>;expires=120
  Contact: <mailto:{user}@atlanta.example.com>
  Expires: 600
B 200
  Contact: <{0}>;q=0.7;expires=600
  Contact: <{1}>;expires=120
  Contact: <{2}>;expires=600
''' + RINGS + '''
B MESSAGE uri=1
A 200
A REGISTER
  Contact: *
  Expires: 0
B 200
'''

# For somebody else, whose phone is another inside host.
THIRD_PARTY = '''
A REGISTER
  Contact: <sip:assistant@10.0.1.240:5070>
  Expires: 600
B 200
  Contact: <{0}>;expires=600
A REGISTER
  Contact: <sip:assistant@10.0.1.240:5070>;expires=0
B 200
'''

TWO_REGISTRARS = '''
A>B REGISTER
  Contact: <sip:{user}@{here}>
B 200
  Contact: <{0}>;expires=600
A>C REGISTER
  Contact: <sip:{user}@{here}>
C 200
  Contact: <{0}>;expires=600
check sleep 0
B MESSAGE uri=0
A>B 200
check sleep 0
C MESSAGE uri=0
A>C 200
check sleep 0
A>B REGISTER
  Contact: <sip:{user}@{here}>;expires=0
B 200
check sleep 0
C MESSAGE uri=0
A>C 200
A>C REGISTER
  Contact: <sip:{user}@{here}>;expires=0
C 200
'''

# With CALLGATE_LONG: what ends 64*T1 after something else.

UNREGISTERED = REGISTERED + RINGS + REMOVED + '''
check sleep 37
B MESSAGE uri=0 lost
check sleep 0.5
'''

EXPIRED = '''
A REGISTER
  Contact: <sip:{user}@{here}>
  Expires: 3600
B 200
  Contact: <{0}>;expires=36
check sleep 33
''' + RINGS + '''
check sleep 8
B MESSAGE uri=0 lost
check sleep 0.5
'''

UNSUBSCRIBED = SUBSCRIPTION + '''
check sleep 37
B NOTIFY lost
  Event: presence
  Subscription-State: terminated
check sleep 0.5
'''

BYE_UNANSWERED = ANSWERED + '''
A BYE once
check record
check sleep 36
check gone
check closed_all
'''
