"""The whole of grading: from a task to a grade, with a sandbox handed in and no input or output of its own.

The order is that of ARCHITECTURE.md: read the suite, work out the limits, let the sandbox run everything,
judge what happened, fold it, count points, say something helpful. Expected answers stay in here; the sandbox
gets inputs only.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from api.learning.curriculum.suite import Case, Group, JsonChecker, Suite, parse_suite, read_json
from api.learning.submissions.grade import CaseGrade, Grade, GradingTask, Reason, Verdict
from grader.analysis.analyse import analyse
from grader.analysis.hints import LOOKED_AT, Failing
from grader.checkers import CheckResult, check, check_value
from grader.feedback import feedback
from grader.limits import Caps, LanguageFacts, compile_limits, limits_for
from grader.partial import cases_to_run, failing_of, whole
from grader.sandbox import OnReady, Sandbox, SandboxUnavailable
from grader.score import award, score
from grader.text import clean_text
from grader.verdict import Texts, describe_end, fold, judge
from sandboxes.protocol import CaseInput, CaseOutcome, FunctionCall, Limits, Outcome, RunReport, RunRequest

SHOWN_COMPILE_OUTPUT = 16 * 1024
"""Characters of a compiler's messages that are kept."""

_SMALL_SUITE = 16 * 1024
"""Characters of a suite that is kept once it has been read."""

OnJudged = Callable[[int, CaseGrade], None]


@dataclass(frozen=True, slots=True)
class _Item:
    """One case with all that running and judging it takes."""

    suite: Suite
    group: Group
    case: Case
    limits: Limits


def grade(
    task: GradingTask,
    sandbox: Sandbox,
    *,
    facts: LanguageFacts,
    caps: Caps,
    on_case: OnJudged | None = None,
    on_compiled: OnReady | None = None,
    version: str = "",
) -> Grade:
    """Grades one run.

    Args:
        facts: of the task's language.
        on_case: hears of each case as it is judged: its position, and its grade as it is known then (the
        points of a
            group that scores ``all`` come only at the end). What it raises ends the grading.
        on_compiled: hears that a program that has to be compiled is, before the first case.
        version: of the grader, as it is to stand in the grade.

    Raises:
        SandboxUnavailable: nothing can be said about the program; never the learner's fault.
        SuiteFaults: the stored suite is not one; never the learner's fault either.
    """
    suite = _suite_of(task.suite) if len(task.suite) <= _SMALL_SUITE else parse_suite(json.loads(task.suite))
    positions = cases_to_run(task, suite)
    items = _items(suite, positions, facts, caps)
    files = _files(task.files, facts)
    bench = _Bench(items, on_case and (lambda index, case: on_case(positions[index], case)))
    request = _request(items, files, facts, caps)
    report = (
        sandbox.run(request, bench.hear, on_compiled) if on_compiled else sandbox.run(request, bench.hear)
    )
    compiled = _has_compiled(report)
    if compiled and len(report.cases) != len(items):
        raise SandboxUnavailable(f"the sandbox reported {len(report.cases)} of {len(items)} cases")
    judged = bench.final(report.cases) if compiled else ()
    cases = whole(task, suite, positions, judged) if compiled else ()
    points = award(suite, [case.verdict is Verdict.PASSED for case in cases]) if compiled else []
    cases = tuple(
        replace(case, points=float(own.earned), max_points=float(own.possible))
        for case, own in zip(cases, points, strict=True)
    )
    status, reason = fold(cases, compiled)
    failing = failing_of(cases, positions, _first_failing(items, report.cases, judged))
    analysis = analyse(facts.name, files, failing)
    return Grade(
        status=status,
        reason=reason,
        score=score(task.max_score, points),
        cases=cases,
        feedback=feedback(status, cases, analysis.hints),
        compile_output=_compile_output(report, compile_limits(facts, caps)),
        analysis=analysis.as_json(),
        image_digest=report.image,
        grader_version=version,
        isolation=report.isolation,
    )


@lru_cache(maxsize=128)
def _suite_of(text: str) -> Suite:
    # A class sends its solutions to one assignment, and reading a suite takes as long as judging ten cases of it.
    return parse_suite(json.loads(text))


def _items(suite: Suite, positions: Sequence[int], facts: LanguageFacts, caps: Caps) -> list[_Item]:
    cases = [(group, case) for group in suite.groups for case in group.cases]
    chosen = (cases[position] for position in positions)
    return [_Item(suite, group, case, limits_for(suite, case, facts, caps)) for group, case in chosen]


class _Bench:
    """Judges cases as they end, and never twice."""

    def __init__(self, items: Sequence[_Item], on_case: OnJudged | None) -> None:
        self._items = items
        self._on_case = on_case
        self._judged: dict[int, tuple[CaseOutcome, CaseGrade]] = {}

    def hear(self, index: int, outcome: CaseOutcome) -> None:
        """What the sandbox calls as a case ends."""
        judged = self._judge(index, outcome)
        if self._on_case:
            group = self._items[index].group
            share = group.points / len(group.cases)
            earned = share if group.scoring == "each" and judged.verdict is Verdict.PASSED else 0.0
            self._on_case(index, replace(judged, points=earned, max_points=share))

    def final(self, outcomes: Sequence[CaseOutcome]) -> tuple[CaseGrade, ...]:
        """The grades of all cases. The report counts: a case heard of with another outcome is judged anew."""
        return tuple(self._judge(index, outcome) for index, outcome in enumerate(outcomes))

    def _judge(self, index: int, outcome: CaseOutcome) -> CaseGrade:
        known = self._judged.get(index)
        if known and known[0] is outcome:
            return known[1]
        item = self._items[index]
        result = _check(item, outcome) if outcome.ended_well else None
        judged = judge(item.group, item.case, outcome, result, item.limits, _texts(item))
        self._judged[index] = outcome, judged
        return judged


def _files(sent: Mapping[str, str], facts: LanguageFacts) -> dict[str, str]:
    # A single source may have been sent under any name: its language finds it under its own.
    return {facts.main: next(iter(sent.values()))} if len(sent) == 1 else dict(sent)


def _request(
    items: Sequence[_Item], files: Mapping[str, str], facts: LanguageFacts, caps: Caps
) -> RunRequest:
    return RunRequest(
        language=facts.name,
        files={name: text.encode("utf-8", "replace") for name, text in files.items()},
        cases=[
            CaseInput(
                stdin=_input(item.case),
                limits=item.limits,
                chain=item.group.name if item.group.scoring == "all" else None,
            )
            for item in items
        ],
        compile_limits=compile_limits(facts, caps),
        function=_function(items[0].suite),
        total_wall_ms=caps.total_wall_ms,
    )


def _input(case: Case) -> bytes:
    if case.args is not None:
        return json.dumps(case.args, ensure_ascii=False).encode()
    return (case.stdin or "").encode()


def _function(suite: Suite) -> FunctionCall | None:
    if suite.function is None:
        return None
    words = tuple(parameter.type for parameter in suite.function.parameters)
    return FunctionCall(name=suite.function.name, parameters=words, returns=suite.function.returns)


def _check(item: _Item, outcome: CaseOutcome) -> CheckResult:
    checker = item.suite.checker_for(item.case)
    function = item.suite.function
    if function is None:
        return check(checker, item.case.stdout or "", outcome.stdout)
    if outcome.returned is None:
        return CheckResult(False, f"the program ended before {function.name} returned a value")
    try:
        value = read_json(outcome.returned)
    except ValueError as error:
        return CheckResult(False, f"the returned value {error}")
    exact = checker if isinstance(checker, JsonChecker) else JsonChecker(kind="json")
    return check_value(exact, function.returns, item.case.returns, value)


def _texts(item: _Item) -> Texts:
    function = item.suite.function
    if not item.group.visible:
        return Texts("", "")
    if function is None:
        return Texts(item.case.stdin or "", item.case.stdout or "")
    call = f"{function.name}({', '.join(_as_json(value) for value in item.case.args or ())})"
    return Texts(call, _as_json(item.case.returns))


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _has_compiled(report: RunReport) -> bool:
    failed = report.compiled is not None and not report.compiled.ended_well
    return not failed and not any(case.outcome is Outcome.NOT_COMPILED for case in report.cases)


def _compile_output(report: RunReport, limits: Limits) -> str | None:
    step = report.compiled or next((c for c in report.cases if c.outcome is Outcome.NOT_COMPILED), None)
    if step is None:
        return None
    said = clean_text(step.stdout + step.stderr, SHOWN_COMPILE_OUTPUT).strip()
    if _has_compiled(report):
        return said or None
    match step.outcome:
        case Outcome.TIMED_OUT:
            why = f"the compiler used more than {limits.cpu_ms} ms of processor time or {limits.wall_ms} ms in all"
        case Outcome.OUT_OF_MEMORY:
            why = f"the compiler used more than {limits.memory_mib} MiB of memory"
        case Outcome.OUTPUT_TOO_LARGE:
            why = f"the compiler printed more than {limits.output_kib} KiB"
        case _:
            why = "" if said else f"the compiler did not end well: {describe_end(step)}"
    return "\n".join(part for part in (said, why) if part)


def _first_failing(
    items: Sequence[_Item], outcomes: Sequence[CaseOutcome], cases: Sequence[CaseGrade]
) -> Failing | None:
    for item, outcome, case in zip(items, outcomes, cases, strict=False):
        if case.verdict is Verdict.PASSED:
            continue
        reason = case.reason or Reason.RUNTIME_ERROR
        if not case.visible:
            return Failing(reason)
        if item.suite.function is not None:
            return Failing(reason, outcome.signal, stderr=outcome.stderr, returned=outcome.returned)
        is_pattern = item.suite.checker_for(item.case).kind == "regex"
        return Failing(
            reason,
            outcome.signal,
            stdin=(item.case.stdin or "")[:LOOKED_AT].encode(),
            expected=None if is_pattern else (item.case.stdout or "").encode(),
            stdout=outcome.stdout,
            stderr=outcome.stderr,
        )
    return None
