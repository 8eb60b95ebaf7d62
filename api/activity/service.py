"""Writing down what people did."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from api.activity.models import AnalyticsEvent, UserActivity
from api.core.upsert import insert_once


def record(
    session: Session,
    user_id: UUID,
    type: str,
    subject_id: UUID,
    description: str,
    details: Mapping[str, Any] | None = None,
) -> bool:
    """Adds an event to the feed of ``user_id``; False if it tells of this type and subject already.

    So a result that is recorded twice, or comes again by a re-grade, is told once.
    """
    values = {
        "user_id": user_id,
        "type": type,
        "subject_id": subject_id,
        "description": description,
        "details": dict(details) if details is not None else None,
    }
    return insert_once(session, UserActivity, ("user_id", "type", "subject_id"), values)


def track(
    session: Session,
    event_name: str,
    *,
    user_id: UUID | None = None,
    properties: Mapping[str, Any] | None = None,
) -> None:
    """Adds something to be counted; every time, unlike `record`."""
    event = AnalyticsEvent(
        event_name=event_name,
        user_id=user_id,
        properties=dict(properties) if properties is not None else None,
    )
    session.add(event)
    session.flush()
