"""Hostile programs: what a file's name and first lines say of it, and what must be true after it has run.

A file in ``hostile/<language>/`` is named ``ENDING.WHAT.SUFFIX``. ``ENDING`` is how it must end: an outcome,
``timed_out`` with or without its limit, several of them joined by ``-or-`` where the kernel decides which comes first,
or ``compiler`` where the compiler must not end well. A program that may end well tries what it must not be able to do,
and prints ``held`` if all of it was refused.

Among its first lines, in comments, may stand:

``never: TEXT``             what it must not print
``limits: NAME=NUMBER ...`` limits of the case that are not `programs.SMALL`
``returns: JSON``           it is called as a function, ``add(20, 22)``, and this arrives; ``nothing``: nothing does
``beside: a secret``        it is run twice, the second time with a secret as its input, which the first must not see
``only: MODE ...``          the modes that promise this much; SECURITY.md says what the others do not
``because: REASON``         why the others do not

Every program is told apart from honest ones by three things: what it prints never holds the secret that was planted in
the worker's environment, in an earlier submission's files and input, and, where it asks for that, in its own second
case; nobody waits long for its end; and a harmless submission passes on the same slot at once.
"""

import re
import secrets
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from grader.sandbox import Sandbox
from sandboxes.languages import HERE, languages
from sandboxes.protocol import (
    MOST_WALL,
    CaseInput,
    CaseOutcome,
    FunctionCall,
    Limits,
    Outcome,
    RunReport,
    RunRequest,
)

from .programs import ended, limits_of

HOSTILE = Path(__file__).parent / "hostile"
PROGRAMS = sorted(path for path in HOSTILE.glob("*/*") if path.is_file())
#: Enough for honest compilers; and little enough to see a bomb's end soon.
COMPILE = Limits(cpu_ms=4000, wall_ms=12_000, memory_mib=512, output_kib=64, processes=64)
BOMB = Limits(cpu_ms=1500, wall_ms=6000, memory_mib=512, output_kib=64, processes=64)
#: Programs search for it by its first word, so no program holds it.
CANARY = f"canary-{secrets.token_hex(8)}"
#: A variable of the worker's own environment.
CANARY_VARIABLE = "CODEZEST_TEST_SECRET"
_SAYS = re.compile(r"^\W{0,4}(never|limits|returns|beside|only|because): (.+?)(?: \*/)?$")
_FIRST_LINES = 12


class Escaped(AssertionError):
    """A wall did not hold, or a verdict was wrong."""


@dataclass(frozen=True)
class Attack:
    """One hostile program as its file says it."""

    path: Path
    never: tuple[str, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)
    returns: str | None = None
    beside: bool = False
    only: frozenset[str] | None = None

    @property
    def language(self) -> str:
        return self.path.parent.name

    @property
    def name(self) -> str:
        return f"{self.language}-{self.path.stem}"

    @property
    def endings(self) -> list[str]:
        return self.path.name.partition(".")[0].split("-or-")

    def is_for(self, mode: str) -> bool:
        """Whether a mode promises to withstand it."""
        return self.only is None or mode in self.only


@cache
def attacks() -> tuple[Attack, ...]:
    """All of them, in the order of their paths. Raises ValueError for a file whose head says what nobody knows."""
    return tuple(_read(path) for path in PROGRAMS)


def _read(path: Path) -> Attack:
    never: list[str] = []
    said: dict[str, str] = {}
    for line in path.read_bytes().decode(errors="replace").split("\n")[:_FIRST_LINES]:
        if match := _SAYS.match(line):
            word, text = match.groups()
            if word == "never":
                never.append(text)
            else:
                said[word] = text
    limits = {
        name: int(number) for name, number in (word.split("=") for word in said.get("limits", "").split())
    }
    only = frozenset(said["only"].split()) if "only" in said else None
    return Attack(path, tuple(never), limits, said.get("returns"), "beside" in said, only)


def word_for(outcome: CaseOutcome) -> str:
    """How a file is named that ends like this."""
    return f"{outcome.outcome}_{outcome.limit}" if outcome.limit else outcome.outcome


def attack(sandbox: Sandbox, given: Attack, *, patience: int = 1) -> None:
    """Runs a hostile program and then a harmless one. ``patience`` multiplies the wall times it may take.

    Raises:
        Escaped: what must be true was not.
    """
    report = sandbox.run(_request(given, patience))
    if given.endings == ["compiler"]:
        _must(report.compiled is not None and not report.compiled.ended_well, given, report)
        _must(report.cases == (), given, report)
    else:
        _must(len(report.cases) == 1 + given.beside, given, report)
        _judge(given, report.cases[0], patience)
    _must_not_tell(given, report)
    harmless(sandbox, given.language)


def _request(given: Attack, patience: int) -> RunRequest:
    limits = limits_of(given.language, **given.limits)
    limits = replace(limits, wall_ms=limits.wall_ms * patience)
    honest = replace(COMPILE, cpu_ms=COMPILE.cpu_ms * patience, wall_ms=COMPILE.wall_ms * patience)
    add = FunctionCall(name="add", parameters=("int", "int"), returns="any")
    case = CaseInput(stdin=b"[20, 22]" if given.returns else b"", limits=limits)
    beside = [CaseInput(stdin=CANARY.encode(), limits=limits)] * given.beside
    return RunRequest(
        language=given.language,
        files={languages()[given.language].main: given.path.read_bytes()},
        cases=[case, *beside],
        compile_limits=BOMB if given.endings == ["compiler"] else honest,
        function=add if given.returns else None,
    )


def _judge(given: Attack, case: CaseOutcome, patience: int) -> None:
    word = word_for(case)
    _must(any(word.startswith(ending) for ending in given.endings), given, case)
    limits = limits_of(given.language, **given.limits)
    if given.returns is not None:
        _must(case.returned == (None if given.returns == "nothing" else given.returns.encode()), given, case)
    elif case.outcome is Outcome.EXITED:
        _must(case.exit_code == 0 and case.stdout.startswith(b"held"), given, case)
    _must(case.cpu_ms < 2 * limits.cpu_ms + 500, given, case)  # a limit is no use if it strikes late
    _must(case.memory_kib < 1 << 20, given, case)
    # Time without a core does not count, but only so far.
    _must(case.wall_ms < limits.wall_ms * patience * MOST_WALL + 1000, given, case)


def _must_not_tell(given: Attack, report: RunReport) -> None:
    compiled = (report.compiled,) if report.compiled else ()
    for outcome in (*compiled, *report.cases[:1]):
        said = b"\n".join((outcome.stdout, outcome.stderr, outcome.returned or b""))
        for text in ("escaped", CANARY, *given.never):
            _must(text.encode() not in said, given, outcome)


def harmless(sandbox: Sandbox, language: str) -> None:
    """A submission on the same slot that must pass. The next one must not find the secret in its files and input."""
    program = next((HERE / language / "smoke").glob("exited.*"))
    files = {languages()[language].main: program.read_bytes(), "canary.txt": CANARY.encode()}
    case = ended(sandbox, language, files, inputs=[b"42\n" + CANARY.encode()])
    if not case.ended_well or case.stdout.split()[:2] != [b"ok", b"42"]:
        raise Escaped(f"a harmless {language} program afterwards: {case}")


def _must(holds: bool, given: Attack, seen: object) -> None:
    if not holds:
        raise Escaped(f"{given.name}: {str(seen)[:3000]}")
