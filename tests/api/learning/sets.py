"""What tests of re-grade sets share: sets made, prepared and graded as the services do it."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from api.core.database import Database
from api.core.queue import Bell
from api.learning.regrades import queries, service
from api.learning.regrades.models import RegradeMember, RegradeSet
from api.learning.regrades.queries import SetDetail
from api.learning.submissions.grade import Grade
from api.learning.submissions.models import AssignmentSubmission, GradingRun
from tests.api.learning.world import World, grade_all, submit

WHY = "case 7 was wrong"


def make_set(world: World, *, asked_by: UUID | None = None, **selection: Any) -> UUID:
    """Makes a set of submissions, by default of the world's first assignment; nothing is prepared."""
    chosen = service.Selection(**(selection or {"assignment_id": world.first.id}))
    with world.database.transaction() as session:
        return service.create_set(session, asked_by=asked_by or world.admin.id, why=WHY, selection=chosen).id


def advance(database: Database, bell: Bell | None = None) -> int:
    """Has everything done that goes on by itself; in how many pieces."""
    for pieces in range(10_000):
        with database.transaction() as session:
            if not service.advance(session, bell):
                return pieces
    raise AssertionError("it never came to an end")


def preview(world: World, grade: Grade, **selection: Any) -> UUID:
    """A set, prepared and all of it graded with ``grade``."""
    set_id = make_set(world, **selection)
    advance(world.database)
    grade_all(world.database, grade)
    return set_id


def apply(database: Database, set_id: UUID) -> RegradeSet:
    with database.transaction() as session:
        return service.apply_set(session, set_id)


def undo(database: Database, set_id: UUID) -> RegradeSet:
    with database.transaction() as session:
        return service.undo_set(session, set_id)


def cancel(database: Database, set_id: UUID) -> RegradeSet:
    with database.transaction() as session:
        return service.cancel_set(session, set_id)


def detail(database: Database, set_id: UUID) -> SetDetail:
    with database.transaction() as session:
        return queries.get_set(session, set_id)


def members(database: Database, set_id: UUID) -> list[RegradeMember]:
    own = RegradeMember.set_id == set_id
    with database.transaction() as session:
        return [*session.scalars(select(RegradeMember).where(own).order_by(RegradeMember.submission_id))]


def member_ids(database: Database, set_id: UUID) -> set[UUID]:
    return {member.submission_id for member in members(database, set_id)}


def shown(database: Database, submission_id: UUID) -> AssignmentSubmission:
    with database.transaction() as session:
        return session.get_one(AssignmentSubmission, submission_id)


def runs(database: Database, **where: Any) -> list[GradingRun]:
    statement = select(GradingRun).filter_by(**where).order_by(GradingRun.submission_id, GradingRun.number)
    with database.transaction() as session:
        return [*session.scalars(statement)]


def graded(world: World, grade: Grade, **submission: Any) -> UUID:
    """A submission that shows ``grade``."""
    submitted = submit(world, **submission).submission.id
    grade_all(world.database, grade)
    return submitted


def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tables that learners are shown something of."""
    tables = ("assignment_submissions", "module_progress", "language_enrollments")
    metadata = AssignmentSubmission.metadata
    with database.transaction() as session:
        return {
            name: [
                dict(row._mapping)
                for row in session.execute(
                    select(metadata.tables[f"learning.{name}"]).order_by(
                        metadata.tables[f"learning.{name}"].c.id
                    )
                )
            ]
            for name in tables
        }
