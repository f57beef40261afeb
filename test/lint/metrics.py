#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""docs/metrics.md is what the exporter's table says, and conf/grafana-callgate.json asks for nothing
else. Usage: metrics.py ROOT PAGE, where PAGE is the program that prints the page."""
import json
import re
import subprocess
import sys

ROW = re.compile(r'^\| `(callgate_\w+)` \| (counter|gauge|histogram) \| ([\w, ]*) \| (.+) \|$')
# What Prometheus and a histogram add to each series.
ADDED = {'instance', 'job', 'le'}
NAME = re.compile(r'\bcallgate_\w+')
LABELS = re.compile(r'\b(?:by|without|on|ignoring) *\(([^)]*)\)|\{([^}]*)\}')
WANTED = ('callgate_calls', 'callgate_registrations', 'callgate_sip_requests_total',
          'callgate_drops_total', 'callgate_worker_busy_ratio', 'callgate_port_rx_packets_total',
          'callgate_nat_pool_ports_used', 'callgate_streams')


def families(page):
    """{name: (kind, labels)} of a page; ValueError for a row that is written otherwise, or twice."""
    found = {}
    for line in page.splitlines():
        if not line.startswith('| `'):
            continue
        match = ROW.match(line)
        if match is None or match[1] in found:
            raise ValueError(f'a row twice, or not name, kind, labels, meaning: {line}')
        found[match[1]] = (match[2], {one for one in match[3].split(', ') if one})
    return found


def series(known):
    """{name of a series: labels} of families."""
    return {name + suffix: labels for name, (kind, labels) in known.items()
            for suffix in (('_bucket', '_sum', '_count') if kind == 'histogram' else ('',))}


def expressions(dashboard):
    """Every PromQL expression of a dashboard, with the title of its panel."""
    for panel in dashboard['panels']:
        for target in panel.get('targets', ()):
            yield panel['title'], target['expr']
    for variable in dashboard['templating']['list']:
        if variable['type'] == 'query':
            yield variable['name'], variable['definition']


def labels_of(expression):
    """Labels by which an expression chooses or groups."""
    for grouped, chosen in LABELS.findall(expression):
        yield from (one.strip() for one in grouped.split(',') if one.strip())
        yield from re.findall(r'(\w+) *[=!]~? *"', chosen)


def dashboard_faults(dashboard, known):
    served, used = series(known), set()
    for title, expression in expressions(dashboard):
        names = NAME.findall(expression)
        if not names:
            yield f'{title}: asks for nothing of callgate'
        for name in names:
            used.add(re.sub(r'_(bucket|sum|count)$', '', name) if name not in known else name)
            if name not in served:
                yield f'{title}: {name} is not exported'
        allowed = set().union(ADDED, *(served.get(name, set()) for name in names))
        yield from (f'{title}: no label {label}' for label in labels_of(expression)
                    if label not in allowed)
    yield from (f'no panel shows {name}' for name in WANTED if name not in used)


def main():
    root, program = sys.argv[1:]
    page = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    faults = []
    with open(root + '/docs/metrics.md', encoding='utf-8') as file:
        if file.read() != page:
            faults.append('docs/metrics.md is not what the table says; ninja metrics-page')
    with open(root + '/conf/grafana-callgate.json', encoding='utf-8') as file:
        dashboard = json.load(file)
    known = families(page)
    faults += dashboard_faults(dashboard, known)
    numbers = [panel['id'] for panel in dashboard['panels']]
    if len(set(numbers)) != len(numbers):
        faults.append('dashboard: two panels have one id')
    for fault in faults:
        print(fault)
    print(f'{len(known)} families, {len(list(expressions(dashboard)))} expressions, '
          f'{len(faults)} faults')
    return 1 if faults or not known else 0


if __name__ == '__main__':
    sys.exit(main())
