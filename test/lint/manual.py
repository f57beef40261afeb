#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Man pages and completion against what the programs say of themselves (--help): every command and
option has its entry, no entry is of nothing, examples are of commands that exist, groff has nothing to
say, and both are installed. Usage: manual.py ROOT BUILD CALLGATE CALLGATECTL

Prints what is wrong, line by line; exit status 1 when there is any, 77 when groff is not there."""
import json
import os
import re
import shutil
import subprocess
import sys

COMPLETE = '''
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _callgatectl; printf '%s\\n' "${COMPREPLY[@]}"
'''


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)


def lower_words(text):
    """The words of a command without its arguments: up to the first that is no lower case word."""
    return ' '.join(re.match(r'(?:[a-z][a-z-]*(?: |$))*', text.strip()).group(0).split())


def help_commands(text):
    lines = text.split('commands:\n')[1].split('\n\n')[0].splitlines()
    return [re.split(r'  +', line.strip())[0] for line in lines]


def help_options(text):
    return set(re.findall(r'(?<![\w-])--[a-z][a-z-]*', text))


class Page:
    """What a page has entries for."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding='utf-8') as file:
            self.text = file.read()
        items = re.findall(r'^\.It (.*)', self.text, re.M)
        self.options = {'--' + name for item in items for name in re.findall(r'\bFl -([a-z-]+)', item)}
        self.commands = {lower_words(item[3:]) for item in items if item.startswith('Cm ')}
        self.examples = [lower_words(words) for words in
                         re.findall(r'^\.(?:Dl|Ic) .*?\bcallgatectl (.*)', self.text, re.M)]

    def faults(self, commands, options):
        for what, written, known in (('command', self.commands, commands), ('option', self.options, options)):
            for name in sorted(known - written):
                yield f'{self.path}: {what} {name} has no entry'
            for name in sorted(written - known):
                yield f'{self.path}: {what} {name} does not exist'

    def example_faults(self, commands):
        for example in self.examples:
            if not any(f'{example} '.startswith(f'{name} ') for name in commands):
                yield f'{self.path}: example: there is no command {example}'

    def groff_faults(self):
        done = run('man', '--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', self.path)
        for line in done.stderr.splitlines():
            yield f'{self.path}: {line}'


def complete(file, *words):
    return run('bash', '--norc', '-c', COMPLETE, 'bash', file, *words).stdout.split()


def completion_faults(file, program, commands, options):
    for command in commands:
        words = lower_words(command).split()
        for count, word in enumerate(words):
            for before in ((), ('--json',), ('--socket', '/x'), ('--watch', '5')):
                found = complete(file, program, *before, *words[:count], word[:1])
                if word not in found:
                    yield f'{file}: {words[:count + 1]} behind {before}: {found}'
        found = complete(file, program, *words, '')
        if command.endswith(' FILE') and not found:
            yield f'{file}: {command}: no file'
        if command.split()[:-1] == words and not command.endswith(' FILE') and any(
                re.match('[A-Z]', word) for word in found):
            yield f'{file}: {command}: {found}'
    for option in options:
        found = complete(file, program, 'show', option[:3])
        if option not in found:
            yield f'{file}: {option}: {found}'
    if complete(file, program, 'show', 'firewall', 'sessions', '--protocol', 't') != ['tcp']:
        yield f'{file}: --protocol t'
    if complete(file, program, 'nothing', '') != []:
        yield f'{file}: a word that begins no command'


def install_faults(build):
    done = run('meson', 'introspect', '--installed', build)
    places = json.loads(done.stdout).values()
    for wanted in ('man/man8/callgate.8', 'man/man1/callgatectl.1', 'bash-completion/completions/callgatectl'):
        if not any(place.endswith(wanted) for place in places):
            yield f'{wanted} is not installed'


def main():
    root, build, callgate, callgatectl = sys.argv[1:]
    completion = os.path.join(root, 'conf/completion/callgatectl')
    text = run(callgatectl, '--help').stdout
    commands, options = help_commands(text), help_options(text)
    names = {lower_words(command) for command in commands}
    client, server = (Page(os.path.join(root, 'docs/man', name)) for name in ('callgatectl.1', 'callgate.8'))
    groff = shutil.which('man') and shutil.which('groff')
    if not (len(names) > 20 and len(options) > 5):
        sys.exit(f'{callgatectl} --help: {text}')
    faults = list(client.faults(names, options | help_options(run(callgatectl, 'import-ios').stderr)))
    faults += server.faults(set(), help_options(run(callgate, '--help').stdout) - {'--...'})
    for page in (client, server):
        faults += page.example_faults(names)
        faults += page.groff_faults() if groff else []
    faults += completion_faults(completion, callgatectl, commands, options)
    faults += install_faults(build)
    print('\n'.join(faults) or f'{len(names)} commands, {len(options)} options')
    sys.exit(1 if faults else 0 if groff else 77)


main()
