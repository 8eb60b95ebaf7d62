"""Marking: what is right in each kind of question, and what cannot be asked or answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.core.ids import new_id
from api.learning.quizzes.rules import (
    Answer,
    Asked,
    Choice,
    QuestionKind,
    fault_of_answer,
    fault_of_question,
    is_right,
    outcome,
)

IDS = tuple(new_id() for _ in range(4))
SINGLE = Asked(QuestionKind.SINGLE, 1, [Choice(IDS[0], True, 0), Choice(IDS[1], False, 1)], None)
MULTIPLE = Asked(QuestionKind.MULTIPLE, 1, [Choice(IDS[n], n < 2, n) for n in range(3)], None)
ORDER = Asked(
    QuestionKind.ORDER, 1, [Choice(IDS[n], False, place) for n, place in enumerate((2, 0, 1))], None
)


def numeric(value: object, tolerance: object = 0) -> Asked:
    return Asked(QuestionKind.NUMERIC, 1, [], {"value": value, "tolerance": tolerance})


def worded(*accepted: str, **more: bool) -> Asked:
    return Asked(QuestionKind.TEXT, 1, [], {"accepted": list(accepted), **more})


@pytest.mark.parametrize("question", [SINGLE, MULTIPLE, ORDER, numeric(0), worded("x")])
def test_no_answer_is_never_right(question):
    assert not is_right(question, None)
    assert not is_right(question, Answer())


@pytest.mark.parametrize(
    ("question", "chosen", "right"),
    [
        (SINGLE, [0], True),
        (SINGLE, [1], False),
        (SINGLE, [0, 1], False),
        (MULTIPLE, [0, 1], True),
        (MULTIPLE, [1, 0], True),
        (MULTIPLE, [0], False),
        (MULTIPLE, [0, 1, 2], False),
        (ORDER, [1, 2, 0], True),
        (ORDER, [0, 1, 2], False),
        (ORDER, [1, 2], False),
        (ORDER, [1, 2, 0, 0], False),
    ],
)
def test_options(question, chosen, right):
    assert is_right(question, Answer(tuple(IDS[number] for number in chosen))) is right


@pytest.mark.parametrize(
    ("key", "text", "right"),
    [
        ((0.3,), "0.3", True),
        ((0.3,), "0.30", True),
        ((0.3,), " .3 ", True),
        ((0.3,), "3e-1", True),
        ((0.3,), "0,3", True),
        ((0.3,), "0.30000000000000004", False),
        ((1000,), "1,000", False),
        ((10, 0.5), "10.5", True),
        ((10, 0.5), "10.51", False),
        ((10, 0.5), "9.5", True),
        ((-1,), "1", False),
        ((0,), "-0", True),
        ((1,), "NaN", False),
        ((1,), "Infinity", False),
        ((1,), "1_0", False),
        ((1,), "1e999999999", False),
        ((1,), "9" * 5000, False),
        ((1,), "", False),
    ],
)
def test_numbers(key, text, right):
    assert is_right(numeric(*key), Answer(text=text)) is right


@pytest.mark.parametrize(
    ("question", "text", "right"),
    [
        (worded("for loop"), "  For   LOOP ", True),
        (worded("for loop"), "forloop", False),
        (worded("a", "b"), "b", True),
        (worded("None", caseSensitive=True), "none", False),
        (worded("None", caseSensitive=True), " None", True),
        (worded("straße"), "STRASSE", True),
        (worded("é"), "e\u0301", True),
        (worded("x"), "", False),
    ],
)
def test_texts(question, text, right):
    assert is_right(question, Answer(text=text)) is right


@pytest.mark.parametrize(
    ("question", "answer", "fault"),
    [
        (SINGLE, Answer(), "one option"),
        (SINGLE, Answer((IDS[0], IDS[1])), "one option"),
        (SINGLE, Answer((IDS[3],)), "not an option"),
        (SINGLE, Answer(text="this"), "optionIds"),
        (MULTIPLE, Answer((IDS[0], IDS[0])), "twice"),
        (ORDER, Answer((IDS[0],)), "all options"),
        (numeric(1), Answer((IDS[0],)), "text"),
        (numeric(1), Answer(text="one"), "not a number"),
        (worded("x"), Answer(text="x" * 1001), "longer"),
        (worded("x"), Answer(), "text"),
    ],
)
def test_an_answer_of_the_wrong_form_is_told(question, answer, fault):
    assert fault in (fault_of_answer(question, answer) or "")


@pytest.mark.parametrize(
    ("kind", "right", "key", "fault"),
    [
        ("SINGLE", [True], None, "two options"),
        ("SINGLE", [True, True], None, "exactly one"),
        ("SINGLE", [False, False], None, "exactly one"),
        ("SINGLE", [True, False], {"value": 1}, "no answer key"),
        ("MULTIPLE", [False, False], None, "a correct option"),
        ("ORDER", [], None, "two options"),
        ("NUMERIC", [True], {"value": 1}, "no options"),
        ("NUMERIC", [], None, "value"),
        ("NUMERIC", [], {"value": "NaN"}, "value"),
        ("NUMERIC", [], {"value": 1, "tolerance": -1}, "tolerance"),
        ("NUMERIC", [], {"value": 1, "tolerence": 1}, "tolerence"),
        ("TEXT", [], {"accepted": []}, "accepted"),
        ("TEXT", [], {"accepted": "x"}, "accepted"),
        ("TEXT", [], {"accepted": [" "]}, "accepted"),
        ("TEXT", [], {"accepted": ["x"], "caseSensitive": "no"}, "caseSensitive"),
    ],
)
def test_a_question_that_cannot_be_asked_is_told(kind, right, key, fault):
    assert fault in (fault_of_question(QuestionKind(kind), right, key) or "")


@pytest.mark.parametrize(
    ("earned", "passing", "score", "passed"),
    [
        ([], 0, 0, False),
        ([(1, True), (2, False)], 33, 33, True),
        ([(1, True), (2, False)], 34, 33, False),
        ([(699, True), (301, False)], 70, 69, False),
        ([(2, True), (1, False)], 67, 66, False),
        ([(1, True)], 100, 100, True),
        ([(1, False)], 0, 0, True),
    ],
)
def test_what_an_attempt_comes_to(earned, passing, score, passed):
    result = outcome(earned, passing_score=passing)
    assert (result.score, result.passed) == (score, passed)


@given(st.lists(st.tuples(st.integers(1, 1000), st.booleans())), st.integers(0, 100))
def test_a_score_never_promises_what_was_not_passed(marked, passing):
    result = outcome(marked, passing_score=passing)
    assert 0 <= result.score <= 100
    assert (result.score == 100) == (bool(marked) and all(right for _, right in marked))
    if marked:
        assert result.passed == (100 * result.points >= passing * result.max_points)
        assert result.passed or result.score < passing or passing == 0
