# SPDX-License-Identifier: BSD-3-Clause
"""Every number that callgate's telemetry answers, by name, and an appliance of the tests' own that answers
them: what callgate-exporter has to serve. A test compares the names with those of a running callgate."""
import itertools
import json
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lint'))
sys.dont_write_bytecode = True
import counters_page    # pylint: disable=wrong-import-position

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
STRANGE = 'a "b" \\c\nd'    # all that the text format escapes


def lists(path, *macros, prefix=''):
    return [prefix + name for macro in macros
            for name, _ in counters_page.rows(os.path.join(ROOT, 'lib', path), macro)]


DROPS = lists('core/drop.h', 'DROP_REASONS')
EVENTS = lists('core/counter.h', 'EVENTS')
METHODS = lists('alg/statistics.h', 'SIP_METHOD_COUNTERS')
SIP = (METHODS + lists('alg/statistics.h', 'SIP_RESPONSE_COUNTERS', 'SIP_OK_COUNTERS',
                       'SIP_EVENT_COUNTERS', 'SIP_ERROR_COUNTERS', 'SIP_LIMIT_COUNTERS')
       + lists('sip/message.h', 'SIP_ERROR_LIST', prefix='error_')
       + lists('sip/sdp.h', 'SDP_ERROR_LIST', prefix='sdp_error_')
       + lists('sip/multipart.h', 'MULTIPART_ERROR_LIST', prefix='body_error_'))
INFO = 'uptime_s workers reloads memory_mb'.split()
SUMMARY = ('flows translations doors media_doors pinholes media_pinholes calls registrations hosts '
           'ports held_ports mbufs datagrams fragments streams stream_buffers neighbours '
           'traces').split()
PORT = ('rx_queues tx_queues rx_packets tx_packets rx_bytes tx_bytes rx_missed rx_errors tx_errors '
        'rx_no_mbuf').split()
WORKER = ('rx_packets tx_packets busy_percent busy_cycles total_cycles cycles_per_packet handoff_in '
          'handoff_out handoff_local handoff_drops calls_owned rx_queues sleeps').split()
POOL = ('hosts udp_used tcp_used icmp_used udp_free tcp_free icmp_free udp_held blocks_used '
        'blocks_free').split()
FAILURES = 'no_port no_address host_ports host_blocks host_rate host_flows host_table'.split()
CLASS = 'packets bytes drops flows half_open over_flows over_half_open over_new'.split()
# Commands that answer no counter and no gauge: texts, records of what is open, or they do something.
OTHERS = ('config log log/level nat/translations fw/sessions fw/pinholes sip/calls sip/call sip/messages '
          'sip/registrations traces trace/start trace/read trace/stop clear/nat clear/fw '
          'clear/sip_stats clear/sip_calls reload').split()
PAIRS = [('inside', 'outside'), ('outside', 'inside')]


class Answers:
    """What callgate answers, each number another one; `spoil` makes it answer otherwise."""

    def __init__(self, path):
        self.path = path
        self.numbers = itertools.count(70001)
        self.spoil = None
        self.now = self.most = 0
        self.lock = threading.Lock()
        self.listener = None
        self.answers = self.answers_make()
        self.start()

    def some(self, fields, **texts):
        return {**texts, **{name: next(self.numbers) for name in fields}}

    def answers_make(self):
        histogram = {'busy_0': {**{f'le_{10 * i}': i for i in range(1, 11)}, 'count': 10,
                                'sum_millionths': 2500000},
                     'sip_0': {**{f'le_{1 << i}': i for i in range(8, 26)}, 'count': 30,
                               'sum_ns': 123456789}}
        return {
            '/callgate/info': {'version': '9.8', 'uptime_s': 61, 'workers': 2, 'reloads': 5,
                               'configuration': STRANGE, 'loaded': '2024-02-29T12:00:00Z',
                               'pages': 'huge', 'memory_mb': 3},
            '/callgate/summary': self.some(SUMMARY), '/callgate/drops': self.some(DROPS),
            '/callgate/events': self.some(EVENTS),
            '/callgate/ports': {'lan_0': self.some(PORT, name='lan-0', driver='tap', link='up'),
                                'wan0': self.some(PORT, name='wan0', driver='pci', link='down')},
            '/callgate/workers': {'0': self.some(WORKER + ['core']),
                                  '1': self.some(WORKER + ['core'])},
            '/callgate/histograms': {**histogram, 'next': 0},
            '/callgate/nat/pools': {
                '1': self.some(POOL + FAILURES, pool='public', of='pool', kind='overload', address='all'),
                '2': self.some(POOL + FAILURES, pool='public', of='pool', kind='overload',
                               address='203.0.113.9'), 'next': 0},
            '/callgate/fw/zone_pairs': {
                str(i): self.some(CLASS, zone_pair='in-out', source='inside',
                                  destination='outside', policy='p', action=action, **{'class': one})
                for i, (one, action) in enumerate([('sip', 'inspect'), ('pinholes', '-'),
                                                   ('*', '-')])},
            '/callgate/sip/zone_pairs': {str(i): {'source': source, 'destination': destination}
                                         for i, (source, destination) in enumerate(PAIRS)},
            **{f'/callgate/sip/stats,{source},{destination}': self.some(SIP)
               for source, destination in PAIRS},
        }

    def start(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection:
                connection.send(json.dumps({'version': 'x', 'max_output_len': 16384}).encode())
                while asked := connection.recv(1024).decode():
                    text = self.answer(asked)
                    if not text:
                        return
                    connection.send(text)
        except OSError:
            pass

    def answer(self, asked):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        text = json.dumps({asked.split(',')[0]: self.answers.get(asked)}).encode()
        text = self.spoil(asked, text) if self.spoil else text
        with self.lock:
            self.now -= 1
        return text
