"""Re-grade sets from the command line: from asking to undoing, and what is refused."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from api.core.clock import now
from api.learning.regrades.models import RegradeMember, RegradeSet
from api.learning.submissions.grade import RunStatus, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, GradingRun
from cli import regrades
from sandboxes.protocol import RunReport
from tests.e2e.test_cli import Call, _all_wrong, call, desk, read
from tests.grader.desk import Desk

__all__ = ["call", "desk"]  # fixtures


@pytest.fixture
def graded(desk: Desk) -> Desk:
    """Two submissions that have passed."""
    for _ in range(2):
        desk.submit()
    assert desk.grader.grade_pending() == 2
    return desk


def fail_everything(desk: Desk) -> None:
    right = desk.sandbox.do
    desk.sandbox.do = lambda request: RunReport(compiled=None, cases=_all_wrong(right(request)))


def statuses(desk: Desk) -> set[SubmissionStatus]:
    with desk.database.transaction() as session:
        return {*session.scalars(select(AssignmentSubmission.status))}


def test_a_set_from_asking_to_undoing(call: Call, graded: Desk):
    words = ("regrade-sets", "create", "-a", graded.assignment.slug)
    assert read(call(*words, "--why", "case 7", "--dry-run", "--json")) == {"submissions": 2}
    made = read(call(*words, "--reason", "case 7", "--json"))
    assert (made["status"], made["total"], made["why"]) == ("RUNNING", 2, "case 7")
    assert made["askedBy"] is None
    early = call("regrade-sets", "apply", made["id"])
    assert early.exit_code == 1
    assert "not READY" in early.stderr
    fail_everything(graded)
    assert graded.grader.grade_pending() == 2
    assert statuses(graded) == {SubmissionStatus.PASSED}
    told = read(call("regrade-sets", "watch", made["id"], "--json"))
    assert (told["status"], told["changes"]["down"]) == ("READY", 2)
    shown = call("regrade-sets", "show", made["id"], "--kind", "flip")
    assert "2 from PASSED to FAILED" in shown.stderr
    assert str(graded.user.id) in shown.stdout
    assert read(call("regrade-sets", "apply", made["id"], "--json"))["outcome"]["applied"] == 2
    assert statuses(graded) == {SubmissionStatus.FAILED}
    assert read(call("regrade-sets", "undo", made["id"], "--json"))["outcome"]["restored"] == 2
    assert statuses(graded) == {SubmissionStatus.PASSED}
    assert [line["status"] for line in read(call("regrade-sets", "list", "--json"))] == ["UNDONE"]
    assert "case 7" in call("regrade-sets", "list").stdout


def test_a_set_that_is_cancelled(call: Call, graded: Desk):
    made = read(call("regrade-sets", "create", "--status", "PASSED", "--why", "x", "--json"))
    assert read(call("regrade-sets", "cancel", made["id"], "--json"))["runs"]["withdrawn"] == 2
    assert graded.grader.grade_pending() == 0
    assert call("regrade-sets", "watch", made["id"]).exit_code == 1
    assert call("regrade-sets", "cancel", made["id"]).exit_code == 1


def test_waiting_goes_on_until_all_is_graded(call: Call, graded: Desk, monkeypatch: pytest.MonkeyPatch):
    """Nobody sleeps here: each wait lets the grader do what it would do meanwhile."""
    monkeypatch.setattr(regrades.time, "sleep", lambda _: graded.grader.grade_pending())
    made = read(call("regrade-sets", "create", "--status", "PASSED", "--why", "x", "--wait", "--json"))
    assert (made["status"], made["runs"]["done"], made["changes"]["same"]) == ("READY", 2, 2)


def test_single_cases_run_alone(call: Call, graded: Desk):
    words = ("regrade-sets", "create", "--why", "x", "-a", graded.assignment.slug, "--json")
    made = read(call(*words, "--case", "samples/two"))
    assert made["selection"]["cases"] == ["samples/two"]
    graded.sandbox.requests.clear()
    assert graded.grader.grade_pending() == 2
    assert [[case.stdin for case in request.cases] for request in graded.sandbox.requests] == [[b"2\n"]] * 2
    told = read(call("regrade-sets", "apply", made["id"], "--json"))
    assert told["changes"]["same"] == 2
    with graded.database.transaction() as session:
        scores = session.scalars(select(GradingRun.score).where(GradingRun.regrade_set_id.is_not(None)))
        assert [*scores] == [100, 100]


def test_options_select(call: Call, graded: Desk):
    later = f"{now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
    with graded.database.transaction() as session:
        one = session.scalars(select(AssignmentSubmission.id)).first()
    base = ("regrade-sets", "create", "--why", "x", "--dry-run", "--json")
    for options, count in (
        ((one,), 1),
        (("--user", graded.user.id), 2),
        (("--until", later, "--language", "python", "--suite-version", 1), 2),
    ):
        assert read(call(*base, *options)) == {"submissions": count}
    for options in (("--since", later), ("--result", "compile_error"), ("--status", "ERROR"), (uuid4(),)):
        assert call(*base, *options).exit_code == 1, options
    with graded.database.transaction() as session:
        assert session.scalars(select(RegradeSet)).all() == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["create", "--status", "PASSED"], 2),
        (["create", "--why", "x"], 1),
        (["create", "--why", " ", "--status", "PASSED"], 1),
        (["create", "--why", "x", "--result", "tired"], 2),
        (["create", "--why", "x", "-a", "no-such-thing"], 1),
        (["create", "--why", "x", "--status", "PASSED", "--case", "samples/one"], 1),
        (["show", "nonsense"], 2),
        (["show", str(uuid4())], 1),
        (["watch", str(uuid4())], 1),
        (["apply", str(uuid4())], 1),
    ],
)
def test_what_makes_no_sense_is_refused_and_stores_nothing(
    call: Call, graded: Desk, words: list[str], code: int
):
    result = call("regrade-sets", *words)
    assert result.exit_code == code, result.stderr
    assert "Traceback" not in result.output
    with graded.database.transaction() as session:
        assert session.scalars(select(RegradeSet)).all() == []


def test_the_sweeper_prepares_what_was_asked_over_http(call: Call, graded: Desk):
    with graded.database.transaction() as session:
        session.add(RegradeSet(why="x", selection={"status": "PASSED"}))
    assert call("sweep", "--once").exit_code == 0
    with graded.database.transaction() as session:
        assert len(session.scalars(select(RegradeMember)).all()) == 2
    assert graded.grader.grade_pending() == 2
    assert call("sweep", "--once").exit_code == 0
    with graded.database.transaction() as session:
        assert session.scalars(select(RegradeSet.status)).all() == ["READY"]
        assert {*session.scalars(select(GradingRun.status))} == {RunStatus.DONE}
