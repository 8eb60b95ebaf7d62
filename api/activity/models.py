"""Events: what a person did (a feed to be shown) and what happened (rows to be counted)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.core.clock import now
from api.core.orm import Base, Json, UtcDateTime

SCHEMA = "activity"


class UserActivity(Base):
    """One event of somebody's feed; one at most for a person, type and subject: what is repeated is told once.

    ``subject_id`` is the id of what it is about (an assignment, a module, a quiz). The column ``metadata`` is
    ``details`` here: SQLAlchemy keeps the other name for itself.
    """

    __tablename__ = "user_activities"
    __table_args__ = (
        UniqueConstraint("user_id", "type", "subject_id"),
        Index(None, "user_id", "created_at"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(64))
    subject_id: Mapped[UUID]
    description: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any] | None] = mapped_column("metadata", Json, default=None)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)


class AnalyticsEvent(Base):
    """Something to be counted. ``user_id`` is None for a visitor, and after an account has gone."""

    __tablename__ = "analytics_events"
    __table_args__ = (Index(None, "event_name", "created_at"), {"schema": SCHEMA})

    event_name: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("auth.users.id", ondelete="SET NULL"), default=None, index=True
    )
    properties: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
