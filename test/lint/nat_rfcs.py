#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Is docs/nat-rfcs.md whole, and are the tests there that it names? Usage: nat_rfcs.py ROOT

Prints FILE:LINE: what is wrong, for each fault; exit status 1 when there is any.
"""
import os
import re
import sys

PAGE = 'docs/nat-rfcs.md'
# How many numbered requirements each RFC has; those of RFC 7857 go by section, 2 to 12.
REQUIREMENTS = {'4787': ('REQ-', 1, 14), '5382': ('REQ-', 1, 10), '5508': ('REQ-', 1, 11),
                '6888': ('REQ-', 1, 15), '7857': ('', 2, 12)}
MET = ('yes', 'in part', 'no', '-')
TEST = re.compile(r'`(test/[\w/.]+):(\w+)`')
COLUMNS = 6


def defines(root, path, name):
    """Has the file a test function of this name?"""
    try:
        with open(os.path.join(root, path), encoding='utf-8') as file:
            text = file.read()
    except OSError:
        return False
    pattern = rf'^ *def {name}\(' if path.endswith('.py') else rf'^{name}\(void \*\*state\)'
    return re.search(pattern, text, re.M) is not None


def check_row(root, cells):
    """What is wrong with one requirement."""
    number, _, asks, met, how, shown = cells
    tests = TEST.findall(shown)
    if met not in MET:
        yield f'{number}: met is "{met}", allowed: {", ".join(MET)}'
    if met == 'yes' and not tests:
        yield f'{number}: "yes", and no test shows it'
    if met in ('no', '-', 'in part') and not how:
        yield f'{number}: "{met}", and not a word why'
    if not asks:
        yield f'{number}: asks for nothing'
    if TEST.sub('', shown).strip():
        yield f'{number}: "{TEST.sub("", shown).strip()}" names no test'
    for path, name in tests:
        if not defines(root, path, name):
            yield f'{number}: {path} has no test {name}'


def check_numbers(rfc, numbers):
    """Every number stands there, in order, with its letters behind it."""
    prefix, first, last = REQUIREMENTS[rfc]
    seen = []
    for number in numbers:
        match = re.fullmatch(prefix + r'(\d+)(?:[a-z]|\.\d)?', number)
        if not match:
            yield f'RFC {rfc}: "{number}" is no requirement'
        elif not seen or seen[-1] != int(match.group(1)):
            seen.append(int(match.group(1)))
    if seen != list(range(first, last + 1)):
        yield f'RFC {rfc}: numbers {seen}, not {first} to {last} in order'
    if len(set(numbers)) != len(numbers):
        yield f'RFC {rfc}: a number stands here twice'


def check(root):
    """All faults of the page, as (line, text)."""
    rfc, found = None, {}
    with open(os.path.join(root, PAGE), encoding='utf-8') as file:
        lines = file.read().splitlines()
    for line, text in enumerate(lines, 1):
        heading = re.match(r'## RFC (\d+)', text)
        if heading:
            rfc = heading.group(1)
            found[rfc] = []
        if rfc is None or not text.startswith('| ') or text.startswith('| |'):
            continue
        cells = [cell.strip() for cell in text.strip().strip('|').split('|')]
        if len(cells) != COLUMNS:
            yield line, f'{len(cells)} columns, not {COLUMNS}'
            continue
        found[rfc].append(cells[0])
        for fault in check_row(root, cells):
            yield line, fault
    for name in REQUIREMENTS:
        for fault in check_numbers(name, found.get(name, [])):
            yield len(lines), fault


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    count = 0
    for line, text in check(sys.argv[1]):
        print(f'{PAGE}:{line}: {text}')
        count += 1
    sys.exit(1 if count else 0)


if __name__ == '__main__':
    main()
