"""From rows to response bodies. Every field is named: a column added to a model shows nowhere by itself."""

from typing import Any

import msgspec

from api.learning.regrades.models import MemberOutcome, RegradeSet, RegradeSetStatus
from api.learning.regrades.queries import Change, ChangeKind, LearnerChange, SetDetail
from api.learning.regrades.schemas import (
    ChangesView,
    ChangeView,
    FlipView,
    LearnerChangeView,
    OutcomeView,
    RegradeSetLine,
    RegradeSetView,
    ResultView,
    RunsView,
)
from api.learning.regrades.selection import Selection
from api.learning.submissions.grade import RunStatus


def set_line(row: RegradeSet) -> RegradeSetLine:
    """A set in a list."""
    return RegradeSetLine(**_line(row, row.status))


def regrade_set(detail: SetDetail) -> RegradeSetView:
    """A set by itself."""
    runs, kinds, outcomes = detail.runs, detail.kinds, detail.outcomes
    was_applied = detail.status in (RegradeSetStatus.APPLIED, RegradeSetStatus.UNDONE)
    return RegradeSetView(
        **_line(detail.regrade_set, detail.status),
        runs=RunsView(
            waiting=runs[RunStatus.PENDING],
            running=runs[RunStatus.RUNNING],
            done=runs[RunStatus.DONE],
            withdrawn=runs[RunStatus.WITHDRAWN],
        ),
        changes=ChangesView(
            up=kinds[ChangeKind.UP],
            down=kinds[ChangeKind.DOWN],
            same=kinds[ChangeKind.SAME],
            faults=kinds[ChangeKind.FAULT],
            newer=kinds[ChangeKind.NEWER],
            flips=[FlipView(*flip) for flip in detail.flips],
        ),
        outcome=OutcomeView(
            applied=outcomes[MemberOutcome.APPLIED],
            newer=outcomes[MemberOutcome.NEWER],
            faults=outcomes[MemberOutcome.FAULT],
            restored=outcomes[MemberOutcome.RESTORED],
            kept=outcomes[MemberOutcome.KEPT],
        )
        if was_applied
        else None,
    )


def change(item: Change) -> ChangeView:
    """One submission of a set."""
    member = item.member
    return ChangeView(
        submission_id=member.submission_id,
        user_id=item.user_id,
        state=item.status,
        before=ResultView(member.before, *item.before),
        after=ResultView(member.number, *item.after),
        newer=item.newer,
        outcome=member.outcome,
        changed=member.changed,
    )


def learner(item: LearnerChange) -> LearnerChangeView:
    """One learner of a set."""
    return LearnerChangeView(*item)


def _line(row: RegradeSet, status: RegradeSetStatus) -> dict[str, Any]:
    return {
        "id": row.id,
        "asked_by": row.asked_by,
        "why": row.why,
        "selection": msgspec.convert(row.selection, Selection),
        "status": status,
        "total": row.total,
        "created_at": row.created_at,
        "ready_at": row.ready_at,
        "applied_at": row.applied_at,
        "cancelled_at": row.cancelled_at,
        "undone_at": row.undone_at,
    }
