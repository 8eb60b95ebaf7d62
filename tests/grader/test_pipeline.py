"""The whole of grading over a sandbox that runs nothing."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from api.learning.curriculum.suite import SuiteFaults, canonical_json, digest, parse_suite
from api.learning.submissions.grade import CaseGrade, Grade, GradingTask, Reason, SubmissionStatus, Verdict
from grader.limits import Caps, LanguageFacts
from grader.pipeline import SHOWN_COMPILE_OUTPUT, grade
from grader.sandbox import SandboxUnavailable
from sandboxes.protocol import CaseOutcome, FunctionCall, Outcome, RunReport, RunRequest, request_frame

from .fakes import FakeSandbox
from .outcomes import ended, exited

FACTS = LanguageFacts(name="python", main="main.py", cpu_factor=2.0)
CAPS = Caps(
    cpu_ms=60_000, wall_ms=120_000, memory_mib=1024, output_kib=1024, processes=128, total_wall_ms=300_000
)
SUITE: dict[str, Any] = {
    "format": 1,
    "kind": "stdio",
    "languages": ["python"],
    "limits": {"cpuMs": 500},
    "groups": [
        {
            "name": "samples",
            "points": 20,
            "cases": [
                {"name": "one", "stdin": "1\n", "stdout": "2\n"},
                {"name": "two", "stdin": "2\n", "stdout": "4\n"},
            ],
        },
        {
            "name": "secret",
            "visible": False,
            "points": 80,
            "scoring": "all",
            "cases": [
                {"name": "large", "stdin": "5150\n", "stdout": "10300\n"},
                {"name": "zero", "stdin": "0\n", "stdout": "0\n", "limits": {"cpuMs": 700}},
            ],
        },
    ],
}
FUNCTION: dict[str, Any] = {
    "format": 1,
    "kind": "function",
    "languages": ["python"],
    "function": {"name": "half", "parameters": [{"name": "n", "type": "int"}], "returns": "float?"},
    "groups": [
        {
            "name": "samples",
            "points": 1,
            "cases": [
                {"name": "four", "args": [4], "returns": 2},
                {"name": "none", "args": [0], "returns": None},
            ],
        }
    ],
}

Program = Callable[[bytes], CaseOutcome]


def task(suite: dict[str, Any] = SUITE, files: dict[str, str] | None = None) -> GradingTask:
    """A task out of a hundred points."""
    canonical = canonical_json(parse_suite(suite))
    return GradingTask(
        run_id=uuid4(),
        submission_id=uuid4(),
        run_number=1,
        attempt=1,
        language="python",
        files=files or {"main": "print(2 * int(input()))"},
        suite=canonical,
        suite_version=1,
        suite_digest=digest(canonical),
        max_score=100,
    )


def running(program: Program) -> FakeSandbox:
    """A sandbox in which every case comes to what ``program`` says of its input."""
    return FakeSandbox(
        lambda request: RunReport(
            compiled=None,
            cases=tuple(program(case.stdin) for case in request.cases),
            image="sha256:1",
            isolation="local",
        )
    )


def graded(sandbox: FakeSandbox, what: GradingTask | None = None, **kw: Any) -> Grade:
    """The grade of a task."""
    return grade(what or task(), sandbox, facts=FACTS, caps=CAPS, **kw)


def doubling(stdin: bytes) -> CaseOutcome:
    return exited(b"%d\n" % (2 * int(stdin)))


def reporting(**report: Any) -> FakeSandbox:
    """A sandbox that gives this report for everything."""
    return FakeSandbox(lambda _: RunReport(**report))


@pytest.mark.parametrize("cases", [(), (exited(b"2\n"),) * 3, (exited(b"2\n"),) * 5])
def test_a_report_that_is_not_of_all_cases_says_nothing_of_the_program(cases: tuple[CaseOutcome, ...]):
    sandbox = FakeSandbox(lambda _: RunReport(compiled=None, cases=cases[:4]))
    if len(cases) > 4:
        sandbox = FakeSandbox(lambda _: RunReport(compiled=None, cases=()))
    with pytest.raises(SandboxUnavailable, match="of 4 cases"):
        graded(sandbox)


def test_a_stored_suite_that_is_none_is_the_platforms_fault():
    broken = msgspec.structs.replace(task(), suite=b'{"format": 1}')
    with pytest.raises(SuiteFaults):
        graded(running(doubling), broken)


def test_a_sandbox_that_fails_is_passed_on():
    def fail(_: RunRequest) -> RunReport:
        raise SandboxUnavailable("the engine is down")

    with pytest.raises(SandboxUnavailable):
        graded(FakeSandbox(fail))


def test_expected_answers_and_names_never_reach_the_sandbox():
    sandbox = running(doubling)
    graded(sandbox)
    frame = request_frame(sandbox.requests[0], "tag")
    for secret in (b"10300", b"large", b"80", b"samples", b"visible"):
        assert secret not in frame


def test_a_right_program():
    found = graded(running(doubling), version="1.2")
    assert (found.status, found.reason, found.score) == (SubmissionStatus.PASSED, None, 100)
    assert [case.points for case in found.cases] == [10, 10, 40, 40]
    assert [case.max_points for case in found.cases] == [10, 10, 40, 40]
    shown = found.cases[0]
    assert (shown.stdin, shown.expected, shown.stdout, shown.stderr) == ("1\n", "2\n", "2\n", "")
    assert found.feedback == "All 4 cases passed."
    assert found.compile_output is None
    assert (found.image_digest, found.isolation, found.grader_version) == ("sha256:1", "local", "1.2")
    assert found.analysis is not None
    assert found.analysis["hints"] == []
    assert found.analysis["metrics"] == {"lines": 1, "complexity": 1, "functionCount": 0, "functions": []}


def test_what_is_asked_of_the_sandbox():
    sandbox = running(doubling)
    graded(sandbox)
    (request,) = sandbox.requests
    assert request.files == {"main.py": b"print(2 * int(input()))"}
    assert [case.stdin for case in request.cases] == [b"1\n", b"2\n", b"5150\n", b"0\n"]
    assert [case.chain for case in request.cases] == [None, None, "secret", "secret"]
    assert [case.limits.cpu_ms for case in request.cases] == [1000, 1000, 1000, 1400]
    assert (request.language, request.function, request.total_wall_ms) == ("python", None, 300_000)


@pytest.mark.parametrize(
    ("files", "sent"),
    [
        ({"main": "x"}, {"main.py"}),
        ({"solution.py": "x"}, {"main.py"}),
        ({"main.py": "x", "helper.py": "y"}, {"main.py", "helper.py"}),
        ({"a.py": "x", "b.py": "y"}, {"a.py", "b.py"}),
    ],
)
def test_a_single_source_gets_the_name_its_language_wants(files: dict[str, str], sent: set[str]):
    sandbox = running(doubling)
    graded(sandbox, task(files=files))
    assert set(sandbox.requests[0].files) == sent


def test_a_wrong_answer_in_a_group_that_counts_together_costs_the_group():
    found = graded(running(lambda stdin: exited(b"7") if stdin == b"0\n" else doubling(stdin)))
    assert (found.status, found.reason, found.score) == (SubmissionStatus.FAILED, Reason.WRONG_ANSWER, 20)
    assert [case.points for case in found.cases] == [10, 10, 0, 0]
    assert found.cases[2].verdict is Verdict.PASSED


def test_nothing_of_a_hidden_case_is_told():
    canary = b"10301 5150 canary"
    found = graded(running(lambda s: doubling(s) if s in (b"1\n", b"2\n") else exited(canary, stderr=canary)))
    said = msgspec.json.encode(found)
    for secret in (b"canary", b"10300", b"10301", b"5150"):
        assert secret not in said
    assert "hidden case: the answer is not the expected one" in found.feedback
    assert found.analysis is not None
    assert found.analysis["hints"] == []


def test_the_exit_code_of_a_hidden_case_is_not_in_the_feedback():
    found = graded(running(lambda s: doubling(s) if s in (b"1\n", b"2\n") else exited(code=42)))
    assert "42" not in found.feedback
    assert "the program ended with an error" in found.feedback


def test_a_visible_failure_is_explained():
    found = graded(running(lambda stdin: exited(b"Number: " + doubling(stdin).stdout)))
    first = found.cases[0]
    assert (found.status, found.score) == (SubmissionStatus.FAILED, 0)
    assert first.first_difference is not None
    assert (first.first_difference.line, first.first_difference.expected) == (1, "2")
    assert found.feedback.startswith(
        "0 of 4 cases passed. The first that did not is “one” (group “samples”): line 1"
    )
    assert found.feedback.endswith("There is a prompt in the output. Print the answer and nothing else.")


def test_hints_see_the_input_and_the_source():
    found = graded(running(lambda _: exited(b"77\n")), task(files={"main": "print(77)"}))
    assert "never reads its input" in found.feedback


def test_every_case_an_error_is_an_error():
    found = graded(running(lambda _: ended(Outcome.TIMED_OUT, limit="cpu")))
    assert (found.status, found.reason, found.score) == (SubmissionStatus.ERROR, Reason.TIME_LIMIT, 0)
    assert found.cases[0].message == "used more than 1000 ms of processor time"


COMPILED = [
    (exited(b"out", code=1, stderr=b"main.c:1: error\0"), "outmain.c:1: error\ufffd"),
    (exited(code=2), "the compiler did not end well: exited with code 2"),
    (ended(Outcome.NOT_COMPILED), "the compiler did not end well: ended in an unknown way"),
    (ended(Outcome.SIGNALLED, signal=11), "the compiler did not end well: killed by signal 11 (SIGSEGV)"),
    (ended(Outcome.TIMED_OUT), "the compiler used more than 20000 ms of processor time or 30000 ms in all"),
    (ended(Outcome.OUT_OF_MEMORY), "the compiler used more than 1024 MiB of memory"),
    (ended(Outcome.OUTPUT_TOO_LARGE), "the compiler printed more than 64 KiB"),
]


@pytest.mark.parametrize(("compiled", "output"), COMPILED)
def test_what_was_not_compiled_is_an_error_without_cases(compiled: CaseOutcome, output: str):
    found = graded(reporting(compiled=compiled, cases=()))
    assert (found.status, found.reason, found.score) == (SubmissionStatus.ERROR, Reason.COMPILE_ERROR, 0)
    assert (found.cases, found.compile_output) == ((), output)
    assert "could not be compiled" in found.feedback


def test_a_case_that_says_it_was_not_compiled_is_believed():
    said = CaseOutcome(outcome=Outcome.NOT_COMPILED, stderr=b"SyntaxError")
    found = graded(reporting(compiled=None, cases=(said,) * 4))
    assert (found.reason, found.cases, found.compile_output) == (Reason.COMPILE_ERROR, (), "SyntaxError")


def test_warnings_of_a_compiler_are_kept_and_cut():
    cases = tuple(doubling(case) for case in (b"1", b"2", b"5150", b"0"))
    found = graded(reporting(compiled=exited(stderr=b"w" * 100_000), cases=cases))
    assert found.status is SubmissionStatus.PASSED
    assert len(found.compile_output or "") < SHOWN_COMPILE_OUTPUT + 100
    assert graded(reporting(compiled=exited(b"\n"), cases=cases)).compile_output is None


def test_cases_are_told_of_as_they_are_judged():
    heard: list[tuple[int, CaseGrade]] = []
    found = graded(running(doubling), on_case=lambda index, case: heard.append((index, case)))
    assert [index for index, _ in heard] == [0, 1, 2, 3]
    assert [case.verdict for _, case in heard] == [case.verdict for case in found.cases]
    assert [case.max_points for _, case in heard] == [10, 10, 40, 40]
    assert [case.points for _, case in heard] == [
        10,
        10,
        0,
        0,
    ]  # a group that counts together is known at the end


def test_a_program_that_is_compiled_is_told_of_before_its_first_case():
    cases = tuple(doubling(case) for case in (b"1", b"2", b"5150", b"0"))
    heard: list[object] = []
    graded(
        reporting(compiled=exited(), cases=cases),
        on_case=lambda index, _: heard.append(index),
        on_compiled=lambda: heard.append("compiled"),
    )
    assert heard == ["compiled", 0, 1, 2, 3]


def test_the_report_counts_and_not_what_was_told_on_the_way():
    class Doubting(FakeSandbox):
        def run(self, request: RunRequest, on_case: Any = None) -> RunReport:
            on_case(0, exited(code=1))
            return super().run(request)

    report = RunReport(compiled=None, cases=tuple(doubling(case) for case in (b"1", b"2", b"5150", b"0")))
    assert graded(Doubting(lambda _: report)).status is SubmissionStatus.PASSED


def half(stdin: bytes) -> CaseOutcome:
    (number,) = json.loads(stdin)
    return exited(b"debug", returned=json.dumps(number / 2 if number else None).encode())


def test_a_function_is_called_and_its_value_compared():
    sandbox = running(half)
    found = graded(sandbox, task(FUNCTION))
    (request,) = sandbox.requests
    assert request.function == FunctionCall(name="half", parameters=("int",), returns="float?")
    assert [case.stdin for case in request.cases] == [b"[4]", b"[0]"]
    assert (found.status, found.score) == (SubmissionStatus.PASSED, 100)
    first = found.cases[0]
    assert (first.stdin, first.expected, first.stdout) == ("half(4)", "2", "debug")


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "the program ended before half returned a value"),
        (b"", "the returned value is not JSON"),
        (b"NaN", "the returned value holds a number that is not accepted"),
        (b"[" * 100_000, "the returned value is nested more than 32 deep"),
        (b'"2"', "should be float and is a string"),
        (b"true", "should be float and is a bool"),
        (b"3", "expected 2.0, got 3.0"),
        (b"null", "expected a float, 2.0, got null"),
    ],
)
def test_a_function_that_returns_something_else_fails(returned: bytes | None, said: str):
    found = graded(running(lambda _: exited(b"2", returned=returned)), task(FUNCTION))
    assert found.cases[0].verdict is Verdict.FAILED
    assert said in (found.cases[0].message or "")


def test_a_function_that_raises_is_an_error():
    found = graded(running(lambda _: exited(code=1, stderr=b"ZeroDivisionError")), task(FUNCTION))
    assert (found.status, found.reason) == (SubmissionStatus.ERROR, Reason.RUNTIME_ERROR)
    assert found.cases[0].stderr == "ZeroDivisionError"


def test_a_checker_of_a_case_is_used():
    suite = json.loads(json.dumps(SUITE))
    suite["groups"][0]["cases"][0] |= {"stdout": "[0-9]", "checker": {"kind": "regex"}}
    assert graded(running(doubling), task(suite)).status is SubmissionStatus.PASSED
