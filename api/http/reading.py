"""A read in one piece: who asks, what is read, and the end of the transaction, in one call of a thread.

Any other request passes through the thread pool three times (the identity, the handler, the commit), and each time
costs more than the statement in between. The poll, which clients send more often than all else together, goes
through once: its route says ``opt={"identify": "late"}``, asks for a `Reader` and for nothing else, and the token's
row is read in the transaction that it reads in. What it may see is decided there, by the same words of the route.

Readers have threads of their own: few, for many would only fight for the interpreter while the event loop waits;
and own, so that polls are answered while slow requests hold every other thread. A thread of theirs holds one
connection and waits for no second one, so nothing can lock up here (see `session`).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

import msgspec
from litestar import MediaType, Request, Response
from sqlalchemy.orm import Session

from api.auth.queries import find_actor
from api.core.actor import Actor
from api.core.database import Database
from api.http.identity import bearer_token, check_access

READERS = 4

Read = TypeVar("Read")
Body = TypeVar("Body", bound=msgspec.Struct)

_ENCODER = msgspec.json.Encoder()


class Readers:
    """The threads that all reads in one piece share. Close it after the last."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    def close(self) -> None:
        """Ends the threads when they have done what they are at."""
        self.pool.shutdown()


class Reader:
    """What a late route reads with, for one request."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def read(self, what: Callable[[Session, Actor], Read]) -> Read:
        """What ``what`` gives for the caller, in a transaction that ends with it.

        Raises:
            Unauthenticated, Forbidden: the token is not valid, or its account may not call this route.
        """
        readers: Readers = self._request.app.state.readers
        # In a copy of the context: its log lines carry the request's id.
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            readers.pool, lambda: context.run(partial(self._read, what))
        )

    def _read(self, what: Callable[[Session, Actor], Read]) -> Read:
        database: Database = self._request.app.state.database
        route = self._request.route_handler
        with database.transaction() as session:
            token = bearer_token(self._request.headers.get("authorization"))
            actor = find_actor(session, token) if token else None
            self._request.scope["user"] = actor  # for the access log
            return what(session, check_access(actor, route))


def provide_reader(request: Request) -> Reader:
    """The ``reader`` dependency of a late route."""
    return Reader(request)


def encoded(body: Body, headers: dict[str, str] | None = None) -> Response[Body]:
    """``body`` as the answer, made JSON here and now: in the thread that read it, and not in the event loop."""
    content: Any = _ENCODER.encode(body)
    return Response(content, media_type=MediaType.JSON, headers=headers)
