"""Run by Alembic, for its own command line and for `commands.py`: opens the database and runs the migrations.

Everything runs in one transaction that only one process can be in: two that start at once on an empty database must
not both create its tables. PostgreSQL has a lock for that; on SQLite it is ``BEGIN IMMEDIATE``, for which the driver's
own transactions are switched off (they would begin before a write but not before a CREATE TABLE).
"""

from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, event, text

from api.core.database import make_engine
from api.core.embedded import sqlite_url
from api.core.settings import get_settings
from migrations.options import MIGRATION_LOCK, options


def run(url: str) -> None:
    """Runs what Alembic was asked for against ``url``."""
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _own_transactions)
        event.listen(engine, "begin", _begin_immediate)
    try:
        with engine.connect() as connection:
            context.configure(connection=connection, **options(connection))
            with context.begin_transaction():
                _lock(connection)
                context.run_migrations()
                _check_keys(connection)
    finally:
        engine.dispose()


def _own_transactions(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    # Batch mode drops a table and puts a copy in its place: with the keys on, ON DELETE CASCADE would empty the
    # tables that point to it. The pragma has no effect inside a transaction, so it is set here.
    connection.execute("PRAGMA foreign_keys=OFF")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))


def _check_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise CommandError(
                f"the migration would leave {len(broken)} rows that point nowhere: {broken[:5]}"
            )


def _url() -> str:
    settings = get_settings()
    return settings.database_address or sqlite_url(settings.data_dir.resolve() / "codezest.sqlite3")


if context.is_offline_mode():
    raise CommandError("there is no offline mode: the migrations look at the database")
run(context.config.attributes.get("url") or _url())
