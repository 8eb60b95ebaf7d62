"""The few sentences a learner reads first. Of a hidden case they tell its name and the kind of its failure only."""

from collections.abc import Sequence

from api.learning.submissions.grade import CaseGrade, Reason, SubmissionStatus, Verdict

_WORDS = {
    Reason.WRONG_ANSWER: "the answer is not the expected one",
    Reason.TIME_LIMIT: "it took too long",
    Reason.MEMORY_LIMIT: "it used too much memory",
    Reason.OUTPUT_LIMIT: "it printed too much",
    Reason.RUNTIME_ERROR: "the program ended with an error",
    Reason.SKIPPED: "it was not run",
}


def feedback(status: SubmissionStatus, cases: Sequence[CaseGrade], hints: Sequence[str]) -> str:
    """How many cases passed, which one failed first and how, and the first hint, if there is one."""
    if not cases:
        return "The program could not be compiled. The compiler's messages say where it stumbled."
    if status is SubmissionStatus.PASSED:
        return "The only case passed." if len(cases) == 1 else f"All {len(cases)} cases passed."
    passed = sum(case.verdict is Verdict.PASSED for case in cases)
    first = next(case for case in cases if case.verdict is not Verdict.PASSED)
    said = f"{passed} of {len(cases)} cases passed. The first that did not is {_describe(first)}."
    return f"{said} {hints[0]}" if hints else said


def _describe(case: CaseGrade) -> str:
    words = _WORDS.get(case.reason or Reason.RUNTIME_ERROR, "it did not pass")
    name = f"“{case.name}” (group “{case.group}”)"
    if not case.visible:
        return f"{name}, a hidden case: {words}"
    return f"{name}: {case.message or words}"
