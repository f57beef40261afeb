# SPDX-License-Identifier: BSD-3-Clause
"""sip.hep: a collector gets every SIP message, as it came and as it left, over UDP and TCP, in datagrams of
HEP version 3 that are whole; one that is not there holds up nobody."""
import argparse
import socket
import struct
import time

import callnet
import calls
import tcp_end
from callnet import check, wait_until
from known_calls import Wire, tcp_message, udp_call

COLLECTOR = ('127.0.0.1', 9060)
CAPTURE_ID = 4711
FORMS = {1: 'B', 2: 'B', 3: '4s', 4: '4s', 7: 'H', 8: 'H', 9: 'I', 10: 'I', 11: 'B', 12: 'I'}

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
options = parser.parse_args()


def chunks(datagram):
    """{type: value} of a datagram."""
    mark, length = struct.unpack_from('>4sH', datagram)
    check((mark, length) == (b'HEP3', len(datagram)), f'{mark} {length} of {len(datagram)} bytes')
    found, at = {}, 6
    while at < len(datagram):
        vendor, kind, length = struct.unpack_from('>HHH', datagram, at)
        check(vendor == 0 and kind not in found and 6 <= length <= len(datagram) - at, f'chunk {kind}')
        value = datagram[at + 6:at + length]
        found[kind] = struct.unpack('>' + FORMS[kind], value)[0] if kind in FORMS else value
        at += length
    check(set(found) == {*FORMS, 15}, f'{sorted(found)}')
    return found


def check_sides(collector, seen, proto):
    for side, sent, arrived in seen:
        ends = {'inside': ((calls.INSIDE, calls.OUTSIDE), (calls.WAN, calls.OUTSIDE)),
                'outside': ((calls.OUTSIDE, calls.WAN), (calls.OUTSIDE, calls.INSIDE))}[side]
        for text, (source, destination) in zip((sent, arrived), ends):
            try:
                got = chunks(collector.recv(65536))
            except TimeoutError:
                raise callnet.Failure(f'nothing came of {text[:80]}') from None
            check(got[15] == text, f'{got[15][:200]} is not {text[:200]}')
            check((got[1], got[2], got[11], got[12]) == (socket.AF_INET, proto, 1, CAPTURE_ID), f'{got}')
            check((got[3], got[4]) == (socket.inet_aton(source), socket.inet_aton(destination)), f'{got}')
            port = got[7] if side == 'outside' else got[8]
            check(port == 5060, f'ports: {got[7]} {got[8]}')
            check(abs(got[9] - time.time()) < 86400 and got[10] < 1000000, f'time: {got[9]}.{got[10]}')


def test(network):
    hosts = calls.hosts_add(network, options.workers)
    appliance = callnet.Appliance(network, options.workers, sip=(
        f'hep: {{ collector = "{COLLECTOR[0]}:{COLLECTOR[1]}"; capture_id = {CAPTURE_ID}; }}')).start()
    wire = Wire()
    with hosts['inside'].socket(5060) as phone, hosts['outside'].socket(5060) as peer:
        udp_call(wire, phone, peer, 'nobody@listens', 30000)
        wait_until(lambda: sum(appliance.show('events')[name] for name in ('hep_sent', 'hep_lost')) == 12,
                   10, 'both sides of six messages')
        collector = callnet.sockets_in(network.router, socket.SOCK_DGRAM, 1)[0]
        collector.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        collector.bind(COLLECTOR)
        collector.settimeout(5)
        udp_call(wire, phone, peer, 'one@test', 30002)
        check_sides(collector, wire.seen['one@test'], socket.IPPROTO_UDP)
    listener = hosts['outside'].sockets_make(socket.SOCK_STREAM, 1)[0]
    listener.bind((calls.OUTSIDE, 5060))
    listener.listen()
    with listener, collector:
        phone = tcp_end.End(hosts['inside'].connection(calls.OUTSIDE, 5060))
        peer = tcp_end.End(listener.accept()[0])
        tcp_message(wire, phone, peer, 'three@test')
        check_sides(collector, wire.seen['three@test'], socket.IPPROTO_TCP)
        phone.socket.close()
        peer.socket.close()
    check(appliance.show('events')['trace_lost'] == 0, 'nothing was lost')
    appliance.stop()


callnet.main(test)
