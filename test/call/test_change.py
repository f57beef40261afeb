# SPDX-License-Identifier: BSD-3-Clause
"""Changing a running appliance: reload of the policy, refusal of a faulty file, clearing tables
in mid-call without losing the call records."""
import json
import os
import signal
import subprocess

import callnet
import calls


def passes(sender, receiver, text):
    sender.sendto(text, (calls.OUTSIDE, 9999))
    try:
        return receiver.recv(2048) == text
    except OSError:
        return False


def change(appliance, before, after):
    """Replace text in the configuration file."""
    with open(appliance.file, encoding='utf-8') as file:
        text = file.read()
    callnet.check(before in text, f'{before!r} is in the configuration')
    with open(appliance.file, 'w', encoding='utf-8') as file:
        file.write(text.replace(before, after, 1))


def ctl(appliance, *words):
    done = subprocess.run([callnet.CALLGATECTL, '--socket', appliance.socket_path, *words],
                          capture_output=True, text=True, check=False, timeout=20)
    return done.returncode, done.stdout, done.stderr


def differs(appliance, status, *lines):
    """What a reload with the file would change, line by line, and what that means."""
    found = ctl(appliance, 'diff', appliance.file)
    wanted = ''.join(f'{line}\n' for line in lines)
    callnet.check(found == (status, wanted, ''), f'diff: {found}, wanted {wanted}')


def show_configuration(network, appliance):
    """What is in force is a file itself: it passes the check, and is no change."""
    status, text, error = ctl(appliance, 'show', 'config')
    callnet.check(status == 0 and 'tcp_window_check = false;' in text, f'{text}{error}')
    whole = network.path('whole.conf')
    with open(whole, 'w', encoding='utf-8') as file:
        file.write(text)
    callnet.run(callnet.CALLGATE, '--check', '-c', whole)
    found = ctl(appliance, 'diff', whole)
    callnet.check(found == (0, 'no change\n', ''), f'{found}')
    # A page of it goes with the pages of another no more.
    page = appliance.ask('/callgate/config')
    callnet.check(page['next'] > 0 and text.startswith(''.join(page['text'])), f'{page}')
    return page['next']


def reload_policy(network, appliance, hosts):
    closed = '{ class = "class-default"; action = "drop"; }'
    opened = '{ class = "class-default"; action = "inspect"; }'
    one_way = '{ name = "in-out"; source = "inside"; destination = "outside"; policy = "trunk"; }'
    both_ways = one_way + """,
  { name = "out-in"; source = "outside"; destination = "inside"; policy = "trunk"; }"""
    with hosts['inside'].socket(4000) as sender, hosts['outside'].socket(9999) as receiver:
        callnet.check(not passes(sender, receiver, b'one'), 'the policy refuses at first')
        cursor = show_configuration(network, appliance)
        differs(appliance, 0, 'no change')
        change(appliance, closed, opened)
        default = 'live     policy_maps[trunk].classes[class-default].action: "drop" -> "inspect"'
        differs(appliance, 0, default, '', 'a reload makes all of it: 1 live')
        done = subprocess.run([callnet.CALLGATECTL, '--socket', appliance.socket_path, 'reload'],
                              capture_output=True, text=True, check=False)
        callnet.check(done.returncode == 0, f'reload: {done.stdout}{done.stderr}')
        callnet.check(passes(sender, receiver, b'two'), 'the reloaded policy lets pass')
        differs(appliance, 0, 'no change')
        show_configuration(network, appliance)
        answer = appliance.ask(f'/callgate/config,{cursor}')
        callnet.check('changed meanwhile' in answer.get('error', ''), f'{answer}')
        # An inspected conversation goes on over a reload, whoever speaks first after it.
        sender.sendto(b'question', (calls.OUTSIDE, 9999))
        peer = receiver.recvfrom(2048)[1]
        change(appliance, both_ways, one_way)
        callnet.check('reloaded' in appliance.ask('/callgate/reload'), 'one way is enough')
        receiver.sendto(b'answer', peer)
        try:
            answer = sender.recv(2048)
        except OSError:
            answer = None
        callnet.check(answer == b'answer', f'the answer passes after a reload: {answer}')
        # It counts where the next policy has it, once.
        change(appliance, 'name = "in-out"', 'name = "outward"')
        callnet.check('reloaded' in appliance.ask('/callgate/reload'), 'the pair has another name')
        receiver.sendto(b'again', peer)
        callnet.check(sender.recv(2048) == b'again', 'the answer passes under the new name')
        flows = [one for one in appliance.ask('/callgate/fw/sessions').values()
                 if isinstance(one, dict)]
        moved = [one for one in flows if one['zone_pair'] == 'outward']
        callnet.check(len(moved) == 1 and moved[0]['class'] == 'class-default', f'moved: {flows}')
        def rows():
            return {(one['zone_pair'], one['class']): (one['flows'], one['packets'])
                    for one in appliance.ask('/callgate/fw/zone_pairs').values() if isinstance(one, dict)}
        # One that stands: no packet of it is a first one.
        counted = rows()
        callnet.check((counted['outward', 'class-default'], counted['outward', '*']) == ((1, 0), (1, 0)),
                      f'{counted}')
        change(appliance, 'name = "outward"', 'name = "in-out"')
        # What may not begin any more ends, answers too, though these have an open pair of their own.
        drops = 'policy_maps: ( { name = "nothing"; classes: ( { class = "class-default"; } ); },'
        change(appliance, 'policy_maps: (', drops)
        taken = both_ways.replace('"trunk"', '"nothing"', 1)
        change(appliance, one_way, taken)
        callnet.check('reloaded' in appliance.ask('/callgate/reload'), 'the policy is taken away')
        receiver.sendto(b'late', peer)
        try:
            late = sender.recv(2048)
        except OSError:
            late = None
        counted = rows()
        callnet.check(late is None and counted['in-out', 'class-default'] == (0, 1),
                      f'the answer ends with its conversation: {late} {counted}')
        change(appliance, taken, both_ways)
        change(appliance, drops, 'policy_maps: (')
        callnet.check('reloaded' in appliance.ask('/callgate/reload'), 'the policy is back')
        callnet.check(passes(sender, receiver, b'anew'), 'it may begin again')
        # The established flow is asked again under the next ruleset.
        change(appliance, opened, closed)
        os.kill(appliance.process.pid, signal.SIGHUP)
        callnet.wait_until(lambda: not passes(sender, receiver, b'three'), 5,
                           'SIGHUP ends the flow that policy refuses')
        change(appliance, closed, '{ class = "class-default"; action = "perhaps_one_that_does_not_exist"; }')
        done = subprocess.run([callnet.CALLGATECTL, '--socket', appliance.socket_path, 'reload'],
                              capture_output=True, text=True, check=False)
        callnet.check(done.returncode == 1 and 'perhaps' in done.stdout + done.stderr,
                      f'a faulty file is refused: {done.stdout}{done.stderr}')
        callnet.check(not passes(sender, receiver, b'four'), 'the running policy stays')
        status, out, error = ctl(appliance, 'diff', appliance.file)
        callnet.check((status, out) == (1, '') and 'perhaps' in error, f'diff: {out}{error}')
        # The whole text of a fault that is longer than the socket takes at once.
        checked = subprocess.run([callnet.CALLGATE, '--check', '-c', appliance.file],
                                 capture_output=True, text=True, check=False)
        faults = [line for line in checked.stderr.splitlines() if 'perhaps' in line]
        callnet.check(faults == done.stderr.splitlines() and len(faults[0]) > 128 and
                      faults[0].endswith('drop, inspect, pass'), f'{faults} {done.stderr}')
        change(appliance, '"perhaps_one_that_does_not_exist"', '"drop"')
        change(appliance, 'max_calls = 4096', 'max_calls = 8192')
        done = subprocess.run([callnet.CALLGATECTL, '--socket', appliance.socket_path, 'reload'],
                              capture_output=True, text=True, check=False)
        callnet.check(done.returncode == 1 and 'max_calls' in done.stdout + done.stderr,
                      f'table sizes cannot change live: {done.stdout}{done.stderr}')
        differs(appliance, 3, 'restart  system.max_calls: 4096 -> 8192', '',
                'a reload refuses the file: 0 live, 1 need a restart')
        status, out, _ = ctl(appliance, '--json', 'diff', appliance.file)
        callnet.check(status == 3 and json.loads(out) == {'restart': 1, 'changes': [
            {'path': 'system.max_calls', 'before': '4096', 'after': '8192', 'live': False}]}, out)


def clear_in_mid_call(appliance, hosts):
    callee = calls.Party(hosts['outside'], 'callee', calls=5, base=calls.OUTSIDE_BASE)
    caller = calls.Party(hosts['inside'], 'caller', calls=5, target=f'{calls.OUTSIDE}:5060',
                         hold_ms=4000)
    calls.parties_start([caller], [callee])
    callnet.wait_until(lambda: appliance.show('summary')['media_doors'] == 10, 10, 'calls are up')
    callnet.wait_until(lambda: appliance.show('summary')['flows'] > 5, 10, 'media flows')
    for what in ('nat', 'fw'):
        appliance.ask(f'/callgate/clear/{what}')
    callnet.check(appliance.show('summary')['calls'] == 5, 'clearing keeps the call records')
    appliance.ask('/callgate/clear/sip_stats')
    callnet.check(appliance.show('sip', 'statistics')['INVITE'] == 0, 'statistics start at 0')
    appliance.ask('/callgate/clear/sip_calls')
    callnet.wait_until(lambda: appliance.show('summary')['calls'] == 0, 3, 'records are cleared')
    calls.check_nothing_left(appliance)


def test(network):
    hosts = calls.hosts_add(network, 2)
    appliance = callnet.Appliance(network, 2).start()
    reload_policy(network, appliance, hosts)
    clear_in_mid_call(appliance, hosts)
    appliance.stop()


callnet.main(test)
