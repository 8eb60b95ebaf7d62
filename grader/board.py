"""What is left to do of one submission, and what came of the rest: lanes take cases from it and bring outcomes back.

However many lanes work, the report is the one that a single lane would have made: after a chain's first failure all
its later cases count as skipped, also those that another lane had run meanwhile, and nothing counts once the program
turned out to be none. What is heard while the work goes on is heard in order, and is final.

A case whose processor time came near its limit is run a second time when nothing else runs, and the lower time counts.
Until then its end is open: it breaks no chain, and nothing that follows it is told.

Cases are handed out in shrinking portions: large ones first, for each costs a round trip, and single ones at the end,
so that no lane stands idle for long while another still works off a long row.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from grader.sandbox import OnCase
from sandboxes.protocol import CaseInput, CaseOutcome, Outcome

_SKIPPED = CaseOutcome(outcome=Outcome.SKIPPED)
_NEAR = 10  # one tenth


class Board:
    """Shared by the threads of one submission's lanes. ``left_ms`` says what is left of the time for all cases."""

    def __init__(self, cases: Sequence[CaseInput], left_ms: Callable[[], int]) -> None:
        self._cases, self._left_ms = cases, left_ms
        self._pending = deque(range(len(cases)))
        self._outcomes: dict[int, CaseOutcome] = {}
        self._given = 0
        self._told = 0
        self._broken: dict[str, int] = {}
        self._looked_at: set[int] = set()
        self._changed = threading.Condition()
        self.not_compiled: CaseOutcome | None = None
        #: Lanes that have failed here, and are not to be tried again.
        self.without: set[int] = set()

    def take(self, lanes: int) -> list[int]:
        """The next cases for one of ``lanes`` lanes; empty if there are none to give out now."""
        with self._changed:
            self._skip_what_is_pointless()
            size = len(self._pending) if lanes < 2 else max(1, len(self._pending) // (2 * lanes))
            taken = [self._pending.popleft() for _ in range(min(size, len(self._pending)))]
            self._given += len(taken)
            return taken

    def put(self, index: int, outcome: CaseOutcome) -> None:
        """Says how a case that was taken ended."""
        with self._changed:
            self._given -= 1
            self._outcomes[index] = outcome
            if outcome.outcome is Outcome.NOT_COMPILED:
                self.not_compiled = self.not_compiled or outcome
                self._pending.clear()
            elif outcome.outcome is not Outcome.SKIPPED:
                self._break_chains(index)
            self._changed.notify_all()

    def give_back(self, indexes: Sequence[int]) -> None:
        """Cases that were taken and not run: others take them, unless the program turned out to be none."""
        with self._changed:
            self._given -= len(indexes)
            if self.not_compiled is None:
                self._pending.extendleft(reversed(indexes))
            self._changed.notify_all()

    @property
    def left(self) -> int:
        """How many cases nobody has taken."""
        return len(self._pending)

    @property
    def left_ms(self) -> int:
        """What is left of the time for all cases together; never less than 1."""
        return max(1, self._left_ms())

    def _is_over(self) -> bool:
        return self._left_ms() <= 0

    def abandon(self) -> None:
        """Nothing more is given out."""
        with self._changed:
            self._pending.clear()

    @property
    def waits_for_others(self) -> bool:
        """Whether cases are out with other lanes; waits until that changes, or something is left to take."""
        with self._changed:
            self._changed.wait_for(lambda: not self._given or self._pending)
            return bool(self._pending)

    def tell(self, on_case: OnCase | None) -> None:
        """Tells of every case whose end is known and whose predecessors' ends have been told."""
        while self.not_compiled is None:
            with self._changed:
                index = self._told
                if index not in self._outcomes or self._is_open(index):
                    return
                outcome = self._final(index)
                self._told += 1
            if on_case is not None:
                on_case(index, outcome)

    def open_cases(self) -> list[int]:
        """The cases that deserve a second run, once all others are done; none after the time for all, when the first
        run is what there is."""
        with self._changed:
            if self.not_compiled is not None:
                return []
            found = [index for index in sorted(self._outcomes) if self._is_open(index)]
            if not self._is_over():
                return found
            self._looked_at.update(found)
            for index in found:
                self._break_chains(index)
            return []

    def look_again(self, index: int, second: CaseOutcome) -> None:
        """Takes a case's second run for what it is worth."""
        with self._changed:
            self._looked_at.add(index)
            self._outcomes[index] = better_of(self._outcomes[index], second)
            self._break_chains(index)
            if self._outcomes[index].ended_well:
                self._take_up_what_was_skipped(self._cases[index].chain)

    def results(self) -> tuple[CaseOutcome, ...]:
        """The outcomes of all cases, in order; empty if the program turned out to be none."""
        if self.not_compiled is not None:
            return ()
        return tuple(self._final(index) for index in range(len(self._cases)))

    def _final(self, index: int) -> CaseOutcome:
        return _SKIPPED if self._is_pointless(index) else self._outcomes[index]

    def _is_open(self, index: int) -> bool:
        limits = self._cases[index].limits
        return index not in self._looked_at and is_near(self._outcomes[index], limits.cpu_ms)

    def _is_pointless(self, index: int) -> bool:
        chain = self._cases[index].chain
        return chain is not None and index > self._broken.get(chain, index)

    def _break_chains(self, index: int) -> None:
        chain, outcome = self._cases[index].chain, self._outcomes[index]
        if chain is not None and not outcome.ended_well and not self._is_open(index):
            self._broken[chain] = min(index, self._broken.get(chain, index))

    def _skip_what_is_pointless(self) -> None:
        over = self._is_over()
        while self._pending and (over or self._is_pointless(self._pending[0])):
            self._outcomes[self._pending.popleft()] = _SKIPPED

    def _take_up_what_was_skipped(self, chain: str | None) -> None:
        # A runner skips the rest of a chain by itself, before anybody has looked again.
        for index, case in enumerate(self._cases):
            is_of_it = chain is not None and case.chain == chain and not self._is_pointless(index)
            if is_of_it and self._outcomes[index].outcome is Outcome.SKIPPED:
                del self._outcomes[index]
                self._pending.append(index)


def is_near(outcome: CaseOutcome, limit_ms: int) -> bool:
    """Whether a program ended by itself within a tenth of its processor-time limit, on either side."""
    if outcome.outcome is not Outcome.EXITED and outcome.limit != "cpu":
        return False
    return abs(outcome.cpu_ms - limit_ms) * _NEAR <= limit_ms


def better_of(first: CaseOutcome, second: CaseOutcome) -> CaseOutcome:
    """Of two runs of one case, what counts: the second if only the first ran out of time, else the first; and the
    lower processor time of two that ended alike."""
    if first.limit == "cpu" and second.outcome is Outcome.EXITED:
        return second
    ends = [(run.outcome, run.exit_code, run.limit) for run in (first, second)]
    alike = ends[0] == ends[1]
    return replace(first, cpu_ms=min(first.cpu_ms, second.cpu_ms)) if alike else first
