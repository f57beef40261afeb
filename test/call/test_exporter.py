# SPDX-License-Identifier: BSD-3-Clause
"""Metrics of a running callgate: what callgate-exporter serves is what callgatectl shows, Prometheus
scrapes it and answers with the same, every panel's question can be asked, and callgate may be
restarted meanwhile. DPDK's own client of the telemetry socket works as well."""
import argparse
import json
import os
import re
import subprocess
import sys
import urllib.parse

import answers
import callnet
import scrape
from callnet import check, wait_until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lint'))
sys.dont_write_bytecode = True
import metrics as metrics_page    # pylint: disable=wrong-import-position

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
INSIDE, OUTSIDE = '10.0.1.2', '203.0.113.2'
MESSAGES, REFUSED = 40, 7
TIMED = 13    # of so many SIP messages of a worker one
PROMETHEUS_PORT = 9090
CONFIGURATION = '''
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: callgate
    static_configs: [ { targets: ["127.0.0.1:%d"] } ]
''' % scrape.PORT


def pool_add(appliance):
    """A pool beside the interface's address, and of the interface's name."""
    with open(appliance.file, encoding='utf-8') as file:
        text = file.read()
    text = text.replace('rules: (', '''pools: ( { name = "outside"; addresses = ["203.0.113.20"]; } );
      rules: ( { kind = "dynamic"; inside = ["10.9.0.0/24"]; pool = "outside"; overload = true; },''')
    with open(appliance.file, 'w', encoding='utf-8') as file:
        file.write(text)


def traffic(network, appliance):
    """SIP each way, and what policy refuses."""
    before = appliance.show('sip', 'statistics')['OPTIONS']
    text = ('OPTIONS sip:a@{0} SIP/2.0\r\nVia: SIP/2.0/UDP {1};branch=z9hG4bK{2}\r\n'
            'From: <sip:b@{1}>;tag=1\r\nTo: <sip:a@{0}>\r\nCall-ID: {2}@{1}\r\nCSeq: 1 OPTIONS\r\n\r\n')
    with network.hosts['inside'].socket(5060) as sender:
        for i in range(MESSAGES):
            sender.sendto(text.format(OUTSIDE, INSIDE, i).encode(), (OUTSIDE, 5060))
            wait_until(lambda i=i: appliance.show('sip', 'statistics')['OPTIONS'] > before + i, 5,
                       f'OPTIONS {i}')
        drops = appliance.show('drops')['policy_drop']
        for i in range(REFUSED):
            sender.sendto(b'x', (OUTSIDE, 9999))
    wait_until(lambda: appliance.show('drops')['policy_drop'] == drops + REFUSED, 5, 'drops')


def between(before, after, served, what):
    """A value read between two others, of something that only grows, or that stood still."""
    check(min(before, after) <= served <= max(before, after), f'{what}: {before} {served} {after}')


def served_is_shown(appliance, exporter):
    def everything():
        return {words: appliance.show(*words.split()) for words in (
            'drops', 'events', 'summary', 'ports', 'workers', 'nat pools', 'zone-pairs',
            'sip statistics zone-pair inside,outside', 'sip statistics zone-pair outside,inside',
            'histograms')}
    before, metrics, after = everything(), exporter.scrape(), everything()
    scrape.promtool_check(metrics)
    for reason, count in before['drops'].items():
        between(count, after['drops'][reason],
                metrics.value('callgate_drops_total', reason=reason), reason)
    for event, count in before['events'].items():
        between(count, after['events'][event], metrics.value(f'callgate_{event}_total'), event)
    for name in ('calls', 'flows', 'doors', 'media_doors', 'pinholes', 'media_pinholes', 'registrations',
                 'mbufs', 'datagrams', 'fragments', 'streams', 'stream_buffers', 'neighbours'):
        between(before['summary'][name], after['summary'][name],
                metrics.value(f'callgate_{name}'), name)
    for port, record in before['ports'].items():
        for name in [name for name in answers.PORT if 'queues' not in name]:
            between(record[name], after['ports'][port][name], metrics.value(
                f'callgate_port_{name}_total', port=port, driver='af_packet'), f'{port} {name}')
    for worker, record in before['workers'].items():
        for field, name in (('rx_packets', 'rx_packets'), ('busy_cycles', 'busy_cycles'),
                            ('total_cycles', 'cycles'), ('sleeps', 'sleeps')):
            between(record[field], after['workers'][worker][field],
                    metrics.value(f'callgate_worker_{name}_total', worker=worker,
                                  core=str(record['core'])), field)
    pools = {row['of']: row for row in before['nat pools'].values() if isinstance(row, dict)
             and row['pool'] == 'outside' and row['address'] == 'all'}
    check(set(pools) == {'pool', 'interface'}, f'{pools}')
    for of, pool in pools.items():
        after_it, = (row['udp_free'] for row in after['nat pools'].values() if isinstance(row, dict)
                     and (row['of'], row['address']) == (of, 'all'))
        served = metrics.value('callgate_nat_pool_ports_free', pool='outside', of=of, kind='overload',
                               protocol='udp')
        between(pool['udp_free'], after_it, served, f'free ports of {of} outside')
        check(served > 60000, f'{of}: {served} free')
    for source, destination in (('inside', 'outside'), ('outside', 'inside')):
        shown = before[f'sip statistics zone-pair {source},{destination}']
        for method in ('OPTIONS', 'INVITE'):
            check(metrics.value('callgate_sip_requests_total', source=source, method=method,
                                destination=destination) == shown[method], method)
    dropped, = (row['drops'] for row in before['zone-pairs'].values() if isinstance(row, dict)
                and (row['zone_pair'], row['class']) == ('in-out', 'class-default'))
    check(metrics.value('callgate_class_drops_total', zone_pair='in-out', policy='trunk',
                        **{'class': 'class-default'}, action='drop') == dropped >= REFUSED, 'class')
    with open(os.path.join(ROOT, 'docs/metrics.md'), encoding='utf-8') as page:
        documented = metrics_page.families(page.read())
    check(metrics.families() == set(documented), f'{metrics.families() ^ set(documented)}')
    check({name: kind for name, (kind, _) in documented.items()} == metrics.kinds, 'kinds')
    for (name, labels), _ in metrics.samples.items():
        family = name if name in documented else re.sub(r'_(bucket|sum|count)$', '', name)
        check({label for label, _ in labels} - {'le'} == documented[family][1], f'{name} {labels}')
    return metrics


def names_are_known(appliance):
    """No command, and no number of an answer, that the exporter was not told of (answers.py)."""
    def numbers(record):
        return {name for name, value in record.items() if isinstance(value, int)} - {'next'}

    def records(*words):
        return [one for one in appliance.show(*words).values() if isinstance(one, dict)]
    for what, names, found in (
            ('info', answers.INFO, [appliance.show('info')]),
            ('summary', answers.SUMMARY, [appliance.show('summary')]),
            ('drops', answers.DROPS, [appliance.show('drops')]),
            ('events', answers.EVENTS, [appliance.show('events')]),
            ('ports', answers.PORT, records('ports')),
            ('workers', [*answers.WORKER, 'core'], records('workers')),
            ('pools', answers.POOL + answers.FAILURES, records('nat', 'pools')),
            ('zone pairs', answers.CLASS, records('zone-pairs')),
            ('SIP', answers.SIP, [appliance.show('sip', 'statistics')])):
        check(found, f'{what}: nothing')
        for record in found:
            check(numbers(record) == set(names), f'{what}: {numbers(record) ^ set(names)}')
    asked = {f'/callgate/{name}' for name in (
        *answers.OTHERS, 'info', 'summary', 'drops', 'events', 'ports', 'workers', 'histograms',
        'nat/pools', 'fw/zone_pairs', 'sip/zone_pairs', 'sip/stats')}
    there = {command for command in appliance.ask('/') if command.startswith('/callgate/')}
    check(there == asked, f'commands: {there ^ asked}')


def histograms_are_right(appliance, metrics):
    """Each 13th message was timed; seconds go on being sampled; what is shown adds up."""
    name = 'callgate_sip_message_processing_seconds'
    timed = [(one['handoff_local'] + one['handoff_in'] + TIMED - 1) // TIMED
             for one in appliance.show_workers()]
    check([metrics.value(name + '_count', worker=str(worker)) for worker in range(len(timed))]
          == timed and sum(timed) > MESSAGES // TIMED, f'{metrics.of(name + "_count")}: {timed}')
    check(sum(value for _, value in metrics.of(name + '_sum')) > 0, 'they took time')
    for one in (name, 'callgate_worker_busy_ratio'):
        for worker in range(appliance.workers):
            buckets = [value for labels, value in metrics.of(one + '_bucket')
                       if labels['worker'] == str(worker)]
            check(len(buckets) > 10 and buckets == sorted(buckets), f'{one}: {buckets}')
            check(buckets[-1] == metrics.value(one + '_count', worker=str(worker)), f'{buckets}')

    def seconds():
        return [record['count'] for key, record in appliance.show('histograms').items()
                if key.startswith('busy_')]
    first = seconds()
    check(len(first) == appliance.workers, f'{first}')
    wait_until(lambda: all(now > then + 1 for now, then in zip(seconds(), first)), 30,
               'each worker is sampled again and again')
    shown = appliance.show('histograms')
    check(all(record['sum_millionths'] <= record['count'] * 1000000 for key, record in shown.items()
              if key.startswith('busy_')), 'no share is above 1')
    text = callnet.run(os.path.abspath(callnet.CALLGATECTL), '--socket', appliance.socket_path,
                       'show', 'histograms')
    rows = {line.split('  ')[0]: line.split()[-appliance.workers:] for line in text.splitlines()}
    check([int(one) for one in text.split('SIP message')[1].split('all ')[1].split('\n')[0].split()]
          == timed, text)
    check(f'worker {appliance.workers - 1}' in text and 'mean, ns' in rows, text)


def traces_are_counted(appliance, exporter):
    """Those that are on: a trace of messages, a capture, and one that nobody reads any more."""
    started = [appliance.ask(f'/callgate/trace/start,{what}')
               for what in (f'host={INSIDE}', 'port=lan0', f'host={OUTSIDE}')]
    check(exporter.scrape().value('callgate_traces') == 3, f'three are on: {started}')
    for one in started[:2]:
        appliance.ask(f'/callgate/trace/stop,{one["trace"]}')
    check(exporter.scrape().value('callgate_traces') == 1, 'one was left')
    wait_until(lambda: exporter.scrape().value('callgate_traces') == 0, 20, 'its lease is over')
    check(appliance.show('summary')['traces'] == 0, 'so says callgate')


class Prometheus:
    def __init__(self, network):
        self.network = network
        with open(network.path('prometheus.yml'), 'w', encoding='utf-8') as file:
            file.write(CONFIGURATION)
        self.process = network.start(
            network.router, 'prometheus', f'--config.file={network.path("prometheus.yml")}',
            f'--storage.tsdb.path={network.path("prometheus")}', '--log.level=warn',
            f'--web.listen-address=127.0.0.1:{PROMETHEUS_PORT}', error='prometheus.log')

    def ask(self, expression):
        """[(labels, value)] of an instant query."""
        path = '/api/v1/query?' + urllib.parse.urlencode({'query': expression})
        status, _, text = scrape.request(self.network.router, 'GET', path, PROMETHEUS_PORT)
        if status == 503:
            raise OSError('Prometheus is not ready')
        answer = json.loads(text)
        check(status == 200 and answer['status'] == 'success', f'{expression}: {text}')
        return [(one['metric'], float(one['value'][1])) for one in answer['data']['result']]

    def value(self, expression):
        """The one value, or None while there is none."""
        check(self.process.poll() is None, self.network.text('prometheus.log'))
        try:
            found = self.ask(expression)
        except OSError:    # not yet there
            return None
        check(len(found) < 2, f'{expression}: {found}')
        return found[0][1] if found else None

    def becomes(self, expression, value):
        wait_until(lambda: self.value(expression) == value, 60, f'{expression} is {value}')

    def stop(self):
        check(self.network.end(self.process, 30) == 0, 'Prometheus ends with 0')


def prometheus_agrees(appliance, prometheus):
    shown = appliance.show('sip', 'statistics', 'zone-pair', 'in-out')['OPTIONS']
    prometheus.becomes('callgate_sip_requests_total{method="OPTIONS",source="inside",'
                       'destination="outside"}', shown)
    prometheus.becomes('callgate_drops_total{reason="policy_drop"}',
                       appliance.show('drops')['policy_drop'])
    prometheus.becomes('sum(callgate_sip_message_processing_seconds_count)', sum(
        one['count'] for key, one in appliance.show('histograms').items() if key.startswith('sip_')))
    prometheus.becomes('callgate_up', 1)
    check(prometheus.value('up{job="callgate"}') == 1, 'the target is up')
    check(prometheus.value('histogram_quantile(0.5, sum by (le) '
                           '(callgate_sip_message_processing_seconds_bucket))') < 1, 'a median')
    with open(os.path.join(ROOT, 'conf/grafana-callgate.json'), encoding='utf-8') as file:
        for title, expression in metrics_page.expressions(json.load(file)):
            if not expression.startswith('label_values'):
                found = prometheus.ask(expression.replace('$instance', '.*')
                                       .replace('$__rate_interval', '1m'))
                check('> 0' in expression or 'rate' in expression or found, f'{title}: empty')


def dpdk_client(appliance):
    done = subprocess.run(['dpdk-telemetry.py', '-f', appliance.prefix], capture_output=True,
                          text=True, input='/callgate/info\n/callgate/drops\n', timeout=30)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    check(done.returncode == 0 and [list(one) for one in answers]
          == [['/callgate/info'], ['/callgate/drops']], f'{done.stdout}{done.stderr}')
    check(answers[0]['/callgate/info']['workers'] == appliance.workers, 'workers')
    check(answers[1]['/callgate/drops']['policy_drop'] >= REFUSED, 'drops')


def test(network, workers):
    network.host_add('inside', INSIDE, 'lan0')
    network.host_add('outside', OUTSIDE, 'wan0')
    appliance = callnet.Appliance(network, workers=workers)
    pool_add(appliance)
    exporter = scrape.Exporter(network, network.router, appliance.socket_path).start()
    check(exporter.scrape().value('callgate_up') == 0, 'no callgate yet')
    prometheus = Prometheus(network)
    appliance.start()
    names_are_known(appliance)
    traffic(network, appliance)
    histograms_are_right(appliance, served_is_shown(appliance, exporter))
    prometheus_agrees(appliance, prometheus)
    traces_are_counted(appliance, exporter)
    dpdk_client(appliance)
    # What is cleared begins again; so does all after a restart.
    callnet.run(os.path.abspath(callnet.CALLGATECTL), '--socket', appliance.socket_path, 'clear',
                'sip', 'statistics')
    check(exporter.scrape().value('callgate_sip_requests_total', method='OPTIONS', source='inside',
                                  destination='outside') == 0, 'cleared')
    appliance.stop()
    check(exporter.scrape().value('callgate_up') == 0, 'callgate has ended')
    prometheus.becomes('callgate_up', 0)
    appliance.start()
    metrics = exporter.scrape()
    check(metrics.value('callgate_up') == 1 and metrics.value(
        'callgate_drops_total', reason='policy_drop') == 0, 'counters begin again')
    prometheus.becomes('callgate_up', 1)
    prometheus.stop()
    appliance.stop()
    exporter.stop()


parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
arguments = parser.parse_args()
callnet.main(lambda network: test(network, arguments.workers))
