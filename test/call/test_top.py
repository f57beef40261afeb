# SPDX-License-Identifier: BSD-3-Clause
"""callgatectl top on a terminal of the test's own: what stands on the screen, and how it ends."""
import functools
import os
import re
import signal
import subprocess
import tempfile

import terminal as shared
from terminal import CTL, WAIT_S

LINES, COLUMNS = 30, 100
STEP = 1000000
DROPS = 40      # more than the screen has lines


class Appliance(shared.Appliance):
    """Answers whose counters grow with each look at the drops, the last that is asked for."""

    def __init__(self, path):
        self.looks = 1
        self.end_after = None
        self.error = None
        super().__init__(path)

    def ended(self):
        return self.looks == self.end_after

    def answer(self, name):
        n = self.looks
        self.looks += name == '/callgate/drops'
        if self.error and n > 1:
            return {'error': self.error}
        return {
            '/callgate/info': {'version': '9.8.7', 'uptime_s': 3723, 'workers': 2},
            '/callgate/summary': {'calls': 123, 'media_pinholes': 456, 'registrations': 78, 'flows': 90,
                                  'translations': 12, 'doors': 34, 'pinholes': 56, 'mbufs': 7},
            '/callgate/sip/stats': {'call_made': n * STEP, 'call_ended': 5},
            '/callgate/workers': {
                '0': {'core': 4, 'busy_percent': 99, 'busy_cycles': n * STEP, 'total_cycles': n * STEP * 4,
                      'rx_packets': n * STEP, 'tx_packets': 3, 'handoff_in': n * STEP, 'handoff_drops': 0},
                '1': {'core': 6, 'busy_cycles': 7, 'total_cycles': n * STEP, 'rx_packets': 5}},
            '/callgate/ports': {'lan_0': {'name': 'lan-0', 'link': 'up', 'rx_packets': n * STEP,
                                          'rx_bytes': n * STEP * 125, 'tx_packets': 3, 'rx_missed': n * STEP}},
            '/callgate/drops': {'nothing': 0, 'steady': 10 ** 9, 'grows': n * STEP, 'grows_more': n * STEP * 2,
                                **{f'small_{i}': 1 for i in range(DROPS)}},
        }[name]


class Screen:
    """As much of a VT100 as ncurses uses of it: places, letters, what is wiped."""

    CONTROL = re.compile(rb'\x1b\[([?\d;]*)([A-Za-z])|\x1b[()][A-Z0-9]|\x1b[=>78DMHc]|[\r\n\b\t\x0e\x0f\0]')

    def __init__(self):
        self.cells = [[' '] * COLUMNS for _ in range(LINES)]
        self.row = self.column = 0

    def put(self, text):
        for letter in text.decode():
            if self.row < LINES and self.column < COLUMNS:
                self.cells[self.row][self.column] = letter
            self.column += 1

    def move(self, numbers, letter):
        first = numbers[0] if numbers else 0
        if letter == b'H':
            self.row, self.column = (max(number, 1) - 1 for number in (*numbers, 1, 1)[:2])
        elif letter == b'A':
            self.row -= max(first, 1)
        elif letter == b'B':
            self.row += max(first, 1)
        elif letter == b'C':
            self.column += max(first, 1)
        elif letter == b'D':
            self.column -= max(first, 1)
        elif letter in b'JK':
            start, end = (0, self.column + 1) if first == 1 else (self.column, COLUMNS)
            self.cells[self.row][start:end] = [' '] * (end - start)
            for row in range(self.row + 1, LINES) if letter == b'J' else ():
                self.cells[row] = [' '] * COLUMNS

    def feed(self, text):
        at = 0
        for match in self.CONTROL.finditer(text):
            self.put(text[at:match.start()])
            at = match.end()
            if match[2]:
                if not match[1].startswith(b'?'):
                    self.move([int(number or 0) for number in match[1].split(b';')], match[2])
            elif match[0] == b'\r':
                self.column = 0
            elif match[0] == b'\n':
                self.row += 1
            elif match[0] == b'\b':
                self.column -= 1
            elif match[0] == b'\t':
                self.column += 8 - self.column % 8
        self.put(text[at:])
        return self

    def lines(self):
        return [''.join(row).rstrip() for row in self.cells]


Terminal = functools.partial(shared.Terminal, lines=LINES, columns=COLUMNS, term='vt100')


def shows(appliance):
    terminal = Terminal('--socket', appliance.path, 'top')

    def screen():
        return Screen().feed(terminal.text).lines()

    # Two samples, of which the second has rates.
    def complete(_):
        return re.search(r'^grows_more .*[1-9]\d*\.\d$', '\n'.join(screen()), re.M) is not None and \
            sum(line.startswith('small_') for line in screen()) > 5
    terminal.read_until(complete, 'rates')
    terminal.read_rest(0.3)
    lines = screen()
    assert lines[0].startswith('callgate 9.8.7   up 1:02:03   every 1 s'), lines
    calls = re.fullmatch(r'calls 123   new (\d+)\.\d/s   ended 0\.0/s   media streams 456', lines[1])
    assert calls and int(calls[1]) > 1000, lines[1]
    assert lines[2] == 'registrations 78   flows 90   translations 12   doors 34   pinholes 56   mbufs 7'
    words = [line.split() for line in lines]
    head = words.index(['worker', 'core', 'busy', 'rx/s', 'tx/s', 'handed', 'in/s', 'out/s', 'full/s'])
    # The share of the last interval, not that since the start.
    assert words[head + 1][:3] == ['0', '4', '25.0%'] and int(words[head + 1][3]) > 1000, lines
    assert words[head + 1][4] == '0' and words[head + 1][5] == words[head + 1][3], lines
    assert words[head + 2] == ['1', '6', '0.0%', '0', '0', '0', '0', '0'], lines
    port = words[head + 5]
    assert port[:2] == ['lan-0', 'up'] and int(port[2]) > 1000 and port[4] == '0', lines
    assert abs(float(port[3]) - int(port[2]) / 1000) < 1, lines         # 1000 bits a packet
    assert port[6] == port[2] and port[7] == '0', lines
    # Drops: what grows fastest, then what is most; none that is 0; cut at the end of the screen.
    drops = [line[0] for line in words[head + 8:] if line]
    assert words[head + 7] == ['drops', 'packets', '/s'], lines
    assert drops[:3] == ['grows_more', 'grows', 'steady'] and 'nothing' not in drops, drops
    assert len(drops) == LINES - head - 8 < DROPS, (len(drops), head)
    os.write(terminal.master, b'q')
    assert terminal.end() == (0, '')


def ends(appliance):
    for how in (lambda one: os.write(one.master, b'\x03'), lambda one: one.process.send_signal(signal.SIGTERM)):
        terminal = Terminal('--socket', appliance.path, '--watch', '600', 'top', term='xterm')
        terminal.read_until(lambda text: b'every 600 s' in text, 'the first screen')
        terminal.read_rest(0.3)
        how(terminal)
        assert terminal.end() == (0, ''), terminal.text
        assert terminal.text.rstrip(b'\r\n').endswith((b'\x1b[?1l\x1b>', b'\x1b[?1049l', b'\x1b[?12l\x1b[?25h')), \
            terminal.text[-80:]
        assert b'\x1b[?1049l' in terminal.text


def goes_wrong(folder):
    """callgate ends, or is about to; there is none; no terminal, or none that is known."""
    appliance = Appliance(os.path.join(folder, 'short'))
    appliance.end_after = 2
    terminal = Terminal('--socket', appliance.path, 'top')
    status, error = terminal.end()
    assert status == 1 and error.strip().endswith('/callgate/info: callgate has ended: it closed the connection'), error
    appliance = Appliance(os.path.join(folder, 'stopping'))
    appliance.error = 'callgate is stopping'
    status, error = Terminal('--socket', appliance.path, 'top').end()
    assert (status, error) == (1, 'callgatectl: /callgate/info: callgate is stopping\n'), error
    status, error = Terminal('--socket', folder + '/none', 'top').end()
    assert status == 1 and 'no such socket' in error, error
    status, error = Terminal('--socket', appliance.path, 'top', term='no-such-terminal').end()
    assert status == 1 and 'is not known' in error, error
    for words in (['top'], ['--json', 'top']):
        done = subprocess.run([CTL, '--socket', appliance.path, *words], capture_output=True, text=True,
                              timeout=WAIT_S, stdin=subprocess.DEVNULL, check=False)
        assert done.returncode == 1 and 'is for a terminal' in done.stderr, done


with tempfile.TemporaryDirectory() as place:
    standing = Appliance(os.path.join(place, 'telemetry'))
    shows(standing)
    ends(standing)
    goes_wrong(place)
print('ok')
