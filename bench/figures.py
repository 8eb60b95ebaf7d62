"""The arithmetic of the table: from turns to ratios, from ratios to rows. Pure.

Every turn of a contender has a turn of the bare runner right before it. A ratio is formed of these two, so what else
the machine does strikes both; of the rounds the median counts, and the lowest and the highest are shown beside it.
"""

import statistics
from collections.abc import Sequence
from typing import Literal, NamedTuple

from bench.turns import Batch

Figure = Literal["latency", "per_minute"]


class Turn(NamedTuple):
    """What a turn came to: seconds from submission to verdict, one at a time (median; None: not asked for), and
    submissions a minute with one worker process per core."""

    latency: float | None
    per_minute: float


class Beside(NamedTuple):
    """A contender's turn and the bare runner's right before it."""

    turn: Turn
    raw: Turn


class Spread(NamedTuple):
    """The median over the rounds, and the two extremes."""

    median: float
    low: float
    high: float


class Target(NamedTuple):
    """A bound that is to be kept."""

    kind: Literal["at most", "at least"]
    value: float
    unit: str = "x"

    def met(self, measured: float) -> bool:
        return measured <= self.value if self.kind == "at most" else measured >= self.value

    def __str__(self) -> str:
        return f"{self.kind} {self.value:g} {self.unit}"


class Row(NamedTuple):
    """One line of the table. ``met`` is None where there is no target, or nothing could be measured; ``note`` says
    why, or what the ratio is made of."""

    what: str
    spread: Spread | None
    unit: str = "x"
    target: Target | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.target is None or self.spread is None:
            return None
        return self.target.met(self.spread.median)


def turn_of(alone: Batch | None, together: Sequence[Batch]) -> Turn:
    """``alone``: of one worker; ``together``: of all workers in the same seconds."""
    latency = None if alone is None else statistics.median(alone.latencies)
    return Turn(latency, sum(60 * len(each.latencies) / each.elapsed for each in together))


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(rounds: Sequence[Beside], figure: Figure) -> list[float]:
    """The contender's figure over the bare runner's, round by round."""
    return [_of(each.turn, figure) / _of(each.raw, figure) for each in rounds]


def advantage(ours: Sequence[Beside], theirs: Sequence[Beside], figure: Figure) -> list[float]:
    """How many times better we are than another contender, round by round: each against the bare runs beside it, so
    that the two need not have run in the same second. A round that only one of them has is left out."""
    pairs = zip(ratios(ours, figure), ratios(theirs, figure), strict=False)
    return [their / our if figure == "latency" else our / their for our, their in pairs]


def constant_part(once: float, twice: float) -> float:
    """What a submission costs beyond its cases, of the times with some cases and with twice as many."""
    return 2 * once - twice


def each_case(few: float, many: float, more: int) -> float:
    """What one case costs, of the times of two submissions of which one has ``more`` cases more."""
    return (many - few) / more


def _of(turn: Turn, figure: Figure) -> float:
    value = turn.latency if figure == "latency" else turn.per_minute
    if value is None:
        raise ValueError("no latency was measured")
    return value
