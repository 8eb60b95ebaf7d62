"""Writing down what a run came to: the cases, the run, the submission's shown result, the progress.

Only the attempt that holds the run may record (see `claims`). The first statement asks for that and takes the
run in the same breath, so a grade that comes too late changes nothing at all.

What the learner's program printed is hostile: NUL characters and halves of surrogate pairs, which PostgreSQL
cannot store, are replaced here, in one place. Of a hidden case no text is stored, whatever the grade carries.
"""

from typing import cast

import msgspec
import structlog
from sqlalchemy import Table, insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.ids import new_id
from api.learning.curriculum.models import Assignment
from api.learning.progress.service import add_source, apply_result
from api.learning.submissions.announcing import ANNOUNCED, announce_row
from api.learning.submissions.grade import CaseGrade, Grade, GradingTask, Reason, RunStatus
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun
from api.learning.submissions.queries import assignment_facts
from api.learning.submissions.text import clean, clean_json, clip

log = structlog.get_logger(__name__)

MAX_TEXT = 64 * 1024
"""Characters of one stored text (output, diagnostics, feedback); the grader cuts for display long before."""

add_source("assignments", assignment_facts)  # whoever can record can also fold

_HIDDEN_FIELDS = ("stdin", "expected", "stdout", "stderr", "first_difference")


def record_grade(session: Session, task: GradingTask, grade: Grade) -> bool:
    """Stores ``grade`` and lets the learner see it; False if the run is no longer this attempt's: it is
    dropped.

    A re-grade becomes the shown result here, at once and as a whole; one that ends as `platform` does not,
    neither does a run that is older than the one shown, and a preview does not either (see `previews`).
    """
    moment = now()
    outcome = {
        "reason": grade.reason,
        "score": grade.score,
        "max_score": task.max_score,
        "feedback": clip(grade.feedback, MAX_TEXT),
    }
    taken = session.execute(
        update(GradingRun)
        .where(
            GradingRun.id == task.run_id,
            GradingRun.attempt == task.attempt,
            GradingRun.status == RunStatus.RUNNING,
        )
        .values(
            **outcome,
            status=RunStatus.DONE,
            result_status=grade.status,
            lease_until=None,
            finished_at=moment,
            compile_output=None if grade.compile_output is None else clip(grade.compile_output, MAX_TEXT),
            analysis=clean_json(grade.analysis),
            image_digest=clip(grade.image_digest, 200),
            grader_version=clip(grade.grader_version, 64),
            isolation=clip(grade.isolation, 32),
            machine_speed=grade.machine_speed,
        )
        .returning(GradingRun.regrade_set_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if taken is None:
        log.warning("late_grade_dropped", run=str(task.run_id), attempt=task.attempt)
        return False
    if grade.cases:
        rows = [_row(task, position, case) for position, case in enumerate(grade.cases)]
        # The plain table: the ORM would leave out what is None, and so send a statement per kind of row.
        session.execute(insert(cast(Table, CaseResult.__table__)), rows)
    is_preview = taken.regrade_set_id is not None
    if not is_preview and _show(session, task, {**outcome, "status": grade.status, "graded_at": moment}):
        row = session.execute(
            select(*ANNOUNCED, Assignment.module_id)
            .join(Assignment, AssignmentSubmission.assignment_id == Assignment.id)
            .where(AssignmentSubmission.id == task.submission_id)
        ).one()
        apply_result(session, row.user_id, row.module_id)
        announce_row(session, row)
    return True


def _show(session: Session, task: GradingTask, outcome: dict[str, object]) -> bool:
    shown = AssignmentSubmission.current_run
    newer = shown.is_(None)
    if outcome["reason"] is not Reason.PLATFORM:
        newer |= shown < task.run_number
    result = session.execute(
        update(AssignmentSubmission)
        .where(AssignmentSubmission.id == task.submission_id, newer)
        .values(**outcome, current_run=task.run_number)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def _row(task: GradingTask, position: int, case: CaseGrade) -> dict[str, object]:
    fields: dict[str, object] = {
        name: clip(value, MAX_TEXT) if type(value) is str else value
        for name, value in msgspec.structs.asdict(case).items()
    }
    difference = case.first_difference
    fields["first_difference"] = clean_json(msgspec.to_builtins(difference)) if difference else None
    if not case.visible:
        fields |= dict.fromkeys(_HIDDEN_FIELDS)
    fields |= {"name": clean(case.name), "group": clean(case.group)}
    return {"id": new_id(), "run_id": task.run_id, "position": position, **fields}
