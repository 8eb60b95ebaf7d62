"""Webhooks from the command line: what was delivered and what was not, and sending it again."""

from collections.abc import Collection
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from rich.text import Text

from api.core.errors import Invalid
from api.webhooks import queries, service, views
from api.webhooks.models import DeliveryStatus
from cli.output import plain, print_json, print_table, say
from cli.services import services

_COLOURS = {"DELIVERED": "green", "GAVE_UP": "red", "PENDING": "yellow"}


def deliveries(endpoint_id: UUID | None, *, status: str | None, limit: int, as_json: bool) -> None:
    """Lists deliveries of one endpoint or of all, newest first."""
    with services() as opened, opened.database.transaction() as session:
        if endpoint_id is not None:
            queries.get_any_endpoint(session, endpoint_id)
        rows, total = queries.list_deliveries(
            session,
            endpoint_id=endpoint_id,
            status=DeliveryStatus(status) if status else None,
            limit=limit,
            offset=0,
        )
        shown = [(views.delivery_line(row), url) for row, url in rows]
    if as_json:
        print_json([msgspec.to_builtins(line) for line, _ in shown])
        return
    print_table(
        f"{len(shown)} of {total} deliveries",
        ("delivery", "webhook", "event", "status", "tries", "code", "host", "error"),
        (
            (
                line.id,
                line.webhook_id,
                line.event,
                Text(line.status.value, style=_COLOURS[line.status]),
                line.attempts,
                line.status_code,
                plain(urlsplit(url).hostname or ""),  # not the path: it may be a password
                line.error,
            )
            for line, url in shown
        ),
    )


def replay(ids: Collection[UUID], *, endpoint_id: UUID | None, since: datetime | None, as_json: bool) -> None:
    """Queues deliveries again: these, or all of an endpoint since a moment (in UTC, unless it says otherwise).

    Raises:
        Invalid: neither or both were asked for.
        NotFound: there is no such delivery or endpoint; nothing is queued.
        Conflict: an endpoint is switched off; nothing is queued.
    """
    if bool(ids) == (endpoint_id is not None) or (endpoint_id is None) != (since is None):
        raise Invalid("say which deliveries: by id, or by --endpoint and --since")
    with services() as opened, opened.database.transaction() as session:
        if endpoint_id is not None and since is not None:
            moment = since if since.tzinfo else since.replace(tzinfo=UTC)
            count = service.replay_many(session, endpoint_id, moment)
        else:
            count = len([service.replay(session, None, delivery_id) for delivery_id in ids])
    if as_json:
        print_json({"replayed": count})
    else:
        say(f"will be sent again: {count}")
