"""The grader's end of a runner's stream: one request at a time, every byte checked, every wait bounded.

What comes from a runner is hostile input, for foreign code lives behind it. A frame that is late, out of order,
unknown, of another request or too large ends the link: the runner behind it is thrown away, never trusted again.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from grader.sandbox import OnCase, SandboxUnavailable
from sandboxes.job import MAX_PACKED_BYTES
from sandboxes.protocol import (
    MOST_WALL,
    PROTOCOL_VERSION,
    CaseOutcome,
    Limits,
    Outcome,
    ProtocolError,
    RunReport,
    RunRequest,
    Stream,
    parse_outcome,
    read_frame,
    request_frame,
)

HELLO_SECONDS = 20
#: What a case may take beyond its own wall limit before the runner counts as lost.
GRACE_SECONDS = 10
SEND_SECONDS = 60
_HEADER_BYTES = 64 * 1024
_LOST = (ProtocolError, OSError, EOFError)
SetDeadline = Callable[[float], None]
OnCompiled = Callable[[CaseOutcome, bytes | None], None]


class Link:
    """Speaks to one runner. ``set_deadline`` bounds the stream's next operations (a `time.monotonic` value).

    ``worn``: the runner has asked not to be used again.
    """

    def __init__(self, stream: Stream, set_deadline: SetDeadline) -> None:
        self._stream, self._set_deadline = stream, set_deadline
        self.worn = False

    def greet(self) -> None:
        """Waits for the runner's hello. Raises SandboxUnavailable if it does not come or cannot make boxes."""
        try:
            header, _ = self._read(time.monotonic() + HELLO_SECONDS, _HEADER_BYTES)
        except _LOST as error:
            raise _lost(error) from error
        if header.get("type") == "fault":
            raise SandboxUnavailable(_said(header))
        if header.get("type") != "hello" or header.get("protocol") != PROTOCOL_VERSION:
            version = ascii(header.get("protocol"))[:40]
            raise SandboxUnavailable(f"the runner speaks another protocol: {version}; rebuild the images")

    def run(
        self, request: RunRequest, on_case: OnCase | None, on_compiled: OnCompiled | None = None
    ) -> RunReport:
        """Sends a request and reads until it is done.

        ``on_compiled`` hears how a compilation ended as soon as it has, with the artefact if the request shares it.

        Raises:
            SandboxUnavailable: the link is of no more use.
        """
        conversation = _Conversation(request, tag=secrets.token_hex(8))
        self._send(request_frame(request, conversation.tag))
        while not conversation.done:
            heard = self._next(conversation)
            if conversation.compiled is not None and on_compiled is not None:
                on_compiled(conversation.compiled, conversation.artefact)
                on_compiled = None
            if heard is not None and on_case is not None:
                on_case(*heard)
        self.worn = conversation.worn
        return conversation.report()

    def _send(self, data: bytes) -> None:
        self._set_deadline(time.monotonic() + SEND_SECONDS)
        try:
            self._stream.send(data)
        except _LOST as error:
            raise _lost(error) from error

    def _next(self, conversation: "_Conversation") -> tuple[int, CaseOutcome] | None:
        step = conversation.step()
        # On a busy machine the runner lets a program have more than its limit.
        deadline = time.monotonic() + MOST_WALL * step.wall_ms / 1000 + GRACE_SECONDS
        most = 3 * 1024 * step.output_kib + _HEADER_BYTES + conversation.artefact_bytes()
        try:
            return conversation.hear(*self._read(deadline, most))
        except _LOST as error:
            raise _lost(error) from error

    def _read(self, deadline: float, most: int) -> tuple[dict[str, Any], list[bytes]]:
        self._set_deadline(deadline)
        return read_frame(self._stream, most)


def _lost(error: Exception) -> SandboxUnavailable:
    return SandboxUnavailable(f"the runner was lost: {_plain(str(error)) or type(error).__name__}")


def _said(header: dict[str, Any]) -> str:
    return _plain(str(header.get("message")))


def _plain(text: str) -> str:
    # It goes into logs, tables and terminals.
    return ascii(text[:500])[1:-1]


class _Conversation:
    """What has been heard about one request, and what may come next."""

    def __init__(self, request: RunRequest, tag: str) -> None:
        self._request, self.tag = request, tag
        self._seq = 0
        self.compiled: CaseOutcome | None = None
        self.artefact: bytes | None = None
        self._cases: list[CaseOutcome] = []
        self.done = False
        self.worn = False

    def step(self) -> Limits:
        """What bounds the next frame: the limits of what the runner is at now."""
        compiling = self._request.compile_limits
        cases = self._request.cases[len(self._cases) :]
        if not cases:
            return compiling if self._may_compile() else replace(compiling, wall_ms=1)
        # It compiles, or it runs the next case; and a case that ended badly may be followed by the question whether it
        # was a program at all.
        return replace(
            compiling,
            wall_ms=cases[0].limits.wall_ms + compiling.wall_ms,
            output_kib=max(compiling.output_kib, cases[0].limits.output_kib),
        )

    def artefact_bytes(self) -> int:
        """By how much the next frame may be larger for the artefact in it."""
        return MAX_PACKED_BYTES if self._request.share and self._may_compile() else 0

    def _may_compile(self) -> bool:
        return self.compiled is None and not self._cases

    def hear(self, header: dict[str, Any], blobs: list[bytes]) -> tuple[int, CaseOutcome] | None:
        """Takes a frame; a case's number and outcome if it was one. Raises ProtocolError, SandboxUnavailable."""
        if header.get("tag") != self.tag or header.get("seq") != self._seq:
            raise ProtocolError("a frame of another request, or out of order")
        self._seq += 1
        kind = header.get("type")
        if kind == "case":
            return self._hear_case(header, blobs)
        if kind == "compiled" and self._may_compile():
            self._hear_compiled(parse_outcome(header, blobs))
        elif kind == "done":
            self._hear_done(header)
        elif kind == "fault":
            raise SandboxUnavailable(f"the sandbox failed: {_said(header)}")
        else:
            raise ProtocolError(f"an unexpected frame: {ascii(kind)[:40]}")
        return None

    def _hear_compiled(self, outcome: CaseOutcome) -> None:
        if outcome.returned is not None:
            if not self._request.share or not outcome.ended_well:
                raise ProtocolError("an artefact that was not asked for")
            self.artefact, outcome = outcome.returned, replace(outcome, returned=None)
        self.compiled = _within(self._request.compile_limits, outcome)

    def _hear_case(self, header: dict[str, Any], blobs: list[bytes]) -> tuple[int, CaseOutcome]:
        index = len(self._cases)
        if header.get("index") != index or index >= len(self._request.cases) or self._not_compiled():
            raise ProtocolError("a case that was not asked for")
        outcome = _within(self._request.cases[index].limits, parse_outcome(header, blobs))
        self._cases.append(outcome)
        return index, outcome

    def _hear_done(self, header: dict[str, Any]) -> None:
        if len(self._cases) != len(self._request.cases) and not self._not_compiled():
            raise ProtocolError("done before every case was reported")
        self.done = True
        self.worn = header.get("worn") is not False

    def _not_compiled(self) -> bool:
        if self.compiled is not None and not self.compiled.ended_well:
            return True
        return bool(self._cases) and self._cases[-1].outcome is Outcome.NOT_COMPILED

    def report(self) -> RunReport:
        """The whole, with a failed compilation in ``compiled`` however it was found out."""
        if self._cases and self._cases[-1].outcome is Outcome.NOT_COMPILED:
            return RunReport(compiled=self._cases[-1], cases=())
        return RunReport(compiled=self.compiled, cases=tuple(self._cases))


def _within(limits: Limits, outcome: CaseOutcome) -> CaseOutcome:
    if max(len(outcome.stdout), len(outcome.stderr), len(outcome.returned or b"")) > limits.output_kib * 1024:
        raise ProtocolError("more output than the limits allow")
    return outcome
