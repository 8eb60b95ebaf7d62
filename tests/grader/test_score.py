"""Points: nothing short of a full pass is the full score, and thirds add up."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.learning.curriculum.suite import Suite, parse_suite
from grader.score import award, score

Groups = list[tuple[int, str, list[bool]]]


def suite(groups: Groups) -> Suite:
    """A suite with these groups: points, scoring, and a case for each item."""
    return parse_suite(
        {
            "format": 1,
            "kind": "stdio",
            "languages": ["python"],
            "groups": [
                {
                    "name": f"g{index}",
                    "points": points,
                    "scoring": scoring,
                    "cases": [{"name": f"g{index}c{number}", "stdout": ""} for number in range(len(passed))],
                }
                for index, (points, scoring, passed) in enumerate(groups)
            ],
        }
    )


def scored(max_score: int, groups: Groups) -> int:
    """The score of a submission that passed these cases."""
    flat = [passed for _, _, cases in groups for passed in cases]
    return score(max_score, award(suite(groups), flat))


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([(20, "each", [True]), (80, "all", [False])], 20),
        ([(20, "each", [False]), (80, "all", [True])], 80),
        ([(20, "each", [True, False]), (80, "all", [True, False])], 10),
        ([(1, "each", [True, True, False])], 66),
        ([(1, "each", [True, False, False])], 33),
        ([(1, "all", [True, True, False])], 0),
        ([(1, "each", [True]), (2, "each", [False])], 33),
        ([(1, "each", [True] * 999 + [False])], 99),
        ([(1, "each", [False] * 3)], 0),
        ([(3, "each", [True] * 7), (4, "all", [True] * 3)], 100),
    ],
)
def test_score_out_of_a_hundred(groups: Groups, expected: int):
    assert scored(100, groups) == expected


def test_points_of_a_group_are_shared_exactly():
    groups: Groups = [(10, "each", [True, True, False]), (5, "all", [True, False]), (5, "all", [True, True])]
    points = award(suite(groups), [True, True, False, True, False, True, True])
    third, half = Fraction(10, 3), Fraction(5, 2)
    assert points == [
        (third, third),
        (third, third),
        (0, third),
        (0, half),
        (0, half),
        (half, half),
        (half, half),
    ]


@pytest.mark.parametrize("passed", [[], [True], [True, True, True]])
def test_results_that_are_not_those_of_the_cases_are_refused(passed: list[bool]):
    with pytest.raises(ValueError, match="results for 2 cases"):
        award(suite([(1, "each", [True, True])]), passed)


GROUPS = st.lists(
    st.tuples(
        st.integers(1, 1_000_000),
        st.sampled_from(["each", "all"]),
        st.lists(st.booleans(), min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=5,
)


@given(GROUPS, st.integers(0, 10_000))
def test_the_score_is_full_for_a_full_pass_and_less_for_anything_else(groups: Groups, max_score: int):
    found = scored(max_score, groups)
    full = all(passed for _, _, cases in groups for passed in cases)
    assert type(found) is int
    assert found == max_score if full or max_score == 0 else 0 <= found < max_score


@given(GROUPS, st.data())
def test_passing_one_case_more_never_lowers_the_score(groups: Groups, data: st.DataObject):
    group = data.draw(st.integers(0, len(groups) - 1))
    case = data.draw(st.integers(0, len(groups[group][2]) - 1))
    better = [(points, scoring, list(cases)) for points, scoring, cases in groups]
    better[group][2][case] = True
    assert scored(100, better) >= scored(100, groups)


def test_without_cases_there_is_no_score():
    assert score(100, []) == 0
