"""The board: however lanes share the work, the report is the one a single lane would have made."""

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.board import Board, better_of, is_near
from sandboxes.protocol import CaseInput, CaseOutcome, Limits, Outcome

LIMITS = Limits(cpu_ms=1000, wall_ms=9000, memory_mib=64, output_kib=1, processes=4)
WELL = CaseOutcome(outcome=Outcome.EXITED, exit_code=0, cpu_ms=5)
BAD = CaseOutcome(outcome=Outcome.EXITED, exit_code=1, cpu_ms=5)
SKIPPED = CaseOutcome(outcome=Outcome.SKIPPED)
REFUSED = CaseOutcome(outcome=Outcome.NOT_COMPILED, exit_code=1)


def over(cpu_ms: int) -> CaseOutcome:
    return CaseOutcome(outcome=Outcome.TIMED_OUT, limit="cpu", cpu_ms=cpu_ms)


def well(cpu_ms: int) -> CaseOutcome:
    return CaseOutcome(outcome=Outcome.EXITED, exit_code=0, cpu_ms=cpu_ms)


def board_of(*chains: str | None, left_ms: int = 1000) -> Board:
    return Board([CaseInput(stdin=b"", limits=LIMITS, chain=chain) for chain in chains], lambda: left_ms)


def told(board: Board) -> list[tuple[int, CaseOutcome]]:
    heard: list[tuple[int, CaseOutcome]] = []
    board.tell(lambda index, outcome: heard.append((index, outcome)))
    return heard


def alone(chains: list[str | None], outcomes: list[CaseOutcome]) -> list[CaseOutcome]:
    """What one lane would report, running the cases in their order."""
    broken: set[str] = set()
    report = []
    for chain, outcome in zip(chains, outcomes, strict=True):
        report.append(SKIPPED if chain in broken else outcome)
        if chain is not None and not report[-1].ended_well:
            broken.add(chain)
    return report


@given(
    cases=st.lists(st.tuples(st.sampled_from([None, "a", "b"]), st.booleans()), min_size=1, max_size=30),
    lanes=st.integers(1, 4),
    seed=st.integers(0, 1 << 30),
)
def test_any_order_comes_to_the_report_of_one_lane(
    cases: list[tuple[str | None, bool]], lanes: int, seed: int
):
    chains = [chain for chain, _ in cases]
    outcomes = [WELL if good else BAD for _, good in cases]
    board, chance = board_of(*chains), random.Random(seed)
    out: list[list[int]] = []
    heard: list[tuple[int, CaseOutcome]] = []
    while True:
        if len(out) < lanes and (taken := board.take(lanes)):
            out.append(taken)
        if not out:
            break
        portion = chance.choice(out)
        index = portion.pop(0)
        board.put(index, outcomes[index])
        heard += told(board)
        if portion and chance.random() < 0.2:  # a lane is lost
            board.give_back(portion)
            portion.clear()
        out = [left for left in out if left]
    heard += told(board)
    assert list(board.results()) == alone(chains, outcomes)
    assert heard == list(enumerate(alone(chains, outcomes)))
    assert not board.waits_for_others


def test_a_later_failure_that_comes_first_breaks_nothing_before_it():
    board = board_of("a", "a", "a")
    assert board.take(1) == [0, 1, 2]
    board.put(1, BAD)
    assert told(board) == []
    board.put(0, WELL)
    board.put(2, WELL)
    assert board.results() == (WELL, BAD, SKIPPED)


def test_nothing_counts_once_the_program_turned_out_to_be_none():
    board = board_of(None, None, None, None, None)
    first, second = board.take(2), board.take(2)
    board.put(first[0], WELL)
    board.put(second[0], REFUSED)
    board.give_back(first[1:])
    assert board.take(2) == []
    assert not board.waits_for_others
    assert board.open_cases() == []
    assert (board.not_compiled, board.results()) == (REFUSED, ())
    assert told(board) == []


def test_after_their_time_cases_are_skipped():
    board = board_of(None, None, left_ms=0)
    assert board.take(1) == []
    assert board.results() == (SKIPPED, SKIPPED)
    assert board.left_ms == 1


def test_portions_shrink_so_that_no_lane_waits_long():
    board = board_of(*[None] * 16)
    sizes = []
    while taken := board.take(2):
        sizes.append(len(taken))
    assert sizes == [4, 3, 2, 1, 1, 1, 1, 1, 1, 1]


def test_one_lane_takes_all_at_once():
    assert board_of(None, None, None).take(1) == [0, 1, 2]


def test_who_has_nothing_to_take_waits_until_others_are_done_or_lost():
    board = board_of(None, None)
    board.take(1)
    board.put(0, WELL)
    timer = threading.Timer(0.01, board.give_back, ([1],))
    timer.start()
    assert board.waits_for_others
    timer.join()
    assert board.take(1) == [1]


def test_nothing_is_given_out_after_it_was_abandoned():
    board = board_of(None, None)
    board.abandon()
    assert board.take(1) == []


NEAR = [(well(899), False), (well(900), True), (well(1000), True), (over(1001), True), (over(1100), True)]
NEAR += [(over(1101), False), (BAD, False)]
NEAR += [(CaseOutcome(outcome=Outcome.TIMED_OUT, limit="wall", cpu_ms=1000), False)]
NEAR += [(CaseOutcome(outcome=Outcome.OUT_OF_MEMORY, cpu_ms=1000), False)]


@pytest.mark.parametrize(("outcome", "near"), NEAR)
def test_only_a_program_that_ended_itself_can_be_near(outcome: CaseOutcome, near: bool):
    assert is_near(outcome, 1000) is near


def test_the_lower_time_of_two_runs_counts_and_what_came_with_it_if_the_first_was_over():
    assert better_of(over(1050), well(980)) == well(980)
    assert better_of(over(1050), BAD) == BAD
    assert better_of(over(1050), over(1020)) == over(1020)
    assert better_of(well(950), well(940)) == well(940)
    assert better_of(well(940), well(950)) == well(940)
    assert better_of(well(950), over(1020)) == well(950)
    assert better_of(well(950), BAD) == well(950)
    wall = CaseOutcome(outcome=Outcome.TIMED_OUT, limit="wall")
    assert better_of(over(1050), wall) == over(1050)


def test_a_case_near_its_limit_is_open_until_it_was_looked_at_again():
    board = board_of(None, None)
    board.take(1)
    board.put(0, over(1050))
    board.put(1, WELL)
    assert told(board) == []
    assert board.open_cases() == [0]
    board.look_again(0, well(990))
    assert told(board) == [(0, well(990)), (1, WELL)]
    assert board.open_cases() == []  # near as it still is: once is enough


def test_a_second_chance_takes_up_what_had_been_skipped_for_the_first():
    board = board_of("a", "a", "a", None)
    board.take(1)
    board.put(0, over(1050))
    board.put(1, SKIPPED)  # by the runner, which knows of no second chance
    board.put(2, SKIPPED)
    board.put(3, WELL)
    board.look_again(0, well(990))
    assert board.waits_for_others
    assert board.take(1) == [1, 2]
    board.put(1, BAD)
    board.put(2, WELL)
    assert board.results() == (well(990), BAD, SKIPPED, WELL)


def test_a_second_chance_that_is_missed_breaks_the_chain():
    board = board_of("a", "a")
    board.take(1)
    board.put(0, over(1050))
    board.put(1, WELL)
    board.look_again(0, over(1060))
    assert board.results() == (over(1050), SKIPPED)


def test_there_is_no_second_look_after_the_time_of_all_cases():
    left = [1000]
    board = Board([CaseInput(stdin=b"", limits=LIMITS, chain="a")] * 2, lambda: left[0])
    board.take(1)
    board.put(0, over(1050))
    board.put(1, WELL)
    left[0] = 0
    assert board.open_cases() == []
    assert board.results() == (over(1050), SKIPPED)
    assert told(board) == [(0, over(1050)), (1, SKIPPED)]
