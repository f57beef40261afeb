#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Is every C file as clang-format would write it? Usage: format.py ROOT [CLANG-FORMAT]

Exit status 77 (skipped) without clang-format, 1 when a file differs.
"""
import os
import shutil
import subprocess
import sys

import tree


def differing(root, clang_format):
    """Paths of the C files that clang-format would change."""
    paths = [path for path in tree.files(root) if path.endswith(('.c', '.h'))]
    if not paths:
        return None
    result = subprocess.run([clang_format, '--style=file', '--dry-run', '-Werror', *paths],
                            cwd=root, stderr=subprocess.PIPE, text=True, check=False)
    faults = sorted({line.split(':')[0] for line in result.stderr.splitlines()
                     if 'clang-format-violations' in line})
    if result.returncode != 0 and not faults:
        raise RuntimeError(result.stderr)
    return faults


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    name = sys.argv[2] if len(sys.argv) > 2 else 'clang-format'
    clang_format = shutil.which(name)
    if clang_format is None:
        print(f'skipped: {name} is not installed')
        sys.exit(77)
    faults = differing(os.path.abspath(sys.argv[1]), clang_format)
    if faults is None:
        sys.exit('no C file there: wrong ROOT?')
    for path in faults:
        print(f'{path}: clang-format -i would change it')
    print(f'{len(faults)} files differ')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
