"""The box: where one process tree of foreign code lives and dies. What is done inside it, from clone to exit.

Theory of operation
-------------------
`launcher.py` holds a prepared, read-only root. For every case it clones a child into seven fresh namespaces (user, pid,
mount, net, ipc, uts, cgroup). That child is process 1 of the box and our code: it mounts the box's own ``/proc``,
``/tmp``, ``/code`` and ``/dev/shm``, gives up all capabilities, puts itself under the strict filter, says that it is
ready, and waits. All of this can happen before there is anything to run, so it costs no learner any time.

Then a *job* arrives: a JSON object and descriptors. Process 1 unpacks the files into ``/code`` and forks process 2,
which takes its limits and its descriptors and becomes the program: by execve, or, for a warm interpreter, by running
the source itself. Process 1 waits for it, as an init does for everything in the box, and reports how it ended. When
process 1 exits, the kernel kills whatever is left. Programs are never process 1: the kernel would hide signals from
them, and ``abort()`` would look like a segmentation fault.

Process 1 holds descriptors, never data of another case; it is not dumpable, so the program, of the same user, can
neither trace it nor open its ``/proc`` entries, and it cannot be killed from inside its own pid namespace.

Two kinds of failure. What the program does is reported as a status. What we cannot do (a mount refused, no memory for
a fork) is a fault: it is reported as such, and the runner throws the box away.
"""

import errno
import marshal
import os
import resource
import time
from _socket import (
    SCM_RIGHTS,
    SOL_SOCKET,
    socket,
)  # `socket` itself would load a dozen modules into every box

from sandboxes import kernel

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
CODE = "/code"
SCRATCH = (("/tmp", 64), (CODE, 64), ("/dev/shm", 64))  # path, MiB
SCRATCH_INODES = 4096
MAX_ARTEFACT_BYTES = 64 * 1024 * 1024
MAX_MESSAGE = 64 * 1024
_STACK_BYTES = 64 * 1024 * 1024
_FILE_BYTES = 64 * 1024 * 1024
_OPEN_FILES = 256
_PROC_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC

#: Descriptor numbers in a job, in this order; the last two only where ``channel`` is set.
STDIN, STDOUT, STDERR, FILES, RETURNED = range(5)
#: Where a function's harness finds its arguments (they come as stdin's content) and leaves its answer.
ARGUMENTS_FD, RETURNED_FD = 3, 4


class Job:
    """What process 2 is to become.

    ``script`` set: a warm start, this interpreter runs that file with ``argv[1:]`` behind the interpreter's own options
    as its arguments; empty: argv[0] is executed. ``channel``: a harness gets arguments and answers on descriptors of
    its own. ``collect``: what it leaves in ``/code`` is sent back, if it ended well. ``cpu_seconds`` and ``processes``
    are the kernel's backstops. ``fds`` and ``control`` are filled in inside the box.
    """

    __slots__ = (
        "argv",
        "channel",
        "collect",
        "control",
        "cpu_seconds",
        "environment",
        "fds",
        "processes",
        "script",
    )

    def __init__(
        self,
        argv: list[str],
        environment: dict[str, str],
        cpu_seconds: int,
        processes: int,
        *,
        script: str = "",
        channel: bool = False,
        collect: bool = False,
    ) -> None:
        self.argv, self.environment, self.script = argv, environment, script
        self.cpu_seconds, self.processes = cpu_seconds, processes
        self.channel, self.collect = channel, collect
        self.fds: list[int] = []
        self.control = -1

    def pack(self) -> bytes:
        """For the box's socket. Only ever read by our own process 1, from our own runner."""
        flags = self.script, self.channel, self.collect
        return marshal.dumps((self.argv, self.environment, self.cpu_seconds, self.processes, *flags))

    @staticmethod
    def unpack(data: bytes) -> "Job":
        *plain, script, channel, collect = marshal.loads(data)
        return Job(*plain, script=script, channel=channel, collect=collect)


class Report:
    """What process 1 says at the end, as text fields: the runner reads it with care, for it comes out of a box."""

    __slots__ = ("cpu_us", "fault", "not_compiled", "peak_kib", "status", "wall_us")

    def __init__(
        self, status: int, cpu_us: int, wall_us: int, peak_kib: int, not_compiled: bool, fault: str
    ) -> None:
        self.status, self.cpu_us, self.wall_us, self.peak_kib = status, cpu_us, wall_us, peak_kib
        self.not_compiled, self.fault = not_compiled, fault

    def pack(self) -> bytes:
        numbers = (self.status, self.cpu_us, self.wall_us, self.peak_kib, int(self.not_compiled))
        return f"{' '.join(map(str, numbers))} {self.fault}".encode()[:2000]

    @staticmethod
    def unpack(data: bytes) -> "Report":
        """Raises ValueError for anything but a report."""
        *numbers, fault = data.decode(errors="replace").split(" ", 5)
        status, cpu_us, wall_us, peak_kib, not_compiled = (int(word) for word in numbers if len(word) < 16)
        return Report(status, cpu_us, wall_us, peak_kib, bool(not_compiled), fault)


READY = b"ready"
_FAULTED = -1


def pack_files(files: dict[str, tuple[bytes, int]]) -> bytes:
    """Files with their modes as one byte string, for a memory file that every box of a submission reads."""
    header = "".join(f"{mode:o} {len(data)} {name}\n" for name, (data, mode) in files.items()).encode()
    return b"".join((len(header).to_bytes(4, "big"), header, *(data for data, _ in files.values())))


def unpack_files(data: bytes) -> dict[str, tuple[bytes, int]]:
    """The reverse of `pack_files`. Raises ValueError for anything else."""
    at = 4 + int.from_bytes(data[:4], "big")
    files = {}
    for line in data[4:at].decode().splitlines():
        mode, size, name = line.split(" ", 2)
        end = at + int(size)
        if end < at or end > len(data):
            raise ValueError(f"{name!r} does not fit")
        files[name] = (data[at:end], int(mode, 8))
        at = end
    return files


def receive_fds(link: socket, size: int, most: int) -> tuple[bytes, list[int]]:
    """The next message and the descriptors that came with it; an empty message is the end."""
    message, extras, _flags, _address = link.recvmsg(
        size, (4 * most + 24 + 7) & ~7, 0x40000000
    )  # MSG_CMSG_CLOEXEC
    fds = [
        int.from_bytes(content[at : at + 4], "little")
        for level, kind, content in extras
        if level == SOL_SOCKET and kind == SCM_RIGHTS
        for at in range(0, len(content) - 3, 4)
    ]
    return message, fds


def serve(launcher: socket, link: socket, outer: tuple[int, int], program_filter: bytes) -> Job:
    """Everything process 1 does. Returns in process 2 only, which then becomes the program; process 1 exits here."""
    try:
        launcher.close()
        kernel.die_with_parent(9)
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
    kernel.set_dumpable(True)  # the kernel gives the entries below to root while it is not
    map_ids((LEARNER_ID, outer[0]), (LEARNER_ID, outer[1]))
    _write("/proc/self/oom_score_adj", "1000")
    kernel.set_hostname("box")
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
    files = job.fds[FILES]
    data = os.pread(files, os.fstat(files).st_size, 0)
    for name, (content, mode) in unpack_files(data).items():
        path = f"{CODE}/{name}"
        if "/" in name:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(target, view) :]
        finally:
            os.close(target)


def _take_limits(job: Job) -> None:
    # Backstops only: the runner watches and decides. One second more than asked, so that its word comes first.
    seconds = job.cpu_seconds + 1
    for kind, value in (
        (resource.RLIMIT_CPU, (seconds, seconds + 1)),
        (resource.RLIMIT_CORE, (0, 0)),
        (resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES)),
        (resource.RLIMIT_MEMLOCK, (65536, 65536)),
        (resource.RLIMIT_MSGQUEUE, (0, 0)),
        (resource.RLIMIT_NICE, (0, 0)),
        (resource.RLIMIT_RTPRIO, (0, 0)),
        (resource.RLIMIT_STACK, (_STACK_BYTES, _STACK_BYTES)),
        # Counted per user namespace since Linux 5.14, so for this box alone; process 1 is one of them.
        (resource.RLIMIT_NPROC, (job.processes + 1, job.processes + 1)),
    ):
        resource.setrlimit(kind, value)


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
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


def become(job: Job) -> "NoReturn":
    """Executes the program of a job; only for process 2, and only where it names no script."""
    try:
        os.execve(job.argv[0], job.argv, job.environment)
    except OSError as error:
        # Out of processes or memory because the program's own limits say so is its failure, not ours.
        word = b"L" if error.errno in (errno.EAGAIN, errno.ENOMEM) else b"F"
        os.write(job.control, word + f"{job.argv[0]}: {error.strerror}".encode())
    os._exit(126)


def _attend(link: socket, job: Job, program: int, control: int, started: int) -> "NoReturn":
    try:
        for fd in job.fds:
            if not (job.collect and fd == job.fds[RETURNED]):
                os.close(fd)
        word = os.read(control, 1024)
        status, cpu_us, peak_kib = _wait(program)
        wall_us = (time.monotonic_ns() - started) // 1000
        if job.collect and status == 0:
            _collect(job.fds[RETURNED])
        fault = word[1:].decode(errors="replace") if word[:1] == b"F" else ""
        link.send(Report(status, cpu_us, wall_us, peak_kib, word[:1] == b"N", fault).pack())
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


def _collect(target: int) -> None:
    """Sends what the compiler made: regular files below ``/code``, links not followed.

    Runs inside the box, with no more rights than the compiler had: a planted link reaches nothing of ours.
    """
    files: dict[str, tuple[bytes, int]] = {}
    total = 0
    for folder, _folders, names in os.walk(CODE, followlinks=False):
        for name in names:
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            if facts.st_mode & 0o170000 != 0o100000 or "\n" in path:
                continue
            total += facts.st_size
            if total > MAX_ARTEFACT_BYTES:
                raise OSError(errno.EFBIG, "the compiler's output is too large")
            with open(path, "rb") as file:
                files[os.path.relpath(path, CODE)] = (file.read(), facts.st_mode & 0o777)
    view = memoryview(pack_files(files))
    while view:
        view = view[os.write(target, view) :]
    os.close(target)


def _fault(link: socket, error: BaseException) -> "NoReturn":
    try:
        link.send(Report(_FAULTED, 0, 0, 0, False, f"{type(error).__name__}: {error}").pack())
    finally:
        os._exit(1)
