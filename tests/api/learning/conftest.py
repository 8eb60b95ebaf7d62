"""Fixtures of the learning slices: a small world, on both databases where storage is the point."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from api.core.database import Database
from api.core.orm import SCHEMAS
from api.models import Base
from tests.api.learning.world import World, make_world


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh database with all tables: the test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("database")
        return
    database = Database(request.getfixturevalue("postgres_url"))
    with database.engine.begin() as connection:
        for schema in SCHEMAS:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def world(store: Database) -> World:
    """A small world, committed, on both databases."""
    return make_world(store)


@pytest.fixture
def served(database: Database) -> World:
    """The same world in the database that ``client`` serves."""
    return make_world(database)
