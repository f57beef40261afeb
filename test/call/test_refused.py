# SPDX-License-Identifier: BSD-3-Clause
"""A packet that no policy and no state allows does not pass, and `show drops` says why."""
import socket

import callnet
import calls

COUNT = 5
OPTIONS = f'''OPTIONS sip:ping@{calls.OUTSIDE} SIP/2.0
Via: SIP/2.0/UDP {calls.INSIDE}:5060;branch=z9hG4bK-refused
From: <sip:a@example.org>;tag=1
To: <sip:b@example.org>
Call-ID: refused@example.org
CSeq: 1 OPTIONS
Max-Forwards: 70
Content-Length: 0

'''.replace('\n', '\r\n').encode()


def arrives(receiver, text):
    """True when a datagram with this text comes within the socket's timeout."""
    try:
        return text in receiver.recv(2048)
    except socket.timeout:
        return False


def drops_of(appliance, names):
    drops = appliance.show('drops')
    return sum(drops[name] for name in names)


def refused(appliance, sender, target, receiver, reasons):
    before = drops_of(appliance, reasons)
    for _ in range(COUNT):
        sender.sendto(b'nobody asked for this', target)
    callnet.check(not arrives(receiver, b'nobody'), f'a packet to {target} came through')
    after = drops_of(appliance, reasons)
    callnet.check(after - before == COUNT,
                  f'{after - before} of {COUNT} in {reasons}: {appliance.show("drops")}')


def test(network):
    hosts = calls.hosts_add(network)
    appliance = callnet.Appliance(network).start()
    inside, outside = hosts['inside'].socket(5060), hosts['outside'].socket(5060)
    # What policy allows passes, so that the silence below means something.
    inside.sendto(OPTIONS, (calls.OUTSIDE, 5060))
    request, source = outside.recvfrom(2048)
    callnet.check(request.startswith(b'OPTIONS') and source[0] == calls.WAN, f'{request} {source}')
    outside.sendto(b'SIP/2.0 200 OK\r\n' + request.split(b'\r\n', 1)[1], source)
    callnet.check(arrives(inside, b'200 OK'), 'the answer to OPTIONS came back')
    # Inside to outside, no SIP: the zone pair's class-default.
    with hosts['inside'].socket(4000) as sender, hosts['outside'].socket(9999) as receiver:
        refused(appliance, sender, (calls.OUTSIDE, 9999), receiver, ['policy_drop'])
    # Outside to our address: nobody asked, whatever the port.
    with hosts['outside'].socket(9998) as sender, hosts['inside'].socket(20000) as receiver:
        refused(appliance, sender, (calls.WAN, 20000), receiver,
                ['nat_unsolicited', 'self_unserved', 'self_policy', 'policy_drop',
                 'policy_no_pair'])
    inside.close()
    outside.close()
    appliance.stop()


callnet.main(test)
