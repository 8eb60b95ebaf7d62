"""Telling whom it concerns that a set was applied or undone: learners whose result changed, and webhooks. Nobody else.

It happens in the transaction that shows the other results, so nothing is told of a set that could not be applied.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from api.learning.curriculum.models import Assignment
from api.learning.regrades.models import MemberOutcome, RegradeMember
from api.learning.submissions import service as submissions
from api.learning.submissions.models import AssignmentSubmission
from api.notifications import service as notifications


def tell_applied(session: Session, set_id: UUID) -> None:
    """Tells of every result that applying the set has changed."""
    _tell(session, set_id, MemberOutcome.APPLIED, "was graded again")


def tell_undone(session: Session, set_id: UUID) -> None:
    """Tells of every result that is again what it was."""
    _tell(session, set_id, MemberOutcome.RESTORED, "has its earlier result again")


def _tell(session: Session, set_id: UUID, outcome: MemberOutcome, what: str) -> None:
    changed: ColumnElement[bool] = and_(
        RegradeMember.set_id == set_id, RegradeMember.outcome == outcome, RegradeMember.changed.is_(True)
    )
    rows = session.execute(
        select(*submissions.ANNOUNCED, Assignment.title)
        .join(RegradeMember, RegradeMember.submission_id == AssignmentSubmission.id)
        .join(Assignment, AssignmentSubmission.assignment_id == Assignment.id)
        .where(changed)
        .order_by(AssignmentSubmission.id)
    ).all()
    for row in rows:
        result = f"{row.status}, {row.score or 0} of {row.max_score} points"
        notifications.notify(
            session,
            row.user_id,
            type="submission_regraded",
            title=f"New result: {row.title}",
            message=f"Your submission to {row.title} {what}: {result}.",
            data={"submissionId": str(row.id), "assignmentId": str(row.assignment_id)},
        )
        submissions.announce_row(session, row)
