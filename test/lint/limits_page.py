#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Is each number of docs/limits.md the code's? Usage: limits_page.py ROOT

The last column of a row names a setting, whose numbers stand in docs/configuration.md (which another
test compares with the code), or a constant of the sources.
"""
import os
import re
import sys

PAGE = 'docs/limits.md'
SETTINGS = 'docs/configuration.md'
SOURCES = ('lib', 'app/callgate', 'drivers')
NUMBER = re.compile(r'\d+')
ROWS_MIN = 60   # fewer: the page was not read


def numbers(text):
    return [int(number) for number in NUMBER.findall(re.sub(r'(?<=\d),(?=\d{3})', '', text))]


def settings(root):
    """{path: numbers} of every setting: those of its default and of what is allowed."""
    found = {}
    with open(os.path.join(root, SETTINGS), encoding='utf-8') as file:
        section = None
        for line in file:
            if line.startswith('## '):
                section = line[3:].strip()
            cells = [cell.strip() for cell in line.strip('|\n').split('|')]
            if line.startswith('| `') and len(cells) == 6:
                found[cells[0].strip('`')] = numbers(cells[2]) + numbers(cells[3])
            count = re.search(r'A list of (?:at most )?([\d .]+) entries', line)
            if count and section:
                found[section] = numbers(count[1])
    return found


def constants(root):
    """{name: set of values} of enumerations and macros with a plain number."""
    found = {}
    row = re.compile(r'(?:#define\s+([A-Z][A-Z0-9_]+)\s+(\d+)\s*$)|'
                     r'(?:\b([A-Z][A-Z0-9_]+) = (\d+(?: << \d+)?)\s*[,}])', re.M)
    for top in SOURCES:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if not name.endswith(('.c', '.h')):
                    continue
                with open(os.path.join(folder, name), encoding='utf-8') as file:
                    for macro, value, member, expression in row.findall(file.read()):
                        left, *shift = (expression or value).split(' << ')
                        number = int(left) << int(shift[0]) if shift else int(left)
                        found.setdefault(macro or member, set()).add(number)
    return found


def check(root):
    """All faults, as (line, text); the number of rows looked at comes last, as a number."""
    known, values, rows = settings(root), constants(root), 0
    with open(os.path.join(root, PAGE), encoding='utf-8') as file:
        for line_number, line in enumerate(file, 1):
            cells = [cell.strip() for cell in line.strip('|\n').split('|')]
            if not line.startswith('|') or len(cells) != 4 or set(line) <= set('|- \n') \
                    or cells[3] == 'set by':
                continue
            rows += 1
            name, told = cells[3].strip('`'), numbers(cells[1])
            if not told:
                yield line_number, f'{name}: no number'
            elif name in known:
                for number in told:
                    if number not in known[name]:
                        yield line_number, f'{name}: {number} is none of {known[name]}'
            elif name in values:
                if values[name] != {told[0]}:
                    yield line_number, f'{name}: {told[0]}, but the code has {values[name]}'
            else:
                yield line_number, f'{name} is no setting and no constant'
    if rows < ROWS_MIN:
        yield 0, f'only {rows} rows'


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    faults = list(check(sys.argv[1]))
    for line, text in faults:
        print(f'{PAGE}:{line}: {text}')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
