"""What can be told of a run: pure values, and how they cross from the grader to the API.

Each event has a place: the run's number, the attempt (the fencing number of its claim) and a step. An attempt's steps
count without a gap: 0 running, 1 compiled, 2 and on the cases in suite order, and at last done. They follow from what
happened and not from who tells it, so the grader, another API process and the rows of the database give the same event
the same place, and a client that says the last one it has seen can be served by any of them: nothing is missed, and
nothing comes twice. While a run waits it is told its position now and then; the step is the time it has waited then.

What is told of a case is told of a hidden one too: its name and verdict and rounded times, never a text.
"""

import re
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from api.learning.submissions.grade import CaseGrade, Reason, SubmissionStatus, Verdict

RUNNING, COMPILED, FIRST_CASE = 0, 1, 2
QUEUED = 1_000_000_000
"""Waiting comes after all that happened in an attempt that was given back; the milliseconds of it are added,
so that each position that is told has a place of its own."""
DONE = 2_000_000_000

_PLACE = re.compile(r"(\d{1,10})\.(\d{1,10})\.(\d{1,10})")


class Place(NamedTuple):
    """Where an event stands among all of a submission; places compare in the order of events."""

    run: int
    attempt: int
    step: int

    def __str__(self) -> str:
        return f"{self.run}.{self.attempt}.{self.step}"


def parse_place(text: str) -> Place | None:
    """The place that ``text`` names; None if it names none."""
    match = _PLACE.fullmatch(text)
    return Place(*map(int, match.groups())) if match else None


class Queued(Struct, rename="camel"):
    """The run waits. ``position`` is how many go before it, by age; the wait is an estimate, in whole seconds."""

    position: Annotated[int, Meta(ge=0)]
    expected_wait_seconds: Annotated[int, Meta(ge=1)]


class Running(Struct, rename="camel"):
    """A grader has begun. A further attempt begins anew: what was told of an earlier one counts no more."""

    attempt: int


class Compiled(Struct, rename="camel"):
    """The program is ready to run. (A language without a compiler: its first case has ended.)"""


class CaseTold(Struct, rename="camel"):
    """One case, judged. Times in ms, rounded up to 10."""

    index: int
    name: str
    group: str
    visible: bool
    verdict: Verdict
    reason: Reason | None
    cpu_ms: int | None
    wall_ms: int | None


class Done(Struct, rename="camel"):
    """What the submission came to. Nothing follows."""

    status: SubmissionStatus
    reason: Reason | None
    score: int | None
    max_score: int


Data = Queued | Running | Compiled | CaseTold | Done
KINDS: dict[str, type[Data]] = {
    "queued": Queued,
    "running": Running,
    "compiled": Compiled,
    "case": CaseTold,
    "done": Done,
}


class Event(NamedTuple):
    """One event as it is told. ``data`` is JSON in one line. ``before`` (of ``done`` only) is how many events of its
    attempt precede it."""

    place: Place
    kind: str
    data: bytes
    before: int = 0


class _Message(Struct, array_like=True):
    run: int
    attempt: int
    step: int
    kind: str
    data: msgspec.Raw
    before: int


def queued(run: int, attempt: int, waited_ms: int, position: int, expected_wait: int) -> Event:
    """The run waits, since ``waited_ms``."""
    step = QUEUED + min(max(0, waited_ms), DONE - QUEUED - 1)
    return _event(Place(run, attempt, step), Queued(position, expected_wait))


def running(run: int, attempt: int) -> Event:
    """An attempt has begun."""
    return _event(Place(run, attempt, RUNNING), Running(attempt))


def compiled(run: int, attempt: int) -> Event:
    """The program is ready."""
    return _event(Place(run, attempt, COMPILED), Compiled())


def case_told(run: int, attempt: int, index: int, case: CaseGrade) -> Event:
    """The case at ``index``, which counts from 0 in suite order, was judged."""
    told = CaseTold(
        index,
        case.name,
        case.group,
        case.visible,
        case.verdict,
        case.reason,
        rounded(case.cpu_ms),
        rounded(case.wall_ms),
    )
    return _event(Place(run, attempt, FIRST_CASE + index), told)


def done(run: int, attempt: int, result: Done, cases: int) -> Event:
    """The run is graded, and ``cases`` cases were judged in it (none: it was not compiled)."""
    return _event(Place(run, attempt, DONE), result, before=FIRST_CASE + cases if cases else 1)


def encode(event: Event) -> bytes:
    """An event as it crosses Redis."""
    return msgspec.json.encode(_Message(*event.place, event.kind, msgspec.Raw(event.data), event.before))


def decode(message: bytes) -> Event | None:
    """The event of a message; None if it is none. Whoever can write to Redis can send us anything: what does not fit
    its kind is refused, and what does is written anew."""
    try:
        found = msgspec.json.decode(message, type=_Message)
        data = msgspec.json.decode(found.data, type=KINDS[found.kind])
        return _event(Place(found.run, found.attempt, found.step), data, found.before)
    except (msgspec.MsgspecError, KeyError, UnicodeError):
        return None


def rounded(milliseconds: int | None) -> int | None:
    """Up to 10 ms: what is finer could carry a hidden input out of the box."""
    return None if milliseconds is None else -(-milliseconds // 10) * 10


_NAMES = {type_: kind for kind, type_ in KINDS.items()}


def _event(place: Place, data: Data, before: int = 0) -> Event:
    return Event(place, _NAMES[type(data)], msgspec.json.encode(data), before)
