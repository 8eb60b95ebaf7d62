"""The self-test: what it believes, and what it remembers."""

from pathlib import Path

import pytest

from grader.sandbox import SandboxUnavailable
from grader.selftest import check_sandbox, prove, smoke_programs
from sandboxes.languages import languages
from sandboxes.protocol import CaseOutcome, Outcome, RunReport, RunRequest
from tests.grader.fakes import FakeSandbox

_PROGRAMS = {path.read_bytes(): path.stem for path in smoke_programs(languages()["python"])}


def as_named(request: RunRequest) -> RunReport:
    """What every smoke program of Python comes to in a sandbox that keeps its promises."""
    name = _PROGRAMS[request.files["main.py"]]
    if name == "not_compiled":
        return RunReport(compiled=CaseOutcome(outcome=Outcome.NOT_COMPILED, exit_code=1), cases=())
    if name == "function":
        return _case(outcome=Outcome.EXITED, exit_code=0, returned=b"5")
    if name == "exited":
        return _case(outcome=Outcome.EXITED, exit_code=0, stdout=b"ok 42\n")
    if name.startswith(Outcome.TIMED_OUT):
        return _case(outcome=Outcome.TIMED_OUT, limit=name.removeprefix("timed_out_"))
    return _case(outcome=Outcome(name))


def _case(**facts: object) -> RunReport:
    return RunReport(compiled=None, cases=(CaseOutcome(**facts),))  # pyright: ignore[reportArgumentType]


def test_an_exit_without_the_right_answer_is_no_proof():
    """A box in which the interpreter cannot even read its input ends by itself, too."""

    def mute(request: RunRequest) -> RunReport:
        report = as_named(request)
        return (
            _case(outcome=Outcome.EXITED, exit_code=1) if report.cases and report.cases[0].stdout else report
        )

    assert check_sandbox(FakeSandbox(mute)) == ["python: exited.py came to exit code 1 and the output b''"]


def test_what_failed_is_tried_again_and_what_passed_is_remembered(tmp_path: Path):
    def broken(request: RunRequest) -> RunReport:
        raise SandboxUnavailable("no box")

    assert len(prove(FakeSandbox(broken), tmp_path)) == len(_PROGRAMS)
    first, second = FakeSandbox(as_named), FakeSandbox(as_named)
    assert prove(first, tmp_path) == []
    assert len(first.requests) == len(_PROGRAMS)
    assert prove(second, tmp_path) == []
    assert second.requests == []


def test_another_image_must_prove_itself_anew(tmp_path: Path):
    assert prove(FakeSandbox(as_named), tmp_path) == []
    other = FakeSandbox(as_named)
    other.served = {"python": "sha256:another"}
    assert prove(other, tmp_path) == []
    assert len(other.requests) == len(_PROGRAMS)


def test_a_sandbox_without_languages_proves_nothing(tmp_path: Path):
    empty = FakeSandbox()
    empty.served = {}
    assert prove(empty, tmp_path) == ["no language can be run here"]


@pytest.mark.parametrize("language", sorted(languages()))
def test_programs_are_named_after_what_they_prove(language: str):
    stems = {path.stem for path in smoke_programs(languages()[language])}
    assert stems >= {"exited", "not_compiled", "out_of_memory", "output_too_large", "signalled"}
