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
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.errors import FieldError, Invalid, NotFound
from api.core.upsert import insert_once
from api.notifications import queries
from api.notifications.models import EmailLog, Notification, NotificationPreference, NotificationPriority

log = structlog.get_logger(__name__)

MAILS_AN_HOUR = 5
"""To one address. Whoever asks for a hundred password resets of somebody else's fills no inbox (A18)."""


class Mail(NamedTuple):
    """A mail to be written: plain text. ``template`` names what it is, for the log."""

    template: str
    subject: str
    body: str


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
        title=title,
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
    """Has a mail sent once this is committed; False if the address has had its share of the hour, and gets none.

    Raises:
        Invalid: ``to`` or the subject could not stand in a mail's header.
    """
    _check_headers(to, mail.subject)
    moment = now()
    lately = select(func.count()).where(EmailLog.to == to, EmailLog.created_at > moment - timedelta(hours=1))
    if (session.scalar(lately) or 0) >= MAILS_AN_HOUR:
        log.warning(
            "mail_not_queued", template=mail.template, user=str(user_id), reason="too many in an hour"
        )
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


def _check_headers(to: str, subject: str) -> None:
    try:
        Address(addr_spec=to)
    except Exception as error:  # the parser of addresses fails in ways of its own
        raise Invalid(
            "a mail cannot be sent there", (FieldError("email", "is not an e-mail address"),)
        ) from error
    if any(character in to + subject for character in "\r\n\0"):
        raise Invalid("a mail's header is one line", (FieldError("subject", "must be one line"),))
