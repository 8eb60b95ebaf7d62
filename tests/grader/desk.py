"""A database with runs to grade, and a grader with a fake sandbox."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from api.auth.models import User
from api.core.database import Database
from api.core.settings import Settings
from api.learning.curriculum.models import TestSuite
from api.learning.submissions.grade import SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, GradingRun
from grader.jobs import Grader
from tests import factories
from tests.conftest import RecordingBell

from .fakes import FakeSandbox


class Desk:
    """A database with runs to grade, and a grader with a fake sandbox."""

    def __init__(self, database: Database, settings: Settings, bell: RecordingBell, user: User) -> None:
        self.database, self.bell = database, bell
        self.settings = settings.model_copy(update={"max_attempts": 3})
        self.sandbox = FakeSandbox()
        self.grader = self.make_grader()
        with database.transaction() as session:
            self.user = session.merge(user)
            self.assignment = factories.make_assignment(session)
            self.suite = session.scalars(select(TestSuite)).one()

    def make_grader(self, **changes: Any) -> Grader:
        settings = self.settings.model_copy(update=changes)
        return Grader(self.database, self.sandbox, self.bell, settings, "worker-1")

    def submit(self, **columns: Any) -> UUID:
        with self.database.transaction() as session:
            submission = factories.make_submission(session, self.user, self.assignment)
            return factories.make_run(session, submission, self.suite, **columns).id

    def run(self, run_id: UUID) -> GradingRun:
        with self.database.transaction() as session:
            return session.get_one(GradingRun, run_id)

    def shown(self, run_id: UUID) -> SubmissionStatus:
        with self.database.transaction() as session:
            run = session.get_one(GradingRun, run_id)
            return session.get_one(AssignmentSubmission, run.submission_id).status

    def change(self, run_id: UUID, **columns: Any) -> None:
        with self.database.transaction() as session:
            run = session.get_one(GradingRun, run_id)
            for name, value in columns.items():
                setattr(run, name, value)
