"""A small world for tests of the learning slices, and grades to put into it."""

from dataclasses import dataclass
from uuid import UUID

from api.auth.models import User
from api.core.actor import Actor, UserRole
from api.core.database import Database
from api.core.ids import new_id
from api.core.queue import Bell
from api.learning.curriculum.models import Assignment, Module, ProgrammingLanguage
from api.learning.submissions import service
from api.learning.submissions.grade import (
    CaseGrade,
    FirstDifference,
    Grade,
    GradingTask,
    Reason,
    SubmissionStatus,
    Verdict,
)
from api.learning.submissions.source import Source
from tests import factories

CANARY = "canary-7c1f"
"""Stands in every text of a hidden case that a grade carries here; no learner may ever read it."""


@dataclass
class World:
    """One language with a module of two assignments, a learner who is enrolled, another one, an admin."""

    database: Database
    learner: User
    other: User
    admin: User
    language: ProgrammingLanguage
    module: Module
    first: Assignment
    second: Assignment


def make_world(database: Database) -> World:
    """Everything, committed."""
    with database.transaction() as session:
        language = factories.make_language(session, slug="python")
        module = factories.make_module(session, language, slug="basics")
        world = World(
            database,
            learner=factories.make_user(session),
            other=factories.make_user(session),
            admin=factories.make_user(session, role=UserRole.ADMIN),
            language=language,
            module=module,
            first=factories.make_assignment(session, module, slug="first"),
            second=factories.make_assignment(session, module, slug="second"),
        )
        for user in (world.learner, world.other):
            factories.make_enrollment(session, user, language)
    return world


def actor(user: User) -> Actor:
    """Who ``user`` is to a service."""
    return Actor(user.id, user.role, new_id())


def submit(
    world: World,
    user: User | None = None,
    assignment: Assignment | None = None,
    *,
    code: str = "print(1)",
    language: str = "python",
    key: str | None = None,
    bell: Bell | None = None,
) -> service.Submitted:
    """Submits, in a transaction of its own."""
    with world.database.transaction() as session:
        return service.submit(
            session,
            actor(user or world.learner),
            (assignment or world.first).id,
            source=Source(code, None),
            language=language,
            key=key,
            bell=bell,
        )


def claim(database: Database, *, worker: str = "w1", lease_seconds: int = 15) -> GradingTask | None:
    """Claims the best run of Python or JavaScript, in a transaction of its own."""
    with database.transaction() as session:
        return service.claim_next_run(
            session,
            worker=worker,
            languages={"python", "javascript"},
            lease_seconds=lease_seconds,
            max_attempts=3,
        )


def must_claim(database: Database, *, lease_seconds: int = 15) -> GradingTask:
    """The same, where a run is known to wait."""
    task = claim(database, lease_seconds=lease_seconds)
    assert task is not None
    return task


def record(database: Database, task: GradingTask, grade: Grade) -> bool:
    """Records, in a transaction of its own."""
    with database.transaction() as session:
        return service.record_grade(session, task, grade)


def grade_all(database: Database, grade: Grade) -> int:
    """Claims and records until nothing is left; how many runs there were."""
    count = 0
    while (task := claim(database)) is not None:
        assert record(database, task, grade)
        count += 1
    return count


def regrade(database: Database, submission_id: UUID) -> service.Planned:
    """Re-grades, in a transaction of its own."""
    with database.transaction() as session:
        return service.regrade(session, submission_id)


def passed(score: int = 100) -> Grade:
    """Everything passed. The hidden case carries the canary in every text, as no grader should."""
    return Grade(
        status=SubmissionStatus.PASSED,
        reason=None,
        score=score,
        cases=(_case("one", "samples", True, Verdict.PASSED), _case("zero", "hidden", False, Verdict.PASSED)),
        feedback="All cases passed.",
        analysis={"metrics": {"lines": 1}},
        image_digest="sha256:0123",
        grader_version="0.1.0",
        isolation="local",
    )


def failed(score: int = 20) -> Grade:
    """The visible case passed, the hidden one did not."""
    return Grade(
        status=SubmissionStatus.FAILED,
        reason=Reason.WRONG_ANSWER,
        score=score,
        cases=(_case("one", "samples", True, Verdict.PASSED), _case("zero", "hidden", False, Verdict.FAILED)),
        feedback="1 of 2 cases passed.",
    )


def _case(name: str, group: str, visible: bool, verdict: Verdict) -> CaseGrade:
    text = "shown" if visible else CANARY
    return CaseGrade(
        name=name,
        group=group,
        visible=visible,
        verdict=verdict,
        reason=None if verdict is Verdict.PASSED else Reason.WRONG_ANSWER,
        points=20.0,
        max_points=20.0,
        cpu_ms=13,
        wall_ms=27,
        memory_kib=9001,
        exit_code=0,
        message=f"says {text}",
        stdin=text,
        expected=text,
        stdout=text,
        stderr=text,
        first_difference=FirstDifference(line=1, expected=text, actual=text),
    )
