"""Runs the HTTP server: Granian, and in its worker process the application."""

import os
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from api.app import from_environment
from api.core import embedded, log
from api.core.errors import Unavailable
from api.core.settings import Settings, export, get_settings
from cli.exposing import shared_by_servers
from cli.output import say
from cli.processes import end_with_supervisor
from cli.services import require_migrated

#: A stream to a browser does not end by itself; after this many seconds the server does without it.
STOP_SECONDS = 5


def require_address(settings: Settings) -> None:
    """Raises Unavailable if the address to serve at cannot be had: the server itself would end in a backtrace."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise Unavailable(f"cannot listen at {settings.host}, port {settings.port}: {reason}") from error


def serve(*, supervised: bool) -> None:
    """Serves HTTP until a signal says stop.

    Raises:
        Unavailable: the embedded queue server does not start, or the address cannot be had.
    """
    settings = get_settings()
    log.configure(settings)
    require_address(settings)
    addresses = embedded.resolve(settings)
    require_migrated(addresses.database_url)
    export(database_url=addresses.database_url, redis_url=addresses.redis_url)
    server = Server(
        "api.app:from_environment",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.warning,
        workers_kill_timeout=STOP_SECONDS,
    )
    server.on_startup(lambda: say(f"CodeZest listens at http://{settings.host}:{settings.port}"))
    with shared_by_servers():
        server.serve(target_loader=partial(_load, supervised), wrap_loader=False)
    embedded.release()


def _load(supervised: bool) -> Callable[..., Any]:
    # Runs in the server's worker process: killed -9, the server would leave it behind with the open port.
    if supervised:
        end_with_supervisor()
    return from_environment()
