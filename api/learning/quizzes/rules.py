"""Marking: what is right, what it is worth, what an attempt comes to. Pure.

Every kind is all or nothing: a question is answered right or it is not. Of MULTIPLE exactly the right options must be
chosen, of ORDER all must stand in their places. A NUMERIC answer is right within a tolerance, as exact decimals, so
that 0.3 is 0.3. A TEXT answer is compared as people read it: blanks at the ends and runs of them do not count, nor,
unless the key says so, does the case.

What is wrong with a question or an answer is said as a sentence, None if nothing is: authors and learners read it.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

MAX_TEXT = 1000  # characters of a TEXT answer
MAX_DIGITS = 50  # characters of a NUMERIC answer; more are a nuisance and no number


class QuestionKind(StrEnum):
    """How a question is answered. ORDER asks for its options in the right order."""

    SINGLE = "SINGLE"
    MULTIPLE = "MULTIPLE"
    NUMERIC = "NUMERIC"
    TEXT = "TEXT"
    ORDER = "ORDER"


class Choice(NamedTuple):
    """One option: whether it is right and, for ORDER, its right place."""

    id: UUID
    is_correct: bool
    order: int


class Asked(NamedTuple):
    """A question as marking needs it. ``key`` is the answer key of NUMERIC and TEXT, None for the others."""

    kind: QuestionKind
    points: int
    choices: Sequence[Choice]
    key: Mapping[str, Any] | None


class Answer(NamedTuple):
    """What was answered: options in the order they were given, or a text; never both."""

    option_ids: tuple[UUID, ...] = ()
    text: str | None = None


class Outcome(NamedTuple):
    """What an attempt comes to. ``score`` is whole percent, rounded down: 100 means all of it."""

    points: int
    max_points: int
    score: int
    passed: bool


def is_right(question: Asked, answer: Answer | None) -> bool:
    """Whether ``answer`` is right; None, no answer, never is."""
    if answer is None:
        return False
    given = answer.option_ids
    match question.kind:
        case QuestionKind.SINGLE | QuestionKind.MULTIPLE:
            return bool(given) and set(given) == {
                choice.id for choice in question.choices if choice.is_correct
            }
        case QuestionKind.ORDER:
            wanted = sorted(question.choices, key=lambda choice: choice.order)
            return list(given) == [choice.id for choice in wanted]
        case QuestionKind.NUMERIC:
            return _is_near(answer.text or "", question.key or {})
        case QuestionKind.TEXT:
            return _is_accepted(answer.text or "", question.key or {})


def outcome(marked: Sequence[tuple[int, bool]], *, passing_score: int) -> Outcome:
    """Of pairs of points and whether they were earned; ``passing_score`` in percent."""
    points = sum(worth for worth, right in marked if right)
    most = sum(worth for worth, _ in marked)
    score = 100 * points // most if most else 0
    # Not by the rounded score: 69.9 percent of a hard quiz must not be made 70, nor 70 be missed by rounding.
    return Outcome(points, most, score, bool(most) and 100 * points >= passing_score * most)


def fault_of_answer(question: Asked, answer: Answer) -> str | None:
    """What is wrong with the form of ``answer``; whether it is right is another matter."""
    known = {choice.id for choice in question.choices}
    if question.kind in (QuestionKind.NUMERIC, QuestionKind.TEXT):
        if answer.text is None or answer.option_ids:
            return "this question takes a text: send `text`"
        if question.kind is QuestionKind.NUMERIC:
            return None if _number(answer.text) is not None else "is not a number, such as 3.5 or 1e6"
        return None if len(answer.text) <= MAX_TEXT else f"is longer than {MAX_TEXT} characters"
    if answer.text is not None:
        return "this question takes options: send `optionIds`"
    if unknown := [str(chosen) for chosen in answer.option_ids if chosen not in known]:
        return f"not an option of this question: {', '.join(unknown)}"
    if len(set(answer.option_ids)) != len(answer.option_ids):
        return "names an option twice"
    if question.kind is QuestionKind.SINGLE and len(answer.option_ids) != 1:
        return "this question takes one option"
    if question.kind is QuestionKind.ORDER and len(answer.option_ids) != len(known):
        return "all options must be put in order"
    return None


def fault_of_question(kind: QuestionKind, right: Sequence[bool], key: Mapping[str, Any] | None) -> str | None:
    """What is wrong with a question that has options, of which ``right`` says which are, and the answer key ``key``."""
    if kind in (QuestionKind.NUMERIC, QuestionKind.TEXT):
        if right:
            return "has no options; the answer stands in `answerKey`"
        return _fault_of_number(key or {}) if kind is QuestionKind.NUMERIC else _fault_of_texts(key or {})
    if key is not None:
        return "has no answer key; say which options are correct"
    if len(right) < 2:
        return "needs two options or more"
    if kind is QuestionKind.SINGLE and sum(right) != 1:
        return "needs exactly one correct option"
    if kind is QuestionKind.MULTIPLE and not any(right):
        return "needs a correct option"
    return None


def _is_near(text: str, key: Mapping[str, Any]) -> bool:
    given, wanted, tolerance = (
        _number(text),
        _number(str(key["value"])),
        _number(str(key.get("tolerance", 0))),
    )
    assert wanted is not None
    assert tolerance is not None
    return given is not None and abs(given - wanted) <= tolerance


def _is_accepted(text: str, key: Mapping[str, Any]) -> bool:
    exact = bool(key.get("caseSensitive", False))
    return _folded(text, exact) in {_folded(accepted, exact) for accepted in key["accepted"]}


def _folded(text: str, exact: bool) -> str:
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    return plain if exact else plain.casefold()


def _number(text: str) -> Decimal | None:
    text = text.strip()
    if not text or len(text) > MAX_DIGITS or "_" in text:
        return None
    try:
        # A comma is how half of the world writes it; "1,000" would be 1 then, so it is taken only alone.
        value = Decimal(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except InvalidOperation:
        return None
    # An exponent of a million is a way to make subtraction expensive.
    return value if value.is_finite() and abs(value.adjusted()) <= 1000 else None


def _fault_of_number(key: Mapping[str, Any]) -> str | None:
    if unknown := set(key) - {"value", "tolerance"}:
        return f"`answerKey` does not know {', '.join(sorted(unknown))}"
    if _number(str(key.get("value", ""))) is None:
        return "`answerKey.value` must be a number"
    tolerance = _number(str(key.get("tolerance", 0)))
    return "`answerKey.tolerance` must be a number from 0 on" if tolerance is None or tolerance < 0 else None


def _fault_of_texts(key: Mapping[str, Any]) -> str | None:
    if unknown := set(key) - {"accepted", "caseSensitive"}:
        return f"`answerKey` does not know {', '.join(sorted(unknown))}"
    accepted = key.get("accepted")
    if not isinstance(accepted, list) or not accepted:
        return "`answerKey.accepted` must be a list of texts"
    if not all(isinstance(text, str) and text.strip() and len(text) <= MAX_TEXT for text in accepted):
        return f"`answerKey.accepted` must hold texts of 1 to {MAX_TEXT} characters"
    return (
        None
        if isinstance(key.get("caseSensitive", False), bool)
        else "`answerKey.caseSensitive` is true or false"
    )
