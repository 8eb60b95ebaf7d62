"""Endpoints made without a request, and a sender that says what a test wants it to."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from api.auth.models import User
from api.core.database import Database
from api.core.settings import Settings
from api.learning.curriculum.models import Assignment
from api.webhooks import service
from api.webhooks.deliverer import Deliverer
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from api.webhooks.queries import Owner
from api.webhooks.sending import Answer

YES = Answer(204, None, "", 5, None)
NO = Answer(500, "answered 500", "oh no", 5, None)
Post = tuple[str, Mapping[str, str], bytes]


class ScriptedSender:
    """Answers with the next of ``answers``, the last one for ever; what it was to send is in ``posts``."""

    def __init__(self, *answers: Answer, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.answers, self.posts, self.meanwhile = [*(answers or (YES,))], list[Post](), meanwhile

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.posts.append((url, headers, body))
        self.meanwhile()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def ids(self) -> list[str]:
        """The deliveries that were sent, in order."""
        return [headers["CodeZest-Delivery"] for _, headers, _ in self.posts]


def own(user: User) -> Owner:
    """The account as an owner."""
    return Owner(user.id, None)


def of(assignment: Assignment) -> Owner:
    """The assignment as an owner."""
    return Owner(None, assignment.id)


def listen(
    database: Database, settings: Settings, owner: Owner, url: str = "https://hooks.example.com/"
) -> service.Created:
    """A new endpoint, committed."""
    with database.transaction() as session:
        return service.create_endpoint(
            session, owner, url=url, events=["submission.graded"], settings=settings
        )


def enqueue(database: Database, owner: Owner, endpoint_id: UUID, *, count: int = 1) -> list[UUID]:
    """Test events for an endpoint, committed; their ids, in the order in which they are due."""
    with database.transaction() as session:
        made = []
        for _ in range(count):
            (delivery_id,) = service._enqueue(session, [endpoint_id], "webhook.test", {"owner": str(owner)})
            made.append(delivery_id)
        return made


def deliverer(
    database: Database, settings: Settings, sender: Any, chance: Callable[[], float] = lambda: 0.0
) -> Deliverer:
    """A deliverer that sends by ``sender``."""
    return Deliverer(database, settings, sender, chance)


def delivery(database: Database, delivery_id: UUID) -> WebhookDelivery:
    """The row as it is now."""
    with database.transaction() as session:
        return session.get_one(WebhookDelivery, delivery_id)


def endpoint(database: Database, endpoint_id: UUID) -> WebhookEndpoint:
    """The row as it is now."""
    with database.transaction() as session:
        return session.get_one(WebhookEndpoint, endpoint_id)


def deliveries(database: Database) -> list[WebhookDelivery]:
    """All of them, the oldest first."""
    with database.transaction() as session:
        return list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))


def attempts(database: Database, delivery_id: UUID) -> list[WebhookAttempt]:
    """A delivery's tries, the earliest first."""
    with database.transaction() as session:
        statement = select(WebhookAttempt).where(WebhookAttempt.delivery_id == delivery_id)
        return list(session.scalars(statement.order_by(WebhookAttempt.started_at, WebhookAttempt.id)))


START = datetime.fromisoformat("2026-11-28T12:00:00+00:00")
