# SPDX-License-Identifier: BSD-3-Clause
"""Phones (baresip) behind callgate, registrar and record-routing proxy (Kamailio) outside: calls
out, in and between two inside phones, media both ways, hold, transfer, re-registration; over UDP, or
over TCP, also when the proxy has closed all connections; and call detail records that say what the
captures say."""
import argparse

import callnet
import calls
import cdr
import real

SERVER = '203.0.113.3'
RENEWAL_S = 4       # bob registers for so long; twice the time that a UDP flow lives idle
UDP_TIMEOUT_S = 2
parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
parser.add_argument('--driver', default='af_packet')
parser.add_argument('--transport', default='udp')
options = parser.parse_args()


class Scene:
    """Two inside phones, one outside, the proxy, and what is asserted of every call."""

    def __init__(self, network):
        hosts = calls.hosts_add(network, options.workers, second=True)
        outside = hosts['outside']
        callnet.run('ip', '-n', outside.namespace, 'address', 'add', f'{SERVER}/24', 'dev', 'eth0')
        self.appliance = callnet.Appliance(network, options.workers, options.driver,
                                           udp_timeout=UDP_TIMEOUT_S)
        self.records = cdr.Records(network)
        self.records.configure(self.appliance)
        self.appliance.start()
        self.watches = {host: real.Watch(host) for host in hosts.values()}
        self.proxy = real.Kamailio(outside, SERVER, options.transport)
        over = options.transport
        self.alice = real.Phone(hosts['inside'], 'alice', SERVER, transport=over)
        self.bob = real.Phone(hosts['inside2'], 'bob', SERVER, RENEWAL_S, transport=over)
        self.carol = real.Phone(outside, 'carol', SERVER, transport=over)
        self.phones = self.alice, self.bob, self.carol
        for phone in self.phones:
            callnet.wait_until(phone.registered, 10, f'{phone.user} is registered')

    def talk(self, one, other):
        real.heard_each_other(self.watches, one, other)

    def call(self, caller, callee):
        for phone in self.phones:
            phone.forget()
        caller.dial(callee.user)
        for phone in (caller, callee):
            phone.wait('CALL_ESTABLISHED')
        self.talk(caller, callee)

    def hold(self, holder, other):
        """Held: the other end is silent. Resumed: both are heard again, at the same endpoints."""
        before = real.endpoints(self.watches[self.carol.host], calls.WAN)
        holder.tell('hold')
        real.silent(self.watches, other)
        holder.tell('resume')
        self.talk(holder, other)
        after = real.endpoints(self.watches[self.carol.host], calls.WAN)
        callnet.check(before == after, f'hold moves the media from {before} to {after}')

    def hang_up(self, phone, *others):
        phone.tell('hangup')
        for other in (phone, *others):
            other.wait('CALL_CLOSED')
        callnet.wait_until(lambda: self.appliance.show('summary')['calls'] == 0, 5, 'calls end')
        calls.check_nothing_left(self.appliance)

    def transfer(self, one, other, third):
        """`one` talks with `other` and transfers it to `third`."""
        self.call(one, other)
        one.tell('transfer', f'sip:{third.user}@{SERVER}{one.transport}')
        third.wait('CALL_ESTABLISHED')
        one.wait('CALL_CLOSED')
        self.talk(other, third)
        self.hang_up(third, other)


def registrations_renew(scene):
    """A phone that registers for longer than a UDP flow lives is reached all the time, at the
    outside endpoint it had at first."""
    seen = scene.appliance.show('sip', 'statistics')['REGISTER']
    callnet.wait_until(lambda: scene.appliance.show('sip', 'statistics')['REGISTER'] >= seen + 2,
                       3 * RENEWAL_S, 'bob registers again, twice')
    summary = scene.appliance.show('summary')
    callnet.check(summary['registrations'] == 2, f'two inside phones are registered: {summary}')
    ports = real.contact_ports(scene.watches[scene.carol.host], SERVER, 'bob')
    callnet.check(len(ports) == 1, f'every REGISTER of bob names one outside endpoint: {ports}')


def proxy_restarts(scene):
    """Connections that the proxy closed are opened again: by bob, who renews his registration, by alice,
    who calls him, and by the proxy."""
    alice, bob, _ = scene.phones
    seen = scene.appliance.show('sip', 'statistics')['REGISTER']
    scene.proxy.restart()
    callnet.wait_until(lambda: scene.appliance.show('sip', 'statistics')['REGISTER'] > seen,
                       3 * RENEWAL_S, 'bob registers again')
    scene.call(alice, bob)
    scene.hang_up(alice, bob)


def connections_check(scene):
    """All SIP came over TCP; alice has had two connections, and the proxy opened some to phones
    inside."""
    watch = scene.watches[scene.carol.host]
    sip = [text for *_, text in watch.packets() if b'SIP/2.0' in text]
    callnet.check(not sip, f'{len(sip)} messages over UDP: {sip[:1]}')
    inward = [way for way, texts in watch.streams().items() if texts and way.tuple4[2] == calls.WAN
              and way.tuple4[1] != 5060]
    out = [way for way, texts in scene.watches[scene.alice.host].streams().items() if texts and
           way.tuple4[0] == scene.alice.address and way.tuple4[2:] == (SERVER, 5060)]
    callnet.check(len(out) > 1 and len(inward) > 1, f'connections out {len(out)}, in {len(inward)}')


def records_check(scene):
    """One for each call of each phone inside, and none for anything else."""
    for watch in scene.watches.values():
        watch.catch_up()
    records = scene.records.read()
    hosts = {phone.address: phone for phone in scene.phones}
    legs = sorted((phone.address, *leg) for phone in scene.phones[:2]
                  for leg in cdr.legs(scene.watches[phone.host], phone.address))
    told = sorted((record['inside_host'], record['call_id'], record['begun_by']) for record in records)
    callnet.check(told == legs, f'told {told}, placed {legs}')
    for record in records:
        watch = scene.watches[hosts[record['inside_host']].host]
        far = scene.watches[scene.carol.host]
        cdr.check_bye(record, watch, record['inside_host'])
        if options.transport == 'udp':
            cdr.check_times(record, (watch, far))
        callnet.check(record['transport'] == options.transport and len(record['media']) == 1, f'{record}')
        other = [one for one in records if one['call_id'] == record['call_id'] and one is not record]
        if other:
            cdr.check_media_between(record, *other, watch, scene.watches[
                hosts[other[0]['inside_host']].host])
        else:
            cdr.check_media(record, watch, far)


def test(network):
    real.needed('kamailio', 'baresip')
    scene = Scene(network)
    alice, bob, carol = scene.phones
    scene.call(alice, carol)
    scene.hold(alice, carol)
    scene.hang_up(alice, carol)
    registrations_renew(scene)
    scene.call(carol, bob)
    scene.hold(carol, bob)
    scene.hang_up(bob, carol)
    scene.call(alice, bob)
    scene.hold(bob, alice)
    scene.hang_up(bob, alice)
    scene.transfer(alice, carol, bob)
    scene.transfer(alice, bob, carol)
    if options.transport == 'tcp':
        proxy_restarts(scene)
    scene.appliance.stop()
    records_check(scene)
    texts = scene.watches[carol.host].texts()
    for _, _, text in texts:
        callnet.check(b'SIP/2.0' not in text or b'10.0.' not in text,
                      f'an inside address outside:\n{text.decode(errors="replace")}')
    if options.transport == 'tcp':
        connections_check(scene)


callnet.main(test)
