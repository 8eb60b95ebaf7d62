"""What waits to be graded, how fast it goes, and how long a run has still to wait: estimates, for people and clients.

Nothing that is graded depends on these figures. The wait is a queue's length over the pace of the last minute (Little's
law); where nothing was graded in that minute, one run is taken to need `RUN_SECONDS`.
"""

import math
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.core.clock import now
from api.learning.submissions.grade import RunStatus
from api.learning.submissions.models import PRIORITY_LIVE, GradingRun

PACE_SECONDS = 60
"""The pace is that of this last while."""

RUN_SECONDS = 1.0
"""What a run is taken to need while nothing says better."""

LONGEST_WAIT_SECONDS = 3600


class Backlog(NamedTuple):
    """``live`` and ``regrades`` wait, ``at_work`` run; ``oldest_at`` is when the oldest live one was queued (None: none
    waits); ``per_second`` is how many runs have ended a second of late, 0.0 if none."""

    live: int
    regrades: int
    at_work: int
    oldest_at: datetime | None
    per_second: float


def backlog(session: Session) -> Backlog:
    """The figures of this moment."""
    waiting = session.execute(
        select(GradingRun.priority, func.count(), func.min(GradingRun.queued_at))
        .where(GradingRun.status == RunStatus.PENDING)
        .group_by(GradingRun.priority)
    ).all()
    live = [row for row in waiting if row[0] == PRIORITY_LIVE]
    at_work = select(func.count()).where(GradingRun.status == RunStatus.RUNNING)
    ended = select(func.count()).where(GradingRun.finished_at > now() - timedelta(seconds=PACE_SECONDS))
    return Backlog(
        live=sum(row[1] for row in live),
        regrades=sum(row[1] for row in waiting if row[0] != PRIORITY_LIVE),
        at_work=session.scalar(at_work) or 0,
        oldest_at=min((row[2] for row in live), default=None),
        per_second=(session.scalar(ended) or 0) / PACE_SECONDS,
    )


def position(session: Session, run: GradingRun) -> int:
    """How many runs go before this one, by age: 0 if it is next. Turns of learners are not reckoned with."""
    before = select(func.count()).where(
        GradingRun.status == RunStatus.PENDING,
        (GradingRun.priority < run.priority)
        | ((GradingRun.priority == run.priority) & (GradingRun.queued_at < run.queued_at)),
    )
    return session.scalar(before) or 0


def expected_wait_seconds(state: Backlog, ahead: int) -> int:
    """Whole seconds, at least 1, until a run with ``ahead`` before it is likely to be graded."""
    seconds = (ahead + 1) / state.per_second if state.per_second else (ahead + 1) * RUN_SECONDS
    return max(1, min(math.ceil(seconds), LONGEST_WAIT_SECONDS))
