"""Verdicts: what happened decides, not what a program says; hidden cases keep their secrets."""

from typing import Any

import msgspec
import pytest

from api.learning.curriculum.suite import Case, Group
from api.learning.submissions.grade import CaseGrade, FirstDifference, Reason, SubmissionStatus, Verdict
from grader.checkers import CheckResult
from grader.verdict import SHOWN_TEXT, Texts, fold, judge
from sandboxes.protocol import CaseOutcome, Limits, Outcome

from .outcomes import ended, exited

LIMITS = Limits(cpu_ms=1000, wall_ms=3000, memory_mib=64, output_kib=16, processes=8)
CASE = Case(name="three", stdin="3\n", stdout="6\n")
RIGHT = CheckResult(True)
WRONG = CheckResult(
    False, "line 1, word 1: '7', expected '6'", FirstDifference(line=1, expected="6", actual="7")
)
TEXTS = Texts("3\n", "6\n")


def group(*, visible: bool = True, scoring: str = "each") -> Group:
    """A group of the one case."""
    return Group.model_validate(
        {"name": "samples", "visible": visible, "points": 1, "scoring": scoring, "cases": (CASE,)}
    )


def judged(outcome: CaseOutcome, result: CheckResult | None = None, **kw: Any) -> CaseGrade:
    """The case's grade."""
    return judge(group(**kw), CASE, outcome, result, LIMITS, TEXTS)


ENDS = [
    (exited(code=1), "runtime_error", "exited with code 1"),
    (exited(b"6\n", code=137), "runtime_error", "exited with code 137"),
    (ended(Outcome.SIGNALLED, signal=11), "runtime_error", "killed by signal 11 (SIGSEGV)"),
    (ended(Outcome.SIGNALLED, signal=9), "runtime_error", "killed by signal 9 (SIGKILL)"),
    (ended(Outcome.SIGNALLED, signal=40), "runtime_error", "killed by signal 40"),
    (ended(Outcome.EXITED), "runtime_error", "ended in an unknown way"),
    (ended(Outcome.TIMED_OUT, limit="cpu"), "time_limit", "used more than 1000 ms of processor time"),
    (ended(Outcome.TIMED_OUT, limit="wall"), "time_limit", "ran for more than 3000 ms"),
    (ended(Outcome.TIMED_OUT), "time_limit", "used more than 1000 ms of processor time"),
    (ended(Outcome.OUT_OF_MEMORY), "memory_limit", "used more than 64 MiB of memory"),
    (ended(Outcome.OUTPUT_TOO_LARGE), "output_limit", "printed more than 16 KiB"),
    (ended(Outcome.SKIPPED), "skipped", "not run: the time for all cases together was used up"),
]


@pytest.mark.parametrize(("outcome", "reason", "message"), ENDS)
def test_a_program_that_did_not_end_well_is_an_error_whatever_the_checker_says(
    outcome: CaseOutcome, reason: str, message: str
):
    for result in (None, RIGHT, WRONG):
        grade = judged(outcome, result)
        assert (grade.verdict, grade.reason, grade.message) == (Verdict.ERROR, reason, message)
        assert grade.first_difference is None


def test_every_outcome_has_a_verdict():
    assert {outcome.outcome for outcome, _, _ in ENDS} >= set(Outcome) - {Outcome.NOT_COMPILED}


def test_a_case_skipped_in_a_group_that_counts_together_says_why():
    grade = judged(ended(Outcome.SKIPPED), scoring="all")
    assert "an earlier case of its group did not end well" in (grade.message or "")
    assert (grade.cpu_ms, grade.wall_ms, grade.memory_kib, grade.stdout) == (None, None, None, None)


def test_an_answer_that_nobody_compared_is_no_pass():
    with pytest.raises(ValueError, match="has to be checked"):
        judged(exited(b"6\n"), None)


def test_passed_and_failed():
    passed = judged(exited(b"6\n", stderr=b"note"), RIGHT)
    assert (passed.verdict, passed.reason, passed.message) == (Verdict.PASSED, None, None)
    assert (passed.stdin, passed.expected, passed.stdout, passed.stderr) == ("3\n", "6\n", "6\n", "note")
    assert (passed.cpu_ms, passed.wall_ms, passed.memory_kib, passed.exit_code) == (12, 15, 9000, 0)
    assert (passed.name, passed.group, passed.visible) == ("three", "samples", True)
    failed = judged(exited(b"7\n"), WRONG)
    assert (failed.verdict, failed.reason, failed.message) == (
        Verdict.FAILED,
        Reason.WRONG_ANSWER,
        WRONG.message,
    )
    assert failed.first_difference == WRONG.first_difference


@pytest.mark.parametrize("outcome", [exited(b"canary", stderr=b"canary"), exited(b"canary", code=3)])
@pytest.mark.parametrize("result", [RIGHT, CheckResult(False, "canary", WRONG.first_difference)])
def test_of_a_hidden_case_no_text_is_kept(outcome: CaseOutcome, result: CheckResult):
    case = Case(name="three", stdin="canary", stdout="canary")
    grade = judge(group(visible=False), case, outcome, result, LIMITS, Texts("canary", "canary"))
    assert b"canary" not in msgspec.json.encode(grade)
    assert [grade.stdin, grade.expected, grade.stdout, grade.stderr, grade.first_difference] == [None] * 5
    assert grade.visible is False


def test_texts_are_cleaned_and_cut():
    grade = judged(exited(b"\0\xff" * SHOWN_TEXT), WRONG)
    assert grade.stdout is not None
    assert grade.stdout.startswith("\ufffd\ufffd")
    assert len(grade.stdout) < SHOWN_TEXT + 100


PASSED = judged(exited(b"6\n"), RIGHT)
FAILED = judged(exited(b"7\n"), WRONG)
CRASHED = judged(exited(code=1))
SLOW = judged(ended(Outcome.TIMED_OUT))
SKIPPED = judged(ended(Outcome.SKIPPED))


@pytest.mark.parametrize(
    ("cases", "status", "reason"),
    [
        ([PASSED, PASSED], "PASSED", None),
        ([PASSED], "PASSED", None),
        ([FAILED], "FAILED", "wrong_answer"),
        ([CRASHED], "ERROR", "runtime_error"),
        ([SLOW, CRASHED], "ERROR", "time_limit"),
        ([CRASHED, SKIPPED], "ERROR", "runtime_error"),
        ([SKIPPED, SKIPPED], "ERROR", "skipped"),
        ([PASSED, SLOW, FAILED], "FAILED", "time_limit"),
        ([PASSED, FAILED, SLOW], "FAILED", "wrong_answer"),
        ([PASSED, CRASHED], "FAILED", "runtime_error"),
        ([FAILED, CRASHED], "FAILED", "wrong_answer"),
        ([CRASHED, FAILED], "FAILED", "runtime_error"),
    ],
)
def test_the_status_of_the_whole(cases: list[CaseGrade], status: str, reason: str | None):
    assert fold(cases, compiled=True) == (status, reason)


def test_what_was_not_compiled_is_an_error_even_if_cases_are_told_of():
    for cases in ([], [PASSED]):
        assert fold(cases, compiled=False) == (SubmissionStatus.ERROR, Reason.COMPILE_ERROR)


def test_without_cases_nothing_is_passed():
    with pytest.raises(ValueError, match="no case"):
        fold([], compiled=True)
