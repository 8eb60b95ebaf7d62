"""Re-grade sets: many submissions graded again as one thing, looked at first, and then applied or not.

::

    PREPARING ── RUNNING ── READY ── APPLIED ── UNDONE
        └───────────┴─────────┴──── CANCELLED

PREPARING: members and their preview runs are being added, piece by piece. RUNNING: all are there, and some
are not graded yet. READY: all are. APPLIED: the previews are shown, as far as nothing newer was. UNDONE: what
was shown before is shown again, as far as nothing newer is. CANCELLED: nothing was changed, and what was not
graded is withdrawn. A set never goes back, and what it was asked for never changes.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.core.clock import now
from api.core.orm import Base, Json, UtcDateTime, enum_type

SCHEMA = "learning"
_RUN = ("learning.grading_runs.submission_id", "learning.grading_runs.number")


class RegradeSetStatus(StrEnum):
    """Where a set stands; see the head of this module."""

    PREPARING = "PREPARING"
    RUNNING = "RUNNING"
    READY = "READY"
    APPLIED = "APPLIED"
    CANCELLED = "CANCELLED"
    UNDONE = "UNDONE"


class MemberOutcome(StrEnum):
    """What applying, and then undoing, did to one submission.

    APPLIED: its preview is shown. NEWER: something newer was shown meanwhile, and stays. FAULT: the platform
    could not grade the preview. RESTORED: undone, the earlier run is shown again. KEPT: not undone, for
    something newer is shown since.
    """

    APPLIED = "APPLIED"
    NEWER = "NEWER"
    FAULT = "FAULT"
    RESTORED = "RESTORED"
    KEPT = "KEPT"


class RegradeSet(Base):
    """Who asked, why, and for what. ``selection`` is what was asked for, as given (`schemas.SelectionBody`).

    ``asked_by`` is None where it was asked on the command line. ``total`` counts the members added so far.
    ``prepared_up_to`` is the last submission looked at for it, None before the first. Where single cases are
    graded again, ``only_cases`` are their positions and ``suite_id`` is the suite; None otherwise.
    """

    __tablename__ = "regrade_sets"
    __table_args__ = ({"schema": SCHEMA},)

    asked_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("auth.users.id", ondelete="SET NULL"), default=None, index=True
    )
    why: Mapped[str] = mapped_column(Text)
    selection: Mapped[dict[str, Any]] = mapped_column(Json)
    status: Mapped[RegradeSetStatus] = mapped_column(
        enum_type(RegradeSetStatus), default=RegradeSetStatus.PREPARING, index=True
    )
    suite_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("learning.test_suites.id"), default=None, index=True
    )
    only_cases: Mapped[list[int] | None] = mapped_column(Json, default=None)
    total: Mapped[int] = mapped_column(default=0)
    prepared_up_to: Mapped[UUID | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)


class RegradeMember(Base):
    """One submission of a set: the number of its preview run, and that of the run shown ``before``.

    ``outcome`` is None until the set was applied. ``changed``, set with it: status or points that are shown
    differ, so that a learner is to be told of it and of nothing else.
    """

    __tablename__ = "regrade_members"
    __table_args__ = (
        UniqueConstraint("set_id", "submission_id"),
        ForeignKeyConstraint(("submission_id", "number"), _RUN, ondelete="CASCADE"),
        ForeignKeyConstraint(("submission_id", "before"), _RUN, ondelete="CASCADE"),
        {"schema": SCHEMA},
    )

    set_id: Mapped[UUID] = mapped_column(ForeignKey("learning.regrade_sets.id", ondelete="CASCADE"))
    submission_id: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[int]
    before: Mapped[int]
    outcome: Mapped[MemberOutcome | None] = mapped_column(enum_type(MemberOutcome), default=None)
    changed: Mapped[bool | None] = mapped_column(default=None)
