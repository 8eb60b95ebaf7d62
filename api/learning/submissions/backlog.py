"""What waits to be graded, how fast it goes, and how long a run has still to wait: estimates, for people and clients.

Nothing that is graded depends on these figures. The wait is a queue's length over the pace of the last minute (Little's
law), or over what those at work now would do if each run took as long as the last ones: whichever is quicker, for the
pace of a minute that was idle says nothing. Where nothing was ever graded, one run is taken to need `RUN_SECONDS`.
"""

import math
import threading
from collections.abc import Callable
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

LAST_RUNS = 50
"""So many runs tell how long one takes."""

LONGEST_WAIT_SECONDS = 3600

FRESH_SECONDS = 1.0
"""For this long a process makes do with what it counted."""

LONGEST_RETRY_SECONDS = 30
"""A client that waits is told to look again after this long at the latest: the queue may go faster than expected."""


class Backlog(NamedTuple):
    """``live`` and ``regrades`` wait, ``at_work`` run; ``oldest_at`` is when the oldest live one was queued (None: none
    waits); ``per_second`` is how many runs have ended a second of late, 0.0 if none; ``run_seconds`` is how long the
    last ones took each, None: there were none."""

    live: int
    regrades: int
    at_work: int
    oldest_at: datetime | None
    per_second: float
    run_seconds: float | None = None


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
        run_seconds=_run_seconds(session),
    )


def _run_seconds(session: Session) -> float | None:
    last = (
        select(GradingRun.started_at, GradingRun.finished_at)
        .where(GradingRun.finished_at.is_not(None))
        .order_by(GradingRun.finished_at.desc())
        .limit(LAST_RUNS)
    )
    took = [(to - since).total_seconds() for since, to in session.execute(last) if since and to]
    return sum(took) / len(took) if took else None


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
    each = max(state.run_seconds or RUN_SECONDS, 0.001)
    pace = max(state.per_second, max(1, state.at_work) / each)
    return max(1, min(math.ceil((ahead + 1) / pace), LONGEST_WAIT_SECONDS))


class RecentBacklog:
    """The backlog as one process knows it: counted at most once a second, however many ask.

    What this process has added since is reckoned in, what others have is not: a figure may be old by a second, which
    is good enough for advice and for a bound that need not be exact. One thread counts, the others take what there is.
    ``monotonic`` gives seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._counting = threading.Lock()
        self._known: Backlog | None = None
        self._counted_at = 0.0

    def get(self, session: Session) -> Backlog:
        """The figures, of this moment or of the last second."""
        known = self._known
        if known is not None and self._monotonic() - self._counted_at < FRESH_SECONDS:
            return known
        if not self._counting.acquire(blocking=known is None):
            assert known is not None
            return known
        try:
            if self._known is None or self._monotonic() - self._counted_at >= FRESH_SECONDS:
                self._known = backlog(session)
                self._counted_at = self._monotonic()
            return self._known
        finally:
            self._counting.release()

    def note_added(self) -> None:
        """One more live run waits."""
        with self._counting:
            if self._known is not None:
                self._known = self._known._replace(live=self._known.live + 1)

    def retry_after(self, session: Session, submitted_at: datetime | None) -> int:
        """Whole seconds after which it makes sense to ask again for what was ``submitted_at``, and waits; None: what
        runs. Where it stands is guessed from its age: as if all that wait had come evenly."""
        if submitted_at is None:
            return 1
        state = self.get(session)
        ahead = round(state.live * _share_ahead(state, submitted_at))
        return min(expected_wait_seconds(state, ahead), LONGEST_RETRY_SECONDS)


def _share_ahead(state: Backlog, submitted_at: datetime) -> float:
    if state.oldest_at is None:
        return 0.0
    whole = (now() - state.oldest_at).total_seconds()
    return min(1.0, max(0.0, (submitted_at - state.oldest_at).total_seconds() / whole)) if whole > 0 else 0.0
