"""What live status reads from the database: who may watch which run, where runs stand, how they ended.

All but the first are asked for all runs that a process' clients watch at once.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.core.actor import Actor, is_admin
from api.learning.submissions.grade import UNFINISHED, CaseGrade, RunStatus
from api.learning.submissions.live.events import Done, Event, case_told, compiled, done, running
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun
from api.learning.submissions.queries import NOT_FINAL, readable_submission

CHUNK = 500  # ids in one statement


class Subject(NamedTuple):
    """A submission that is to be watched. ``run_id`` is the run to follow, ``number`` of the submission; or None, and
    ``events`` are all of the run whose result stands."""

    run_id: UUID | None
    number: int
    events: Sequence[Event]


class State(NamedTuple):
    """Where a run stands. ``is_over``: it, or a newer one of its submission, is graded."""

    status: RunStatus
    number: int
    attempt: int
    queued_at: datetime
    is_over: bool


def find_subject(session: Session, actor: Actor, submission_id: UUID) -> Subject:
    """The submission of ``actor`` (of anybody, for an ADMIN), and what is to be told of it.

    Of a submission that shows a result that result is told. Only an ADMIN follows its re-grading: learners are told
    of that when it changes what they see, and not before.

    Raises:
        NotFound: there is none, or it is somebody else's: both look the same.
    """
    submission = readable_submission(session, actor, submission_id)
    is_graded = submission.status not in NOT_FINAL and submission.current_run is not None
    run = None
    if not is_graded or is_admin(actor):
        at_work = select(GradingRun).where(
            GradingRun.submission_id == submission_id,
            GradingRun.status.in_(UNFINISHED),
            GradingRun.regrade_set_id.is_(None),  # a preview shows nowhere
        )
        newest_first = GradingRun.number.desc() if is_graded else GradingRun.number
        run = session.scalars(at_work.order_by(newest_first).limit(1)).first()
    if run is not None:
        return Subject(run.id, run.number, ())
    if submission.current_run is None:  # it was graded between the two reads
        session.expire(submission)
        submission = readable_submission(session, actor, submission_id)
    shown = select(GradingRun).where(
        GradingRun.submission_id == submission_id, GradingRun.number == submission.current_run
    )
    run = session.scalars(shown).one()
    return Subject(None, run.number, _events(session, run, submission))


def states(session: Session, run_ids: Collection[UUID]) -> dict[UUID, State]:
    """Where these runs stand; one that is gone is not among them."""
    found = {}
    for chunk in _chunks(run_ids):
        statement = (
            select(
                GradingRun.id,
                GradingRun.status,
                GradingRun.number,
                GradingRun.attempt,
                GradingRun.queued_at,
                AssignmentSubmission.current_run,
            )
            .join(AssignmentSubmission, GradingRun.submission_id == AssignmentSubmission.id)
            .where(GradingRun.id.in_(chunk))
        )
        for row in session.execute(statement):
            is_over = row.status not in UNFINISHED or (row.current_run or 0) >= row.number
            found[row.id] = State(row.status, row.number, row.attempt, row.queued_at, is_over)
    return found


def positions(session: Session, run_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many runs go before each of these, by age; those that wait no more are not among them.

    One walk over what waits, however many are asked for.
    """
    place = func.row_number().over(order_by=(GradingRun.priority, GradingRun.queued_at, GradingRun.id))
    line = select(GradingRun.id, place.label("place")).where(GradingRun.status == RunStatus.PENDING)
    line = line.subquery()
    found = {}
    for chunk in _chunks(run_ids):
        for run_id, number in session.execute(select(line.c.id, line.c.place).where(line.c.id.in_(chunk))):
            found[run_id] = number - 1
    return found


def endings(session: Session, run_ids: Collection[UUID]) -> dict[UUID, Sequence[Event]]:
    """All events of these runs, which are over; ``done`` tells what their submissions show."""
    found = {}
    for run_id in run_ids:
        statement = (
            select(GradingRun, AssignmentSubmission)
            .join(AssignmentSubmission, GradingRun.submission_id == AssignmentSubmission.id)
            .where(GradingRun.id == run_id)
        )
        for run, submission in session.execute(statement):
            found[run_id] = _events(session, run, submission)
    return found


def _events(session: Session, run: GradingRun, submission: AssignmentSubmission) -> list[Event]:
    own = select(CaseResult).where(CaseResult.run_id == run.id).order_by(CaseResult.position)
    results = session.scalars(own).all()
    number, attempt = run.number, run.attempt
    result = Done(submission.status, submission.reason, submission.score, submission.max_score)
    events = [running(number, attempt)]
    if results:
        events.append(compiled(number, attempt))
        events += [case_told(number, attempt, row.position, _grade(row)) for row in results]
    return [*events, done(number, attempt, result, len(results))]


def _grade(row: CaseResult) -> CaseGrade:
    return CaseGrade(
        name=row.name,
        group=row.group,
        visible=row.visible,
        verdict=row.verdict,
        reason=row.reason,
        cpu_ms=row.cpu_ms,
        wall_ms=row.wall_ms,
    )


def _chunks(ids: Collection[UUID]) -> list[list[UUID]]:
    whole = sorted(ids)
    return [whole[start : start + CHUNK] for start in range(0, len(whole), CHUNK)]
