"""Which PENDING run is next: live before re-grade, then the learner with the fewest runs at work, then age.

Some wait though a slot is free, so that it stays free for others (`Bounds`): a learner who has as many live runs
at work as one may have, whatever those do, and re-grades while many runs are at work. A run cannot be put aside
once it works, so a slot that is to be had at once must not be given away.

The order is exact where it matters and cheap where it is not. Most learners have nothing at work, and the
oldest run of one of those is found by walking the index until the first. Only if every waiting learner has
something at work are the oldest `WINDOW` runs sorted by how much. Only runs of the same priority count as work: nobody
waits longer because an administrator has old submissions of his graded again. Sorting all that wait would be the whole
order in one clause; with 20,000 runs waiting each claim then took 80 ms on SQLite and 420 ms on PostgreSQL.

The expression is built once, from plain tables: building it anew took 20 ms, more than any database needs for
it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Alias, ColumnElement, Select, bindparam, func, select

from api.core.orm import UtcDateTime
from api.core.settings import Settings
from api.learning.submissions.grade import RunStatus
from api.learning.submissions.models import PRIORITY_LIVE, PRIORITY_REGRADE, GradingRun

WINDOW = 200


class Bounds(NamedTuple):
    """``per_user``: live runs that one account may have at work. ``regrades_below``: a re-grade begins only while
    fewer runs than this are at work, of whatever kind."""

    per_user: int
    regrades_below: int


UNBOUNDED = Bounds(2**31 - 1, 2**31 - 1)


def bounds_of(settings: Settings) -> Bounds:
    """The bounds that an installation is set to."""
    return Bounds(
        per_user=settings.max_runs_per_user,
        regrades_below=settings.regrade_slots or max(1, settings.worker_slots - 1),
    )


_Waits = Callable[[Alias], ColumnElement[bool]]


def _runs() -> Alias:
    return GradingRun.__table__.alias()  # pyright: ignore[reportReturnType]


def _waits(priority: int) -> _Waits:
    def condition(run: Alias) -> ColumnElement[bool]:
        due = (
            (run.c.status == RunStatus.PENDING)
            & (run.c.priority == priority)
            & run.c.language.in_(bindparam("languages", expanding=True))
            & (run.c.ready_at <= bindparam("moment", type_=UtcDateTime()))
            & (run.c.failures < bindparam("max_attempts"))
        )
        return due if priority == PRIORITY_LIVE else due & _a_regrade_may_begin()

    return condition


def _a_regrade_may_begin() -> ColumnElement[bool]:
    run = _runs()
    at_work = select(func.count()).where(run.c.status == RunStatus.RUNNING)
    return at_work.scalar_subquery() < bindparam("regrades_below")


def may_begin() -> ColumnElement[bool]:
    """Whether `Bounds`, given as parameters, let a run that waits begin now."""
    is_live = GradingRun.priority == PRIORITY_LIVE
    return (is_live & GradingRun.user_id.not_in(_at_the_bound())) | (~is_live & _a_regrade_may_begin())


def _with_work(priority: int) -> Select[Any]:
    # Re-grades of what a learner once sent are not the learner's doing: they take no turn from a live run.
    at_work = _runs()
    return select(at_work.c.user_id).where(
        at_work.c.status == RunStatus.RUNNING, at_work.c.priority <= priority
    )


def _at_the_bound() -> Select[Any]:
    at_work = _runs()
    return (
        select(at_work.c.user_id)
        .where(at_work.c.status == RunStatus.RUNNING, at_work.c.priority == PRIORITY_LIVE)
        .group_by(at_work.c.user_id)
        .having(func.count() >= bindparam("per_user"))
    )


def _of_an_idle_learner(priority: int) -> Select[Any]:
    run = _runs()
    return (
        select(run.c.id)
        .where(_waits(priority)(run), run.c.user_id.not_in(_with_work(priority)))
        .order_by(run.c.queued_at, run.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=run)
    )


def _of_a_busy_learner(priority: int) -> Select[Any]:
    run, at_work, old = _runs(), _runs(), _runs()
    waits = _waits(priority)(old)
    if priority == PRIORITY_LIVE:
        waits &= old.c.user_id.not_in(_at_the_bound())
    oldest = select(old.c.id).where(waits).order_by(old.c.queued_at, old.c.id).limit(WINDOW)
    load = select(func.count()).where(
        at_work.c.user_id == run.c.user_id,
        at_work.c.status == RunStatus.RUNNING,
        at_work.c.priority <= priority,
    )
    return (
        select(run.c.id)
        .where(run.c.id.in_(oldest), run.c.status == RunStatus.PENDING)
        .order_by(load.scalar_subquery(), run.c.queued_at, run.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=run)
    )


BEST_RUN: ColumnElement[UUID] = func.coalesce(
    *(
        pick(priority).scalar_subquery()
        for priority in (PRIORITY_LIVE, PRIORITY_REGRADE)
        for pick in (_of_an_idle_learner, _of_a_busy_learner)
    )
)
"""The id of the run to claim, NULL if none may be; takes ``languages``, ``moment``, ``max_attempts`` and `Bounds`.

On PostgreSQL the picked row is locked, and rows that others have locked are passed over. SQLite's dialect
leaves that clause out: its one writer needs none.
"""
