"""What an installation does all day, each by the function that a request or a grader calls, on one database."""

import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import msgspec

from api.auth.models import User
from api.core.actor import Actor, UserRole
from api.core.database import Database
from api.core.ids import new_id
from api.learning.curriculum.models import Assignment
from api.learning.progress.queries import progress_of
from api.learning.submissions import backlog, queries, service
from api.learning.submissions.grade import CaseGrade, Grade, GradingTask, Reason, SubmissionStatus, Verdict
from api.learning.submissions.models import AssignmentSubmission
from api.learning.submissions.source import Source
from tests import factories

OWN = 110
"""Submissions the learner has before anything is measured: full pages of the own list, also of those that FAILED."""

_CASES = tuple(
    CaseGrade(
        name=f"case {number}",
        group="all",
        visible=True,
        verdict=Verdict.PASSED,
        reason=None,
        points=1.0,
        max_points=1.0,
        cpu_ms=10,
        wall_ms=20,
        memory_kib=9000,
        exit_code=0,
    )
    for number in range(10)
)
GRADE = Grade(
    status=SubmissionStatus.PASSED, reason=None, score=100, cases=_CASES, feedback="All cases passed."
)
FAILED = msgspec.structs.replace(GRADE, status=SubmissionStatus.FAILED, reason=Reason.WRONG_ANSWER, score=0)

Result = TypeVar("Result")


class Day:
    """One learner and one administrator, with what they do. `turn` gives the seconds of each operation."""

    def __init__(self, database: Database, own: int = OWN) -> None:
        self.database = database
        with database.transaction() as session:
            language = factories.make_language(session)
            module = factories.make_module(session, language)
            self.assignment: Assignment = factories.make_assignment(session, module)
            learner = factories.make_user(session)
            factories.make_enrollment(session, learner, language)
            self.learner, self.admin = (
                _actor(learner),
                _actor(factories.make_user(session, role=UserRole.ADMIN)),
            )
        for number in range(own):
            self.submit()
            self.record(self.claim(), FAILED if number % 2 else GRADE)

    def turn(self) -> dict[str, float]:
        """A submission from its post to its result, and all that is asked meanwhile."""
        took: dict[str, float] = {}

        def timed(name: str, call: Callable[[], Result]) -> Result:
            started = time.perf_counter()
            result = call()
            took[name] = time.perf_counter() - started
            return result

        submission = timed("submit", self.submit)
        timed("poll, waiting", lambda: self.poll(submission.id))
        timed("queue's figures", self.queue)
        task = timed("claim", self.claim)
        timed("record", lambda: self.record(task))
        timed("poll, graded", lambda: self.poll(submission.id))
        timed("list, own", lambda: self.page(self.learner))
        timed("list, own of one assignment", lambda: self.page(self.learner, assignment=True))
        timed("list, everybody's", lambda: self.page(self.admin))
        timed("list, everybody's of one assignment", lambda: self.page(self.admin, assignment=True))
        timed("list, everybody's FAILED", lambda: self.page(self.admin, status=SubmissionStatus.FAILED))
        timed("progress", self.progress)
        timed("sweep", self.sweep)
        return took

    def submit(self) -> AssignmentSubmission:
        """As the route does, with a key."""
        with self.database.transaction() as session:
            return service.submit(
                session,
                self.learner,
                self.assignment.id,
                source=Source("print(2 * int(input()))\n", None),
                language="python",
                key=new_id().hex,
            ).submission

    def poll(self, submission_id: UUID) -> None:
        """As the route does."""
        with self.database.transaction() as session:
            queries.get_submission(session, self.learner, submission_id)

    def queue(self) -> None:
        """What the health of the queue and the wait of a run are told from."""
        with self.database.transaction() as session:
            backlog.backlog(session)

    def claim(self) -> GradingTask:
        """As a grader does."""
        with self.database.transaction() as session:
            task = service.claim_next_run(
                session, worker="bench", languages=["python"], lease_seconds=60, max_attempts=3
            )
        assert task is not None
        return task

    def record(self, task: GradingTask, grade: Grade = GRADE) -> None:
        """As a grader does; with the progress that comes of it."""
        with self.database.transaction() as session:
            assert service.record_grade(session, task, grade)

    def page(self, actor: Actor, *, assignment: bool = False, status: SubmissionStatus | None = None) -> None:
        """The first page."""
        with self.database.transaction() as session:
            queries.list_submissions(
                session,
                actor,
                only_own=False,
                assignment_id=self.assignment.id if assignment else None,
                status=status,
                limit=50,
                offset=0,
            )

    def progress(self) -> None:
        """The learner's own."""
        with self.database.transaction() as session:
            progress_of(session, self.learner.user_id)

    def sweep(self) -> None:
        """One pass of the sweeper."""
        with self.database.transaction() as session:
            service.sweep(session, max_attempts=3)

    def token(self, actor: Actor) -> str:
        """A bearer token for HTTP."""
        with self.database.transaction() as session:
            return factories.make_token(session, session.get_one(User, actor.user_id))


def _actor(user: User) -> Actor:
    return Actor(user.id, user.role, new_id())
