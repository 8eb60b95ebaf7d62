"""Watches one program from outside its box until it ends or is ended, and says what happened.

A case's end is its main process's end, never the end of a pipe that a left-over child holds open. Limits are watched
from out here: processor time and memory of the whole tree, wall time, bytes of output. The kernel's own limits inside
the box are backstops. What a program prints about its end is never believed, only what the kernel counted.

A program that runs out of processor time is let run on for a tenth of its limit: so that the grader can tell one that
was nearly there, and look again, from one that would never have ended. The verdict is the same: over is over.

The wall limit is for sleepers. Time that a program was ready to run and had no core, because the machine was busy, or
was seen to wait for the disk, is not held against it, up to `MOST_WALL` times its limit: who pretends (a parent that
waits in `vfork` looks like one that waits for the disk) gains that much and no more.

The tree is looked at by the clock and not in quiet moments, for a program that prints without pause leaves none. And
while it is watched, so is the grader: if that goes away, the program ends at once and not at its limits.
"""

import os
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandboxes import counters
from sandboxes.boxes import Box, MemoryFile, RunnerFault
from sandboxes.job import FILES, Job, Report
from sandboxes.protocol import MOST_WALL, CaseOutcome, Limits, Outcome

_AT_ONCE_MS = 4
_FIRST_LOOK_S, _LAST_LOOK_S = 0.01, 0.025
#: After a kill everything in a box ends at once, or something is wrong that only a new container cures.
_KILL_SECONDS = 10
_DRAIN_CHUNK = 1 << 16
#: What the container's own figure may exceed the tree's by before it is believed: our making of the next box is in it.
_HIDDEN_MARGIN_MS = 100


class Pipe:
    """One output of a program: read without blocking, kept up to ``limit`` bytes, counted beyond."""

    def __init__(self, limit: int) -> None:
        self.reader, self.writer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.reader, False)
        self._limit = limit
        self._kept = bytearray()
        self.count = 0
        self._ended = False

    def drain(self) -> bool:
        """Reads what is there; True once there is nothing more to come, or nothing more that anybody would want."""
        while not self._ended and self.count <= self._limit:
            try:
                data = os.read(self.reader, _DRAIN_CHUNK)
            except BlockingIOError:
                return False
            if not data:
                self._ended = True
            elif self.count < self._limit:
                self._kept += data[: self._limit - self.count]
            self.count += len(data)
        return True

    @property
    def overflowed(self) -> bool:
        return self.count > self._limit

    def data(self) -> bytes:
        return bytes(self._kept)

    def close_writer(self) -> None:
        os.close(self.writer)

    def close(self) -> None:
        os.close(self.reader)


@dataclass
class Watch:
    """What has been seen of a program so far; ``verdict`` is set once we ended it, or its counts ended it for us."""

    limits: Limits
    started: float
    container_cpu_ms: int
    own_cpu_s: float
    oom_kills: int
    verdict: Outcome | None = None
    limit: str | None = None
    ended: float | None = None
    cpu_ms: int = 0
    memory_kib: int = 0
    looked: float | None = None
    disk_ms: float = 0.0
    report: Report | None = None

    def end(self, verdict: Outcome, limit: str | None = None) -> None:
        if self.verdict is None:
            self.verdict, self.limit, self.ended = verdict, limit, time.monotonic()

    def note_look(self, on_disk: bool) -> None:
        """A look has found the program waiting for the disk, or not: taken for the whole time since the last one."""
        now = time.monotonic()
        if on_disk:
            self.disk_ms += (now - (self.looked or self.started)) * 1000
        self.looked = now

    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self.started) * 1000)


class Watcher:
    """Runs one job in one box under limits.

    ``container`` is None outside of one (local boxes). ``lifeline`` is a descriptor whose other end is the grader's.
    ``before_look`` is called when a program has run so long that it is looked at.
    ``worn`` says that the kernel has killed for memory in this container: it is not to be used again.
    """

    def __init__(
        self, container: counters.Container | None, lifeline: int, before_look: Callable[[], None]
    ) -> None:
        self._container, self._lifeline, self._before_look = container, lifeline, before_look
        self.worn = False

    def start(
        self, here: Box, job: Job, files: MemoryFile, stdin: bytes, limits: Limits, made: MemoryFile | None
    ) -> "Running":
        """Hands the job to the box; the program runs from here on. ``made`` is filled where the job collects.

        Raises:
            ConnectionError: the box has ended.
        """
        pipes = [Pipe(limits.output_kib * 1024) for _ in range(3 if job.channel else 2)]
        watch = Watch(limits, time.monotonic(), self._container_cpu(), time.process_time(), self._oom_kills())
        running = Running(here, pipes, watch)
        try:
            with MemoryFile(stdin) as given:
                fds = [given.fd, *(pipe.writer for pipe in pipes)]
                fds.insert(FILES, files.fd)
                socket.send_fds(here.link, [job.pack()], [*fds, made.fd] if made else fds)
        except BaseException:
            running.close()
            raise
        finally:
            for pipe in pipes:
                pipe.close_writer()
        return running

    def finish(self, running: "Running") -> CaseOutcome:
        """Watches until the end.

        Raises:
            RunnerFault: nothing can be said about the program.
            EOFError: the grader has gone; so has the program now.
        """
        try:
            self._watch(running)
            # All writers are dead: what is in the pipes now is all there will ever be.
            running.watch.report = running.watch.report or _receive_report(running.box.link)
            for pipe in running.pipes:
                pipe.drain()
            return self._judge(running.watch, running.pipes)
        finally:
            running.close()

    def _watch(self, running: "Running") -> None:
        watch, here = running.watch, running.box
        if self._ends_at_once(running):
            return
        poller = self._poller(running)
        pause = _FIRST_LOOK_S
        next_look = watch.started + pause
        while not self._hear(running, poller, next_look):
            if any(pipe.overflowed for pipe in running.pipes):
                watch.end(Outcome.OUTPUT_TOO_LARGE)
            if (now := time.monotonic()) >= next_look:
                self._before_look()
                self._look(running)
                pause = min(pause * 2, _LAST_LOOK_S)
                next_look = now + pause
            if watch.ended is not None:
                here.kill()
                if now - watch.ended > _KILL_SECONDS:
                    raise RunnerFault("a box could not be ended")

    def _ends_at_once(self, running: "Running") -> bool:
        """Most programs are done sooner than this, and have printed less than a pipe holds: one waking does."""
        poller = select.poll()
        poller.register(running.box.pidfd, select.POLLIN)
        poller.register(self._lifeline, 0)
        return any(fd == running.box.pidfd for fd, _event in poller.poll(_AT_ONCE_MS))

    def _poller(self, running: "Running") -> select.poll:
        poller = select.poll()
        for fd in (*running.by_fd, running.box.pidfd):
            poller.register(fd, select.POLLIN)
        poller.register(self._lifeline, 0)  # nothing but its hanging up
        return poller

    def _hear(self, running: "Running", poller: select.poll, until: float) -> bool:
        """Waits for something to happen, at most until then; True once everything in the box has ended."""
        ended = False
        for fd, _event in poller.poll(max(0.0, (until - time.monotonic()) * 1000)):
            if fd == running.box.pidfd:
                ended = True
            elif fd == self._lifeline:
                raise EOFError("the grader has gone")
            elif running.by_fd[fd].drain():
                poller.unregister(fd)
        return ended

    def _look(self, running: "Running") -> None:
        watch, pid = running.watch, running.box.pid
        watch.report = watch.report or _receive_report(running.box.link)
        if watch.report is not None:
            watch.ended = watch.ended or time.monotonic()  # what is left of the box has to end now
        else:
            usage = counters.tree_usage(pid)
            watch.note_look(usage.on_disk)
            if usage.memory_kib > watch.limits.memory_mib * 1024 and usage.processes > 1:
                usage.memory_kib = counters.tree_memory_kib(
                    pid
                )  # forked processes share most of what they hold
            watch.memory_kib = max(watch.memory_kib, usage.memory_kib)
            watch.cpu_ms = max(watch.cpu_ms, usage.cpu_ms, self._hidden_cpu_ms(watch))
            _hold_against_limits(watch, overshoot(watch.limits.cpu_ms))
            if watch.verdict is None and _has_slept_too_long(pid, watch):
                watch.end(Outcome.TIMED_OUT, "wall")

    def _judge(self, watch: Watch, pipes: list["Pipe"]) -> CaseOutcome:
        report = watch.report
        if report is not None:
            if report.fault:
                raise RunnerFault(report.fault)
            watch.cpu_ms = max(watch.cpu_ms, report.cpu_us // 1000)
            watch.memory_kib = max(watch.memory_kib, report.peak_kib)
        watch.cpu_ms = max(watch.cpu_ms, self._hidden_cpu_ms(watch))
        if any(pipe.overflowed for pipe in pipes):
            watch.end(Outcome.OUTPUT_TOO_LARGE)
        if self._oom_kills() > watch.oom_kills:
            watch.verdict, watch.limit, self.worn = Outcome.OUT_OF_MEMORY, None, True
        _hold_against_limits(watch, watch.limits.cpu_ms)
        ending = {"outcome": watch.verdict, "limit": watch.limit} if watch.verdict else _ending(report)
        return CaseOutcome(
            **ending,
            cpu_ms=watch.cpu_ms,
            wall_ms=report.wall_us // 1000 if report else watch.elapsed_ms(),
            memory_kib=watch.memory_kib,
            stdout=pipes[0].data(),
            stderr=pipes[1].data(),
            returned=pipes[2].data() if len(pipes) > 2 and pipes[2].count else None,
        )

    def _container_cpu(self) -> int:
        return (self._container.cpu_ms() or 0) if self._container else 0

    def _oom_kills(self) -> int:
        return (self._container.oom_kills() or 0) if self._container else 0

    def _hidden_cpu_ms(self, watch: Watch) -> int:
        """Processor time of the whole container since the start, less our own work and a margin for the next box."""
        ours = (time.process_time() - watch.own_cpu_s) * 1000
        return int(self._container_cpu() - watch.container_cpu_ms - ours) - _HIDDEN_MARGIN_MS


@dataclass
class Running:
    """A program under way: its box, its outputs, and what has been seen of it."""

    box: Box
    pipes: list[Pipe]
    watch: Watch

    def __post_init__(self) -> None:
        self.by_fd = {pipe.reader: pipe for pipe in self.pipes}

    def close(self) -> None:
        """Ends whatever is left of it."""
        self.box.close()
        for pipe in self.pipes:
            pipe.close()


def overshoot(cpu_ms: int) -> int:
    """The processor time in ms at which a program with this limit is ended."""
    return cpu_ms + cpu_ms // 10


def _hold_against_limits(watch: Watch, cpu_ms: int) -> None:
    limits = watch.limits
    if watch.memory_kib > limits.memory_mib * 1024:
        watch.end(Outcome.OUT_OF_MEMORY)
    elif watch.cpu_ms > cpu_ms:
        watch.end(Outcome.TIMED_OUT, "cpu")


def _has_slept_too_long(pid: int, watch: Watch) -> bool:
    elapsed, limit = watch.elapsed_ms(), watch.limits.wall_ms
    if elapsed <= limit or elapsed > MOST_WALL * limit:
        return elapsed > limit
    return elapsed - counters.starved_ms(pid) - watch.disk_ms > limit


def _receive_report(link: socket.socket) -> Report | None:
    try:
        data = link.recv(4096)
        return Report.unpack(data) if data else None
    except (OSError, ValueError):
        return None


def _ending(report: Report | None) -> dict[str, Any]:
    if report is None:
        raise RunnerFault("the box ended without a word")
    if os.WIFSIGNALED(report.status):
        return {"outcome": Outcome.SIGNALLED, "signal": os.WTERMSIG(report.status)}
    outcome = Outcome.NOT_COMPILED if report.not_compiled else Outcome.EXITED
    return {"outcome": outcome, "exit_code": os.WEXITSTATUS(report.status)}
