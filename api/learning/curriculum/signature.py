"""What a learner's function takes and gives, and the JSON values that may stand for it.

A type is one of five words, with ``[]`` for a list of it and ``?`` for "or null": ``int``, ``float[]``,
``string?``, ``int[][]?``. A value is checked against it exactly: true is not an int, 1.0 is not an int, but
an int may stand where a float is wanted, as people write it. ``any`` takes every JSON value, null too.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 32
"""Lists and objects inside one another, of one JSON value."""

MAX_INTEGER = 10**1000
"""Whole numbers stay between its negative and it: Python refuses to read or write 4,300 digits and more."""

_TYPE = re.compile(r"(?:int|float|string|bool|any)\??(?:\[\]\??){0,4}")
_CLEAN = re.compile(r"[^\x00\ud800-\udfff]*")
_WORDS: dict[str, type] = {"int": int, "float": float, "string": str, "bool": bool}
_NAMES: dict[type, str] = {
    bool: "a bool",
    int: "an int",
    float: "a float",
    str: "a string",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def is_type(text: str) -> bool:
    """Whether ``text`` is a type in the suite's words."""
    return _TYPE.fullmatch(text) is not None


def is_clean(text: str) -> bool:
    """Whether ``text`` can be stored and sent: no NUL, no half of a surrogate pair."""
    return _CLEAN.fullmatch(text) is not None


def name_of(value: Any) -> str:
    """What people call the kind of a JSON value: ``an int``, ``null``, ``a list``."""
    return _NAMES.get(type(value), "not a JSON value")


def misfits(value: Any, declared: str, path: str) -> Iterator[tuple[str, str]]:
    """Yields (path, message) for every place where ``value`` at ``path`` is not of type ``declared``."""
    if declared.endswith("?"):
        if value is None:
            return
        declared = declared[:-1]
    if declared.endswith("[]"):
        if type(value) is not list:
            yield path, f"should be {declared}, a list, and is {name_of(value)}"
            return
        item_type = declared[:-2]
        for index, item in enumerate(value):
            if item_type[-1] in "]?" or not _fits(item, item_type):
                yield from misfits(item, item_type, f"{path}[{index}]")
    elif not _fits(value, declared):
        yield path, f"should be {declared} and is {name_of(value)}"


def _fits(value: Any, word: str) -> bool:
    return word == "any" or type(value) is _WORDS[word] or (word == "float" and type(value) is int)


def flaws(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yields (path, message) for everything in ``value`` that cannot be carried as JSON by every part."""
    if not isinstance(value, list | dict):
        if message := _scalar_flaw(value):
            yield path, message
    elif depth >= MAX_DEPTH:
        yield path, f"is nested more than {MAX_DEPTH} deep"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            # Paths and generators are made where they are needed only: a list may have a million items.
            if isinstance(item, list | dict) or _scalar_flaw(item):
                yield from flaws(item, f"{path}[{index}]", depth + 1)
    else:
        for key, item in value.items():
            if isinstance(key, str) and is_clean(key):
                yield from flaws(item, f"{path}.{key[:100]}", depth + 1)
            else:
                yield path, "has a member whose name holds NUL or half of a surrogate pair"


def _scalar_flaw(value: Any) -> str | None:
    if isinstance(value, str):
        return None if is_clean(value) else "holds NUL or half of a surrogate pair"
    if isinstance(value, float):
        return None if math.isfinite(value) else "is not a finite number"
    if isinstance(value, int):
        return None if -MAX_INTEGER < value < MAX_INTEGER else "is a whole number of more than 1,000 digits"
    return None if value is None else "is not a JSON value"


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text that nobody vouches for.

    Raises:
        ValueError: it is not JSON, or has in it what `flaws` finds; the message says what.
    """
    try:
        # Bytes would make json guess among UTF-8, 16 and 32.
        decoded = text.decode() if isinstance(text, bytes) else text
        value = json.loads(decoded, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f"is nested more than {MAX_DEPTH} deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except UnicodeDecodeError:
        raise ValueError("is not JSON: it is not UTF-8") from None
    except ValueError:  # NaN, Infinity, or a whole number with more digits than Python reads
        raise ValueError("holds a number that is not accepted") from None
    for _, message in flaws(value, ""):
        raise ValueError(message)
    return value


def _refuse(word: str) -> Any:
    raise ValueError(word)
