"""Reads of the feed, which is somebody's own, and of counts, which are for ADMINs."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.activity.models import AnalyticsEvent, UserActivity
from api.core.pages import read_page


class Count(NamedTuple):
    """How often an event happened, and with how many people."""

    event_name: str
    events: int
    users: int


def list_activities(
    session: Session, user_id: UUID, *, type: str | None, limit: int, offset: int
) -> tuple[Sequence[UserActivity], int]:
    """A page of ``user_id``'s feed, newest first, and how long the feed is; ``type`` None: all."""
    statement = select(UserActivity).where(UserActivity.user_id == user_id)
    if type is not None:
        statement = statement.where(UserActivity.type == type)
    newest = UserActivity.created_at.desc(), UserActivity.id.desc()
    return read_page(session, statement, *newest, limit=limit, offset=offset)


def count_events(session: Session, *, since: datetime, until: datetime) -> list[Count]:
    """How often each event happened from ``since`` until before ``until``, by name."""
    statement = (
        select(AnalyticsEvent.event_name, func.count(), func.count(func.distinct(AnalyticsEvent.user_id)))
        .where(AnalyticsEvent.created_at >= since, AnalyticsEvent.created_at < until)
        .group_by(AnalyticsEvent.event_name)
        .order_by(AnalyticsEvent.event_name)
    )
    return [Count(*row) for row in session.execute(statement)]
