"""Webhooks of accounts and of assignments, and their deliveries, over HTTP.

Both kinds of owner have the same routes: they stand once, in `WebhookController`, and a dependency says whose webhooks
are meant.
"""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.orm import Session

from api.core.actor import Actor
from api.core.settings import Settings
from api.http.paging import DEFAULT_LIMIT, Limit, Offset
from api.webhooks import queries, service, views
from api.webhooks.models import DeliveryStatus
from api.webhooks.queries import Owner
from api.webhooks.schemas import (
    WebhookBody,
    WebhookChange,
    WebhookCreated,
    WebhookDeliveryLine,
    WebhookDeliveryList,
    WebhookDeliveryView,
    WebhookList,
    WebhookSecret,
    WebhookView,
)

DeliveryFilter = Annotated[DeliveryStatus | None, QueryParameter(description="only in this status")]


def provide_own(actor: NamedDependency[Actor]) -> Owner:
    """The caller's account."""
    return Owner(actor.user_id, None)


def provide_assignment(assignment_id: FromPath[UUID], session: NamedDependency[Session]) -> Owner:
    """The assignment of the path. Raises NotFound."""
    return queries.assignment_owner(session, assignment_id)


class WebhookController(Controller):
    """Webhooks of one owner."""

    tags = ("webhooks",)

    @get(summary="List webhooks", sync_to_thread=True)
    def index(self, session: NamedDependency[Session], owner: NamedDependency[Owner]) -> WebhookList:
        """All of them; a setting bounds their number."""
        items = [views.endpoint(row) for row in queries.list_endpoints(session, owner)]
        return WebhookList(items, len(items))

    @post(summary="Add a webhook", sync_to_thread=True)
    def create(
        self,
        data: JSONBody[WebhookBody],
        session: NamedDependency[Session],
        owner: NamedDependency[Owner],
        settings: NamedDependency[Settings],
    ) -> WebhookCreated:
        """The answer holds the secret that signs every request; it is not shown again."""
        made = service.create_endpoint(session, owner, url=data.url, events=data.events, settings=settings)
        return views.created(made)

    @get("/{webhook_id:uuid}", summary="Show a webhook", sync_to_thread=True)
    def show(
        self, webhook_id: FromPath[UUID], session: NamedDependency[Session], owner: NamedDependency[Owner]
    ) -> WebhookView:
        """One of them, without its secret."""
        return views.endpoint(queries.get_endpoint(session, owner, webhook_id))

    @patch("/{webhook_id:uuid}", summary="Change a webhook", sync_to_thread=True)
    def update(
        self,
        webhook_id: FromPath[UUID],
        data: JSONBody[WebhookChange],
        session: NamedDependency[Session],
        owner: NamedDependency[Owner],
        settings: NamedDependency[Settings],
    ) -> WebhookView:
        """Changes the address or the events, or switches it off or on. While it is off nothing is noted for it."""
        changed = service.change_endpoint(
            session,
            owner,
            webhook_id,
            url=data.url,
            events=data.events,
            active=data.active,
            settings=settings,
        )
        return views.endpoint(changed)

    @delete("/{webhook_id:uuid}", status_code=204, summary="Delete a webhook", sync_to_thread=True)
    def remove(
        self, webhook_id: FromPath[UUID], session: NamedDependency[Session], owner: NamedDependency[Owner]
    ) -> None:
        """Deletes it with its deliveries; what is not sent yet never will be."""
        service.delete_endpoint(session, owner, webhook_id)

    @post("/{webhook_id:uuid}/secret", status_code=200, summary="Make a new secret", sync_to_thread=True)
    def rotate(
        self,
        webhook_id: FromPath[UUID],
        session: NamedDependency[Session],
        owner: NamedDependency[Owner],
        settings: NamedDependency[Settings],
    ) -> WebhookSecret:
        """The old secret signs nothing from now on; what is refused meanwhile is sent again."""
        return WebhookSecret(service.rotate_secret(session, owner, webhook_id, settings).secret)

    @post("/{webhook_id:uuid}/test", status_code=202, summary="Send a test event", sync_to_thread=True)
    def test(
        self, webhook_id: FromPath[UUID], session: NamedDependency[Session], owner: NamedDependency[Owner]
    ) -> Response[WebhookDeliveryLine]:
        """Queues a `webhook.test`; look at the `Location` for how it went. 409 `webhook_off` if it is off."""
        return _queued(views.delivery_line(service.send_test(session, owner, webhook_id)))

    @get("/{webhook_id:uuid}/deliveries", summary="List deliveries", sync_to_thread=True)
    def deliveries(
        self,
        webhook_id: FromPath[UUID],
        session: NamedDependency[Session],
        owner: NamedDependency[Owner],
        status: DeliveryFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> WebhookDeliveryList:
        """What was to be sent to it, newest first, and how the last try of each went."""
        endpoint = queries.get_endpoint(session, owner, webhook_id)
        rows, total = queries.list_deliveries(
            session, endpoint_id=endpoint.id, status=status, limit=limit, offset=offset
        )
        return WebhookDeliveryList([views.delivery_line(row) for row, _ in rows], total)


class MyWebhookController(WebhookController):
    """Webhooks of the caller's account: they hear of the caller's own submissions."""

    path = "/me/webhooks"
    opt = {"access": "user"}  # noqa: RUF012
    dependencies = {"owner": Provide(provide_own, sync_to_thread=False)}  # noqa: RUF012


class AssignmentWebhookController(WebhookController):
    """Webhooks of an assignment: they hear of all of its submissions."""

    path = "/assignments/{assignment_id:uuid}/webhooks"
    opt = {"access": "admin"}  # noqa: RUF012
    dependencies = {"owner": Provide(provide_assignment, sync_to_thread=True)}  # noqa: RUF012


class DeliveryController(Controller):
    """Deliveries by themselves."""

    path = "/webhook-deliveries/{delivery_id:uuid}"
    tags = ("webhooks",)

    @get(opt={"access": "user"}, summary="Show a delivery", sync_to_thread=True)
    def show(
        self, delivery_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> WebhookDeliveryView:
        """One of the caller's own webhooks' (an ADMIN's: also of every assignment's), with every try."""
        return views.delivery(queries.get_delivery(session, actor, delivery_id))

    @post(
        "/replay",
        opt={"access": "user"},
        status_code=202,
        summary="Send a delivery again",
        sync_to_thread=True,
    )
    def replay(
        self, delivery_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> Response[WebhookDeliveryLine]:
        """Whether it was delivered or not, with the same id. 409 `webhook_off` if its webhook is off."""
        return _queued(views.delivery_line(service.replay(session, actor, delivery_id)))


def _queued(line: WebhookDeliveryLine) -> Response[WebhookDeliveryLine]:
    return Response(line, status_code=202, headers={"Location": f"/api/v1/webhook-deliveries/{line.id}"})
