"""The values and the wire format between the grader and the runner behind the wall.

Theory of operation
-------------------
The grader holds one byte stream to one runner (a container's attached stdin and stdout, or a local process's pipes) and
has at most one request under way on it. Expected answers never cross: the runner gets inputs and reports what happened.

A *frame* is::

    4 bytes   big-endian length of the rest
    4 bytes   big-endian length of the header
    header    a JSON object; its member "blobs" lists the lengths of the blobs
    blobs     raw bytes, one after the other

Frames, by the header's ``type``::

    hello     runner -> grader   once: {protocol, language, version}
    run       grader -> runner   {tag, language, ...}; blobs: the artefact or the files, then each case's input
    compiled  runner -> grader   {tag, seq, outcome}; blobs: stdout, stderr, the artefact if it was asked for
    case      runner -> grader   {tag, seq, index, outcome}; blobs: stdout, stderr, returned value
    done      runner -> grader   {tag, seq, worn}; worn: do not use this runner again
    fault     runner -> grader   {tag, seq, message}: the runner could not do its work; the grader drops the runner

``tag`` is random per request and ``seq`` counts from 0: a frame that is late, repeated, unknown or too long makes the
grader throw the runner away. Everything read here is hostile input: lengths are checked before memory is taken.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Protocol

PROTOCOL_VERSION = 2
MAX_FRAME_BYTES = 256 * 1024 * 1024
MAX_HEADER_BYTES = 4 * 1024 * 1024
#: Time without a core is not held against a program; but however busy the machine is, it ends after this many times
#: its wall limit.
MOST_WALL = 3
_LENGTHS = struct.Struct(">II")
_to_json = json.JSONEncoder(separators=(",", ":")).encode  # `json.dumps` would make one for every frame


class ProtocolError(Exception):
    """The other side sent what it must not; the stream cannot be trusted any more."""


class Outcome(StrEnum):
    """What happened to a process. EXITED says nothing of the exit code; SKIPPED: it was never started."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    OUTPUT_TOO_LARGE = "output_too_large"
    SIGNALLED = "signalled"
    NOT_COMPILED = "not_compiled"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one process tree may use. Times in ms, memory in MiB, output in KiB of stdout and stderr each.

    ``cpu_ms`` is processor time of the whole box, ``wall_ms`` guards against sleepers, ``processes`` counts threads.
    """

    cpu_ms: int
    wall_ms: int
    memory_mib: int
    output_kib: int
    processes: int

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if type(value) is not int or not 0 < value < 2**31:
                raise ValueError(f"limit {name} must be a positive whole number, not {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseInput:
    """One case as the runner sees it. ``chain`` names cases that are pointless once one of them has not ended well:
    the rest of the chain is skipped; None: always run. For function suites ``stdin`` is the JSON list of arguments."""

    stdin: bytes
    limits: Limits
    chain: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """What a harness calls: the function's name, its parameter types in order, and its return type (suite words)."""

    name: str
    parameters: tuple[str, ...] = ()
    returns: str = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One submission, or some of its cases: compile ``files`` once, then run every case in a fresh box.

    ``files`` maps plain names (no slash) to contents; a single source gets the language's main name.
    ``total_wall_ms`` bounds all cases together; cases not started by then are skipped. ``asks_version``: cases run the
    language's version command, and nothing is compiled.

    ``share`` asks for what the compiler makes, the *artefact*. A request that brings it, from the same files and the
    same image, compiles nothing. ``again``: files and artefact are those of this runner's request before, and are not
    sent once more. ``probe``: instead of any program, each box runs our own `probe.py`, which says what a program
    would find there.

    Raises:
        ValueError: a name is not plain, the bound is not a positive whole number, or ``asks_version`` no boolean.
    """

    language: str
    files: dict[str, bytes]
    cases: Sequence[CaseInput]
    compile_limits: Limits
    function: FunctionCall | None = None
    total_wall_ms: int = 300_000
    artefact: bytes | None = None
    share: bool = False
    again: bool = False
    probe: bool = False
    asks_version: bool = False

    def __post_init__(self) -> None:
        for name in self.files:
            if name in ("", ".", "..") or len(name.encode()) > 255 or any(sign in name for sign in "/\0\n"):
                raise ValueError(f"{name!r} is not a plain file name")
        if type(self.total_wall_ms) is not int or not 0 < self.total_wall_ms < 2**31:
            raise ValueError(f"total_wall_ms must be a positive whole number, not {self.total_wall_ms!r}")
        if type(self.asks_version) is not bool:
            raise ValueError(f"asks_version must be a boolean, not {self.asks_version!r}")

    @property
    def is_of_ours(self) -> bool:
        """Whether boxes run something of ours instead of a program: there is nothing to compile, keep or share."""
        return self.probe or self.asks_version


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOutcome:
    """What happened to one process tree. Times in whole milliseconds, peak memory in KiB.

    ``exit_code`` and ``signal`` exclude each other; both are None where we ended it (limits) or it never ran.
    ``limit`` says which limit ended it (``cpu``, ``wall``) where ``outcome`` is TIMED_OUT. ``returned`` is what a
    function's harness reported, or None if it reported nothing; of a compilation it is the artefact.
    """

    outcome: Outcome
    exit_code: int | None = None
    signal: int | None = None
    cpu_ms: int = 0
    wall_ms: int = 0
    memory_kib: int = 0
    limit: str | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    returned: bytes | None = None

    @property
    def ended_well(self) -> bool:
        return self.outcome is Outcome.EXITED and self.exit_code == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """All that happened. ``compiled`` is None for a language without a compile step; if it is not ``ended_well`` (or
    any case is NOT_COMPILED), no case was run and ``cases`` is empty. ``image`` and ``isolation`` say where it ran."""

    compiled: CaseOutcome | None
    cases: tuple[CaseOutcome, ...]
    image: str = ""
    isolation: str = ""


class Stream(Protocol):
    """A byte stream both ways, with deadlines of its own. `receive` gives 1 to ``size`` bytes or raises EOFError."""

    def send(self, data: bytes) -> None: ...

    def receive(self, size: int) -> bytes: ...


def encode(header: dict[str, Any], blobs: Sequence[bytes] = ()) -> bytes:
    """One frame as bytes."""
    text = _to_json({**header, "blobs": [len(blob) for blob in blobs]}).encode()
    size = 4 + len(text) + sum(map(len, blobs))
    if size > MAX_FRAME_BYTES or len(text) > MAX_HEADER_BYTES:
        raise ProtocolError(f"a frame of {size} bytes is too large")
    return b"".join((_LENGTHS.pack(size, len(text)), text, *blobs))


def read_frame(stream: Stream, most: int = MAX_FRAME_BYTES) -> tuple[dict[str, Any], list[bytes]]:
    """The next frame, of at most ``most`` bytes: header and blobs.

    Raises:
        EOFError: the stream ended.
        ProtocolError: the bytes are no frame, or one larger than allowed.
    """
    size, header_size = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if size > most or header_size > MAX_HEADER_BYTES or header_size + 4 > size:
        raise ProtocolError(f"a frame of {size} bytes with a header of {header_size} is not acceptable")
    try:
        header = json.loads(_exactly(stream, header_size))
        lengths = header["blobs"]
        if any(type(n) is not int or n < 0 for n in lengths) or 4 + header_size + sum(lengths) != size:
            raise ProtocolError("the blobs do not fill the frame")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProtocolError(f"unreadable header: {error}") from error
    return header, [_exactly(stream, n) for n in lengths]


def _exactly(stream: Stream, size: int) -> bytes:
    parts = []
    while size:
        part = stream.receive(min(size, 1 << 20))
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def request_frame(request: RunRequest, tag: str) -> bytes:
    """The ``run`` frame of a request."""
    header = {
        "type": "run",
        "tag": tag,
        "language": request.language,
        "with": _with(request),
        "share": request.share,
        "probe": request.probe,
        "files": list(request.files),
        "compile_limits": _facts_of(request.compile_limits),
        "function": asdict(request.function) if request.function else None,
        "total_wall_ms": request.total_wall_ms,
        "asks_version": request.asks_version,
        "cases": [{"limits": _facts_of(case.limits), "chain": case.chain} for case in request.cases],
    }
    return encode(header, [*_sent(request), *(case.stdin for case in request.cases)])


def _facts_of(limits: Limits) -> dict[str, int]:
    # `asdict` would copy each number deeply.
    return {name: getattr(limits, name) for name in Limits.__slots__}


def _with(request: RunRequest) -> str:
    if request.again:
        return "again"
    return "files" if request.artefact is None else "artefact"


def _sent(request: RunRequest) -> list[bytes]:
    if request.again:
        return []
    return list(request.files.values()) if request.artefact is None else [request.artefact]


def parse_request(header: dict[str, Any], blobs: list[bytes]) -> tuple[str, RunRequest]:
    """Tag and request of a ``run`` frame. Raises ProtocolError if it is not one."""
    try:
        names = header["files"]
        function = header["function"]
        sent = {"files": len(names), "artefact": 1, "again": 0}[header["with"]]
        brought, inputs = blobs[:sent], blobs[sent:]
        # Where files are not sent their names still are: commands may list them.
        contents = brought if header["with"] == "files" else [b""] * len(names)
        request = RunRequest(
            language=header["language"],
            files=dict(zip(names, contents, strict=True)),
            artefact=brought[0] if header["with"] == "artefact" else None,
            again=header["with"] == "again",
            share=bool(header["share"]),
            probe=bool(header["probe"]),
            cases=[
                CaseInput(stdin=blob, limits=Limits(**case["limits"]), chain=case["chain"])
                for case, blob in zip(header["cases"], inputs, strict=True)
            ],
            compile_limits=Limits(**header["compile_limits"]),
            function=FunctionCall(**{**function, "parameters": tuple(function["parameters"])})
            if function
            else None,
            total_wall_ms=header["total_wall_ms"],
            asks_version=header["asks_version"],
        )
        return header["tag"], request
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ProtocolError(f"not a run request: {error!r}") from error


_BLOBS = ("stdout", "stderr", "returned")


def outcome_frame(kind: str, tag: str, seq: int, outcome: CaseOutcome, index: int | None = None) -> bytes:
    """A ``compiled`` or ``case`` frame."""
    facts = {name: getattr(outcome, name) for name in CaseOutcome.__slots__ if name not in _BLOBS}
    facts["has_returned"] = outcome.returned is not None
    return encode(
        {"type": kind, "tag": tag, "seq": seq, "index": index, "outcome": facts},
        [outcome.stdout, outcome.stderr, outcome.returned or b""],
    )


def parse_outcome(header: dict[str, Any], blobs: list[bytes]) -> CaseOutcome:
    """The outcome in a ``compiled`` or ``case`` frame. Raises ProtocolError if there is none.

    Every member is checked, for what it says is stored and shown: no type, size or combination that we do not send.
    """
    try:
        facts = dict(header["outcome"])
        stdout, stderr, returned = blobs
        has_returned = facts.pop("has_returned")
        facts["outcome"] = Outcome(facts["outcome"])
        result = CaseOutcome(
            **facts, stdout=stdout, stderr=stderr, returned=returned if has_returned else None
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"not an outcome: {error!r}") from error
    if has_returned is not bool(has_returned) or (returned and not has_returned):
        raise ProtocolError("not an outcome: a returned value that is none")
    if fault := _fault_of(result):
        raise ProtocolError(f"not an outcome: {fault}")
    return result


def _fault_of(outcome: CaseOutcome) -> str | None:
    for name, most in (("cpu_ms", 2**31), ("wall_ms", 2**31), ("memory_kib", 2**31)):
        value = getattr(outcome, name)
        if type(value) is not int or not 0 <= value < most:
            return f"{name} is {value!r:.40}"
    for name, most in (("exit_code", 255), ("signal", 64)):
        value = getattr(outcome, name)
        if value is not None and (type(value) is not int or not 0 <= value <= most):
            return f"{name} is {value!r:.40}"
    if outcome.limit is not None and (outcome.limit not in ("cpu", "wall")):
        return f"limit is {outcome.limit!r:.40}"
    if (outcome.limit is not None) != (outcome.outcome is Outcome.TIMED_OUT):
        return "a limit without a time-out, or the other way round"
    if (outcome.exit_code is not None) != (outcome.outcome in (Outcome.EXITED, Outcome.NOT_COMPILED)):
        return "an exit code that does not belong to its outcome"
    if (outcome.signal is not None) != (outcome.outcome is Outcome.SIGNALLED):
        return "a signal that does not belong to its outcome"
    return None
