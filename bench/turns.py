"""One turn of a contender: what is asked of its worker processes, and how they answer. Standard library only.

A worker process reads a line of JSON for each turn and answers with one; its first line, ``{}``, says that it is
ready. What the graded code or a library prints goes to standard error, so that it cannot be taken for an answer.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, TextIO

CLOSING_SECONDS = 20
_HEAD = "{}\n"


class ContenderFailed(RuntimeError):
    """A contender could not be set up, died, or did not accept a right solution; the text says which."""


@dataclass(frozen=True)
class Ask:
    """Grade submissions of a workload, ``start``, ``start + step``, ..., round and round, until ``seconds`` have
    passed and ``minimum`` are done. ``fresh``: vary each source, so that it must be compiled."""

    workload: str
    seconds: float
    minimum: int = 1
    start: int = 0
    step: int = 1
    fresh: bool = True


@dataclass(frozen=True)
class Batch:
    """The seconds each submission took, in their order, and the seconds that all of it took."""

    latencies: list[float]
    elapsed: float


class Worker(Protocol):
    """One process of a contender."""

    def ask(self, turn: Ask) -> None:
        """Starts a turn."""
        ...

    def answer(self) -> Batch:
        """Waits for its end. Raises ContenderFailed."""
        ...

    def close(self) -> None:
        """Ends the process."""
        ...


Grade = Callable[[str, int, bool], float | None]
"""(workload, number of the submission, whether to vary it) -> when the verdict was known (`time.perf_counter`), or
None: on returning. What comes after the verdict counts for the throughput, not for the latency. Raises
ContenderFailed if the verdict is wrong."""


def own_output() -> TextIO:
    """Standard output, for the caller alone: what anything else prints goes to standard error from now on."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return answers


def serve(answers: TextIO, grade: Grade, counts: dict[str, int]) -> None:
    """Answers turns on standard input until it ends; ``counts`` says how many submissions a workload has."""
    answers.write(_HEAD)
    for line in sys.stdin:
        turn = Ask(**json.loads(line))
        answers.write(json.dumps(asdict(play(grade, counts[turn.workload], turn))) + "\n")


def play(grade: Grade, count: int, turn: Ask) -> Batch:
    """Plays one turn over ``count`` submissions."""
    latencies: list[float] = []
    number, begun = turn.start, time.perf_counter()
    while len(latencies) < turn.minimum or time.perf_counter() - begun < turn.seconds:
        started = time.perf_counter()
        verdict = grade(turn.workload, number % count, turn.fresh)
        latencies.append((verdict or time.perf_counter()) - started)
        number += turn.step
    return Batch(latencies, time.perf_counter() - begun)


class ProcessWorker:
    """A worker process that speaks as `serve` does. Its standard error goes to the file ``log``.

    Raises:
        ContenderFailed: it did not come up.
    """

    def __init__(
        self, argv: Sequence[str | Path], log: Path, environment: dict[str, str] | None = None
    ) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                text=True,
                cwd=Path(__file__).parents[1],
            )
        if self._line() != _HEAD:
            self.close()
            raise ContenderFailed(f"its worker did not come up: {self._last_words()}")

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, turn: Ask) -> None:
        """See `Worker.ask`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(asdict(turn)) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise ContenderFailed(f"its worker died: {self._last_words()}") from error

    def answer(self) -> Batch:
        """See `Worker.answer`."""
        line = self._line()
        if not line:
            raise ContenderFailed(f"its worker died: {self._last_words()}")
        return Batch(**json.loads(line))

    def close(self) -> None:
        """See `Worker.close`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it has gone already
        try:
            self._process.wait(CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1][-300:] if lines else "it said nothing"
