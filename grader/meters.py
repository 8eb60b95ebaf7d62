"""What a grader counts of its own work, for Prometheus; each name is explained in docs/monitoring.md.

A *watch* lasts from a run's claim to its record. What happens deep inside (a compilation, a look into the compile
cache, a portion of cases in a lane) finds the watch of its own thread, a context variable, and is not counted where
there is none: self-tests, probes and `codezest try` are not grading. So nothing is handed down through the sandbox, and
the pure modules know of no clock: what judging costs is the time that the listener of cases takes, plus what is left of
a run when the sandbox's own time is taken away.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from api.core.metrics import counter, gauge, seconds, start_at_zero
from api.learning.submissions.grade import Grade, GradingTask
from grader.sandbox import OnCase, OnReady, Sandbox
from sandboxes.protocol import CaseOutcome, RunReport, RunRequest

_WAIT = seconds(
    "codezest_run_wait_seconds",
    "From queued to claimed, first claims only",
    "priority",
    "language",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600),
)
_STAGE = seconds("codezest_run_stage_seconds", "What a stage of a graded run took", "language", "stage")
_RUN = seconds("codezest_run_seconds", "From claimed to recorded", "language")
_OVERHEAD = seconds(
    "codezest_box_overhead_seconds",
    "Per case of a run, what its box and its way there and back cost beyond the program's own wall time",
    "language",
    buckets=(0.0005, 0.001, 0.002, 0.003, 0.004, 0.006, 0.01, 0.02, 0.05, 0.1, 0.5, 1),
)
_RUNS = counter("codezest_runs_total", "Grades that were recorded", "language", "status", "reason")
_CASES = counter("codezest_cases_total", "Cases of grades that were recorded", "language")
_CACHE = counter(
    "codezest_compile_cache_requests_total", "Looks into the compile cache", "language", "result"
)
_FAULTS = counter("codezest_platform_faults_total", "What went wrong on our side, never a learner's", "kind")
_LOST = counter("codezest_leases_lost_total", "Runs that were given to others while this worker was at them")
_EXPIRED = counter("codezest_leases_expired_total", "Runs the sweeper took back from silent workers")
_SWEEPS = counter("codezest_sweeps_total", "Passes of the sweeper", "result")
_BELLS = counter("codezest_bells_rung_again_total", "Bells the sweeper rang for runs nobody had heard of")
_LANES = gauge("codezest_lanes", "Warm runners (containers, or local processes) there are", "language")
_STARTED = counter("codezest_lanes_started_total", "Warm runners that were started", "language")
_ENDED = counter("codezest_lanes_ended_total", "Warm runners that were thrown away", "language", "why")
_SLOTS = gauge("codezest_slots", "Grader processes that live")
_AT_WORK = gauge("codezest_slots_at_work", "Grader processes that are at a run")
_UNSOUND = gauge("codezest_slots_unsound", "Grader processes that claim nothing: their sandbox failed")

KINDS = ("sandbox", "grading", "recording", "selftest", "idle_probe", "lane")
"""Of platform faults: the sandbox failed under a run; grading raised; a grade could not be stored; the self-test did
not pass; something warm did not answer; a further lane was lost."""


@dataclass
class Watch:
    """One run under way. Seconds: ``compiling`` by the compiler's own time, ``judging`` while cases were heard of,
    ``sandbox`` all that the sandbox took, both of these included; ``overhead`` of ``cases`` that the leading lane ran.
    """

    task: GradingTask
    compiling: float = 0.0
    judging: float = 0.0
    sandbox: float = 0.0
    overhead: float = 0.0
    cases: int = 0
    started: float = 0.0
    graded: float = 0.0

    def has_graded(self) -> None:
        """The grade is there, and is to be recorded now."""
        self.graded = time.perf_counter()

    def has_recorded(self, grade: Grade, kept: bool) -> None:
        """Counts the run; one whose grade came too late counts as a lost lease only, and a preview whose set was
        cancelled meanwhile as nothing."""
        if not kept:
            if not self.task.preview:
                _LOST.inc()
            return
        language, now = self.task.language, time.perf_counter()
        stages = {
            "compile": self.compiling,
            "cases": max(0.0, self.sandbox - self.compiling - self.judging),
            "judge": max(0.0, self.graded - self.started - self.sandbox) + self.judging,
            "record": now - self.graded,
        }
        for stage, took in stages.items():
            if stage != "compile" or took:
                _STAGE.observe(took, language=language, stage=stage)
        _RUN.observe(now - self.started, language=language)
        _RUNS.inc(
            language=language, status=grade.status.value, reason=grade.reason.value if grade.reason else ""
        )
        _CASES.inc(len(grade.cases), language=language)
        if self.cases:
            _OVERHEAD.observe(max(0.0, self.overhead / self.cases), language=language)


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watch(task: GradingTask) -> Iterator[Watch]:
    """Watches a run for the block, in this thread."""
    watched = Watch(task, started=time.perf_counter())
    if task.waited_seconds is not None:
        priority = "regrade" if task.is_regrade else "live"
        _WAIT.observe(task.waited_seconds, priority=priority, language=task.language)
    token = _watch.set(watched)
    _AT_WORK.set(1)
    try:
        yield watched
    finally:
        _AT_WORK.set(0)
        _watch.reset(token)


def look_away() -> None:
    """No run is watched here, though this context is a copy of one that watches: a watch is one thread's."""
    _watch.set(None)


def timed(sandbox: Sandbox) -> Sandbox:
    """``sandbox``, with its time counted if a run is watched."""
    watched = _watch.get()
    return sandbox if watched is None else _Timed(sandbox, watched)


class _Timed:
    def __init__(self, sandbox: Sandbox, watched: Watch) -> None:
        self._sandbox, self._watched = sandbox, watched
        self.languages, self.idle_languages, self.close = (
            sandbox.languages,
            sandbox.idle_languages,
            sandbox.close,
        )

    def run(
        self, request: RunRequest, on_case: OnCase | None = None, on_ready: OnReady | None = None
    ) -> RunReport:
        started = time.perf_counter()
        try:
            return self._sandbox.run(request, on_case and self._judging(on_case), on_ready)
        finally:
            self._watched.sandbox += time.perf_counter() - started

    def _judging(self, on_case: OnCase) -> OnCase:
        def hear(index: int, outcome: CaseOutcome) -> None:
            started = time.perf_counter()
            on_case(index, outcome)
            self._watched.judging += time.perf_counter() - started

        return hear


def compiled(outcome: CaseOutcome) -> None:
    """A compiler has run."""
    if (watched := _watch.get()) is not None:
        watched.compiling += outcome.wall_ms / 1000


def looked_into_cache(language: str, found: bool) -> None:
    """The compile cache was asked."""
    if _watch.get() is not None:
        _CACHE.inc(language=language, result="hit" if found else "miss")


@contextmanager
def portion() -> Iterator[Callable[[CaseOutcome], None]]:
    """Some cases in a lane, which are told one by one to what the block gets. What is not a program's time, the
    compiler's, or the listener's is overhead."""
    watched = _watch.get()
    if watched is None:
        yield _ignore
        return
    started, before = time.perf_counter(), watched.compiling + watched.judging
    walls: list[int] = []
    yield lambda outcome: walls.append(outcome.wall_ms)
    used = time.perf_counter() - started - (watched.compiling + watched.judging - before)
    watched.overhead += used - sum(walls) / 1000
    watched.cases += len(walls)


def _ignore(outcome: CaseOutcome) -> None:
    pass


def fault(kind: str) -> None:
    """Something went wrong on our side; ``kind`` is one of `KINDS`."""
    _FAULTS.inc(kind=kind)


def lease_lost() -> None:
    """A run was to be handed back, and was others' by then. (Of one that was graded the watch hears.)"""
    _LOST.inc()


def swept(expired: int, rung: int) -> None:
    """The sweeper has made a pass."""
    _SWEEPS.inc(result="done")
    _EXPIRED.inc(expired)
    _BELLS.inc(rung)


def not_swept() -> None:
    """A pass of the sweeper came to nothing."""
    _SWEEPS.inc(result="failed")


def lane_started(language: str) -> None:
    """A lane is warm. ``language`` is empty where it serves all."""
    _LANES.inc(language=language or "any")
    _STARTED.inc(language=language or "any")


def lane_ended(language: str, why: str) -> None:
    """A lane is gone. ``why``: fault, spent (its time had come), room (for another), stopped (with its sandbox)."""
    _LANES.inc(-1, language=language or "any")
    _ENDED.inc(language=language or "any", why=why)


def slot_opened() -> None:
    """This process is a grader, and its sandbox has proved itself."""
    start_at_zero()
    for kind in KINDS:
        _FAULTS.inc(0, kind=kind)
    _SLOTS.set(1)
    _AT_WORK.set(0)
    sound(True)


def sound(is_sound: bool) -> None:
    """Whether this grader's sandbox is trusted."""
    _UNSOUND.set(0 if is_sound else 1)
