"""``python -m bench.repeat``: whether a verdict depends on what else the machine does.

Each program of `benign.py` is graded again and again, first on an idle machine, then while every other grader slot
burns all cores and the way to memory. Promised: the same verdict every time; and on an idle host a reported processor
time within 10 % or 20 ms of the usual one. Exits with 1 if a verdict was not PASSED, with 2 if nothing could be
measured. The table names the spread of the processor time, kept or not: it depends on the host.

Sets no time limit tighter than twice what a program uses here, idle: see `benign.py`.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from api.core.settings import get_settings
from api.learning.submissions.grade import Grade, Verdict
from bench import burn, machine, work
from bench.benign import PROGRAMS, Benign
from bench.ours import Grader, grader, task
from grader.grading import facts_of
from grader.sandbox import SandboxUnavailable

TIMES, QUICK_TIMES = 20, 5
_CALIBRATIONS = 3
_PROMISED_SHARE, _PROMISED_MS = 0.10, 20
_BURNING_SECONDS = 60


class Seen(NamedTuple):
    """What the gradings of one program came to: verdict (and reason, and the like) of each, and the CPU times in ms
    where there was one."""

    verdicts: list[str]
    cpu_ms: list[int]


class Repeated(NamedTuple):
    """One program, idle and beside burning slots. ``limit_ms``: of its processor time, where it was set by use."""

    name: str
    limit_ms: int | None
    idle: Seen
    loaded: Seen


def as_told(verdict: Verdict, reason: str | None) -> str:
    """A verdict in a word or two."""
    return f"{verdict} {reason}" if reason else str(verdict)


def is_steady(seen: Seen) -> bool:
    """Whether every grading passed."""
    return bool(seen.verdicts) and set(seen.verdicts) == {Verdict.PASSED}


def keeps_promise(cpu_ms: Sequence[int]) -> bool:
    """Whether every time lies within 10 % or 20 ms, whichever is more, of their median."""
    usual = statistics.median(cpu_ms)
    allowed = max(usual * _PROMISED_SHARE, _PROMISED_MS)
    return all(abs(each - usual) <= allowed for each in cpu_ms)


def limit_for(cpu_ms: Sequence[int], factor: float) -> int:
    """The processor limit, before the language's factor, that makes the usual use half of it."""
    return max(10, round(2 * statistics.median(cpu_ms) / factor))


def _see(own: Grader, program: Benign, limits: dict[str, int], times: int) -> Seen:
    asked = task(
        program.submission.language, program.submission.source, work.suite(program.submission, **limits)
    )
    return _seen([own.grade(asked) for _ in range(times)])


def _seen(grades: Sequence[Grade]) -> Seen:
    verdicts, times = [], []
    for grade in grades:
        if not grade.cases:
            verdicts.append(as_told(Verdict.ERROR, grade.reason))
            continue
        (case,) = grade.cases
        verdicts.append(as_told(case.verdict, case.reason))
        if case.cpu_ms is not None:
            times.append(case.cpu_ms)
    return Seen(verdicts, times)


def _limits(own: Grader, program: Benign) -> dict[str, int]:
    if not program.is_calibrated:
        return program.limits
    used = _see(own, program, program.limits, _CALIBRATIONS).cpu_ms
    factor = facts_of(program.submission.language).cpu_factor
    return {**program.limits, "cpuMs": limit_for(used, factor)}


def repeat(times: int, programs: Sequence[Benign] = PROGRAMS) -> list[Repeated]:
    """Grades all of them, idle and loaded. Raises SandboxUnavailable."""
    languages = {program.submission.language for program in programs}
    with grader(languages) as own:
        for program in programs:  # starts the containers, and warms them up
            _see(own, program, program.limits, 1)
        limits = {program.name: _limits(own, program) for program in programs}
        _say(f"idle: others keep {_busy(1):.0%} of the machine busy")
        idle = {program.name: _see(own, program, limits[program.name], times) for program in programs}
        with burning(max(1, get_settings().worker_slots - 1)):
            _say(f"loaded: the other slots keep {_busy(1):.0%} of the machine busy")
            loaded = {program.name: _see(own, program, limits[program.name], times) for program in programs}
    return [
        Repeated(
            program.name,
            limits[program.name]["cpuMs"] if program.is_calibrated else None,
            idle[program.name],
            loaded[program.name],
        )
        for program in programs
    ]


@contextmanager
def burning(slots: int) -> Iterator[None]:
    """Other slots burn for the block, and have begun to when it begins. Raises SandboxUnavailable if they do not."""
    with tempfile.TemporaryDirectory(prefix="codezest-bench-") as folder:
        yield from _burning(slots, [sys.executable, "-m", "bench.burn", folder])


def _burning(slots: int, argv: Sequence[str]) -> Iterator[None]:
    processes = [
        subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        for _ in range(slots)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline() != burn.READY:
                raise SandboxUnavailable("a slot that was to burn did not come up")
        until = time.monotonic() + _BURNING_SECONDS
        while _busy(0.2) < 0.9:
            if time.monotonic() > until:
                raise SandboxUnavailable("the other slots do not burn")
        yield
    finally:
        for process in processes:
            process.communicate()  # closes its input, which ends it


def _busy(seconds: float) -> float:
    """The share of all cores' time that was used over the next seconds."""
    before = _ticks()
    time.sleep(seconds)
    used, everything = (after - then for after, then in zip(_ticks(), before, strict=True))
    return used / max(1, everything)


def _ticks() -> tuple[int, int]:
    words = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(words) - words[3] - words[4], sum(words)  # idle, and waiting for a disk, are not use


def draw(found: Sequence[Repeated]) -> Table:
    """For people."""
    columns = ("program", "CPU limit", "idle", "CPU ms idle", "loaded", "CPU ms loaded", "idle CPU time")
    table = Table(*columns, title="The same submission, again and again")
    for row in found:
        limit = "" if row.limit_ms is None else f"{row.limit_ms} ms"
        kept = "" if not row.idle.cpu_ms else "as promised" if keeps_promise(row.idle.cpu_ms) else "wider"
        seen = (text for each in (row.idle, row.loaded) for text in (_verdicts(each), _times(each)))
        table.add_row(row.name, limit, *seen, kept)
    return table


def _verdicts(seen: Seen) -> str:
    counted = Counter(seen.verdicts).most_common()
    text = ", ".join(f"{count} {verdict}" for verdict, count in counted)
    return text if is_steady(seen) else f"[red]{text}[/red]"


def _times(seen: Seen) -> str:
    if not seen.cpu_ms:
        return "none"
    return f"{statistics.median(seen.cpu_ms):.0f} ({min(seen.cpu_ms)} to {max(seen.cpu_ms)})"


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.repeat", description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES, help="how often each is graded, idle and loaded")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_TIMES} times each")
    asked = parser.parse_args()
    facts = machine.facts()
    try:
        found = repeat(QUICK_TIMES if asked.quick else asked.times)
    except SandboxUnavailable as error:
        _say(str(error))
        return 2
    console = Console(width=None if sys.stdout.isatty() else 140)
    for name, value in facts.items():
        console.print(f"{name:>12}: {value}", highlight=False)
    console.print(draw(found))
    return 0 if all(is_steady(row.idle) and is_steady(row.loaded) for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
