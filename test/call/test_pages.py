# SPDX-License-Identifier: BSD-3-Clause
"""Telemetry's pages when the tables are full of long records: none is lost, none comes twice; and
what a client may ask wrongly is answered with an error."""
import callnet

INSIDE, OUTSIDE = '10.200.100.222', '203.0.113.222'
FLOWS = 150
CLASSES = 40
CALLS = 60
ADDRESSES = 60


def change(appliance):
    """All may pass; long names; a policy with many classes."""
    with open(appliance.file, encoding='utf-8') as file:
        text = file.read()
    text = text.replace('class = "class-default"; action = "drop"',
                        'class = "class-default"; action = "inspect"')
    text = text.replace('name = "in-out"', f'name = "{"p" * 63}"')
    names = [f'class_{"x" * 50}_{i}' for i in range(CLASSES)]
    text = text.replace('class_maps:  (', 'class_maps:  (' + ''.join(
        f'{{ name = "{name}"; match = "any"; protocols = ["https"]; }},' for name in names))
    text = text.replace('classes: (', 'classes: (' + ''.join(
        f'{{ class = "{name}"; action = "inspect"; }},' for name in names))
    text = text.replace('rules: (', f'''pools: ( {{ name = "{"q" * 63}";
        addresses = ["203.0.113.20-203.0.113.{19 + ADDRESSES}"]; }} );
        rules: ( {{ kind = "dynamic"; inside = ["10.200.101.0/24"]; pool = "{"q" * 63}"; }},''')
    with open(appliance.file, 'w', encoding='utf-8') as file:
        file.write(text)


def pages(appliance, command):
    """Keys of the records of all pages, and how many pages there were."""
    keys, cursor, count = [], 0, 0
    while True:
        answer = appliance.ask(f'/callgate/{command},{cursor}')
        cursor = answer.pop('next')
        fields = {len(record) for record in answer.values()}
        callnet.check(len(fields) <= 1, f'{command}: records are whole: {fields}')
        keys += list(answer)
        count += 1
        if cursor == 0:
            return keys, count


def long_calls(network, appliance):
    """As long as they are shown, and JSON writes each quote as two characters."""
    user = '\\' * 100
    with network.hosts['inside'].socket(5070) as phone:
        for i in range(CALLS):
            phone.sendto('\r\n'.join([
                f'INVITE sip:b@{OUTSIDE} SIP/2.0', f'Via: SIP/2.0/UDP {INSIDE};branch=z9hG4bK{i}',
                f'From: <sip:{user}@a.example>;tag=1', f'To: <sip:{user}@b.example>',
                f'Call-ID: {i:03}{150 * chr(34)}', 'CSeq: 1 INVITE', '', '']).encode(),
                         (OUTSIDE, 5060))
            callnet.wait_until(lambda i=i: appliance.show('summary')['calls'] > i, 5, f'call {i}')
    keys, count = pages(appliance, 'sip/calls')
    callnet.check(len(set(keys)) == len(keys) == CALLS and count > 1, f'{len(keys)} calls')
    shown = {one['call_id'] for one in appliance.show('sip', 'calls').values()
             if isinstance(one, dict)}
    callnet.check(shown == {f'{i:03}{121 * chr(34)}...' for i in range(CALLS)}, f'{shown}')


def chosen(appliance):
    """Filters: what fits, and no more, of tables that take several pages."""
    pair = 'p' * 63
    for words, count in ((('sip', 'calls', '--call-id', '007'), 1), (('sip', 'calls', '--call-id', '0'), 60),
                         (('sip', 'calls', '--call-id', 'x'), 0), (('sip', 'calls', '--limit', '40'), 40),
                         (('sip', 'calls', '--host', INSIDE), CALLS), (('sip', 'calls', '--host', '10.0.0.9'), 0),
                         (('sip', 'calls', '--zone-pair', pair), CALLS), (('sip', 'calls', '--zone-pair', 'out-in'), 0),
                         (('sip', 'calls', '--zone-pair', pair, '--host', INSIDE, '--call-id', '05'), 11),
                         (('nat', 'translations', '--host', INSIDE, '--protocol', 'udp'), FLOWS + 2),
                         (('nat', 'translations', '--host', OUTSIDE, '--limit', '100'), 100),
                         (('nat', 'translations', '--protocol', 'tcp'), 0),
                         (('nat', 'translations', '--host', '10.0.0.9'), 0),
                         (('firewall', 'pinholes', '--host', '10.0.0.9'), 0),
                         (('firewall', 'pinholes', '--protocol', 'icmp'), 0),
                         (('firewall', 'sessions', '--zone-pair', pair, '--host', OUTSIDE), FLOWS + 1),
                         (('firewall', 'sessions', '--zone-pair', 'out-in'), 0),
                         (('zone-pairs', '--zone-pair', 'out-in'), CLASSES + 4),
                         (('zone-pairs', '--zone-pair', pair, '--limit', '30'), 30)):
        shown = [one for one in appliance.show(*words).values() if isinstance(one, dict)]
        callnet.check(len(shown) == count, f'{words}: {len(shown)} of {count}: {shown[:2]}')
    pinholes = [one for one in appliance.show('firewall', 'pinholes').values() if isinstance(one, dict)]
    inside = [one for one in appliance.show('firewall', 'pinholes', '--host', INSIDE, '--protocol', 'udp').values()
              if isinstance(one, dict)]
    callnet.check(inside == [one for one in pinholes if INSIDE + ':' in one['source'] + one['destination']] != [],
                  f'{inside}, of {pinholes}')
    for command in ('sip/calls', 'fw/sessions', 'fw/zone_pairs', 'sip/stats'):
        answer = appliance.ask(f'/callgate/{command},zone_pair=nobody')
        callnet.check(answer == {'error': 'no zone pair has this name'}, f'{command}: {answer}')
    for command in ('sip/calls,protocol=udp', 'sip/registrations,call_id=x', 'nat/pools,host=10.0.0.1',
                    'nat/translations,zone_pair=out-in', 'fw/sessions,host=10.0.0', 'fw/sessions,host=',
                    'fw/pinholes,protocol=sctp', 'sip/calls,call_id=' + 129 * 'x', 'sip/calls,=', 'sip/calls,0,host'):
        callnet.check('error' in appliance.ask(f'/callgate/{command}'), f'{command} is refused')


def test(network):
    network.host_add('inside', INSIDE, 'lan0')
    network.host_add('outside', OUTSIDE, 'wan0')
    appliance = callnet.Appliance(network)
    change(appliance)
    appliance.start()
    for i in range(FLOWS):
        with network.hosts['inside'].socket(40000 + i) as sender:
            sender.sendto(b'x', (OUTSIDE, 50000 + i))
        if i % 10 == 0:    # no more than the hold queue takes before the first answer
            callnet.wait_until(lambda: appliance.show('summary')['flows'] > i, 5, 'flows are made')
    callnet.wait_until(lambda: appliance.show('summary')['flows'] == FLOWS, 5, 'all flows')
    for command, total in (('fw/sessions', FLOWS), ('nat/translations', FLOWS),
                           ('fw/zone_pairs', 2 * (CLASSES + 4)), ('nat/pools', ADDRESSES + 3)):
        keys, count = pages(appliance, command)
        callnet.check(len(keys) == total and len(set(keys)) == total and count > 1,
                      f'{command}: {len(keys)} of {total} in {count} pages')
        answer = appliance.ask(f'/callgate/{command},{total - 5},2')
        callnet.check(len(answer) == 3 and answer['next'] > 0, f'{command}: two of them: {answer}')
    pools = appliance.show('nat', 'pools')
    outside, = (row for row in pools.values() if isinstance(row, dict) and
                row['pool'] == 'outside' and row['address'] == 'all')
    callnet.check((outside['udp_used'], outside['hosts']) == (FLOWS, 1), f'{outside}')
    long_calls(network, appliance)
    chosen(appliance)
    pair = 'p' * 63
    with network.hosts['outside'].socket(5060) as sender:    # the reply's way: policy lets it in
        sender.sendto(b'OPTIONS sip:a SIP/2.0\r\n\r\n', (INSIDE, 5060))
    callnet.wait_until(lambda: appliance.ask('/callgate/sip/stats')['OPTIONS'] == 1, 5, 'OPTIONS')
    for name, count in ((pair, 0), ('inside,outside', 0), ('outside,inside', 1),
                        ('out-in', 1), ('self,default', 0)):
        answer = appliance.ask(f'/callgate/sip/stats,{name}')
        callnet.check(answer['OPTIONS'] == count, f'{name}: {answer}')
    for wrong in ('sip/stats,nothing', 'sip/stats,inside,', 'sip/stats,inside,outside,self',
                  'sip/stats,inside,nowhere',
                  'fw/sessions,abc', 'fw/sessions,-1', 'fw/sessions,5,0', 'fw/zone_pairs,1,2,3',
                  'nat/translations,99999999999999999999', 'sip/call', 'sip/call,' + 300 * 'x',
                  'sip/call,nobody'):
        callnet.check('error' in appliance.ask(f'/callgate/{wrong}'), f'{wrong} is refused')
    for beyond in ('fw/sessions,4294967297', 'fw/zone_pairs,1000', 'nat/pools,4294967296', 'sip/calls,99999999999999'):
        callnet.check(appliance.ask(f'/callgate/{beyond}') == {'next': 0}, f'{beyond}: no record')
    appliance.stop()


callnet.main(test)
