"""Telling people: a line in the inbox, and a mail if they want one.

A mail is a row that waits (see `outbox`), written in the transaction of what it tells: what is rolled back is never
told, and a mail server that is away costs nobody a request.
"""

from collections.abc import Mapping
from datetime import timedelta
from email.headerregistry import Address
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.errors import NotFound
from api.core.upsert import insert_once
from api.notifications import queries
from api.notifications.models import (
    TITLE_LENGTH,
    EmailLog,
    Notification,
    NotificationPreference,
    NotificationPriority,
)

log = structlog.get_logger(__name__)

MAILS_AN_HOUR = 5
"""Of one kind, to one address and for one account. Who asks for a hundred resets of somebody else's fills no inbox,
and who changes the address a hundred times sends no mail to strangers (A18)."""

NOTICES = frozenset({"password_changed"})
"""What is told in any case: filling the hour must not silence a warning."""


class Mail(NamedTuple):
    """A mail to be written: plain text. ``template`` names what it is, for the log."""

    template: str
    subject: str
    body: str


def can_be_mailed(to: str) -> bool:
    """Whether ``to`` can stand in a mail's header as one address and nothing else."""
    try:
        Address(addr_spec=to)
    except Exception:  # the parser of addresses fails in ways of its own
        return False
    return not any(character in to for character in "\r\n\0")


def notify(
    session: Session,
    user_id: UUID,
    *,
    type: str,
    title: str,
    message: str,
    priority: NotificationPriority = NotificationPriority.NORMAL,
    data: Mapping[str, Any] | None = None,
    address: str | None = None,
) -> Notification:
    """Puts a line into the inbox of ``user_id``, and a mail of the same words on its way to ``address``, unless mails
    are not wanted. ``address`` None: no mail in any case. ``data`` are ids, for links.
    """
    line = Notification(
        user_id=user_id,
        type=type,
        title=title[:TITLE_LENGTH],  # a module's own title may be as long as the column
        message=message,
        priority=priority,
        data=dict(data) if data is not None else None,
    )
    session.add(line)
    session.flush()
    if address is not None and queries.preferences_of(session, user_id).email:
        queue_mail(session, address, Mail(type, title, message), user_id=user_id)
    return line


def queue_mail(session: Session, to: str, mail: Mail, *, user_id: UUID | None = None) -> bool:
    """Has a mail sent once this is committed; False if there have been enough of its kind in the last hour, or if no
    mail can go to such an address.

    Raises ValueError if the subject could not stand in a mail's header: it is ours to write.
    """
    if any(character in mail.subject for character in "\r\n\0"):
        raise ValueError("a mail's subject is one line")
    moment = now()
    mine = EmailLog.to == to if user_id is None else or_(EmailLog.to == to, EmailLog.user_id == user_id)
    lately = select(func.count()).where(
        mine, EmailLog.template == mail.template, EmailLog.created_at > moment - timedelta(hours=1)
    )
    is_too_many = mail.template not in NOTICES and (session.scalar(lately) or 0) >= MAILS_AN_HOUR
    if is_too_many or not can_be_mailed(to):
        reason = "too many in an hour" if is_too_many else "no such address"
        log.warning("mail_not_queued", template=mail.template, user=str(user_id), reason=reason)
        return False
    session.add(
        EmailLog(
            user_id=user_id,
            to=to,
            subject=mail.subject,
            template=mail.template,
            body=mail.body,
            next_attempt_at=moment,
        )
    )
    session.flush()
    return True


def set_read(session: Session, user_id: UUID, notification_id: UUID, *, read: bool) -> Notification:
    """Marks one line of the own inbox. Raises NotFound: there is none, or it is somebody else's."""
    line = session.scalar(
        select(Notification).where(Notification.id == notification_id, Notification.user_id == user_id)
    )
    if line is None:
        raise NotFound("there is no such notification")
    if line.read != read:
        line.read, line.read_at = read, now() if read else None
        session.flush()
    return line


def read_all(session: Session, user_id: UUID) -> int:
    """Marks the whole own inbox as read; how many lines that changed."""
    changed = session.scalars(
        update(Notification)
        .where(Notification.user_id == user_id, Notification.read.is_(False))
        .values(read=True, read_at=now())
        .returning(Notification.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())


def set_preferences(session: Session, user_id: UUID, wanted: Mapping[str, bool]) -> NotificationPreference:
    """Changes the named ones of ``email``, ``push`` and ``sms``; the others stay."""
    insert_once(session, NotificationPreference, ("user_id",), {"user_id": user_id})
    row = session.scalars(
        select(NotificationPreference).where(NotificationPreference.user_id == user_id)
    ).one()
    for name, value in wanted.items():
        setattr(row, name, value)
    session.flush()
    return row
