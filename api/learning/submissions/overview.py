"""What an operator wants to see of grading at this moment: for metrics and for `codezest top`. Reads only.

It is asked for again and again, also while a million submissions lie in the tables. So every look goes by an index and
touches what is waiting, at work, or among the last few; only `totals` counts everything, and whoever calls it must see
to that it is rare. What runs and workers say of themselves (faults, names) is text to be cleaned before it is shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from api.core.clock import now
from api.learning.submissions.backlog import backlog, expected_wait_seconds
from api.learning.submissions.grade import Reason, RunStatus, SubmissionStatus
from api.learning.submissions.models import (
    PRIORITY_LIVE,
    AssignmentSubmission,
    GradingRun,
    Runtime,
)
from api.learning.submissions.queries import AVAILABLE_SECONDS


class Waiting(NamedTuple):
    """Runs of one priority that wait. ``oldest_at``: when the oldest was queued, None if none waits. ``spoiled``: how
    many of them a platform fault has cost an attempt."""

    runs: int
    oldest_at: datetime | None
    spoiled: int


class Queue(NamedTuple):
    """``overdue`` runs are at work with a lease that has ended; ``workers`` have a run, ``hosts`` have reported what
    they can run."""

    live: Waiting
    regrades: Waiting
    at_work: int
    overdue: int
    workers: int
    hosts: int


class AtWork(NamedTuple):
    """A run that a worker holds."""

    worker: str
    language: str
    submission_id: UUID
    number: int
    attempt: int
    is_regrade: bool
    started_at: datetime
    lease_until: datetime


class Recent(NamedTuple):
    """A run that has ended. ``seconds`` from its last claim on; None where it never was claimed again."""

    submission_id: UUID
    number: int
    language: str
    status: SubmissionStatus
    reason: Reason | None
    score: int | None
    worker: str | None
    finished_at: datetime
    seconds: float | None


class Fault(NamedTuple):
    """A run that waits, or is at work again, after the platform spoiled ``failures`` attempts of it."""

    submission_id: UUID
    language: str
    failures: int
    last_fault: str
    ready_at: datetime


class Host(NamedTuple):
    """A grader host, as it last reported itself."""

    host: str
    languages: int
    isolation: str
    last_seen: datetime


class Overview(NamedTuple):
    """All of it. ``per_second`` is the pace of the last minute."""

    moment: datetime
    queue: Queue
    per_second: float
    expected_wait_seconds: int
    at_work: Sequence[AtWork]
    hosts: Sequence[Host]
    recent: Sequence[Recent]
    faults: Sequence[Fault]


def queue(session: Session) -> Queue:
    """What waits and who works: three short queries."""
    waiting = {
        row[0]: Waiting(row[1], row[2], row[3])
        for row in session.execute(
            select(
                GradingRun.priority,
                func.count(),
                func.min(GradingRun.queued_at),
                func.sum(case((GradingRun.failures > 0, 1), else_=0)),
            )
            .where(GradingRun.status == RunStatus.PENDING)
            .group_by(GradingRun.priority)
        )
    }
    held = session.execute(
        select(GradingRun.worker, GradingRun.lease_until).where(GradingRun.status == RunStatus.RUNNING)
    ).all()
    moment = now()
    hosts = select(func.count(func.distinct(Runtime.host))).where(Runtime.last_seen >= _seen_since(moment))
    return Queue(
        live=waiting.pop(PRIORITY_LIVE, _NONE),
        regrades=_together(list(waiting.values())),
        at_work=len(held),
        overdue=sum(1 for row in held if row.lease_until is not None and row.lease_until < moment),
        workers=len({row.worker for row in held}),
        hosts=session.scalar(hosts) or 0,
    )


def totals(session: Session) -> Mapping[SubmissionStatus, int]:
    """How many submissions have each status: counts the whole table."""
    rows = session.execute(
        select(AssignmentSubmission.status, func.count()).group_by(AssignmentSubmission.status)
    )
    counted = {row[0]: row[1] for row in rows}
    return {status: counted.get(status, 0) for status in SubmissionStatus}


def overview(session: Session, *, most: int) -> Overview:
    """Everything, with at most ``most`` rows of each kind."""
    state = backlog(session)
    return Overview(
        moment=now(),
        queue=queue(session),
        per_second=state.per_second,
        expected_wait_seconds=expected_wait_seconds(state, state.live),
        at_work=_at_work(session, most),
        hosts=_hosts(session, most),
        recent=_recent(session, most),
        faults=_faults(session, most),
    )


_NONE = Waiting(0, None, 0)


def _together(parts: Sequence[Waiting]) -> Waiting:
    oldest = [part.oldest_at for part in parts if part.oldest_at is not None]
    return Waiting(
        sum(part.runs for part in parts), min(oldest, default=None), sum(part.spoiled for part in parts)
    )


def _seen_since(moment: datetime) -> datetime:
    return moment - timedelta(seconds=AVAILABLE_SECONDS)


def _at_work(session: Session, most: int) -> Sequence[AtWork]:
    rows: Iterable[Any] = session.execute(
        select(
            GradingRun.worker,
            GradingRun.language,
            GradingRun.submission_id,
            GradingRun.number,
            GradingRun.attempt,
            GradingRun.priority,
            GradingRun.started_at,
            GradingRun.lease_until,
        )
        .where(GradingRun.status == RunStatus.RUNNING, GradingRun.started_at.is_not(None))
        .order_by(GradingRun.worker)
        .limit(most)
    )
    return [
        AtWork(
            row.worker or "",
            row.language,
            row.submission_id,
            row.number,
            row.attempt,
            row.priority != PRIORITY_LIVE,
            row.started_at,
            row.lease_until,
        )
        for row in rows
    ]


def _hosts(session: Session, most: int) -> Sequence[Host]:
    rows = session.execute(
        select(
            Runtime.host,
            func.count(func.distinct(Runtime.language)),
            func.max(Runtime.isolation),
            func.max(Runtime.last_seen),
        )
        .where(Runtime.last_seen >= _seen_since(now()))
        .group_by(Runtime.host)
        .order_by(Runtime.host)
        .limit(most)
    )
    return [Host(*row) for row in rows]


def _recent(session: Session, most: int) -> Sequence[Recent]:
    rows = session.execute(
        select(
            GradingRun.submission_id,
            GradingRun.number,
            GradingRun.language,
            GradingRun.result_status,
            GradingRun.reason,
            GradingRun.score,
            GradingRun.worker,
            GradingRun.finished_at,
            GradingRun.started_at,
        )
        .where(GradingRun.status == RunStatus.DONE, GradingRun.finished_at.is_not(None))
        .order_by(GradingRun.finished_at.desc())
        .limit(most)
    )
    return [
        Recent(
            row.submission_id,
            row.number,
            row.language,
            row.result_status,
            row.reason,
            row.score,
            row.worker,
            row.finished_at,
            _seconds(row.started_at, row.finished_at),
        )
        for row in rows
    ]


def _seconds(started_at: datetime | None, finished_at: datetime) -> float | None:
    return None if started_at is None else max(0.0, (finished_at - started_at).total_seconds())


def _faults(session: Session, most: int) -> Sequence[Fault]:
    rows = session.execute(
        select(
            GradingRun.submission_id,
            GradingRun.language,
            GradingRun.failures,
            func.coalesce(GradingRun.last_fault, ""),
            GradingRun.ready_at,
        )
        .where(
            # Not `in_`: each of the two has a partial index, which a parameter does not find.
            (GradingRun.status == RunStatus.PENDING) | (GradingRun.status == RunStatus.RUNNING),
            GradingRun.failures > 0,
        )
        .order_by(GradingRun.ready_at.desc())
        .limit(most)
    )
    return [Fault(*row) for row in rows]
