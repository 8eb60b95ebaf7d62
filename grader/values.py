"""Compares JSON values: what a function returned, or what a program printed as JSON, with what was expected.

Types count: true is no 1, "1" is no 1. Whole and decimal numbers are different too, except where the
function's signature says ``float`` or the checker has a tolerance: then a number is a number, because some
languages write 2.0 as 2. Values come from `read_json`, so they are finite and at most `MAX_DEPTH` deep, and
recursion is safe.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from api.learning.curriculum.suite import misfits, name_of
from grader.text import clean_text

SHOWN = 200
"""Characters of a value shown."""


class Mismatch(NamedTuple):
    """Where (``[2].name``; empty: the whole value) two values differ first, how, and both as JSON, cut."""

    path: str
    message: str
    expected: str
    actual: str


class Tolerance(NamedTuple):
    """How far two floats may be apart: by ``absolute``, or by ``relative`` x the expected one."""

    absolute: float
    relative: float


def first_mismatch(
    expected: Any, actual: Any, declared: str, tolerance: tuple[float, float]
) -> Mismatch | None:
    """The first place where ``actual`` is not ``expected``, or not of type ``declared``; None: they are equal."""
    for path, message in misfits(actual, declared, ""):
        return Mismatch(path, message, show(expected), show(actual))
    found = _compare(
        as_declared(expected, declared), as_declared(actual, declared), "", Tolerance(*tolerance)
    )
    return next(found, None)


def as_declared(value: Any, declared: str) -> Any:
    """``value``, of type ``declared``, with every int that stands for a float made one."""
    declared = declared.removesuffix("?")
    if value is None:
        return None
    if declared.endswith("[]"):
        return [as_declared(item, declared[:-2]) for item in value]
    if declared == "float" and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return value
    return value


def show(value: Any) -> str:
    """``value`` as JSON text, cut for display."""
    encoder = json.JSONEncoder(ensure_ascii=False)
    text = ""
    for part in encoder.iterencode(value):  # not all at once: the value may be as large as the output
        text += part
        if len(text) > SHOWN:
            break
    return clean_text(text, SHOWN)


def _compare(expected: Any, actual: Any, path: str, tolerance: Tolerance) -> Iterator[Mismatch]:
    if isinstance(expected, list) and isinstance(actual, list):
        yield from _compare_lists(expected, actual, path, tolerance)
    elif isinstance(expected, dict) and isinstance(actual, dict):
        yield from _compare_objects(expected, actual, path, tolerance)
    elif not _equal(expected, actual, tolerance):
        shown, found = show(expected), show(actual)
        message = f"expected {shown}, got {found}"
        if type(expected) is not type(actual):
            message = f"expected {name_of(expected)}, {shown}, got {name_of(actual)}, {found}"
        yield Mismatch(path, message, shown, found)


def _compare_lists(
    expected: list[Any], actual: list[Any], path: str, tolerance: Tolerance
) -> Iterator[Mismatch]:
    for index, (wanted, found) in enumerate(zip(expected, actual, strict=False)):
        if isinstance(wanted, list | dict) or not _equal(wanted, found, tolerance):
            yield from _compare(wanted, found, f"{path}[{index}]", tolerance)
    if len(expected) != len(actual):
        message = f"expected {len(expected)} items, got {len(actual)}"
        yield Mismatch(path, message, show(expected), show(actual))


def _compare_objects(
    expected: dict[str, Any], actual: dict[str, Any], path: str, tolerance: Tolerance
) -> Iterator[Mismatch]:
    for message, one, other in (
        ("has no member", expected, actual),
        ("should have no member", actual, expected),
    ):
        for key in one:
            if key not in other:
                yield Mismatch(path, f"{message} {clean_text(key, 60)!r}", show(expected), show(actual))
    for key, wanted in expected.items():  # all are in both: the first mismatch ends the comparison
        yield from _compare(wanted, actual[key], f"{path}.{clean_text(key, 60)}", tolerance)


def _equal(expected: Any, actual: Any, tolerance: Tolerance) -> bool:
    if type(expected) is type(actual) and expected == actual:
        return True
    if not _is_number(expected) or not _is_number(actual) or tolerance == (0.0, 0.0):
        return False
    try:
        return abs(actual - expected) <= max(tolerance.absolute, tolerance.relative * abs(expected))
    except OverflowError:
        return False


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)
