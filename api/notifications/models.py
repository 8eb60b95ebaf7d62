"""The inbox, what somebody wants to be told by, and what became of every mail."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.orm import Base, Json, Timestamps, UtcDateTime, enum_type

SCHEMA = "notifications"
TITLE_LENGTH = 200  # characters


class NotificationPriority(StrEnum):
    """How loudly to tell."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"


class EmailStatus(StrEnum):
    """What became of a mail. PENDING waits to be sent; FAILED was given up."""

    PENDING = "PENDING"
    SENT = "SENT"
    FAILED = "FAILED"


class Notification(Timestamps, Base):
    """One line of somebody's inbox. ``data`` holds the ids it is about, for links; ``read_at`` None: unread.

    ``read`` says the same as ``read_at`` and is what lists filter by.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        Index(None, "user_id", "read", "created_at"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    message: Mapped[str] = mapped_column(Text)
    priority: Mapped[NotificationPriority] = mapped_column(
        enum_type(NotificationPriority), default=NotificationPriority.NORMAL
    )
    read: Mapped[bool] = mapped_column(default=False)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    data: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)


class NotificationPreference(Timestamps, Base):
    """By what somebody wants to be told besides the inbox. Who has no row wants mails and nothing else."""

    __tablename__ = "notification_preferences"
    __table_args__ = ({"schema": SCHEMA},)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"), unique=True)
    email: Mapped[bool] = mapped_column(default=True)
    push: Mapped[bool] = mapped_column(default=False)
    sms: Mapped[bool] = mapped_column(default=False)


class EmailLog(Timestamps, Base):
    """One mail, from the wish to send it to its end; also the list of what is still to be sent.

    ``body`` is None once it was sent or given up: it may hold a link that signs somebody in. ``next_attempt_at`` is
    None for a mail that is not PENDING. ``error`` is for the operator. ``user_id`` is None for an address without an
    account.
    """

    __tablename__ = "email_logs"
    __table_args__ = (
        Index(None, "status", "next_attempt_at"),
        Index(None, "to", "created_at"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("auth.users.id", ondelete="SET NULL"), default=None, index=True
    )
    to: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    template: Mapped[str] = mapped_column(String(64))
    body: Mapped[str | None] = mapped_column(Text, default=None)
    status: Mapped[EmailStatus] = mapped_column(enum_type(EmailStatus), default=EmailStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    error: Mapped[str | None] = mapped_column(Text, default=None)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
