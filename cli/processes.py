"""Starts the processes of an installation, starts again what dies, and stops all in order.

A child ends with its supervisor, whatever becomes of that: it holds the reading end of a pipe whose writing end only
the supervisor has, and ends when the pipe does. The kernel closes it even after ``kill -9``.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import structlog

log = structlog.get_logger(__name__)

FRONT_DOOR = Path(__file__).resolve().parents[1] / "codezest.py"
_TICK_SECONDS = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_HEALTHY_SECONDS = 60.0


@dataclass
class Child:
    """One process to keep running: a `codezest` command line.

    ``stage`` orders the stopping: what takes in work stops before what does it. ``stop_seconds`` is how long it
    may take. ``output`` gets what it prints; None: the terminal.
    """

    name: str
    arguments: Sequence[str]
    stage: int
    stop_seconds: float
    output: IO[bytes] | None = None
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    not_before: float = 0.0
    pause: float = field(default=_FIRST_PAUSE)

    def start(self) -> None:
        """Starts it, in a session of its own: Ctrl-C reaches the supervisor, which stops all in order."""
        self.process = subprocess.Popen(
            [sys.executable, str(FRONT_DOOR), "--supervised", *self.arguments],
            stdin=subprocess.PIPE,
            stdout=self.output,
            stderr=self.output,
            start_new_session=True,
        )
        self.started_at = time.monotonic()

    def ended(self) -> int | None:
        """The exit code of a process that was started and is gone; None while it runs or before."""
        return self.process.poll() if self.process else None

    def reap(self) -> None:
        """Lets go of a process that has ended: what it started, and held on to our pipe, ends too."""
        if self.process and self.process.stdin:
            self.process.stdin.close()
        self.process = None

    def ask_to_stop(self) -> None:
        """Sends SIGTERM, if there is a process to hear it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def await_stop(self) -> None:
        """Waits as long as it may take to stop, and then makes it."""
        if not self.process:
            return
        try:
            self.process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            log.warning("killed", child=self.name, after_seconds=self.stop_seconds)
            self.process.kill()
            self.process.wait()
        self.reap()


class Supervisor:
    """Keeps children running: starts them in their order, starts again what dies, stops them by stage."""

    def __init__(self, children: Sequence[Child]) -> None:
        self.children = children
        self._stop = threading.Event()

    def start(self) -> None:
        """Starts all children."""
        for child in self.children:
            child.start()

    def wait(self, seconds: float) -> bool:
        """Waits; at once True if a signal has said stop."""
        return self._stop.wait(seconds)

    def run(self, each_tick: Callable[[], object] = lambda: None) -> None:
        """Supervises until SIGTERM or Ctrl-C, then stops everything. ``each_tick`` is called twice a second."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        try:
            while not self.wait(_TICK_SECONDS):
                self.look_after()
                each_tick()
        finally:
            self.stop()

    def look_after(self) -> None:
        """Starts again what has died; one that dies again and again, after ever longer pauses."""
        for child in self.children:
            code = child.ended()
            if code is not None:
                lived = time.monotonic() - child.started_at
                child.pause = (
                    _FIRST_PAUSE if lived > _HEALTHY_SECONDS else min(child.pause * 2, _LONGEST_PAUSE)
                )
                child.not_before = time.monotonic() + child.pause
                log.error("child_ended", child=child.name, exit_code=code, next_start_seconds=child.pause)
                child.reap()
            if child.process is None and time.monotonic() >= child.not_before:
                child.start()

    def stop(self) -> None:
        """Stops all children, stage by stage; within a stage all at once."""
        for stage in sorted({child.stage for child in self.children}):
            group = [child for child in self.children if child.stage == stage]
            for child in group:
                child.ask_to_stop()
            for child in group:
                child.await_stop()


def end_with_supervisor() -> None:
    """Ends this process, as SIGTERM would, when standard input ends: its supervisor is gone."""

    def wait() -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="supervisor", daemon=True).start()
