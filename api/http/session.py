"""One transaction per request, committed before the answer leaves.

Litestar finishes a generator dependency after the handler has returned and *before* it sends the response, so
a commit that fails there still turns the answer into a 409 or 503. (A commit in a before-send hook or after
the response would have told the client "201" already.)

A request passes through the thread pool several times: the identity, the handler, the commit. Were the number
of open transactions not bounded, a burst would fill the pool with handlers that wait for a connection, while
the commits that would free one queue behind them: a deadlock until the pool's time-out. So a request waits
for one of `Lanes` *before* it takes a thread, and the lanes together are fewer than the database's
connections.
"""

from collections.abc import AsyncGenerator
from functools import partial

import anyio
from litestar import Request
from litestar.concurrency import sync_to_thread
from sqlalchemy.orm import Session

from api.core.database import Database
from api.http.identity import is_late
from api.http.reading import READERS

THREADS = 24  # threads of the API process; see api/app.py
OPEN_REQUESTS = 20  # requests in a transaction at once
OPEN_LOGINS = 4  # of routes that hash passwords: a flood of logins must not occupy every thread
# An identity look-up takes a thread and a connection and never waits for a second one: THREADS of them at
# most.
CONNECTIONS = THREADS + OPEN_REQUESTS + OPEN_LOGINS + READERS


class Lanes:
    """How many requests may be inside a transaction at once. A handler chooses by ``opt={"lane":
    "password"}``.
    """

    def __init__(self) -> None:
        self._common = anyio.Semaphore(OPEN_REQUESTS)
        self._password = anyio.Semaphore(OPEN_LOGINS)

    def of(self, request: Request) -> anyio.Semaphore:
        return self._password if request.route_handler.opt.get("lane") == "password" else self._common


async def provide_session(request: Request) -> AsyncGenerator[Session, None]:
    """The request's session. Commits when the handler has returned, rolls back when it has raised.

    Raises:
        Conflict, Unavailable: from the commit, see `Database.transaction`.
        RuntimeError: nobody has looked yet who asks; such a route reads by its reader alone.
    """
    if is_late(request.route_handler):
        raise RuntimeError("a route that identifies late takes a reader and no session")
    database: Database = request.app.state.database
    lanes: Lanes = request.app.state.lanes
    async with lanes.of(request):
        transaction = database.transaction()
        session = transaction.__enter__()  # only makes an object; the first query asks for a connection
        try:
            yield session
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await sync_to_thread(partial(transaction.__exit__, type(error), error, error.__traceback__))
            raise
        await sync_to_thread(partial(transaction.__exit__, None, None, None))
