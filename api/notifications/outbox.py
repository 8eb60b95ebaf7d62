"""Mails that wait, and how they are sent: claimed, sent outside of any transaction, and written down.

A claim moves ``next_attempt_at`` into the future, so that a sender that dies loses nothing: its mail is due again. A
mail may then go out twice; it is never lost, and two senders never hold the same one at the same time.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.database import Database
from api.core.errors import CodezestError, Unavailable
from api.notifications.mailer import Mailer, Refused, compose
from api.notifications.models import EmailLog, EmailStatus

log = structlog.get_logger(__name__)

LEASE_SECONDS = 120
SECONDS_BETWEEN_LOOKS = 2.0
WAITS_SECONDS = (60, 300, 1800, 7200, 21_600, 43_200)
"""How long until the next try after each that failed; after the last, the mail is given up (a day)."""

_MAX_ERROR = 500  # characters


class Waiting(NamedTuple):
    """A claimed mail; ``attempt`` counts from 1."""

    id: UUID
    to: str
    subject: str
    body: str
    attempt: int


def deliver_mails(
    database: Database, mailer: Mailer, sender: str, *, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Sends every mail that is due; how many were sent.

    Raises:
        Unavailable: the database did not answer; what was sent and not written down is sent again.
    """
    sent = 0
    while not is_stopping():
        with database.transaction() as session:
            mail = _claim(session)
        if mail is None:
            break
        sent += _deliver(database, mailer, sender, mail)
    return sent


def deliver_mails_until(stop: threading.Event, database: Database, mailer: Mailer, sender: str) -> None:
    """Sends what is due until ``stop`` is set. What goes wrong is logged, and tried again."""
    while not stop.is_set():
        try:
            deliver_mails(database, mailer, sender, is_stopping=stop.is_set)
        except CodezestError as error:
            log.warning("mails_not_delivered", error=str(error))
        except Exception:
            log.exception("mails_not_delivered")
        stop.wait(SECONDS_BETWEEN_LOOKS)


def _deliver(database: Database, mailer: Mailer, sender: str, mail: Waiting) -> bool:
    status, error = EmailStatus.SENT, None
    try:
        mailer(compose(sender=sender, to=mail.to, subject=mail.subject, body=mail.body))
    except Unavailable as fault:
        spent = mail.attempt > len(WAITS_SECONDS)
        status, error = (EmailStatus.FAILED if spent else EmailStatus.PENDING), str(fault)
    except (Refused, ValueError) as fault:
        status, error = EmailStatus.FAILED, str(fault)
    except Exception as fault:  # a fault of ours: not for ever, either
        log.exception("mail_failed", mail=str(mail.id))
        spent = mail.attempt > len(WAITS_SECONDS)
        status, error = (EmailStatus.FAILED if spent else EmailStatus.PENDING), repr(fault)
    with database.transaction() as session:
        _record(session, mail, status, error)
    log.info("mail_tried", mail=str(mail.id), status=status, attempt=mail.attempt, error=error)
    return status is EmailStatus.SENT


def _claim(session: Session) -> Waiting | None:
    moment = now()
    due = (
        select(EmailLog.id)
        .where(EmailLog.status == EmailStatus.PENDING, EmailLog.next_attempt_at <= moment)
        .order_by(EmailLog.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = session.execute(
        update(EmailLog)
        .where(EmailLog.id == due.scalar_subquery(), EmailLog.status == EmailStatus.PENDING)
        .values(attempts=EmailLog.attempts + 1, next_attempt_at=moment + timedelta(seconds=LEASE_SECONDS))
        .returning(EmailLog.id, EmailLog.to, EmailLog.subject, EmailLog.body, EmailLog.attempts)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return Waiting(row.id, row.to, row.subject, row.body or "", row.attempts) if row is not None else None


def _record(session: Session, mail: Waiting, status: EmailStatus, error: str | None) -> None:
    moment = now()
    again = status is EmailStatus.PENDING
    wait = WAITS_SECONDS[min(mail.attempt, len(WAITS_SECONDS)) - 1]
    values = {
        "status": status,
        "error": error[:_MAX_ERROR] if error else None,
        "sent_at": moment if status is EmailStatus.SENT else None,
        "next_attempt_at": moment + timedelta(seconds=wait) if again else None,
    }
    if not again:
        values["body"] = None  # it may hold a link that signs somebody in
    # Fenced: who took the mail over since, after our lease, writes down what became of it.
    session.execute(
        update(EmailLog)
        .where(
            EmailLog.id == mail.id, EmailLog.attempts == mail.attempt, EmailLog.status == EmailStatus.PENDING
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
