"""The values that cross between api and grader: a task goes out, a grade comes back. Pure data, no rules of
storage.

Two kinds of failure are kept apart. What the learner's program did is a *value* here (a verdict and a
reason). What went wrong on our side is an *exception* in the grader, costs the learner nothing, and becomes
`Reason.PLATFORM` only after the last attempt.
"""

from enum import StrEnum
from uuid import UUID

import msgspec


class SubmissionStatus(StrEnum):
    """What the learner sees. The last three are final until somebody re-grades."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PASSED = "PASSED"
    FAILED = "FAILED"
    ERROR = "ERROR"


class RunStatus(StrEnum):
    """Where one numbered grading of a submission stands. WITHDRAWN: a preview that nobody wants any more; it
    is neither claimed nor recorded.
    """

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    WITHDRAWN = "WITHDRAWN"


UNFINISHED = (RunStatus.PENDING, RunStatus.RUNNING)
"""A run in one of these will still come to something."""


class Verdict(StrEnum):
    """Of one case. PASSED: ended well and accepted. FAILED: ended well, not accepted. ERROR: did not end
    well.
    """

    PASSED = "PASSED"
    FAILED = "FAILED"
    ERROR = "ERROR"


class Reason(StrEnum):
    """Why a case or a submission did not pass. The last two belong to whole submissions only."""

    WRONG_ANSWER = "wrong_answer"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    RUNTIME_ERROR = "runtime_error"
    SKIPPED = "skipped"
    COMPILE_ERROR = "compile_error"
    PLATFORM = "platform"


class GradingTask(msgspec.Struct, frozen=True, kw_only=True):
    """Everything needed to grade one run, read in the claiming transaction.

    ``attempt`` is the fencing number: only a grade that carries the run's current one is recorded.
    ``suite`` is the canonical JSON of the suite version, files inlined. ``preview``: nobody is shown what comes
    of it, nor that it is at work. ``only``, if not empty, are the positions of the cases to run, and ``kept`` the
    earlier grades of all cases of this suite version, which stand for the others. ``waited_seconds`` is how long it
    was queued, None if this is not its first attempt.
    """

    run_id: UUID
    submission_id: UUID
    run_number: int
    attempt: int
    language: str
    files: dict[str, str]
    suite: bytes
    suite_version: int
    suite_digest: str
    max_score: int
    waited_seconds: float | None = None
    is_regrade: bool = False
    preview: bool = False
    only: tuple[int, ...] = ()
    kept: "tuple[CaseGrade, ...]" = ()


class FirstDifference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the output first departs from the expected one. ``line`` counts from 1; texts are cut for
    display.
    """

    line: int
    expected: str
    actual: str


class CaseGrade(msgspec.Struct, frozen=True, kw_only=True):
    """One case, judged. ``points`` of ``max_points``; times in whole milliseconds; memory (peak) in KiB.

    ``stdin``, ``expected``, ``stdout``, ``stderr`` and ``first_difference`` are texts cut for display, and
    None for a hidden case: what is never stored can never leak.
    """

    name: str
    group: str
    visible: bool
    verdict: Verdict
    reason: Reason | None = None
    points: float = 0.0
    max_points: float = 0.0
    cpu_ms: int | None = None
    wall_ms: int | None = None
    memory_kib: int | None = None
    exit_code: int | None = None
    signal: int | None = None
    message: str | None = None
    stdin: str | None = None
    expected: str | None = None
    stdout: str | None = None
    stderr: str | None = None
    first_difference: FirstDifference | None = None


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """What one run came to. ``status`` is PASSED, FAILED or ERROR; ``score`` is whole points out of the
    task's maximum.

    ``analysis`` is what is said beyond the verdict (metrics, hints) as a JSON object, or None.
    ``image_digest`` names what the program ran in; ``isolation`` is ``docker`` or ``local``. ``machine_speed`` is the
    grader host's speed over the reference machine's (1.25: a quarter faster), None where it was not calibrated.
    """

    status: SubmissionStatus
    reason: Reason | None
    score: int
    cases: tuple[CaseGrade, ...]
    feedback: str
    compile_output: str | None = None
    analysis: dict[str, object] | None = None
    image_digest: str = ""
    grader_version: str = ""
    isolation: str = ""
    machine_speed: float | None = None


class RuntimeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One language as one grader host runs it, in that host's words.

    ``version`` is what the image's own compiler or interpreter says, None where it could not be asked. ``compile`` and
    ``run`` are argument lists in which ``{main}``, ``{sources}`` and ``{memory}`` (MiB) still stand for what they do.
    The factors multiply a suite's processor and wall time; the extras, in MiB and processes, are added.
    """

    language: str
    title: str
    version: str | None
    image_digest: str
    isolation: str
    compile: tuple[tuple[str, ...], ...]
    run: tuple[str, ...]
    functions: bool
    sources: tuple[str, ...]
    cpu_factor: float
    wall_factor: float
    memory_extra_mib: int
    processes_extra: int
