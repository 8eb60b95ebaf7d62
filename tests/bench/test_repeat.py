"""When a verdict counts as the same every time, and a processor time as repeated."""

from typing import Any

import pytest

from api.learning.submissions.grade import CaseGrade, Grade, GradingTask, Reason, SubmissionStatus, Verdict
from bench import repeat
from bench.benign import PROGRAMS, Benign, congruential
from bench.ours import Grader
from bench.repeat import Seen, keeps_promise, limit_for
from bench.work import Submission


class Answering(Grader):
    """Gives these grades, one after the other."""

    def __init__(self, *grades: Grade) -> None:
        self._grades = list(grades)
        self.asked: list[GradingTask] = []

    def grade(self, task: GradingTask) -> Grade:
        self.asked.append(task)
        return self._grades.pop(0)


def graded(verdict: Verdict, reason: Reason | None = None, cpu_ms: int | None = 100, **more: Any) -> Grade:
    case = CaseGrade(name="n0", group="g", visible=False, verdict=verdict, reason=reason, cpu_ms=cpu_ms)
    values: dict[str, Any] = {"cases": (case,), "score": 0, "feedback": "", "reason": reason, **more}
    return Grade(status=SubmissionStatus(verdict), **values)


PASSED = graded(Verdict.PASSED)
LATE = graded(Verdict.ERROR, Reason.TIME_LIMIT, cpu_ms=900)
NOT_COMPILED = graded(Verdict.ERROR, Reason.COMPILE_ERROR, cases=())
PROGRAM = Benign("one", Submission("java", "code", [("", "1\n")]), {"cpuMs": 20_000}, is_calibrated=True)


def see(*grades: Grade) -> Seen:
    return repeat._see(Answering(*grades), PROGRAM, PROGRAM.limits, len(grades))


@pytest.mark.parametrize("odd", [LATE, NOT_COMPILED, graded(Verdict.FAILED, Reason.WRONG_ANSWER)])
def test_one_verdict_of_another_kind_is_not_steady(odd: Grade) -> None:
    assert repeat.is_steady(see(PASSED, PASSED))
    assert not repeat.is_steady(see(PASSED, odd, PASSED))


def test_the_same_wrong_verdict_every_time_is_not_steady_either() -> None:
    assert not repeat.is_steady(see(LATE, LATE))
    assert not repeat.is_steady(Seen([], []))


def test_the_table_says_which_verdict_differed_and_how_often() -> None:
    text = repeat._verdicts(see(PASSED, PASSED, LATE))
    assert "2 PASSED" in text
    assert "1 ERROR time_limit" in text


def test_a_time_is_repeated_within_a_tenth_or_twenty_milliseconds() -> None:
    assert not keeps_promise([100, 100, 121])
    assert keeps_promise([100, 100, 120])
    assert not keeps_promise([1000, 1000, 899])
    assert keeps_promise([1000, 1000, 1100, 900])


def test_a_limit_is_twice_the_use_with_the_languages_factor_taken_out() -> None:
    assert limit_for([300, 100, 9000], 1.0) == 600
    assert limit_for([300], 2.0) == 300
    assert limit_for([0], 1.0) == 10  # a suite may not ask for less


def test_a_calibrated_program_gets_its_limit_from_what_it_used() -> None:
    own = Answering(*[graded(Verdict.PASSED, cpu_ms=400)] * 3)
    assert repeat._limits(own, PROGRAM) == {"cpuMs": 400}  # Java's limits count twice
    assert b'"cpuMs":20000' in own.asked[0].suite


def test_the_expected_outputs_of_the_long_loops_are_right() -> None:
    x = 42
    for _ in range(1000):
        x = (x * 1103515245 + 12345) % 2147483648
    assert congruential(42, 1000) == x
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS)
