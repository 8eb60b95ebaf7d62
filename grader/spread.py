"""One submission on its way through a slot's lanes: compile once, work off the board, look again where time was short.

The slot's first lane compiles and works; what the compiler made, or found in the cache, is what further lanes start
from. The listener is only ever called by the slot's own thread, so what it raises ends the grading as it would without
further lanes.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from grader import meters
from grader.board import Board
from grader.compile_cache import Made
from grader.lane import Lane
from grader.link import OnCompiled
from grader.sandbox import OnCase, OnReady
from sandboxes.languages import languages
from sandboxes.protocol import CaseOutcome, RunReport, RunRequest


class Slot(Protocol):
    """What a submission asks of the slot it runs in; see `grader.lanes.Lanes`."""

    width: int

    def known(self, request: RunRequest, lane: Lane) -> tuple[str, Made | None]: ...

    def keep(self, key: str, made: Made) -> None: ...

    @property
    def sharing(self) -> int: ...

    def widen(self, request: RunRequest, board: Board) -> None: ...


class Spread:
    """One request, led by ``lane``."""

    def __init__(
        self,
        slot: Slot,
        request: RunRequest,
        lane: Lane,
        on_case: OnCase | None,
        on_ready: OnReady | None = None,
    ) -> None:
        self._slot, self._request, self._lane, self._on_case = slot, request, lane, on_case
        self._on_ready = on_ready
        self._until: float | None = None
        self._board = Board(request.cases, self._left_ms)
        self._compiled: CaseOutcome | None = None
        self._key = ""

    def run(self) -> RunReport:
        """Raises SandboxUnavailable if the leading lane is lost."""
        try:
            if self._has_compiled():
                self._work_off()
        finally:
            self._board.abandon()
        self._board.tell(self._on_case)
        compiled = self._board.not_compiled or self._compiled
        return RunReport(compiled=compiled, cases=self._results())

    def _results(self) -> tuple[CaseOutcome, ...]:
        refused = self._compiled is not None and not self._compiled.ended_well
        return () if refused else self._board.results()

    def _has_compiled(self) -> bool:
        """Gets the program compiled, wherever from; its first cases run along with that. False if it was refused."""
        self._key, made = self._slot.known(self._request, self._lane)
        if made is not None:
            self._compiled = made.outcome
            self._request = replace(self._request, artefact=made.artefact)
            if made.outcome.ended_well:
                self._begin()
            return made.outcome.ended_well
        if not self._compiles:
            self._begin()
            return True
        request = replace(self._request, share=bool(self._key) or self._slot.width > 1)
        portion = self._board.take(self._slot.sharing)
        run_portion(self._lane, request, self._board, portion, self._tell, self._hear_compiled)
        return self._compiled is None or self._compiled.ended_well

    @property
    def _compiles(self) -> bool:
        language = languages().get(self._request.language)
        return language is not None and bool(language.compile) and not self._request.is_of_ours

    def _hear_compiled(self, outcome: CaseOutcome, artefact: bytes | None) -> None:
        self._compiled = outcome
        meters.compiled(outcome)
        self._slot.keep(self._key, Made(outcome, artefact))
        if outcome.ended_well:
            self._request = replace(self._request, artefact=artefact)
            self._begin()

    def _begin(self) -> None:
        """From here on cases run, and their time counts."""
        self._until = time.monotonic() + self._request.total_wall_ms / 1000
        if self._compiled is not None and self._on_ready is not None:
            self._on_ready()
        self._widen()

    def _widen(self) -> None:
        can_be_shared = self._request.artefact is not None or not self._compiles
        if can_be_shared and self._board.left > 1 and not self._request.is_of_ours:
            self._slot.widen(self._request, self._board)

    def _left_ms(self) -> int:
        if self._until is None:
            return self._request.total_wall_ms
        return round((self._until - time.monotonic()) * 1000)

    def _work_off(self) -> None:
        while True:
            self._widen()
            if portion := self._board.take(self._slot.sharing):
                run_portion(self._lane, self._request, self._board, portion, self._tell)
            elif not self._board.waits_for_others and not self._look_again():
                return

    def _look_again(self) -> bool:
        """Runs what came near its limit once more, while nothing else of this submission runs; False: nothing did."""
        cases = self._board.open_cases()
        for index in cases:
            self._board.look_again(index, self._alone(index))
        self._tell()
        return bool(cases)

    def _alone(self, index: int) -> CaseOutcome:
        request = _for_cases(self._request, self._board, self._lane, [index])
        return self._lane.link.run(request, None).cases[0]

    def _tell(self) -> None:
        self._board.tell(self._on_case)


def work(lane: Lane, request: RunRequest, board: Board, lanes: int, go_on: Callable[[], bool]) -> None:
    """What a further lane does: takes cases from the board until there are none, or its core is wanted elsewhere.

    Raises:
        SandboxUnavailable: the lane is lost; what it had taken is back on the board.
    """
    while go_on() and (portion := board.take(lanes)):
        run_portion(lane, request, board, portion)


def run_portion(
    lane: Lane,
    request: RunRequest,
    board: Board,
    portion: list[int],
    tell: Callable[[], None] | None = None,
    on_compiled: OnCompiled | None = None,
) -> None:
    """Runs some cases in a lane and brings their outcomes to the board; what was not run is given back."""
    left = list(portion)

    def hear(position: int, outcome: CaseOutcome) -> None:
        left.remove(portion[position])
        note(outcome)
        board.put(portion[position], outcome)
        if tell is not None:
            tell()

    try:
        with meters.portion() as note:
            lane.link.run(_for_cases(request, board, lane, portion), hear, on_compiled)
        lane.holds = board
    finally:
        board.give_back(left)


def _for_cases(request: RunRequest, board: Board, lane: Lane, cases: list[int]) -> RunRequest:
    chosen = [request.cases[index] for index in cases]
    return replace(request, cases=chosen, again=lane.holds is board, total_wall_ms=board.left_ms)
