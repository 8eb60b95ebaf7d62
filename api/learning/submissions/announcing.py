"""Telling webhooks that a submission shows a new result, in the transaction that makes it show.

Both ways to a result end here: a grade, and the platform's giving up.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.learning.submissions.models import AssignmentSubmission
from api.webhooks import service as webhooks

#: Columns of a submission that `announce_row` takes; a caller that reads a row anyhow asks for these with it.
ANNOUNCED = (
    AssignmentSubmission.id,
    AssignmentSubmission.user_id,
    AssignmentSubmission.assignment_id,
    AssignmentSubmission.language,
    AssignmentSubmission.status,
    AssignmentSubmission.reason,
    AssignmentSubmission.score,
    AssignmentSubmission.max_score,
    AssignmentSubmission.current_run,
    AssignmentSubmission.submitted_at,
    AssignmentSubmission.graded_at,
)


def announce_result(session: Session, submission_id: UUID) -> None:
    """Tells of the result that the submission shows now."""
    announce_row(session, session.execute(select(*ANNOUNCED).where(ANNOUNCED[0] == submission_id)).one())


def announce_row(session: Session, row: Any) -> None:
    """The same, where the columns of `ANNOUNCED` have been read."""
    webhooks.announce(
        session,
        webhooks.SubmissionGraded(
            submission_id=row.id,
            assignment_id=row.assignment_id,
            user_id=row.user_id,
            run=row.current_run,
            language=row.language,
            status=row.status,
            reason=row.reason,
            score=row.score,
            max_score=row.max_score,
            submitted_at=row.submitted_at,
            graded_at=row.graded_at,
        ),
    )
