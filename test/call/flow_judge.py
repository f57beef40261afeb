# SPDX-License-Identifier: BSD-3-Clause
"""What every message of every flow must be like, whoever received it."""
import re

from callnet import Failure, check
from calls import WAN
from flow_message import Description

UNCHANGED = (b'call-id', b'cseq', b'from', b'to', b'authorization', b'proxy-authorization',
             b'www-authenticate', b'proxy-authenticate')
SEEN_OUTSIDE = re.compile(rb'(?<![\d.])' + WAN.replace('.', r'\.').encode() + rb'(?!\d)')


def judge(play):
    """What every message of every flow must be like. First lines of all that was sent."""
    hairpin = all(seat.inside for seat in play.seats.values())
    traces = {party: play.messages(party) for party in play.sipp}
    for party, trace in traces.items():
        vias = {message.values(b'via')[0] for message in trace if message.sent
                and not message.code}
        mine = {play.seats[party].uri, play.seats[party].contact}
        for message in trace:
            if message.sent:
                mine |= {uri.decode() for value in message.values(b'contact')
                         for uri in re.findall(rb'<([^>]*)>', value)}
            elif not message.first.startswith(b'SYNC'):
                try:
                    judge_one(play, party, message, traces, vias, mine, hairpin)
                except Failure as failure:
                    raise Failure(f'{play.flow.name}: {party} received, {failure}:\n'
                                  + message.text.decode(errors='replace')) from None
    for proxy in play.on_the_way:
        play.counted += proxy.sent
        proxy.sent = []
    if 'ports change' not in play.hooks:
        judge_ports(play, traces)
    counted = play.counted + [message.first for trace in traces.values()
                              for message in trace if message.sent]
    for step in play.flow.steps:
        if 'lost' in step.options:      # refused before it was read as SIP
            counted.remove(next(first for first in reversed(counted)
                                if first.startswith(step.what.encode())))
    return counted


def judge_ports(play, traces):
    """The same media endpoint has the same outside endpoint in every description."""
    faces = {}
    for step in play.flow.steps:
        if step.check or not step.sdp or 'lost' in step.options:
            continue
        own, seen = (Description.of(traces[party], 100 + step.number, sent)
                     for party, sent in ((step.sender, True), (step.receiver, False)))
        check(own and seen, f'{play.flow.name}: description {100 + step.number} is missing')
        for mine, other in zip(own.streams, seen.streams):
            if mine['port'] == 0 or mine['address'] == '0.0.0.0':
                kept = 'port' if mine['port'] == 0 else 'address'
                check(mine[kept] == other[kept], f'{play.flow.name}: {mine} became {other}')
                continue
            check(len(mine['candidates']) == len(other['candidates']) and
                  set(other['candidates']) <= {(other['address'], other['port']),
                                               (other['address'], other['rtcp'])},
                  f'{play.flow.name}: {mine} became {other}: candidates')
            for part in ('port', 'rtcp'):
                face = faces.setdefault((mine['address'], mine[part]),
                                        (other['address'], other[part]))
                check(face == (other['address'], other[part]),
                      f'{play.flow.name}: {mine} was {face}, and now is {other}')


def judge_one(play, party, message, traces, vias, mine, hairpin):
    if play.seats[party].inside:
        check(hairpin or not SEEN_OUTSIDE.search(message.text), 'an outside address inside')
    else:
        check(b'10.0.' not in message.text, 'an inside address outside')
    check(int(message.values(b'content-length')[0]) == len(message.body), 'its length wrong')
    if message.code:
        check(message.values(b'via')[0] in vias, 'a Via that it did not send')
    elif message.method != b'REGISTER' and 'uri' not in play.hooks:
        check(message.uri.decode() in mine, f'a URI that is not in {mine}')
    sent = [one for other, trace in traces.items() if other != party for one in trace
            if one.sent and one.key() == message.key()]
    check(sent, 'a message that nobody sent so')
    for name in UNCHANGED:
        check(any(one.values(name) == message.values(name) for one in sent),
              f'with another {name.decode()} than sent')
