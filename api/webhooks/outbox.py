"""Who sends what: claiming a delivery, writing down how the try went, and throwing old ones away.

Theory of operation
-------------------
What is claimed is an *endpoint* that has something due: one conditional UPDATE moves its ``ready_at`` to the end of a
lease and raises its ``fence``, so any number of deliverers never send to one endpoint at the same time, and one that is
slow or dead holds up nobody else. On PostgreSQL the pick locks its row and passes over rows that others have locked,
by a lock that lets grades point new deliveries to the endpoint meanwhile. The endpoint served longest ago goes first.

Of the endpoint its oldest due delivery is taken, and the try is counted at once: a deliverer that dies in the middle
has used one up. The lease then ends by itself, and the same delivery is sent again, with the same id.

Recording works only with the current fence. Who slept through the lease finds a higher one, and writes nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

import structlog
from sqlalchemy import Table, bindparam, delete, exists, insert, literal, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.ids import new_id
from api.core.orm import UtcDateTime
from api.webhooks.models import DeliveryStatus, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from api.webhooks.rules import MAX_AGE, MAX_ATTEMPTS, delay_after, rest_after
from api.webhooks.sending import Answer

log = structlog.get_logger(__name__)

LEASE_SECONDS = 60
"""Of an endpoint, while a try is made: longer than any time-out of a request (`Settings.webhook_timeout_s`)."""

_PURGED_AT_ONCE = 1000  # rows; a longer transaction would hold up others

_E = cast(Table, WebhookEndpoint.__table__)
_D = cast(Table, WebhookDelivery.__table__)
_MOMENT = bindparam("moment", type_=UtcDateTime())
# Written into the statement and not bound to it: else the index of what waits would not be taken.
_PENDING = _D.c.status == literal(DeliveryStatus.PENDING, type_=_D.c.status.type, literal_execute=True)
_DUE = (_D.c.endpoint_id == _E.c.id, _PENDING, _D.c.next_attempt_at <= _MOMENT)
_READY = (
    select(_E.c.id)
    .where(_E.c.active, _E.c.ready_at <= _MOMENT, exists().where(*_DUE))
    .order_by(_E.c.ready_at)
    .limit(1)
    .with_for_update(key_share=True, skip_locked=True)
    .scalar_subquery()
)
_CLAIM = (
    update(_E)
    .where(_E.c.id == _READY, _E.c.active, _E.c.ready_at <= _MOMENT)
    .values(ready_at=bindparam("expiry", type_=UtcDateTime()), fence=_E.c.fence + 1)
    .returning(*_E.c)
)


class Claim(NamedTuple):
    """A delivery to be sent now. ``attempt`` counts from 1; ``fence`` goes back with the answer.

    ``secret`` and ``secret_number``: see `signing`. ``failures`` and ``failing_since`` are the endpoint's before this
    try.
    """

    delivery_id: UUID
    endpoint_id: UUID
    fence: int
    attempt: int
    url: str
    secret: str | None
    secret_number: int
    event_id: UUID
    event_type: str
    created_at: datetime
    queued_at: datetime
    payload: dict[str, Any]
    failures: int
    failing_since: datetime | None
    claimed_at: datetime


def claim_next(session: Session) -> Claim | None:
    """Takes the next delivery that is due, or gives None. Commit before anything is sent."""
    moment = now()
    endpoint = session.execute(
        _CLAIM, {"moment": moment, "expiry": moment + timedelta(seconds=LEASE_SECONDS)}
    ).one_or_none()
    if endpoint is None:
        return None
    _end_spent(session, endpoint.id, moment)
    delivery = session.execute(
        select(_D)
        .where(_D.c.endpoint_id == endpoint.id, _PENDING, _D.c.next_attempt_at <= moment)
        .order_by(_D.c.next_attempt_at, _D.c.id)
        .limit(1)
    ).one_or_none()
    if delivery is None:  # all that was due has just been given up
        session.execute(update(_E).where(_E.c.id == endpoint.id).values(ready_at=moment))
        return None
    session.execute(update(_D).where(_D.c.id == delivery.id).values(attempts=_D.c.attempts + 1))
    return Claim(
        delivery_id=delivery.id,
        endpoint_id=endpoint.id,
        fence=endpoint.fence,
        attempt=delivery.attempts + 1,
        url=endpoint.url,
        secret=endpoint.secret,
        secret_number=endpoint.secret_number,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        created_at=delivery.created_at,
        queued_at=delivery.queued_at,
        payload=delivery.payload,
        failures=endpoint.failures,
        failing_since=endpoint.failing_since,
        claimed_at=moment,
    )


def record_answer(
    session: Session, claim: Claim, answer: Answer, *, disable_days: int, chance: Callable[[], float]
) -> DeliveryStatus | None:
    """Writes down how the try went, and what comes next; the delivery's status, or None if the claim was lost.

    A failure is tried again after a while (`rules`). An endpoint at which every try has failed for ``disable_days`` is
    switched off.
    """
    moment = now()
    failing_since = None if answer.error is None else claim.failing_since or moment
    failures = 0 if answer.error is None else claim.failures + 1
    rest = timedelta(seconds=rest_after(failures) if failures else 0)
    kept = session.execute(
        update(_E)
        .where(_E.c.id == claim.endpoint_id, _E.c.fence == claim.fence)
        .values(ready_at=moment + rest, failures=failures, failing_since=failing_since)
    )
    assert isinstance(kept, CursorResult)
    if kept.rowcount == 0:
        log.warning("late_answer_dropped", delivery=str(claim.delivery_id), attempt=claim.attempt)
        return None
    session.execute(insert(cast(Table, WebhookAttempt.__table__)), [_attempt(claim, answer)])
    outcome = _outcome(claim, answer, moment, chance)
    session.execute(
        update(_D)
        .where(_D.c.id == claim.delivery_id)
        .values(**outcome, status_code=answer.status_code, error=answer.error)
    )
    if failing_since is not None and moment - failing_since >= timedelta(days=disable_days):
        _disable(session, claim.endpoint_id, f"every try failed for {disable_days} days", moment)
    return outcome["status"]


def purge(session: Session, *, keep_days: int) -> int:
    """Throws some of the deliveries away that are older than ``keep_days``, with their tries; how many.

    Call it again while there are any.
    """
    old = select(WebhookDelivery.id).where(WebhookDelivery.created_at < now() - timedelta(days=keep_days))
    gone = session.execute(
        delete(WebhookDelivery)
        .where(WebhookDelivery.id.in_(old.limit(_PURGED_AT_ONCE)))
        .execution_options(synchronize_session=False)
    )
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _attempt(claim: Claim, answer: Answer) -> dict[str, Any]:
    return {
        "id": new_id(),
        "delivery_id": claim.delivery_id,
        "number": claim.attempt,
        "started_at": claim.claimed_at,
        "duration_ms": answer.duration_ms,
        "status_code": answer.status_code,
        "error": answer.error,
        "excerpt": answer.excerpt,
    }


def _outcome(claim: Claim, answer: Answer, moment: datetime, chance: Callable[[], float]) -> dict[str, Any]:
    if answer.error is None:
        return {"status": DeliveryStatus.DELIVERED, "finished_at": moment}
    delay = delay_after(claim.attempt, answer.retry_after, chance)
    if delay is None or moment - claim.queued_at >= timedelta(seconds=MAX_AGE):
        return {"status": DeliveryStatus.GAVE_UP, "finished_at": moment}
    return {"status": DeliveryStatus.PENDING, "next_attempt_at": moment + timedelta(seconds=delay)}


def _end_spent(session: Session, endpoint_id: UUID, moment: datetime) -> None:
    # Whose last try was counted and never recorded: the deliverer died each time, perhaps of this very delivery.
    session.execute(
        update(_D)
        .where(
            _D.c.endpoint_id == endpoint_id,
            _PENDING,
            _D.c.next_attempt_at <= moment,
            _D.c.attempts >= MAX_ATTEMPTS,
        )
        .values(
            status=DeliveryStatus.GAVE_UP,
            finished_at=moment,
            error="the platform was stopped in the middle of every try",
        )
    )


def _disable(session: Session, endpoint_id: UUID, reason: str, moment: datetime) -> None:
    log.warning("webhook_disabled", endpoint=str(endpoint_id), reason=reason)
    session.execute(
        update(_E)
        .where(_E.c.id == endpoint_id)
        .values(active=False, disabled_at=moment, disabled_reason=reason)
    )
    session.execute(
        update(_D)
        .where(_D.c.endpoint_id == endpoint_id, _PENDING)
        .values(status=DeliveryStatus.GAVE_UP, finished_at=moment)
    )
