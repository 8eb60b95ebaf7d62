"""Watches one program from outside its box until it ends or is ended, and says what happened.

A case's end is its main process's end, never the end of a pipe that a left-over child holds open. Limits are watched
from out here: processor time and memory of the whole tree, wall time, bytes of output. The kernel's own limits inside
the box are backstops. What a program prints about its end is never believed, only what the kernel counted.
"""

import os
import select
import socket
import time
from dataclasses import dataclass
from typing import Any

from sandboxes import box, counters
from sandboxes.box import Job, Report
from sandboxes.boxes import Box, MemoryFile, RunnerFault
from sandboxes.protocol import CaseOutcome, Limits, Outcome

_FIRST_LOOK_MS, _LAST_LOOK_MS = 5, 25
_DRAIN_CHUNK = 1 << 16
_ARTEFACT_BYTES = box.MAX_ARTEFACT_BYTES + (1 << 20)
#: What the container's own figure may exceed the tree's by before it is believed: our making of the next box is in it.
_HIDDEN_MARGIN_MS = 100


class Pipe:
    """One output of a program: read without blocking, kept up to ``limit`` bytes, counted beyond."""

    def __init__(self, limit: int) -> None:
        self.reader, self.writer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.reader, False)
        self._limit = limit
        self._parts: list[bytes] = []
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
                self._parts.append(data[: self._limit - self.count])
            self.count += len(data)
        return True

    @property
    def overflowed(self) -> bool:
        return self.count > self._limit

    def data(self) -> bytes:
        return b"".join(self._parts)

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
    cpu_ms: int = 0
    memory_kib: int = 0
    report: Report | None = None

    def end(self, verdict: Outcome, limit: str | None = None) -> None:
        if self.verdict is None:
            self.verdict, self.limit = verdict, limit

    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self.started) * 1000)


class Watcher:
    """Runs one job in one box under limits. ``container`` is None outside of one (local boxes)."""

    def __init__(self, container: counters.Container | None) -> None:
        self._container = container

    def start(self, here: Box, job: Job, files: MemoryFile, stdin: bytes, limits: Limits) -> "Running":
        """Hands the job to the box; the program runs from here on."""
        pipes = [Pipe(limits.output_kib * 1024), Pipe(limits.output_kib * 1024)]
        if job.collect or job.channel:
            pipes.append(Pipe(_ARTEFACT_BYTES if job.collect else limits.output_kib * 1024))
        watch = Watch(limits, time.monotonic(), self._container_cpu(), time.process_time(), self._oom_kills())
        with MemoryFile(stdin) as given:
            fds = [given.fd, pipes[0].writer, pipes[1].writer, files.fd, *(pipe.writer for pipe in pipes[2:])]
            socket.send_fds(here.link, [job.pack()], fds)
        for pipe in pipes:
            pipe.close_writer()
        return Running(here, pipes, watch)

    def finish(self, running: "Running") -> CaseOutcome:
        """Watches until the end. Raises RunnerFault where nothing can be said about the program."""
        try:
            self._watch(running)
            # All writers are dead: what is in the pipes now is all there will ever be.
            running.watch.report = running.watch.report or _receive_report(running.box.link)
            for pipe in running.pipes:
                pipe.drain()
            return self._judge(running.watch, running.pipes)
        finally:
            running.box.close()
            for pipe in running.pipes:
                pipe.close()

    def _watch(self, running: "Running") -> None:
        watch, here = running.watch, running.box
        poller, by_fd = _poller(running)
        wait = _FIRST_LOOK_MS
        while True:
            events = poller.poll(wait)
            for fd, _event in events:
                if fd == here.link.fileno():
                    watch.report = _receive_report(here.link)
                    poller.unregister(fd)
                elif fd in by_fd and by_fd[fd].drain():
                    poller.unregister(fd)
            if any(fd == here.pidfd for fd, _event in events):
                return
            if any(pipe.overflowed for pipe in running.pipes):
                watch.end(Outcome.OUTPUT_TOO_LARGE)
            # A flood of output keeps events coming; the limits are looked at all the same.
            if not events or watch.elapsed_ms() > watch.limits.wall_ms:
                self._look(here.pid, watch)
                wait = min(wait * 2, _LAST_LOOK_MS)
            if watch.verdict is not None:
                here.kill()

    def _look(self, pid: int, watch: Watch) -> None:
        if watch.report is None:
            usage = counters.tree_usage(pid)
            watch.memory_kib = max(watch.memory_kib, usage.memory_kib)
            watch.cpu_ms = max(watch.cpu_ms, usage.cpu_ms, self._hidden_cpu_ms(watch))
            _hold_against_limits(watch)

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
            watch.verdict, watch.limit = Outcome.OUT_OF_MEMORY, None
        _hold_against_limits(watch)
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


def _poller(running: Running) -> tuple[select.poll, dict[int, Pipe]]:
    poller = select.poll()
    by_fd = {pipe.reader: pipe for pipe in running.pipes}
    for fd in (*by_fd, running.box.pidfd, running.box.link.fileno()):
        poller.register(fd, select.POLLIN)
    return poller, by_fd


def _hold_against_limits(watch: Watch) -> None:
    limits = watch.limits
    if watch.memory_kib > limits.memory_mib * 1024:
        watch.end(Outcome.OUT_OF_MEMORY)
    elif watch.cpu_ms > limits.cpu_ms:
        watch.end(Outcome.TIMED_OUT, "cpu")
    elif watch.report is None and watch.elapsed_ms() > limits.wall_ms:
        watch.end(Outcome.TIMED_OUT, "wall")


def _receive_report(link: socket.socket) -> Report | None:
    try:
        data = link.recv(4096, socket.MSG_DONTWAIT)
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
