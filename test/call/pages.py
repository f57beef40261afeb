# SPDX-License-Identifier: BSD-3-Clause
"""Commands, names and tables in the pages of docs/.

A block of commands is fenced as `sh` (each line is one) or `console` (lines with `$ ` are; what stands below
one is said by it). A line `<!-- not run: WHY -->` above a block says that no test runs it.
"""
import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
NOT_RUN = re.compile(r'<!-- not run: (.+) -->$')


class Block:
    """One fence with commands: [(line number, command, [what it says])]."""

    def __init__(self, page, line, language, reason):
        self.page, self.line, self.language, self.reason = page, line, language, reason
        self.commands = []

    def add(self, number, line):
        if self.commands and self.commands[-1][1].endswith('\\'):
            before = self.commands.pop()
            self.commands.append((before[0], before[1][:-1] + line.strip(), []))
        elif self.language == 'sh':
            if line.strip() and not line.startswith('#'):
                self.commands.append((number, line, []))
        elif line.startswith('$ '):
            self.commands.append((number, line[2:], []))
        elif line.strip() and line.strip() != '...':
            assert self.commands, f'{self.page}:{number}: no command says this'
            self.commands[-1][2].append(line)


def read(page):
    with open(os.path.join(ROOT, page), encoding='utf-8') as file:
        return file.read()


def blocks(page):
    found, fence, above = [], None, ''
    for number, line in enumerate(read(page).splitlines(), 1):
        if line.startswith('```'):
            if fence is None:
                reason = NOT_RUN.match(above)
                fence = Block(page, number, line[3:], reason[1] if reason else None)
            else:
                if fence.language in ('sh', 'console'):
                    assert fence.commands, f'{page}:{fence.line}: no command'
                    found.append(fence)
                else:
                    assert fence.reason is None, f'{page}:{fence.line}: nobody would run this'
                fence = None
        elif fence is not None and fence.language in ('sh', 'console'):
            fence.add(number, line)
        if line.strip():
            above = line
    assert fence is None, f'{page}: a fence is not closed'
    return found


def inline(page):
    """[(line number, text)] of what stands in backticks outside of fences."""
    found, fenced = [], False
    for number, line in enumerate(read(page).splitlines(), 1):
        if line.startswith('```'):
            fenced = not fenced
        elif not fenced:
            found += [(number, text) for text in re.findall(r'`([^`]+)`', line)]
    return found


def table(page, heading):
    """Rows of the table whose first heading is this, as lists of cells."""
    rows, inside = [], False
    for line in read(page).splitlines():
        cells = [cell.strip().replace(',', '') for cell in line.strip('|').split('|')]
        if line.startswith('|') and cells[0].strip('`') == heading:
            inside = True
        elif inside and line.startswith('|'):
            if not set(line) <= set('|-: '):
                rows.append(cells)
        else:
            inside = False
    assert rows, f'{page}: no table {heading}'
    return rows


def anchors(page):
    """What a link may have behind `#`."""
    return {re.sub(r'[^\w -]', '', heading.lower()).strip().replace(' ', '-')
            for heading in re.findall(r'^#+ (.*)$', read(page), re.M)}


def links(page):
    """[(line number, path from the root, anchor)] of links within the tree."""
    found = []
    for number, line in enumerate(read(page).splitlines(), 1):
        for target in re.findall(r'\]\(([^)\s]+)\)', line):
            if '://' not in target:
                path, _, anchor = target.partition('#')
                folder = os.path.dirname(page)
                found.append((number, os.path.normpath(os.path.join(folder, path)) if path else page,
                              anchor))
    return found
