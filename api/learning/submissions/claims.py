"""Who works on which run: claiming, keeping, giving back, and taking back from workers that fell silent.

Theory of operation
-------------------
A claim is one conditional UPDATE: it picks the best PENDING run (`picking`) and makes it RUNNING in the same
statement, so two workers cannot get one run. On PostgreSQL the pick locks its row and passes over rows that
others have locked; on SQLite the statement holds the one write lock from its start. Nothing is read before it
in the same transaction: a SQLite transaction that has read cannot always become one that writes.

With each claim the run's ``attempt`` goes up by one. It is the fencing number: keeping, giving back and
recording work only with the current one. A worker that slept through its lease finds the run PENDING, or
RUNNING under a higher number, and its word counts no more.

``failures`` counts attempts that were spoiled with this run: its worker fell silent, or its sandbox was lost and
is sound otherwise. When they reach the limit, the run ends as ERROR with the reason ``platform``: never the
learner's fault, and a result that is shown already stays.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

import structlog
from sqlalchemy import Table, Uuid, bindparam, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.database import after_commit
from api.core.metrics import counter
from api.core.orm import UtcDateTime
from api.learning.curriculum.models import Assignment, TestSuite
from api.learning.submissions.announcing import announce_result
from api.learning.submissions.grade import GradingTask, Reason, RunStatus, SubmissionStatus
from api.learning.submissions.models import PRIORITY_LIVE, AssignmentSubmission, GradingRun
from api.learning.submissions.picking import BEST_RUN, UNBOUNDED, Bounds, may_begin
from api.learning.submissions.previews import kept_results
from api.learning.submissions.sharing import keeps_within
from api.learning.submissions.source import Source
from api.learning.submissions.text import clip

log = structlog.get_logger(__name__)

RETRY_SECONDS = 2
"""How long a run waits after its first spoiled attempt; five times longer after each further one."""

CLAIM_TRIES = 3
"""How often one claim looks for a run that it may keep."""

UNSEEN_SECONDS = 10
"""A run that has waited this long may have lost its bell; one that was given back has none."""

MOST_CLAIMS = 50
"""However a run was given back, it is not claimed more often: nothing goes round for ever."""

PLATFORM_FEEDBACK = (
    "The platform could not grade this submission. That is our fault and not your program's; "
    "it counts for nothing, and you may submit again."
)
_GIVEN_UP = counter(
    "codezest_runs_given_up_total", "Runs ended as ERROR after the last attempt the platform spoiled"
)
_NO_SYNC = {"synchronize_session": False}  # rows of the session are not compared: it has none of these loaded


# Built once: SQLAlchemy takes longer to put these together than a database to run them.
_RUNS = cast(Table, GradingRun.__table__)
_CLAIM = (
    update(_RUNS)
    .where(_RUNS.c.id == BEST_RUN, _RUNS.c.status == RunStatus.PENDING)
    .values(
        status=RunStatus.RUNNING,
        attempt=_RUNS.c.attempt + 1,
        started_at=bindparam("moment", type_=UtcDateTime()),
        lease_until=bindparam("expiry", type_=UtcDateTime()),
        worker=bindparam("claimant"),
    )
    .returning(_RUNS.c.id, _RUNS.c.submission_id, _RUNS.c.user_id, _RUNS.c.priority)
)
_TASK = (
    select(
        GradingRun.id,
        GradingRun.submission_id,
        GradingRun.number,
        GradingRun.attempt,
        GradingRun.language,
        GradingRun.priority,
        GradingRun.queued_at,
        GradingRun.started_at,
        GradingRun.regrade_set_id,
        GradingRun.base_run,
        GradingRun.only_cases,
        AssignmentSubmission.code,
        AssignmentSubmission.files,
        TestSuite.document,
        TestSuite.version,
        TestSuite.digest,
        Assignment.max_score,
    )
    .join(AssignmentSubmission, GradingRun.submission_id == AssignmentSubmission.id)
    .join(TestSuite, GradingRun.suite_id == TestSuite.id)
    .join(Assignment, AssignmentSubmission.assignment_id == Assignment.id)
    .where(GradingRun.id == bindparam("wanted", type_=Uuid()))
)


class SweepReport(NamedTuple):
    """What a sweep did and saw. ``expired``: leases that had ended; ``given_up``: runs ended as
    ERROR/`platform`; ``unheard``: runs that wait though they are due: ring that many bells."""

    expired: int
    given_up: int
    unheard: int


def claim_next_run(
    session: Session,
    *,
    worker: str,
    languages: Collection[str],
    lease_seconds: int,
    max_attempts: int,
    bounds: Bounds = UNBOUNDED,
) -> GradingTask | None:
    """Takes the best PENDING run of one of ``languages`` and gives all that is needed to grade it, or None.

    Live runs go before re-grades; then the learner with the fewest runs at work; then age. What ``bounds`` keep
    back is not taken. The lease lasts ``lease_seconds`` from now; renew it in time. Commit before any of the
    learner's code runs.
    """
    if not languages:
        return None
    for _ in range(CLAIM_TRIES):
        moment = now()
        claimed = session.execute(
            _CLAIM,
            {
                "languages": sorted(languages),
                "moment": moment,
                "max_attempts": max_attempts,
                "expiry": moment + timedelta(seconds=lease_seconds),
                "claimant": worker,
                **bounds._asdict(),
            },
        ).one_or_none()
        if claimed is None:
            return None
        if keeps_within(session, bounds, priority=claimed.priority, user_id=claimed.user_id):
            _set_shown_status(session, [claimed.submission_id], SubmissionStatus.RUNNING)
            return _task(session, claimed.id)
        # As if it had not been claimed: in this transaction, nobody has seen that it was.
        unclaimed = {"started_at": None, "attempt": GradingRun.attempt - 1}
        _change(session, GradingRun.id == claimed.id, {**_given_back(moment), **unclaimed})
    return None


def renew_lease(session: Session, run_id: UUID, attempt: int, lease_seconds: int) -> bool:
    """Keeps the run for ``lease_seconds`` more from now; False if this attempt has lost it: stop working."""
    values = {"lease_until": now() + timedelta(seconds=lease_seconds)}
    return _change(session, _held(run_id, attempt), values) == 1


def release_run(
    session: Session, run_id: UUID, attempt: int, *, reason: str, counts_attempt: bool, max_attempts: int
) -> bool:
    """Gives a run back ungraded; False if this attempt has lost it already.

    ``counts_attempt``: the platform failed at this run, and it waits a little; after ``max_attempts`` of these it
    ends as ERROR/`platform`. Otherwise (a worker that is told to stop, a sandbox that is broken for all) it is
    PENDING at once, and nothing is counted. ``reason`` is for the operator; the learner never sees it.
    """
    moment = now()
    failures = session.scalars(
        update(GradingRun)
        .where(_held(run_id, attempt))
        .values(
            **_given_back(moment),
            failures=GradingRun.failures + int(counts_attempt),
            last_fault=clip(reason, 2000),
        )
        .returning(GradingRun.failures)
        .execution_options(**_NO_SYNC)
    ).one_or_none()
    if failures is None:
        return False
    log.warning("run_released", run=str(run_id), attempt=attempt, reason=reason, counted=counts_attempt)
    if counts_attempt:
        wait = timedelta(seconds=RETRY_SECONDS * 5 ** min(failures - 1, 5))
        _change(session, GradingRun.id == run_id, {"ready_at": moment + wait})
    _show_waiting(session, [run_id])
    _end_spent(session, max_attempts, moment, GradingRun.id == run_id)
    return True


def sweep(
    session: Session, *, max_attempts: int, grace_seconds: float = 0, bounds: Bounds = UNBOUNDED
) -> SweepReport:
    """Takes runs back whose lease ended ``grace_seconds`` ago or earlier, and counts those nobody has heard
    of. What ``bounds`` keep back waits for no bell.

    The grace is for clocks that differ between hosts. Any number of sweepers may run at the same time.
    """
    moment = now()
    expired = select(GradingRun.id).where(
        GradingRun.status == RunStatus.RUNNING,
        GradingRun.lease_until < moment - timedelta(seconds=grace_seconds),
    )
    taken = session.scalars(
        update(GradingRun)
        .where(
            GradingRun.id.in_(expired.with_for_update(skip_locked=True)),
            GradingRun.status == RunStatus.RUNNING,
        )
        .values(
            **_given_back(moment),
            failures=GradingRun.failures + 1,
            last_fault="the worker fell silent: its lease ended",
        )
        .returning(GradingRun.id)
        .execution_options(**_NO_SYNC)
    ).all()
    _show_waiting(session, taken)
    given_up = _end_spent(session, max_attempts, moment)
    unheard = session.scalar(
        select(func.count()).where(
            GradingRun.status == RunStatus.PENDING,
            GradingRun.ready_at <= moment,
            (GradingRun.queued_at <= moment - timedelta(seconds=UNSEEN_SECONDS)) | (GradingRun.attempt > 0),
            may_begin(),
        ),
        bounds._asdict(),
    )
    return SweepReport(len(taken), given_up, unheard or 0)


def _task(session: Session, run_id: UUID) -> GradingTask:
    row = session.execute(_TASK, {"wanted": run_id}).one()
    kept = kept_results(session, row.submission_id, row.base_run) if row.only_cases else ()
    return GradingTask(
        run_id=row.id,
        submission_id=row.submission_id,
        run_number=row.number,
        attempt=row.attempt,
        language=row.language,
        files=Source(row.code, row.files).as_files(),
        suite=row.document,
        suite_version=row.version,
        suite_digest=row.digest,
        max_score=row.max_score,
        waited_seconds=_waited(row.queued_at, row.started_at) if row.attempt == 1 else None,
        is_regrade=row.priority != PRIORITY_LIVE,
        preview=row.regrade_set_id is not None,
        only=tuple(row.only_cases) if kept else (),
        kept=kept,
    )


def _waited(queued_at: datetime, started_at: datetime) -> float:
    return max(0.0, (started_at - queued_at).total_seconds())  # two hosts' clocks


def _held(run_id: UUID, attempt: int) -> Any:
    return (
        (GradingRun.id == run_id) & (GradingRun.attempt == attempt) & (GradingRun.status == RunStatus.RUNNING)
    )


def _given_back(ready_at: datetime) -> dict[str, Any]:
    return {"status": RunStatus.PENDING, "lease_until": None, "worker": None, "ready_at": ready_at}


def _show_waiting(session: Session, run_ids: Collection[UUID]) -> None:
    submissions = session.scalars(select(GradingRun.submission_id).where(GradingRun.id.in_(run_ids))).all()
    _set_shown_status(session, submissions, SubmissionStatus.PENDING)


def _end_spent(session: Session, max_attempts: int, moment: datetime, *which: Any) -> int:
    # Not only those this call gave back: the limit may have been lowered while a run was waiting.
    spent = session.execute(
        select(GradingRun.id, GradingRun.submission_id, GradingRun.number)
        .where(
            GradingRun.status == RunStatus.PENDING,
            (GradingRun.failures >= max_attempts) | (GradingRun.attempt >= MOST_CLAIMS),
            *which,
        )
        .with_for_update(skip_locked=True)
    ).all()
    for run_id, submission_id, number in spent:
        _give_up(session, run_id, submission_id, number, moment)
    return len(spent)


def _give_up(session: Session, run_id: UUID, submission_id: UUID, number: int, moment: datetime) -> None:
    log.error("run_given_up", run=str(run_id), submission=str(submission_id), number=number)
    after_commit(session, _GIVEN_UP.inc)
    result = {"reason": Reason.PLATFORM, "feedback": PLATFORM_FEEDBACK}
    ended = {"status": RunStatus.DONE, "result_status": SubmissionStatus.ERROR, "finished_at": moment}
    _change(session, GradingRun.id == run_id, {**result, **ended})
    shown = session.execute(
        update(AssignmentSubmission)
        .where(AssignmentSubmission.id == submission_id, AssignmentSubmission.current_run.is_(None))
        .values(status=SubmissionStatus.ERROR, graded_at=moment, current_run=number, **result)
        .execution_options(**_NO_SYNC)
    )
    assert isinstance(shown, CursorResult)
    if shown.rowcount:
        announce_result(session, submission_id)


def _set_shown_status(session: Session, submission_ids: Collection[UUID], status: SubmissionStatus) -> None:
    # Only while nothing is graded: during a re-grade the old result stays in sight.
    if submission_ids:
        session.execute(
            update(AssignmentSubmission)
            .where(AssignmentSubmission.id.in_(submission_ids), AssignmentSubmission.current_run.is_(None))
            .values(status=status)
            .execution_options(**_NO_SYNC)
        )


def _change(session: Session, condition: Any, values: dict[str, Any]) -> int:
    result = session.execute(
        update(GradingRun).where(condition).values(**values).execution_options(**_NO_SYNC)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount
