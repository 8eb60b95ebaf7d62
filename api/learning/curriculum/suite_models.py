"""The members of a suite: names, types, units, defaults and bounds. `suite.py` has the rules between them.

`testcases/README.md` says the same for authors, `testcases/schema.json` for their editors.
"""

from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict

from api.learning.curriculum.checker_kinds import Checker, Closed, JsonChecker, TokensChecker
from api.learning.curriculum.signature import is_clean, is_type


def _clean(text: str) -> str:
    if not is_clean(text):
        raise ValueError("holds NUL or half of a surrogate pair")
    return text


def _whole(value: Any) -> Any:
    if type(value) is not int:  # a Literal is compared by ==, and so takes true and 1.0 for 1
        raise ValueError("should be 1, a whole number")
    return value


def _name(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("should be printable, on one line, with no blank at either end")
    return text


def _unique(items: tuple[str, ...]) -> tuple[str, ...]:
    if not items:  # pydantic's min_length would count only the items without faults
        raise ValueError("is empty: there should be at least one")
    for item, count in Counter(items).items():
        if count > 1:
            raise ValueError(f"{item!r} is listed {count} times")
    return items


def _type(text: str) -> str:
    if not is_type(text):
        raise ValueError("should be int, float, string, bool or any, with [] for a list and ? for 'or null'")
    return text


Text = Annotated[str, AfterValidator(_clean)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_name)]
LanguageName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=32)]
TypeWord = Annotated[str, AfterValidator(_type)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]

CpuMs = Annotated[int, Field(ge=10, le=60_000, description="processor time of all processes together, ms")]
WallMs = Annotated[int, Field(ge=10, le=300_000, description="time on the clock, ms")]
MemoryMib = Annotated[int, Field(ge=16, le=4096, description="memory of all processes together, MiB")]
OutputKib = Annotated[int, Field(ge=1, le=16_384, description="stdout, and as much again for stderr, KiB")]
Processes = Annotated[int, Field(ge=1, le=512, description="processes and threads at one time")]


class SuiteLimits(Closed):
    """What one case may use, before the factors of its language. A missing ``wallMs`` is 3 x cpuMs + 1000."""

    cpu_ms: CpuMs = 2000
    wall_ms: WallMs | None = None
    memory_mib: MemoryMib = 256
    output_kib: OutputKib = 64
    processes: Processes = 32


class CaseLimits(Closed):
    """Limits of one case; a missing member leaves the suite's."""

    cpu_ms: CpuMs | None = None
    wall_ms: WallMs | None = None
    memory_mib: MemoryMib | None = None
    output_kib: OutputKib | None = None
    processes: Processes | None = None


class Parameter(Closed):
    """One parameter of the learner's function."""

    name: Identifier
    type: TypeWord


class FunctionSignature(Closed):
    """The function a learner writes, in suites of kind ``function``."""

    name: Identifier
    parameters: Annotated[tuple[Parameter, ...], Strict(False), Field(max_length=16)]
    returns: TypeWord


class Case(Closed):
    """One run of the program.

    Kind ``stdio`` has ``stdin`` (missing: empty) and ``stdout``, kind ``function`` has ``args`` and
    ``returns``. ``returns`` may be null and mean it: the suite's kind says whether it is missing.
    """

    name: Name
    stdin: Text | None = None
    stdout: Text | None = None
    args: Annotated[tuple[Any, ...], Strict(False)] | None = None
    returns: Any = None
    limits: CaseLimits | None = None
    checker: Checker | None = None


class GroupHead(Closed):
    """A group without its cases."""

    name: Name
    visible: bool = True
    points: Annotated[int, Field(ge=1, le=1_000_000, description="weight of the group in the score")]
    scoring: Literal["each", "all"] = "each"


class Group(GroupHead):
    """Cases that count together: ``each`` gives a share per passed case, ``all`` everything or nothing."""

    cases: Annotated[tuple[Case, ...], Strict(False), Field(min_length=1)]


class SuiteHead(Closed):
    """A suite without its groups."""

    format: Annotated[Literal[1], BeforeValidator(_whole)]
    kind: Literal["stdio", "function"]
    languages: Annotated[
        tuple[LanguageName, ...],
        Strict(False),
        Field(max_length=50, json_schema_extra={"minItems": 1, "uniqueItems": True}),
        AfterValidator(_unique),
    ]
    limits: SuiteLimits = SuiteLimits()
    checker: Checker | None = None
    function: FunctionSignature | None = None


class Suite(SuiteHead):
    """All test cases of an assignment, in one version. Made by `suite.parse_suite`, which has the rules."""

    groups: Annotated[tuple[Group, ...], Strict(False), Field(min_length=1)]

    def checker_for(self, case: Case) -> Checker:
        """How ``case`` is compared: by its own checker, else the suite's, else the default of the kind."""
        default = TokensChecker(kind="tokens") if self.kind == "stdio" else JsonChecker(kind="json")
        return case.checker or self.checker or default

    def limits_for(self, case: Case) -> SuiteLimits:
        """The limits of ``case``, none missing: its own, else the suite's, else the default."""
        own = case.limits.model_dump(exclude_none=True) if case.limits else {}
        limits = self.limits.model_copy(update=own)
        if limits.wall_ms is None:
            limits = limits.model_copy(update={"wall_ms": 3 * limits.cpu_ms + 1000})
        return limits
