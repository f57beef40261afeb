# SPDX-License-Identifier: BSD-3-Clause
"""callgate-exporter for the call tests: start it, ask it over HTTP, read what it says.

The reader of the text format is written from its description, and strict: HELP and TYPE once before
a family's samples, which stand together; no sample twice; every value a number.
"""
import http.client
import os
import re
import socket
import subprocess

from callnet import BUILD, check, sockets_in, wait_until

EXPORTER = os.path.abspath(os.environ.get('CALLGATE_EXPORTER',
                                          os.path.join(BUILD, 'app/callgate-exporter')))
PORT = 9560
SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def connect(namespace, port=PORT):
    """A TCP connection to a port of a namespace's loopback."""
    made = sockets_in(namespace, socket.SOCK_STREAM, 1)[0]
    made.settimeout(30)
    try:
        made.connect(('127.0.0.1', port))
    except OSError:
        made.close()
        raise
    return made


def request(namespace, method, path, port=PORT, body=None, headers=None):
    """(status, headers, text) of one request."""
    connection = http.client.HTTPConnection('127.0.0.1', port)
    connection.sock = connect(namespace, port)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def labels_read(text):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        check(match is not None, f'labels: {text}')
        check(match[1] not in labels, f'a label twice: {text}')
        labels[match[1]] = match[2].replace('\\n', '\n').replace('\\"', '"').replace('\\\\', '\\')
        at = match.end()
    return labels


class Metrics:
    """A scrape, read. kinds: {family: kind}; samples: {(name, ((label, value), ...)): number}."""

    def __init__(self, text):
        self.text = text
        self.kinds, self.helps, self.samples = {}, {}, {}
        family = None
        check(text.endswith('\n'), 'the last line has no end')
        for line in text.splitlines():
            if line.startswith('# HELP '):
                _, _, family, self.helps[family] = line.split(' ', 3)
                check(family not in self.kinds, f'{family} twice')
            elif line.startswith('# TYPE '):
                check(line.split(' ')[2] == family, f'TYPE of another family: {line}')
                self.kinds[family] = line.split(' ')[3]
            else:
                self.sample_read(family, line)

    def sample_read(self, family, line):
        match = SAMPLE.fullmatch(line)
        check(match is not None, f'no sample: {line}')
        suffixes = ('_bucket', '_sum', '_count') if self.kinds[family] == 'histogram' else ('',)
        check(match[1] in [family + suffix for suffix in suffixes], f'{line} among {family}')
        key = (match[1], tuple(sorted(labels_read(match[2] or '').items())))
        check(key not in self.samples, f'a sample twice: {line}')
        self.samples[key] = float(match[3])

    def value(self, name, **labels):
        key = (name, tuple(sorted(labels.items())))
        check(key in self.samples, f'{name} {labels} is not there')
        return self.samples[key]

    def of(self, name):
        """[(labels, value)] of all samples of a name."""
        return [(dict(labels), value) for (one, labels), value in self.samples.items()
                if one == name]

    def families(self):
        """Names of the families that have samples."""
        return {re.sub(r'_(bucket|sum|count)$', '', name)
                if name not in self.kinds else name for name, _ in self.samples}


class Exporter:
    """callgate-exporter in a namespace; `prefix`: words before its own, to run it otherwise."""

    def __init__(self, network, namespace, socket_path, program=EXPORTER, prefix=()):
        self.network, self.namespace, self.socket_path = network, namespace, socket_path
        self.command = [*prefix, program, '--socket', socket_path]
        self.process = None

    def start(self):
        self.process = self.network.start(self.namespace, *self.command, error='exporter.log')
        wait_until(self.listens, 10, 'callgate-exporter listens')
        return self

    def listens(self):
        check(self.process.poll() is None, self.network.text('exporter.log'))
        try:
            connect(self.namespace).close()
            return True
        except OSError:
            return False

    def scrape(self):
        status, headers, text = request(self.namespace, 'GET', '/metrics')
        check(status == 200, f'/metrics: {status}')
        check(headers['Content-Type'] == 'text/plain; version=0.0.4; charset=utf-8', str(headers))
        return Metrics(text)

    def stop(self):
        self.process.terminate()
        check(self.process.wait(10) == 0, 'callgate-exporter ends with 0')


def promtool_check(metrics):
    """promtool has nothing to say about it."""
    done = subprocess.run(['promtool', 'check', 'metrics'], input=metrics.text, text=True,
                          capture_output=True)
    check(done.returncode == 0 and not done.stdout + done.stderr,
          f'promtool: {done.stdout}{done.stderr}')
