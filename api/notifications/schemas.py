"""Bodies of the notification routes."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from api.notifications.models import NotificationPriority


class NotificationView(Struct, rename="camel"):
    """One line of the inbox. ``data`` holds the ids it is about."""

    id: UUID
    type: Annotated[str, Meta(examples=["module_completed"])]
    title: str
    message: str
    priority: NotificationPriority
    read: bool
    read_at: datetime | None
    created_at: datetime
    data: dict[str, Any] | None


class NotificationList(Struct, rename="camel"):
    """A page of the inbox; ``total`` counts what the filter lets through, ``unread`` the whole inbox."""

    items: list[NotificationView]
    total: int
    unread: int


class ReadBody(Struct, rename="camel", forbid_unknown_fields=True):
    """Whether the line has been read."""

    read: bool


class ReadAllView(Struct, rename="camel"):
    """How many lines were unread until now."""

    changed: int


class PreferencesBody(Struct, rename="camel", forbid_unknown_fields=True):
    """What to change; what is left out stays."""

    email: bool | UnsetType = UNSET
    push: bool | UnsetType = UNSET
    sms: bool | UnsetType = UNSET


class PreferencesView(Struct, rename="camel"):
    """By what the caller wants to be told besides the inbox. ``push`` and ``sms`` are kept for a front end's own
    services; the platform itself sends mails.
    """

    email: bool
    push: bool
    sms: bool
