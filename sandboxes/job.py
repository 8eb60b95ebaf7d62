"""What passes between the runner and a box: the job, the files, the report. All of it small and in plain bytes.

A job goes in as one message with its descriptors; a report comes out as one line of text, which the runner reads with
care. Data never passes as messages but in memory files and pipes, whose descriptors the job carries.
"""

import os

CODE = "/code"
#: What a compiler may leave. It must fit into the next box's ``/code`` however the files' ends are rounded up.
MAX_ARTEFACT_BYTES, MAX_ARTEFACTS = 48 * 1024 * 1024, 2000
MAX_HEADER_BYTES = 16 * 1024 * 1024
MAX_PACKED_BYTES = MAX_ARTEFACT_BYTES + MAX_HEADER_BYTES + 4
MAX_MESSAGE = 64 * 1024
READY = b"ready"
FAULTED = -1
_NUMBER = 8
_NAMES = "utf-8", "surrogateescape"  # file names are bytes to the kernel

#: Descriptors of a job, in this order; the last one only with ``channel`` (a pipe) or ``collect`` (a memory file).
STDIN, STDOUT, STDERR, FILES, RETURNED = range(5)
#: Where a function's harness finds its arguments (they come as stdin's content) and leaves its answer.
ARGUMENTS_FD, RETURNED_FD = 3, 4


class Job:
    """What process 2 is to become.

    ``script`` set: a warm start, this interpreter runs that file with ``argv[1:]`` behind the interpreter's own options
    as its arguments; empty: argv[0] is executed. ``limits`` are the kernel's backstops: number, soft, hard.
    ``channel``: a harness gets arguments and answers on descriptors of its own. ``collect``: what it leaves in
    ``/code`` is packed for the next box, if it ended well. ``control`` is filled in inside the box.
    """

    __slots__ = ("_packed", "argv", "channel", "collect", "control", "environment", "limits", "script")

    def __init__(
        self,
        argv: list[str],
        environment: dict[str, str],
        limits: list[tuple[int, int, int]],
        *,
        script: str = "",
        channel: bool = False,
        collect: bool = False,
    ) -> None:
        self.argv, self.environment, self.script = argv, environment, script
        self.limits = limits
        self.channel, self.collect = channel, collect
        self.control = -1
        self._packed = b""

    def pack(self) -> bytes:
        """For the box's socket. Only ever read by our own process 1, from our own runner.

        Eight-byte numbers, lowest byte first: channel, collect, whether it is a warm start, how many limits, arguments
        and variables there are; then the limits' three numbers each; then arguments, variables (``NAME=value``) and
        script, each closed by a NUL. `box.c` reads it where it lies.

        Made once: many cases are the same job with another input.

        Raises:
            ValueError: a NUL in a word, or more than a message holds.
        """
        self._packed = self._packed or self._pack()
        return self._packed

    def _pack(self) -> bytes:
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        counts = len(self.limits), len(self.argv), len(variables)
        numbers = [self.channel, self.collect, bool(self.script), *counts]
        for limit in self.limits:
            numbers += limit
        words = [word.encode(*_NAMES) for word in (*self.argv, *variables, self.script)]
        data = b"".join(int(number).to_bytes(_NUMBER, "little") for number in numbers)
        data += b"".join(word + b"\0" for word in words)
        if data.count(b"\0", _NUMBER * len(numbers)) != len(words) or len(data) > MAX_MESSAGE:
            raise ValueError("no job: a word holds a NUL, or all of them are too long")
        return data

    @staticmethod
    def unpack(data: bytes) -> "Job":
        """What `pack` made. With as few objects as will do: in a box, each page that is written to is copied first."""
        numbers = memoryview(data)
        channel, collect, _warm, count, arguments, variables = numbers[: 6 * _NUMBER].cast("q")
        end = (6 + 3 * count) * _NUMBER
        flat = numbers[6 * _NUMBER : end].cast("q")
        limits = [(flat[i], flat[i + 1], flat[i + 2]) for i in range(0, len(flat), 3)]
        words = str(numbers[end:], *_NAMES).split("\0")
        environment = dict([pair.split("=", 1) for pair in words[arguments : arguments + variables]])
        job = Job(words[:arguments], environment, limits, script=words[arguments + variables])
        job.channel, job.collect, job._packed = bool(channel), bool(collect), bytes(data)
        return job


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


class Packed:
    """A file among packed ones: its name below ``/code``, its mode, and where its bytes lie."""

    __slots__ = ("at", "mode", "name", "size")

    def __init__(self, name: str, mode: int, size: int, at: int = 0) -> None:
        self.name, self.mode, self.size, self.at = name, mode, size, at


def pack_header(files: list[Packed]) -> bytes:
    """What stands before the bytes of these files, one file's after the other's."""
    header = "".join(f"{file.mode:o} {file.size} {file.name}\n" for file in files).encode(*_NAMES)
    return len(header).to_bytes(4, "big") + header


def pack_files(files: dict[str, bytes]) -> bytes:
    """Files as one byte string, for a memory file that every box of a submission reads."""
    header = pack_header([Packed(name, 0o644, len(data)) for name, data in files.items()])
    return b"".join((header, *files.values()))


def list_files(fd: int) -> list[Packed]:
    """What is packed in a memory file. Raises ValueError for anything but packed files."""
    end = os.fstat(fd).st_size
    head = os.pread(fd, 4096, 0)
    at = 4 + int.from_bytes(head[:4], "big")
    if at > min(end, MAX_HEADER_BYTES):
        raise ValueError("no packed files")
    if at > len(head):
        head = os.pread(fd, at, 0)
    files = []
    for line in head[4:at].decode(*_NAMES).split("\n")[:-1]:
        mode, size, name = line.split(" ", 2)
        file = Packed(name, int(mode, 8) & 0o777, int(size), at)
        at += file.size
        if file.size < 0 or at > end:
            raise ValueError(f"{name!r} does not fit")
        files.append(file)
    return files
