"""Engine and transactions: the only place that opens and commits them.

A service adds and changes rows and never commits. Whoever called it (a request, a job, a command) wrapped the
call in `transaction`, which commits once and, only after the commit has succeeded, runs what services asked
for by `after_commit`: ringing the queue's bell, above all. SQLAlchemy's own ``after_commit`` event would not
do: it also fires when a SAVEPOINT ends, and an exception in it comes too late to be answered.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DataError, IntegrityError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from api.core.errors import Conflict, Invalid, Unavailable
from api.core.orm import SCHEMAS

log = structlog.get_logger(__name__)

_AFTER_COMMIT = "codezest.after_commit"
# api/http/session.py counts on this many connections; PostgreSQL's own default allows 100 over all processes.
CONNECTIONS = 52
_ENGINE: dict[str, Any] = {
    "pool_size": 10,
    "max_overflow": CONNECTIONS - 10,
    "pool_timeout": 10,
    "hide_parameters": True,  # an error's text goes to the log, and passwords' hashes and code do not
}
#: A server that is gone without a word is found out in half a minute, and not after the kernel's two hours.
_POSTGRES: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
IDLE_SECONDS = 60.0


class Database:
    """An engine and its session factory. Make one per process, lazily, and never across a fork.

    ``idle_seconds``: see `make_engine`.
    """

    def __init__(self, url: str, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self.engine = make_engine(url, idle_seconds)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: commits at the end of the block, rolls back if it raises.

        Raises:
            Conflict: a constraint refused the change (somebody else was first).
            Invalid: a value does not fit its column (a NUL character on PostgreSQL).
            Unavailable: the database did not answer, or a lock could not be had; nothing was stored.
        """
        with self._sessions() as session:
            try:
                yield session
                session.commit()
            except IntegrityError as error:
                raise Conflict("somebody else changed or took this first; read it again") from error
            except DataError as error:
                raise Invalid("a value does not fit the place where it is stored") from error
            except (OperationalError, InternalError, PoolTimeout) as error:
                if isinstance(error, InternalError) and not error.connection_invalidated:
                    raise  # a mistake of ours; only a session that the server has ended is no answer
                log.error("database_unavailable", error=str(error.__cause__ or error))
                raise Unavailable("the database did not answer; nothing was stored") from error
            for callback in session.info.pop(_AFTER_COMMIT, ()):
                _call(callback)

    def close(self) -> None:
        self.engine.dispose()


def after_commit(session: Session, callback: Callable[[], object]) -> None:
    """Runs ``callback`` once the transaction of ``session`` has been committed; never, if it rolls back.

    What the callback raises is logged and goes no further: the commit can no longer be taken back, and a
    caller who was told "failed" would send it all again.
    """
    session.info.setdefault(_AFTER_COMMIT, []).append(callback)


def _call(callback: Callable[[], object]) -> None:
    try:
        callback()
    except Exception:
        log.exception("after_commit_failed")


def make_engine(url: str, idle_seconds: float = IDLE_SECONDS) -> Engine:
    """An engine for ``url`` (``sqlite:///file`` or ``postgresql+psycopg://...``), with the settings both
    need.

    ``idle_seconds``: PostgreSQL ends a transaction that says nothing for so long, and with it the locks of a
    process that is stopped or cut off; SQLite's locks last as long as their process.
    """
    if url.startswith("sqlite"):
        engine = create_engine(
            url,
            connect_args={"timeout": 10, "check_same_thread": False},
            execution_options={"schema_translate_map": dict.fromkeys(SCHEMAS)},
            **_ENGINE,
        )
        event.listen(engine, "connect", _set_pragmas)
        return engine
    name = {"application_name": f"codezest-{os.getpid()}"}  # whose lock it is, for who looks
    engine = create_engine(url, pool_pre_ping=True, connect_args={**_POSTGRES, **name}, **_ENGINE)
    event.listen(engine, "connect", partial(_bound_idleness, idle_seconds))
    return engine


def _bound_idleness(seconds: float, connection: Any, _record: Any) -> None:
    # Not a start-up option: poolers between us and the server refuse those.
    connection.execute(f"SET idle_in_transaction_session_timeout = {int(seconds * 1000)}")
    connection.commit()


def _set_pragmas(connection: Any, _record: Any) -> None:
    # The driver's default transaction mode stays: BEGIN comes with the first write. A plain BEGIN at the
    # first read takes a snapshot that cannot become a write under load ("database is locked" at once,
    # whatever the timeout).
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
