# SPDX-License-Identifier: BSD-3-Clause
"""With nat.sip.udp_ports = [] SIP is UDP like any other: translated, but not one byte edited."""
import callnet
import calls

INVITE = f'''INVITE sip:callee@{calls.OUTSIDE} SIP/2.0
Via: SIP/2.0/UDP {calls.INSIDE}:5060;branch=z9hG4bK-off
From: <sip:caller@{calls.INSIDE}>;tag=1
To: <sip:callee@{calls.OUTSIDE}>
Call-ID: off@{calls.INSIDE}
CSeq: 1 INVITE
Contact: <sip:caller@{calls.INSIDE}:5060>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: 124

v=0
o=- 1 1 IN IP4 {calls.INSIDE}
s=-
c=IN IP4 {calls.INSIDE}
t=0 0
m=audio 20000 RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=sendrecv
'''.replace('\n', '\r\n').encode()


def test(network):
    hosts = calls.hosts_add(network)
    appliance = callnet.Appliance(network, sip_ports='', protocol='udp').start()
    with hosts['inside'].socket(5060) as inside, hosts['outside'].socket(5060) as outside:
        inside.sendto(INVITE, (calls.OUTSIDE, 5060))
        request, source = outside.recvfrom(4096)
        callnet.check(source[0] == calls.WAN, f'not translated: {source}')
        callnet.check(request == INVITE, f'edited: {request}')
        answer = INVITE.replace(b'INVITE sip:callee@203.0.113.2 SIP/2.0', b'SIP/2.0 200 OK')
        outside.sendto(answer, source)
        callnet.check(inside.recv(4096) == answer, 'the answer comes back unedited')
    summary = appliance.show('summary')
    callnet.check(summary['calls'] == 0 and summary['doors'] == 0, f'{summary}')
    callnet.check(appliance.show('sip', 'statistics')['INVITE'] == 0, 'the ALG saw nothing')
    appliance.stop()


callnet.main(test)
