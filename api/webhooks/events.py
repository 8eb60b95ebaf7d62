"""What endpoints can be told of, and what they are told. No source, and nothing of any case."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class EventType(StrEnum):
    """What an endpoint can ask for."""

    SUBMISSION_GRADED = "submission.graded"


TEST_EVENT = "webhook.test"
"""Is sent when its owner asks for it, whatever the endpoint has asked for."""


class SubmissionGraded(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A submission shows a new result: that of its first run, or of a re-grade.

    ``status`` and ``reason`` are the words of the API; ``score`` is whole points out of ``max_score``, None where the
    platform failed.
    """

    submission_id: UUID
    assignment_id: UUID
    user_id: UUID
    run: int
    language: str
    status: str
    reason: str | None
    score: int | None
    max_score: int
    submitted_at: datetime
    graded_at: datetime


def payload_of(event: msgspec.Struct | dict[str, Any]) -> dict[str, Any]:
    """``event`` as JSON values."""
    return msgspec.to_builtins(event)


def body_of(event_id: UUID, event_type: str, created_at: datetime, payload: dict[str, Any]) -> bytes:
    """The body of the request: the same bytes at every try of a delivery."""
    return msgspec.json.encode(
        {"id": event_id, "type": event_type, "createdAt": created_at, "data": payload}, order="sorted"
    )
