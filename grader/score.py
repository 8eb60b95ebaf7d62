"""Points: by weight and group, in exact fractions, so that thirds add up and a full pass is the full score."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from api.learning.curriculum.suite import Suite


class Points(NamedTuple):
    """What one case earned of what it could, in the suite's points."""

    earned: Fraction
    possible: Fraction


def award(suite: Suite, passed: Sequence[bool]) -> list[Points]:
    """The points of every case, in the suite's order. ``passed`` says of each case whether it passed.

    In a group with scoring ``each`` every case stands for itself; with ``all`` its cases earn their shares
    only together.

    Raises:
        ValueError: ``passed`` has not exactly one item for each case.
    """
    if len(passed) != sum(len(group.cases) for group in suite.groups):
        raise ValueError(f"{len(passed)} results for {sum(len(g.cases) for g in suite.groups)} cases")
    points: list[Points] = []
    for group in suite.groups:
        own = passed[len(points) : len(points) + len(group.cases)]
        share = Fraction(group.points, len(group.cases))
        earns = own if group.scoring == "each" else [all(own)] * len(own)
        points += [Points(share if earned else Fraction(0), share) for earned in earns]
    return points


def score(max_score: int, points: Sequence[Points]) -> int:
    """Whole points out of ``max_score``, rounded down: only a full pass is the full score."""
    total = sum(item.possible for item in points)
    return max_score * sum(item.earned for item in points) // total if total else 0
