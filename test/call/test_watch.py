# SPDX-License-Identifier: BSD-3-Clause
"""callgatectl --watch against a telemetry socket of the test's own: what it prints again and again,
on a terminal and without, its rates, how it ends, and that the terminal is as it was before."""
import functools
import json
import os
import re
import signal
import subprocess
import tempfile

import terminal as shared
from terminal import CTL, WAIT_S

LINES, COLUMNS = 20, 90
ENTER, LEAVE = b'\x1b[?1049h\x1b[?25l', b'\x1b[?25h\x1b[?1049l'
HOME = b'\x1b[H'
STEP = 1000000     # that a counter grows by between two answers: no rate of it is small


class Appliance(shared.Appliance):
    """Answers with counters that grow. `answers`: how many before it ends; None: for ever."""

    def __init__(self, path, answers=None):
        self.left = answers
        self.asked = 0
        super().__init__(path)

    def ended(self):
        if self.asked == self.left:
            self.listener.close()
            return True
        self.asked += 1
        return False

    def answer(self, name):
        n = self.asked * STEP
        return {
            '/callgate/drops': {'no_route': n, 'policy': 7, 'shrinks': 10 * STEP - n},
            '/callgate/ports': {str(i): {'name': f'port{i}', 'rx_queues': self.asked, 'rx_packets': n}
                                for i in range(2)},
            '/callgate/sip/stats': {'INVITE': n, '200_INVITE': n, 'ACK': 3, 'call_made': n},
            '/callgate/summary': {'calls': n},
            '/callgate/events': {f'event_{i}': n for i in range(100)} | {'w' * 100: n},
        }[name]


Terminal = functools.partial(shared.Terminal, lines=LINES, columns=COLUMNS, term='xterm')


def frames(text):
    """What stood on the screen, frame by frame, as lines."""
    return [[line.replace('\x1b[K', '') for line in frame.split('\r\n')]
            for frame in text.decode().split('\x1b[H')[1:]]


def on_a_terminal(path):
    terminal = Terminal('--socket', path, 'show', 'drops', '--watch', '1')
    text = terminal.read_until(lambda text: text.count(HOME) >= 3, 'a third frame')
    assert text.startswith(ENTER) and LEAVE not in text, text
    os.write(terminal.master, b'\x03')      # Ctrl-C
    assert terminal.end() == (0, ''), terminal.text
    assert terminal.text.endswith(LEAVE + b'') and terminal.text.count(LEAVE) == 1, terminal.text
    shown = frames(text)
    first, second = ([line.split() for line in frame] for frame in shown[:2])
    assert first[0][:2] == ['show', 'drops'] and ['policy', '7'] in first, first
    # No rate before there are two answers; none of what did not move, or became less.
    assert not any(word.endswith('/s') for line in first[1:] for word in line), first
    row = next(line for line in second if line[:1] == ['no_route'])
    assert len(row) == 3 and re.fullmatch(r'\d+/s', row[2]), second
    assert ['policy', '7'] in second and ['shrinks'] == [line[0] for line in second
                                                        if len(line) == 2 and line[0] == 'shrinks']
    # Each line is wiped to its end, and what is below.
    assert text.count(b'\x1b[K\r\n') >= 10 and b'\x1b[J' in text, text


def cut_to_the_screen(path):
    terminal = Terminal('--socket', path, 'show', 'events', '--watch=1')
    text = terminal.read_until(lambda text: text.count(HOME) >= 2, 'a second frame')
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.end() == (0, '')
    frame = frames(text)[0]
    assert len(frame) == LINES and max(map(len, frame)) <= COLUMNS, frame
    assert any('event_0' in line for line in frame)


def stopped_and_continued(path):
    """Ctrl-Z gives the terminal back; what goes on takes it again."""
    terminal = Terminal('--socket', path, 'show', 'drops', '--watch', '1')
    terminal.read_until(lambda text: HOME in text, 'a frame')
    os.write(terminal.master, b'\x1a')
    terminal.read_until(lambda text: LEAVE in text, 'the terminal')
    assert os.WIFSTOPPED(os.waitpid(terminal.process.pid, os.WUNTRACED)[1])
    terminal.process.send_signal(signal.SIGCONT)
    terminal.read_until(lambda text: HOME in text.split(LEAVE)[-1], 'a frame again')
    assert terminal.text.count(ENTER) == 2
    os.write(terminal.master, b'\x03')
    assert terminal.end() == (0, '')
    assert terminal.text.endswith(LEAVE)


def without_a_terminal(path):
    """One block after the other; also on a terminal that knows no control sequences."""
    with subprocess.Popen([CTL, '--socket', path, 'show', 'ports', '--watch', '1'],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(12)]
        process.send_signal(signal.SIGINT)
        rest, error = process.communicate(timeout=WAIT_S)
    assert (process.returncode, error) == (0, '') and '\x1b' not in ''.join(lines) + rest, error
    words = [line.split() for line in lines]
    heading = ['name', 'rx_queues', 'rx_packets', 'rx_packets/s']
    at = [i for i, line in enumerate(words) if line == heading]
    assert at == [2, 8] and words[0][:2] == words[6][:2] == ['show', 'ports'], lines
    assert words[3][0] == 'port0' and words[3][3] == '0' and words[4][0] == 'port1', lines
    assert int(words[9][2]) - int(words[3][2]) == STEP and int(words[9][3]) > 1000, lines
    terminal = Terminal('--socket', path, 'show', 'ports', '--watch', '1', term='dumb')
    terminal.read_until(lambda text: text.count(b'show ports') == 2, 'a second block')
    os.write(terminal.master, b'\x03')
    assert terminal.end()[0] == 0 and b'\x1b' not in terminal.text


def statistics_and_json(path):
    with subprocess.Popen([CTL, '--socket', path, 'show', 'sip', 'statistics', '--watch=1'],
                          stdout=subprocess.PIPE, text=True) as process:
        seen = []
        while sum(line.split()[:1] == ['Limits'] or line.startswith('show') for line in seen) < 3:
            seen.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT_S)
    invites = [line for line in seen if line.split()[:1] == ['INVITE']]
    assert re.search(r'INVITE +\d+ +0/s +-> 200 OK +\d+ +0/s', invites[0]), invites
    assert re.search(r'INVITE +\d+ +\d{4,}/s +-> 200 OK +\d+ +\d{4,}/s', invites[1]), invites
    with subprocess.Popen([CTL, '--socket', path, '--json', 'show', 'summary', '--watch=1'],
                          stdout=subprocess.PIPE, text=True) as process:
        text = ''.join(process.stdout.readline() for _ in range(10))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT_S)
    one, end = json.JSONDecoder().raw_decode(text)
    two, _ = json.JSONDecoder().raw_decode(text[end:].lstrip())
    assert set(one) == {'/callgate/summary'} and set(one['/callgate/summary']) == {'calls'}
    assert two['/callgate/summary']['calls'] - one['/callgate/summary']['calls'] == STEP


def gone_in_the_middle(folder):
    """What went wrong is said when the screen is back, so that it stays."""
    appliance = Appliance(os.path.join(folder, 'short'), 2)
    terminal = Terminal('--socket', appliance.path, 'show', 'drops', '--watch', '1')
    status, error = terminal.end()
    assert status == 1 and '/callgate/drops: callgate has ended' in error, error
    assert terminal.text.startswith(ENTER) and terminal.text.endswith(LEAVE), terminal.text
    appliance = Appliance(os.path.join(folder, 'shorter'), 1)
    done = subprocess.run([CTL, '--socket', appliance.path, 'show', 'drops', '--watch', '1'],
                          capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == 1 and 'callgate has ended' in done.stderr and 'no_route' in done.stdout


with tempfile.TemporaryDirectory() as place:
    name = os.path.join(place, 'telemetry')
    Appliance(name)
    on_a_terminal(name)
    cut_to_the_screen(name)
    stopped_and_continued(name)
    without_a_terminal(name)
    statistics_and_json(name)
    gone_in_the_middle(place)
print('ok')
