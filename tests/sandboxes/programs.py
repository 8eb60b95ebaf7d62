"""Requests for real sandboxes, and the shortest way to what became of a program."""

from collections.abc import Sequence
from typing import Any

from grader.sandbox import Sandbox
from sandboxes.languages import languages
from sandboxes.protocol import CaseInput, CaseOutcome, FunctionCall, Limits, RunReport, RunRequest

#: What most programs of the tests get: little enough to hit a limit soon, with room for a busy machine.
SMALL = {"cpu_ms": 500, "wall_ms": 3000, "memory_mib": 96, "output_kib": 64, "processes": 16}
COMPILE = Limits(cpu_ms=20_000, wall_ms=40_000, memory_mib=1024, output_kib=64, processes=64)
ADD = FunctionCall(name="add", parameters=("int", "int"), returns="int")


def limits_of(language: str, **changed: int) -> Limits:
    """The small limits with some changed, and what the language needs besides."""
    facts = languages()[language]
    asked = {**SMALL, **changed}
    return Limits(
        cpu_ms=round(asked["cpu_ms"] * facts.cpu_factor),
        wall_ms=round(asked["wall_ms"] * facts.wall_factor),
        memory_mib=asked["memory_mib"] + facts.memory_extra_mib,
        output_kib=asked["output_kib"],
        processes=asked["processes"] + facts.processes_extra,
    )


def request_for(
    language: str,
    source: str | bytes | dict[str, bytes],
    inputs: Sequence[bytes] = (b"",),
    *,
    function: FunctionCall | None = None,
    compile_limits: Limits = COMPILE,
    **changed: int,
) -> RunRequest:
    """One case for each input, all under the same limits."""
    if not isinstance(source, dict):
        source = {languages()[language].main: source.encode() if isinstance(source, str) else source}
    given = limits_of(language, **changed)
    cases = [CaseInput(stdin=stdin, limits=given) for stdin in inputs]
    return RunRequest(
        language=language, files=source, cases=cases, compile_limits=compile_limits, function=function
    )


def report_of(sandbox: Sandbox, language: str, source: str | bytes | dict[str, bytes], **more) -> RunReport:
    """What the sandbox says of a program."""
    return sandbox.run(request_for(language, source, **more))


def runner_of(sandbox: Sandbox, language: str = "python", number: int = 0) -> Any:
    """The container or the process behind a lane that waits or works; None if there is none."""
    lanes: Any = sandbox._lanes  # pyright: ignore[reportAttributeAccessIssue]
    key = ("" if lanes._shared else language, number)
    lane = lanes._used.get(key) or lanes._parked.get(key)
    return lane and lane.runner


def ended(sandbox: Sandbox, language: str, source: str | bytes | dict[str, bytes], **more) -> CaseOutcome:
    """How its last case ended, or its compilation if it did not get that far."""
    report = report_of(sandbox, language, source, **more)
    found = report.cases[-1] if report.cases else report.compiled
    assert found is not None
    return found
