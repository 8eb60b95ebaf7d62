"""What the fault matrix calls lost, doubled and blamed: each is found where it was planted."""

from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import select

from api.core.database import Database
from api.learning.curriculum.models import TestSuite
from api.learning.progress.models import ModuleProgress
from api.learning.submissions.grade import Reason, RunStatus, SubmissionStatus, Verdict
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun
from bench.faults.judging import Judgement, judge
from bench.faults.work import ASSIGNMENTS, CASES, PROGRAMS, Client, Sent
from tests import factories

RIGHT = PROGRAMS[0]


class Played:
    """One graded submission of a right program, as the platform leaves it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.transaction() as session:
            user = factories.make_user(session)
            assignment = factories.make_assignment(session)
            self.module_id = assignment.module_id
            suite = session.scalars(select(TestSuite)).one()
            submission = factories.make_submission(
                session, user, assignment, status=SubmissionStatus.PASSED, score=100, current_run=1
            )
            run = factories.make_run(session, submission, suite, status=RunStatus.DONE)
            for position in range(CASES):
                session.add(
                    CaseResult(
                        run_id=run.id,
                        position=position,
                        name=f"{position}",
                        group="all",
                        visible=True,
                        verdict=Verdict.PASSED,
                    )
                )
            session.add(
                ModuleProgress(user_id=user.id, module_id=self.module_id, progress_percent=100 // ASSIGNMENTS)
            )
            self.assignment, self.suite, self.user, self.submission = assignment, suite, user, submission
        self.sent = Sent("token", user.id, str(assignment.id), RIGHT, id=str(submission.id))

    def shown(self, sent: Sent) -> dict[str, Any]:
        with self.database.transaction() as session:
            row = session.get_one(AssignmentSubmission, UUID(sent.id or ""))
            return {"status": row.status, "reason": row.reason, "score": row.score}

    def judge(self) -> Judgement:
        return judge(self.database, cast(Client, self), self.module_id, [self.sent])

    def change(self, model: Any, **columns: Any) -> None:
        with self.database.transaction() as session:
            for row in session.scalars(select(model)):
                for name, value in columns.items():
                    setattr(row, name, value)


@pytest.fixture
def played(database: Database) -> Played:
    return Played(database)


def test_what_went_well_is_clean(played: Played):
    assert played.judge() == Judgement()


def test_what_was_never_taken_is_lost(played: Played):
    played.sent.id = None
    assert len(played.judge().lost) == 1


@pytest.mark.parametrize(
    "columns",
    [
        {"status": SubmissionStatus.RUNNING, "score": None},
        {"status": SubmissionStatus.ERROR, "reason": Reason.PLATFORM, "score": None},
    ],
)
def test_what_has_no_result_or_was_given_up_is_lost(played: Played, columns: dict[str, Any]):
    played.change(AssignmentSubmission, **columns)
    found = played.judge()
    assert (len(found.lost), found.blamed) == (1, [])


@pytest.mark.parametrize(
    "columns",
    [
        {"status": SubmissionStatus.ERROR, "reason": Reason.RUNTIME_ERROR},
        {"status": SubmissionStatus.FAILED, "reason": Reason.WRONG_ANSWER},
        {"score": 50},
    ],
)
def test_another_verdict_than_the_programs_own_is_blame(played: Played, columns: dict[str, Any]):
    played.change(AssignmentSubmission, **columns)
    found = played.judge()
    assert (found.lost, len(found.blamed)) == ([], 1)


def test_a_second_run_is_double(played: Played):
    with played.database.transaction() as session:
        factories.make_run(session, played.submission, played.suite, number=2)
    assert len(played.judge().doubled) == 1


def test_cases_that_are_missing_or_too_many_are_double(played: Played):
    with played.database.transaction() as session:
        run = session.scalars(select(GradingRun)).one()
        session.add(
            CaseResult(
                run_id=run.id, position=CASES, name="x", group="all", visible=True, verdict=Verdict.PASSED
            )
        )
    assert len(played.judge().doubled) == 1


def test_a_submission_that_nobody_knows_of_is_double(played: Played):
    with played.database.transaction() as session:
        factories.make_submission(session, played.user, played.assignment)
    assert len(played.judge().doubled) == 1


def test_progress_that_was_counted_twice_is_double(played: Played):
    played.change(ModuleProgress, progress_percent=2 * 100 // ASSIGNMENTS)
    assert len(played.judge().doubled) == 1


def test_attempts_that_were_spoiled_are_told_and_are_no_fault(played: Played):
    played.change(GradingRun, failures=2)
    assert (played.judge().spoiled, played.judge().is_clean) == (2, True)
