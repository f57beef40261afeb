# SPDX-License-Identifier: BSD-3-Clause
"""The Debian package: it builds, lintian finds no fault, what is in it is what shall be.

CALLGATE_LONG=1: installed, upgraded over a changed configuration, removed, purged and made again by the container
file's own commands, each in a copy of this machine's files of its own (machine.py).
Argument: a folder for what is built.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

from machine import Machine, run

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
LONG = bool(os.environ.get('CALLGATE_LONG'))
SAMPLE = '/etc/callgate/callgate.conf'
CHANGE = '\n# the operator was here\nsip: { max_calls_per_host = 100; };\n'
UNITS = ('callgate.service', 'callgate-exporter.service')
PAGES = ('man8/callgate.8', 'man8/callgate-exporter.8', 'man1/callgatectl.1')
RECORDS = '/var/log/callgate/cdr.json'
COMPLETION = '/usr/share/bash-completion/completions/callgatectl'
COMPLETE = f'''source {COMPLETION} && complete -p callgatectl && COMP_WORDS=(callgatectl sho) COMP_CWORD=1 &&
_callgatectl && echo "${{COMPREPLY[@]}}"'''
FILES = ('/usr/bin/callgate', '/usr/bin/callgatectl', '/usr/bin/callgate-exporter',
         *(f'/lib/systemd/system/{unit}' for unit in UNITS),
         '/usr/lib/sysusers.d/callgate.conf', SAMPLE, '/usr/share/doc/callgate/copyright',
         *(f'/usr/share/man/{page}.gz' for page in PAGES), COMPLETION,
         '/usr/share/doc/callgate/examples/trunk.conf',
         '/usr/share/doc/callgate/examples/callgate.service.d/af_xdp.conf')


def text_of(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def check_versions():
    """The program, the build and the package have one version."""
    versions = {re.search(pattern, text_of(path))[1] for path, pattern in (
        ('meson.build', r"\n\tversion: '([\d.]+)'"), ('debian/changelog', r'^callgate \(([\d.]+)\)'),
        ('app/callgate/appliance.h', r'CALLGATE_VERSION "([\d.]+)"'))}
    assert len(versions) == 1, versions


def check_build_depends():
    """`make deb` installs what debian/control asks for."""
    wanted = re.search(r'^Build-Depends: (.*?)\n(?! )', text_of('debian/control'), re.S | re.M)[1]
    names = {re.sub(r' *\(.*', '', one).strip() for one in wanted.split(',')}
    names = {'debhelper' if one.startswith(('debhelper-', 'dh-sequence-')) else one for one in names}
    installed = run('make', '-C', ROOT, '--no-print-directory', '-pn', 'deps')
    packages = set(re.search(r'^DEB_PACKAGES = (.*)$', installed, re.M)[1].split())
    assert names <= packages, names - packages


def build(folder):
    """Path of the package."""
    run(os.path.join(ROOT, '.ci/deb'), folder)
    package, = glob.glob(os.path.join(folder, 'callgate_*.deb'))
    return package


def check_contents(package):
    lines = run('dpkg-deb', '--contents', package).splitlines()
    files = {line.split()[5].removeprefix('.') for line in lines}
    pages = [f'/usr/share/doc/callgate/{os.path.basename(page)}'
             for page in glob.glob(os.path.join(ROOT, 'docs/*.md'))]
    for path in (*FILES, *pages):
        assert path in files, f'{path} is not in the package'
    conffiles = run('dpkg-deb', '--info', package, 'conffiles').split()
    assert conffiles == [SAMPLE], conffiles
    strange = [path for path in files if re.search(r'test_|\.git|build', path)]
    assert not strange, strange
    # What the services ask for is there.
    for name in UNITS:
        unit = text_of(f'conf/{name}')
        for path in re.findall(r'^Exec\w+=(/\S+)', unit, re.M):
            assert path in files, path
        documentation = re.search(r'^Documentation=file://(\S+)$', unit, re.M)[1]
        assert documentation in files, documentation


def again(package, folder, version, change=None):
    """The same package as another version, with another sample if wanted."""
    tree = os.path.join(folder, version)
    run('dpkg-deb', '--raw-extract', package, tree)
    control = os.path.join(tree, 'DEBIAN/control')
    with open(control, encoding='utf-8') as file:
        text = re.sub(r'^Version: .*$', f'Version: {version}', file.read(), flags=re.M)
    with open(control, 'w', encoding='utf-8') as file:
        file.write(text)
    if change:
        with open(tree + SAMPLE, 'a', encoding='utf-8') as file:
            file.write(change)
    path = os.path.join(folder, f'callgate_{version}.deb')
    run('dpkg-deb', '--root-owner-group', '--build', tree, path)
    shutil.rmtree(tree)
    return path


def check_install(machine, package):
    machine.install(package)
    said = machine.run('callgate', '--check', '-c', SAMPLE)
    assert f'{SAMPLE}: no fault' in said, said
    assert 'usage' in machine.run('callgatectl', '--help')
    # The programs are what runs, not those of a build: every library is found, the unit is sound.
    for program in ('callgate', 'callgate-exporter'):
        assert 'not found' not in machine.run('ldd', f'/usr/bin/{program}')
    for unit in UNITS:
        said = machine.run('systemd-analyze', 'verify', '--man=no', f'/lib/systemd/system/{unit}')
        assert not said, said
    for page in PAGES:
        said = machine.run('man', '--warnings', '--local-file', f'/usr/share/man/{page}.gz')
        assert 'CALLGATE' in said and 'warning:' not in said, said[:1000]
    said = machine.run('bash', '-c', COMPLETE)
    assert 'complete -F _callgatectl callgatectl' in said and said.split()[-1] == 'show', said
    assert re.match(r'callgate:x:\d+:\d+:', machine.run('getent', 'passwd', 'callgate'))
    # Its telemetry socket is for this group.
    assert re.match(r'callgate-telemetry:x:\d+:callgate\n',
                    machine.run('getent', 'group', 'callgate-telemetry'))
    # Not enabled: it is the operator's.
    links = machine.run('find', '/etc/systemd/system', '-lname', '*callgate*')
    assert not links, links
    for name in ('minimal', 'trunk', 'firewall-only', 'ios-style'):
        path = f'/usr/share/doc/callgate/examples/{name}.conf'
        assert 'no fault' in machine.run('callgate', '--check', '-c', path), path


def check_upgrade(machine, package, folder):
    machine.append(SAMPLE, CHANGE)
    for version, change in (('0.1.1', None), ('0.1.2', '# a newer sample\n')):
        machine.install(again(package, folder, version, change))
        text = machine.read(SAMPLE)
        assert text.endswith(CHANGE), f'{version}: the change is lost: {text[-200:]}'
        assert version in machine.run('dpkg-query', '-W', '-f', '${Version}', 'callgate')
    assert 'a newer sample' in machine.read(SAMPLE + '.dpkg-dist')


def check_removal(machine):
    machine.run('install', '-D', '/dev/null', RECORDS)     # as the service writes them
    machine.run('dpkg', '--remove', 'callgate')
    assert not machine.missing(RECORDS), 'remove keeps the records'
    assert machine.read(SAMPLE).endswith(CHANGE), 'remove keeps the configuration'
    assert machine.missing('/usr/bin/callgate')
    machine.run('dpkg', '--purge', 'callgate')
    left = machine.written('callgate')
    assert not left and machine.missing('/var/log/callgate'), f'purge leaves {left}'


def check_container(package):
    """The container file's own commands, stage by stage; a stage begins with this machine's files instead
    of its image, so it shows that the commands work, and not that nothing is missing in the image."""
    stages = re.split(r'^FROM .*$', text_of('conf/Containerfile').replace('\\\n', ' '), flags=re.M)[1:]
    runs = [re.findall(r'^RUN (.*)$', stage, re.M) for stage in stages]
    assert [len(commands) for commands in runs] == [1, 1], runs
    with Machine() as machine:
        machine.copy_tree(ROOT, '/src')
        machine.run('sh', '-ec', f'cd /src; {runs[0][0]}')
        built, = machine.glob('/src/build/deb/callgate_*.deb')
        assert os.path.basename(built) == os.path.basename(package), built
        package = shutil.copy(machine.path(built), os.path.dirname(package) + '/again.deb')
    with Machine() as machine:
        machine.copy(package, '/tmp/callgate_0.deb')
        # Beside systemd, which is here and not there, the stand-alone program cannot be.
        machine.run('sh', '-ec', runs[1][0].replace('systemd-standalone-sysusers', ''))
        entry = re.findall(r'"([^"]+)"', re.search(r'^ENTRYPOINT (.*)$', stages[1], re.M)[1])
        arguments = re.findall(r'"([^"]+)"', re.search(r'^CMD (.*)$', stages[1], re.M)[1])
        assert 'no fault' in machine.run(*entry, '--check', *arguments)
        assert machine.missing('/tmp/callgate_0.deb')


def main():
    folder = sys.argv[1]
    if any(shutil.which(program) is None for program in ('dpkg-buildpackage', 'dh', 'lintian')):
        print('needs dpkg-dev, debhelper and lintian')
        sys.exit(77)
    check_versions()
    check_build_depends()
    package = build(folder)
    said = run('lintian', '--fail-on', 'error,warning', '--allow-root', package)
    print(said)
    check_contents(package)
    if LONG and os.geteuid() == 0:
        with Machine() as machine:
            check_install(machine, package)
            check_upgrade(machine, package, folder)
            check_removal(machine)
        check_container(package)
    shutil.rmtree(folder)
    print('ok')


main()
