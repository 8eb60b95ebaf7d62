"""From rows to response bodies. Every field is named: a column added to a model, a secret above all, shows nowhere by
itself."""

from typing import Any

from api.webhooks.events import EventType
from api.webhooks.models import DeliveryStatus, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from api.webhooks.queries import DeliveryDetail
from api.webhooks.schemas import (
    WebhookAttemptView,
    WebhookCreated,
    WebhookDeliveryLine,
    WebhookDeliveryView,
    WebhookView,
)
from api.webhooks.service import Created


def endpoint(row: WebhookEndpoint) -> WebhookView:
    """An endpoint, without its secret."""
    return WebhookView(**_endpoint(row))


def created(made: Created) -> WebhookCreated:
    """A new endpoint, with its secret."""
    return WebhookCreated(**_endpoint(made.endpoint), secret=made.secret)


def delivery_line(row: WebhookDelivery) -> WebhookDeliveryLine:
    """A delivery in a list."""
    return WebhookDeliveryLine(**_delivery(row))


def delivery(detail: DeliveryDetail) -> WebhookDeliveryView:
    """A delivery by itself."""
    return WebhookDeliveryView(
        **_delivery(detail.delivery),
        payload=detail.delivery.payload,
        log=[_attempt(attempt) for attempt in detail.attempts],
    )


def _endpoint(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "events": [EventType(event) for event in row.events],
        "active": row.active,
        "disabled_at": row.disabled_at,
        "disabled_reason": row.disabled_reason,
        "failing_since": row.failing_since,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": row.id,
        "webhook_id": row.endpoint_id,
        "event_id": row.event_id,
        "event": row.event_type,
        "status": row.status,
        "attempts": row.attempts,
        "status_code": row.status_code,
        "error": row.error,
        "created_at": row.created_at,
        "next_attempt_at": row.next_attempt_at if row.status is DeliveryStatus.PENDING else None,
        "finished_at": row.finished_at,
    }


def _attempt(row: WebhookAttempt) -> WebhookAttemptView:
    return WebhookAttemptView(
        number=row.number,
        started_at=row.started_at,
        duration_ms=row.duration_ms,
        status_code=row.status_code,
        error=row.error,
        response=row.excerpt,
    )
