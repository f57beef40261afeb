#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks of the source tree that no compiler makes. Usage: tree.py ROOT

Prints FILE:LINE: what is wrong, for each fault; exit status 1 when there is any.
"""
import os
import re
import sys

TOP = ('app', 'lib', 'drivers', 'conf', 'test', 'pcap', 'docs', '.ci')
SOURCES = ('.c', '.h', '.py', '.sh')
TEXTS = SOURCES + ('.md', '.conf', '.cfg', '.xml', '.lua', '.yml')
LINES_MAX = 600

# What each room may include besides itself. config/config.h is plain data: any room but sip may.
BELOW = {
    'core': set(),
    'config': {'core'},
    'net': {'core'},
    'flow': {'core', 'net'},
    'nat': {'core', 'net', 'flow'},
    'fw': {'core', 'net', 'flow'},
    'sip': set(),
    'alg': {'core', 'net', 'flow', 'nat', 'fw', 'sip'},
    'drivers': {'core'},
    'app': {'core', 'config', 'net', 'flow', 'nat', 'fw', 'sip', 'alg', 'drivers'},
}
PLAIN_DATA = 'config/config.h'

# Files that run at bring-up, on the control lcore or in another program: libc's allocator and
# stdio are allowed here. Everything else in a room is datapath.
CONTROL_PLANE = (
    'lib/config/',
    'app/callgatectl/',
    'app/exporter/',
    'app/callgate/main.c',
    'app/callgate/options.c',
    'app/callgate/eal.c',
    'app/callgate/instance.c',
    'app/callgate/appliance.c',
    'app/callgate/memory.c',
    'app/callgate/reload.c',
    'app/callgate/replay.c',
    'app/callgate/replay_port.c',
    'app/callgate/request.c',
    'app/callgate/show.c',
    'app/callgate/telemetry.c',
)
FORBIDDEN_CALLS = re.compile(
    r'(?<![\w.>])(printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|malloc|calloc|realloc|'
    r'reallocarray|free|strdup|strndup|asprintf|vasprintf|alloca)\s*\(')

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# put together here, so that this file does not hold them
UNFINISHED = re.compile(r'\b(' + 'TO' + 'DO|FIX' + 'ME)\\b')
SPDX = 'SPDX-License-Identifier: BSD-3-Clause'
# comments, strings and character constants
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def room_of(path):
    """The room a file belongs to, by its path from the root; None outside of rooms."""
    parts = path.split('/')
    if parts[0] == 'lib' and len(parts) > 2:
        return parts[1]
    return parts[0] if parts[0] in ('app', 'drivers') else None


def blank(match):
    """Keep the line breaks, so that line numbers stay right."""
    return re.sub(r'[^\n]', ' ', match.group(0))


def included_room(root, path, name):
    """(room, path from the root or as written) of a quoted include."""
    here = os.path.normpath(os.path.join(os.path.dirname(path), name))
    if os.path.exists(os.path.join(root, here)):
        return room_of(here), here
    first = name.split('/')[0]
    if '/' in name and first in BELOW:
        return first, name
    return None, name


def check_includes(root, path, lines):
    room = room_of(path)
    if room not in BELOW:
        return
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, name = match.groups()
        if room == 'sip' and name.startswith('rte_'):
            yield number, f'{name}: lib/sip knows no DPDK'
        if quote == '<':
            continue
        target, where = included_room(root, path, name)
        if target is None or target == room:
            continue
        if room != 'sip' and (name == PLAIN_DATA or where == 'lib/' + PLAIN_DATA):
            continue
        if target not in BELOW[room]:
            yield number, f'{name}: {room} may not include {target}'
        elif name.endswith('_priv.h'):
            yield number, f'{name}: private to {target}'


def check_calls(path, text):
    room = room_of(path)
    if room is None or not path.endswith(('.c', '.h')):
        return
    if any(path == allowed or (allowed.endswith('/') and path.startswith(allowed))
           for allowed in CONTROL_PLANE):
        return
    code = NOT_CODE.sub(blank, text)
    for match in FORBIDDEN_CALLS.finditer(code):
        yield code.count('\n', 0, match.start()) + 1, f'{match.group(1)}() in the datapath'


def check_file(root, path):
    """All faults of one file, as (line, text)."""
    try:
        with open(os.path.join(root, path), encoding='utf-8') as file:
            text = file.read()
    except UnicodeDecodeError:
        yield 1, 'not UTF-8'
        return
    lines = text.split('\n')
    source = path.endswith(SOURCES)
    if source and text.count('\n') > LINES_MAX:
        yield LINES_MAX + 1, f'{text.count(chr(10))} lines, at most {LINES_MAX} are allowed'
    if (source or path.endswith('meson.build')) and not any(SPDX in line for line in lines[:3]):
        yield 1, f'no "{SPDX}" in the first lines'
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield number, 'unfinished: ' + line.strip()[:60]
    if path.endswith(('.c', '.h')):
        yield from check_includes(root, path, lines)
        yield from check_calls(path, text)


def files(root):
    """Paths from the root of all files to look at, in order."""
    for top in TOP:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders[:] = sorted(name for name in folders if name != '__pycache__')
            for name in sorted(names):
                if name.endswith(TEXTS) or name in ('meson.build', 'run'):
                    yield os.path.relpath(os.path.join(folder, name), root)
    for name in ('meson.build', 'Makefile', 'README.md'):
        if os.path.exists(os.path.join(root, name)):
            yield name


def check(root):
    """All faults of a tree, as (path, line, text)."""
    for path in files(root):
        for line, text in check_file(root, path):
            yield path, line, text


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    count = looked = 0
    looked = sum(1 for _ in files(sys.argv[1]))
    for path, line, text in check(sys.argv[1]):
        print(f'{path}:{line}: {text}')
        count += 1
    print(f'{looked} files, {count} faults')
    # a tree without files is a wrong ROOT, not a clean tree
    sys.exit(1 if count or not looked else 0)


if __name__ == '__main__':
    main()
