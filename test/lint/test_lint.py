#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The checkers themselves: each kind of fault, put into a tree of our own, is found."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import contract
import format as format_check
import limits_page
import metrics
import nat_rfcs
import tree

HERE = os.path.dirname(os.path.abspath(__file__))
C = '/* SPDX-License-Identifier: BSD-3-Clause */\n'
PY = '# SPDX-License-Identifier: BSD-3-Clause\n'


class Tree(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix='callgate_lint_')
        self.addCleanup(shutil.rmtree, self.root)
        # every room has a header and a source that includes what it may
        for room in tree.BELOW:
            folder = self.folder(room)
            self.write(f'{folder}/{room}.h', C)
            self.write(f'{folder}/{room}_priv.h', C)
        self.write('lib/config/config.h', C)
        for room, below in tree.BELOW.items():
            includes = [f'#include "{name}/{name}.h"' for name in sorted(below)]
            includes += [f'#include "{room}_priv.h"', '#include <stdio.h>']
            if room != 'sip':
                includes += ['#include "config/config.h"', '#include <rte_mbuf.h>']
            self.write(f'{self.folder(room)}/{room}.c', C + '\n'.join(includes) + '\n')
        self.write('test/unit/meson.build', PY)

    @staticmethod
    def folder(room):
        return {'app': 'app/callgate', 'drivers': 'drivers'}.get(room, 'lib/' + room)

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)

    def assert_fault(self, path, text, line, word):
        """This text as this file is one fault, at this line, that says this word."""
        self.write(path, text)
        faults = list(tree.check(self.root))
        self.assertEqual([(path, line)], [fault[:2] for fault in faults], faults)
        self.assertIn(word, faults[0][2])

    def assert_clean(self):
        self.assertEqual([], list(tree.check(self.root)))

    def test_a_good_tree_has_no_fault(self):
        self.assert_clean()

    def test_every_upward_include_is_found(self):
        for room, below in tree.BELOW.items():
            for other in set(tree.BELOW) - below - {room}:
                # app's and config's own headers under the names that other rooms would use
                header = f'{other}/{other}.h' if other != 'app' else '../../app/callgate/app.h'
                if room == 'drivers' and other == 'app':
                    header = '../app/callgate/app.h'
                if (other, room) == ('config', 'sip') or other != 'config':
                    path = f'{self.folder(room)}/{room}.c'
                    with self.subTest(room=room, other=other):
                        self.assert_fault(path, f'{C}#include "{header}"\n', 2, other)
                    self.write(path, C)

    def test_nat_and_fw_do_not_know_each_other(self):
        self.assertNotIn('fw', tree.BELOW['nat'])
        self.assertNotIn('nat', tree.BELOW['fw'])

    def test_sip_includes_no_dpdk_header(self):
        self.assert_fault('lib/sip/sip.c', C + '#include <rte_mbuf.h>\n', 2, 'DPDK')

    def test_a_private_header_stays_in_its_room(self):
        self.assert_fault('lib/flow/flow.c', C + '#include "net/net_priv.h"\n', 2, 'private')

    def test_only_plain_data_of_config_is_open_to_all(self):
        self.assert_fault('lib/net/net.c', C + '#include "config/reader.h"\n', 2, 'config')

    def test_allocator_and_stdio_are_found_in_the_datapath(self):
        for call in ('printf("x")', 'malloc(1)', 'calloc(1, 1)', 'free(p)', 'strdup(s)',
                     'x = realloc (p, 2)'):
            with self.subTest(call=call):
                self.assert_fault('lib/flow/flow.c', f'{C}\nvoid f(void) {{ {call}; }}\n', 3,
                                  '() in the datapath')
        self.write('lib/flow/flow.c', C)
        self.assert_fault('app/callgate/pipeline.c', C + 'void f(void) { free(p); }\n', 2, 'free')

    def test_calls_that_only_look_alike_pass(self):
        self.write('lib/flow/flow.c', C + '/* free(x) */ // malloc(1)\nchar *s = "printf(";\n'
                   'void f(void) { rte_free(p); snprintf(b, 1, "free("); pool->free(p); }\n')
        self.assert_clean()

    def test_the_control_plane_may_allocate(self):
        self.write('lib/config/config.c', C + 'void f(void) { free(malloc(1)); }\n')
        self.write('app/callgate/main.c', C + 'void f(void) { printf("x"); }\n')
        self.write('app/callgatectl/main.c', C + 'void f(void) { printf("x"); }\n')
        self.assert_clean()

    def test_a_file_too_long_is_found(self):
        for name in ('lib/net/long.c', 'lib/net/long.h', 'test/call/long.py', 'test/call/long.sh'):
            with self.subTest(name=name):
                start = C if name.endswith(('.c', '.h')) else PY
                self.write(name, start + '\n' * (tree.LINES_MAX - 1))
                self.assert_clean()
                self.assert_fault(name, start + '\n' * tree.LINES_MAX, tree.LINES_MAX + 1, 'lines')
                self.write(name, start)

    def test_a_missing_licence_is_found(self):
        for name in ('lib/net/bare.c', 'test/call/bare.py', 'test/call/bare.sh',
                     'test/call/meson.build'):
            with self.subTest(name=name):
                self.assert_fault(name, '\n', 1, 'SPDX')
                self.write(name, C if name.endswith('.c') else PY)

    def test_unfinished_work_is_found(self):
        for word in ('TO' + 'DO', 'FIX' + 'ME'):
            with self.subTest(word=word):
                self.assert_fault('docs/page.md', f'fine\n{word}: later\n', 2, 'unfinished')
        self.write('docs/page.md', 'a mastodon fixmeter\n')
        self.assert_clean()

    def test_the_program_fails_on_a_fault_and_on_an_empty_tree(self):
        program = [sys.executable, '-B', os.path.join(HERE, 'tree.py')]
        run = lambda root: subprocess.run([*program, root], stdout=subprocess.PIPE, check=False)
        self.assertEqual(0, run(self.root).returncode)
        self.write('lib/net/bare.c', '\n')
        result = run(self.root)
        self.assertEqual(1, result.returncode)
        self.assertIn(b'lib/net/bare.c:1:', result.stdout)
        self.assertEqual(1, run(os.path.join(self.root, 'nowhere')).returncode)


class Format(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix='callgate_lint_')
        self.addCleanup(shutil.rmtree, self.root)
        os.mkdir(os.path.join(self.root, 'lib'))
        shutil.copy(os.path.join(HERE, '..', '..', '.clang-format'), self.root)

    def write(self, text):
        with open(os.path.join(self.root, 'lib', 'a.c'), 'w', encoding='utf-8') as file:
            file.write(text)

    @unittest.skipUnless(shutil.which('clang-format'), 'clang-format is not installed')
    def test_a_badly_formatted_file_is_named(self):
        clang_format = shutil.which('clang-format')
        self.write(C + 'int a;\n')
        self.assertEqual([], format_check.differing(self.root, clang_format))
        self.write(C + 'int   a  ;\n')
        self.assertEqual(['lib/a.c'], format_check.differing(self.root, clang_format))

    def test_without_clang_format_it_is_skipped(self):
        result = subprocess.run([sys.executable, '-B', os.path.join(HERE, 'format.py'), self.root,
                                 'no-such-clang-format'], stdout=subprocess.PIPE, check=False)
        self.assertEqual(77, result.returncode)


class Metrics(unittest.TestCase):
    PAGE = ('| `callgate_a_total` | counter | x, y | one |\n| `callgate_h` | histogram | w | two |\n'
            + ''.join(f'| `{name}` | gauge |  | three |\n' for name in metrics.WANTED))

    def faults(self, *asked):
        panels = [{'title': 'p', 'targets': [{'expr': one} for one in asked]},
                  {'title': 'all', 'targets': [{'expr': one} for one in metrics.WANTED]}]
        return list(metrics.dashboard_faults({'panels': panels, 'templating': {'list': []}},
                                             metrics.families(self.PAGE)))

    def test_what_is_exported_may_be_asked(self):
        self.assertEqual([], self.faults(
            'sum by (x) (rate(callgate_a_total{y="1",instance=~".*"}[1m]))',
            'histogram_quantile(1, sum by (w, le) (callgate_h_bucket))'))

    def test_series_and_labels_that_are_not_exported(self):
        for asked, word in (('callgate_b_total', 'callgate_b_total'), ('callgate_h', 'callgate_h'),
                            ('callgate_a', 'callgate_a'), ('sum by (z) (callgate_a_total)', 'z'),
                            ('callgate_a_total{z="1"}', 'z'), ('up', 'nothing')):
            with self.subTest(asked=asked):
                found = self.faults(asked)
                self.assertEqual(1, len(found), found)
                self.assertIn(word, found[0])

    def test_what_must_be_shown(self):
        found = list(metrics.dashboard_faults({'panels': [], 'templating': {'list': []}},
                                              metrics.families(self.PAGE)))
        self.assertEqual(len(metrics.WANTED), len(found))

    def test_a_page_with_a_wrong_row(self):
        for row in ('| `callgate_a_total` | counter | x, y | again |', '| `callgate_c` | sum |  | x |'):
            with self.assertRaises(ValueError):
                metrics.families(self.PAGE + row)


class NatRfcs(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix='callgate_lint_')
        self.addCleanup(shutil.rmtree, self.root)
        for folder in ('docs', 'test'):
            os.mkdir(os.path.join(self.root, folder))
        for name, text in (('test_a.py', 'class A:\n    def test_it(self):\n'),
                           ('test_a.c', 'static void\nit_works(void **state)\n{\n')):
            with open(os.path.join(self.root, 'test', name), 'w', encoding='utf-8') as file:
                file.write(text)

    def faults(self, change=lambda text: text):
        text = '# Page\n'
        for rfc, (prefix, first, last) in nat_rfcs.REQUIREMENTS.items():
            text += f'\n## RFC {rfc}\n\n| | level | asks | met | how | shown |\n|---|---|---|---|---|---|\n'
            for number in range(first, last + 1):
                text += (f'| {prefix}{number} | MUST | much | yes | | '
                         '`test/test_a.py:test_it` `test/test_a.c:it_works` |\n')
        with open(os.path.join(self.root, nat_rfcs.PAGE), 'w', encoding='utf-8') as file:
            file.write(change(text))
        return [text for _, text in nat_rfcs.check(self.root)]

    def test_a_whole_page_has_no_fault(self):
        self.assertEqual([], self.faults())

    def test_each_fault_of_the_page_is_found(self):
        for old, new, word in (
                ('| REQ-7 |', '| REQ-8 |', 'in order'),
                ('| REQ-7 |', '| REQ-6 |', 'twice'),
                ('| REQ-7 |', '| seven |', 'no requirement'),
                ('yes | | `test/test_a.py:test_it` `test/test_a.c:it_works`', 'yes | |', 'no test'),
                ('yes | | `', 'no | | `', 'not a word'),
                ('yes', 'maybe', 'allowed'),
                ('MUST | much', 'MUST |', 'nothing'),
                ('MUST | much', 'MUST', 'columns'),
                ('a.py:test_it', 'a.py:test_that', 'test_that'),
                ('a.c:it_works', 'a.c:it_breaks', 'it_breaks'),
                ('test_a.c:', 'test_b.c:', 'test_b.c'),
                ('`test/test_a.py:test_it`', 'test_a.py', 'names no test')):
            with self.subTest(new=new):
                found = self.faults(lambda text, old=old, new=new: text.replace(old, new, 1))
                self.assertTrue(found and word in ' '.join(found), found)


class Contract(unittest.TestCase):
    PAGE = '# Page\n`packet/prose`\n\n| promise | shown by |\n|---|---|\n| one | %s |\n'

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix='callgate_lint_')
        self.addCleanup(shutil.rmtree, self.root)
        for path, text in (
                ('unit/alg/test_media.c', 'static void\nhold_stays(void **state)\n{\n}\n\n'
                 'static void\nforgotten(void **state)\n{\n}\n\nTEST(hold_stays)\n'),
                ('unit/alg/meson.build', "foreach noun : ['call', 'media']"),
                ('packet/test_sip.py', 'class Sip:\n    def test_it(self):\n        pass\n'),
                ('packet/test_other.py', ''), ('packet/meson.build', "foreach name : ['sip']"),
                ('call/test_flows.py', "TABLE = (\n    ('call-id-1', 'A', X, {}),\n)\n"),
                ('call/demo.py', ''), ('call/meson.build', "'test_flows.py', 'demo.py'"),
                ('stress/stress_calls.c', ''), ('stress/meson.build', "['calls', 'million']")):
            path = os.path.join(self.root, 'test', path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
        os.mkdir(os.path.join(self.root, 'docs'))

    def faults(self, cell):
        with open(os.path.join(self.root, contract.PAGE), 'w', encoding='utf-8') as file:
            file.write(self.PAGE % cell)
        return list(contract.check(self.root))

    def test_what_exists_and_runs_is_no_fault(self):
        for cell in ('`unit/alg/media: hold_stays`', '`packet/sip: test_it`, `packet/sip`',
                     '`call/flows: call-id-1`', '`call/demo` (and more)', '`stress/calls`'):
            with self.subTest(cell):
                self.assertEqual([], self.faults(cell))

    def test_each_fault_is_found_at_its_line(self):
        for cell, word in (
                ('none', 'without a test'), ('`unit/alg/none: x`', 'no such test file'),
                ('`packet/other`', 'in no meson.build'), ('`packet/sip: test_none`', 'not there'),
                ('`unit/alg/media: forgotten`', 'list of those that run'),
                ('`unit/alg/media: hold`', 'not there'), ('`call/flows: call-id-2`', 'not there'),
                ('`stress/calls`, `packet/sip:test_it`', 'is no reference'),
                ('`stress/million`', 'no such test file')):
            with self.subTest(cell):
                faults = self.faults(cell)
                self.assertEqual([6], [line for line, _ in faults], faults)
                self.assertIn(word, faults[0][1])

    def test_a_missing_page_is_a_fault(self):
        self.assertEqual([(0, 'is missing')], list(contract.check(self.root)))


class Limits(unittest.TestCase):
    ROW = '| workers | {} | refused | `{}` |\n'

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix='callgate_lint_')
        self.addCleanup(shutil.rmtree, self.root)
        for path, text in (
                (limits_page.SETTINGS, '## ports\n\nCards. A list of 1 .. 32 entries.\n\n'
                 '| `system.flows` | integer | 64 .. 1048576 | `4096` | no | Flows. |\n'),
                ('lib/core/limits.h', C + '#define NAMES 63\nenum { WORKERS_MAX = 32, /* x */\n'
                 '\tSTEPS = 1 << 20 };\n')):
            os.makedirs(os.path.join(self.root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(self.root, path), 'w', encoding='utf-8') as file:
                file.write(text)

    def faults(self, number, name):
        head = '| what | number | what happens there | set by |\n|---|---|---|---|\n'
        with open(os.path.join(self.root, limits_page.PAGE), 'w', encoding='utf-8') as file:
            file.write(head + self.ROW.format(number, name) +
                       self.ROW.format('63', 'NAMES') * limits_page.ROWS_MIN)
        return list(limits_page.check(self.root))

    def test_numbers_of_the_code_are_no_fault(self):
        for number, name in (('4,096 (64 .. 1,048,576)', 'system.flows'), ('1 .. 32', 'ports'),
                             ('32', 'WORKERS_MAX'), ('1,048,576 steps', 'STEPS')):
            with self.subTest(name):
                self.assertEqual([], self.faults(number, name))

    def test_each_fault_is_found_at_its_line(self):
        for number, name, word in (
                ('4,097 (64 .. 1,048,576)', 'system.flows', '4097'), ('33', 'ports', '33'),
                ('4,096 (64 .. 1,048,577)', 'system.flows', '1048577'),
                ('31', 'WORKERS_MAX', 'the code has'), ('32', 'WORKERS', 'no setting'),
                ('many', 'WORKERS_MAX', 'no number')):
            with self.subTest(number=number, name=name):
                faults = self.faults(number, name)
                self.assertEqual([3], [line for line, _ in faults], faults)
                self.assertIn(word, faults[0][1])

    def test_a_page_without_rows_is_a_fault(self):
        with open(os.path.join(self.root, limits_page.PAGE), 'w', encoding='utf-8') as file:
            file.write('# Limits\n')
        self.assertEqual([(0, 'only 0 rows')], list(limits_page.check(self.root)))


if __name__ == '__main__':
    unittest.main()
