"""Reads of the inbox; always somebody's own."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.core.pages import read_page
from api.notifications.models import Notification, NotificationPreference


class Preferences(NamedTuple):
    """By what somebody wants to be told; the defaults for who never said."""

    email: bool = True
    push: bool = False
    sms: bool = False


class Inbox(NamedTuple):
    """A page of lines, newest first; ``total`` of the filter, ``unread`` of the whole inbox."""

    items: Sequence[Notification]
    total: int
    unread: int


def list_notifications(
    session: Session, user_id: UUID, *, read: bool | None, type: str | None, limit: int, offset: int
) -> Inbox:
    """A page of ``user_id``'s inbox; ``read`` and ``type`` None: all."""
    statement = select(Notification).where(Notification.user_id == user_id)
    if read is not None:
        statement = statement.where(Notification.read.is_(read))
    if type is not None:
        statement = statement.where(Notification.type == type)
    newest = Notification.created_at.desc(), Notification.id.desc()
    items, total = read_page(session, statement, *newest, limit=limit, offset=offset)
    unread = select(func.count()).where(Notification.user_id == user_id, Notification.read.is_(False))
    return Inbox(items, total, session.scalar(unread) or 0)


def preferences_of(session: Session, user_id: UUID) -> Preferences:
    """What ``user_id`` has said, or the defaults."""
    row = session.scalar(select(NotificationPreference).where(NotificationPreference.user_id == user_id))
    return Preferences(row.email, row.push, row.sms) if row is not None else Preferences()
