"""The grader's end of a runner's stream: one request at a time, every byte checked, every wait bounded.

What comes from a runner is hostile input, for foreign code lives behind it. A frame that is late, out of order,
unknown, of another request or too large ends the link: the runner behind it is thrown away, never trusted again.
"""

import secrets
import time
from collections.abc import Callable
from typing import Any

from grader.sandbox import OnCase, SandboxUnavailable
from sandboxes.protocol import (
    PROTOCOL_VERSION,
    CaseOutcome,
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
SetDeadline = Callable[[float], None]


class Link:
    """Speaks to one runner. ``set_deadline`` bounds the stream's next operations (a `time.monotonic` value)."""

    def __init__(self, stream: Stream, set_deadline: SetDeadline) -> None:
        self._stream, self._set_deadline = stream, set_deadline

    def greet(self) -> None:
        """Waits for the runner's hello. Raises SandboxUnavailable if it does not come or cannot make boxes."""
        header, _ = self._read(time.monotonic() + HELLO_SECONDS)
        if header.get("type") == "fault":
            raise SandboxUnavailable(str(header.get("message"))[:500])
        if header.get("type") != "hello" or header.get("protocol") != PROTOCOL_VERSION:
            raise SandboxUnavailable(
                f"the runner speaks another protocol: {header.get('protocol')!r}; rebuild the images"
            )

    def run(self, request: RunRequest, on_case: OnCase | None) -> RunReport:
        """Sends a request and reads until it is done. Raises SandboxUnavailable; the link is then of no more use."""
        tag = secrets.token_hex(8)
        conversation = _Conversation(request, tag, on_case)
        try:
            self._set_deadline(time.monotonic() + 60)
            self._stream.send(request_frame(request, tag))
            while not conversation.done:
                conversation.hear(*self._read(time.monotonic() + conversation.patience()))
        except (ProtocolError, OSError, EOFError) as error:
            raise SandboxUnavailable(f"the runner was lost: {error or type(error).__name__}") from error
        return conversation.report()

    def _read(self, deadline: float) -> tuple[dict[str, Any], list[bytes]]:
        self._set_deadline(deadline)
        try:
            return read_frame(self._stream)
        except (ProtocolError, OSError, EOFError) as error:
            raise SandboxUnavailable(f"the runner was lost: {error or type(error).__name__}") from error


class _Conversation:
    """What has been heard about one request, and what may come next."""

    def __init__(self, request: RunRequest, tag: str, on_case: OnCase | None) -> None:
        self._request, self._tag, self._on_case = request, tag, on_case
        self._seq = 0
        self._compiled: CaseOutcome | None = None
        self._cases: list[CaseOutcome] = []
        self.done = False

    def patience(self) -> float:
        """Seconds the runner may be silent now: its present step's wall limit and some grace."""
        limits = self._request.compile_limits
        if (self._compiled is not None or self._cases) and len(self._cases) < len(self._request.cases):
            limits = self._request.cases[len(self._cases)].limits
        elif self._cases:
            return GRACE_SECONDS
        longest = max((case.limits.wall_ms for case in self._request.cases[:1]), default=0)
        return max(limits.wall_ms, longest) / 1000 + GRACE_SECONDS

    def hear(self, header: dict[str, Any], blobs: list[bytes]) -> None:
        if header.get("tag") != self._tag or header.get("seq") != self._seq:
            raise ProtocolError("a frame of another request, or out of order")
        self._seq += 1
        kind = header.get("type")
        if kind == "case":
            self._hear_case(header, blobs)
        elif kind == "compiled" and self._compiled is None and not self._cases:
            self._compiled = self._bounded(parse_outcome(header, blobs))
        elif kind == "done":
            self._hear_done()
        elif kind == "fault":
            raise SandboxUnavailable(f"the sandbox failed: {str(header.get('message'))[:500]}")
        else:
            raise ProtocolError(f"an unexpected frame: {kind!r}")

    def _hear_case(self, header: dict[str, Any], blobs: list[bytes]) -> None:
        index = len(self._cases)
        if header.get("index") != index or index >= len(self._request.cases):
            raise ProtocolError("a case that was not asked for")
        outcome = self._bounded(parse_outcome(header, blobs))
        self._cases.append(outcome)
        if self._on_case is not None:
            self._on_case(index, outcome)

    def _bounded(self, outcome: CaseOutcome) -> CaseOutcome:
        limits = [self._request.compile_limits, *(case.limits for case in self._request.cases)]
        most = max(limit.output_kib for limit in limits) * 1024
        if max(len(outcome.stdout), len(outcome.stderr), len(outcome.returned or b"")) > most:
            raise ProtocolError("more output than the limits allow")
        return outcome

    def _hear_done(self) -> None:
        stopped = self._not_compiled()
        if len(self._cases) != len(self._request.cases) and not stopped:
            raise ProtocolError("done before every case was reported")
        self.done = True

    def _not_compiled(self) -> bool:
        if self._compiled is not None and not self._compiled.ended_well:
            return True
        return bool(self._cases) and self._cases[-1].outcome is Outcome.NOT_COMPILED

    def report(self) -> RunReport:
        """The whole, with a failed compilation in ``compiled`` however it was found out."""
        if self._cases and self._cases[-1].outcome is Outcome.NOT_COMPILED:
            return RunReport(compiled=self._cases[-1], cases=())
        return RunReport(compiled=self._compiled, cases=tuple(self._cases))
