# SPDX-License-Identifier: BSD-3-Clause
"""A copy of this machine's files that a test may change: an overlay whose upper half is in memory, in a mount
namespace that ends with the test. What was written can be listed, and nothing of it is left."""
import ctypes
import glob
import os
import shutil
import subprocess
import sys
import tempfile

CLONE_NEWNS = 0x20000
libc = ctypes.CDLL(None, use_errno=True)


def run(*command, **options):
    """What a program says; an error with all of it when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        sys.exit(f'{" ".join(command)}: {done.returncode}\n{done.stdout[-6000:]}')
    return done.stdout


class Machine:
    """Use with `with`. Paths are those within."""

    def __enter__(self):
        # In the namespace of the whole test: mounts end with it, however it ends.
        if libc.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), 'unshare')
        run('mount', '--make-rprivate', '/')
        self.folder = tempfile.mkdtemp(prefix='callgate-package-')
        run('mount', '-t', 'tmpfs', 'tmpfs', self.folder)
        for name in ('upper', 'work', 'root'):
            os.mkdir(os.path.join(self.folder, name))
        self.root = os.path.join(self.folder, 'root')
        run('mount', '-t', 'overlay', 'overlay', '-o', f'lowerdir=/,upperdir={self.folder}/upper,'
            f'workdir={self.folder}/work', self.root)
        run('mount', '-t', 'proc', 'proc', self.root + '/proc')
        run('mount', '--rbind', '/dev', self.root + '/dev')
        for name in ('tmp', 'run'):
            run('mount', '-t', 'tmpfs', 'tmpfs', f'{self.root}/{name}')
        return self

    def __exit__(self, kind, value, trace):
        run('umount', '--recursive', '--lazy', self.folder)
        os.rmdir(self.folder)

    def path(self, path):
        return self.root + path

    def run(self, *command):
        return run('chroot', self.root, 'env', 'DEBIAN_FRONTEND=noninteractive',
                   'PATH=/usr/sbin:/usr/bin:/sbin:/bin', *command)

    def install(self, package):
        """As an upgrade that nobody watches: what the operator changed stays."""
        self.copy(package, '/tmp/package.deb')
        return self.run('dpkg', '--force-confold', '--install', '/tmp/package.deb')

    def copy(self, source, path):
        shutil.copy(source, self.path(path))

    def copy_tree(self, source, path):
        shutil.copytree(source, self.path(path), ignore=shutil.ignore_patterns('.git', 'build*'))

    def glob(self, pattern):
        return [found.removeprefix(self.root) for found in glob.glob(self.path(pattern))]

    def read(self, path):
        with open(self.path(path), encoding='utf-8') as file:
            return file.read()

    def append(self, path, text):
        with open(self.path(path), 'a', encoding='utf-8') as file:
            file.write(text)

    def missing(self, path):
        return not os.path.exists(self.path(path))

    def written(self, word):
        """Files and folders whose path has this word, of those written in here and there still."""
        upper = os.path.join(self.folder, 'upper')
        return [os.path.join(folder, name).removeprefix(upper)
                for folder, folders, files in os.walk(upper) for name in folders + files
                if word in name and os.path.exists(self.path(
                    os.path.join(folder, name).removeprefix(upper)))]
