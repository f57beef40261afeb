# SPDX-License-Identifier: BSD-3-Clause
"""Flows (flow.py) of offers and answers: wherever they may stand, and what they do to the media."""

ANSWERED = '''
A INVITE sdp
B 180
B 200 sdp
A ACK
check media
'''
BYE = '''
A BYE
B 200
'''
REVERSE_BYE = '''
B BYE
A 200
'''

EARLY_MEDIA = '''
A INVITE sdp
B 183 sdp
check media
B 200 sdp
A ACK
check media
''' + BYE

PRACK = '''
A INVITE sdp
  Supported: 100rel
B 183 rel sdp
  Require: 100rel
  RSeq: 1
A PRACK
  RAck: 1 1 INVITE
B 200
check media
B 180/INVITE rel
  Require: 100rel
  RSeq: 2
A PRACK
  RAck: 2 1 INVITE
B 200/PRACK
B 200/INVITE
A ACK
check media
''' + BYE

# The PRACK offers anew, and its 200 answers; the ports of the first answer close.
OFFER_IN_PRACK = '''
A INVITE sdp
B 183 rel sdp
  Require: 100rel
  RSeq: 1
check media
A PRACK sdp=audio,video
  RAck: 1 1 INVITE
B 200 sdp=audio,video
check media
B 200/INVITE
A ACK
check media
''' + REVERSE_BYE

# No offer in the INVITE: the reliable 183 offers, the PRACK answers.
LATE_OFFER_IN_183 = '''
A INVITE
B 183 rel sdp
  Require: 100rel
  RSeq: 1
A PRACK sdp
  RAck: 1 1 INVITE
B 200
check media
B 200/INVITE
A ACK
check media
''' + BYE

LATE_OFFER = '''
A INVITE
B 180
B 200 sdp=audio,video
A ACK sdp=audio,video-
check media
check closed
''' + BYE

UPDATES = '''
A INVITE sdp
B 183 rel sdp
  Require: 100rel
  RSeq: 1
A PRACK
  RAck: 1 1 INVITE
B 200
A UPDATE sdp=audio1
B 200 sdp
check media
check closed
B UPDATE sdp=audio1
A 200 sdp=audio1
check media
check closed
B 200/INVITE
A ACK
A UPDATE sdp=audio2
B 200 sdp=audio1
check media
check closed
''' + BYE

HOLD = ANSWERED + '''
A INVITE sdp=audio/sendonly
B 200 sdp=audio/recvonly
A ACK
check media
A INVITE sdp=audio/inactive
B 200 sdp=audio/inactive
A ACK
check media
A INVITE sdp=audio/zero
B 200 sdp=audio/inactive
A ACK
check record
A INVITE sdp
B 200 sdp
A ACK
check media
B INVITE sdp=audio/zero
A 200 sdp
B ACK
check record
B INVITE sdp
A 200 sdp
B ACK
check media
''' + REVERSE_BYE

STREAMS = '''
A INVITE sdp=audio,video
B 200 sdp=audio,video-
A ACK
check media
A INVITE sdp=audio,video
B 200 sdp=audio,video
A ACK
check media
B INVITE sdp=audio,video,audio4
A 200 sdp=audio,video,audio4
B ACK
check media
A INVITE sdp=audio,video-,audio4
B 200 sdp=audio,video-,audio4
A ACK
check media
check closed
A INVITE sdp=audio-,video-,audio4
B 200 sdp=audio-,video-,audio4
A ACK
check media
check closed
''' + BYE

# Fax on the port of the audio, back, then on a port of its own.
FAX = ANSWERED + '''
B INVITE sdp=image
A 200 sdp=image
B ACK
check media
A INVITE sdp
B 200 sdp
A ACK
check media
B INVITE sdp=audio-,image3
A 200 sdp=audio-,image3
B ACK
check media
check closed
''' + REVERSE_BYE

FAX_REFUSED = ANSWERED + '''
B INVITE sdp=image3
A 488
B ACK
check media
''' + BYE

REFUSED = ANSWERED + '''
A INVITE sdp=audio1
B 488
A ACK
check media
A UPDATE sdp=audio2
B 488
check media
B INVITE sdp=audio3/sendonly
A 488
B ACK
check media
A INVITE sdp=audio4,video4
B 200 sdp=audio4,video-
A ACK
check media
check closed
''' + BYE

# Both offer at once; both are refused, and one of them tries again.
GLARE = ANSWERED + '''
A INVITE sdp=audio1
B INVITE sdp=audio2 stray once
B 491/INVITE
A ACK
A 491/INVITE
B ACK
check media
B INVITE sdp=audio2
A 200 sdp=audio1
B ACK
check media
check closed
''' + BYE

# Two forks with early media, one that only rings; the second answers.
FORKS = '''
A INVITE sdp
B 180
B 183 fork=2 sdp
check media fork=2
B 183 fork=3 sdp
check media fork=3
B 200/INVITE fork=2 sdp
A ACK fork=2
check media fork=2
A BYE fork=2
B 200
'''

# The fork that answers is one that nobody heard of before.
LAST_FORK = '''
A INVITE sdp
B 180
B 180 fork=2
B 200/INVITE fork=3 sdp
A ACK fork=3
check media fork=3
B BYE fork=3
A 200
'''

MUX = '''
A INVITE sdp=audio/mux
B 200 sdp=audio/mux
A ACK
check media
''' + BYE

# Media that takes another way: the text stays, and so does the call.
FOREIGN = '''
A INVITE sdp=audio/foreign
B 200 sdp
A ACK
check record
''' + BYE

# RFC 4028, refreshed by either side.
TIMER = '''
A INVITE sdp
  Supported: timer
  Session-Expires: 1800;refresher=uac
B 200 sdp
  Require: timer
  Session-Expires: 1800;refresher=uac
A ACK
A UPDATE
  Session-Expires: 1800;refresher=uac
B 200
  Session-Expires: 1800;refresher=uac
check media
A INVITE sdp
  Session-Expires: 1800;refresher=uac
B 200 sdp
  Session-Expires: 1800;refresher=uac
A ACK
check media
''' + BYE

# Silent for longer than sip.media_inactivity_timeout in all, but refreshed.
REFRESHED = '''
A INVITE sdp
B 200 sdp
A ACK
check sleep 4
A UPDATE
B 200
check sleep 4
check record
B UPDATE
A 200
check sleep 4
check media
''' + BYE

# Silent for as long at a stretch: the record has gone, and the dialog's messages still pass.
SILENT = '''
A INVITE sdp
B 200 sdp
A ACK
check media
check sleep 9
check gone
check closed_all
''' + BYE

# TCP media, whoever of the two connects, on a port of its own or after the audio's.
MESSAGES = '''
A INVITE sdp=audio,message/passive
B 200 sdp=audio,message/active
A ACK
check media
check connection
B INVITE sdp=audio,message3/passive
A 200 sdp=audio,message/active
B ACK
check media
check connection
''' + BYE

# RFC 6228: the fork that is over says so, and another one answers.
FORK_ENDS = '''
A INVITE sdp
B 183 fork=2 sdp
check media fork=2
B 199/INVITE fork=2
B 183/INVITE fork=3 sdp
check media fork=3
B 200/INVITE fork=3 sdp
A ACK fork=3
check media fork=3
A BYE fork=3
B 200
'''

# Somebody at another address goes on with the dialog: nobody named that address.
STRANGER = ANSWERED + '''
check start C
C INVITE sdp lost stray
check sleep 0.3
check media
''' + BYE

BUNDLED = '''
A INVITE sdp=audio/mux/bundle,video/mux/bundle
B 200 sdp=audio/mux/bundle,video/mux/bundle/first
A ACK
check media
check idle
''' + BYE

CANDIDATES = '''
A INVITE sdp=audio/ice,video/ice
B 200 sdp=audio/ice,video/ice
A ACK
check media
B INVITE sdp=audio1/ice,video-
A 200 sdp=audio/ice,video-
B ACK
check media
''' + BYE
