"""The arithmetic of completion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.learning.progress import facts
from api.learning.progress.rules import Completion, ProgressStatus, Tally, completion

NOT_STARTED, IN_PROGRESS, COMPLETED = ProgressStatus


@pytest.mark.parametrize(
    ("tallies", "started", "expected"),
    [
        ([], False, (0, NOT_STARTED)),
        ([], True, (0, IN_PROGRESS)),
        ([(0, 0)], False, (0, NOT_STARTED)),
        ([(0, 3)], False, (0, NOT_STARTED)),
        ([(0, 3)], True, (0, IN_PROGRESS)),
        ([(1, 3)], True, (33, IN_PROGRESS)),
        ([(1, 3)], False, (33, IN_PROGRESS)),
        ([(199, 200)], True, (99, IN_PROGRESS)),
        ([(3, 3)], True, (100, COMPLETED)),
        ([(3, 3), (0, 1)], True, (75, IN_PROGRESS)),
        ([(3, 3), (0, 0)], True, (100, COMPLETED)),
        ([(1, 2), (1, 1), (2, 2)], True, (80, IN_PROGRESS)),
    ],
)
def test_completion(tallies: list[tuple[int, int]], started: bool, expected: Completion):
    assert completion([Tally(*tally) for tally in tallies], started=started) == expected


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda t: Tally(min(t), max(t)))))
def test_a_hundred_percent_means_that_nothing_is_left(tallies: list[Tally]):
    percent, status = completion(tallies, started=True)
    nothing_left = bool(tallies) and any(t.total for t in tallies) and all(t.done == t.total for t in tallies)
    assert 0 <= percent <= 100
    assert (percent == 100) == nothing_left == (status is COMPLETED)


def test_a_fold_without_all_its_sources_is_an_error_and_no_zero(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(facts, "_sources", {})
    with pytest.raises(RuntimeError, match="no source of facts for materials, assignments, quizzes"):
        facts.gather(None, None, [])  # pyright: ignore[reportArgumentType]


def test_a_source_of_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="not a kind of item"):
        facts.add_source("riddles", lambda *_: {})
