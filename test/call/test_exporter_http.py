# SPDX-License-Identifier: BSD-3-Clause
"""callgate-exporter against a telemetry socket of the test's own: every field becomes a sample, what
HTTP may send wrongly, many scrapes at once, and an appliance that is not there or answers nonsense."""
import errno
import http.client
import itertools
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import callnet
import scrape
from answers import DROPS, EVENTS, FAILURES, METHODS, PAIRS, ROOT, STRANGE, Answers
from callnet import check

SEED = int(os.environ.get('EXPORTER_SEED', '1'))


def fields_are_samples(appliance, exporter):
    metrics = exporter.scrape()
    scrape.promtool_check(metrics)
    check(metrics.value('callgate_up') == 1, 'up')
    check(metrics.value('callgate_build_info', version='9.8') == 1, 'version')
    check(metrics.value('callgate_info', configuration=STRANGE, pages='huge') == 1, 'info')
    for name, value in (('uptime_seconds', 61), ('workers', 2), ('memory_bytes', 3 << 20),
                        ('configuration_reloads_total', 5),
                        ('configuration_loaded_timestamp_seconds', 1709208000)):
        check(metrics.value(f'callgate_{name}') == value, name)
    # Every number of every answer is the value of one sample, but the pool failures by address.
    wanted = {}

    def collect(where, answer):
        for name, value in answer.items():
            if isinstance(value, dict):
                collect(where + [name], value)
            elif isinstance(value, int) and 70000 < value < 100000 and name not in (
                    'core', 'busy_percent'):
                wanted[value] = where + [name]
    for command, answer in appliance.answers.items():
        collect([command], answer)
    for name in FAILURES:
        wanted.pop(appliance.answers['/callgate/nat/pools']['2'][name])
    served = {}
    for key, value in metrics.samples.items():
        if value in wanted:
            check(value not in served, f'{value} is in {key} and in {served.get(value)}')
            served[value] = key
    check(set(served) == set(wanted), str([wanted[one] for one in set(wanted) - set(served)]))
    for reason in DROPS:
        check(metrics.value('callgate_drops_total', reason=reason)
              == appliance.answers['/callgate/drops'][reason], reason)
    for event in EVENTS:
        check(metrics.value(f'callgate_{event}_total')
              == appliance.answers['/callgate/events'][event], event)
    for source, destination in PAIRS:
        statistics = appliance.answers[f'/callgate/sip/stats,{source},{destination}']
        for method in METHODS:
            check(metrics.value('callgate_sip_requests_total', source=source,
                                destination=destination, method=method) == statistics[method],
                  method)
    check(metrics.value('callgate_port_up', port='lan-0', driver='tap') == 1, 'link up')
    check(metrics.value('callgate_port_up', port='wan0', driver='pci') == 0, 'link down')
    one = appliance.answers['/callgate/workers']['1']
    check(abs(metrics.value('callgate_worker_busy_lifetime_ratio', worker='1',
                            core=str(one['core'])) - one['busy_percent'] / 100) < 1e-6, 'busy')
    histograms_are_read(metrics)
    with open(os.path.join(ROOT, 'docs/metrics.md'), encoding='utf-8') as page:
        documented = set(re.findall(r'^\| `(\w+)`', page.read(), re.M))
    check(metrics.families() == documented, f'{metrics.families() ^ documented}')


def histograms_are_read(metrics):
    name = 'callgate_worker_busy_ratio'
    borders = {labels['le']: value for labels, value in metrics.of(name + '_bucket')}
    check(borders == {**{f'{i / 10:g}': i for i in range(1, 11)}, '+Inf': 10}, f'{borders}')
    check(metrics.value(name + '_sum', worker='0') == 2.5, 'sum of shares')
    name = 'callgate_sip_message_processing_seconds'
    borders = {float(labels['le']): value for labels, value in metrics.of(name + '_bucket')}
    check(len(borders) == 19 and borders[float('inf')] == 30, f'{borders}')
    check(all(abs(min(borders, key=lambda le, i=i: abs(le - 2 ** i * 1e-9)) - 2 ** i * 1e-9) < 1e-15
              for i in range(8, 26)), f'{borders}')
    check(abs(metrics.value(name + '_sum', worker='0') - 0.123456789) < 1e-12, 'sum of seconds')
    check(metrics.value(name + '_count', worker='0') == 30, 'count')


def requests_are_answered(exporter):
    for method, path, wanted in (('GET', '/', 200), ('GET', '/metrics?x=1', 200), ('GET', '/x', 404),
                                 ('GET', '/metrics/', 404), ('POST', '/metrics', 405),
                                 ('HEAD', '/metrics', 405), ('DELETE', '/', 405)):
        status, headers, text = scrape.request(exporter.namespace, method, path)
        check(status == wanted, f'{method} {path}: {status}')
        check(status != 405 or headers['Allow'] == 'GET', f'{headers}')
        check(path != '/' or status != 200 or 'href="/metrics"' in text, text)
    status, _, _ = scrape.request(exporter.namespace, 'GET', '/metrics', body='x' * 100)
    check(status == 413, f'a body: {status}')
    status, _, _ = scrape.request(exporter.namespace, 'GET', '/metrics', body=iter([b'x' * 10]),
                                  headers={'Transfer-Encoding': 'chunked'})
    check(status == 413, f'a body in chunks: {status}')


def send_raw(exporter, data, patient=True):
    """What comes back first; the connection may be closed at any moment."""
    with scrape.connect(exporter.namespace) as connection:
        try:
            connection.sendall(data)
            return connection.recv(65536) if patient else None
        except OSError as fault:
            check(fault.errno in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN), f'{fault}')
            return None


def serves(exporter):
    check(exporter.process.poll() is None, f'alive, seed {SEED}')
    try:
        return exporter.scrape().value('callgate_up') == 1
    except (OSError, http.client.HTTPException):
        return False


def malformed_is_refused(exporter):
    numbers = random.Random(SEED)
    for data in (b'\0' * 100 + b'\r\n\r\n', b'GET\r\n\r\n', b'GET /metrics\r\n\r\n', b'GET /metrics HTTP/9.9\r\n\r\n',
                 b'GET /metrics HTTP/1.1\r\n\r\n', b'GET ' + b'/' * 40000 + b' HTTP/1.1\r\nHost: x\r\n\r\n',
                 b'GET /metrics HTTP/1.1\r\nHost: x\r\nA: ' + b'a' * 40000 + b'\r\n\r\n',
                 b'GET /metrics HTTP/1.1\r\n' + b'A: b\r\n' * 5000 + b'\r\n',
                 b'GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
                 b'GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n',
                 b'GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nx',
                 b'a' * 1000000):
        answer = send_raw(exporter, data)
        check(not answer or not answer.startswith(b'HTTP/1.1 200'), f'{data[:60]}: {answer[:60]}'
              if answer else '')
        check(exporter.process.poll() is None, f'alive after {data[:60]}')
    for _ in range(300):
        data = bytes(numbers.getrandbits(8) for _ in range(numbers.randrange(400)))
        send_raw(exporter, data, False)
    # Their connections count for this address until the exporter has seen that they are closed.
    callnet.wait_until(lambda: serves(exporter), 30, f'serves after nonsense, seed {SEED},')
    # Those who say nothing do not keep others from being served.
    silent = [scrape.connect(exporter.namespace) for _ in range(10)]
    callnet.wait_until(lambda: serves(exporter), 5, 'serves beside silent ones')
    for one in silent:
        one.close()
    callnet.wait_until(lambda: serves(exporter), 5, 'serves when they have gone')
    # Two requests of one connection.
    connection = http.client.HTTPConnection('127.0.0.1')
    connection.sock = scrape.connect(exporter.namespace)
    for _ in range(2):
        connection.request('GET', '/metrics')
        check(b'callgate_up 1\n' in connection.getresponse().read(), 'a request and another')
    connection.close()


def many_at_once(appliance, exporter):
    faults = []

    def scrapes():
        try:
            for _ in range(5):
                check(len(exporter.scrape().samples) == len(first.samples), 'a scrape is whole')
        except Exception as fault:    # pylint: disable=broad-except
            faults.append(fault)
    first = exporter.scrape()
    appliance.most = 0
    appliance.spoil = lambda asked, text: time.sleep(0.001) or text
    threads = [threading.Thread(target=scrapes) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    appliance.spoil = None
    check(not faults, f'{faults}')
    check(appliance.most == 1, f'{appliance.most} scrapes asked at once')


def is_down(exporter):
    metrics = exporter.scrape()
    scrape.promtool_check(metrics)
    check(metrics.value('callgate_up') == 0, 'callgate_up is 0')
    check(metrics.families() == {'callgate_up', 'callgate_exporter_build_info'},
          f'nothing else is said: {metrics.families()}')


def nonsense_is_down(appliance, exporter, network):
    for name, spoil in (
            ('no JSON', lambda asked, text: b'no JSON'), ('a list', lambda asked, text: b'[1, 2]'),
            ('null', lambda asked, text: json.dumps({asked: None}).encode()),
            ('a number', lambda asked, text: json.dumps({asked: 5}).encode()),
            ('error', lambda asked, text: json.dumps({asked: {'error': 'what now'}}).encode()),
            ('the end', lambda asked, text: b''),
            ('an error late', lambda asked, text: text if 'stats' not in asked
             else json.dumps({asked: {'error': 'no answer in time'}}).encode())):
        appliance.spoil = spoil
        is_down(exporter)
        check(exporter.process.poll() is None, name)
    for name, spoil in (
            ('other types', lambda asked, text: json.dumps({asked: {
                'lan0': 5, 'wan0': ['x'], '1': {'pool': 7, 'udp_used': 'y'}, 'next': 0,
                'busy_0': 3, 'sip_0': [1], 'source': {}}}).encode()),
            ('nothing', lambda asked, text: json.dumps({asked: {}}).encode())):
        appliance.spoil = spoil
        exporter.scrape()    # can be read
        check(exporter.process.poll() is None, name)
    appliance.spoil = None
    check(exporter.scrape().value('callgate_up') == 1, 'up again')
    check('what now' in network.text('exporter.log'), network.text('exporter.log'))


def asked_again(appliance, exporter):
    """What callgate refuses for a moment is right at the next attempt; so is a reload in the midst."""
    for times, up in ((2, 1), (3, 0)):
        left = [times]

        def refuse(asked, text, left=left):
            if 'zone_pairs' not in asked or left[0] == 0:
                return text
            left[0] -= 1
            return json.dumps({asked: {'error': 'try again'}}).encode()
        appliance.spoil = refuse
        check(exporter.scrape().value('callgate_up') == up and left == [0], f'refused {times} times')
    for most, up in ((1, 1), (100, 0)):
        count = itertools.count()

        def reloaded(asked, text, count=count, most=most):
            if asked != '/callgate/info':
                return text
            info = {**appliance.answers[asked], 'reloads': min(next(count), most)}
            return json.dumps({asked: info}).encode()
        appliance.spoil = reloaded
        metrics = exporter.scrape()
        check(metrics.value('callgate_up') == up, f'{most} reloads')
        check(not up or metrics.value('callgate_configuration_reloads_total') == 1, 'after the reload')
        check(next(count) == (4 if up else 6), 'asked before and after')
    appliance.spoil = None


def comes_and_goes(appliance, exporter, network):
    before = network.text('exporter.log')
    appliance.stop()
    for _ in range(3):
        is_down(exporter)
    said = network.text('exporter.log')[len(before):]
    check(said.count('\n') == 1 and exporter.socket_path in said, f'said once: {said}')
    os.unlink(exporter.socket_path)
    is_down(exporter)
    appliance.start()
    check(exporter.scrape().value('callgate_up') == 1, 'up again')
    check(network.text('exporter.log').endswith('callgate-exporter: callgate answers\n'),
          network.text('exporter.log'))


def rights(network, namespace, path):
    """As nobody: with the right to open the socket it serves, without it is_down."""
    program = shutil.copy(scrape.EXPORTER, network.path('exporter'))
    os.chmod(network.folder, 0o711)
    os.chmod(program, 0o755)
    for mode, up in ((0o600, 0), (0o666, 1)):
        os.chmod(path, mode)
        exporter = scrape.Exporter(network, namespace, path, program, (
            'setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups')).start()
        check(exporter.scrape().value('callgate_up') == up, f'mode {mode:o}')
        exporter.stop()


def usage(exporter):
    def run(*words):
        done = subprocess.run(['ip', 'netns', 'exec', exporter.namespace, scrape.EXPORTER, *words],
                              capture_output=True, text=True, timeout=20)
        return done.returncode, done.stdout, done.stderr
    check(run('--version')[0] == 0 and run('--version')[1].startswith('callgate-exporter '), 'version')
    check(run('--help')[0] == 0 and '--listen' in run('--help')[1], 'help')
    for words in (['--wrong'], ['word'], ['--listen', '9560'], ['--listen', '127.0.0.1:0'],
                  ['--listen', '127.0.0.1:65536'], ['--listen', '127.0.0.1:80x'],
                  ['--listen', 'localhost:9560'], ['--listen', ':9560'], ['--listen', '::1:9560']):
        status, out, error = run(*words)
        check((status, out) == (2, '') and error, f'{words}: {status}')
    status, _, error = run('--listen', f'127.0.0.1:{scrape.PORT}')
    check(status == 1 and 'in use' in error, f'a port in use: {status} {error}')


def test(network):
    namespace = network.router
    path = network.path('telemetry')
    exporter = scrape.Exporter(network, namespace, path).start()
    is_down(exporter)
    appliance = Answers(path)
    fields_are_samples(appliance, exporter)
    requests_are_answered(exporter)
    malformed_is_refused(exporter)
    many_at_once(appliance, exporter)
    nonsense_is_down(appliance, exporter, network)
    asked_again(appliance, exporter)
    comes_and_goes(appliance, exporter, network)
    usage(exporter)
    exporter.stop()
    rights(network, namespace, path)


callnet.main(test)
