#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fuzz lib/sip, and callgatectl's import of IOS lines, with libFuzzer. Usage: fuzz.py [BUILD-DIRECTORY [HARNESS...]]

Builds every harness of this folder with clang, AddressSanitizer and UBSan, begins from its own seeds
and the torture messages (and from what earlier runs in the directory found worth keeping), and
prints what came of each. Exit status 1 when there is a finding; the inputs stay in
BUILD-DIRECTORY/findings/HARNESS.

Environment: FUZZ_SECONDS for each harness (1200), FUZZ_JOBS how many at once (1), CLANG.
"""
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TORTURE = os.path.join(ROOT, 'test', 'unit', 'sip', 'torture')
CLANG = os.environ.get('CLANG', 'clang')
SECONDS = int(os.environ.get('FUZZ_SECONDS', '1200'))
JOBS = int(os.environ.get('FUZZ_JOBS', '1'))

FLAGS = ['-std=gnu11', '-D_GNU_SOURCE', '-g', '-O2', '-fno-omit-frame-pointer', '-I' + ROOT,
         '-I' + os.path.join(ROOT, 'lib')]
# The end of an absent slice is NULL + 0: no compiler minds, and the next C says so too.
CHECKS = ['-fno-sanitize-recover=all', '-fno-sanitize=pointer-overflow']
SANITIZERS = 'address,undefined'
# One input may take this long, sanitizers included, before it counts as a finding. Even 64 KB take
# a hundredth of it when the time is linear.
LIMITS = ['-timeout=10', '-rss_limit_mb=2048']
LONGEST = 16384
# What the harnesses of these names do with an input takes many times longer than with others.
LONGEST_OF = {'cost': 4096, 'framing': 8192}
# Descriptions do not begin as messages do, nor do IOS lines.
WITHOUT_TORTURE = ('ios', 'sdp')
SIP = ('lib/sip/*.c',)
IMPORT = ('app/callgatectl/ios_*.c', 'lib/config/[!p]*.c', 'lib/config/p[!a]*.c')   # no page


def run(*command):
    subprocess.run(command, check=True)


def sources_of(patterns):
    return sorted(path for pattern in patterns for path in glob.glob(os.path.join(ROOT, pattern)))


def objects(build, name, flags, patterns=SIP):
    """A library's sources compiled with these flags, as a list of objects."""
    folder = os.path.join(build, name)
    os.makedirs(folder, exist_ok=True)

    def compile_one(source):
        target = os.path.join(folder, os.path.relpath(source, ROOT).replace('/', '_')[:-2] + '.o')
        run(CLANG, *FLAGS, *flags, '-c', source, '-o', target)
        return target

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compile_one, sources_of(patterns)))


def counted_objects(build):
    """Every block that runs calls fuzz_block(): libFuzzer has the usual name for itself."""
    result = objects(build, 'counted', ['-fsanitize=fuzzer-no-link,' + SANITIZERS, *CHECKS,
                                        '-fsanitize-coverage=trace-pc'])
    for name in result:
        run('objcopy', '--redefine-sym', '__sanitizer_cov_trace_pc=fuzz_block', name)
    return result


def plain_library(build):
    """Without SIMD, to be loaded beside the other."""
    result = os.path.join(build, 'libsip_plain.so')
    run(CLANG, '-shared', '-Wl,-Bsymbolic', *objects(
        build, 'plain', ['-fPIC', '-DSIP_SCAN_PLAIN', '-fsanitize=fuzzer-no-link,' + SANITIZERS,
                         *CHECKS]), '-o', result)
    return result


def harness_names():
    return sorted(os.path.basename(path)[len('fuzz_'):-len('.c')]
                  for path in glob.glob(os.path.join(HERE, 'fuzz_*.c')))


class Harness:
    def __init__(self, build, name):
        self.name = name
        self.source = os.path.join(HERE, f'fuzz_{name}.c')
        self.program = os.path.join(build, 'fuzz_' + name)
        self.corpus = os.path.join(build, 'corpus', name)
        self.start = os.path.join(build, 'start', name)
        self.findings = os.path.join(build, 'findings', name)
        self.log = os.path.join(build, f'fuzz_{name}.log')

    def link(self, library, counted, plain):
        flags = {'cost': ['-DFUZZ_BLOCK'],
                 'scan': [f'-DFUZZ_PLAIN_LIBRARY="{plain}"']}.get(self.name, [])
        libraries = ['-lconfig'] if self.name == 'ios' else []
        run(CLANG, *FLAGS, *flags, '-fsanitize=fuzzer,' + SANITIZERS, *CHECKS, self.source,
            *(counted if self.name == 'cost' else library), *libraries, '-o', self.program)
        # the replay program knows the seeds
        writer = self.program + '_seeds'
        run(CLANG, *FLAGS, *flags, '-w', self.source, os.path.join(HERE, 'replay.c'),
            *sources_of(IMPORT if self.name == 'ios' else SIP), *libraries, '-o', writer)
        shutil.rmtree(self.start, ignore_errors=True)
        for folder in (self.start, self.corpus, self.findings):
            os.makedirs(folder, exist_ok=True)
        run(writer, '--write', self.start, *self.torture())

    def torture(self):
        return [] if self.name in WITHOUT_TORTURE else [TORTURE]

    def fuzz(self):
        """Run for its time. Returns (executions, edges, features, corpus, found, seconds)."""
        before = set(os.listdir(self.findings))
        began = time.monotonic()
        with open(self.log, 'w', encoding='utf-8', errors='replace') as log:
            status = subprocess.run(
                [self.program, self.corpus, os.path.join(self.start, 'seeds'),
                 f'-dict={self.start}/dictionary', f'-artifact_prefix={self.findings}/',
                 f'-max_total_time={SECONDS}', f'-max_len={LONGEST_OF.get(self.name, LONGEST)}',
                 '-print_final_stats=1', *LIMITS],
                stdout=log, stderr=subprocess.STDOUT, check=False).returncode
        seconds = time.monotonic() - began
        with open(self.log, encoding='utf-8', errors='replace') as log:
            text = log.read()
        executions = re.findall(r'stat::number_of_executed_units:\s*(\d+)', text)
        covered = re.findall(r'^#\d+\s.*?cov: (\d+) ft: (\d+) corp: (\d+)', text, re.M)
        edges, features, corpus = covered[-1] if covered else ('?', '?', '?')
        found = sorted(set(os.listdir(self.findings)) - before)
        if status != 0 and not found:
            found = [f'exit status {status}, see {self.log}']
        return executions[-1] if executions else '?', edges, features, corpus, found, seconds


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else 'build-fuzz')
    wanted = sys.argv[2:] or harness_names()
    unknown = set(wanted) - set(harness_names())
    if unknown:
        sys.exit(f'no such harness: {" ".join(sorted(unknown))}; there are '
                 f'{" ".join(harness_names())}')
    os.makedirs(build, exist_ok=True)
    library = objects(build, 'library', ['-fsanitize=fuzzer-no-link,' + SANITIZERS, *CHECKS])
    counted = counted_objects(build) if 'cost' in wanted else []
    plain = plain_library(build) if 'scan' in wanted else ''
    harnesses = [Harness(build, name) for name in wanted]
    imported = objects(build, 'import', ['-fsanitize=fuzzer-no-link,' + SANITIZERS, *CHECKS],
                       IMPORT) if 'ios' in wanted else []
    for harness in harnesses:
        harness.link(imported if harness.name == 'ios' else library, counted, plain)

    findings = 0
    print(f'{"harness":10} {"executions":>12} {"a second":>9} {"edges":>6} {"features":>9} '
          f'{"corpus":>7} {"seconds":>8}  findings', flush=True)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for harness, result in zip(harnesses, pool.map(Harness.fuzz, harnesses)):
            executions, edges, features, corpus, found, seconds = result
            rate = f'{int(executions) / seconds:.0f}' if executions != '?' else '?'
            print(f'{harness.name:10} {executions:>12} {rate:>9} {edges:>6} {features:>9} '
                  f'{corpus:>7} {seconds:8.0f}  {", ".join(found) or "none"}', flush=True)
            findings += len(found)
    sys.exit(1 if findings else 0)


if __name__ == '__main__':
    main()
