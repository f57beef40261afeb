# SPDX-License-Identifier: BSD-3-Clause
"""callgatectl against a telemetry socket of the test's own: pages, tables, errors, exit statuses."""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading

CTL = os.environ['CALLGATECTL']
CALLS = [(str(i + 1), {'call_id': f'{i}@trunk', 'state': 'confirmed', 'age_s': i})
         for i in range(150)]
REGISTRATIONS = [(str(i + 1), {'contact': f'sip:{i}@10.0.0.7', 'outside': '-', 'expires_s': i})
                 for i in range(100)]
SESSIONS = [(str(i + 1), {'source': f'10.0.0.{i % 2}:{i}', 'zone_pair': 'in-out'}) for i in range(90)]
PAGE = 64
NOBODY = 65534
ASKED = []      # every request, as it came
SHOWN = ('info', 'config', 'ports', 'workers', 'events', 'drops', 'summary', 'sip statistics',
         'sip calls', 'sip registrations', 'nat translations', 'nat pools', 'firewall sessions',
         'firewall pinholes', 'zone-pairs')
ENDS = ('sip registrations', 'nat translations', 'firewall sessions', 'firewall pinholes')
FILTERS = (     # option, value, parameter of the request, commands that have it
    ('--host', '10.0.0.1', ',host=10.0.0.1,', (*ENDS, 'sip calls')),
    ('--protocol', 'tcp', ',protocol=tcp,', ENDS),
    ('--zone-pair', 'in-out', ',zone_pair=in-out,',
     ('sip statistics', 'sip calls', 'firewall sessions', 'zone-pairs')),
    ('--call-id', 'a@b=c', ',call_id=a@b=c,', ('sip calls',)),
    ('--limit', '1', '', (*ENDS, 'sip calls', 'nat pools', 'zone-pairs')))


def sessions_of(parameters):
    """Filters by name, in any order, beside the cursor."""
    words = [word for word in parameters.split(',') if word]
    chosen = dict(word.split('=') for word in words if '=' in word)
    cursor = ''.join(word for word in words if '=' not in word)
    if chosen.get('protocol', 'tcp') != 'tcp':
        return {'error': 'parameters are malformed or missing'}
    fitting = [(number, one) for number, one in SESSIONS
               if one['zone_pair'] == chosen.get('zone_pair', 'in-out')
               and one['source'].split(':')[0] == chosen.get('host', one['source'].split(':')[0])]
    rest = [(number, one) for number, one in fitting if int(number) > int(cursor or 0)]
    return {**dict(rest[:32]), 'next': int(rest[31][0]) if len(rest) > 32 else 0}


def page_of(records, parameters, size=PAGE):
    cursor = int(''.join(word for word in parameters.split(',') if '=' not in word) or 0)
    page = records[cursor:cursor + size]
    more = cursor + len(page) < len(records)
    return {**dict(page), 'next': int(page[-1][0]) if more else 0}


# Every counter that the appliance has, by its kind, each with a number of its own.
KINDS = {'SIP_METHOD_COUNTERS': 'Receive', 'SIP_RESPONSE_COUNTERS': 'Receive',
         'SIP_OK_COUNTERS': 'Receive', 'SIP_EVENT_COUNTERS': 'Events',
         'SIP_ERROR_COUNTERS': 'Errors', 'SIP_LIMIT_COUNTERS': 'Limits'}
WRONG = 'Wrong messages, by kind'


def all_counters():
    """{name: heading} of the lists in lib/alg/statistics.h."""
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../lib')
    found = {}
    for path, lists in (('alg/statistics.h', KINDS), ('sip/message.h', {'SIP_ERROR_LIST': WRONG}),
                        ('sip/sdp.h', {'SDP_ERROR_LIST': WRONG}),
                        ('sip/multipart.h', {'MULTIPART_ERROR_LIST': WRONG})):
        with open(os.path.join(root, path), encoding='utf-8') as file:
            text = file.read()
        for macro, heading in lists.items():
            rows = text[text.index('#define ' + macro):].split('\n\n')[0]
            prefix = {'SIP_ERROR_LIST': 'error_', 'SDP_ERROR_LIST': 'sdp_error_',
                      'MULTIPART_ERROR_LIST': 'body_error_'}.get(macro, '')
            names = re.findall(r'X\(\w+,\s*(?:\\\s*)?"([^"]+)"', rows)
            assert names, macro
            found.update({prefix + name: heading for name in names})
    found['reinvites'] = 'Receive'
    return found


COUNTERS = {name: 70001 + n for n, name in enumerate(all_counters())}
STATISTICS = {'ACK': 7, 'INVITE': 12, 'REGISTER': 3, 'other_methods': 1, '180': 5, '200': 14,
              '200_INVITE': 11, '200_REGISTER': 3, 'reinvites': 4, 'call_made': 8,
              'malformed': 2, 'limit_pending_calls': 6, 'error_via': 0, 'error_cseq': 9,
              'something_new': 10}


HISTOGRAMS = {'busy_0': {'le_50': 3, 'le_100': 4, 'count': 4, 'sum_millionths': 1300000},
              'busy_1': {'le_50': 0, 'le_100': 0, 'count': 0, 'sum_millionths': 0},
              'sip_0': {'le_256': 0, 'le_512': 5, 'le_1024': 5, 'le_2097152': 7, 'count': 9,
                        'sum_ns': 9000000}, 'next': 0}


def answer(request):
    name, _, parameters = request.partition(',')
    return {name: {
        '/callgate/summary': lambda: {'calls': 7, 'doors': 28, 'flows': 1234},
        '/callgate/sip/calls': lambda: page_of(CALLS, parameters),
        '/callgate/sip/registrations': lambda: page_of(REGISTRATIONS, parameters, 24),
        '/callgate/sip/call': lambda: {'call_id': parameters, 'dialogs': [{'tags': ['a', 'b']}]},
        '/callgate/sip/stats': lambda: {'': STATISTICS, 'in-out': {'INVITE': 77},
                                        'zone_pair=in-out': {'INVITE': 77},
                                        'all': COUNTERS}.get(
            parameters, {'error': 'not found'}),
        '/callgate/histograms': lambda: HISTOGRAMS,
        '/callgate/workers': lambda: {'0': {'rx_packets': 1, 'x' * 110: 2},
                                      '1': {'rx_packets': 22, 'x' * 110: 3}},
        '/callgate/ports': lambda: {'lan_0': {'name': 'lan-0', 'driver': 'tap'},
                                    'wan0': {'name': 'wan0', 'driver': 'af_xdp'}},
        '/callgate/nat/pools': lambda: {'lan_0': {'driver': 'tap'}, 'wan0': {'driver': 'af_xdp'},
                                        'next': 0},
        '/callgate/fw/pinholes': lambda: {'pinholes': [{'flows': 2}, {'flows': 30}], 'next': 0},
        '/callgate/fw/sessions': lambda: sessions_of(parameters),
        '/callgate/nat/translations': lambda: {'next': 0},
        '/callgate/fw/zone_pairs': lambda: {'next': 0},
        '/callgate/config': lambda: {'text': ['a = 1;\n', 'b = "lo'], 'next': 7} if not parameters
        else {'text': ['ng";\n'], 'next': 0},
        '/callgate/clear/fw': lambda: {'error': 'the control lcore did not answer'},
        '/callgate/reload': lambda: {'faults': [
            'a.conf:3: ports: is missing', f'{"b" * 126}:7:', ' idle: allowed: poll,', ' auto',
            'c' * 127, '\tc: and more']},
    }.get(name, lambda: None)()}


def serve(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.send(json.dumps({'version': 'x', 'max_output_len': 16384}).encode())
            while request := connection.recv(1024):
                ASKED.append(request.decode())
                connection.send(json.dumps(answer(request.decode())).encode())


def ctl(path, *words):
    done = subprocess.run([CTL, '--socket', path, *words], capture_output=True, text=True,
                          timeout=20)
    return done.returncode, done.stdout, done.stderr


def test(path):
    # An aligned table of name and value.
    assert ctl(path, 'show', 'summary') == (0, 'calls     7\ndoors    28\nflows  1234\n', '')
    # The raw answer.
    status, out, _ = ctl(path, '--json', 'show', 'summary')
    assert (status, json.loads(out)) == (0, {'/callgate/summary':
                                             {'calls': 7, 'doors': 28, 'flows': 1234}})
    # Pages are followed to the end, in order, none twice.
    status, out, _ = ctl(path, 'show', 'sip', 'calls', '--json')
    answered = json.loads(out)['/callgate/sip/calls']
    assert status == 0 and answered.pop('next') == 0 and list(answered.items()) == CALLS
    # Records are rows under headings, all lines equally placed.
    status, out, _ = ctl(path, 'show', 'sip', 'calls')
    lines = out.splitlines()
    assert status == 0 and len(lines) == 151, out
    assert lines[0].split() == ['#', 'call_id', 'state', 'age_s'], lines[0]
    assert all(line.index('confirmed') == lines[0].index('state') for line in lines[1:])
    status, out, _ = ctl(path, 'show', 'sip', 'registrations', '--json')
    answered = json.loads(out)['/callgate/sip/registrations']
    assert status == 0 and answered.pop('next') == 0 and list(answered.items()) == REGISTRATIONS
    status, out, _ = ctl(path, 'show', 'sip', 'registrations')
    assert status == 0 and [line.split() for line in out.splitlines()] == [
        ['#', 'contact', 'outside', 'expires_s'],
        *([number, one['contact'], '-', str(one['expires_s'])] for number, one in REGISTRATIONS)]
    # A table too wide for the screen is turned: a row a field.
    status, out, _ = ctl(path, 'show', 'workers')
    assert status == 0 and [line.split() for line in out.splitlines()] == [
        ['#', '0', '1'], ['rx_packets', '1', '22'], ['x' * 110, '2', '3']], out
    # Histograms: what is in each bucket that is not empty for all workers.
    status, out, _ = ctl(path, 'show', 'histograms')
    busy, sip = ([re.split(' {2,}', line.strip()) for line in part.splitlines()[1:]]
                 for part in out.split('\n\n'))
    assert status == 0 and busy == [
        ['name', 'worker 0', 'worker 1'], ['up to 50 %', '3', '0'], ['up to 100 %', '1', '0'],
        ['all', '4', '0'], ['mean, %', '32.5', '-']], out
    assert sip == [['name', 'worker 0'], ['up to 512 ns', '5'], ['up to 2.1 ms', '2'],
                   ['above', '2'], ['all', '9'], ['mean, ns', '1000000']], out
    # Records with names, their own if they say them; records in an array.
    assert ctl(path, 'show', 'ports')[1] == 'name   driver\nlan-0  tap\nwan0   af_xdp\n'
    assert ctl(path, 'show', 'nat', 'pools')[1] == 'name   driver\nlan_0  tap\nwan0   af_xdp\n'
    assert ctl(path, 'show', 'firewall', 'pinholes')[1] == 'flows\n    2\n   30\n'
    # An argument goes along.
    status, out, _ = ctl(path, '--json', 'show', 'sip', 'call', 'abc@10.0.0.1')
    assert status == 0 and json.loads(out)['/callgate/sip/call']['call_id'] == 'abc@10.0.0.1'
    # SIP statistics in groups: what answered a request stands beside it, nothing is left out.
    status, out, _ = ctl(path, 'show', 'sip', 'statistics')
    words = [line.split() for line in out.splitlines()]
    assert status == 0 and words[0] == ['Receive'], out
    for line in (['INVITE', '12', '->', '200', 'OK', '11', 're-INVITE', '4'], ['ACK', '7'],
                 ['REGISTER', '3', '->', '200', 'OK', '3'], ['180', 'Ringing', '5'],
                 ['200', 'OK', '14'], ['183', 'Session', 'Progress', '0']):
        assert words.index(line) < words.index(['Events']), line
    order = [words.index(line) for line in (
        ['Events'], ['call_made', '8'], ['something_new', '10'], ['Errors'], ['malformed', '2'],
        ['Wrong', 'messages,', 'by', 'kind'], ['error_cseq', '9'], ['Limits'],
        ['limit_pending_calls', '6'])]
    assert order == sorted(order) and 'error_via' not in out, out
    # Each of all that there are stands once, under its heading.
    status, out, _ = ctl(path, 'show', 'sip', 'statistics', 'zone-pair', 'all')
    shown, heading = {}, None
    for line in out.splitlines():
        heading = heading if line.startswith(' ') else line
        for number in re.findall(r'\b7\d{4}\b', line):
            assert number not in shown, line
            shown[number] = heading
    wanted = {str(COUNTERS[name]): heading for name, heading in all_counters().items()}
    assert status == 0 and shown == wanted, {name: (heading, shown.get(str(COUNTERS[name])))
                                             for name, heading in all_counters().items()
                                             if shown.get(str(COUNTERS[name])) != heading}
    # Those of one zone pair.
    status, out, _ = ctl(path, 'show', 'sip', 'statistics', 'zone-pair', 'in-out')
    assert status == 0 and 'INVITE' in out and ' 77 ' in out, out
    status, out, error = ctl(path, 'show', 'sip', 'statistics', 'zone-pair', 'nobody')
    assert (status, out) == (1, '') and 'not found' in error
    # Filters go with every page; a limit cuts what the last page has too much.
    for words, expected in (
            ([], SESSIONS), (['--host', '10.0.0.1'], SESSIONS[1::2]), (['--zone-pair', 'none'], []),
            (['--protocol', 'tcp', '--zone-pair', 'in-out', '--host', '10.0.0.0'], SESSIONS[::2]),
            (['--limit', '5'], SESSIONS[:5]), (['--limit', '32'], SESSIONS[:32]), (['--limit', '40'], SESSIONS[:40]),
            (['--limit', '3', '--host', '10.0.0.1'], SESSIONS[1:6:2])):
        status, out, _ = ctl(path, '--json', 'show', 'firewall', 'sessions', *words)
        answered = json.loads(out)['/callgate/fw/sessions']
        answered.pop('next')
        assert status == 0 and list(answered.items()) == expected, (words, out)
    # Each filter goes with the commands that have it, as the appliance reads it; others refuse it.
    for option, value, parameter, commands in FILTERS:
        for words in SHOWN:
            ASKED.clear()
            status, out, error = ctl(path, '--json', 'show', *words.split(), option, value)
            if words in commands:
                assert status == 0 and ASKED, (words, error)
                assert all(parameter in f'{one},' for one in ASKED), (words, ASKED)
            else:
                assert not ASKED, (words, ASKED)
                assert (status, out) == (2, '') and f'{option} means nothing' in error, (words, error)
    for words, wrong in ((['--host', 'nobody'], 'IPv4'), (['--host', '0.0.0.0'], 'IPv4'),
                         (['--protocol', 'sctp'], 'tcp, udp, icmp'), (['--limit', '0'], '1 to'),
                         (['--limit', '5x'], '1 to'), (['--limit', '-1'], '1 to'),
                         (['--zone-pair', 'a,1'], 'zone pair'), (['--zone-pair', ''], 'zone pair'),
                         (['--host', '10.0.0.1', '--host', '10.0.0.2'], 'twice')):
        status, out, error = ctl(path, 'show', 'firewall', 'sessions', *words)
        assert (status, out) == (2, '') and wrong in error, (words, error)
    for wrong in ('a,b', '', 129 * 'x'):
        status, out, error = ctl(path, 'show', 'sip', 'calls', '--call-id', wrong)
        assert (status, out) == (2, '') and 'Call-ID' in error, error
    # Nothing to show is no error.
    assert ctl(path, 'show', 'nat', 'translations') == (0, 'none\n', '')
    # The configuration is a text, whatever pages and pieces it comes in.
    assert ctl(path, 'show', 'config') == (0, 'a = 1;\nb = "long";\n', '')
    # Errors of the appliance: said on standard error, exit 1.
    status, out, error = ctl(path, 'clear', 'firewall', 'sessions')
    assert (status, out) == (1, '') and 'did not answer' in error
    status, out, error = ctl(path, 'reload')
    assert (status, out) == (1, '') and error.splitlines() == [
        'a.conf:3: ports: is missing', f'{"b" * 126}:7: idle: allowed: poll, auto',
        f'{"c" * 128}: and more'], error
    status, out, error = ctl(path, 'show', 'info')
    assert (status, out) == (1, '') and '/callgate/info' in error
    # Wrong usage: exit 2, nothing asked.
    for words in ([], ['show'], ['show', 'nothing'], ['show', 'sip', 'call'], ['reload', 'now'],
                  ['show', 'summary', 'x'], ['show', 'sip', 'statistics', 'zone-pair'], ['--wrong', 'show', 'summary'],
                  ['show', 'summary', '--limit', '5'], ['show', 'drops', '--watch', '0'],
                  ['show', 'drops', '--watch=2x'], ['reload', '--watch'], ['clear', 'sip', 'calls', '--watch=1']):
        status, out, error = ctl(path, *words)
        assert (status, out) == (2, '') and 'usage' in error, words
    # Help names every command.
    status, out, error = ctl(path, '--help')
    assert (status, error) == (0, '') and '  show sip registrations ' in out, out
    # What is missing, or too much, is named.
    for words, wrong in ((['show', 'sip', 'call'], 'needs CALL-ID'), (['show', 'nothing'], 'no such command'),
                         (['show', 'summary', 'x'], 'x is too much')):
        assert wrong in ctl(path, *words)[2], words


def refuse(listener):
    """One client after the other is sent away, as by an appliance that has too many."""
    while True:
        try:
            listener.accept()[0].close()
        except OSError:
            return


def test_sockets(folder):
    """No appliance: exit 1, the socket's name and what the matter is."""
    def fault(path, *words, user=None, program=CTL):
        command = [program, '--socket', path, 'show', 'summary', *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, user=user,
                              extra_groups=[] if user else None, group=user)
        assert (done.returncode, done.stdout) == (1, '') and path in done.stderr, done
        return done.stderr

    assert 'no such socket' in fault(folder + '/none')
    assert 'no such socket' in fault(folder + '/none', '--watch')
    left = folder + '/left'
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(left)
        server.listen()
        threading.Thread(target=refuse, args=(server,), daemon=True).start()
        assert 'too many clients' in fault(left)
        server.shutdown(socket.SHUT_RDWR)
    assert 'callgate has ended' in fault(left)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(folder + '/stream')
        server.listen()
        assert 'no telemetry socket' in fault(folder + '/stream')
    with open(folder + '/file', 'w', encoding='utf-8'):
        pass
    assert 'nobody listens' in fault(folder + '/file')
    assert 'too long' in fault(folder + '/' + 120 * 'x')
    if os.geteuid() == 0:
        os.chmod(left, 0o600)
        os.chmod(folder, 0o711)
        program = shutil.copy(CTL, folder)      # where anybody may run it
        assert 'permission denied' in fault(left, user=NOBODY, program=program)


with tempfile.TemporaryDirectory() as folder:
    name = os.path.join(folder, 'telemetry')
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(name)
        server.listen()
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        test(name)
    test_sockets(folder)
print('ok')
