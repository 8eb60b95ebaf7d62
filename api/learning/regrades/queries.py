"""Reads of re-grade sets: how far they are, and what they would change or have changed.

Compared are two runs that never change, the preview and the one shown before; so what a set changed can be read as
long as it is there. Points are compared as they are shown, whatever they were out of. A preview that the platform
could not grade changes nothing, and is counted apart.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from api.core.errors import NotFound
from api.core.pages import read_page
from api.learning.regrades.models import MemberOutcome, RegradeMember, RegradeSet, RegradeSetStatus
from api.learning.submissions.grade import Reason, RunStatus, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, GradingRun

_RUN, _BEFORE = aliased(GradingRun), aliased(GradingRun)
_DONE = _RUN.status == RunStatus.DONE
_FAULT = and_(_DONE, _RUN.reason.is_not_distinct_from(Reason.PLATFORM))
_GRADED = and_(_DONE, _RUN.reason.is_distinct_from(Reason.PLATFORM))
_DIFFERENCE = func.coalesce(_RUN.score, 0) - func.coalesce(_BEFORE.score, 0)
_FLIPPED = and_(_GRADED, _RUN.result_status != _BEFORE.result_status)
_NEWER = or_(
    RegradeMember.outcome.in_((MemberOutcome.NEWER, MemberOutcome.KEPT)),
    and_(RegradeMember.outcome.is_(None), AssignmentSubmission.current_run != RegradeMember.before),
)


class ChangeKind(StrEnum):
    """What a set does to a submission. ``flip``: another status; ``newer``: another run is shown by now."""

    UP = "up"
    DOWN = "down"
    SAME = "same"
    FLIP = "flip"
    FAULT = "fault"
    NEWER = "newer"


_KINDS: dict[ChangeKind, ColumnElement[bool]] = {
    ChangeKind.UP: and_(_GRADED, _DIFFERENCE > 0),
    ChangeKind.DOWN: and_(_GRADED, _DIFFERENCE < 0),
    ChangeKind.SAME: and_(_GRADED, _DIFFERENCE == 0, _RUN.result_status == _BEFORE.result_status),
    ChangeKind.FLIP: _FLIPPED,
    ChangeKind.FAULT: _FAULT,
    ChangeKind.NEWER: _NEWER,
}


class Flip(NamedTuple):
    """How many submissions go from one status to another."""

    was: SubmissionStatus
    becomes: SubmissionStatus
    submissions: int


class SetDetail(NamedTuple):
    """A set; ``status`` is READY as soon as everything is graded, also before that is written down.

    ``runs`` counts the previews by status, ``kinds`` the members by what becomes of them (one can be of several
    kinds), ``outcomes`` those of a set that was applied by what has become of them.
    """

    regrade_set: RegradeSet
    status: RegradeSetStatus
    runs: dict[RunStatus, int]
    kinds: dict[ChangeKind, int]
    flips: list[Flip]
    outcomes: dict[MemberOutcome, int]


class Change(NamedTuple):
    """One submission of a set: the run shown before, and the preview, whose result is None until it is graded."""

    member: RegradeMember
    user_id: UUID
    status: RunStatus
    before: tuple[SubmissionStatus | None, Reason | None, int | None]
    after: tuple[SubmissionStatus | None, Reason | None, int | None]
    newer: bool


class LearnerChange(NamedTuple):
    """All submissions of one learner in a set. ``difference`` is in points; passed are counted before and after."""

    user_id: UUID
    submissions: int
    up: int
    down: int
    flips: int
    faults: int
    passed_before: int
    passed_after: int
    difference: int


def list_sets(
    session: Session, *, status: RegradeSetStatus | None, limit: int, offset: int
) -> tuple[Sequence[RegradeSet], int]:
    """A page of the sets, newest first, and how many there are."""
    statement = select(RegradeSet)
    if status is not None:
        statement = statement.where(RegradeSet.status == status)
    newest = RegradeSet.created_at.desc(), RegradeSet.id.desc()
    return read_page(session, statement, *newest, limit=limit, offset=offset)


def get_set(session: Session, set_id: UUID) -> SetDetail:
    """A set with its figures. Raises NotFound."""
    row = _found(session, set_id)
    counts = _members(
        set_id,
        *(func.count().filter(_RUN.status == status) for status in RunStatus),
        *(func.count().filter(condition) for condition in _KINDS.values()),
        *(func.count().filter(RegradeMember.outcome == outcome) for outcome in MemberOutcome),
    )
    figures = iter(session.execute(counts).one())
    runs = {status: next(figures) for status in RunStatus}
    kinds = {kind: next(figures) for kind in _KINDS}
    outcomes = {outcome: next(figures) for outcome in MemberOutcome}
    pair = _BEFORE.result_status, _RUN.result_status
    flips = session.execute(
        _members(set_id, *pair, func.count()).where(_FLIPPED).group_by(*pair).order_by(*pair)
    ).all()
    all_graded = not (runs[RunStatus.PENDING] or runs[RunStatus.RUNNING])
    is_ready = row.status is RegradeSetStatus.RUNNING and all_graded
    status = RegradeSetStatus.READY if is_ready else row.status
    return SetDetail(row, status, runs, kinds, [Flip(*flip) for flip in flips], outcomes)


def list_changes(
    session: Session, set_id: UUID, *, kind: ChangeKind | None, limit: int, offset: int
) -> tuple[Sequence[Change], int]:
    """A page of a set's submissions in the order of their ids, those of one kind or all. Raises NotFound."""
    _found(session, set_id)
    where = () if kind is None else (_KINDS[kind],)
    total = session.scalar(_members(set_id, func.count()).where(*where))
    columns = [
        *(RegradeMember, _RUN.user_id, _RUN.status, _NEWER),
        *(_BEFORE.result_status, _BEFORE.reason, _BEFORE.score),
        *(_RUN.result_status, _RUN.reason, _RUN.score),
    ]
    page = _members(set_id, *columns).where(*where).order_by(RegradeMember.submission_id)
    rows = session.execute(page.limit(limit).offset(offset)).all()
    changes = [_change(*row) for row in rows]
    return changes, total or 0


def list_learners(
    session: Session, set_id: UUID, *, limit: int, offset: int
) -> tuple[Sequence[LearnerChange], int]:
    """A page of the learners of a set, and how many there are: who loses most comes first. Raises NotFound."""
    _found(session, set_id)
    total = session.scalar(_members(set_id, func.count(_RUN.user_id.distinct())))
    passed = SubmissionStatus.PASSED
    difference = func.sum(case((_GRADED, _DIFFERENCE), else_=0))
    becomes = case((_GRADED, _RUN.result_status), else_=_BEFORE.result_status)
    page = _members(
        set_id,
        _RUN.user_id,
        func.count(),
        *(func.count().filter(_KINDS[ChangeKind[kind]]) for kind in ("UP", "DOWN", "FLIP", "FAULT")),
        func.count().filter(_BEFORE.result_status == passed),
        func.count().filter(becomes == passed),
        difference,
    )
    page = page.group_by(_RUN.user_id).order_by(difference, _RUN.user_id)
    rows = session.execute(page.limit(limit).offset(offset)).all()
    return [LearnerChange(*row) for row in rows], total or 0


def _change(member: RegradeMember, user_id: UUID, status: RunStatus, newer: bool, *results: Any) -> Change:
    return Change(member, user_id, status, results[:3], results[3:], bool(newer))


def _members(set_id: UUID, *columns: Any) -> Any:
    own = RegradeMember.submission_id
    return (
        select(*columns)
        .select_from(RegradeMember)
        .join(_RUN, (_RUN.submission_id == own) & (_RUN.number == RegradeMember.number))
        .join(_BEFORE, (_BEFORE.submission_id == own) & (_BEFORE.number == RegradeMember.before))
        .join(AssignmentSubmission, AssignmentSubmission.id == own)
        .where(RegradeMember.set_id == set_id)
    )


def _found(session: Session, set_id: UUID) -> RegradeSet:
    row = session.get(RegradeSet, set_id)
    if row is None:
        raise NotFound("there is no such re-grade set")
    return row
