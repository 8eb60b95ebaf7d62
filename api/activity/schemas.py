"""Bodies of the activity routes."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct


class ActivityView(Struct, rename="camel"):
    """One event of the feed."""

    id: UUID
    type: Annotated[str, Meta(examples=["assignment_passed"])]
    subject_id: UUID
    description: str
    metadata: dict[str, Any] | None
    created_at: datetime


class ActivityList(Struct, rename="camel"):
    """A page of the feed, newest first."""

    items: list[ActivityView]
    total: int


class EventBody(Struct, rename="camel", forbid_unknown_fields=True):
    """Something a front end counts. ``properties`` is at most 4 KiB of JSON."""

    event_name: Annotated[
        str, Meta(min_length=1, max_length=100, pattern=r"^[a-z0-9_.]+$(?!\n)", examples=["video_started"])
    ]
    properties: dict[str, Any] | None = None


class CountView(Struct, rename="camel"):
    """How often an event happened, and with how many signed-in people."""

    event_name: str
    events: int
    users: int


class CountList(Struct, rename="camel"):
    """One line per event name."""

    items: list[CountView]
    total: int
