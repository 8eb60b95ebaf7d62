"""Transactions: what a failure becomes, and when what was asked for "after the commit" happens."""

# ruff: noqa: PT012  what a transaction raises, it raises at its end

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from api.auth.models import User
from api.core import database as module
from api.core.database import Database, after_commit, make_engine
from api.core.errors import Conflict, Invalid, NotFound, Unavailable
from tests import factories


@pytest.fixture(params=["database", pytest.param("postgres_database", marks=pytest.mark.postgres)])
def both(request) -> Database:
    """The database on SQLite and on PostgreSQL."""
    return request.getfixturevalue(request.param)


def emails(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(select(User.email).order_by(User.email)))


def test_a_block_that_raises_leaves_nothing(both):
    with pytest.raises(NotFound), both.transaction() as session:
        factories.make_user(session)
        raise NotFound("no")
    assert emails(both) == []


def test_a_constraint_is_a_conflict_at_the_flush_and_at_the_commit(both):
    with both.transaction() as session:
        factories.make_user(session, email="a@example.com")
    with pytest.raises(Conflict), both.transaction() as session:
        factories.make_user(session, email="a@example.com")
    with pytest.raises(Conflict), both.transaction() as session:
        session.add(User(email="a@example.com", name="Ada"))
    assert emails(both) == ["a@example.com"]


@pytest.mark.postgres
def test_a_value_that_cannot_be_stored_is_the_callers_fault(postgres_database):
    with pytest.raises(Invalid), postgres_database.transaction() as session:
        factories.make_user(session, name="a\0b")


def test_a_database_that_is_not_there_is_unavailable_and_tells_no_address(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'secret' / 'x.sqlite3'}")
    with pytest.raises(Unavailable) as caught, database.transaction() as session:
        session.execute(select(1))
    assert "secret" not in caught.value.detail
    database.close()


def test_a_pool_that_is_used_up_is_unavailable(database_url, monkeypatch):
    monkeypatch.setattr(module, "_ENGINE", {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.01})
    database = Database(database_url)
    with database.transaction() as holding:
        holding.execute(select(1))
        with pytest.raises(Unavailable), database.transaction() as session:
            session.execute(select(1))
    database.close()


def test_a_lock_that_cannot_be_had_is_unavailable(database):
    with database.transaction() as holding:
        factories.make_user(holding)
        with pytest.raises(Unavailable), database.transaction() as session:
            session.execute(text("PRAGMA busy_timeout=0"))
            factories.make_user(session)


def test_the_text_of_an_error_does_not_hold_the_values(both):
    with pytest.raises(Conflict) as caught, both.transaction() as session:
        factories.make_user(session, email="a@example.com", name="canary")
        factories.make_user(session, email="a@example.com", name="canary")
    assert "canary" not in str(caught.value.__cause__).partition("DETAIL")[0]


def test_callbacks_run_once_in_order_when_others_can_see_the_rows(both):
    seen = []
    with both.transaction() as session:
        factories.make_user(session, email="a@example.com")
        after_commit(session, lambda: seen.append(emails(both)))
        after_commit(session, lambda: seen.append("second"))
        assert seen == []
    assert seen == [["a@example.com"], "second"]


def test_callbacks_do_not_run_at_a_rollback_nor_at_the_end_of_a_savepoint(both):
    seen = []
    with pytest.raises(NotFound), both.transaction() as session:
        after_commit(session, lambda: seen.append(1))
        factories.make_user(session)
        with session.begin_nested():
            factories.make_user(session)
        assert seen == []
        raise NotFound("no")
    assert seen == []


def test_a_callback_that_raises_hides_neither_the_commit_nor_the_next_callback(both):
    seen = []
    with both.transaction() as session:
        factories.make_user(session, email="a@example.com")
        after_commit(session, lambda: 1 / 0)
        after_commit(session, lambda: seen.append(1))
    assert seen == [1]
    assert emails(both) == ["a@example.com"]


def test_rows_can_be_read_after_their_transaction(both):
    with both.transaction() as session:
        user = factories.make_user(session, email="a@example.com")
    assert user.email == "a@example.com"


def test_many_writers_wait_for_each_other(both):
    """On SQLite a transaction that begins by reading and then writes must not fail at once with 'locked'."""

    def write(number: int) -> None:
        with both.transaction() as session:
            session.execute(select(User)).all()
            factories.make_user(session, email=f"{number}@example.com")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(80)))
    assert len(emails(both)) == 80


def test_sqlite_keeps_its_keys(database):
    with pytest.raises(Conflict), database.transaction() as session:
        factories.make_token(session, User(id=factories.make_user(session).id.__class__(int=0)))


@pytest.mark.postgres
def test_postgres_has_the_schemas(postgres_database):
    with postgres_database.transaction() as session:
        found = session.scalars(
            text("SELECT table_schema FROM information_schema.tables WHERE table_name = 'users'")
        )
        assert "auth" in set(found)


def test_an_engine_connects_when_it_is_first_used(tmp_path):
    """Made before a fork or in a command that needs no database, it must not open one."""
    engine = make_engine(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    assert not (tmp_path / "x.sqlite3").exists()
    engine.dispose()


@pytest.mark.postgres
def test_who_falls_silent_in_a_transaction_loses_it_and_its_locks(postgres_database):
    frozen = Database(postgres_database.engine.url.render_as_string(hide_password=False), idle_seconds=0.2)
    with postgres_database.transaction() as session:
        user_id = factories.make_user(session, email="a@example.com").id
    rename = text("UPDATE auth.users SET name = 'B' WHERE id = :id").bindparams(id=user_id)
    with pytest.raises(Unavailable), frozen.transaction() as session:
        session.execute(rename)
        with postgres_database.transaction() as other:
            other.execute(text("SET LOCAL lock_timeout = '30s'"))
            other.execute(rename)  # waits until the silent one has lost its lock
        session.execute(text("SELECT 1"))
    with frozen.transaction() as session:  # a fresh connection is had at once
        assert session.scalar(text("SELECT 1")) == 1
    frozen.close()


@pytest.mark.postgres
def test_a_connection_tells_which_process_it_is_of(postgres_database):
    with postgres_database.transaction() as session:
        assert session.scalar(text("SHOW application_name")) == f"codezest-{os.getpid()}"
