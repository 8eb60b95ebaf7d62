"""Which PENDING run is next: live before re-grade, then the learner with the fewest runs at work, then age.

The order is exact where it matters and cheap where it is not. Most learners have nothing at work, and the
oldest run of one of those is found by walking the index until the first. Only if every waiting learner has
something at work are the oldest `WINDOW` runs sorted by how much. Only runs of the same priority count as work: nobody
waits longer because an administrator has old submissions of his graded again. Sorting all that wait would be the whole
order in one clause; with 20,000 runs waiting each claim then took 80 ms on SQLite and 420 ms on PostgreSQL.

The expression is built once, from plain tables: building it anew took 20 ms, more than any database needs for
it.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Alias, ColumnElement, Select, bindparam, func, select

from api.core.orm import UtcDateTime
from api.learning.submissions.grade import RunStatus
from api.learning.submissions.models import PRIORITY_LIVE, PRIORITY_REGRADE, GradingRun

WINDOW = 200

_Waits = Callable[[Alias], ColumnElement[bool]]


def _runs() -> Alias:
    return GradingRun.__table__.alias()  # pyright: ignore[reportReturnType]


def _waits(priority: int) -> _Waits:
    def condition(run: Alias) -> ColumnElement[bool]:
        return (
            (run.c.status == RunStatus.PENDING)
            & (run.c.priority == priority)
            & run.c.language.in_(bindparam("languages", expanding=True))
            & (run.c.ready_at <= bindparam("moment", type_=UtcDateTime()))
            & (run.c.failures < bindparam("max_attempts"))
        )

    return condition


def _of_an_idle_learner(priority: int) -> Select[Any]:
    run, at_work, waits = _runs(), _runs(), _waits(priority)
    busy = select(at_work.c.user_id).where(
        at_work.c.status == RunStatus.RUNNING, at_work.c.priority == priority
    )
    return (
        select(run.c.id)
        .where(waits(run), run.c.user_id.not_in(busy))
        .order_by(run.c.queued_at, run.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=run)
    )


def _of_a_busy_learner(priority: int) -> Select[Any]:
    run, at_work, old, waits = _runs(), _runs(), _runs(), _waits(priority)
    oldest = select(old.c.id).where(waits(old)).order_by(old.c.queued_at, old.c.id).limit(WINDOW)
    load = select(func.count()).where(
        at_work.c.user_id == run.c.user_id,
        at_work.c.status == RunStatus.RUNNING,
        at_work.c.priority == priority,
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
"""The id of the run to claim, NULL if none waits; takes ``languages``, ``moment`` and ``max_attempts``.

On PostgreSQL the picked row is locked, and rows that others have locked are passed over. SQLite's dialect
leaves that clause out: its one writer needs none.
"""
