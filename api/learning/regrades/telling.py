"""Telling whom it concerns that a set was applied or undone: learners whose result changed, and webhooks. Nobody else.

It happens in the transaction that shows the other results, so nothing is told of a set that could not be applied.
"""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from api.learning.curriculum.models import Assignment
from api.learning.regrades.models import MemberOutcome, RegradeMember
from api.learning.submissions import service as submissions
from api.learning.submissions.models import AssignmentSubmission
from api.notifications import service as notifications


class _Told(NamedTuple):
    submission_id: UUID
    user_id: UUID
    assignment_id: UUID
    title: str
    status: str
    score: int | None
    max_score: int


def tell_applied(session: Session, set_id: UUID) -> int:
    """Tells of every result that applying the set has changed; of how many."""
    return _tell(session, set_id, MemberOutcome.APPLIED, "was graded again")


def tell_undone(session: Session, set_id: UUID) -> int:
    """Tells of every result that is again what it was; of how many."""
    return _tell(session, set_id, MemberOutcome.RESTORED, "has its earlier result again")


def _tell(session: Session, set_id: UUID, outcome: MemberOutcome, what: str) -> int:
    changed: ColumnElement[bool] = and_(
        RegradeMember.set_id == set_id, RegradeMember.outcome == outcome, RegradeMember.changed.is_(True)
    )
    rows = session.execute(
        select(
            AssignmentSubmission.id,
            AssignmentSubmission.user_id,
            Assignment.id,
            Assignment.title,
            AssignmentSubmission.status,
            AssignmentSubmission.score,
            AssignmentSubmission.max_score,
        )
        .join(RegradeMember, RegradeMember.submission_id == AssignmentSubmission.id)
        .join(Assignment, AssignmentSubmission.assignment_id == Assignment.id)
        .where(changed)
        .order_by(AssignmentSubmission.id)
    ).all()
    for row in rows:
        told = _Told(*row)
        result = f"{told.status}, {told.score or 0} of {told.max_score} points"
        notifications.notify(
            session,
            told.user_id,
            type="submission_regraded",
            title=f"New result: {told.title}",
            message=f"Your submission to {told.title} {what}: {result}.",
            data={"submissionId": str(told.submission_id), "assignmentId": str(told.assignment_id)},
        )
        submissions.announce_result(session, told.submission_id)
    return len(rows)
