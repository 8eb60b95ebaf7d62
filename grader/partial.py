"""Grading some cases of a suite again: which ones run, and how they and the results kept make one whole."""

from collections.abc import Sequence

from api.learning.curriculum.suite import Suite
from api.learning.submissions.grade import CaseGrade, GradingTask, Reason, Verdict
from grader.analysis.hints import Failing


def cases_to_run(task: GradingTask, suite: Suite) -> list[int]:
    """The positions of the cases to run, in the suite's order: all of them, unless the task names some.

    A group that scores ``all`` stands and falls together, and a failure in it leaves later cases out: of such a
    group all cases run as soon as one is to.
    """
    groups: list[list[int]] = []
    count = 0
    for group in suite.groups:
        own = [*range(count, count + len(group.cases))]
        groups += [own] if group.scoring == "all" else [[position] for position in own]
        count += len(own)
    if len(task.kept) != count or not task.only:
        return [*range(count)]
    wanted = {*task.only}
    return [position for own in groups if wanted & {*own} for position in own]


def whole(
    task: GradingTask, suite: Suite, positions: Sequence[int], judged: Sequence[CaseGrade]
) -> tuple[CaseGrade, ...]:
    """The grades of all cases: ``judged`` at their ``positions``, the kept ones everywhere else."""
    fresh = dict(zip(positions, judged, strict=True))
    count = sum(len(group.cases) for group in suite.groups)
    return tuple(fresh[index] if index in fresh else task.kept[index] for index in range(count))


def failing_of(
    cases: Sequence[CaseGrade], positions: Sequence[int], failing: Failing | None
) -> Failing | None:
    """What is known of the first case of the whole that did not pass; ``failing`` is the first of those that ran.

    Of a kept one it is little: what it printed was cut for display.
    """
    first = next((index for index, case in enumerate(cases) if case.verdict is not Verdict.PASSED), None)
    if first is None or first in positions:
        return failing
    kept = cases[first]
    return Failing(kept.reason or Reason.RUNTIME_ERROR, kept.signal if kept.visible else None)
