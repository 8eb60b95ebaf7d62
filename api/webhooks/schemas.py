"""Bodies of the webhooks' routes."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct, field

from api.webhooks.events import EventType
from api.webhooks.models import URL_LENGTH, DeliveryStatus

Url = Annotated[
    str,
    Meta(
        max_length=URL_LENGTH,
        description="https, at port 443 or 8443 of a public host; without user name and fragment",
        examples=["https://hooks.example.com/codezest"],
    ),
]
Events = Annotated[
    list[EventType], Meta(min_length=1, max_length=len(EventType), description="what it is told of")
]
Secret = Annotated[
    str,
    Meta(description="signs every request; shown this once", examples=["whsec_0T3dQ4bEqvYxkHs6aGcPiMvRbT9A"]),
]


class WebhookBody(Struct, rename="camel", forbid_unknown_fields=True):
    """A new webhook."""

    url: Url
    events: Events = field(default_factory=lambda: list(EventType))


class WebhookChange(Struct, rename="camel", forbid_unknown_fields=True):
    """What is to be changed; what is left out stays. ``active`` true switches on again what was switched off."""

    url: Url | None = None
    events: Events | None = None
    active: bool | None = None


class WebhookView(Struct, rename="camel"):
    """A webhook, without its secret.

    ``disabledAt`` and ``disabledReason`` say when and why the platform switched it off. ``failingSince`` is the
    moment of the first of the failures in a row that are its last tries, null if the last one went well.
    """

    id: UUID
    url: Url
    events: list[EventType]
    active: bool
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None
    created_at: datetime
    updated_at: datetime


class WebhookCreated(WebhookView):
    """A new webhook, with its secret."""

    secret: Secret


class WebhookSecret(Struct, rename="camel"):
    """A new secret; the old one signs nothing any more."""

    secret: Secret


class WebhookList(Struct, rename="camel"):
    """All webhooks of an account or an assignment."""

    items: list[WebhookView]
    total: int


class WebhookDeliveryLine(Struct, rename="camel"):
    """One event for one webhook. ``attempts`` counts tries since it was made or replayed.

    ``statusCode`` and ``error`` are the last try's; ``statusCode`` is null where no answer came. ``nextAttemptAt`` is
    null where no further try will be made.
    """

    id: UUID
    webhook_id: UUID
    event_id: UUID
    event: Annotated[str, Meta(examples=["submission.graded"])]
    status: DeliveryStatus
    attempts: int
    status_code: int | None
    error: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    finished_at: datetime | None


class WebhookDeliveryList(Struct, rename="camel"):
    """A page of deliveries, newest first."""

    items: list[WebhookDeliveryLine]
    total: int


class WebhookAttemptView(Struct, rename="camel"):
    """One try. ``response`` is the beginning of the answer's body, with control characters replaced."""

    number: int
    started_at: datetime
    duration_ms: int
    status_code: int | None
    error: str | None
    response: str | None


class WebhookDeliveryView(WebhookDeliveryLine):
    """A delivery with what is sent (the body's ``data``) and all its tries, the earliest first."""

    payload: dict[str, Any]
    log: list[WebhookAttemptView]
