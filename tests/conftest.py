"""Fixtures for everybody.

``database`` is a fresh SQLite file with the tables of the migrations, copied from one made once a session;
``postgres_database`` is the same on PostgreSQL. ``client`` talks to a real application over them, with a bell
that only counts.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from api.app import create_app
from api.auth.models import User
from api.core.actor import UserRole
from api.core.database import Database
from api.core.queue import Bell, connect
from api.core.settings import Settings
from migrations import commands
from tests import factories, services
from tests.require import pytest_configure, pytest_runtest_makereport  # noqa: F401  hooks live by their name

Headers = dict[str, str]


class RecordingBell(Bell):
    """A bell that counts how often it was rung; ``works`` False is a Redis that is down."""

    def __init__(self) -> None:
        self.rung = 0
        self.works = True

    def ring(self) -> bool:
        self.rung += self.works
        return self.works

    def answers(self) -> bool:
        return self.works

    def waiting(self) -> int:
        return self.rung


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The defaults, whatever the environment and a ``.env`` say. Change one by ``settings.model_copy``."""
    for field in Settings.model_fields:
        monkeypatch.delenv(f"CODEZEST_{field.upper()}", raising=False)
    return Settings(_env_file=None, data_dir=tmp_path / "data")  # pyright: ignore[reportCallIssue]


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    commands.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def database_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite file with all tables."""
    return f"sqlite:///{shutil.copy(_sqlite_template, tmp_path / 'test.sqlite3')}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh SQLite database with all tables."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server for the session; the URL of its ``postgres`` database."""
    with services.postgres() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh, empty database on PostgreSQL."""
    with services.fresh_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: str) -> Iterator[str]:
    with services.fresh_database(postgres_server) as url:
        commands.upgrade(url)
        yield make_url(url).database or ""


@pytest.fixture
def postgres_database(postgres_server: str, _postgres_template: str) -> Iterator[Database]:
    """A fresh PostgreSQL database with all tables."""
    with services.fresh_database(postgres_server, _postgres_template) as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture(scope="session")
def _redis_server() -> Iterator[str]:
    with services.redis_server() as url:
        yield url


@pytest.fixture
def redis_url(_redis_server: str) -> str:
    """An empty Redis."""
    with connect(_redis_server) as connection:
        connection.flushall()
    return _redis_server


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A transaction for a test of services and queries; rolled back at its end."""
    with database.transaction() as session:
        yield session
        session.rollback()


@pytest.fixture
def bell() -> RecordingBell:
    """The bell of ``client``."""
    return RecordingBell()


@pytest.fixture
def app(settings: Settings, database: Database, bell: RecordingBell) -> Litestar:
    """The application over ``database``."""
    return create_app(settings, database=database, bell=bell)


@pytest.fixture
def client(app: Litestar) -> Iterator[TestClient[Litestar]]:
    """A client of ``app``; an exception that the application does not answer fails the test."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def user(database: Database) -> User:
    """A learner, committed; without a password."""
    with database.transaction() as session:
        return factories.make_user(session)


@pytest.fixture
def admin(database: Database) -> User:
    """An administrator, committed; without a password."""
    with database.transaction() as session:
        return factories.make_user(session, role=UserRole.ADMIN)


@pytest.fixture
def headers_for(database: Database) -> Callable[[User], Headers]:
    """Signs anybody in: the request headers of a new session."""

    def sign_in(user: User) -> Headers:
        with database.transaction() as session:
            return {"Authorization": f"Bearer {factories.make_token(session, user)}"}

    return sign_in


@pytest.fixture
def auth_headers(user: User, headers_for: Callable[[User], Headers]) -> Headers:
    """The request headers of ``user``."""
    return headers_for(user)


@pytest.fixture
def admin_headers(admin: User, headers_for: Callable[[User], Headers]) -> Headers:
    """The request headers of ``admin``."""
    return headers_for(admin)
