"""The box: where one process tree of foreign code lives and dies. What it is declared to be, and how it ends.

Theory of operation
-------------------
`launcher.py` holds a prepared, read-only root. For every case `box.c` clones a child into seven fresh namespaces (user,
pid, mount, net, ipc, uts, cgroup). That child is process 1 of the box and our code: it mounts the box's own ``/proc``,
``/tmp``, ``/code`` and ``/dev/shm``, gives up all capabilities, puts itself under the strict filter, says that it is
ready, and waits. All of this can happen before there is anything to run, so it costs no learner any time.

Then a *job* arrives (`job.py`): a message and descriptors. Process 1 unpacks the files into ``/code`` and forks
process 2, which takes its limits and its descriptors and becomes the program: by execve, or, for a warm interpreter, by
running the source itself. Process 1 waits for it, as an init does for everything in the box, and reports how it ended.
When process 1 exits, the kernel kills whatever is left. Programs are never process 1: the kernel would hide signals
from them, and ``abort()`` would look like a segmentation fault.

Process 1 holds descriptors, never data of another case; it is not dumpable, so the program, of the same user, can
neither trace it nor open its ``/proc`` entries, and it cannot be killed from inside its own pid namespace.

The numbers and names are here, where `walls.py` finds them too; `maker.py` hands them to `box.c`. Only what a compiler
left is packed here, in Python: it happens once for a submission.

Two kinds of failure. What the program does is reported as a status. What we cannot do (a mount refused, no memory for
a fork) is a fault: it is reported as such, and the runner throws the box away.
"""

import errno
import os
from _socket import socket  # the package of that name would load a dozen modules into every box

from sandboxes import kernel
from sandboxes.job import (
    CODE,
    FAULTED,
    MAX_ARTEFACT_BYTES,
    MAX_ARTEFACTS,
    RETURNED,
    STDERR,
    Packed,
    Report,
    pack_header,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

NAMESPACES = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWCGROUP
)
LEARNER_ID = 1000
HOSTNAME = "box"
OOM_SCORE_ADJ = 1000
#: What the launcher shows of the machine, read-only: system directories, files and folders of ``/etc``, devices.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SETTINGS = (
    "ld.so.cache",
    "ld.so.conf",
    "alternatives",
    "localtime",
    "java-17-openjdk",
    "java-21-openjdk",
    "ssl/certs/java",
)
DEVICES = ("null", "zero", "full", "random", "urandom")
SCRATCH = (("/tmp", 64), (CODE, 64), ("/dev/shm", 64))  # path, MiB
SCRATCH_INODES = 4096
_STACK_BYTES = 64 * 1024 * 1024
_FILE_BYTES = 64 * 1024 * 1024
OPEN_FILES = 256
#: Read-only: writing there, a program could make itself a worse victim than us when memory runs out.
_PROC_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC | kernel.MS_RDONLY


def mounts() -> list[tuple[str, str, int, str]]:
    """What every box mounts for itself: type, target, flags, options."""
    # Processes only: no kernel settings, no host figures.
    rows = [("proc", "/proc", _PROC_FLAGS, "subset=pid")]
    for path, mebibytes in SCRATCH:
        options = f"size={mebibytes}m,nr_inodes={SCRATCH_INODES},mode=1777"
        rows.append(("tmpfs", path, kernel.MS_NOSUID | kernel.MS_NODEV, options))
    return rows


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def map_ids(user: tuple[int, int], group: tuple[int, int]) -> None:
    """Maps one (inside, outside) user and group id of this process's fresh user namespace."""
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user[0]} {user[1]} 1")
    _write("/proc/self/gid_map", f"{group[0]} {group[1]} 1")


def backstops(cpu_seconds: int, processes: int) -> tuple[tuple[str, int, int], ...]:
    """The kernel's limits for a program: name, soft, hard.

    Backstops only: the runner watches and decides. One second more than asked, so that its word comes first.
    """
    seconds = cpu_seconds + 1
    return (
        ("RLIMIT_CPU", seconds, seconds + 1),
        # 0 would only keep files from being written; at 1 byte the kernel does not call a host's crash handler either.
        ("RLIMIT_CORE", 1, 1),
        ("RLIMIT_FSIZE", _FILE_BYTES, _FILE_BYTES),
        ("RLIMIT_MEMLOCK", 65536, 65536),
        ("RLIMIT_MSGQUEUE", 0, 0),
        ("RLIMIT_NICE", 0, 0),
        ("RLIMIT_RTPRIO", 0, 0),
        ("RLIMIT_STACK", _STACK_BYTES, _STACK_BYTES),
        # Counted per user namespace since Linux 5.14, so for this box alone; process 1 is one of them.
        ("RLIMIT_NPROC", processes + 1, processes + 1),
    )


def _copy(source: int, target: int, size: int, at: int) -> None:
    """Copies within the kernel: what a compiler made may be large, and this process is to stay small."""
    end = at + size
    while at < end:
        copied = os.sendfile(target, source, at, end - at)
        if not copied:
            raise OSError(errno.EIO, "it has changed")
        at += copied


def collect(link: socket, fds: list[int], facts: tuple[int, int, int, int]) -> "NoReturn":
    """The end of process 1 after a compilation that ended well: packs what it left, reports, exits.

    ``facts`` are status, processor time and wall time in us, peak in KiB.
    """
    try:
        is_usable = _collect(fds[RETURNED], fds[STDERR])
        link.send(Report(*facts, not_compiled=not is_usable, fault="").pack())
    except BaseException as error:
        _fault(link, error)
    os._exit(0)


def _collect(target: int, messages: int) -> bool:
    """Packs what the compiler made into a memory file; False, with a message for its user, if that cannot be.

    Runs inside the box, with no more rights than the compiler had: a planted link reaches nothing of ours.
    """
    try:
        files = _made_files()
        header = memoryview(pack_header(files))
        while header:
            header = header[os.write(target, header) :]
        for file in files:
            source = os.open(f"{CODE}/{file.name}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            _copy(source, target, file.size, 0)
            os.close(source)
    except OSError as error:
        os.write(messages, f"What the compiler made cannot be used: {error.strerror}.\n".encode())
        return False
    return True


def _made_files() -> list[Packed]:
    """Regular files below ``/code``; links are not followed. OSError: they are too many, or too large together."""
    files: list[Packed] = []
    left = MAX_ARTEFACT_BYTES
    pending = [CODE]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file(follow_symlinks=False) and "\n" not in entry.path:
                    facts = entry.stat(follow_symlinks=False)
                    files.append(Packed(entry.path[len(CODE) + 1 :], facts.st_mode & 0o777, facts.st_size))
                    left -= facts.st_size
        if left < 0 or len(files) > MAX_ARTEFACTS:
            raise OSError(errno.EFBIG, "it is too large")
    return files


def _fault(link: socket, error: BaseException) -> "NoReturn":
    try:
        link.send(Report(FAULTED, 0, 0, 0, False, f"{type(error).__name__}: {error}").pack())
    finally:
        os._exit(1)
