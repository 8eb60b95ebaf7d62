"""Some cases run again: only those, and what comes of it is the grade of the whole."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from api.learning.submissions.grade import Grade, GradingTask, Reason, SubmissionStatus, Verdict
from grader.pipeline import grade
from sandboxes.protocol import Outcome, RunReport, RunRequest

from .fakes import FakeSandbox, doubled
from .test_pipeline import CAPS, FACTS, SUITE
from .test_pipeline import task as task_for


def wrong_at(*inputs: bytes) -> Any:
    """Programs that answer these inputs wrongly."""

    def run(request: RunRequest) -> RunReport:
        report = doubled(request)
        cases = (
            replace(outcome, stdout=b"no\n") if case.stdin.strip() in inputs else outcome
            for case, outcome in zip(request.cases, report.cases, strict=True)
        )
        return replace(report, cases=tuple(cases))

    return run


def whole_grade(sandbox: FakeSandbox) -> Grade:
    return grade(task_for(SUITE), sandbox, facts=FACTS, caps=CAPS)


def again(sandbox: FakeSandbox, before: Grade, only: Sequence[int], heard: list[int] | None = None) -> Grade:
    task: GradingTask = msgspec.structs.replace(task_for(SUITE), only=tuple(only), kept=before.cases)
    listen = None if heard is None else lambda index, _: heard.append(index)
    return grade(task, sandbox, facts=FACTS, caps=CAPS, on_case=listen)


def inputs(sandbox: FakeSandbox) -> list[bytes]:
    return [case.stdin.strip() for case in sandbox.requests[-1].cases]


def test_only_the_named_case_runs_and_the_rest_is_kept():
    before = whole_grade(FakeSandbox(wrong_at(b"2")))
    assert (before.status, before.score) == (SubmissionStatus.FAILED, 90)
    sandbox, heard = FakeSandbox(), []
    after = again(sandbox, before, [1], heard)
    assert inputs(sandbox) == [b"2"]
    assert heard == [1], "a case is heard of at its place in the suite"
    assert (after.status, after.reason, after.score) == (SubmissionStatus.PASSED, None, 100)
    assert after.cases[:1] + after.cases[2:] == before.cases[:1] + before.cases[2:]
    assert after.cases == whole_grade(FakeSandbox()).cases, "as if all of it had run"


def test_what_failed_before_and_does_not_run_still_counts():
    before = whole_grade(FakeSandbox(wrong_at(b"1", b"2")))
    after = again(FakeSandbox(), before, [1])
    assert (after.status, after.reason, after.score) == (SubmissionStatus.FAILED, Reason.WRONG_ANSWER, 90)
    assert after.cases[0] == before.cases[0]
    assert "“one”" in after.feedback


def test_of_a_group_that_scores_all_every_case_runs():
    """Its later cases had been left out: with the first one mended alone they would stay failed for ever."""

    def crash(request: RunRequest) -> RunReport:
        report = doubled(request)
        cases = [
            replace(outcome, outcome=Outcome.SKIPPED, stdout=b"")
            if case.stdin == b"0\n"
            else replace(outcome, exit_code=1)
            for case, outcome in zip(request.cases, report.cases, strict=True)
        ]
        return replace(report, cases=tuple(cases))

    before = whole_grade(FakeSandbox(crash))
    assert [case.reason for case in before.cases[2:]] == [Reason.RUNTIME_ERROR, Reason.SKIPPED]
    sandbox = FakeSandbox()
    after = again(sandbox, before, [2])
    assert inputs(sandbox) == [b"5150", b"0"]
    assert [case.verdict for case in after.cases[2:]] == [Verdict.PASSED, Verdict.PASSED]


def test_a_kept_hidden_failure_tells_no_more_than_before():
    before = whole_grade(FakeSandbox(wrong_at(b"5150")))
    after = again(FakeSandbox(), before, [0])
    assert after.feedback == before.feedback
    assert "5150" not in json.dumps(msgspec.to_builtins(after))


@pytest.mark.parametrize("kept", [0, 3, 5])
def test_results_that_do_not_fit_the_suite_are_not_kept(kept: int):
    """A run that did not compile has none; every case runs then."""
    case = whole_grade(FakeSandbox()).cases[0]
    sandbox = FakeSandbox()
    task = msgspec.structs.replace(task_for(SUITE), only=(1,), kept=(case,) * kept)
    assert len(grade(task, sandbox, facts=FACTS, caps=CAPS).cases) == 4
    assert len(inputs(sandbox)) == 4


def test_a_program_that_compiles_no_more_is_none_whatever_was_kept():
    before = whole_grade(FakeSandbox())

    def refuse(request: RunRequest) -> RunReport:
        report = doubled(request)
        return replace(report, cases=tuple(replace(c, outcome=Outcome.NOT_COMPILED) for c in report.cases))

    after = again(FakeSandbox(refuse), before, [0])
    assert (after.status, after.reason, after.score, after.cases) == ("ERROR", Reason.COMPILE_ERROR, 0, ())
