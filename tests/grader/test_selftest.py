"""The self-test: what it looks at first, what it believes, and what it remembers."""

from pathlib import Path

import pytest

from grader.sandbox import SandboxUnavailable
from grader.selftest import check_sandbox, check_walls, circumstances, prove, smoke_programs
from sandboxes.languages import languages
from sandboxes.protocol import CaseOutcome, Outcome, RunReport, RunRequest
from tests.grader.fakes import FakeSandbox
from tests.grader.probed import as_declared, facts, report

_PROGRAMS = {path.read_bytes(): path.stem for path in smoke_programs(languages()["python"])}


def as_named(request: RunRequest) -> RunReport:
    """What every smoke program of Python comes to in a sandbox that keeps its promises, and whose walls stand."""
    if request.probe:
        return as_declared(request)
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
        if request.probe or not report.cases or not report.cases[0].stdout:
            return report
        return _case(outcome=Outcome.EXITED, exit_code=1)

    assert check_sandbox(FakeSandbox(mute)) == ["python: exited.py came to exit code 1 and the output b''"]


def test_what_failed_is_tried_again_and_what_passed_is_remembered(tmp_path: Path):
    def broken(request: RunRequest) -> RunReport:
        raise SandboxUnavailable("no box")

    assert prove(FakeSandbox(broken), tmp_path) == ["python: no box"]
    first, second = FakeSandbox(as_named), FakeSandbox(as_named)
    assert prove(first, tmp_path) == []
    assert len(first.requests) == 1 + len(_PROGRAMS)
    assert prove(second, tmp_path) == []
    assert [request.probe for request in second.requests] == [True]


def without_filter(request: RunRequest) -> RunReport:
    """What boxes tell whose programs are under no filter; nothing else may be asked of them."""
    assert request.probe, "a program was run behind walls that differ"
    told = [facts(), facts()]
    for one in told:
        one["status"]["Seccomp"] = "0"
    return report(*told)


@pytest.mark.parametrize("served", [{"python": "fake/python"}, {"c": "fake/c", "python": "fake/python"}])
def test_no_program_is_run_behind_walls_that_differ(tmp_path: Path, served: dict[str, str]):
    line = "python: box: seccomp mode: declared 2, found 0"
    for check in (check_sandbox, check_walls, lambda sandbox: prove(sandbox, tmp_path)):
        sandbox = FakeSandbox(without_filter)
        sandbox.served = served
        assert line in check(sandbox)


def test_walls_that_have_changed_since_the_proof_are_seen(tmp_path: Path):
    assert prove(FakeSandbox(as_named), tmp_path) == []
    assert prove(FakeSandbox(without_filter), tmp_path) == ["python: box: seccomp mode: declared 2, found 0"]


def test_of_many_languages_that_are_proved_one_is_looked_at_again(tmp_path: Path):
    sandbox = FakeSandbox(as_named)
    sandbox.served = {"bash": "fake/bash", "python": "fake/python"}
    for name, image in sandbox.served.items():
        (tmp_path / f"proved-{name}-{circumstances(languages()[name], image)}").touch()
    assert prove(sandbox, tmp_path) == []
    assert [(request.language, request.probe) for request in sandbox.requests] == [("python", True)]


def test_another_image_must_prove_itself_anew(tmp_path: Path):
    assert prove(FakeSandbox(as_named), tmp_path) == []
    other = FakeSandbox(as_named)
    other.served = {"python": "sha256:another"}
    assert prove(other, tmp_path) == []
    assert len(other.requests) == 1 + len(_PROGRAMS)


def test_a_sandbox_without_languages_proves_nothing(tmp_path: Path):
    empty = FakeSandbox()
    empty.served = {}
    assert prove(empty, tmp_path) == ["no language can be run here"]


@pytest.mark.parametrize("language", sorted(languages()))
def test_programs_are_named_after_what_they_prove(language: str):
    stems = {path.stem for path in smoke_programs(languages()[language])}
    assert stems >= {"exited", "not_compiled", "out_of_memory", "output_too_large", "signalled"}
