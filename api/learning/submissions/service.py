"""Writes of submissions: submitting and re-grading here, a worker's part in `claims`, `recording` and
`runtimes`, a re-grade set's in `previews`.

This module is the slice's door: other slices and the grader take everything from here.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from api.core.actor import Actor
from api.core.clock import now
from api.core.database import after_commit
from api.core.errors import Conflict, FieldError, Invalid, NotFound, RateLimited, Unavailable
from api.core.ids import new_id
from api.core.metrics import counter
from api.core.queue import Bell, ring_after_commit
from api.core.upsert import insert_once
from api.learning.curriculum import queries as curriculum_queries
from api.learning.curriculum.models import Assignment, TestSuite
from api.learning.curriculum.service import require_enrollment
from api.learning.submissions.admission import Admission
from api.learning.submissions.announcing import ANNOUNCED, announce_row
from api.learning.submissions.claims import SweepReport, claim_next_run, release_run, renew_lease, sweep
from api.learning.submissions.grade import RunStatus, SubmissionStatus
from api.learning.submissions.models import PRIORITY_LIVE, PRIORITY_REGRADE, AssignmentSubmission, GradingRun
from api.learning.submissions.picking import Bounds, bounds_of
from api.learning.submissions.previews import (
    Preview,
    add_previews,
    hold_submissions,
    show_runs,
    withdraw_previews,
)
from api.learning.submissions.recording import record_grade
from api.learning.submissions.runtimes import report_runtimes
from api.learning.submissions.source import Source

__all__ = [
    "ANNOUNCED",
    "Bounds",
    "Planned",
    "Preview",
    "Submitted",
    "SweepReport",
    "add_previews",
    "announce_row",
    "bounds_of",
    "claim_next_run",
    "record_grade",
    "regrade",
    "regrade_many",
    "release_run",
    "renew_lease",
    "report_runtimes",
    "show_runs",
    "submit",
    "sweep",
    "withdraw_previews",
]

_ACCEPTED = counter("codezest_submissions_accepted_total", "Submissions that were stored")
KEY_HOURS = 24
"""How long a client's idempotency key means the same submission."""


class Submitted(NamedTuple):
    """A stored submission; ``is_new`` is False where the client's key named one that was there already."""

    submission: AssignmentSubmission
    is_new: bool


class Planned(NamedTuple):
    """A re-grading: which run of which submission. In a dry run, the run that would be added."""

    submission_id: UUID
    number: int


def submit(
    session: Session,
    actor: Actor,
    assignment_id: UUID,
    *,
    source: Source,
    language: str,
    key: str | None = None,
    bell: Bell | None = None,
    admission: Admission | None = None,
) -> Submitted:
    """Stores a submission and its first run, and has the bell rung once that is committed.

    ``key`` is the client's idempotency key: within 24 hours the same key with the same body gives the same
    submission, also where two such requests arrive at the same moment. ``admission`` has the bounds of what is taken
    in; they are never held against a key's second request.

    Raises:
        Unavailable, RateLimited: no more is taken in at the moment, see `Admission.admit`.
        NotFound: no such assignment.
        Forbidden: not enrolled in its language (``not_enrolled``), or paused.
        Invalid: the assignment does not take ``language``.
        Conflict: the key was used with another body (``idempotency_key_reused``).
    """
    digest = source.body_digest(assignment_id, language)
    if key is not None and (earlier := _earlier(session, actor.user_id, key, digest)) is not None:
        return Submitted(earlier, False)
    detail = curriculum_queries.get_assignment(session, assignment_id)
    require_enrollment(session, actor.user_id, detail.language.id)
    _require_taken(language, detail.suite.languages)
    try:
        if admission is not None:
            admission.admit(session, actor)
    except (RateLimited, Unavailable):
        # The same request may have been let in at this very moment, and have taken the last place.
        if key is not None and (earlier := _earlier(session, actor.user_id, key, digest)) is not None:
            return Submitted(earlier, False)
        raise
    _forget_old_key(session, actor.user_id, key)
    values = {
        "id": new_id(),
        "user_id": actor.user_id,
        "assignment_id": assignment_id,
        "code": source.code,
        "files": source.files,
        "language": language,
        "max_score": detail.assignment.max_score,
        "idempotency_key": key,
        "body_digest": digest if key is not None else None,
    }
    if not insert_once(session, AssignmentSubmission, ("user_id", "idempotency_key"), values):
        earlier = _earlier(session, actor.user_id, key or "", digest)
        assert earlier is not None
        return Submitted(earlier, False)
    submission = session.get_one(AssignmentSubmission, values["id"])
    _add_run(session, submission, detail.suite.id, number=1, priority=PRIORITY_LIVE)
    after_commit(session, _ACCEPTED.inc)
    ring_after_commit(session, bell)
    return Submitted(submission, True)


def regrade(session: Session, submission_id: UUID, bell: Bell | None = None) -> Planned:
    """Adds a run against the assignment's current suite; what is shown stays until it is done.

    A run that waits already for the same suite is as good, and no further one is added.

    Raises:
        NotFound: no such submission.
    """
    # The write holds the row: two re-gradings of one submission get two numbers, one after the other.
    session.execute(
        update(AssignmentSubmission)
        .where(AssignmentSubmission.id == submission_id)
        .values(user_id=AssignmentSubmission.user_id)
        .execution_options(synchronize_session=False)
    )
    row = session.execute(
        select(AssignmentSubmission, TestSuite.id)
        .join(Assignment, AssignmentSubmission.assignment_id == Assignment.id)
        .join(
            TestSuite,
            (TestSuite.assignment_id == Assignment.id) & (TestSuite.version == Assignment.suite_version),
        )
        .where(AssignmentSubmission.id == submission_id)
    ).one_or_none()
    if row is None:
        raise NotFound("there is no such submission")
    submission, suite_id = row
    number = session.scalar(
        select(func.max(GradingRun.number)).where(
            GradingRun.submission_id == submission_id,
            GradingRun.suite_id == suite_id,
            GradingRun.status == RunStatus.PENDING,
            GradingRun.regrade_set_id.is_(None),  # a preview may never be shown
        )
    )
    if number is None:
        number = _next_number(session, submission_id)
        _add_run(session, submission, suite_id, number=number, priority=PRIORITY_REGRADE)
    ring_after_commit(session, bell)
    return Planned(submission_id, number)


def regrade_many(
    session: Session,
    *,
    ids: Iterable[UUID] = (),
    assignment_slug: str | None = None,
    status: SubmissionStatus | None = None,
    dry_run: bool = False,
    bell: Bell | None = None,
) -> Sequence[Planned]:
    """Re-grades every submission that is one of ``ids``, or is of an assignment and a status where given.

    The oldest goes first. With ``dry_run`` nothing is stored.

    Raises:
        NotFound: one of ``ids`` does not exist; nothing is stored.
        Invalid: nothing was asked for (everything must be asked for by a status or an assignment).
    """
    wanted = [*ids]
    if not wanted and assignment_slug is None and status is None:
        raise Invalid("say which submissions: by id, by assignment, or by status")
    statement = select(AssignmentSubmission.id).order_by(
        AssignmentSubmission.submitted_at, AssignmentSubmission.id
    )
    if wanted:
        statement = statement.where(AssignmentSubmission.id.in_(wanted))
    if assignment_slug is not None:
        statement = statement.join(Assignment).where(Assignment.slug == assignment_slug)
    if status is not None:
        statement = statement.where(AssignmentSubmission.status == status)
    found = session.scalars(statement).all()
    missing = sorted(set(wanted) - set(found)) if assignment_slug is None and status is None else []
    if missing:
        raise NotFound(f"there is no submission {', '.join(map(str, missing))}")
    if dry_run:
        return [Planned(submission_id, _next_number(session, submission_id)) for submission_id in found]
    hold_submissions(session, found)
    return [regrade(session, submission_id, bell) for submission_id in found]


def _require_taken(language: str, languages: Sequence[str]) -> None:
    if language not in languages:
        fault = FieldError("language", f"the assignment takes {', '.join(languages)}")
        raise Invalid("the assignment does not take this language", (fault,), code="language_not_taken")


def _add_run(
    session: Session, submission: AssignmentSubmission, suite_id: UUID, *, number: int, priority: int
) -> None:
    session.add(
        GradingRun(
            submission_id=submission.id,
            user_id=submission.user_id,
            language=submission.language,
            suite_id=suite_id,
            number=number,
            priority=priority,
        )
    )
    session.flush()


def _next_number(session: Session, submission_id: UUID) -> int:
    last = select(func.max(GradingRun.number)).where(GradingRun.submission_id == submission_id)
    return (session.scalar(last) or 0) + 1


def _forget_old_key(session: Session, user_id: UUID, key: str | None) -> None:
    # Not before admission, which may have to wait for Redis: this is the first write, and takes SQLite's lock.
    if key is None:
        return
    session.execute(
        update(AssignmentSubmission)
        .where(
            AssignmentSubmission.user_id == user_id,
            AssignmentSubmission.idempotency_key == key,
            AssignmentSubmission.submitted_at < now() - timedelta(hours=KEY_HOURS),
        )
        .values(idempotency_key=None, body_digest=None)
        .execution_options(synchronize_session=False)
    )


def _earlier(session: Session, user_id: UUID, key: str, digest: str) -> AssignmentSubmission | None:
    statement = select(AssignmentSubmission).where(
        AssignmentSubmission.user_id == user_id,
        AssignmentSubmission.idempotency_key == key,
        AssignmentSubmission.submitted_at >= now() - timedelta(hours=KEY_HOURS),
    )
    earlier = session.scalar(statement)
    if earlier is not None and earlier.body_digest != digest:
        raise Conflict("this key was used for another submission", code="idempotency_key_reused")
    return earlier
