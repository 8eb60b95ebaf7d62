"""The sentences a learner reads first."""

from typing import Any

from api.learning.submissions.grade import CaseGrade, Reason, SubmissionStatus, Verdict
from grader.feedback import feedback

PASSED = CaseGrade(name="a", group="g", visible=True, verdict=Verdict.PASSED)


def failed(**kw: Any) -> CaseGrade:
    """A case that did not pass."""
    known = {"name": "b", "group": "g", "visible": True, "reason": Reason.RUNTIME_ERROR}
    return CaseGrade(**(known | {"verdict": Verdict.ERROR} | kw))


def test_nothing_was_compiled():
    assert "could not be compiled" in feedback(SubmissionStatus.ERROR, [], [])


def test_all_passed():
    assert feedback(SubmissionStatus.PASSED, [PASSED], []) == "The only case passed."
    assert feedback(SubmissionStatus.PASSED, [PASSED] * 2, []) == "All 2 cases passed."


def test_a_hidden_case_is_described_by_its_reason_only():
    hidden = failed(visible=False, message="exited with code 65")
    said = feedback(SubmissionStatus.FAILED, [PASSED, hidden], [])
    assert said == (
        "1 of 2 cases passed. The first that did not is “b” (group “g”), a hidden case: "
        "the program ended with an error."
    )


def test_a_visible_case_is_described_by_its_message_and_the_first_hint_follows():
    cases = [failed(message="exited with code 65"), PASSED, failed(name="c")]
    said = feedback(SubmissionStatus.FAILED, cases, ["Look here.", "Not here."])
    assert said == (
        "1 of 3 cases passed. The first that did not is “b” (group “g”): exited with code 65. Look here."
    )


def test_a_case_without_message_or_reason_is_described_all_the_same():
    assert "“b” (group “g”): the program ended with an error." in feedback(
        SubmissionStatus.ERROR, [failed(reason=None)], []
    )
