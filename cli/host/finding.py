"""One finding about a host, and how much it matters."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from api.core.settings import Settings
from cli.host.machine import Machine
from grader.engine import EngineReport


class Level(StrEnum):
    """``ok``: as it should be. ``advice``: steadier times, or a further hurdle. ``warning``: one of our promises is
    weaker here. ``fault``: grading strangers' code here is unsafe, or cannot work."""

    OK = "ok"
    ADVICE = "advice"
    WARNING = "warning"
    FAULT = "fault"


class Finding(NamedTuple):
    """One thing looked at: what was found, why it matters, and the command or file that cures it; no cure if ok."""

    name: str
    level: Level
    found: str
    why: str
    cure: str = ""


class Host(NamedTuple):
    """What the checks are given. ``engine`` None: none answers, and ``engine_error`` says why."""

    machine: Machine
    settings: Settings
    engine: EngineReport | None = None
    engine_error: str = ""


Check = Callable[[Host], Iterator[Finding]]


def judged(name: str, level: Level, found: str, why: str, cure: str) -> Finding:
    """A finding that keeps its cure only if there is something to cure."""
    return Finding(name, level, found, why, "" if level is Level.OK else cure)
