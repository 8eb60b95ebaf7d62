"""The only place where the application is put together.

`create_app` takes what it needs and makes what it is not given; nothing is made at import. Each process calls
it once (Granian calls `from_environment` in each of its workers).
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

import api.models  # noqa: F401  every table must be known before the first foreign key is resolved
from api.core import embedded, log, metrics
from api.core.database import Database
from api.core.figures import Figures
from api.core.queue import Bell, connect
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
from api.learning.submissions.gauges import queue_families, total_families
from api.routes import SERVICE, api_router
from migrations.commands import serves


def create_app(settings: Settings, *, database: Database | None = None, bell: Bell | None = None) -> Litestar:
    """The ASGI application. What is not handed in is made from ``settings`` and belongs to the app's
    lifetime.
    """
    own = database is None
    connection = None
    if database is None or bell is None:
        addresses = embedded.resolve(settings)
        database = database or Database(addresses.database_url)
        if bell is None:
            connection = connect(addresses.redis_url)
            bell = Bell(connection)
    figures = Figures(database, queue_families, total_families)
    throttle = LoginThrottle(settings.login_attempts, connection)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        # Litestar runs sync handlers in the loop's default executor, which has only cores + 4 threads.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="api"))
        app.state.lanes, app.state.readers = Lanes(), Readers()
        yield
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
            "session": Provide(provide_session),
            "actor": Provide(provide_actor, sync_to_thread=False),
            "reader": Provide(provide_reader, sync_to_thread=False),
            "visitor": Provide(provide_visitor, sync_to_thread=False),
            "database": Provide(lambda: database, sync_to_thread=False),
            "bell": Provide(lambda: bell, sync_to_thread=False),
            "settings": Provide(lambda: settings, sync_to_thread=False),
            "figures": Provide(lambda: figures, sync_to_thread=False),
            "serves": Provide(lambda: serves, sync_to_thread=False),
            "login_throttle": Provide(lambda: throttle, sync_to_thread=False),
            "client_address": Provide(provide_client_address, sync_to_thread=False),
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


def from_environment() -> Litestar:
    """The application of this process's environment: what a server is pointed at
    (``api.app:from_environment``).
    """
    settings = get_settings()
    log.configure(settings)
    metrics.share()
    metrics.start_at_zero()
    return create_app(settings)
