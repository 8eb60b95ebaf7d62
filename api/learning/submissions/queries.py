"""Reads of submissions. Whose a row is, is part of every query, never a check after it (A1).

A poll of a submission that is not graded yet reads one row; only a graded one costs more.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, exists, func, select
from sqlalchemy.orm import Session, defer

from api.core.actor import Actor, is_admin
from api.core.clock import now
from api.core.errors import NotFound
from api.learning.curriculum.models import Assignment, LanguageEnrollment, Module, TestSuite
from api.learning.progress.service import Facts
from api.learning.submissions.grade import UNFINISHED, RuntimeFacts, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun, Runtime

AVAILABLE_SECONDS = 600
"""A runtime that no grader has reported for this long is not there: several times the longest silence of a worker,
which reports between runs."""

MOST_COUNTED, MOST_COUNTED_OWN = 1_000, 10_000
"""A list counts no further: who reads a page must not wait until a million rows are counted for it. One's own are few,
and lie together."""

NOT_FINAL = (SubmissionStatus.PENDING, SubmissionStatus.RUNNING)
_NO_SOURCE = (
    defer(AssignmentSubmission.code, raiseload=True),
    defer(AssignmentSubmission.files, raiseload=True),
)

# Built once: SQLAlchemy takes longer to put a statement together than a database to answer a poll.
_BY_ID = select(AssignmentSubmission).where(AssignmentSubmission.id == bindparam("wanted", type_=Uuid()))
_OWN_BY_ID = _BY_ID.where(AssignmentSubmission.user_id == bindparam("reader", type_=Uuid()))
_WAITING = select(
    exists().where(
        GradingRun.submission_id == bindparam("wanted", type_=Uuid()),
        GradingRun.status.in_(UNFINISHED),
        GradingRun.regrade_set_id.is_(None),  # a preview shows nowhere
    )
)
_RUN = (
    select(GradingRun, TestSuite.version, TestSuite.digest)
    .join(TestSuite, GradingRun.suite_id == TestSuite.id)
    .where(
        GradingRun.submission_id == bindparam("wanted", type_=Uuid()),
        GradingRun.number == bindparam("number"),
    )
)
_RESULTS = (
    select(CaseResult)
    .where(CaseResult.run_id == bindparam("run", type_=Uuid()))
    .order_by(CaseResult.position)
)


class ShownRun(NamedTuple):
    """The run whose result a submission shows, with its suite version and its cases in suite order."""

    run: GradingRun
    suite_version: int
    suite_digest: str
    results: Sequence[CaseResult]


class SubmissionDetail(NamedTuple):
    """A submission; ``shown`` is None until graded. ``regrading``: another run is waiting or at work."""

    submission: AssignmentSubmission
    shown: ShownRun | None
    regrading: bool


class SubmissionPage(NamedTuple):
    """A page of submissions, and how many there are in all. ``is_minimum``: there are more than ``total``."""

    rows: Sequence[AssignmentSubmission]
    total: int
    is_minimum: bool


def get_submission(session: Session, actor: Actor, submission_id: UUID) -> SubmissionDetail:
    """A submission of the actor (of anybody, for an ADMIN) with the result it shows.

    Raises:
        NotFound: there is none, or it is somebody else's: both look the same.
    """
    submission = readable_submission(session, actor, submission_id)
    if submission.status in NOT_FINAL or submission.current_run is None:
        return SubmissionDetail(submission, None, False)
    shown = _shown_run(session, submission_id, submission.current_run)
    return SubmissionDetail(submission, shown, bool(session.scalar(_WAITING, {"wanted": submission_id})))


def readable_submission(session: Session, actor: Actor, submission_id: UUID) -> AssignmentSubmission:
    """The row of a submission that ``actor`` may read. Raises NotFound as `get_submission` does."""
    wanted: dict[str, object] = {"wanted": submission_id}
    if is_admin(actor):
        submission = session.scalar(_BY_ID, wanted)
    else:
        submission = session.scalar(_OWN_BY_ID, {**wanted, "reader": actor.user_id})
    if submission is None:
        raise NotFound("there is no such submission")
    return submission


def list_submissions(
    session: Session,
    actor: Actor,
    *,
    only_own: bool,
    assignment_id: UUID | None,
    status: SubmissionStatus | None,
    limit: int,
    offset: int,
) -> SubmissionPage:
    """A page of submissions, newest first, and how many there are: the actor's, or everybody's for an ADMIN.

    ``only_own``: an ADMIN's own too. Their sources are not loaded. Counting ends at `MOST_COUNTED`, of one's own at
    `MOST_COUNTED_OWN`.
    """
    statement = _readable(actor, only_own=only_own)
    if assignment_id is not None:
        statement = statement.where(AssignmentSubmission.assignment_id == assignment_id)
    if status is not None:
        statement = statement.where(AssignmentSubmission.status == status)
    newest = statement.order_by(AssignmentSubmission.submitted_at.desc(), AssignmentSubmission.id.desc())
    # In their order: along the index that the page comes from, whatever a planner thinks of reading the table.
    most = MOST_COUNTED_OWN if only_own or not is_admin(actor) else MOST_COUNTED
    counted = newest.with_only_columns(AssignmentSubmission.id).limit(most + 1).subquery()
    total = session.scalar(select(func.count()).select_from(counted)) or 0
    rows = session.scalars(newest.limit(limit).offset(offset).options(*_NO_SOURCE)).all()
    return SubmissionPage(rows, min(total, most), total > most)


class OfferedRuntime(NamedTuple):
    """A runtime that ``hosts`` grader hosts (at least one) report alike; the latest was ``last_seen``."""

    runtime: Runtime
    hosts: int
    last_seen: datetime


def list_runtimes(session: Session, *, limit: int, offset: int) -> tuple[Sequence[OfferedRuntime], int]:
    """A page of what graders can run now, by language, and how many there are. Hosts that differ are told apart."""
    seen = now() - timedelta(seconds=AVAILABLE_SECONDS)
    statement = (
        select(Runtime)
        .where(Runtime.last_seen >= seen)
        .order_by(Runtime.language, Runtime.image_digest, Runtime.last_seen.desc(), Runtime.id)
    )
    alike: dict[str, list[Runtime]] = {}
    for row in session.scalars(statement):
        alike.setdefault(_offer(row), []).append(row)
    offered = [OfferedRuntime(rows[0], len(rows), rows[0].last_seen) for rows in alike.values()]
    return offered[offset : offset + limit], len(offered)


def _offer(row: Runtime) -> str:
    # All but who reported it and when.
    return repr([getattr(row, name) for name in RuntimeFacts.__struct_fields__])


def assignment_facts(
    session: Session, user_ids: Collection[UUID], module_ids: Collection[UUID]
) -> Mapping[UUID, Mapping[UUID, Facts]]:
    """Of each learner who is enrolled, and module: how many assignments are passed, of how many. The best submission
    counts.

    Learners are taken from their enrollments: a grader, who folds too, may not read accounts.
    """
    learner = LanguageEnrollment.user_id
    own = AssignmentSubmission.user_id == learner, AssignmentSubmission.assignment_id == Assignment.id
    passed = exists().where(*own, AssignmentSubmission.status == SubmissionStatus.PASSED)
    tried = exists().where(*own)
    statement = (
        select(learner, Assignment.module_id, passed, tried)
        .join(Module, Module.language_id == LanguageEnrollment.language_id)
        .join(Assignment, Assignment.module_id == Module.id)
        .where(learner.in_(user_ids), Assignment.module_id.in_(module_ids))
        .where(Assignment.deleted_at.is_(None), Assignment.published.is_(True))
    )
    facts: dict[UUID, dict[UUID, Facts]] = {}
    for user_id, module_id, is_passed, is_tried in session.execute(statement):
        of_learner = facts.setdefault(user_id, {})
        before = of_learner.get(module_id, Facts(0, 0, False))
        of_learner[module_id] = Facts(
            before.done + bool(is_passed), before.total + 1, before.started or bool(is_tried)
        )
    return facts


def _readable(actor: Actor, *, only_own: bool = False) -> Select[AssignmentSubmission]:
    statement = select(AssignmentSubmission)
    if only_own or not is_admin(actor):
        statement = statement.where(AssignmentSubmission.user_id == actor.user_id)
    return statement


def _shown_run(session: Session, submission_id: UUID, number: int) -> ShownRun:
    run, version, digest = session.execute(_RUN, {"wanted": submission_id, "number": number}).one()
    results = session.scalars(_RESULTS, {"run": run.id}).all()
    return ShownRun(run, version, digest, results)
