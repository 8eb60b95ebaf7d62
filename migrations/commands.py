"""Migrations as functions, for the command line, the tests and whoever starts the platform."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import OperationalError

from api.core.database import make_engine
from api.core.errors import Invalid, Unavailable
from migrations import roles
from migrations.options import options


def upgrade(url: str, revision: str = "head") -> None:
    """Brings the database of ``url`` to ``revision``; at its place already, changes nothing. The roles that may use it,
    if there are any (`roles`), get what is decided for its tables.

    Safe to call from several processes at once: one works, the others wait and find nothing to do.

    Raises:
        Invalid: there is no such revision, or the database is at one that this version does not know.
    """
    _run(command.upgrade, url, revision)
    roles.renew(url)


def downgrade(url: str, revision: str) -> None:
    """Takes migrations back down to ``revision`` (``base``: all of them, with all data). Raises Invalid."""
    _run(command.downgrade, url, revision)


def current(url: str) -> str | None:
    """The revision the database is at; None for one without any. Raises Unavailable."""
    with _reading(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def heads() -> list[str]:
    """The newest revisions: one, unless two branches of history were left side by side."""
    return list(ScriptDirectory.from_config(_config()).get_heads())


def is_behind(url: str) -> bool:
    """Whether migrations of this version are still to be applied. A database of a newer version is not behind: while
    a new version is rolled out, the old one goes on. Raises Unavailable."""
    with _reading(url) as connection:
        return not serves(connection)


def serves(connection: Connection) -> bool:
    """Whether the database behind ``connection`` has what this version needs: its newest migrations, or newer ones than
    it knows of."""
    at = MigrationContext.configure(connection).get_current_revision()
    known, newest = _revisions()
    return at is not None and (at in newest or at not in known)


@cache
def _revisions() -> tuple[frozenset[str], frozenset[str]]:
    # Read once: a version of the code has one history, and this is asked at every look at a server's readiness.
    scripts = ScriptDirectory.from_config(_config())
    return frozenset(script.revision for script in scripts.walk_revisions()), frozenset(scripts.get_heads())


def check(url: str) -> list[str]:
    """What is different between the database and the models, a line each; an empty list if nothing is.

    Raises Unavailable.
    """
    with _reading(url) as connection:
        settings = options(connection)
        found = MigrationContext.configure(connection, opts=settings)
        at = found.get_current_revision()
        behind = (
            [] if at in heads() else [f"the database is at revision {at}, the newest is {', '.join(heads())}"]
        )
        return behind + [_told(change) for change in compare_metadata(found, settings["target_metadata"])]


def _run(function: Callable[[Config, str], None], url: str, revision: str) -> None:
    config = _config()
    config.attributes["url"] = url
    try:
        function(config, revision)
    except CommandError as error:
        raise Invalid(str(error)) from error
    except OperationalError as error:
        raise Unavailable(f"the database did not answer: {error.orig}") from error


def _config() -> Config:
    config = Config()
    # A percent sign would start an interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    engine: Engine = make_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        raise Unavailable(f"the database did not answer: {error.orig}") from error
    finally:
        engine.dispose()


def _told(change: Any) -> str:
    # Alembic gives a tuple per difference, and a list of them for one column.
    if isinstance(change, list):
        return "; ".join(_told(part) for part in change)
    what, *parts = change
    return " ".join(
        [what.replace("_", " "), *(_name(part) for part in parts if part is not None and part != {})]
    )


def _name(part: Any) -> str:
    if isinstance(part, Table):
        return part.fullname
    name = getattr(part, "name", None)
    if name is None:
        return str(part)
    table = getattr(part, "table", None)
    return f"{table.fullname}.{name}" if table is not None else str(name)
