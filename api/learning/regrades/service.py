"""What an administrator does with a set, and what goes on by itself: adding its members, and seeing that it is ready.

Members are added by pieces, each a short transaction of its own, by whoever calls `prepare`: the sweeper, or the
command that made the set. What is there so far stands in the set's row, so it does not matter who goes on.

Applying and undoing are one transaction each, however many members there are. What they may take is decided by the
first statement, which holds the set; all that follows is a few statements for all members together, and the progress
of the learners of whom a submission begins or ceases to be passed.
"""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import ColumnElement, Table, and_, case, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from api.core.clock import now
from api.core.errors import Conflict, FieldError, Invalid, NotFound
from api.core.queue import Bell, ring_after_commit
from api.learning.regrades.models import MemberOutcome, RegradeMember, RegradeSet, RegradeSetStatus
from api.learning.regrades.selection import Selection, check_selection, select_submissions
from api.learning.regrades.telling import tell_applied, tell_undone
from api.learning.submissions import service as submissions
from api.learning.submissions.grade import UNFINISHED, Reason
from api.learning.submissions.models import AssignmentSubmission, GradingRun

__all__ = ["Selection", "advance", "apply_set", "cancel_set", "create_set", "prepare", "undo_set"]

log = structlog.get_logger(__name__)

MEMBERS_AT_ONCE = 250
"""Members that one transaction adds: well below a tenth of a second on SQLite, whose one writer waits meanwhile."""

MAX_WHY = 2000
_OPEN = (RegradeSetStatus.PREPARING, RegradeSetStatus.RUNNING, RegradeSetStatus.READY)
_NO_SYNC = {"synchronize_session": False}


def create_set(session: Session, *, asked_by: UUID | None, why: str, selection: Selection) -> RegradeSet:
    """Makes a set without members; `prepare` adds them. ``asked_by``: None on the command line.

    Raises:
        Invalid: no reason why, or a selection that is none or finds nothing.
        Conflict: single cases of results that an earlier version of the test cases gave.
    """
    moment = now()
    if not why.strip() or len(why) > MAX_WHY or "\0" in why:
        fault = FieldError("why", f"say in 1 to {MAX_WHY} characters why this is graded again")
        raise Invalid("the request has faults", (fault,))
    only = check_selection(session, selection, moment)
    row = RegradeSet(
        asked_by=asked_by,
        why=why.strip(),
        selection=msgspec.to_builtins(selection),
        suite_id=only.suite_id if only else None,
        only_cases=only.positions if only else None,
        created_at=moment,
    )
    session.add(row)
    session.flush()
    log.info("regrade_set_made", set=str(row.id), by=str(asked_by))
    return row


def advance(session: Session, bell: Bell | None = None) -> bool:
    """Does the next piece of work for whichever set is next; False if there was none to do.

    A set whose last run has been graded becomes READY.
    """
    waiting = select(RegradeSet.id).where(RegradeSet.status == RegradeSetStatus.PREPARING)
    set_id = session.scalar(waiting.order_by(RegradeSet.created_at, RegradeSet.id).limit(1))
    if set_id is not None:
        prepare(session, set_id, bell)
        return True
    running = exists().where(RegradeSet.status == RegradeSetStatus.RUNNING)
    if session.scalar(select(running)):  # looked at first: an update would wait for SQLite's one writer
        _settle(session)
    return False


def prepare(session: Session, set_id: UUID, bell: Bell | None = None) -> int | None:
    """Adds the next members of a set, with their preview runs; how many there are now, None if all were there."""
    held = RegradeSet.id == set_id, RegradeSet.status == RegradeSetStatus.PREPARING
    if _change(session, held, total=RegradeSet.total) is None:
        return None
    row = session.get_one(RegradeSet, set_id, populate_existing=True)
    selection = msgspec.convert(row.selection, Selection)
    statement = select_submissions(selection, row.created_at, row.suite_id)
    if row.prepared_up_to is not None:
        statement = statement.where(AssignmentSubmission.id > row.prepared_up_to)
    chosen = session.scalars(statement.order_by(AssignmentSubmission.id).limit(MEMBERS_AT_ONCE)).all()
    previews = submissions.add_previews(session, set_id, chosen, row.only_cases)
    if previews:
        members = [{"set_id": set_id, **preview._asdict()} for preview in previews]
        session.execute(insert(cast(Table, RegradeMember.__table__)), members)
        ring_after_commit(session, bell)
    row.total += len(previews)
    if len(chosen) < MEMBERS_AT_ONCE:
        row.status = RegradeSetStatus.RUNNING
    else:
        row.prepared_up_to = chosen[-1]
    session.flush()
    return row.total


def apply_set(session: Session, set_id: UUID, by: UUID | None = None) -> RegradeSet:
    """Shows every preview of a set, or, if it raises, none.

    Left as they are: submissions that show another run by now than when the set was prepared, and those whose
    preview the platform could not grade.

    Raises:
        NotFound: no such set.
        Conflict: it is not READY (``not_ready``), or was applied or cancelled before (``set_is_over``).
    """
    moment = now()
    able = (
        RegradeSet.id == set_id,
        RegradeSet.status.in_((RegradeSetStatus.RUNNING, RegradeSetStatus.READY)),
        ~_unfinished(),
    )
    ready_at = func.coalesce(RegradeSet.ready_at, moment)
    if _change(session, able, status=RegradeSetStatus.APPLIED, applied_at=moment, ready_at=ready_at) is None:
        raise _refusal(session, set_id, "applied")
    run, before = aliased(GradingRun), aliased(GradingRun)
    member = RegradeMember.set_id == set_id
    wanted = (
        select(RegradeMember.submission_id, RegradeMember.number, RegradeMember.before)
        .join(run, _is_run(run, RegradeMember.number))
        .where(member, run.reason.is_distinct_from(Reason.PLATFORM))
    )
    submissions.show_runs(session, wanted)
    is_shown = AssignmentSubmission.current_run == RegradeMember.number
    differs = or_(
        run.result_status != before.result_status,
        run.score.is_distinct_from(before.score),
        run.max_score.is_distinct_from(before.max_score),
    )
    outcome = case(
        (run.reason == Reason.PLATFORM, MemberOutcome.FAULT.value),
        (is_shown, MemberOutcome.APPLIED.value),
        else_=MemberOutcome.NEWER.value,
    )
    session.execute(
        update(RegradeMember)
        .where(
            member,
            AssignmentSubmission.id == RegradeMember.submission_id,
            _is_run(run, RegradeMember.number),
            _is_run(before, RegradeMember.before),
        )
        .values(outcome=outcome, changed=and_(is_shown, differs))
        .execution_options(**_NO_SYNC)
    )
    tell_applied(session, set_id)
    return _done(session, set_id, "regrade_set_applied", by)


def undo_set(session: Session, set_id: UUID, by: UUID | None = None) -> RegradeSet:
    """Shows again what was shown before the set was applied, but where something newer is shown since.

    Raises:
        NotFound: no such set.
        Conflict: it is not APPLIED (``not_applied``).
    """
    able = RegradeSet.id == set_id, RegradeSet.status == RegradeSetStatus.APPLIED
    if _change(session, able, status=RegradeSetStatus.UNDONE, undone_at=now()) is None:
        raise _refusal(session, set_id, "undone")
    applied = RegradeMember.set_id == set_id, RegradeMember.outcome == MemberOutcome.APPLIED
    submissions.show_runs(
        session,
        select(RegradeMember.submission_id, RegradeMember.before, RegradeMember.number).where(*applied),
    )
    is_shown = AssignmentSubmission.current_run == RegradeMember.before
    session.execute(
        update(RegradeMember)
        .where(*applied, AssignmentSubmission.id == RegradeMember.submission_id)
        .values(outcome=case((is_shown, MemberOutcome.RESTORED.value), else_=MemberOutcome.KEPT.value))
        .execution_options(**_NO_SYNC)
    )
    tell_undone(session, set_id)
    return _done(session, set_id, "regrade_set_undone", by)


def cancel_set(session: Session, set_id: UUID, by: UUID | None = None) -> RegradeSet:
    """Ends a set that was not applied. Nothing that is shown changes; previews that are not graded yet never will be.

    Raises:
        NotFound: no such set.
        Conflict: it was applied or cancelled before (``set_is_over``).
    """
    able = RegradeSet.id == set_id, RegradeSet.status.in_(_OPEN)
    if _change(session, able, status=RegradeSetStatus.CANCELLED, cancelled_at=now()) is None:
        raise _refusal(session, set_id, "cancelled")
    submissions.withdraw_previews(session, set_id)
    return _done(session, set_id, "regrade_set_cancelled", by)


def _settle(session: Session) -> None:
    able = RegradeSet.status == RegradeSetStatus.RUNNING, ~_unfinished()
    _change(session, able, status=RegradeSetStatus.READY, ready_at=now())


def _unfinished() -> ColumnElement[bool]:
    return exists().where(
        GradingRun.regrade_set_id == RegradeSet.id,
        GradingRun.status.in_(UNFINISHED),
    )


def _is_run(run: Any, number: Any) -> ColumnElement[bool]:
    return and_(run.submission_id == RegradeMember.submission_id, run.number == number)


def _change(session: Session, conditions: Iterable[Any], **values: Any) -> UUID | None:
    changed = session.scalars(
        update(RegradeSet)
        .where(*conditions)
        .values(**values)
        .returning(RegradeSet.id)
        .execution_options(**_NO_SYNC)
    )
    return changed.first()


def _done(session: Session, set_id: UUID, event: str, by: UUID | None) -> RegradeSet:
    row = session.get_one(RegradeSet, set_id, populate_existing=True)
    log.info(event, set=str(set_id), by=str(by), total=row.total)
    return row


def _refusal(session: Session, set_id: UUID, what: str) -> NotFound | Conflict:
    status = session.scalar(select(RegradeSet.status).where(RegradeSet.id == set_id))
    if status is None:
        return NotFound("there is no such re-grade set")
    if what == "undone":
        return Conflict(
            f"a set that is {status} cannot be undone: only an APPLIED one can", code="not_applied"
        )
    if status in _OPEN:
        return Conflict("the set is not READY: its previews are not all graded yet", code="not_ready")
    return Conflict(f"a set that is {status} cannot be {what} any more", code="set_is_over")
