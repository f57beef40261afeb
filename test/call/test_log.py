# SPDX-License-Identifier: BSD-3-Clause
"""The log of a running appliance: levels of its modules, asked for and set, over reloads; lines as the
journal reads them; floods that are counted instead of written."""
import os
import re
import subprocess

import callnet
import calls
from callnet import check, wait_until

MODULES = {'app', 'port', 'net', 'flow', 'nat', 'fw', 'sip'}
FLOOD = 200
INVITE = '''INVITE sip:b@{outside} SIP/2.0
Via: SIP/2.0/UDP {inside}:5060;branch=z9hG4bK-{n}
From: <sip:a@example.org>;tag={n}
To: <sip:b@example.org>
Call-ID: {n}-\x1b[2J@example.org
CSeq: 1 INVITE
Max-Forwards: 70
Content-Length: 0

'''.replace('\n', '\r\n')


def control(appliance, *words):
    done = subprocess.run([os.path.abspath(callnet.CALLGATECTL), '--socket', appliance.socket_path, *words],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def levels(appliance):
    return appliance.ask('/callgate/log')


def log_lines(network):
    return network.text('callgate.log').splitlines()


def change(appliance, before, after):
    with open(appliance.file, encoding='utf-8') as file:
        text = file.read()
    check(before in text, f'{before!r} is in the configuration')
    with open(appliance.file, 'w', encoding='utf-8') as file:
        file.write(text.replace(before, after, 1))


def set_and_kept(appliance):
    check(levels(appliance) == dict.fromkeys(MODULES, 'info'), f'{levels(appliance)}')
    status, text = control(appliance, 'log', 'level', 'sip', 'debug')
    check(status == 0 and levels(appliance)['sip'] == 'debug', text)
    status, text = control(appliance, 'log')
    check(status == 0 and re.search(r'^sip +debug$', text, re.M) and re.search(r'^app +info$', text, re.M), text)
    for words in (('sip', 'loud'), ('fax', 'info')):
        status, text = control(appliance, 'log', 'level', *words)
        check(status == 1 and text.startswith('callgatectl: '), f'{words}: {status} {text}')
    # What was set stays, until the file says otherwise.
    check('reloaded' in appliance.ask('/callgate/reload'), 'reload')
    check(levels(appliance)['sip'] == 'debug', f'{levels(appliance)}')
    change(appliance, 'log: { level = "info";',
           'log: { level = "info"; modules: ( { module = "sip"; level = "warning"; } );')
    check('reloaded' in appliance.ask('/callgate/reload'), 'reload')
    check(levels(appliance) == dict.fromkeys(MODULES, 'info') | {'sip': 'warning'}, f'{levels(appliance)}')
    change(appliance, 'level = "warning"; }', 'level = "perhaps"; }')
    check('faults' in appliance.ask('/callgate/reload'), 'a faulty file is refused')
    check(levels(appliance)['sip'] == 'warning', f'{levels(appliance)}')
    change(appliance, 'level = "perhaps"; }', 'level = "warning"; }')


def flood(network, appliance, sender):
    """sip.max_pending_calls is 1, of each of two workers."""
    for n in range(FLOOD):
        sender.sendto(INVITE.format(n=n, inside=calls.INSIDE, outside=calls.OUTSIDE).encode(),
                      (calls.OUTSIDE, 5060))
    wait_until(lambda: appliance.show('sip', 'statistics')['limit_pending_calls'] >= FLOOD - 2, 5, 'refusals')

    def told():
        lines = [line for line in log_lines(network) if 'max_pending_calls' in line]
        written = sum('refused by sip.max_pending_calls' in line and 'SIP message' in line for line in lines)
        return written + sum(int(n) for line in lines
                             for n in re.findall(r'(\d+) similar lines suppressed', line)), lines
    wait_until(lambda: told()[0] == appliance.show('sip', 'statistics')['limit_pending_calls'], 5,
               'each refusal is in a line or counted by one')
    check(len(told()[1]) < 10, f'{told()}')


def unreadable(network, appliance, sender):
    """Each message that cannot be read is in a line or counted by one, and the lines are few."""
    for _ in range(50 * FLOOD):
        sender.sendto(b'INVITE sip:b@example.org SIP/2.0\r\nThis is no header\r\n\r\n',
                      (calls.OUTSIDE, 5060))

    def told():
        lines = [line for line in log_lines(network) if 'cannot be read' in line
                 or 'SIP messages that' in line]
        return len(lines), sum('cannot be read: ' in line for line in lines) + sum(
            int(n) for line in lines for n in re.findall(r'(\d+) similar lines suppressed', line))
    wait_until(lambda: told()[1] == appliance.show('sip', 'statistics')['malformed'] > FLOOD, 5,
               'each is in a line or counted by one')
    check(told()[0] < FLOOD, f'{told()}')


def test(network):
    hosts = calls.hosts_add(network, 2)
    appliance = callnet.Appliance(network, 2, sip='max_pending_calls = 1;')
    # As a service of systemd: standard error is what JOURNAL_STREAM names.
    with open(network.path('callgate.log'), 'wb') as log:
        status = os.fstat(log.fileno())
    os.environ['JOURNAL_STREAM'] = f'{status.st_dev}:{status.st_ino}'
    appliance.start()
    set_and_kept(appliance)
    with hosts['inside'].socket(5060) as sender:
        check(control(appliance, 'log', 'level', 'all', 'debug')[0] == 0, 'all modules at once')
        flood(network, appliance, sender)
        unreadable(network, appliance, sender)
    began = [line for line in log_lines(network) if line.endswith('begins')]
    check(began and all(re.fullmatch(r'<7>call \d+-\\x1b\[2J@example\.org begins', line) for line in began),
          f'{began}')
    appliance.stop()
    lines = log_lines(network)
    check(all(re.match('<[3-7]>[^<]', line) and 'callgate: ' not in line for line in lines), f'{lines}')
    check(any(line.startswith('<6>running with') for line in lines)
          and any(line.startswith('<4>reload refused') for line in lines), f'{lines}')


callnet.main(test)
