# SPDX-License-Identifier: BSD-3-Clause
"""Scrapes while callgate is reloaded, stopped and started, or stands still: each is whole and of one
configuration, or says callgate_up 0 and nothing else. An exporter that dies does callgate no harm."""
import argparse
import os
import signal
import threading

import callnet
import scrape
from callnet import check, wait_until

RELOADS, RESTARTS, KILLS, MORE = 40, 4, 10, 40
CLASSES = ['calls', 'class-default', 'pinholes']


class Scrapes(threading.Thread):
    """Scrapes, one after the other, until told to end."""

    def __init__(self, exporter):
        super().__init__()
        self.exporter, self.seen, self.fault, self.ended = exporter, [], None, False
        self.start()

    def run(self):
        try:
            while not self.ended:
                self.seen.append(self.exporter.scrape())
        except Exception as fault:    # pylint: disable=broad-except
            self.fault = fault

    def another(self):
        """One has begun and ended since."""
        count = len(self.seen) + 2
        wait_until(lambda: self.fault or len(self.seen) >= count, 30, 'scrapes go on')

    def end(self):
        self.ended = True
        self.join()
        check(self.fault is None, f'{self.fault}')
        return self.seen


def policies(appliance):
    """The file as it is, and with many more classes, which come before the others."""
    with open(appliance.file, encoding='utf-8') as file:
        text = file.read()
    maps = ' '.join(f'{{ name = "more{i}"; match = "any"; protocols = ["icmp"]; }},'
                    for i in range(MORE))
    uses = ' '.join(f'{{ class = "more{i}"; action = "drop"; }},' for i in range(MORE))
    return [text, text.replace('class_maps:  (', 'class_maps:  ( ' + maps)
            .replace('classes: (', 'classes: ( ' + uses)]


def is_of_one_configuration(metrics):
    check(metrics.value('callgate_up') == 1, 'a reload is no reason to be down')
    rows = sorted((labels['zone_pair'], labels['class'])
                  for labels, _ in metrics.of('callgate_class_packets_total'))
    more = [f'more{i}' for i in range(MORE)]
    wanted = [sorted((pair, one) for pair in ('in-out', 'out-in') for one in names)
              for names in (CLASSES, CLASSES + more)]
    check(rows in wanted, f'classes of two configurations: {rows}')
    return rows == wanted[1]


def reloads(appliance, exporter):
    files = policies(appliance)
    scrapes = Scrapes(exporter)
    for i in range(RELOADS):
        with open(appliance.file, 'w', encoding='utf-8') as file:
            file.write(files[(i + 1) % 2])
        answer = appliance.ask('/callgate/reload')
        check('reloaded' in answer, f'{answer}')
        scrapes.another()
    seen = scrapes.end()
    kinds = {is_of_one_configuration(metrics) for metrics in seen}
    check(kinds == {True, False}, f'both were seen: {kinds}')
    check(seen[-1].value('callgate_configuration_reloads_total') == RELOADS, 'reloads are counted')
    check(appliance.show('info')['reloads'] == RELOADS, 'so says callgate')


def restarts(appliance, exporter):
    scrapes = Scrapes(exporter)
    for _ in range(RESTARTS):
        appliance.stop()
        scrapes.another()
        appliance.start()
        scrapes.another()
    families = set()
    for metrics in scrapes.end():
        families.add(frozenset(metrics.families()))
        check(metrics.value('callgate_up') == (len(metrics.families()) > 2), 'whole, or down')
    check(len(families) == 2, f'{[len(one) for one in families]} families')


def stands_still(appliance, exporter):
    appliance.process.send_signal(signal.SIGSTOP)
    check(exporter.scrape().value('callgate_up') == 0, 'no answer')
    appliance.process.send_signal(signal.SIGCONT)
    wait_until(lambda: exporter.scrape().value('callgate_up') == 1, 10, 'answers again')


def exporter_dies(network, appliance, exporter):
    for _ in range(KILLS):
        connection = scrape.connect(exporter.namespace)
        connection.sendall(b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
        os.kill(exporter.process.pid, signal.SIGKILL)
        exporter.process.wait(10)
        connection.close()
        exporter = scrape.Exporter(network, exporter.namespace, exporter.socket_path).start()
    check(appliance.process.poll() is None, 'callgate runs')
    check(exporter.scrape().value('callgate_up') == 1, 'and answers')
    return exporter


def test(network, workers):
    network.host_add('inside', '10.0.1.2', 'lan0')
    network.host_add('outside', '203.0.113.2', 'wan0')
    appliance = callnet.Appliance(network, workers=workers).start()
    exporter = scrape.Exporter(network, network.router, appliance.socket_path).start()
    reloads(appliance, exporter)
    restarts(appliance, exporter)
    stands_still(appliance, exporter)
    exporter_dies(network, appliance, exporter).stop()
    appliance.stop()


parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=2)
arguments = parser.parse_args()
callnet.main(lambda network: test(network, arguments.workers))
