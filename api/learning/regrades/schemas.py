"""Bodies of the re-grade sets' routes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from api.learning.regrades.models import MemberOutcome, RegradeSetStatus
from api.learning.regrades.selection import Selection
from api.learning.submissions.grade import Reason, RunStatus, SubmissionStatus


class RegradeSetBody(Struct, rename="camel", forbid_unknown_fields=True):
    """Which submissions to grade again, and why."""

    why: Annotated[str, Meta(min_length=1, max_length=2000, examples=["case 7 expected a trailing blank"])]
    selection: Selection


class RegradeSetLine(Struct, rename="camel"):
    """A set without its figures. ``askedBy`` is null where it was asked on the command line.

    ``total`` is how many submissions it has so far; it grows while the set is PREPARING.
    """

    id: UUID
    asked_by: UUID | None
    why: str
    selection: Selection
    status: RegradeSetStatus
    total: int
    created_at: datetime
    ready_at: datetime | None
    applied_at: datetime | None
    cancelled_at: datetime | None
    undone_at: datetime | None


class RegradeSetList(Struct, rename="camel"):
    """A page of sets, newest first."""

    items: list[RegradeSetLine]
    total: int


class RunsView(Struct, rename="camel"):
    """The preview runs, by where they stand."""

    waiting: int
    running: int
    done: int
    withdrawn: int


class FlipView(Struct, rename="camel"):
    """How many submissions go from one status to another."""

    was: SubmissionStatus
    becomes: SubmissionStatus
    count: int


class ChangesView(Struct, rename="camel"):
    """What applying the set would change, or has changed. ``up`` and ``down`` count points, ``flips`` statuses, and
    ``same`` is neither.

    ``faults``: the platform could not grade the preview. ``newer``: another run is shown by now. Both stay as
    they are.
    """

    up: int
    down: int
    same: int
    faults: int
    newer: int
    flips: list[FlipView]


class OutcomeView(Struct, rename="camel"):
    """Submissions of a set that was applied: ``restored`` and ``kept`` are of what was applied and then undone."""

    applied: int
    newer: int
    faults: int
    restored: int
    kept: int


class RegradeSetView(RegradeSetLine):
    """A set with its figures; ``outcome`` is null until it is applied."""

    runs: RunsView
    changes: ChangesView
    outcome: OutcomeView | None


class ResultView(Struct, rename="camel"):
    """What a run came to; all is null until it has."""

    run: int
    status: SubmissionStatus | None
    reason: Reason | None
    score: int | None


class ChangeView(Struct, rename="camel"):
    """One submission of a set. ``outcome`` and ``changed`` are null until the set is applied."""

    submission_id: UUID
    user_id: UUID
    state: RunStatus
    before: ResultView
    after: ResultView
    newer: bool
    outcome: MemberOutcome | None
    changed: bool | None


class ChangeList(Struct, rename="camel"):
    """A page of a set's submissions."""

    items: list[ChangeView]
    total: int


class LearnerChangeView(Struct, rename="camel"):
    """All submissions of one learner in a set. ``difference`` is in points, over all of them."""

    user_id: UUID
    submissions: int
    up: int
    down: int
    flips: int
    faults: int
    passed_before: int
    passed_after: int
    difference: int


class LearnerChangeList(Struct, rename="camel"):
    """A page of a set's learners; who loses most comes first."""

    items: list[LearnerChangeView]
    total: int
