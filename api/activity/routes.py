"""The caller's feed, and events to be counted, over HTTP."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from sqlalchemy.orm import Session

from api.activity import queries, service
from api.activity.schemas import ActivityList, ActivityView, CountList, CountView, EventBody
from api.core.actor import Actor
from api.core.clock import now
from api.core.errors import FieldError, Invalid
from api.http.moments import aware
from api.http.paging import DEFAULT_LIMIT, Limit, Offset

MAX_PROPERTIES_BYTES = 4096

TypeFilter = Annotated[str | None, QueryParameter(description="only events of this type")]
Since = Annotated[datetime | None, QueryParameter(description="from this moment on; a week ago if left out")]
Until = Annotated[datetime | None, QueryParameter(description="before this moment; now if left out")]


class ActivityController(Controller):
    """The caller's feed."""

    path = "/me/activity"
    tags = ("me",)

    @get(opt={"access": "user"}, summary="The own feed", sync_to_thread=True)
    def index(
        self,
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
        type: TypeFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> ActivityList:
        """What the caller has done, newest first."""
        rows, total = queries.list_activities(session, actor.user_id, type=type, limit=limit, offset=offset)
        items = [
            ActivityView(row.id, row.type, row.subject_id, row.description, row.details, row.created_at)
            for row in rows
        ]
        return ActivityList(items, total)


class AnalyticsController(Controller):
    """Events to be counted."""

    path = "/analytics/events"
    tags = ("activity",)

    @post(status_code=204, opt={"access": "user"}, summary="Count an event", sync_to_thread=True)
    def create(
        self, data: JSONBody[EventBody], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> None:
        """Adds an event of the caller's."""
        if len(msgspec.json.encode(data.properties)) > MAX_PROPERTIES_BYTES:
            fault = FieldError("properties", f"must be at most {MAX_PROPERTIES_BYTES} bytes of JSON")
            raise Invalid("the body has faults", (fault,))
        service.track(session, data.event_name, user_id=actor.user_id, properties=data.properties)

    @get(opt={"access": "admin"}, summary="Event counts", sync_to_thread=True)
    def index(self, session: NamedDependency[Session], since: Since = None, until: Until = None) -> CountList:
        """How often each event happened, by name."""
        end = aware("until", until) if until else now()
        start = aware("since", since) if since else end - timedelta(days=7)
        counts = queries.count_events(session, since=start, until=end)
        return CountList([CountView(*count) for count in counts], len(counts))
