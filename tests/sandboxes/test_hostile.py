"""Programs that attack: each ends as its name says, learns nothing, and the next submission finds all in order.

`attacks.py` says how a program is told from its file. Here each runs once in every mode (of `single-use` a third: it is
`boxed` in other containers), and once more with four slots at work at the same time. `make hostile` runs all of them
three times, in all modes, on one slot and on four.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from grader.sandbox import Sandbox
from sandboxes.languages import languages
from sandboxes.protocol import Outcome

from .attacks import CANARY, CANARY_VARIABLE, COMPILE, PROGRAMS, Attack, attack, harmless, word_for
from .modes import MODES, POOL, Mode, open_slots
from .pool import attack_at_once, attacks_of
from .programs import ended

__all__ = ["PROGRAMS", "harmless", "word_for"]  # other tests take them from here

#: What may stand where a source should be.
NO_SOURCES = {
    "nothing": b"",
    "NULs": b"\xef\xbb\xbf" + b"\0" * 5000,
    "another byte order mark": b"\xff\xfex\0\0\0",
    "bad UTF-8, terminal codes": b"\xc3\x28 \xed\xa0\x80 \x1b]0;x\x07\x1b[2J\r\r",
    "an enormous line": b"x" * (1 << 20),
    "enormous nesting": b"(" * 100_000,
    "an encoding that nobody knows": b"# -*- coding: canary -*-\n",
    "an encoding that is a program": b"# -*- coding: zlib_codec -*-\n",
}


@pytest.fixture(scope="module")
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox in the mode asked for, whose worker has a secret in its environment."""
    mode: Mode = request.param
    if mode.in_containers:
        request.getfixturevalue("docker_engine")  # skips where there is none
    else:
        request.getfixturevalue("boxes_sandbox")
    os.environ[CANARY_VARIABLE] = CANARY
    with open_slots(mode, 1) as (sandbox,):
        yield sandbox
    del os.environ[CANARY_VARIABLE]


def everywhere(argument: str, values: Callable[[Mode], dict[str, Any]]) -> pytest.MarkDecorator:
    """Parametrizes by mode and by what a mode gives, by name."""
    found = [
        pytest.param(mode, value, marks=getattr(pytest.mark, mode.needs), id=f"{mode.name}-{name}")
        for mode in MODES
        for name, value in values(mode).items()
    ]
    return pytest.mark.parametrize(("sandbox", argument), found, indirect=["sandbox"])


@everywhere("given", lambda mode: {given.name: given for given in attacks_of(mode)[:: mode.every]})
def test_hostile_program(sandbox: Sandbox, given: Attack):
    attack(sandbox, given)


@everywhere(
    "language", lambda mode: {name: name for name in languages() if mode.name == "boxed" or name == "python"}
)
def test_what_is_no_source_is_its_authors_failure(sandbox: Sandbox, language: str):
    for what, source in NO_SOURCES.items():
        outcome = ended(sandbox, language, source, compile_limits=COMPILE)
        assert outcome.outcome is not Outcome.SKIPPED, what
        assert CANARY.encode() not in outcome.stdout + outcome.stderr
    harmless(sandbox, language)


@pytest.mark.docker
@pytest.mark.timeout(600)
def test_four_slots_under_attack_at_once(docker_engine: object, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(CANARY_VARIABLE, CANARY)
    boxed = next(mode for mode in MODES if mode.name == "boxed")
    with open_slots(boxed, POOL) as sandboxes:
        assert attack_at_once(sandboxes, attacks_of(boxed), deal=True) == []
