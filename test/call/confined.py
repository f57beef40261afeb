# SPDX-License-Identifier: BSD-3-Clause
"""Run a program as systemd would run the service: user, capabilities, system calls, files.

Usage: confined.py WRITABLE-FOLDER UNIT [DROP-IN]... -- PROGRAM [ARGUMENT]...

Of the unit (and its drop-ins, which add to lists) are applied: AmbientCapabilities,
CapabilityBoundingSet, NoNewPrivileges, SystemCallFilter, SystemCallErrorNumber, RestrictAddressFamilies,
MemoryDenyWriteExecute, ProtectSystem=strict, ProtectKernelTunables, RuntimeDirectory, LogsDirectory, Environment,
UMask, LimitMEMLOCK, DynamicUser (another user), SupplementaryGroups. Users and groups are ones without names, so
that nothing has to be added to the machine.
"""
import ctypes
import errno
import os
import re
import resource
import socket
import subprocess
import sys

USER, DYNAMIC_USER, TELEMETRY = 64999, 64998, 64997
# /etc/group, as the package has it: whom callgate.sysusers makes a member.
MEMBERS = {'callgate-telemetry': (TELEMETRY, 'callgate')}
CLONE_NEWNS = 0x20000
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_SET_MDWE = 24, 38, 8, 47, 65
SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_CMP_EQ = 0x7fff0000, 0x00050000, 4
CAPABILITIES = ('CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP '
                'LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER '
                'SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE '
                'SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP '
                'MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF '
                'CHECKPOINT_RESTORE').split()
FAMILIES = {'AF_UNIX': 1, 'AF_INET': 2, 'AF_INET6': 10, 'AF_NETLINK': 16, 'AF_PACKET': 17, 'AF_XDP': 44}
libc = ctypes.CDLL(None, use_errno=True)


class Capability(ctypes.Structure):
    _fields_ = [('effective', ctypes.c_uint32), ('permitted', ctypes.c_uint32),
                ('inheritable', ctypes.c_uint32)]


class Compare(ctypes.Structure):
    _fields_ = [('argument', ctypes.c_uint), ('how', ctypes.c_int), ('a', ctypes.c_uint64),
                ('b', ctypes.c_uint64)]


def settings(paths):
    """{name: words} of unit and drop-ins."""
    found = {}
    for path in paths:
        with open(path, encoding='utf-8') as file:
            for name, value in re.findall(r'^(\w+)=(.*)$', file.read(), re.M):
                found.setdefault(name, []).extend(value.split())
    return found


def prctl(*arguments):
    words = [*arguments, 0, 0, 0, 0][:5]
    if libc.prctl(*(ctypes.c_ulong(word) for word in words)) != 0:
        raise OSError(ctypes.get_errno(), f'prctl({arguments}): {os.strerror(ctypes.get_errno())}')


def mount(*arguments):
    subprocess.run(['mount', *arguments], check=True)


def files_protect(folder, runtime, logs):
    """All is read-only but the folder, and the runtime and log folders besides."""
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), 'unshare')
    mount('--make-rprivate', '/')
    mount('--bind', folder, folder)
    for name in runtime:
        os.makedirs(f'/run/{name}', exist_ok=True)
        mount('-t', 'tmpfs', '-o', f'mode=755,uid={USER},gid={USER}', 'tmpfs', f'/run/{name}')
    if logs:        # in a /var/log of its own, so that nothing stays on the machine
        mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/var/log')
    for name in logs:
        os.mkdir(f'/var/log/{name}', 0o750)
        os.chown(f'/var/log/{name}', USER, USER)
    mount('--bind', '/proc/sys', '/proc/sys')
    for path in ('/', '/sys', '/proc/sys'):
        mount('-o', 'remount,bind,ro', path)


def memory_lock():
    """Lift the limit of locked memory. Who may not (root in a container) is given the capability that
    stands in its place, and no more than that."""
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except ValueError:
        return ['CAP_IPC_LOCK']
    return []


def groups_of(unit):
    """Groups besides its own that a service has: those of its user, and those it asks for."""
    return [group for name, (group, member) in MEMBERS.items()
            if member in unit.get('User', []) or name in unit.get('SupplementaryGroups', [])]


def user_become(names, user, groups):
    """Another user, that has these capabilities and can get no other."""
    kept = {CAPABILITIES.index(name.removeprefix('CAP_')) for name in names}
    with open('/proc/sys/kernel/cap_last_cap') as file:
        last = int(file.read())
    for number in range(last + 1):
        if number not in kept:
            prctl(PR_CAPBSET_DROP, number)
    prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups(groups)
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    masks = [sum(1 << (number % 32) for number in kept if number // 32 == half) for half in (0, 1)]
    data = (Capability * 2)(*(Capability(mask, mask, mask) for mask in masks))
    if libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), 'capset')
    for number in kept:
        prctl(PR_CAP_AMBIENT, 2, number)


def calls_of(words):
    """Names of system calls, sets of systemd's written out; those behind "~" are taken away."""
    at = next((i for i, word in enumerate(words) if word.startswith('~')), len(words))
    taken = [word.removeprefix('~') for word in words[at:]]
    found, waiting = set(), list(words[:at])
    while waiting:
        word = waiting.pop()
        if not word.startswith('@'):
            found.add(word)
            continue
        text = subprocess.run(['systemd-analyze', 'syscall-filter', word], check=True,
                              capture_output=True, text=True).stdout
        waiting += [line.strip() for line in text.splitlines()[1:] if '#' not in line and line.strip()]
    return found - calls_of(taken) if taken else found


def calls_filter(calls, families, error):
    """From here on other system calls, and sockets of other families, fail with `error`."""
    seccomp = ctypes.CDLL('libseccomp.so.2')
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(SCMP_ACT_ERRNO | error))
    # starting the program and what Python still does
    for name in calls - {'socket'}:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            assert seccomp.seccomp_rule_add(context, SCMP_ACT_ALLOW, number, 0) == 0, name
    number = seccomp.seccomp_syscall_resolve_name(b'socket')
    for family in families:
        compare = (Compare * 1)(Compare(0, SCMP_CMP_EQ, FAMILIES[family], 0))
        assert seccomp.seccomp_rule_add_array(context, SCMP_ACT_ALLOW, number, 1, compare) == 0
    assert seccomp.seccomp_load(context) == 0


def main():
    folder, *rest = sys.argv[1:]
    at = rest.index('--')
    unit, command = settings(rest[:at]), rest[at + 1:]
    assert unit['NoNewPrivileges'] == ['yes'] and unit['ProtectSystem'] == ['strict'], unit
    assert unit['AmbientCapabilities'] == unit['CapabilityBoundingSet'], unit
    user = DYNAMIC_USER if unit.get('DynamicUser') == ['yes'] else USER
    families = unit['RestrictAddressFamilies']
    calls = calls_of(unit['SystemCallFilter'])
    # The first one stands in `folder`, whose name the caller has put into RUNTIME_DIRECTORY.
    files_protect(folder, unit.get('RuntimeDirectory', [])[1:], unit.get('LogsDirectory', []))
    for word in unit.get('Environment', []):
        os.environ.setdefault(*word.split('='))
    locks = memory_lock() if unit.get('LimitMEMLOCK') == ['infinity'] else []
    os.umask(int(unit['UMask'][-1], 8))
    user_become(unit['AmbientCapabilities'] + locks, user, groups_of(unit))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if unit.get('MemoryDenyWriteExecute') == ['yes']:
        try:
            prctl(PR_SET_MDWE, 1)
        except OSError as fault:
            if fault.errno != errno.EINVAL:    # a kernel before 6.3
                raise
    calls_filter(calls, families, getattr(errno, unit['SystemCallErrorNumber'][0]))
    try:
        socket.socket(socket.AF_NETLINK if 'AF_INET6' in families else socket.AF_INET6,
                      socket.SOCK_DGRAM)
    except OSError:
        os.execv(command[0], command)
    sys.exit('the filter lets everything through')


if __name__ == '__main__':
    main()
