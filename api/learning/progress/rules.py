"""How far is far: the arithmetic of completion. Pure; the facts are counted elsewhere.

A module is a bag of items of several kinds (assignments, materials, quizzes). Its percentage is the share of
items done over all kinds together, as the plan has it, rounded down, so that 100 is shown only when nothing is
left.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class ProgressStatus(StrEnum):
    """Where a learner stands in a module or a language."""

    NOT_STARTED = "NOT_STARTED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


class Tally(NamedTuple):
    """Of one kind of item in one module: how many are done, of how many there are."""

    done: int
    total: int


class Completion(NamedTuple):
    """What the tallies come to: whole percent, 0 to 100, and the status that goes with it."""

    percent: int
    status: ProgressStatus


def completion(tallies: Iterable[Tally], *, started: bool) -> Completion:
    """Percentage and status over all ``tallies``.

    ``started``: the learner has done something here, if only tried; it tells IN_PROGRESS with 0 percent from
    NOT_STARTED. Where there is nothing to do, nothing is completed: an empty module must not count as done.
    """
    counted = [*tallies]
    done = sum(tally.done for tally in counted)
    total = sum(tally.total for tally in counted)
    if total and done >= total:
        return Completion(100, ProgressStatus.COMPLETED)
    percent = 100 * done // total if total else 0
    return Completion(percent, ProgressStatus.IN_PROGRESS if started or done else ProgressStatus.NOT_STARTED)
