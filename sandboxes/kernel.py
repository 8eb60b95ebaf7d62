"""The kernel's calls that Python's standard library does not offer, by ctypes. Linux, x86-64.

Every function raises OSError with the kernel's error number; none hides one. Imports are few on purpose: every box is
a forked copy of a process that has loaded this module, and each page it holds costs each fork.
"""

import ctypes
import errno
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)
#: From the kernel's table for x86-64; a test holds them against `seccomp/x86_64.json`.
SYSCALLS = {
    "pivot_root": 155,
    "unshare": 272,
    "mount_setattr": 442,
}

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
#: As /proc calls them, each with the flag that asks for a fresh one.
_KINDS = {
    "user": CLONE_NEWUSER,
    "pid": CLONE_NEWPID,
    "mnt": CLONE_NEWNS,
    "net": CLONE_NEWNET,
    "ipc": CLONE_NEWIPC,
    "uts": CLONE_NEWUTS,
    "cgroup": CLONE_NEWCGROUP,
}

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


def _check(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result


def _syscall(name: str, *arguments: object) -> int:
    return _check(_libc.syscall(SYSCALLS[name], *arguments), name)


def unshare(flags: int) -> None:
    """Moves this process into new namespaces."""
    _syscall("unshare", ctypes.c_ulong(flags))


def namespaces() -> dict[str, str]:
    """The namespaces this process is in, by kind. One that the kernel has not, or does not show, is missing."""
    found: dict[str, str] = {}
    for kind in _KINDS:
        try:
            found[kind] = os.readlink(f"/proc/self/ns/{kind}")
        except FileNotFoundError:
            continue
    return found


def expect_fresh(flags: int, before: dict[str, str]) -> None:
    """Raises OSError, naming them, unless this process can be seen to be in new namespaces for all of ``flags``.

    The calls themselves say nothing of it: gVisor of 2022 takes CLONE_NEWNS, succeeds, and gives none.
    """
    now = namespaces()
    stale = [
        kind for kind, flag in _KINDS.items() if flags & flag and now.get(kind) in (None, before.get(kind))
    ]
    if stale:
        raise OSError(errno.ENOTSUP, f"this kernel shows no fresh namespace: {', '.join(stale)}")


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2); ``data`` is what the file system takes as options."""
    encoded = [None if text is None else text.encode() for text in (source, target, kind, data)]
    _check(_libc.mount(*encoded[:3], ctypes.c_ulong(flags), encoded[3]), f"mount {target}")


def set_mount_attributes(target: str, attributes: int, *, recursive: bool) -> None:
    """Adds ``MOUNT_ATTR_*`` to a mount (and all below it); can only make it stricter."""
    record = struct.pack("QQQQ", attributes, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    _syscall("mount_setattr", _AT_FDCWD, target.encode(), flags, record, ctypes.c_size_t(len(record)))


def change_root(target: str) -> None:
    """Makes the mount at ``target`` the root and lets go of the old one."""
    os.chdir(target)
    _syscall("pivot_root", b".", b".")
    _check(_libc.umount2(b".", MNT_DETACH), "umount2 of the old root")
    os.chdir("/")


def _prctl(option: int, value: int, what: str) -> None:
    _check(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), what)


def die_with_parent(signal: int) -> None:
    """Sends ``signal`` to this process when the thread that made it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal, "PR_SET_PDEATHSIG")


def set_dumpable(dumpable: bool) -> None:
    """Not dumpable: processes of the same user can neither trace this one nor open its /proc entries."""
    _prctl(_PR_SET_DUMPABLE, int(dumpable), "PR_SET_DUMPABLE")
