"""From rows to response bodies. Every field is named: a column added to a model shows nowhere by itself."""

from typing import Any

import msgspec

from api.learning.submissions.models import AssignmentSubmission, CaseResult
from api.learning.submissions.queries import OfferedRuntime, ShownRun, SubmissionDetail
from api.learning.submissions.schemas import (
    CaseView,
    DifferenceView,
    FactorsView,
    RuntimeView,
    RunView,
    SubmissionLine,
    SubmissionView,
)


def submission_line(row: AssignmentSubmission) -> SubmissionLine:
    """A submission in a list."""
    return SubmissionLine(**_line(row))


def submission(detail: SubmissionDetail, *, everything: bool) -> SubmissionView:
    """A submission by itself. ``everything``: for an ADMIN, also what learners are not told of hidden cases."""
    row, shown = detail.submission, detail.shown
    return SubmissionView(
        **_line(row),
        code=row.code if row.files is None else None,
        files=row.files,
        compile_output=shown.run.compile_output if shown else None,
        run=_run(shown, everything) if shown else None,
        regrading=detail.regrading,
        analysis=shown.run.analysis if shown else None,
        results=[_case(case, everything) for case in shown.results] if shown else [],
    )


def runtime(offered: OfferedRuntime) -> RuntimeView:
    """A runtime; which hosts have it is nobody's business but the operator's."""
    row = offered.runtime
    return RuntimeView(
        language=row.language,
        title=row.title,
        version=row.version,
        image_digest=row.image_digest,
        isolation=row.isolation,
        compile=row.compile,
        run=row.run,
        functions=row.functions,
        sources=row.sources,
        factors=FactorsView(row.cpu_factor, row.wall_factor, row.memory_extra_mib, row.processes_extra),
        hosts=offered.hosts,
        last_seen=offered.last_seen,
    )


def _line(row: AssignmentSubmission) -> dict[str, Any]:
    return {
        "id": row.id,
        "assignment_id": row.assignment_id,
        "user_id": row.user_id,
        "language": row.language,
        "status": row.status,
        "reason": row.reason,
        "score": row.score,
        "max_score": row.max_score,
        "feedback": row.feedback,
        "submitted_at": row.submitted_at,
        "graded_at": row.graded_at,
    }


def _run(shown: ShownRun, everything: bool) -> RunView:
    run = shown.run
    view = RunView(
        number=run.number,
        suite_version=shown.suite_version,
        suite_digest=shown.suite_digest,
        image_digest=run.image_digest,
        grader_version=run.grader_version,
        isolation=run.isolation,
        attempt=run.attempt,
        queued_at=run.queued_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )
    if everything:
        view.machine_speed = run.machine_speed
    return view


def _case(row: CaseResult, everything: bool) -> CaseView:
    whole = row.visible or everything
    view = CaseView(
        name=row.name,
        group=row.group,
        visible=row.visible,
        verdict=row.verdict,
        reason=row.reason,
        points=row.points,
        max_points=row.max_points,
        cpu_ms=row.cpu_ms if whole else _rounded(row.cpu_ms, 10),
        wall_ms=row.wall_ms if whole else _rounded(row.wall_ms, 10),
        memory_kib=row.memory_kib if whole else _rounded(row.memory_kib, 1024),
        exit_code=row.exit_code if whole else None,
        signal=row.signal if whole else None,
        message=row.message if whole else None,
    )
    if row.visible:
        view.stdin, view.expected, view.stdout, view.stderr = row.stdin, row.expected, row.stdout, row.stderr
        view.first_difference = msgspec.convert(row.first_difference, DifferenceView | None)
    return view


def _rounded(value: int | None, step: int) -> int | None:
    return None if value is None else -(-value // step) * step
