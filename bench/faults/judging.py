"""What became of the submissions of one strike: lost, doubled, blamed, and how long it took."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.database import Database
from api.learning.progress.models import ModuleProgress
from api.learning.submissions.grade import Reason, RunStatus
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun
from bench.faults.work import ASSIGNMENTS, Client, Sent

FINAL = ("PASSED", "FAILED", "ERROR")


@dataclass
class Judgement:
    """``lost``: no result, or the platform gave up. ``doubled``: more than one valid run, submission or set of cases,
    or progress that is not what was passed. ``blamed``: another verdict than the program's own. ``spoiled``: attempts
    that cost somebody's work and nobody's grade."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    blamed: list[str] = field(default_factory=list)
    spoiled: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.blamed)


def open_runs(database: Database, users: Sequence[UUID]) -> int:
    """How many runs of these learners are not done."""
    with database.transaction() as session:
        statement = select(func.count()).where(
            GradingRun.user_id.in_(users), GradingRun.status != RunStatus.DONE
        )
        return session.scalar(statement) or 0


def running(
    database: Database, users: Sequence[UUID], *, for_less_than: float | None = None
) -> dict[UUID, str]:
    """The runs of these learners that are at work, and who works on them; only those begun so many seconds ago."""
    with database.transaction() as session:
        statement = select(GradingRun.id, GradingRun.worker).where(
            GradingRun.user_id.in_(users), GradingRun.status == RunStatus.RUNNING
        )
        if for_less_than is not None:
            statement = statement.where(GradingRun.started_at > now() - timedelta(seconds=for_less_than))
        return {run_id: worker or "" for run_id, worker in session.execute(statement)}


def recovery(
    database: Database, users: Sequence[UUID], struck: Sequence[UUID], over: datetime
) -> float | None:
    """Seconds from the end of a fault until all runs that it struck were done, and one that was claimed since, if any
    was. None: never."""
    with database.transaction() as session:
        columns = (GradingRun.id, GradingRun.started_at, GradingRun.finished_at)
        rows = session.execute(select(*columns).where(GradingRun.user_id.in_(users))).all()
    ends = [row.finished_at for row in rows if row.id in struck]
    since = [row.finished_at for row in rows if row.started_at is not None and row.started_at >= over]
    ends += [min((end for end in since if end is not None), default=None)] if since else []
    if None in ends:
        return None
    return max(((end - over).total_seconds() for end in ends if end is not None and end > over), default=0.0)


def judge(database: Database, client: Client, module_id: UUID, sent: Sequence[Sent]) -> Judgement:
    """Looks at every submission as its learner does, and at every row that there is of it."""
    found = Judgement()
    for one in sent:
        _judge_shown(client, one, found)
    with database.transaction() as session:
        for one in sent:
            _judge_runs(session, one, found)
        for user_id in {one.user_id for one in sent}:
            _judge_learner(
                session, user_id, module_id, [one for one in sent if one.user_id == user_id], found
            )
    return found


def _judge_shown(client: Client, one: Sent, found: Judgement) -> None:
    if one.id is None:
        found.lost.append(f"{one.program.name}: was never taken")
        return
    shown = client.shown(one)
    came = (shown["status"], shown["reason"], shown["score"])
    if shown["status"] not in FINAL or shown["reason"] == Reason.PLATFORM:
        found.lost.append(f"{one.id} ({one.program.name}) came to {came}")
    elif came != (one.program.status, one.program.reason, one.program.score):
        found.blamed.append(f"{one.id} ({one.program.name}) came to {came}")


def _judge_runs(session: Session, one: Sent, found: Judgement) -> None:
    if one.id is None:
        return
    runs = session.scalars(select(GradingRun).where(GradingRun.submission_id == UUID(one.id))).all()
    found.spoiled += sum(run.failures for run in runs)
    valid = [run for run in runs if run.status is RunStatus.DONE]
    if len(runs) > 1 or len(valid) > 1:
        found.doubled.append(f"{one.id} has {len(runs)} runs")
    for run in valid:
        cases = session.scalar(select(func.count()).where(CaseResult.run_id == run.id))
        if run.reason is not Reason.PLATFORM and cases != one.program.cases:
            found.doubled.append(f"{one.id} ({one.program.name}) has {cases} cases")


def _judge_learner(
    session: Session, user_id: UUID, module_id: UUID, sent: Sequence[Sent], found: Judgement
) -> None:
    stored = session.scalars(
        select(AssignmentSubmission.assignment_id).where(AssignmentSubmission.user_id == user_id)
    ).all()
    taken = sum(one.id is not None for one in sent)
    if len(stored) > taken:
        again = [str(which) for which, count in Counter(stored).items() if count > 1]
        found.doubled.append(f"{user_id} sent {taken} and has {len(stored)} submissions: {', '.join(again)}")
    shown = session.scalars(
        select(ModuleProgress.progress_percent).where(
            ModuleProgress.user_id == user_id, ModuleProgress.module_id == module_id
        )
    ).all()
    passed = session.scalar(
        select(func.count(AssignmentSubmission.assignment_id.distinct())).where(
            AssignmentSubmission.user_id == user_id, AssignmentSubmission.status == "PASSED"
        )
    )
    must = 100 * (passed or 0) // ASSIGNMENTS
    if list(shown) != [must]:
        found.doubled.append(f"{user_id} passed {passed} of {ASSIGNMENTS} and has progress {list(shown)}")
