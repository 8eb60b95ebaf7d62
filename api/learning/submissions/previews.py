"""Previews, the runs of a re-grade set: graded like any other, and shown only once somebody says so.

Showing another run than the one that is shown is one statement for any number of submissions. Progress is folded
anew only for learners of whom a submission begins or ceases to be passed: of everything that a run can change,
progress looks at nothing else.

Locks are taken in one order everywhere: submissions by id, then enrollments by language and learner. Who records a
grade holds one of each, so nobody waits in a circle.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

import msgspec
from sqlalchemy import FromClause, Select, Subquery, Table, and_, func, insert, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session, aliased

from api.learning.curriculum.models import Assignment, TestSuite
from api.learning.progress.service import apply_results
from api.learning.submissions.grade import UNFINISHED, CaseGrade, FirstDifference, RunStatus, SubmissionStatus
from api.learning.submissions.models import PRIORITY_REGRADE, AssignmentSubmission, CaseResult, GradingRun

_NO_SYNC = {"synchronize_session": False}


class Preview(NamedTuple):
    """A preview run that was added: its number, and that of the run its submission shows."""

    submission_id: UUID
    number: int
    before: int


def add_previews(
    session: Session,
    set_id: UUID,
    submission_ids: Collection[UUID],
    only_cases: Sequence[int] | None = None,
) -> list[Preview]:
    """Adds a preview run to each of these submissions that shows a result, against its assignment's current suite.

    ``only_cases``: positions of the cases to run. The suite is then that of the shown run, whose results stand for
    all other cases.
    """
    _hold(session, AssignmentSubmission.id.in_(submission_ids))
    shown = aliased(GradingRun)
    suite = shown.suite_id if only_cases is not None else TestSuite.id
    rows = session.execute(
        select(
            AssignmentSubmission.id,
            AssignmentSubmission.user_id,
            AssignmentSubmission.language,
            AssignmentSubmission.current_run,
            suite,
            select(func.max(GradingRun.number))
            .where(GradingRun.submission_id == AssignmentSubmission.id)
            .scalar_subquery(),
        )
        .join(Assignment, AssignmentSubmission.assignment_id == Assignment.id)
        .join(
            TestSuite,
            (TestSuite.assignment_id == Assignment.id) & (TestSuite.version == Assignment.suite_version),
        )
        .join(
            shown,
            (shown.submission_id == AssignmentSubmission.id)
            & (shown.number == AssignmentSubmission.current_run),
        )
        .where(AssignmentSubmission.id.in_(submission_ids))
        .order_by(AssignmentSubmission.id)
    ).all()
    runs = [
        {
            "submission_id": submission_id,
            "user_id": user_id,
            "language": language,
            "suite_id": suite_id,
            "number": last + 1,
            "priority": PRIORITY_REGRADE,
            "regrade_set_id": set_id,
            "base_run": before if only_cases is not None else None,
            "only_cases": None if only_cases is None else [*only_cases],
        }
        for submission_id, user_id, language, before, suite_id, last in rows
    ]
    if runs:
        session.execute(insert(cast(Table, GradingRun.__table__)), runs)
    return [Preview(submission_id, last + 1, before or 0) for submission_id, _, _, before, _, last in rows]


def withdraw_previews(session: Session, set_id: UUID) -> int:
    """Ends the runs of a set that are not graded yet: none is claimed any more, and what is at work is not recorded."""
    result = session.execute(
        update(GradingRun)
        .where(GradingRun.regrade_set_id == set_id, GradingRun.status.in_(UNFINISHED))
        .values(status=RunStatus.WITHDRAWN, lease_until=None)
        .execution_options(**_NO_SYNC)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount


def show_runs(session: Session, wanted: Select[UUID, int, int]) -> None:
    """Shows other runs, as a whole or not at all, and folds the progress of the learners concerned.

    ``wanted`` selects the id of a submission, the number of the run it is to show, and the number of the run it
    must still be showing: where that is another one by now, nothing changes. Every run must be DONE.
    """
    switch = wanted.subquery("switch")
    submission, number, instead_of = switch.c
    _hold(session, AssignmentSubmission.id.in_(select(submission)))
    run = aliased(GradingRun)
    here = and_(
        AssignmentSubmission.id == submission,
        AssignmentSubmission.current_run == instead_of,
        run.submission_id == submission,
        run.number == number,
        run.status == RunStatus.DONE,
    )
    flipped = _flipped(session, here, switch, run)
    session.execute(
        update(AssignmentSubmission)
        .where(here)
        .values(
            status=run.result_status,
            reason=run.reason,
            score=run.score,
            # A run that the platform gave up has none.
            max_score=func.coalesce(run.max_score, AssignmentSubmission.max_score),
            feedback=run.feedback,
            graded_at=run.finished_at,
            current_run=run.number,
        )
        .execution_options(**_NO_SYNC)
    )
    apply_results(session, flipped)


def _flipped(session: Session, here: Any, switch: Subquery, run: Any) -> list[tuple[UUID, UUID]]:
    passed = SubmissionStatus.PASSED
    flips = or_(
        and_(AssignmentSubmission.status == passed, run.result_status != passed),
        and_(AssignmentSubmission.status != passed, run.result_status == passed),
    )
    rows = session.execute(
        select(AssignmentSubmission.user_id, Assignment.module_id)
        .select_from(AssignmentSubmission, cast(FromClause, run), switch)
        .join(Assignment, AssignmentSubmission.assignment_id == Assignment.id)
        .where(here, flips)
        .distinct()
    )
    return [(user_id, module_id) for user_id, module_id in rows]


def kept_results(session: Session, submission_id: UUID, number: int) -> tuple[CaseGrade, ...]:
    """The stored cases of a run, as the grades they were recorded from; none if it did not compile."""
    rows = session.scalars(
        select(CaseResult)
        .join(GradingRun, CaseResult.run_id == GradingRun.id)
        .where(GradingRun.submission_id == submission_id, GradingRun.number == number)
        .order_by(CaseResult.position)
    )
    return tuple(_case(row) for row in rows)


def _case(row: CaseResult) -> CaseGrade:
    fields = {name: getattr(row, name) for name in CaseGrade.__struct_fields__}
    fields["first_difference"] = msgspec.convert(row.first_difference, FirstDifference | None)
    return CaseGrade(**fields)


def hold_submissions(session: Session, submission_ids: Collection[UUID]) -> None:
    """Locks these submissions until the transaction ends, by id: the order everywhere."""
    _hold(session, AssignmentSubmission.id.in_(submission_ids))


def _hold(session: Session, which: Any) -> None:
    # First held and then read, in two statements: on PostgreSQL what is joined to a row that had to be waited for
    # would still be read as it was before.
    session.execute(
        select(AssignmentSubmission.id)
        .where(which)
        .order_by(AssignmentSubmission.id)
        .with_for_update(key_share=True)
    ).all()
