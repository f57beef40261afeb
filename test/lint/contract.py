#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does every test that docs/sip-contract.md names exist, and does it run? Usage: contract.py ROOT

Prints FILE:LINE: what is wrong, for each fault; exit status 1 when there is any. References are code
spans in the rows of tables: `KIND/NAME` or `KIND/NAME: function`. Every row has one at least.
"""
import os
import re
import sys

PAGE = 'docs/sip-contract.md'
REFERENCE = re.compile(r'`((?:unit/\w+|packet|call|stress|fuzz)/\w+)(?:: ([\w.-]+))?`')
# Anything else that begins so is a reference written wrongly.
LIKE_ONE = re.compile(r'`(?:unit|packet|call|stress|fuzz|bench|lint)/[^`]*`')
FLOWS = ('call/flows', 'call/rfc3665')


def read(root, path):
    try:
        with open(os.path.join(root, path), encoding='utf-8') as file:
            return file.read()
    except FileNotFoundError:
        return None


def source_of(root, name):
    """(path, text) of a test file by its name on the page, or (None, None)."""
    folder, _, base = name.rpartition('/')
    for prefix in ('test_', folder + '_', ''):
        for end in ('.c', '.py'):
            path = f'test/{folder}/{prefix}{base}{end}'
            text = read(root, path)
            if text is not None:
                return path, text
    return None, None


def runs(root, path):
    """Is the file in its folder's meson.build: by its name, or by what stands for it in a list?"""
    build = read(root, os.path.dirname(path) + '/meson.build') or ''
    base = os.path.basename(path)
    noun = re.sub(r'^(test|stress|fuzz)_', '', os.path.splitext(base)[0])
    return f"'{base}'" in build or f"'{noun}'" in build


def has(name, path, text, function):
    """Is there this function, and is it in the list of those that run?"""
    word = re.escape(function)
    if name in FLOWS:
        return re.search(rf"\('{word}',", text) is not None
    if path.endswith('.py'):
        return re.search(rf'^    def {word}\(self', text, re.M) is not None
    return (re.search(rf'^{word}\(void \*\*state\)', text, re.M) is not None
            and len(re.findall(rf'\b{word}\b', text)) > 1)


def fault_of(root, name, function):
    path, text = source_of(root, name)
    if path is None:
        return f'{name}: there is no such test file'
    if not runs(root, path):
        return f'{name}: {path} is in no meson.build'
    if function and not has(name, path, text, function):
        return f'{name}: {function} is not there, or not in the list of those that run'
    return None


def check(root):
    """All faults, as (line, text)."""
    page = read(root, PAGE)
    if page is None:
        yield 0, 'is missing'
        return
    table = 0
    for number, line in enumerate(page.splitlines(), 1):
        table = table + 1 if line.startswith('|') else 0
        if table <= 2:          # no table, or its head
            continue
        references = REFERENCE.findall(line)
        if not references:
            yield number, 'a row without a test'
        for text in set(LIKE_ONE.findall(line)):
            if not REFERENCE.fullmatch(text):
                yield number, f'{text} is no reference'
        for name, function in references:
            fault = fault_of(root, name, function)
            if fault:
                yield number, fault


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    faults = list(check(sys.argv[1]))
    for line, text in faults:
        print(f'{PAGE}:{line}: {text}')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
