"""Reads of webhooks. Whose an endpoint is, is part of every query, never a check after it (A1)."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from api.core.actor import Actor, is_admin
from api.core.errors import NotFound
from api.learning.curriculum.queries import get_assignment
from api.webhooks.models import DeliveryStatus, WebhookAttempt, WebhookDelivery, WebhookEndpoint


class Owner(NamedTuple):
    """Whose endpoints are meant: an account's, or an assignment's; the other is None."""

    user_id: UUID | None
    assignment_id: UUID | None

    def owns(self) -> Any:
        """The condition on endpoints."""
        if self.user_id is not None:
            return WebhookEndpoint.user_id == self.user_id
        return WebhookEndpoint.assignment_id == self.assignment_id


class DeliveryDetail(NamedTuple):
    """A delivery with its endpoint and its tries, the earliest first."""

    delivery: WebhookDelivery
    endpoint: WebhookEndpoint
    attempts: Sequence[WebhookAttempt]


def assignment_owner(session: Session, assignment_id: UUID) -> Owner:
    """The assignment as an owner. Raises NotFound. Whether the caller may is the route's to say: ADMIN only."""
    return Owner(None, get_assignment(session, assignment_id).assignment.id)


def list_endpoints(session: Session, owner: Owner) -> Sequence[WebhookEndpoint]:
    """An owner's endpoints; a setting bounds their number."""
    return session.scalars(
        select(WebhookEndpoint).where(owner.owns()).order_by(WebhookEndpoint.position)
    ).all()


def get_endpoint(session: Session, owner: Owner, endpoint_id: UUID) -> WebhookEndpoint:
    """An owner's endpoint. Raises NotFound, for a foreign one too."""
    found = session.scalar(select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, owner.owns()))
    if found is None:
        raise NotFound("there is no such webhook")
    return found


def get_any_endpoint(session: Session, endpoint_id: UUID) -> WebhookEndpoint:
    """An endpoint, for an operator. Raises NotFound."""
    found = session.get(WebhookEndpoint, endpoint_id)
    if found is None:
        raise NotFound("there is no such webhook")
    return found


def list_deliveries(
    session: Session,
    *,
    endpoint_id: UUID | None,
    status: DeliveryStatus | None,
    limit: int,
    offset: int,
) -> tuple[Sequence[tuple[WebhookDelivery, str]], int]:
    """A page of deliveries with their endpoints' URLs, newest first, and how many there are.

    Of an endpoint that the caller was found to own; None: of all, for an operator.
    """
    conditions = []
    if endpoint_id is not None:
        conditions.append(WebhookDelivery.endpoint_id == endpoint_id)
    if status is not None:
        conditions.append(WebhookDelivery.status == status)
    total = session.scalar(select(func.count()).select_from(WebhookDelivery).where(*conditions))
    statement = (
        select(WebhookDelivery, WebhookEndpoint.url)
        .join(WebhookEndpoint, WebhookDelivery.endpoint_id == WebhookEndpoint.id)
        .where(*conditions)
        .order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc())
    )
    return [(row[0], row[1]) for row in session.execute(statement.limit(limit).offset(offset))], total or 0


def get_delivery(session: Session, actor: Actor | None, delivery_id: UUID) -> DeliveryDetail:
    """A delivery of the actor's own endpoints, for an ADMIN also of every assignment's; None: an operator, of all.

    Raises NotFound, for a foreign one too.
    """
    row = session.execute(_readable(actor).where(WebhookDelivery.id == delivery_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such delivery")
    attempts = session.scalars(
        select(WebhookAttempt)
        .where(WebhookAttempt.delivery_id == delivery_id)
        .order_by(WebhookAttempt.started_at, WebhookAttempt.id)
    ).all()
    return DeliveryDetail(row[0], row[1], attempts)


def _readable(actor: Actor | None) -> Select[WebhookDelivery, WebhookEndpoint]:
    statement = select(WebhookDelivery, WebhookEndpoint).join(
        WebhookEndpoint, WebhookDelivery.endpoint_id == WebhookEndpoint.id
    )
    if actor is None:
        return statement
    own = WebhookEndpoint.user_id == actor.user_id
    return statement.where(own | WebhookEndpoint.assignment_id.is_not(None) if is_admin(actor) else own)
