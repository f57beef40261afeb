# SPDX-License-Identifier: BSD-3-Clause
"""Call detail records of an appliance, and whether they say what captures of the same calls say."""
import json
import os
import re
import shutil
from datetime import datetime

from callnet import check, wait_until

NEAR_S = 1      # the clock is read before a burst of packets, and captures have their own
BURST = 32      # packets that pass together with the message that ends a call, unseen by its record
RTP_BYTES = 200     # of IP, G.711
MOMENTS = 'invite', 'ringing', 'answer', 'end'


class Records:
    """The file that callgate writes."""

    def __init__(self, network, path=None):
        self.path = path or network.path('cdr.json')
        self.number = 0

    def configure(self, appliance):
        with open(appliance.file, encoding='utf-8') as file:
            text = file.read()
        check('system: {' in text, text)
        with open(appliance.file, 'w', encoding='utf-8') as file:
            file.write(text.replace('system: {', f'system: {{ cdr: {{ target = "file"; '
                                                 f'file = "{self.path}"; }};', 1))

    def lines(self):
        try:
            with open(self.path, encoding='utf-8') as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def read(self):
        return [json.loads(line) for line in self.lines()]

    def take(self, count, what, cut=False):
        """That many records and no more; the file is then moved away, or copied and cut where it is."""
        wait_until(lambda: len(self.lines()) >= count, 5, f'{count} records of {what}')
        found = self.read()
        check(len(found) == count, f'{len(found)} records of {count} {what}')
        check(len({record['call_id'] for record in found}) == count, f'{what}: one line a call')
        self.number += 1
        if cut:
            shutil.copyfile(self.path, f'{self.path}.{self.number}')
            os.truncate(self.path, 0)
        else:
            os.rename(self.path, f'{self.path}.{self.number}')
        return found


def moments(record):
    """(invite, ringing, answer, end) in seconds, None for what has not been; they are in order."""
    found = [record[name] and datetime.strptime(record[name], '%Y-%m-%dT%H:%M:%S.%f%z').timestamp()
             for name in MOMENTS]
    known = [one for one in found if one is not None]
    check(known == sorted(known), f'times in order: {record}')
    return found


def call_id_of(text):
    return re.search(rb'\r\nCall-ID: *(\S+)', text)[1].decode()


def begins_call(text):
    return text.startswith(b'INVITE ') and not re.search(rb'\r\n(?:To|t):[^\r]*;tag=', text)


def legs(watch, address):
    """{(Call-ID, who began it)} of the calls of a host inside."""
    return {(call_id_of(text), 'inside' if source == address else 'outside')
            for source, _, text in watch.texts() if begins_call(text)}


def near(moment, times, record):
    """Between when it was sent and when it arrived."""
    check(times and min(times) - NEAR_S <= moment <= max(times) + NEAR_S,
          f'{moment} is not when {times} were captured: {record}')


def check_times(record, watches):
    """Each moment is that of the message that made it. UDP alone: a message is a packet."""
    seen = [(when, text) for watch in watches for when, *_, text in watch.packets()
            if b'SIP/2.0' in text and call_id_of(text) == record['call_id']]

    def of(pattern):
        every = sorted(when for when, text in seen if re.match(pattern, text, re.S))
        return [when for when in every if when < every[0] + NEAR_S] if every else []
    invite, ringing, answer, end = moments(record)
    near(invite, of(rb'INVITE '), record)
    near(answer, of(rb'SIP/2.0 200 .*\r\nCSeq: \d+ INVITE'), record)
    near(end, of(rb'SIP/2.0 [2-6]\d\d .*\r\nCSeq: \d+ BYE'), record)
    provisional = of(rb'SIP/2.0 1(?!00)\d\d ')
    check((ringing is None) == (not provisional), f'{provisional}: {record}')
    if provisional:
        near(ringing, provisional, record)


def counted(watch, sender, receiver, since, until):
    """(packets, bytes of IP) between two endpoints, as a host saw them."""
    found = [len(text) + 28 for when, *ends, text in watch.packets() if since <= when <= until and
             (f'{ends[0]}:{ends[1]}', f'{ends[2]}:{ends[3]}') == (sender, receiver)]
    return len(found), sum(found)


def late(what):
    """What a record may lack."""
    return BURST * (RTP_BYTES if what == 'bytes' else 1)


def check_media(record, inside, far):
    """What is counted lies between what was sent and what arrived. `far`: the watch of the far end."""
    invite, _, _, end = moments(record)
    since, until = invite - NEAR_S, end + NEAR_S
    for stream in record['media']:
        local, outside, remote = (stream[name] for name in ('inside', 'outside', 'far'))
        ways = {'out': (counted(inside, local, remote, since, until),
                        counted(far, outside, remote, since, until)),
                'in': (counted(far, remote, outside, since, until),
                       counted(inside, remote, local, since, until))}
        for way, (sent, arrived) in ways.items():
            for what, most, least in zip(('packets', 'bytes'), sent, arrived):
                number = stream[f'{what}_{way}']
                check(0 < least <= number + late(what) and number <= most,
                      f'{what} {way}: {most} sent, {least} arrived, {number} counted: {record}')


def check_media_between(one, other, watch, other_watch):
    """Two legs whose media turns around inside callgate: each packet is in one record of the two."""
    invite, _, _, end = moments(one)
    (first,), (second,) = one['media'], other['media']
    check((first['outside'], first['far']) == (second['far'], second['outside']), f'{one} {other}')
    for this, that, sender, receiver in ((first, second, watch, other_watch),
                                         (second, first, other_watch, watch)):
        sent = counted(sender, this['inside'], this['far'], invite - NEAR_S, end + NEAR_S)
        arrived = counted(receiver, this['outside'], that['inside'], invite - NEAR_S, end + NEAR_S)
        for what, most, least in zip(('packets', 'bytes'), sent, arrived):
            number = this[f'{what}_out'] + that[f'{what}_in']
            check(0 < least <= number + late(what) and number <= most,
                  f'{what}: {most} sent, {least} arrived, {number} counted: {one} {other}')


def check_bye(record, watch, address):
    """Who hung up, as the host inside saw it."""
    first = next(('inside' if source == address else 'outside' for source, _, text in watch.texts()
                  if text.startswith(b'BYE ') and call_id_of(text) == record['call_id']), None)
    check((record['reason'], record['bye']) == ('bye', first), f'{first} hung up: {record}')
