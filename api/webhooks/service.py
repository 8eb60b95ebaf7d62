"""Writes of webhooks: what an owner does with endpoints and deliveries, and `announce`, by which other slices tell
that something has happened. Nothing here sends; see `outbox` and `deliverer`.

This module is the slice's door, and light: graders come through it with every grade.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Table, Uuid, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from api.core.actor import Actor
from api.core.clock import now
from api.core.errors import Conflict, FieldError, Invalid
from api.core.ids import new_id
from api.core.settings import Settings
from api.webhooks import queries
from api.webhooks.addresses import BadUrl, parse_url
from api.webhooks.events import TEST_EVENT, EventType, SubmissionGraded, payload_of
from api.webhooks.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from api.webhooks.queries import Owner
from api.webhooks.signing import new_secret, secret_of

__all__ = [
    "Created",
    "SubmissionGraded",
    "announce",
    "change_endpoint",
    "create_endpoint",
    "delete_endpoint",
    "replay",
    "replay_many",
    "rotate_secret",
    "send_test",
]

_ENDPOINTS = cast(Table, WebhookEndpoint.__table__)
_DELIVERIES = cast(Table, WebhookDelivery.__table__)

# Built once: this runs with every grade. The columns are all that a grader's database role must be able to read. The
# lock keeps an endpoint from being deleted before our row that points to it is stored: the grade would be lost with it.
# Whether it is active is not asked here: SQLite would take the index of that, and read every endpoint there is.
_LISTENING = (
    select(_ENDPOINTS.c.id, _ENDPOINTS.c.active, _ENDPOINTS.c.events)
    .where(
        (_ENDPOINTS.c.user_id == bindparam("user", type_=Uuid()))
        | (_ENDPOINTS.c.assignment_id == bindparam("assignment", type_=Uuid())),
    )
    .with_for_update(read=True, key_share=True)
)


class Created(NamedTuple):
    """An endpoint with its secret, which is shown now and never again."""

    endpoint: WebhookEndpoint
    secret: str


def announce(session: Session, graded: SubmissionGraded) -> int:
    """Puts the event into the outbox of every endpoint that asked for it; how many these are.

    Endpoints of the learner's account, and of the assignment. Where there are none, this is one look into an index.
    """
    listening = session.execute(
        _LISTENING, {"user": graded.user_id, "assignment": graded.assignment_id}
    ).all()
    wanted = [row.id for row in listening if row.active and EventType.SUBMISSION_GRADED in row.events]
    if wanted:
        _enqueue(session, wanted, EventType.SUBMISSION_GRADED, payload_of(graded))
    return len(wanted)


def create_endpoint(
    session: Session, owner: Owner, *, url: str, events: Collection[str], settings: Settings
) -> Created:
    """A new endpoint, active at once.

    Raises:
        Invalid: the URL may not be sent to.
        Conflict: the owner has as many as it may have (``too_many_webhooks``).
    """
    _check_url(url, settings)
    taken = set(session.scalars(select(WebhookEndpoint.position).where(owner.owns())))
    free = next((n for n in range(1, settings.webhooks_per_owner + 1) if n not in taken), None)
    if free is None:
        raise Conflict(
            f"there may be {settings.webhooks_per_owner} webhooks; delete one first", code="too_many_webhooks"
        )
    key = _key(settings)
    endpoint = WebhookEndpoint(
        id=new_id(),
        user_id=owner.user_id,
        assignment_id=owner.assignment_id,
        position=free,
        url=url,
        events=_sorted(events),
        secret=new_secret() if key is None else None,
        secret_number=1,
    )
    session.add(endpoint)
    session.flush()
    return Created(endpoint, secret_of(endpoint.id, endpoint.secret, endpoint.secret_number, key))


def change_endpoint(
    session: Session,
    owner: Owner,
    endpoint_id: UUID,
    *,
    url: str | None,
    events: Collection[str] | None,
    active: bool | None,
    settings: Settings,
) -> WebhookEndpoint:
    """Changes what is not None. Switching on forgets why it was off, and that it failed.

    Raises:
        NotFound: the owner has no such endpoint.
        Invalid: the URL may not be sent to.
    """
    endpoint = queries.get_endpoint(session, owner, endpoint_id)
    if url is not None:
        _check_url(url, settings)
        endpoint.url = url
    if events is not None:
        endpoint.events = _sorted(events)
    if active is not None:
        endpoint.active = active
    if active:
        endpoint.disabled_at = endpoint.disabled_reason = endpoint.failing_since = None
        endpoint.failures = 0
    endpoint.updated_at = now()
    session.flush()
    return endpoint


def rotate_secret(session: Session, owner: Owner, endpoint_id: UUID, settings: Settings) -> Created:
    """A new secret; the old one signs nothing from now on. Raises NotFound."""
    endpoint = queries.get_endpoint(session, owner, endpoint_id)
    key = _key(settings)
    endpoint.secret = new_secret() if key is None else None
    endpoint.secret_number += 1
    endpoint.updated_at = now()
    session.flush()
    return Created(endpoint, secret_of(endpoint.id, endpoint.secret, endpoint.secret_number, key))


def delete_endpoint(session: Session, owner: Owner, endpoint_id: UUID) -> None:
    """Deletes an endpoint with its deliveries, sent or not. Raises NotFound."""
    endpoint = queries.get_endpoint(session, owner, endpoint_id)
    session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint.id))


def send_test(session: Session, owner: Owner, endpoint_id: UUID) -> WebhookDelivery:
    """Puts a `TEST_EVENT` into the endpoint's outbox; the one that waits there already is as good.

    Raises:
        NotFound: the owner has no such endpoint.
        Conflict: it is switched off (``webhook_off``).
    """
    endpoint = queries.get_endpoint(session, owner, endpoint_id)
    _require_active(endpoint)
    waiting = session.scalar(
        select(WebhookDelivery).where(
            WebhookDelivery.endpoint_id == endpoint.id,
            WebhookDelivery.status == DeliveryStatus.PENDING,
            WebhookDelivery.event_type == TEST_EVENT,
        )
    )
    if waiting is not None:
        return waiting
    (delivery_id,) = _enqueue(session, [endpoint.id], TEST_EVENT, payload_of({"webhookId": endpoint.id}))
    return session.get_one(WebhookDelivery, delivery_id)


def replay(session: Session, actor: Actor | None, delivery_id: UUID) -> WebhookDelivery:
    """Sends a delivery again, with its id and all its tries before it. ``actor`` None: an operator.

    Raises:
        NotFound: the actor may not see such a delivery.
        Conflict: its endpoint is switched off (``webhook_off``).
    """
    found = queries.get_delivery(session, actor, delivery_id)
    _require_active(found.endpoint)
    _again(session, WebhookDelivery.id == delivery_id)
    session.refresh(found.delivery)
    return found.delivery


def replay_many(session: Session, endpoint_id: UUID, since: datetime) -> int:
    """Sends everything again that an endpoint was to be told since then, delivered or not; how many these are.

    Raises:
        NotFound: there is no such endpoint.
        Conflict: it is switched off (``webhook_off``).
    """
    _require_active(queries.get_any_endpoint(session, endpoint_id))
    return len(
        _again(session, (WebhookDelivery.endpoint_id == endpoint_id) & (WebhookDelivery.created_at >= since))
    )


def _again(session: Session, condition: Any) -> Sequence[UUID]:
    moment = now()
    fresh = {"attempts": 0, "queued_at": moment, "next_attempt_at": moment, "finished_at": None}
    return session.scalars(
        update(WebhookDelivery)
        .where(condition)
        .values(status=DeliveryStatus.PENDING, **fresh)
        .returning(WebhookDelivery.id)
        .execution_options(synchronize_session=False)
    ).all()


def _enqueue(
    session: Session, endpoint_ids: Sequence[UUID], event_type: str, payload: dict[str, Any]
) -> list[UUID]:
    moment, event_id = now(), new_id()
    times = dict.fromkeys(("created_at", "queued_at", "next_attempt_at"), moment)
    rows = [
        {
            "id": new_id(),
            "endpoint_id": endpoint_id,
            "event_id": event_id,
            "event_type": str(event_type),
            "payload": payload,
            **times,
        }
        for endpoint_id in endpoint_ids
    ]
    session.execute(insert(_DELIVERIES), rows)
    return [row["id"] for row in rows]


def _require_active(endpoint: WebhookEndpoint) -> None:
    if not endpoint.active:
        raise Conflict("the webhook is switched off; set active to true first", code="webhook_off")


def _check_url(url: str, settings: Settings) -> None:
    try:
        parse_url(url, settings.webhook_insecure_hosts)
    except BadUrl as fault:
        raise Invalid("the body has faults", (FieldError("url", str(fault)),)) from None


def _sorted(events: Collection[str]) -> list[str]:
    return sorted({str(event) for event in events})


def _key(settings: Settings) -> str | None:
    key = settings.webhook_secret_key
    return None if key is None else key.get_secret_value()
