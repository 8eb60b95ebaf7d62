"""A compiler that stays: it is started once, in a box of its own, and answers one compilation after the other.

Theory of operation
-------------------
A compiler that runs on a virtual machine spends most of a small program's compilation on its own start. A language
folder may name a *resident* compiler (``resident`` in language.json): a program that does not end, reads requests on
its standard input and writes answers to its standard output. Its box is like every other: made by the launcher, the
same namespaces, filter and limits, no network. It never sees an input, runs no code of a submission, and is stopped, by
signal, whenever it is not compiling: it takes no time from a case, and a case's figures hold nothing of it. The first
compilation of a runner is the plain command's, and invites it: of several lanes only the one that compiles has one.

It has two answers that count: compiled, and here are the files; or errors (exit code 1), and here are the messages.
Whatever else happens (another exit code, a limit met, an answer that is none, no answer) says nothing about the
submission: that is then compiled by the plain command, under its whole limits, and the resident compiler thrown away.
So no verdict about limits or crashes ever comes from here, and the leash can be short: `_LEASH_MS` of time, for what
takes longer gains little. A resident compiler is also thrown away after `_COMPILATIONS`, for one submission's sources
share a process with the next one's: what a fault of the compiler could carry over ends there.

A request is two lengths, of 4 bytes each, and what they measure: the plain command's arguments, parted by NUL, and the
packed files (`job.py`). An answer is exit code and two lengths, and then the messages and the packed files.
"""

import os
import select
import signal
import socket
import struct
import time
from dataclasses import dataclass

from sandboxes import counters
from sandboxes.boxes import Box, Launcher, MemoryFile, RunnerFault, kernel_limits
from sandboxes.job import MAX_PACKED_BYTES, Job, list_files, pack_files
from sandboxes.languages import Language
from sandboxes.protocol import CaseOutcome, Limits, Outcome

_LEASH_MS = 5_000
_COMPILATIONS = 100
#: Where so many came to nothing and none ever answered there can be none. Later failures are submissions' doing.
_PATIENCE = 2
_LIFE_CPU_SECONDS = 600
_LOOK_S = 0.02
_START_S = 1.0
_CHUNK = 1 << 16
_REQUEST, _ANSWER = struct.Struct(">II"), struct.Struct(">III")


class NoAnswer(Exception):
    """The resident compiler has said nothing that counts; the plain command is to be asked."""


class Residents:
    """The resident compilers of one runner, one for each language that has been compiled and has one.

    ``lifeline`` is a descriptor whose other end is the grader's.
    """

    def __init__(self, lifeline: int) -> None:
        self._lifeline = lifeline
        self._waiting: dict[str, Resident] = {}
        self._failures: dict[str, int] = {}
        self._proved: set[str] = set()

    def compile(
        self, language: Language, argv: list[str], files: MemoryFile, limits: Limits, made: MemoryFile
    ) -> CaseOutcome | None:
        """As the plain command ``argv`` would: how it ended, its files in ``made``. None: ask that command.

        Raises:
            EOFError: the grader has gone.
        """
        resident = self._waiting.pop(language.name, None)
        if resident is None:
            return None
        try:
            outcome = resident.compile(argv, files, limits, made)
        except (NoAnswer, OSError):
            self._note_failure(language.name)
            resident.close()
            return None
        except BaseException:
            resident.close()
            raise
        self._proved.add(language.name)
        if resident.answered < _COMPILATIONS:
            self._waiting[language.name] = resident
        else:
            resident.close()
        return outcome

    def invite(self, language: Language, launcher: Launcher) -> None:
        """Has the language's resident compiler get ready, if it has one; returns at once. For when nobody waits."""
        if not language.resident or self._failures.get(language.name, 0) >= _PATIENCE:
            return
        try:
            if language.name in self._waiting:
                self._waiting[language.name].wake()
            else:
                self._waiting[language.name] = Resident(launcher.take(), language, self._lifeline)
                launcher.ask()
        except (OSError, RunnerFault):
            self._note_failure(language.name)
            self._drop(language.name)

    def _note_failure(self, name: str) -> None:
        if name not in self._proved:
            self._failures[name] = self._failures.get(name, 0) + 1

    def rest(self) -> None:
        """Stops them all: from here until the next compilation, time and memory are a case's."""
        for name, resident in list(self._waiting.items()):
            if not resident.rest():
                self._drop(name)

    def _drop(self, name: str) -> None:
        resident = self._waiting.pop(name, None)
        if resident is not None:
            resident.close()

    def close(self) -> None:
        """Ends them all."""
        for name in list(self._waiting):
            self._drop(name)


class Resident:
    """One compiler in its box. Raises ConnectionError if the box has ended."""

    def __init__(self, box: Box, language: Language, lifeline: int) -> None:
        self._box, self._lifeline = box, lifeline
        self._memory_kib = language.resident_memory_mib * 1024
        self.answered = 0
        self._program: int | None = None  # a pidfd
        job = Job(
            list(language.resident),
            language.full_environment(),
            kernel_limits(_LIFE_CPU_SECONDS, language.resident_processes),
        )
        stdin, self._requests = os.pipe2(os.O_CLOEXEC)
        self._answers, stdout = os.pipe2(os.O_CLOEXEC)
        quiet = os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC)
        os.set_blocking(self._requests, False)
        os.set_blocking(self._answers, False)
        try:
            with MemoryFile(pack_files({})) as nothing:
                socket.send_fds(box.link, [job.pack()], [stdin, stdout, quiet, nothing.fd])
        except BaseException:
            self.close()
            raise
        finally:
            for fd in (stdin, stdout, quiet):
                os.close(fd)

    def compile(self, argv: list[str], files: MemoryFile, limits: Limits, made: MemoryFile) -> CaseOutcome:
        """One compilation; see `Residents.compile`. Raises NoAnswer, OSError, EOFError."""
        leash = _Leash(
            box=self._box.pid,
            cpu_ms=min(_LEASH_MS, limits.cpu_ms),
            until=time.monotonic() + min(_LEASH_MS, limits.wall_ms) / 1000,
            memory_kib=min(self._memory_kib, limits.memory_mib * 1024),
        )
        words = "\0".join(argv).encode()
        packed = files.read()
        self.wake()
        code, messages, packed_made = self._exchange(
            memoryview(_REQUEST.pack(len(words), len(packed)) + words + packed), leash, limits
        )
        leash.look()
        if not self.rest():
            raise NoAnswer
        _keep(packed_made, made)
        self.answered += 1
        outcome = Outcome.EXITED if code == 0 else Outcome.NOT_COMPILED
        return CaseOutcome(
            outcome=outcome,
            exit_code=code,
            cpu_ms=leash.spent_ms,
            wall_ms=leash.elapsed_ms(),
            memory_kib=leash.peak_kib,
            stderr=bytes(messages),
        )

    def _exchange(
        self, request: memoryview, leash: "_Leash", limits: Limits
    ) -> tuple[int, memoryview, memoryview]:
        """Sends the request and reads its answer: exit code, messages, packed files."""
        poller = select.poll()
        poller.register(self._requests, select.POLLOUT)
        poller.register(self._answers, select.POLLIN)
        poller.register(self._lifeline, 0)  # nothing but its hanging up
        answer = bytearray()
        wanted = _ANSWER.size
        while len(answer) < wanted:
            for fd, _event in poller.poll(_LOOK_S * 1000):
                if fd == self._lifeline:
                    raise EOFError("the grader has gone")
                if fd == self._answers:
                    answer += self._receive(wanted - len(answer))
                elif request:
                    request = request[os.write(fd, request[:_CHUNK]) :]
                else:
                    poller.unregister(fd)
            if len(answer) == wanted == _ANSWER.size:
                wanted += _size_of(answer, limits)
            leash.hold()
        code, said, _made = _ANSWER.unpack_from(answer)
        body = memoryview(answer)[_ANSWER.size :]
        return code, body[:said], body[said:]

    def _receive(self, most: int) -> bytes:
        data = os.read(self._answers, min(most, 1 << 20))
        if not data:
            raise NoAnswer
        return data

    def wake(self) -> None:
        """Lets it go on. Raises OSError if it has ended."""
        if self._program is not None:
            signal.pidfd_send_signal(self._program, signal.SIGCONT)

    def rest(self) -> bool:
        """Stops it; False if there is not exactly one process to be stopped."""
        try:
            if self._program is None:
                self._program = self._find()
            signal.pidfd_send_signal(self._program, signal.SIGSTOP)
            return counters.tree_usage(self._box.pid).processes == 1
        except (OSError, ValueError):
            return False

    def _find(self) -> int:
        """A handle on the program, which its box may still be about to start. Raises OSError, ValueError."""
        ended = select.poll()
        ended.register(self._box.pidfd, select.POLLIN)
        until = time.monotonic() + _START_S
        while not (found := counters.children(self._box.pid)) and time.monotonic() < until:
            ended.poll(1)
        (pid,) = found
        handle = os.pidfd_open(pid)
        if counters.children(self._box.pid) != [pid]:  # it ended, and the number may be another's
            os.close(handle)
            raise ValueError
        return handle

    def close(self) -> None:
        """Ends it."""
        self._box.close()
        for fd in (self._requests, self._answers, self._program):
            if fd is not None:
                os.close(fd)


@dataclass
class _Leash:
    """How far one compilation may go: processor time in ms, a moment of `time.monotonic`, resident memory in KiB."""

    box: int
    cpu_ms: int
    until: float
    memory_kib: int
    spent_ms: int = 0
    peak_kib: int = 0

    def __post_init__(self) -> None:
        self._started = self._next = time.monotonic()
        self._before = counters.tree_usage(self.box).cpu_ms

    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self._started) * 1000)

    def hold(self) -> None:
        """Looks, if it is time to. Raises NoAnswer where the compilation has gone too far."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _LOOK_S
            self.look()
            if now > self.until:
                raise NoAnswer

    def look(self) -> None:
        """Raises NoAnswer where the compilation has used too much."""
        usage = counters.tree_usage(self.box)
        self.spent_ms = max(self.spent_ms, usage.cpu_ms - self._before)
        self.peak_kib = max(self.peak_kib, usage.memory_kib)
        if self.spent_ms > self.cpu_ms or self.peak_kib > self.memory_kib:
            raise NoAnswer


def _size_of(answer: bytearray, limits: Limits) -> int:
    """The bytes that follow an answer's head. NoAnswer where it is none that counts, or the limits forbid it."""
    code, said, made = _ANSWER.unpack(answer)
    if code not in (0, 1) or said > limits.output_kib * 1024 or made > (0 if code else MAX_PACKED_BYTES):
        raise NoAnswer
    return said + made


def _keep(packed: memoryview, made: MemoryFile) -> None:
    """Puts packed files where the next box will find them; NoAnswer if they are none. Without any it does nothing."""
    size = len(packed)
    while packed:
        packed = packed[os.write(made.fd, packed) :]
    try:
        names = [file.name for file in list_files(made.fd)] if size else []
    except ValueError:
        names = [""]
    # Packed by the compiler and not by our own process 1: such a name would only reach the box's own folders.
    if any(part in ("", ".", "..") for name in names for part in name.split("/")):
        os.ftruncate(made.fd, 0)  # it is the plain command's now
        os.lseek(made.fd, 0, os.SEEK_SET)
        raise NoAnswer
