"""An assignment's test cases: from JSON to a `Suite` or to all that is wrong with it, and back to bytes.

`parse_suite` raises every fault at once, each with its JSON path. A suite is read piece by piece, not as one
model: a fault in one case must not hide that two others share a name.

`canonical_json` is the one way a suite is stored: files inlined, defaults written out (a later change of a
default does not change an old version), members sorted. What an author writes in another order gives the same
bytes, except inside arguments and results: a function may see the order of an object's members. `digest`
names the bytes.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from api.learning.curriculum.checker_kinds import (
    Checker,
    Closed,
    ExactChecker,
    FloatsChecker,
    JsonChecker,
    LinesChecker,
    RegexChecker,
    TokensChecker,
    UnorderedChecker,
)
from api.learning.curriculum.patterns import MAX_TEXT_BYTES, Pattern
from api.learning.curriculum.signature import flaws, misfits, name_of, read_json
from api.learning.curriculum.suite_models import (
    Case,
    CaseLimits,
    FunctionSignature,
    Group,
    GroupHead,
    Parameter,
    Suite,
    SuiteHead,
    SuiteLimits,
)

#: This module is the door: the grader and other slices find here all there is to know of a suite.
__all__ = [
    "FUNCTION_LANGUAGES",
    "MAX_CASES",
    "MAX_SUITE_BYTES",
    "MAX_TEXT_BYTES",
    "Case",
    "CaseLimits",
    "Checker",
    "ExactChecker",
    "Fault",
    "FloatsChecker",
    "FunctionSignature",
    "Group",
    "JsonChecker",
    "LinesChecker",
    "Parameter",
    "Pattern",
    "RegexChecker",
    "Suite",
    "SuiteFaults",
    "SuiteLimits",
    "TokensChecker",
    "UnorderedChecker",
    "canonical_json",
    "digest",
    "misfits",
    "name_of",
    "of_language",
    "parse_suite",
    "read_json",
]

FUNCTION_LANGUAGES = frozenset({"javascript", "php", "python", "ruby", "typescript"})
"""Languages whose sandbox has a harness that calls functions, and with them all their versions (`of_language`); a test
holds it against the sandboxes' folders."""

MAX_CASES = 1000
MAX_FAULTS = 500
MAX_SUITE_BYTES = 50 * 1024 * 1024
"""All inputs and expected answers of a suite together, in UTF-8."""

_Model = TypeVar("_Model", bound=Closed)


class Fault(NamedTuple):
    """One thing wrong: where (``groups[0].cases[2].limits.cpuMs``; empty: the whole), what, in which file."""

    path: str
    message: str
    file: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.path, self.message) if part)


def of_language(name: str) -> str:
    """The language that ``name`` is a version of: ``cpp`` for ``cpp-20``, and for ``cpp`` itself."""
    return name.partition("-")[0]


class SuiteFaults(ValueError):
    """A suite that cannot be used; ``faults`` lists everything found wrong, at most `MAX_FAULTS`."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def parse_suite(data: object) -> Suite:
    """The suite that ``data`` (JSON as Python values) describes.

    Raises:
        SuiteFaults: it is not one; every fault is listed.
    """
    reader = _Reader()
    suite = reader.suite(data)
    if suite is None:
        raise SuiteFaults(tuple(reader.faults))
    return suite


def canonical_json(suite: Suite) -> bytes:
    """The bytes a suite is stored as; parsing them gives an equal suite."""
    plain = _plain(suite)
    return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def digest(canonical: bytes) -> str:
    """The name of a suite version: SHA-256 of its canonical JSON, in hex."""
    return hashlib.sha256(canonical).hexdigest()


def _plain(value: Any) -> Any:
    # pydantic's own exclude_none would drop nulls that mean something: an expected null, a member of an
    # argument.
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if not isinstance(value, Closed):
        return value
    members = {}
    for name, field in type(value).model_fields.items():
        item = getattr(value, name)
        if item is not None or (name == "returns" and name in value.model_fields_set):
            members[field.alias or name] = _plain(item)
    return dict(sorted(members.items()))


class _Reader:
    """Reads one suite and gathers its faults."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._first: dict[tuple[str, str], str] = {}
        self._cases = 0
        self._bytes = 0

    def suite(self, data: object) -> Suite | None:
        """The suite, or None if there are faults."""
        if not isinstance(data, dict):
            self.fault("", f"a suite is a JSON object, and this is {name_of(data)}")
            return None
        raw_head = {key: value for key, value in data.items() if key not in ("groups", "$schema")}
        head, sound = self.model(SuiteHead, raw_head, "", {"format": 1, "languages": ["python"]})
        if sound:
            self._check_head(sound, raw_head)
        groups = [self._group(raw, path, sound) for raw, path in self.items(data, "groups", "")]
        if self._cases > MAX_CASES:
            self.fault("groups", f"there are {self._cases:,} cases; at most {MAX_CASES:,}")
        if self._bytes > MAX_SUITE_BYTES:
            self.fault("", f"all texts come to {self._bytes:,} bytes; at most {MAX_SUITE_BYTES:,}")
        if head is None or self.faults:
            return None
        return Suite(**vars(head), groups=tuple(group for group in groups if group))

    def model(
        self, kind: type[_Model], data: object, path: str, stand_in: dict[str, Any]
    ) -> tuple[_Model | None, _Model | None]:
        """``data`` as a model, twice; or, after noting its faults, None and what is sound of it, or None.

        The sound part, with ``stand_in`` for members it must have, is for looking for further faults only.
        """
        try:
            model = kind.model_validate(data)
            return model, model
        except ValidationError as error:
            bad = set()
            for item in error.errors(include_url=False):
                bad.update(item["loc"][:1])
                self.fault(_path(path, item["loc"]), _message(item))
        kept = {key: value for key, value in data.items() if key not in bad} if isinstance(data, dict) else {}
        try:
            return None, kind.model_validate({**stand_in, **kept})
        except ValidationError:
            return None, None

    def items(self, data: dict[Any, Any], member: str, path: str) -> Iterator[tuple[Any, str]]:
        """The items of the list ``data[member]``, each with its path."""
        where, items = f"{path}{member}", data.get(member)
        if member not in data:
            self.fault(where, "is missing")
        elif not isinstance(items, list):
            self.fault(where, f"should be a list and is {name_of(items)}")
        elif not items:
            self.fault(where, "is empty: there should be at least one")
        elif len(items) > MAX_CASES:
            self.fault(where, f"has {len(items):,} items; at most {MAX_CASES:,}")
        else:
            yield from ((item, f"{where}[{index}]") for index, item in enumerate(items))

    def fault(self, path: str, message: str) -> None:
        """Notes a fault."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(path, message))

    def _check_head(self, head: SuiteHead, raw: dict[str, Any]) -> None:
        given = raw.get("function") is not None
        if given and head.kind == "stdio":
            self.fault("function", "has no place in a suite of kind stdio")
        if not given and head.kind == "function":
            self.fault("function", "is missing")
        if head.kind == "function":
            for index, language in enumerate(head.languages):
                if of_language(language) not in FUNCTION_LANGUAGES:
                    can = " and ".join(sorted(FUNCTION_LANGUAGES))
                    self.fault(f"languages[{index}]", f"{language} has no function suites; {can} have")
        if head.function:
            for index, parameter in enumerate(head.function.parameters):
                self._check_name("parameter", parameter.name, f"function.parameters[{index}]")
        self._check_checker(head, head.checker, "checker")

    def _group(self, raw: Any, path: str, head: SuiteHead | None) -> Group | None:
        if not isinstance(raw, dict):
            self.fault(path, f"should be an object and is {name_of(raw)}")
            return None
        raw_head = {key: value for key, value in raw.items() if key != "cases"}
        group, _ = self.model(GroupHead, raw_head, path, {})
        self._check_name("group", raw.get("name"), path)
        cases = [self._case(item, where, head) for item, where in self.items(raw, "cases", f"{path}.")]
        self._cases += len(cases)
        if group is None or self.faults:
            return None
        return Group(**vars(group), cases=tuple(case for case in cases if case))

    def _case(self, raw: Any, path: str, head: SuiteHead | None) -> Case | None:
        case, sound = self.model(Case, raw, path, {"name": "x"})
        if isinstance(raw, dict):
            self._check_name("case", raw.get("name"), path)
            if head:
                self._check_shape(raw, path, head.kind)
        if sound and head:
            self._bytes += sum(len(text.encode()) for text in (sound.stdin, sound.stdout) if text)
            self._check_checker(head, sound.checker, f"{path}.checker")
            self._check_limits(sound, path, head)
            if head.kind == "function":
                self._check_call(sound, path, head.function)
            elif sound.stdout is not None:
                self._check_expected(sound.stdout, sound.checker or head.checker, f"{path}.stdout")
        return case

    def _check_name(self, what: str, name: Any, path: str) -> None:
        if isinstance(name, str):
            first = self._first.setdefault((what, name), path)
            if first != path:
                self.fault(f"{path}.name", f"{name[:100]!r} is the name of {first} already")

    def _check_shape(self, raw: dict[Any, Any], path: str, kind: str) -> None:
        stdio, function = ("stdin", "stdout"), ("args", "returns")
        needed, foreign = (("stdout",), function) if kind == "stdio" else (function, stdio)
        for member in needed:
            given = member in raw if member == "returns" else raw.get(member) is not None
            if not given and f"{member}File" not in raw:
                self.fault(f"{path}.{member}", "is missing")
        for member in foreign:
            if member in raw:
                self.fault(f"{path}.{member}", f"has no place in a suite of kind {kind}")

    def _check_checker(self, head: SuiteHead, checker: Checker | None, path: str) -> None:
        if checker and head.kind == "function" and checker.kind != "json":
            self.fault(path, "a suite of kind function compares values: only json can be used")

    def _check_limits(self, case: Case, path: str, head: SuiteHead) -> None:
        own, wall = case.limits, head.limits.wall_ms
        if own and own.cpu_ms and not own.wall_ms and wall and wall < own.cpu_ms:
            self.fault(f"{path}.limits.cpuMs", f"exceeds the suite's wallMs ({wall}): give wallMs here too")

    def _check_expected(self, expected: str, checker: Checker | None, path: str) -> None:
        try:
            if isinstance(checker, RegexChecker):
                Pattern(expected)
            elif isinstance(checker, JsonChecker):
                read_json(expected)
        except ValueError as error:
            self.fault(path, str(error))

    def _check_call(self, case: Case, path: str, function: FunctionSignature | None) -> None:
        args = case.args or ()
        words = [parameter.type for parameter in function.parameters] if function else ["any"] * len(args)
        if case.args is not None and len(words) != len(args):
            self.fault(f"{path}.args", f"has {len(args)} values; the function takes {len(words)}")
        for index, (value, word) in enumerate(zip(args, words, strict=False)):
            self._check_value(value, word, f"{path}.args[{index}]")
        if "returns" in case.model_fields_set:
            self._check_value(case.returns, function.returns if function else "any", f"{path}.returns")

    def _check_value(self, value: Any, word: str, path: str) -> None:
        found = list(flaws(value, path))
        if not found:  # only such a value is sure to be written without end of stack or digits
            self._bytes += len(json.dumps(value))
            found = list(misfits(value, word, path))
        for where, message in found:
            self.fault(where, message)


def _path(path: str, loc: tuple[int | str, ...]) -> str:
    for index, part in enumerate(loc):
        if isinstance(part, int):
            path += f"[{part}]"
        elif (
            index == 0 or loc[index - 1] != "checker"
        ):  # after it pydantic names the kind, which is no member
            shown = part[:100].encode("utf-8", "backslashreplace").decode()
            path += f".{shown}" if path else shown
    return path


def _message(item: Any) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        if item["loc"][-1] in ("stdinFile", "stdoutFile"):
            return "a file can be named only in a suite's folder: give the text itself here"
        return "is not a member of the format"
    if kind == "string_unicode":
        return "holds half of a surrogate pair, as text or in the name of a member"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return "should have a kind: exact, tokens, lines, floats, unordered, json or regex"
    if kind == "model_type":
        return f"should be an object and is {name_of(item['input'])}"
    message = item["msg"].removeprefix("Input ")
    return message[:1].lower() + message[1:]
