# SPDX-License-Identifier: BSD-3-Clause
"""callgate-exporter and clients that ask much and read little: what it holds is bounded, others are served
again when they have gone or were silent for long, and nothing is left behind by any of them."""
import http.client
import re
import socket
import struct

import callnet
import scrape
from answers import CLASS, Answers
from callnet import check, wait_until

PAGES, ROWS = 6, 400    # of zone pairs: a scrape of some 2 MB
SLOW, CROWD, SCRAPES = 40, 100, 300
REQUEST = b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
UNREAD_MB, GROWTH_MB = 16, 3    # UNREAD_MAX of http.c


def many_zone_pairs(answers):
    command = '/callgate/fw/zone_pairs'
    for page in range(PAGES):
        rows = {str(page * ROWS + i): answers.some(CLASS, zone_pair=f'{page}-{i}', source='inside',
                                                   destination='outside', policy='p', action='-',
                                                   **{'class': 'class-default'})
                for i in range(ROWS)}
        answers.answers[command + (f',{page}' if page else '')] = {**rows, 'next': (page + 1) % PAGES}


def memory_mb(exporter, field):
    with open(f'/proc/{exporter.process.pid}/status', encoding='utf-8') as file:
        return int(re.search(fr'^{field}:\s+(\d+) kB$', file.read(), re.M)[1]) / 1024


def status(exporter):
    """Of a scrape: 200, 503, or None when it was not let in."""
    check(exporter.process.poll() is None, 'alive')
    try:
        return scrape.request(exporter.namespace, 'GET', '/metrics')[0]
    except (OSError, http.client.HTTPException):
        return None


def ask_slowly(exporter):
    """Ask, and read nothing."""
    connection = scrape.connect(exporter.namespace)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(REQUEST)
    return connection


def is_whole(connection):
    """Read to the end: True: the answer came whole; False: another, or the connection was closed."""
    answer = http.client.HTTPResponse(connection)
    try:
        answer.begin()
        text = answer.read()
        return answer.status == 200 and text.startswith(b'# HELP callgate_up ')
    except (OSError, http.client.HTTPException):
        return False
    finally:
        answer.close()
        connection.close()


def slow_ones_are_bounded(exporter):
    size_mb = len(exporter.scrape().text) / 2 ** 20
    check(size_mb * SLOW > 4 * UNREAD_MB, f'an answer has {size_mb:.1f} MB')
    before = memory_mb(exporter, 'VmHWM')
    for closing in (True, False):
        slow = [ask_slowly(exporter) for _ in range(SLOW)]
        wait_until(lambda: status(exporter) == 503, 30, 'no more is taken on')
        for one in slow if closing else ():
            one.close()
        # Those who stay are given up after some time.
        wait_until(lambda: status(exporter) == 200, 60, 'serves again')
        for one in slow:
            one.close()
    grown = memory_mb(exporter, 'VmHWM') - before
    # One answer goes beyond; pages that malloc keeps are in it.
    check(grown < 2 * (UNREAD_MB + size_mb), f'{SLOW} answers that nobody reads took {grown:.0f} MB')


def crowd_is_served(exporter):
    """More than are let in at once: whoever is let in gets all."""
    crowd = []
    for _ in range(CROWD):
        try:
            crowd.append(scrape.connect(exporter.namespace))
            crowd[-1].sendall(REQUEST)
        except OSError:    # closed already
            pass
    whole = sum(map(is_whole, crowd))
    check(0 < whole < CROWD, f'{whole} of {CROWD} were served')
    wait_until(lambda: status(exporter) == 200, 30, 'serves after a crowd')


def nothing_is_left(exporter):
    """Many scrapes, and clients that go away in the midst of an answer."""
    def scrapes():
        for i in range(SCRAPES):
            connection = scrape.connect(exporter.namespace)
            connection.sendall(REQUEST)
            if i % 2:
                check(is_whole(connection), 'whole')
                continue
            connection.recv(1000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            connection.close()
    scrapes()
    before = memory_mb(exporter, 'VmRSS')
    scrapes()
    grown = memory_mb(exporter, 'VmRSS') - before
    check(grown < GROWTH_MB, f'{SCRAPES} scrapes left {grown:.1f} MB')


def test(network):
    path = network.path('telemetry')
    exporter = scrape.Exporter(network, network.router, path).start()
    answers = Answers(path)
    few = dict(answers.answers)
    many_zone_pairs(answers)
    slow_ones_are_bounded(exporter)
    answers.answers = few
    crowd_is_served(exporter)
    nothing_is_left(exporter)
    exporter.stop()


callnet.main(test)
