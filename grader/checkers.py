"""Compares what a program gave with what was expected, by the suite's checker.

The output is hostile: it may be no UTF-8, hold numbers of a million digits or brackets nested a million deep,
and it is as large as its limit allows. Nothing here raises on it, and all but one checker work on one token
or line at a time, in time proportional to the two texts and next to no memory of their own; `unordered` keeps
its lines.

White space is blank, tab, line break, carriage return, form feed, vertical tab: ASCII, so that bytes can be
compared without decoding them.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from api.learning.curriculum.suite import (
    MAX_TEXT_BYTES,
    Checker,
    ExactChecker,
    FloatsChecker,
    JsonChecker,
    LinesChecker,
    Pattern,
    RegexChecker,
    TokensChecker,
    UnorderedChecker,
    read_json,
)
from api.learning.submissions.grade import FirstDifference
from grader.text import clean_text
from grader.values import first_mismatch

SHOWN = 200
"""Characters of a line, token or value shown in a difference."""

MAX_NUMBER = 400
"""Characters of a number; a longer word is compared as text."""

_BLANKS = b" \t\r\f\v"
_TOKEN = re.compile(rb"[^ \t\n\r\f\v]+")
_NUMBER = re.compile(rb"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPECIAL = re.compile(rb"[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE)

Key = Callable[[bytes], bytes]


class CheckResult(NamedTuple):
    """Whether an answer is accepted; if not, a sentence about it and, where there is a place, the place."""

    accepted: bool
    message: str | None = None
    first_difference: FirstDifference | None = None


ACCEPTED = CheckResult(True)


def check(checker: Checker, expected: str, actual: bytes) -> CheckResult:
    """Compares a program's output with the expected text (for ``regex``: the pattern).

    Never raises, whatever ``actual`` is, if ``expected`` comes from a suite that `parse_suite` made.
    """
    wanted = expected.encode()
    match checker:
        case ExactChecker():
            return _exact(wanted, actual, checker.ignore_final_newline)
        case TokensChecker():
            same = _folded_equal if checker.ignore_case else bytes.__eq__
            return _tokens(wanted, actual, same)
        case FloatsChecker():
            return _tokens(wanted, actual, lambda a, b: _numbers_equal(a, b, checker))
        case LinesChecker():
            return _lines(wanted, actual, _fold if checker.ignore_case else _same)
        case UnorderedChecker():
            return _unordered(wanted, actual, _fold if checker.ignore_case else _same)
        case JsonChecker():
            return _json(wanted, actual, checker)
        case RegexChecker():
            return _regex(expected, actual, checker.ignore_final_newline)


def _same(data: bytes) -> bytes:
    return data


def _fold(data: bytes) -> bytes:
    if data.isascii():
        return data.lower()
    return data.decode("utf-8", "surrogateescape").casefold().encode("utf-8", "surrogateescape")


def _folded_equal(expected: bytes, actual: bytes) -> bool:
    return expected == actual or _fold(expected) == _fold(actual)


def _differs(message: str, line: int, expected: bytes, actual: bytes) -> CheckResult:
    shown = FirstDifference(line=line, expected=clean_text(expected, SHOWN), actual=clean_text(actual, SHOWN))
    return CheckResult(False, message, shown)


def _exact(expected: bytes, actual: bytes, ignore_final_newline: bool) -> CheckResult:
    if ignore_final_newline:
        expected, actual = _without_newline(expected), _without_newline(actual)
    if expected == actual:
        return ACCEPTED
    at = _first_offset(expected, actual)
    line = expected.count(b"\n", 0, at) + 1
    message = f"line {line} is not byte for byte the expected one"
    return _differs(message, line, _line_at(expected, at), _line_at(actual, at))


def _without_newline(data: bytes) -> bytes:
    return data[:-2] if data.endswith(b"\r\n") else data.removesuffix(b"\n")


def _first_offset(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:  # the first `low` bytes are the same; the halves add up to one pass over both
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _line_at(data: bytes, at: int) -> bytes:
    start = data.rfind(b"\n", 0, at) + 1
    end = data.find(b"\n", at)
    return data[start : len(data) if end < 0 else end]


def _common_lines(one: bytes, other: bytes) -> int:
    """The bytes of the lines that both begin with. An answer that is nearly right is compared from there on."""
    return one.rfind(b"\n", 0, _first_offset(one, other)) + 1


def _tokens(expected: bytes, actual: bytes, same: Callable[[bytes, bytes], bool]) -> CheckResult:
    start = _common_lines(expected, actual)
    pairs = zip_longest(_TOKEN.finditer(expected, start), _TOKEN.finditer(actual, start))
    for wanted, found in pairs:
        if wanted is None or found is None or not same(wanted.group(), found.group()):
            return _token_differs(expected, wanted, actual, found)
    return ACCEPTED


def _token_differs(
    expected: bytes, wanted: re.Match[bytes] | None, actual: bytes, found: re.Match[bytes] | None
) -> CheckResult:
    expected_line = _line_at(expected, wanted.start()) if wanted else b""
    if found is None:
        written = actual.rstrip()
        line = written.count(b"\n") + 2 if written else 1
        return _differs("the output ends too early", line, expected_line, b"")
    line = actual.count(b"\n", 0, found.start()) + 1
    before = _TOKEN.finditer(actual, actual.rfind(b"\n", 0, found.start()) + 1, found.start())
    word = f"line {line}, word {sum(1 for _ in before) + 1}: {clean_text(found.group(), 60)!r}"
    wish = f", expected {clean_text(wanted.group(), 60)!r}" if wanted else " is one too many"
    return _differs(word + wish, line, expected_line, _line_at(actual, found.start()))


def _numbers_equal(expected: bytes, actual: bytes, checker: FloatsChecker) -> bool:
    if expected == actual:
        return True
    wanted, found = _number(expected), _number(actual)
    if wanted is None or found is None:
        return False
    if math.isnan(wanted) or math.isnan(found):
        return math.isnan(wanted) and math.isnan(found)
    if math.isinf(wanted) or math.isinf(found):
        return wanted == found
    return abs(found - wanted) <= max(checker.absolute, checker.relative * abs(wanted))


def _number(token: bytes) -> float | None:
    """The number a word stands for; None for other words, and for numbers no float can hold."""
    if len(token) > MAX_NUMBER:
        return None
    if _SPECIAL.fullmatch(token):
        return float(token)
    value = float(token) if _NUMBER.fullmatch(token) else math.inf
    return value if math.isfinite(value) else None


def _split_lines(data: bytes, start: int = 0) -> Iterator[bytes]:
    """The lines of ``data`` from byte ``start`` on, blanks at their ends removed."""
    end = data.find(b"\n", start)
    while end >= 0:
        yield data[start:end].rstrip(_BLANKS)
        start, end = end + 1, data.find(b"\n", end + 1)
    yield data[start:].rstrip(_BLANKS)


def _lines(expected: bytes, actual: bytes, key: Key) -> CheckResult:
    start = _common_lines(expected, actual)
    pairs = zip_longest(_split_lines(expected, start), _split_lines(actual, start), fillvalue=b"")
    for line, (wanted, found) in enumerate(pairs, start=expected.count(b"\n", 0, start) + 1):
        if wanted != found and key(wanted) != key(found):
            return _differs(f"line {line} is not the expected one", line, wanted, found)
    return ACCEPTED


def _unordered(expected: bytes, actual: bytes, key: Key) -> CheckResult:
    missing = Counter(key(line) for line in _split_lines(expected) if line)
    last = 0
    for number, line in enumerate(_split_lines(actual), start=1):
        if not line:
            continue
        last, folded = number, key(line)
        if not missing[folded]:
            return _differs(f"line {number} is not expected, or not as often", number, b"", line)
        missing[folded] -= 1
    left = next((line for line, count in missing.items() if count), None)
    return ACCEPTED if left is None else _differs("an expected line is missing", last + 1, left, b"")


def _json(expected: bytes, actual: bytes, checker: JsonChecker) -> CheckResult:
    try:
        value = read_json(actual)
    except ValueError as error:
        return CheckResult(False, f"the output {error}")
    return check_value(checker, "any", read_json(expected), value)


def check_value(checker: JsonChecker, declared: str, expected: Any, actual: Any) -> CheckResult:
    """Compares two JSON values, where ``declared`` is the type both should have."""
    found = first_mismatch(expected, actual, declared, (checker.absolute, checker.relative))
    if found is None:
        return ACCEPTED
    message = f"{found.path}: {found.message}" if found.path else found.message
    return CheckResult(
        False,
        clean_text(message, 2 * SHOWN),
        FirstDifference(line=1, expected=found.expected, actual=found.actual),
    )


def _regex(pattern: str, actual: bytes, ignore_final_newline: bool) -> CheckResult:
    if len(actual) > MAX_TEXT_BYTES:
        return CheckResult(False, f"the output has more than {MAX_TEXT_BYTES:,} bytes")
    text = _without_newline(actual) if ignore_final_newline else actual
    if Pattern(pattern).matches(text):
        return ACCEPTED
    return CheckResult(False, "the output does not have the expected form")
