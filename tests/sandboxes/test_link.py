"""What the grader makes of a runner that lies, stammers, floods or falls silent: nothing, and the link is over."""

import math
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from grader import link as link_module
from grader.link import Link
from grader.local_sandbox import SocketStream
from grader.sandbox import SandboxUnavailable
from sandboxes.job import MAX_PACKED_BYTES
from sandboxes.protocol import (
    PROTOCOL_VERSION,
    CaseInput,
    CaseOutcome,
    Limits,
    Outcome,
    RunReport,
    RunRequest,
    encode,
    outcome_frame,
)

from .fake_runner import FakeRunner, Script, linked

LIMITS = Limits(cpu_ms=1000, wall_ms=1000, memory_mib=64, output_kib=1, processes=4)
COMPILE = Limits(cpu_ms=1000, wall_ms=2000, memory_mib=64, output_kib=2, processes=4)
REQUEST = RunRequest(
    language="python",
    files={"main.py": b""},
    cases=[CaseInput(stdin=b"1", limits=LIMITS), CaseInput(stdin=b"2", limits=LIMITS)],
    compile_limits=COMPILE,
)
WELL = CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stdout=b"x")
BROKEN = CaseOutcome(outcome=Outcome.NOT_COMPILED, exit_code=1, stderr=b"no")
KIB = b"x" * 1024


def run(script: Script, request: RunRequest = REQUEST, heard: list[int] | None = None) -> RunReport:
    """A request answered by a script."""
    with linked(script) as link:
        return link.run(request, lambda index, _: heard.append(index) if heard is not None else None)


def after_request(script: Callable[[FakeRunner], object]) -> Script:
    """A script for what is said to a request."""

    def play(runner: FakeRunner) -> None:
        runner.hear()
        script(runner)
        runner.socket.shutdown(socket.SHUT_WR)
        while runner.socket.recv(4096):
            pass

    return play


def good_rest(runner: FakeRunner) -> None:
    runner.case(WELL, 0)
    runner.case(WELL, 1)
    runner.say("done", worn=False)


good = after_request(good_rest)


def test_a_runner_that_does_as_it_should():
    heard: list[int] = []
    assert run(good, heard=heard) == RunReport(compiled=None, cases=(WELL, WELL))
    assert heard == [0, 1]


def test_a_compiled_program():
    @after_request
    def script(runner: FakeRunner) -> None:
        runner.case(WELL, 0, "compiled")
        good_rest(runner)

    assert run(script) == RunReport(compiled=WELL, cases=(WELL, WELL))


@pytest.mark.parametrize("kind", ["compiled", "case"])
def test_a_failed_compilation_ends_the_run_however_it_is_told(kind: str):
    @after_request
    def script(runner: FakeRunner) -> None:
        runner.case(BROKEN, 0, kind)
        runner.say("done", worn=False)

    assert run(script) == RunReport(compiled=BROKEN, cases=())


def _raw(runner: FakeRunner, **changed: Any) -> None:
    header = {"type": "done", "tag": runner.tag, "seq": runner.seq, "worn": False, **changed}
    runner.send(encode({name: value for name, value in header.items() if value is not ...}))


def _flood(runner: FakeRunner, outcome: CaseOutcome, kind: str = "case") -> None:
    runner.case(outcome, 0, kind)


LIES: dict[str, Callable[[FakeRunner], object]] = {
    "nothing": lambda runner: None,
    "done at once": lambda runner: runner.say("done"),
    "done after one": lambda runner: (runner.case(WELL, 0), runner.say("done")),
    "another tag": lambda runner: _raw(runner, type="case", tag="0" * 16),
    "no tag": lambda runner: _raw(runner, tag=...),
    "tag of another type": lambda runner: _raw(runner, tag=["x"]),
    "another number": lambda runner: _raw(runner, seq=1),
    "no number": lambda runner: _raw(runner, seq=...),
    "the same number twice": lambda runner: (
        runner.case(WELL, 0),
        setattr(runner, "seq", 0),
        runner.case(WELL, 1),
    ),
    "the second case first": lambda runner: runner.case(WELL, 1),
    "the first case twice": lambda runner: (runner.case(WELL, 0), runner.case(WELL, 0)),
    "a surplus case": lambda runner: (runner.case(WELL, 0), runner.case(WELL, 1), runner.case(WELL, 2)),
    "a negative case": lambda runner: runner.case(WELL, -1),
    "a case after a failed compilation": lambda runner: (
        runner.case(BROKEN, 0, "compiled"),
        runner.case(WELL, 0),
    ),
    "a case after a case that did not compile": lambda runner: (runner.case(BROKEN, 0), runner.case(WELL, 1)),
    "compiled twice": lambda runner: (runner.case(WELL, 0, "compiled"), runner.case(WELL, 0, "compiled")),
    "compiled after a case": lambda runner: (runner.case(WELL, 0), runner.case(WELL, 0, "compiled")),
    "a second hello": lambda runner: runner.say("hello", protocol=1),
    "an unknown kind": lambda runner: runner.say("verdict"),
    "a kind of another type": lambda runner: runner.say("x", type={"type": "done"}),
    "a request": lambda runner: runner.say("run"),
    "an outcome without facts": lambda runner: runner.say("case", index=0),
    "no frame": lambda runner: runner.send(b"Traceback (most recent call last):\n"),
    "half a frame": lambda runner: runner.send(encode({"type": "done", "tag": runner.tag, "seq": 0})[:-1]),
    "an endless frame": lambda runner: runner.send(struct.pack(">II", 1 << 31, 40) + KIB * 1024),
    "more output than the case may have": lambda runner: _flood(
        runner, CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stdout=KIB + b"x")
    ),
    "more error output": lambda runner: _flood(
        runner, CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stderr=KIB + b"x")
    ),
    "a longer value": lambda runner: _flood(
        runner, CaseOutcome(outcome=Outcome.EXITED, exit_code=0, returned=KIB + b"x")
    ),
    "an artefact nobody asked for": lambda runner: _flood(runner, MADE, "compiled"),
    "more from the compiler": lambda runner: _flood(
        runner, CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stdout=2 * KIB + b"x"), "compiled"
    ),
}


SHARED = replace(REQUEST, share=True)
MADE = CaseOutcome(outcome=Outcome.EXITED, exit_code=0, returned=bytes(1 << 20))
SHARED_LIES: dict[str, Callable[[FakeRunner], object]] = {
    "an artefact of a refused program": lambda runner: runner.case(
        CaseOutcome(outcome=Outcome.NOT_COMPILED, exit_code=1, returned=b"x"), 0, "compiled"
    ),
    "an artefact larger than any": lambda runner: runner.send(
        struct.pack(">II", 2 * MAX_PACKED_BYTES, 40) + KIB * 1024
    ),
    "an artefact in a case": lambda runner: (runner.case(WELL, 0, "compiled"), runner.case(MADE, 0)),
}


@pytest.mark.parametrize("lie", SHARED_LIES)
def test_so_does_a_lie_about_an_artefact(lie: str):
    with pytest.raises(SandboxUnavailable, match=r"the runner was lost: .+"):
        run(after_request(SHARED_LIES[lie]), SHARED)


def test_an_artefact_comes_with_the_compilation_and_is_not_in_the_report():
    @after_request
    def script(runner: FakeRunner) -> None:
        runner.case(MADE, 0, "compiled")
        good_rest(runner)

    heard: list[tuple[CaseOutcome, bytes | None]] = []
    with linked(script) as link:
        report = link.run(SHARED, None, lambda outcome, artefact: heard.append((outcome, artefact)))
    assert heard == [(replace(MADE, returned=None), MADE.returned)]
    assert report.compiled == replace(MADE, returned=None)


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_ends_the_link(lie: str):
    with pytest.raises(SandboxUnavailable, match=r"the runner was lost: .+"):
        run(after_request(LIES[lie]))


def test_output_up_to_the_limit_is_no_lie():
    full = CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stdout=KIB, stderr=KIB, returned=KIB)

    @after_request
    def script(runner: FakeRunner) -> None:
        runner.case(full, 0)
        runner.case(WELL, 1)
        runner.say("done", worn=False)

    assert run(script).cases[0] == full


def test_a_fault_is_told_in_plain_signs():
    with pytest.raises(SandboxUnavailable) as caught:
        run(after_request(lambda runner: runner.say("fault", message="a\x1b[2J\ud800\n" + "x" * 10_000)))
    text = str(caught.value)
    assert text.startswith("the sandbox failed: a\\x1b[2J\\ud800\\nxxx")
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 1000


@pytest.mark.parametrize("message", [None, 3, ["x"], {"a": 1}])
def test_a_fault_may_be_anything(message: Any):
    with pytest.raises(SandboxUnavailable, match="the sandbox failed"):
        run(after_request(lambda runner: runner.say("fault", message=message)))


@pytest.mark.parametrize("worn", [True, None, 0, "no", ...])
def test_a_runner_counts_as_worn_unless_it_says_otherwise(worn: Any):
    @after_request
    def script(runner: FakeRunner) -> None:
        runner.case(WELL, 0)
        runner.case(WELL, 1)
        runner.say("done", **({} if worn is ... else {"worn": worn}))

    with linked(script) as link:
        link.run(REQUEST, None)
        assert link.worn


def test_a_second_request_has_another_tag():
    tags: list[str] = []

    def script(runner: FakeRunner) -> None:
        for _ in range(2):
            runner.hear()
            runner.seq = 0
            tags.append(runner.tag)
            runner.case(WELL, 0)
            runner.case(WELL, 1)
            runner.say("done", worn=False)

    with linked(script) as link:
        link.run(REQUEST, None)
        link.run(REQUEST, None)
        assert not link.worn
    assert len(set(tags)) == 2
    assert all(len(tag) == 16 for tag in tags)


def test_frames_kept_back_do_not_answer_the_next_request():
    def script(runner: FakeRunner) -> None:
        runner.hear()
        runner.case(WELL, 0)
        runner.case(WELL, 1)
        runner.say("done", worn=False)
        old = runner.tag
        runner.hear()
        runner.send(outcome_frame("case", old, 0, WELL, 0))

    with linked(script) as link:
        link.run(REQUEST, None)
        with pytest.raises(SandboxUnavailable, match="another request"):
            link.run(REQUEST, None)


def test_what_the_listener_raises_is_not_taken_for_the_runners_fault():
    def listen(_index: int, _outcome: CaseOutcome) -> None:
        raise OSError("the database")

    with linked(good) as link, pytest.raises(OSError, match="the database"):
        link.run(REQUEST, listen)


class Clock:
    """The link's clock, and a stream whose every wait takes as long as it may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, frames: list[bytes]) -> None:
        self.now = 0.0
        self.deadline = math.inf
        self.waited: list[float] = []
        self._data = b"".join(frames)
        monkeypatch.setattr(link_module.time, "monotonic", lambda: self.now)

    def set_deadline(self, deadline: float) -> None:
        self.deadline = deadline

    def send(self, data: bytes) -> None:
        self.waited.append(self.deadline - self.now)

    def receive(self, size: int) -> bytes:
        if not self._data:
            self.waited.append(self.deadline - self.now)
            raise TimeoutError("it did not answer in time")
        part, self._data = self._data[:size], self._data[size:]
        return part


def _patience(monkeypatch: pytest.MonkeyPatch, *said: tuple[str, CaseOutcome]) -> float:
    monkeypatch.setattr(link_module.secrets, "token_hex", lambda size: "tag")
    frames = [outcome_frame(kind, "tag", seq, outcome, 0) for seq, (kind, outcome) in enumerate(said)]
    clock = Clock(monkeypatch, frames)
    slow = RunRequest(
        language="c",
        files={},
        cases=[
            CaseInput(
                stdin=b"", limits=Limits(cpu_ms=1, wall_ms=wall, memory_mib=1, output_kib=1, processes=1)
            )
            for wall in (5000, 7000)
        ][: max(1, len(said))],
        compile_limits=COMPILE,
    )
    with pytest.raises(SandboxUnavailable, match="did not answer in time"):
        Link(clock, clock.set_deadline).run(slow, None)
    sent, waited = clock.waited
    assert sent == link_module.SEND_SECONDS
    return waited


def test_the_grader_waits_as_long_as_the_step_may_take_and_no_longer(monkeypatch: pytest.MonkeyPatch):
    grace = link_module.GRACE_SECONDS
    assert (
        _patience(monkeypatch) == 3 * (2 + 5) + grace
    )  # compiling may take 2 s, and perhaps nothing is compiled
    assert _patience(monkeypatch, ("compiled", WELL)) == 3 * (2 + 5) + grace
    assert _patience(monkeypatch, ("compiled", WELL), ("case", WELL)) == 3 * (2 + 7) + grace
    assert _patience(monkeypatch, ("case", WELL)) == pytest.approx(grace, abs=0.01)  # only `done` is missing


def test_silence_on_a_real_socket_ends_by_the_deadline():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = SocketStream(ours)
        stream.set_deadline(0.0)
        with pytest.raises(TimeoutError):
            stream.receive(1)
        with pytest.raises(TimeoutError):
            stream.send(b"x")


def test_a_runner_that_does_not_read_stops_the_sender_by_the_deadline(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(link_module, "SEND_SECONDS", 0.05)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = SocketStream(ours)
        large = RunRequest(
            language="python", files={"main.py": bytes(4 << 20)}, cases=REQUEST.cases, compile_limits=COMPILE
        )
        with pytest.raises(SandboxUnavailable):
            Link(stream, stream.set_deadline).run(large, None)


HELLO = {"type": "hello", "protocol": PROTOCOL_VERSION, "language": "python"}


def greet(data: bytes) -> None:
    """What becomes of a runner that begins like this."""
    with linked(lambda runner: runner.send(data)) as link:
        link.greet()


def test_a_runner_that_greets():
    greet(encode(HELLO))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the runner was lost"),
        (b"\0\0", "the runner was lost"),
        (os.urandom(8).replace(b"\0", b"\1") + KIB, "the runner was lost"),
        (encode({**HELLO, "protocol": 1}), "another protocol: 1; rebuild the images"),
        (encode({**HELLO, "protocol": "\x1b[2J" * 50}), "another protocol: '.x1b"),
        (encode({"type": "done"}), "another protocol"),
        (encode({"type": "fault", "message": "boxes cannot be made here"}), "boxes cannot be made here"),
        (encode({**HELLO, "more": "x" * 100_000}), "not acceptable"),
    ],
)
def test_a_runner_that_begins_otherwise_is_not_used(data: bytes, said: str):
    with pytest.raises(SandboxUnavailable, match=said):
        greet(data)
