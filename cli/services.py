"""What most commands open: settings, database, queue; embedded where nothing is configured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import api.models  # noqa: F401  every table must be known before the first foreign key is resolved
from api.core import embedded, log
from api.core.database import IDLE_SECONDS, Database
from api.core.errors import Unavailable
from api.core.queue import Bell, connect
from api.core.settings import Settings, get_settings
from migrations import commands


@dataclass(frozen=True)
class Services:
    """Everything a command needs to read, write and ring."""

    settings: Settings
    addresses: embedded.Addresses
    database: Database
    bell: Bell


@contextmanager
def services(
    settings: Settings | None = None, *, migrated: bool = True, idle_seconds: float = IDLE_SECONDS
) -> Iterator[Services]:
    """Opens the configured services for the block, and closes them after it.

    ``migrated``: the database must have the tables of this version. ``idle_seconds``: how long PostgreSQL lets a
    transaction say nothing.

    Raises:
        Unavailable: the embedded queue server does not start, or the database is not migrated.
    """
    settings = settings or get_settings()
    log.configure(settings)
    addresses = embedded.resolve(settings)
    if migrated:
        require_migrated(addresses.database_url)
    database = Database(addresses.database_url, idle_seconds=idle_seconds)
    try:
        with connect(addresses.redis_url) as connection:
            yield Services(settings, addresses, database, Bell(connection))
    finally:
        database.close()
        embedded.release()


def require_migrated(url: str) -> None:
    """Raises Unavailable, with the cure, if the database of ``url`` lacks tables of this version."""
    if commands.is_behind(url):
        raise Unavailable("the database is not at the newest migration: run `codezest db upgrade`")
