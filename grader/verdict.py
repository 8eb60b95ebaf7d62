"""From what happened to a verdict: per case, then of the whole submission.

Of a hidden case no text is kept, not even the checker's sentence, which quotes both answers: what is never
stored can never leak. The bare facts (times, memory, exit code, signal) are kept for administrators. They too
can carry a secret out of the box, so whoever shows a hidden case to a learner leaves them out or rounds them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from api.learning.curriculum.suite import Case, Group
from api.learning.submissions.grade import CaseGrade, Reason, SubmissionStatus, Verdict
from grader.checkers import CheckResult
from grader.text import clean_text
from sandboxes.protocol import CaseOutcome, Limits, Outcome

SHOWN_TEXT = 4096
"""Characters of each text of a case that are kept for the learner to see."""

# Names of the numbers on Linux, where the sandboxes are; the module `signal` would name those of the grader's
# host.
_SIGNALS = {
    1: "SIGHUP",
    2: "SIGINT",
    3: "SIGQUIT",
    4: "SIGILL",
    5: "SIGTRAP",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    10: "SIGUSR1",
    11: "SIGSEGV",
    12: "SIGUSR2",
    13: "SIGPIPE",
    14: "SIGALRM",
    15: "SIGTERM",
    24: "SIGXCPU",
    25: "SIGXFSZ",
    31: "SIGSYS",
}


class Texts(NamedTuple):
    """The two texts of a case that come from the suite, as the learner may see them."""

    stdin: str
    expected: str


class Finding(NamedTuple):
    """How one case came out: ``reason`` and ``message`` are None if it passed."""

    verdict: Verdict
    reason: Reason | None = None
    message: str | None = None


def find(group: Group, outcome: CaseOutcome, result: CheckResult | None, limits: Limits) -> Finding:
    """The verdict of a case. ``result`` is the checker's word, needed if the program ended well.

    Raises:
        ValueError: the program ended well and nobody compared its answer.
    """
    if not outcome.ended_well:
        reason, message = _how_it_ended(group, outcome, limits)
        return Finding(Verdict.ERROR, reason, message)
    if result is None:
        raise ValueError("a case that ended well has to be checked")
    if result.accepted:
        return Finding(Verdict.PASSED)
    return Finding(Verdict.FAILED, Reason.WRONG_ANSWER, result.message)


def judge(
    group: Group, case: Case, outcome: CaseOutcome, result: CheckResult | None, limits: Limits, texts: Texts
) -> CaseGrade:
    """The grade of one case, but for its points. ``limits`` are those it ran under."""
    found = find(group, outcome, result, limits)
    ran = outcome.outcome is not Outcome.SKIPPED
    grade = CaseGrade(
        name=case.name,
        group=group.name,
        visible=group.visible,
        verdict=found.verdict,
        reason=found.reason,
        cpu_ms=outcome.cpu_ms if ran else None,
        wall_ms=outcome.wall_ms if ran else None,
        memory_kib=outcome.memory_kib if ran else None,
        exit_code=outcome.exit_code,
        signal=outcome.signal,
        message=found.message,
    )
    if not group.visible:
        wrong = found.reason is Reason.WRONG_ANSWER
        return replace(grade, message="the answer is not the expected one") if wrong else grade
    return replace(
        grade,
        stdin=clean_text(texts.stdin, SHOWN_TEXT),
        expected=clean_text(texts.expected, SHOWN_TEXT),
        stdout=clean_text(outcome.stdout, SHOWN_TEXT) if ran else None,
        stderr=clean_text(outcome.stderr, SHOWN_TEXT) if ran else None,
        first_difference=result.first_difference if result and found.verdict is Verdict.FAILED else None,
    )


def _how_it_ended(group: Group, outcome: CaseOutcome, limits: Limits) -> tuple[Reason, str]:
    match outcome.outcome:
        case Outcome.TIMED_OUT if outcome.limit == "wall":
            return Reason.TIME_LIMIT, f"ran for more than {limits.wall_ms} ms"
        case Outcome.TIMED_OUT:
            return Reason.TIME_LIMIT, f"used more than {limits.cpu_ms} ms of processor time"
        case Outcome.OUT_OF_MEMORY:
            return Reason.MEMORY_LIMIT, f"used more than {limits.memory_mib} MiB of memory"
        case Outcome.OUTPUT_TOO_LARGE:
            return Reason.OUTPUT_LIMIT, f"printed more than {limits.output_kib} KiB"
        case Outcome.SKIPPED:
            return Reason.SKIPPED, _why_skipped(group)
        case _:
            return Reason.RUNTIME_ERROR, describe_end(outcome)


def describe_end(outcome: CaseOutcome) -> str:
    """How a process ended on its own: ``exited with code 1``, ``killed by signal 11 (SIGSEGV)``."""
    if outcome.signal is not None:
        name = _SIGNALS.get(outcome.signal)
        return f"killed by signal {outcome.signal}" + (f" ({name})" if name else "")
    return "ended in an unknown way" if outcome.exit_code is None else f"exited with code {outcome.exit_code}"


def _why_skipped(group: Group) -> str:
    why = "the time for all cases together was used up"
    if group.scoring == "all":
        why = f"an earlier case of its group did not end well, or {why}"
    return f"not run: {why}"


def fold(cases: Sequence[CaseGrade], compiled: bool) -> tuple[SubmissionStatus, Reason | None]:
    """Status and reason of a submission. The reason is that of the first case that did not pass.

    Raises:
        ValueError: it compiled and there is no case: nothing can be said, least of all that it passed.
    """
    if not compiled:
        return SubmissionStatus.ERROR, Reason.COMPILE_ERROR
    if not cases:
        raise ValueError("no case was judged")
    failing = [case for case in cases if case.verdict is not Verdict.PASSED]
    if not failing:
        return SubmissionStatus.PASSED, None
    every = all(case.verdict is Verdict.ERROR for case in cases)
    return SubmissionStatus.ERROR if every else SubmissionStatus.FAILED, failing[0].reason
