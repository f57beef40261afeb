# SPDX-License-Identifier: BSD-3-Clause
"""`show sip registrations` beside what phones and their registrar agreed on: several hundred phones
on two hosts with the same ports, refreshed, for others, several Contacts, taken back, run out. Every
page whole, each registration once, and as many as `show summary` counts."""
import argparse
import datetime
import re
import time

import callnet
import calls
from callnet import check

BATCH = 32
PHONES = 300                # for each host
PORT = 20000
PAGE = 24
FIELDS = ['address_of_record', 'contact', 'inside', 'outside', 'registrar', 'peers', 'transport',
          'granted_s', 'expires_s', 'until']
GRANTED = 1800
WHO_MAX, CONTACT_MAX = 55, 123      # characters that are shown
LONG = '\\' * 250                   # JSON writes each as two
CONTACT = re.compile(r'^Contact: (.*)\r\n', re.M)
ECHOED = re.compile(r'^(?:Via|From|To|Call-ID|CSeq):.*\r\n', re.M)

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
parser.add_argument('--driver', default='af_packet')
options = parser.parse_args()


def contacts_of(text):
    """[(URI, parameters)]; ("*", "") for the star."""
    values = [one.strip() for line in CONTACT.findall(text) for one in line.split(',')]
    return [(value.partition('>')[0].strip('<'), value.partition('>')[2]) for value in values]


def shown(text, room):
    return text if len(text) <= room else text[:room - 3] + '...'


def received(sock, what):
    try:
        return sock.recvfrom(65535)
    except TimeoutError:
        raise callnet.Failure(f'{what} did not come') from None


class Phone:
    """One socket inside, one address of record."""

    def __init__(self, host, port, user):
        self.user, self.cseq = user, 0
        self.socket = host.socket(port)
        self.place = f'{host.address}:{port}'
        self.contact = f'<sip:{user}@{self.place}>'

    def send(self, contact, expires):
        self.cseq += 1
        self.socket.sendto('\r\n'.join([
            'REGISTER sip:example.com SIP/2.0',
            f'Via: SIP/2.0/UDP {self.place};branch=z9hG4bK-{self.user[:9]}-{self.cseq}',
            f'From: <sip:{self.user}@example.com>;tag=1', f'To: <sip:{self.user}@example.com>',
            f'Call-ID: {self.user[:9]}@phones', f'CSeq: {self.cseq} REGISTER',
            f'Contact: {contact}', f'Expires: {expires}', 'Content-Length: 0', '', '']
        ).encode(), (calls.OUTSIDE, 5060))


class Registrar:
    """It lists in each answer all that an address of record has: `written`, by address of record
    {the URI as it came: (the URI as it was sent, seconds)}."""

    def __init__(self, host):
        self.socket = host.socket(5060)
        self.written = {}

    def serve(self, sent, granted, more):
        """A request for each of these: {user: URIs as sent}."""
        for _ in sent:
            data, source = received(self.socket, 'a REGISTER')
            text = data.decode()
            check('10.0.' not in text, f'an inside address outside: {text}')
            user = re.search('^To: <sip:(.*)@', text, re.M)[1]
            known = self.written.setdefault(user, {})
            expires = re.search(r'^Expires: (\d+)', text, re.M)[1]
            for (uri, parameters), inside in zip(contacts_of(text), sent[user]):
                if uri == '*':
                    known.clear()
                elif 'expires=0' in parameters or expires == '0':
                    known.pop(uri, None)
                else:
                    known[uri] = inside, granted
            self.socket.sendto(''.join([
                'SIP/2.0 200 OK\r\n', *ECHOED.findall(text),
                *(f'Contact: <{uri}>;expires={left}\r\n' for uri, (_, left) in known.items()),
                more, 'Content-Length: 0\r\n\r\n']).encode(), source)

    def rows(self):
        """What is to be listed: {(address of record, contact): (inside, outside, granted_s)}"""
        return {(shown(f'sip:{user}@example.com', WHO_MAX), shown(inside, CONTACT_MAX)):
                (*(uri.rpartition('@')[2].partition(';')[0] for uri in (inside, outside)), seconds)
                for user, known in self.written.items()
                for outside, (inside, seconds) in known.items()}


class Scene:
    def __init__(self, appliance, registrar):
        self.appliance, self.registrar = appliance, registrar

    def register(self, phones, contact=None, expires=3600, granted=GRANTED, more=''):
        """`contact` as they write it; without one each names itself."""
        for first in range(0, len(phones), BATCH):
            batch, sent = phones[first:first + BATCH], {}
            for phone in batch:
                text = contact or phone.contact
                phone.send(text, expires)
                sent[phone.user] = [uri for uri, _ in contacts_of(f'Contact: {text}\r\n')]
            self.registrar.serve(sent, granted, more)
            for phone in batch:
                answer = received(phone.socket, f'the answer to {phone.user}')[0].decode()
                wanted = [uri for uri, _ in self.registrar.written[phone.user].values()]
                check(answer.startswith('SIP/2.0 200') and
                      [uri for uri, _ in contacts_of(answer)] == wanted,
                      f'{phone.user} has written {wanted} and reads {answer}')

    def pages(self):
        """All records, and how many pages there were."""
        records, cursor, count = [], 0, 0
        while count == 0 or cursor:
            answer = self.appliance.ask(f'/callgate/sip/registrations,{cursor}')
            cursor = answer.pop('next')
            check(len(answer) <= PAGE, f'{len(answer)} on a page')
            records += answer.items()
            count += 1
        return records, count

    def check_listed(self, what):
        """Exactly what the registrar has, once each; and so many in the summary. The records."""
        records, count = self.pages()
        check(all(list(record) == FIELDS for _, record in records), f'{what}: fields of {records}')
        listed = {(one['address_of_record'], one['contact']):
                  (one['inside'], one['outside'], one['granted_s']) for _, one in records}
        wanted = self.registrar.rows()
        check(listed == wanted and len(records) == len(wanted),
              f'{what}: {len(records)} records; only listed '
              f'{sorted(listed.items() - wanted.items())[:4]}, '
              f'missing {sorted(wanted.items() - listed.items())[:4]}')
        counted = self.appliance.show('summary')['registrations']
        check(counted == len(wanted), f'{what}: {counted} counted, {len(wanted)} listed')
        check(len(wanted) <= PAGE * count, f'{what}: {count} pages')
        followed = self.appliance.show('sip', 'registrations')
        check(followed.pop('next') == 0 and list(followed) == [key for key, _ in records],
              f'{what}: callgatectl follows the pages')
        return [one for _, one in records]


def moment(text):
    return datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%S%z').timestamp()


def several_hundred(scene, phones):
    """All register and refresh; the fields of one."""
    before = time.time()
    scene.register(phones[:1], more='Service-Route: <sip:203.0.113.9;lr>, <sip:203.0.113.8;lr>\r\n')
    after = time.time()
    row, = scene.check_listed('one phone')
    check(row['registrar'] == calls.OUTSIDE and row['transport'] == 'udp' and
          sorted(row['peers'].split()) == ['203.0.113.8', '203.0.113.9'] and
          0 < row['expires_s'] <= row['granted_s'] == GRANTED and
          before + GRANTED - 2 <= moment(row['until']) <= after + GRANTED + 2, f'{row}')
    scene.register(phones[1:])
    rows = scene.check_listed('all phones')
    check(len({row['outside'] for row in rows}) == len(phones) and
          sum(row['inside'].split(':')[1] != row['outside'].split(':')[1] for row in rows) >=
          PHONES, 'of two hosts with the same ports one has others outside')
    for words, count in ((('--host', calls.INSIDE), PHONES), (('--host', calls.INSIDE_2), PHONES),
                         (('--host', calls.OUTSIDE), len(phones)), (('--host', '203.0.113.9'), 1),
                         (('--host', '10.9.9.9'), 0), (('--protocol', 'tcp'), 0),
                         (('--protocol', 'udp', '--host', calls.INSIDE, '--limit', '5'), 5)):
        chosen = scene.appliance.show('sip', 'registrations', *words)
        chosen.pop('next')
        check(len(chosen) == count and ('10.' not in words[-1] or all(
            row['inside'].startswith(words[-1] + ':') for row in chosen.values())), f'{words}: {chosen}')
    scene.register(phones[::10], granted=900)
    rows = scene.check_listed('refreshed')
    check(sum(row['granted_s'] == 900 for row in rows) == len(phones[::10]), 'refreshed grants')


def other_contacts(scene, one, two):
    """For others, several at once, and the star; what is taken back is gone with the answer."""
    third = '<sip:assistant@10.0.1.77:5070>'
    scene.register([one], f'{one.contact}, {third}, <sip:one@{one.place};line=2>;q=0.1')
    scene.check_listed('for others')
    scene.register([one], f'{third};expires=0')
    scene.check_listed('one of three is taken back')
    scene.register([one, two], '*', expires=0)
    scene.check_listed('the star')


def long_texts(scene, host):
    """The longest records, on full pages."""
    phones = [Phone(host, PORT - 100 + i, f'{i:04}{LONG}') for i in range(2 * PAGE + 1)]
    scene.register(phones)
    scene.check_listed('long texts')
    answer = scene.appliance.ask('/callgate/sip/registrations,0')
    check(len(answer) == PAGE + 1, f'{len(answer)} on a page of long texts')
    scene.register(phones, expires=0)


def test(network):
    hosts = calls.hosts_add(network, options.workers, second=True)
    appliance = callnet.Appliance(network, options.workers, options.driver,
                                  sip='registration_grace = 1;').start()
    scene = Scene(appliance, Registrar(hosts['outside']))
    scene.check_listed('nobody')
    check(appliance.ask('/callgate/sip/registrations') == {'next': 0}, 'no record')
    command = [callnet.os.path.abspath(callnet.CALLGATECTL), '--socket', appliance.socket_path,
               'show', 'sip', 'registrations']
    check(callnet.run(*command) == 'none\n', 'a table of nothing')
    phones = [Phone(hosts[name], PORT + i, f'{name}-{i}') for i in range(PHONES)
              for name in ('inside', 'inside2')]
    for one in phones[:2]:      # alone, for few packets wait until a host's address is known
        scene.register([one])
    scene.register(phones[:2], expires=0)
    long_texts(scene, hosts['inside'])
    scene.check_listed('nobody again')
    several_hundred(scene, phones)
    lines = callnet.run(*command).splitlines()
    check(len(lines) == len(phones) + 1 and lines[0].split() == ['#', *FIELDS], lines[0])
    other_contacts(scene, *phones[:2])
    scene.register(phones[2:4], granted=1)
    for phone in phones[2:4]:
        scene.registrar.written[phone.user].clear()
    callnet.wait_until(lambda: len(scene.pages()[0]) <= len(scene.registrar.rows()), 10,
                       'what has run out ends after its grace')
    scene.check_listed('two have run out')
    for wrong in ('abc', '-1', '5,0', '1,2,3', '99999999999999999999'):
        check('error' in appliance.ask(f'/callgate/sip/registrations,{wrong}'), wrong)
    check(appliance.ask('/callgate/sip/registrations,4294967297') == {'next': 0}, 'beyond')
    check(len(appliance.ask('/callgate/sip/registrations,0,2')) == 3, 'two of them')
    workers = appliance.show_workers()
    check(options.workers == 1 or sum(worker['handoff_in'] > 0 for worker in workers) > 1,
          f'several workers had them: {workers}')
    scene.register(phones, expires=0)
    scene.check_listed('all are taken back')
    calls.check_nothing_left(appliance)
    appliance.stop()


callnet.main(test)
