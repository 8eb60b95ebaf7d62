"""The box: where one process tree of foreign code lives and dies. What is done inside it, from clone to exit.

Theory of operation
-------------------
`launcher.py` holds a prepared, read-only root. For every case it clones a child into seven fresh namespaces (user, pid,
mount, net, ipc, uts, cgroup). That child is process 1 of the box and our code: it mounts the box's own ``/proc``,
``/tmp``, ``/code`` and ``/dev/shm``, gives up all capabilities, puts itself under the strict filter, says that it is
ready, and waits. All of this can happen before there is anything to run, so it costs no learner any time.

Then a *job* arrives (`job.py`): a message and descriptors. Process 1 unpacks the files into ``/code`` and forks
process 2, which takes its limits and its descriptors and becomes the program: by execve, or, for a warm interpreter, by
running the source itself. Process 1 waits for it, as an init does for everything in the box, and reports how it ended.
When process 1 exits, the kernel kills whatever is left. Programs are never process 1: the kernel would hide signals
from them, and ``abort()`` would look like a segmentation fault.

Process 1 holds descriptors, never data of another case; it is not dumpable, so the program, of the same user, can
neither trace it nor open its ``/proc`` entries, and it cannot be killed from inside its own pid namespace.

Two kinds of failure. What the program does is reported as a status. What we cannot do (a mount refused, no memory for
a fork) is a fault: it is reported as such, and the runner throws the box away.
"""

import _signal  # pyright: ignore[reportMissingImports]  the plain one loads `enum`
import errno
import os
import resource
import time
from _socket import socket  # the package of that name would load a dozen modules into every box

from sandboxes import kernel
from sandboxes.job import (
    ARGUMENTS_FD,
    CODE,
    FAULTED,
    FILES,
    MAX_ARTEFACT_BYTES,
    MAX_ARTEFACTS,
    MAX_MESSAGE,
    READY,
    RETURNED,
    RETURNED_FD,
    STDERR,
    STDIN,
    Job,
    Packed,
    Report,
    list_files,
    pack_header,
    receive_fds,
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


def serve(
    launcher: socket,
    link: socket,
    outer: tuple[int, int],
    program_filter: bytes,
    not_these: dict[str, str] | None,
) -> Job:
    """Everything process 1 does. Returns in process 2 only, which then becomes the program; process 1 exits here.

    ``outer`` is the user and group that it is outside; ``not_these`` are namespaces that it must have left, None where
    that is known.
    """
    try:
        launcher.close()
        kernel.die_with_parent(9)
        kernel.set_dumpable(True)  # the kernel gives this process's /proc entries to root while it is not
        if not_these is not None:
            kernel.expect_fresh(NAMESPACES, not_these)
        _build(outer, program_filter)
        link.send(READY)
        message, fds = receive_fds(link, MAX_MESSAGE, 8)
        if not message:
            os._exit(0)
        job = Job.unpack(message)
        job.fds = fds
        _unpack(job)
        reader, writer = os.pipe2(os.O_CLOEXEC)
        started = time.monotonic_ns()
        program = os.fork()
    except BaseException as error:
        _fault(link, error)
    if program == 0:
        link.detach()  # its number may soon be the program's: the object's end must not close it
        try:
            _take_limits(job)
            _take_descriptors(job, writer)
        except BaseException as error:
            os.write(writer, b"F" + str(error).encode()[:500])
            os._exit(0)
        return job
    os.close(writer)
    return _attend(link, job, program, reader, started)


def _build(outer: tuple[int, int], program_filter: bytes) -> None:
    map_ids((LEARNER_ID, outer[0]), (LEARNER_ID, outer[1]))
    _write("/proc/self/oom_score_adj", str(OOM_SCORE_ADJ))
    kernel.set_hostname(HOSTNAME)
    # Processes only: no kernel settings, no host figures.
    kernel.mount("proc", "/proc", "proc", _PROC_FLAGS, "subset=pid")
    for path, mebibytes in SCRATCH:
        options = f"size={mebibytes}m,nr_inodes={SCRATCH_INODES},mode=1777"
        kernel.mount("tmpfs", path, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
    os.umask(0o022)
    os.chdir(CODE)
    kernel.drop_capabilities()
    kernel.set_filter(program_filter)
    kernel.set_dumpable(False)


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


def _unpack(job: Job) -> None:
    source = job.fds[FILES]
    for file in list_files(source):
        _make_folders(file.name)
        target = os.open(
            f"{CODE}/{file.name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, file.mode
        )
        try:
            _copy(source, target, file.size, file.at)
        finally:
            os.close(target)


def _copy(source: int, target: int, size: int, at: int) -> None:
    """Copies within the kernel: what a compiler made may be large, and this process is to stay small."""
    end = at + size
    while at < end:
        copied = os.sendfile(target, source, at, end - at)
        if not copied:
            raise OSError(errno.EIO, "it has changed")
        at += copied


def _make_folders(name: str) -> None:
    # Not by os.makedirs: it recurses, and a compiler may have made folders deeper than that reaches.
    path = CODE
    for folder in name.split("/")[:-1]:
        path += f"/{folder}"
        try:
            os.mkdir(path)
        except FileExistsError:
            pass


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


def _take_limits(job: Job) -> None:
    for name, soft, hard in backstops(job.cpu_seconds, job.processes):
        kind = getattr(resource, name)
        try:
            resource.setrlimit(kind, (soft, hard))
        except ValueError:  # the machine allows less than that: less it is
            most = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (min(soft, most), most))


def _take_descriptors(job: Job, control: int) -> None:
    os.setsid()
    # Lift everything out of the way first: a target number may be in use as a source.
    high = [os.dup2(fd, 200 + at, inheritable=False) for at, fd in enumerate(job.fds)]
    job.control = os.dup2(control, 100, inheritable=False)
    for target, source in enumerate(high[:3]):
        os.dup2(source, target)
    if job.channel:
        os.dup2(high[STDIN], ARGUMENTS_FD)
        os.dup2(high[RETURNED], RETURNED_FD)
        os.dup2(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), 0)
    os.closerange(5 if job.channel else 3, job.control)
    os.closerange(job.control + 1, 1024)
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))


def become(job: Job) -> "NoReturn":
    """Executes the program of a job; only for process 2, and only where it names no script."""
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):  # Python's own choice, and no other program's
        _signal.signal(number, _signal.SIG_DFL)
    try:
        os.execve(job.argv[0], job.argv, job.environment)
    except OSError as error:
        message = f"{job.argv[0]}: {error.strerror}\n".encode()
        # Its own limits say that it may not, or what its compiler made is no program: no fault of ours.
        if error.errno in (errno.EAGAIN, errno.ENOMEM) or job.argv[0].startswith(f"{CODE}/"):
            os.write(2, message)
        else:
            os.write(job.control, b"F" + message)
    os._exit(126)


def _attend(link: socket, job: Job, program: int, control: int, started: int) -> "NoReturn":
    try:
        kept = (job.fds[STDERR], job.fds[RETURNED]) if job.collect else ()
        for fd in job.fds:
            if fd not in kept:
                os.close(fd)
        word = os.read(control, 1024)
        status, cpu_us, peak_kib = _wait(program)
        wall_us = (time.monotonic_ns() - started) // 1000
        not_compiled = word[:1] == b"N"
        if job.collect and status == 0:
            not_compiled = not _collect(job.fds[RETURNED], job.fds[STDERR])
        fault = word[1:].decode(errors="replace") if word[:1] == b"F" else ""
        link.send(Report(status, cpu_us, wall_us, peak_kib, not_compiled, fault).pack())
    except BaseException as error:
        _fault(link, error)
    os._exit(0)


def _wait(program: int) -> tuple[int, int, int]:
    """Waits for the program, reaping orphans as an init must: (status, processor time in us, peak of one in KiB)."""
    cpu = 0.0
    peak = 0
    while True:
        pid, status, usage = os.wait4(-1, 0)
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss)
        if pid == program:
            return status, int(cpu * 1e6), peak


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
