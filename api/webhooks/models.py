"""Who wants to be told of what, what is still to be told, and how each try went.

An endpoint belongs to an account (it hears of that account's submissions) or to an assignment (it hears of all of its
submissions), never to both. ``position`` numbers an owner's endpoints from 1: the unique key is what limits their
number, also where two are made at the same moment, and the index by which a graded submission finds its endpoints.

An endpoint is also the unit of concurrency. Nobody sends to it before ``ready_at``: a claim moves that to the end of
its lease, a failure to the end of a rest. ``fence`` goes up by one with every claim, and only who has the current
number may write down how a try went.

A delivery is a row of the outbox, written in the transaction of what it tells. It is sent at least once; its receiver
knows a repetition by its id.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.clock import now
from api.core.ids import new_id
from api.core.orm import Base, Json, UtcDateTime, enum_type

SCHEMA = "notifications"
URL_LENGTH = 2000  # characters
ERROR_LENGTH = 500
EXCERPT_LENGTH = 1000

_WAITING = text("status = 'PENDING'")


class DeliveryStatus(StrEnum):
    """Where a delivery stands. GAVE_UP: no further try is made, unless it is replayed."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    GAVE_UP = "GAVE_UP"


class WebhookEndpoint(Base):
    """An address to send to.

    ``secret`` is what requests are signed with; None where it is made from the installation's key and
    ``secret_number`` (see `signing`). ``failures`` counts tries in a row that failed, ``failing_since`` is the moment
    of the first of them. ``disabled_at`` and ``disabled_reason`` are set where the platform switched it off.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (assignment_id IS NULL)", name="one_owner"),
        UniqueConstraint("user_id", "position"),
        UniqueConstraint("assignment_id", "position"),
        Index(None, "active", "ready_at"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    assignment_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("learning.assignments.id", ondelete="CASCADE")
    )
    position: Mapped[int]
    url: Mapped[str] = mapped_column(String(URL_LENGTH))
    secret: Mapped[str | None] = mapped_column(String(200))
    secret_number: Mapped[int] = mapped_column(default=1)
    events: Mapped[list[str]] = mapped_column(Json)
    active: Mapped[bool] = mapped_column(default=True)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    disabled_reason: Mapped[str | None] = mapped_column(String(ERROR_LENGTH), default=None)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    failures: Mapped[int] = mapped_column(default=0)
    ready_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    fence: Mapped[int] = mapped_column(default=0)
    # Not by the mixin: every try would count as a change.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)


class WebhookDelivery(Base):
    """One event for one endpoint. ``attempts`` counts tries since it was made or last replayed.

    ``event_id`` names what happened: the same for all endpoints that are told of it, and once for each. ``status_code``
    and ``error`` are the last try's; both None before the first. ``finished_at`` is None while PENDING.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        # Of what waits only: a claim must not become slower with all that has been delivered.
        Index(
            "ix_webhook_deliveries_due",
            "endpoint_id",
            "next_attempt_at",
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index(None, "endpoint_id", "created_at"),
        Index(None, "created_at"),
        {"schema": SCHEMA},
    )

    endpoint_id: Mapped[UUID] = mapped_column(
        ForeignKey("notifications.webhook_endpoints.id", ondelete="CASCADE")
    )
    event_id: Mapped[UUID] = mapped_column(default=new_id)
    event_type: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    status: Mapped[DeliveryStatus] = mapped_column(enum_type(DeliveryStatus), default=DeliveryStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    status_code: Mapped[int | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(String(ERROR_LENGTH), default=None)


class WebhookAttempt(Base):
    """One try. ``number`` is the delivery's count at that time. ``status_code`` is None where no answer came, ``error``
    where it was a 2xx; ``excerpt`` is the beginning of the answer's body, fit to be shown.
    """

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index(None, "delivery_id", "started_at"), {"schema": SCHEMA})

    delivery_id: Mapped[UUID] = mapped_column(
        ForeignKey("notifications.webhook_deliveries.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime())
    duration_ms: Mapped[int]
    status_code: Mapped[int | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(String(ERROR_LENGTH), default=None)
    excerpt: Mapped[str | None] = mapped_column(Text, default=None)
