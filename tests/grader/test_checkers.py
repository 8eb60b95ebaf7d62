"""The checkers: what they refuse, what they accept, and that no output can make them raise or crawl."""

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from api.learning.curriculum.suite import Checker, JsonChecker
from grader.checkers import check, check_value

CHECKER: TypeAdapter[Any] = TypeAdapter(Checker)


def make(kind: str, **options: Any) -> Any:
    """A checker as a suite writes it: camelCase options."""
    return CHECKER.validate_python({"kind": kind, **options})


def accepts(kind: str, expected: str, actual: bytes | str, **options: Any) -> bool:
    """Whether the checker accepts; a refusal has to say why."""
    data = actual.encode() if isinstance(actual, str) else actual
    result = check(make(kind, **options), expected, data)
    assert result.accepted == (result.message is None)
    return result.accepted


REFUSED = [
    ("exact", "a\n", "a", {}),
    ("exact", "a", "a\n", {}),
    ("exact", "a\n", "a\r\n", {}),
    ("exact", "a", "A", {}),
    ("exact", "a\n\n", "a", {"ignoreFinalNewline": True}),
    ("exact", "a ", "a", {"ignoreFinalNewline": True}),
    ("tokens", "a b", "ab", {}),
    ("tokens", "a b", "a", {}),
    ("tokens", "a", "a b", {}),
    ("tokens", "", "a", {}),
    ("tokens", "a", "", {}),
    ("tokens", "a b", "b a", {}),
    ("tokens", "Yes", "yes", {}),
    ("tokens", "1.0", "1", {}),
    ("tokens", "1\n2\n3", "1\n2\n4", {}),
    ("tokens", "a b", "a\u00a0b", {}),
    ("tokens", "\ufffd", b"\xff", {}),
    ("tokens", "\ufffd", b"\xff", {"ignoreCase": True}),
    ("lines", "a b", "a  b", {}),
    ("lines", "a", " a", {}),
    ("lines", "a\nb", "a b", {}),
    ("lines", "a\nb", "a\n\nb", {}),
    ("lines", "a\nb", "a", {}),
    ("lines", "a", "a\nb", {}),
    ("lines", "a", "A", {}),
    ("floats", "1.0", "1.1", {}),
    ("floats", "1.0", "1.0 2.0", {}),
    ("floats", "x 1.0", "y 1.0", {}),
    ("floats", "1", "one", {}),
    ("floats", "nan", "1", {}),
    ("floats", "1", "nan", {}),
    ("floats", "inf", "-inf", {}),
    ("floats", "1e308", "inf", {"absolute": 1e9, "relative": 1e9}),
    ("floats", "inf", "1e999", {}),
    ("floats", "1", "0x1", {}),
    ("floats", "10", "1_0", {}),
    ("floats", "1", "\u0661", {}),
    ("floats", "1", "--1", {}),
    ("floats", "1000", "1000.5", {"absolute": 0.1, "relative": 1e-4}),
    ("floats", "0", "1e-7", {"absolute": 0, "relative": 1.0}),
    ("unordered", "a\nb\nb", "a\na\nb", {}),
    ("unordered", "a\nb", "a", {}),
    ("unordered", "a", "a\na", {}),
    ("unordered", "a\nb", "a b", {}),
    ("unordered", "a", "A", {}),
    ("json", "1", "true", {}),
    ("json", "true", "1", {}),
    ("json", "0", "false", {}),
    ("json", "1", '"1"', {}),
    ("json", "1", "1.0", {}),
    ("json", "1.0", "1", {}),
    ("json", "1.5", "1.5000001", {}),
    ("json", "[1,2]", "[2,1]", {}),
    ("json", "[1]", "[1,2]", {}),
    ("json", "[1,2]", "[1]", {}),
    ("json", "{}", "[]", {}),
    ("json", '{"a":1}', '{"a":1,"b":2}', {}),
    ("json", '{"a":1,"b":2}', '{"a":1}', {}),
    ("json", '{"a":[1,{"b":null}]}', '{"a":[1,{"b":0}]}', {}),
    ("json", "[]", "", {}),
    ("json", "1", "1 2", {}),
    ("json", "1", "NaN", {"absolute": 1e9}),
    ("json", "1", "1e999", {"absolute": 1e9}),
    ("json", "1", "true", {"absolute": 1}),
    ("json", "[true]", "[1]", {"absolute": 1}),
    ("json", "1", "1.02", {"absolute": 0.01}),
    ("json", str(10**900), "1.5", {"absolute": 1, "relative": 1}),
    ("floats", "9" * 401, "9" * 400 + "8", {}),
    ("json", "null", "false", {}),
    ("json", '"a"', '"A"', {}),
    ("json", "1", "\ufeff1", {}),
    ("json", "1", '"1"'.encode("utf-16"), {}),
    ("regex", "[0-9]+", "12x", {}),
    ("regex", "[0-9]+", "x12", {}),
    ("regex", "[0-9]+", "", {}),
    ("regex", "a.b", "a\nb", {}),
    ("regex", "a", "a\n\n", {}),
    ("regex", "a", "a\n", {"ignoreFinalNewline": False}),
    ("regex", ".*", b"\xff", {}),
    ("regex", "(?s).*", "x" * (256 * 1024 + 1), {}),
]


@pytest.mark.parametrize(("kind", "expected", "actual", "options"), REFUSED)
def test_refused(kind: str, expected: str, actual: bytes | str, options: dict[str, Any]):
    assert not accepts(kind, expected, actual, **options)


ACCEPTED = [
    ("exact", "a\n", "a\n", {}),
    ("exact", "", "", {}),
    ("exact", "a", "a\n", {"ignoreFinalNewline": True}),
    ("exact", "a\n", "a", {"ignoreFinalNewline": True}),
    ("exact", "a\n", "a\r\n", {"ignoreFinalNewline": True}),
    ("tokens", "a b\n", "  a\t\r\n\v\f b  ", {}),
    ("tokens", "", " \n ", {}),
    ("tokens", "Straße ja", "STRASSE JA", {"ignoreCase": True}),
    ("tokens", "grün", "grün", {}),
    ("lines", "a\nb\n", "a  \t\nb\r\n\n \n", {}),
    ("lines", "", "\n\n", {}),
    ("lines", "a\n\nb", "a\n \nb", {}),
    ("lines", "  a", "  a", {}),
    ("lines", "A b", "a B", {"ignoreCase": True}),
    ("floats", "1.0 x 2", "1.0000005 x 2.000001", {}),
    ("floats", "1000000", "1000001", {"absolute": 0, "relative": 1e-6}),
    ("floats", "0", "1e-7", {}),
    ("floats", "3", "+3.0e0", {}),
    ("floats", "0", "-0.0", {"absolute": 0, "relative": 0}),
    ("floats", ".5", "5e-1", {}),
    ("floats", "NaN -Infinity inf", "nan -inf +INF", {}),
    ("floats", "done 1", "done 1", {}),
    ("floats", "9" * 500, "9" * 500, {}),
    ("unordered", "a\nb\nb\n", "b\n\na \nb", {}),
    ("unordered", "", "\n", {}),
    ("unordered", "A\nb", "B\na", {"ignoreCase": True}),
    ("json", '{"a": 1, "b": [true, null]}', ' {"b":[true,null],"a":1}\n', {}),
    ("json", "1.5", "1.500000001", {"absolute": 1e-6}),
    ("json", "1000.0", "1001", {"relative": 0.001}),
    ("json", "2", "2.0", {"absolute": 1e-9}),
    ("json", "0.0", "-0.0", {}),
    ("json", '"\\u00e9"', '"é"', {}),
    ("json", str(10**900), str(10**900), {}),
    ("regex", "[0-9]+", "12\n", {}),
    ("regex", "[0-9]+", "12\r\n", {}),
    ("regex", "(?s)a.b", "a\nb", {}),
    ("regex", "gr.n", "grün", {}),
    ("regex", "x|xy", "xy", {}),
    ("regex", "", "", {}),
    ("regex", "x*", "x" * (256 * 1024), {}),
    ("floats", "1." + "0" * 398, "1", {}),
]


@pytest.mark.parametrize(("kind", "expected", "actual", "options"), ACCEPTED)
def test_accepted(kind: str, expected: str, actual: bytes | str, options: dict[str, Any]):
    assert accepts(kind, expected, actual, **options)


KINDS = ["exact", "tokens", "lines", "floats", "unordered", "json"]
BYTES = st.binary(max_size=60) | st.text('01.e-+naif \n\r\t[]{}",:', max_size=60).map(str.encode)


@given(st.sampled_from(KINDS), BYTES, st.booleans())
@example("floats", b"1" * 5000, False)
@example("json", b"[" * 100_000, False)
@example("json", b'{"a":' * 100_000, False)
@example("json", b"1" * 100_000, False)
@example("json", b"-" + b"1" * 4000, False)
@example("json", b"1e99999999999", False)
@example("json", b'"\\ud800"', False)
@example("json", b'{"\\u0000": 1}', False)
def test_no_output_makes_a_checker_raise(kind: str, actual: bytes, fold: bool):
    options = {"ignoreCase": fold} if kind in ("tokens", "lines", "unordered") else {}
    result = check(make(kind, **options), "[1, 2.5]", actual)
    if result.first_difference:
        assert result.first_difference.line >= 1
    for text in (result.message, *_texts(result.first_difference)):
        assert text is None or ("\0" not in text and text.encode() is not None and len(text) < 500)


def test_what_is_said_of_a_long_value_is_cut():
    expected, actual = json.dumps({"a" * 5000: "b" * 5000}), json.dumps(["c" * 5000])
    result = check(make("json"), expected, actual.encode())
    assert result.first_difference is not None
    assert 400 < len(result.message or "") < 450
    assert max(map(len, _texts(result.first_difference))) < 250


def _texts(difference: Any) -> tuple[str, ...]:
    return (difference.expected, difference.actual) if difference else ()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
def test_what_is_expected_is_accepted(text: str):
    for kind in ("exact", "tokens", "lines", "floats", "unordered"):
        assert accepts(kind, text, text)
    assert accepts("json", json.dumps([text]), json.dumps([text], indent=2))


@given(st.text("ab \n\t", max_size=30), st.text("ab \n\t", max_size=30))
def test_tokens_and_lines_agree_with_the_plain_way_to_say_it(expected: str, actual: str):
    assert accepts("tokens", expected, actual) == (expected.split() == actual.split())
    lines = [
        [line.rstrip() for line in text.rstrip().split("\n")] if text.strip() else []
        for text in (expected, actual)
    ]
    assert accepts("lines", expected, actual) == (lines[0] == lines[1])
    sets = [sorted(filter(None, map(str.rstrip, text.split("\n")))) for text in (expected, actual)]
    assert accepts("unordered", expected, actual) == (sets[0] == sets[1])


DIFFERENCES = [
    ("exact", "\nb", "\nx", (2, "b", "x")),
    ("exact", "\na", "x", (1, "", "x")),
    ("exact", "\n\na", "\n\nb", (3, "a", "b")),
    ("tokens", "\n1\n2", "\n1\n3", (3, "2", "3")),
    ("tokens", "\n1", "\n2", (2, "1", "2")),
    ("lines", "\n1\n2", "\n1\n3", (3, "2", "3")),
    ("unordered", "a", "", (1, "a", "")),
    ("json", '{"a": "grün"}', "[1]", (1, '{"a": "grün"}', "[1]")),
    ("exact", "a\nb\nc", "a\nx\nc", (2, "b", "x")),
    ("exact", "a\nb\n", "a\nb", (2, "b", "b")),
    ("exact", "a\n", "a\nmore", (2, "", "more")),
    ("tokens", "1 2\n3 4\n", "1 2\n3 5\n", (2, "3 4", "3 5")),
    ("tokens", "1\n2\n3", "1\n2\n", (3, "3", "")),
    ("tokens", "1", "", (1, "1", "")),
    ("tokens", "1\n2", "1\n2\n3 4", (3, "", "3 4")),
    ("tokens", "1\n2\n3", "1 2 4", (1, "3", "1 2 4")),
    ("lines", "a\nb\nc", "a\nb\nd", (3, "c", "d")),
    ("lines", "a\nb", "a", (2, "b", "")),
    ("lines", "a\nb", "a \nb\nc", (3, "", "c")),
    ("floats", "1.0\n2.0", "1.00\n2.1", (2, "2.0", "2.1")),
    ("unordered", "a\nb", "a\nc\nb", (2, "", "c")),
    ("unordered", "a\nb\nc", "c\na", (3, "b", "")),
]


@pytest.mark.parametrize(("kind", "expected", "actual", "difference"), DIFFERENCES)
def test_the_first_difference_is_found(kind: str, expected: str, actual: str, difference: Any):
    found = check(make(kind), expected, actual.encode()).first_difference
    assert found is not None
    assert (found.line, found.expected, found.actual) == difference


MESSAGES = [
    ("tokens", "1 2\n3 4", "1 2\n3 5", "line 2, word 2: '5', expected '4'"),
    ("tokens", "1", "1 2", "line 1, word 2: '2' is one too many"),
    ("tokens", "\na b", "\na c", "line 2, word 2: 'c', expected 'b'"),
    ("tokens", "1 2", "1", "the output ends too early"),
    ("json", '{"a": [1, 2]}', '{"a": [1, "2"]}', '.a[1]: expected an int, 2, got a string, "2"'),
    ("json", '{"a": 1}', '{"b": 1}', "has no member 'a'"),
    ("json", "{}", '{"b": 1}', "should have no member 'b'"),
    ("json", "[[1]]", "[[1, 2]]", "[0]: expected 1 items, got 2"),
    ("json", "[1]", "[1", "the output is not JSON: Expecting ',' delimiter (line 1, column 3)"),
    ("json", "1", "[" * 50 + "]" * 50, "the output is nested more than 32 deep"),
]


@pytest.mark.parametrize(("kind", "expected", "actual", "message"), MESSAGES)
def test_the_message_says_what_is_wrong(kind: str, expected: str, actual: str, message: str):
    assert check(make(kind), expected, actual.encode()).message == message


def test_what_is_shown_of_a_long_line_is_cut():
    found = check(make("lines"), "a" * 5000, b"b" * 5000).first_difference
    assert found is not None
    assert max(len(found.expected), len(found.actual)) < 300


VALUES = [
    ("int", 1, True, False),
    ("int", 1, 1.0, False),
    ("int", 1, 1, True),
    ("int?", None, None, True),
    ("int?", None, 0, False),
    ("int", 1, None, False),
    ("float", 2.0, 2, True),
    ("float", 2, 2.0, True),
    ("float", 2, True, False),
    ("float", 0.3, 0.1 + 0.2, False),
    ("float[]", [1, 2.5], [1.0, 2.5], True),
    ("float[]", [1], [True], False),
    ("float[][]?", [[1], []], [[1.0], []], True),
    ("float", 1.5, 10**999, False),
    ("float", 10**999, 10**999, True),
    ("bool", True, 1, False),
    ("string", "1", 1, False),
    ("int[]", [1, 2], [1, 2, 3], False),
    ("int[]", [], {}, False),
    ("any", {"a": [1, None]}, {"a": [1, None]}, True),
    ("any", 1, 1.0, False),
    ("any", 1, True, False),
]


@pytest.mark.parametrize(("declared", "expected", "actual", "accepted"), VALUES)
def test_returned_values_are_compared_by_type(declared: str, expected: Any, actual: Any, accepted: bool):
    assert check_value(JsonChecker(kind="json"), declared, expected, actual).accepted is accepted


def test_a_tolerance_holds_inside_of_lists():
    checker = JsonChecker(kind="json", absolute=1e-9)
    assert check_value(checker, "float[]", [0.3, 1], [0.1 + 0.2, 1]).accepted
    found = check_value(checker, "float[]", [0.3, 1], [0.1 + 0.2, 1.1])
    assert (found.accepted, found.message) == (False, "[1]: expected 1.0, got 1.1")


QUARTER = 1 << 18  # of a megabyte
FLOODS = {
    "lines": b"a\n" * (QUARTER // 2),
    "line breaks": b"\n" * QUARTER,
    "blanks": b" " * QUARTER + b"x",
    "words": b"1 " * (QUARTER // 2),
    "digits": b"1" * QUARTER,
    "nul": b"\0" * QUARTER,
    "no utf-8": b"\xff" * QUARTER,
    "open brackets": b"[" * QUARTER,
    "a long list": b"[" + b"1," * (QUARTER // 2) + b"1]",
    "exponents": b"1e" * (QUARTER // 2),
}


@pytest.mark.parametrize("kind", [*KINDS, "regex"])
@pytest.mark.parametrize("flood", FLOODS)
def test_floods_are_judged_in_linear_time(kind: str, flood: str):
    # Takes well below a second each; time that grows with the square of the length would take minutes.
    actual = FLOODS[flood]
    expected = "(a|b|ab)*(1 *)*" if kind == "regex" else json.dumps([1] * 1000)
    start = time.process_time()
    check(make(kind), expected, actual)
    if kind not in ("json", "regex"):
        check(make(kind), actual.decode("latin-1").replace("\xff", "y") + " .", actual)
    assert time.process_time() - start < 10
