"""The only place where the application is put together.

`create_app` takes what it needs and makes what it is not given; nothing is made at import. Each process calls
it once (Granian calls `from_environment` in each of its workers).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

import api.models  # noqa: F401  every table must be known before the first foreign key is resolved
from api.core import embedded, log, metrics
from api.core.database import Database
from api.core.figures import Figures
from api.core.queue import Bell, Connection, connect
from api.core.rates import RateLimit
from api.core.settings import Settings, get_settings
from api.http.access_log import LogAccess, log_access
from api.http.body import LimitBody, StrictRequest
from api.http.client_address import provide_client_address
from api.http.counting import CountRequests
from api.http.documentation import DocumentProblems, openapi_config
from api.http.identity import Identify, provide_actor, provide_visitor, require_access
from api.http.problems import HANDLERS
from api.http.reading import Readers, provide_reader
from api.http.request_id import BindRequestId, add_headers
from api.http.session import THREADS, Lanes, provide_session
from api.http.throttle import LoginThrottle
from api.learning.submissions.admission import Admission, free_bytes_of
from api.learning.submissions.backlog import RecentBacklog
from api.learning.submissions.gauges import queue_families, total_families
from api.learning.submissions.live.hub import Hub, Limits
from api.routes import SERVICE, api_router
from migrations.commands import serves

MAILS_A_MINUTE = 10
"""That one network can have sent by asking for links: a class that has forgotten its passwords, and no flood."""

OF_A_REQUEST = {
    "session": Provide(provide_session),
    "actor": Provide(provide_actor, sync_to_thread=False),
    "reader": Provide(provide_reader, sync_to_thread=False),
    "visitor": Provide(provide_visitor, sync_to_thread=False),
    "client_address": Provide(provide_client_address, sync_to_thread=False),
}


def create_app(
    settings: Settings,
    *,
    database: Database | None = None,
    bell: Bell | None = None,
    redis_url: str | None = None,
) -> Litestar:
    """The ASGI application. What is not handed in is made from ``settings`` and belongs to the app's lifetime.

    With a ``bell`` that is handed in, live events come from ``redis_url``; None: from the database alone.
    """
    own = database is None
    connection = None
    if database is None or bell is None:
        addresses = embedded.resolve(settings)
        database = database or Database(addresses.database_url)
        if bell is None:
            redis_url = addresses.redis_url
            connection = connect(redis_url)
            bell = Bell(connection)
    figures = Figures(database, queue_families, total_families)
    throttle = LoginThrottle(settings.login_attempts, connection)
    recent, admission = _admission(settings, connection)
    hub = Hub(database, redis_url, Limits(settings.max_watchers, settings.max_watchers_per_user), recent)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        # Litestar runs sync handlers in the loop's default executor, which has only cores + 4 threads.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="api"))
        app.state.lanes, app.state.readers = Lanes(), Readers()
        await hub.start()
        yield
        await hub.stop()
        app.state.readers.close()
        if own:
            database.close()
        if connection is not None:
            connection.close()
            embedded.release()  # not by the interpreter's exit hooks: a server's worker process does not run them

    return Litestar(
        route_handlers=[api_router(), *SERVICE],
        lifespan=[lifespan],
        state=State({"settings": settings, "database": database, "bell": bell}),
        dependencies={
            **OF_A_REQUEST,
            **_given(database=database, bell=bell, settings=settings, login_throttle=throttle),
            **_given(recent=recent, admission=admission, hub=hub, figures=figures, serves=serves),
            **_given(mail_rate=RateLimit("mails", MAILS_A_MINUTE, connection)),
        },
        guards=[require_access],
        middleware=[BindRequestId(), LogAccess(), CountRequests(), LimitBody(settings), Identify()],
        before_send=[add_headers, log_access],
        exception_handlers=HANDLERS,
        request_class=StrictRequest,
        request_max_body_size=settings.max_body_bytes,
        openapi_config=openapi_config(),
        plugins=[DocumentProblems()],
        logging_config=None,
    )


def _given(**parts: object) -> dict[str, Provide]:
    """A dependency for each part that lives as long as the application."""

    def giver(part: object) -> Provide:
        return Provide(lambda: part, sync_to_thread=False)

    return {name: giver(part) for name, part in parts.items()}


def _admission(settings: Settings, connection: Connection | None) -> tuple[RecentBacklog, Admission]:
    recent = RecentBacklog(time.monotonic)
    rate = RateLimit("submissions", settings.submissions_per_minute, connection)
    is_embedded = settings.database_url is None or settings.database_url.startswith("sqlite")
    free_bytes = partial(free_bytes_of, settings.data_dir) if is_embedded else None
    return recent, Admission(settings, recent, rate, free_bytes)


def from_environment() -> Litestar:
    """The application of this process's environment: what a server is pointed at
    (``api.app:from_environment``).
    """
    settings = get_settings()
    log.configure(settings)
    metrics.share()
    metrics.start_at_zero()
    return create_app(settings)
