"""What most commands open: settings, database, queue; embedded where nothing is configured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import api.models  # noqa: F401  every table must be known before the first foreign key is resolved
from api.core import embedded, log
from api.core.database import Database
from api.core.queue import Bell, connect
from api.core.settings import Settings, get_settings


@dataclass(frozen=True)
class Services:
    """Everything a command needs to read, write and ring."""

    settings: Settings
    addresses: embedded.Addresses
    database: Database
    bell: Bell


@contextmanager
def services(settings: Settings | None = None) -> Iterator[Services]:
    """Opens the configured services for the block, and closes them after it.

    Raises:
        Unavailable: the embedded queue server does not start.
    """
    settings = settings or get_settings()
    log.configure(settings)
    addresses = embedded.resolve(settings)
    database = Database(addresses.database_url)
    try:
        with connect(addresses.redis_url) as connection:
            yield Services(settings, addresses, database, Bell(connection))
    finally:
        database.close()
        embedded.release()
