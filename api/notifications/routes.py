"""The caller's inbox, over HTTP."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.orm import Session

from api.core.actor import Actor
from api.http.paging import DEFAULT_LIMIT, Limit, Offset
from api.notifications import queries, service
from api.notifications.models import Notification
from api.notifications.schemas import (
    NotificationList,
    NotificationView,
    PreferencesBody,
    PreferencesView,
    ReadAllView,
    ReadBody,
)

ReadFilter = Annotated[bool | None, QueryParameter(description="only read, or only unread, lines")]
TypeFilter = Annotated[str | None, QueryParameter(description="only lines of this type")]


class NotificationController(Controller):
    """The caller's inbox."""

    path = "/me/notifications"
    tags = ("me",)

    @get(opt={"access": "user"}, summary="The own inbox", sync_to_thread=True)
    def index(
        self,
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
        read: ReadFilter = None,
        type: TypeFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> NotificationList:
        """The caller's notifications, newest first."""
        page = queries.list_notifications(
            session, actor.user_id, read=read, type=type, limit=limit, offset=offset
        )
        return NotificationList([_view(line) for line in page.items], page.total, page.unread)

    @patch("/{notification_id:uuid}", opt={"access": "user"}, summary="Mark as read", sync_to_thread=True)
    def update(
        self,
        notification_id: FromPath[UUID],
        data: JSONBody[ReadBody],
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
    ) -> NotificationView:
        """Marks one notification as read or unread."""
        return _view(service.set_read(session, actor.user_id, notification_id, read=data.read))

    @post(
        "/read-all", status_code=200, opt={"access": "user"}, summary="Mark all as read", sync_to_thread=True
    )
    def read_all(self, session: NamedDependency[Session], actor: NamedDependency[Actor]) -> ReadAllView:
        """Marks the whole inbox as read."""
        return ReadAllView(service.read_all(session, actor.user_id))


class NotificationPreferenceController(Controller):
    """How the caller wants to be told."""

    path = "/me/notification-preferences"
    tags = ("me",)

    @get(opt={"access": "user"}, summary="The own preferences", sync_to_thread=True)
    def show(self, session: NamedDependency[Session], actor: NamedDependency[Actor]) -> PreferencesView:
        """By what the caller wants to be told besides the inbox."""
        return PreferencesView(*queries.preferences_of(session, actor.user_id))

    @patch(opt={"access": "user"}, summary="Change the own preferences", sync_to_thread=True)
    def update(
        self,
        data: JSONBody[PreferencesBody],
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
    ) -> PreferencesView:
        """Changes what the body names; the rest stays."""
        row = service.set_preferences(session, actor.user_id, msgspec.to_builtins(data))
        return PreferencesView(row.email, row.push, row.sms)


def _view(line: Notification) -> NotificationView:
    return NotificationView(
        id=line.id,
        type=line.type,
        title=line.title,
        message=line.message,
        priority=line.priority,
        read=line.read,
        read_at=line.read_at,
        created_at=line.created_at,
        data=line.data,
    )
