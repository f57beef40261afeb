# SPDX-License-Identifier: BSD-3-Clause
"""Call detail records agree with the calls that were placed: a line for each, however it ended and
over whatever it came; none is lost when the file is moved away, or copied and cut, or the configuration is
reloaded."""
import argparse
import os
import re
import signal
import stat

import callnet
import calls
from callnet import check, wait_until
from cdr import Records, moments

COUNT = 100 if calls.LONG else 30
FEW = 20
SILENT_S = 10       # sip.call_proceeding_timeout
SILENT = '''INVITE sip:nobody@{outside} SIP/2.0
Via: SIP/2.0/UDP {inside}:5090;branch=z9hG4bK-{name}
From: <sip:a@example.org>;tag=1
To: <sip:nobody@example.org>
Call-ID: {name}@example.org
CSeq: 1 INVITE
Max-Forwards: 70
Content-Length: 0

'''.replace('\n', '\r\n')

parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=2)
parser.add_argument('--driver', default='af_packet')
options = parser.parse_args()


def call_ids(party):
    """What SIPp called them."""
    return {one.group(1).decode() for sent, text in party.messages() if sent
            for one in [re.search(rb'^Call-ID: (\S+)', text, re.M)] if one}


def check_answered(records, party, transport):
    check({record['call_id'] for record in records} == call_ids(party), 'the Call-IDs of the caller')
    ports = {f'{calls.INSIDE}:{party.base + calls.STEP * i}' for i in range(party.calls)}
    check({record['media'][0]['inside'] for record in records} == ports, 'each with its own port')
    for record in records:
        _, ringing, answer, end = moments(record)
        check(ringing is not None and answer is not None, f'{record}')
        check(record['duration'] == round(end - answer, 3)
              and record['duration'] >= party.hold_ms / 1000, f'{record}')
        check((record['reason'], record['status'], record['bye']) == ('bye', None, 'inside'), f'{record}')
        check((record['begun_by'], record['inside_host'], record['outside_host'], record['transport'])
              == ('inside', calls.INSIDE, calls.OUTSIDE, transport), f'{record}')
        check(record['from'] == f'sip:caller@{calls.INSIDE}:{party.port}'
              and record['to'] == f'sip:callee@{party.target}', f'{record}')
        media, = record['media']
        check(media['type'] == 'audio' and media['outside'].startswith(calls.WAN + ':')
              and media['far'].startswith(calls.OUTSIDE + ':'), f'{record}')
        check(media['packets_in'] > 0 and media['packets_out'] > 0, f'{record}')


def check_media(records, inside, outside):
    """What callgate counted lies between what was sent and what arrived: it may be dropped when a call
    is over, never before callgate or behind it."""
    for sender, receiver, way in ((inside, outside, 'out'), (outside, inside, 'in')):
        counted = sum(record['media'][0][f'packets_{way}'] for record in records)
        check(receiver['rtp_received'] <= counted <= sender['rtp_sent'],
              f'{way}: {sender["rtp_sent"]} sent, {counted} counted, {receiver["rtp_received"]} received')


def answered(hosts, records, count, transport='u1', port=5060):
    caller = calls.Party(hosts['inside'], 'caller', count, target=f'{calls.OUTSIDE}:{5060}', rate=25,
                         hold_ms=1000, transport=transport, port=port, name=transport)
    callee = calls.Party(hosts['outside'], 'callee', count, base=calls.OUTSIDE_BASE,
                         transport=transport, name=transport)
    calls.parties_start([caller], [callee])
    inside, outside = calls.parties_check([caller], [callee])
    found = records.take(count, f'calls over {transport}')
    check_answered(found, caller, 'udp' if transport == 'u1' else 'tcp')
    check_media(found, inside, outside)
    return found


def silent(hosts, name):
    """An INVITE that nobody answers."""
    with hosts['inside'].socket(5090) as sender:
        sender.sendto(SILENT.format(name=name, inside=calls.INSIDE, outside=calls.OUTSIDE).encode(),
                      (calls.OUTSIDE, 5060))


def check_unanswered(record, name, reason):
    check((record['call_id'], record['reason'], record['from'], record['answer'], record['duration'],
           record['media']) == (f'{name}@example.org', reason, 'sip:a@example.org', None, 0, []), f'{record}')


def unanswered(hosts, records, caller, callee, reason, status, cut=False):
    first = calls.Party(hosts['inside'], caller, FEW, media=False, target=f'{calls.OUTSIDE}:5060')
    second = calls.Party(hosts['outside'], callee, FEW, media=False, base=calls.OUTSIDE_BASE)
    calls.parties_start([first], [second])
    calls.parties_check([first], [second])
    for record in records.take(FEW, reason, cut):
        check((record['reason'], record['status'], record['answer'], record['duration'], record['bye'])
              == (reason, status, None, 0, None), f'{record}')
        moments(record)


def test(network):
    hosts = calls.hosts_add(network, options.workers)
    appliance = callnet.Appliance(network, options.workers, options.driver,
                                  sip=f'call_proceeding_timeout = {SILENT_S};')
    records = Records(network)
    records.configure(appliance)
    appliance.start()
    silent(hosts, 'nobody')
    wait_until(lambda: len(records.lines()) == 1, SILENT_S + 5, 'the call that nobody answered')
    check_unanswered(*records.take(1, 'silence'), 'nobody', 'timeout_proceeding')
    # The file has been moved away: it is made anew when callgate is told, not before.
    os.kill(appliance.process.pid, signal.SIGHUP)
    found = answered(hosts, records, COUNT)
    check(len({record['worker'] for record in found}) == options.workers, 'of all workers')
    check(stat.S_IMODE(os.stat(f'{records.path}.2').st_mode) & 0o137 == 0, 'not for everybody to read')
    check('reloaded' in appliance.ask('/callgate/reload'), 'reload')
    unanswered(hosts, records, 'caller_refused', 'callee_refuses', 'refused', 486)
    os.kill(appliance.process.pid, signal.SIGHUP)
    unanswered(hosts, records, 'caller_cancels', 'callee_rings', 'cancelled', 487, cut=True)
    answered(hosts, records, FEW, 't1')
    os.kill(appliance.process.pid, signal.SIGHUP)
    silent(hosts, 'cleared')
    wait_until(lambda: appliance.show('summary')['calls'] == 1, 5, 'a call')
    appliance.ask('/callgate/clear/sip_calls')
    wait_until(lambda: len(records.lines()) == 1, 5, 'the call that was cleared')
    check_unanswered(*records.read(), 'cleared', 'cleared')
    events = appliance.show('events')
    check((events['cdr_lines'], events['cdr_dropped'], events['cdr_unwritten'])
          == (2 + COUNT + 3 * FEW, 0, 0), f'{events}')
    silent(hosts, 'last')
    wait_until(lambda: appliance.show('summary')['calls'] == 1, 5, 'a call')
    appliance.stop()
    check_unanswered(records.read()[1], 'last', 'shutdown')


callnet.main(test)
