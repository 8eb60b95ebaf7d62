"""A commit that fails must reach the client as 409 or 503, never as a 2xx; and no transaction may leak."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from litestar import get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from litestar.testing import TestClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.auth.models import User
from api.core.database import after_commit
from api.core.errors import Conflict
from api.http import session as lanes
from tests import factories

PUBLIC = {"access": "public"}


def users(database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(User)) or 0


@post("/planted/{email:str}", opt=PUBLIC, sync_to_thread=True)
def create(email: FromPath[str], session: NamedDependency[Session]) -> dict[str, bool]:
    """Adds a row and does not flush: the database sees it at the commit, after the handler has returned."""
    session.add(User(email=email, name="Ada"))
    return {"created": True}


@pytest.fixture
def client(app):
    app.register(create)
    with TestClient(app) as client:
        yield client


def test_a_constraint_that_fails_at_the_commit_answers_409(client, database):
    assert client.post("/planted/a@example.com").status_code == 201
    answer = client.post("/planted/a@example.com")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "conflict"
    assert users(database) == 1


def test_a_database_that_is_gone_at_the_commit_answers_503(client, database, monkeypatch):
    def fail(self: Session) -> None:
        raise OperationalError("COMMIT", {}, Exception("secret host name"))

    monkeypatch.setattr(Session, "commit", fail)
    answer = client.post("/planted/a@example.com")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "secret" not in answer.text
    monkeypatch.undo()
    assert users(database) == 0


def test_what_a_handler_raises_rolls_back_and_rings_nothing(app, database):
    rung = []

    @post("/planted", opt=PUBLIC, sync_to_thread=True)
    def fail(session: NamedDependency[Session]) -> None:
        factories.make_user(session)
        after_commit(session, lambda: rung.append(1))
        raise Conflict("no")

    app.register(fail)
    with TestClient(app) as client:
        assert client.post("/planted").status_code == 409
    assert users(database) == 0
    assert rung == []


def test_a_constraint_that_fails_at_a_flush_answers_409(app, database):
    @post("/planted", opt=PUBLIC, sync_to_thread=True)
    def fail(session: NamedDependency[Session]) -> None:
        factories.make_user(session, email="a@example.com")
        factories.make_user(session, email="a@example.com")

    app.register(fail)
    with TestClient(app) as client:
        assert client.post("/planted").status_code == 409
    assert users(database) == 0


def test_a_failing_callback_after_the_commit_takes_nothing_back(app, database):
    @post("/planted", opt=PUBLIC, sync_to_thread=True)
    def create_and_ring(session: NamedDependency[Session]) -> None:
        factories.make_user(session)
        after_commit(session, lambda: 1 / 0)

    app.register(create_and_ring)
    with TestClient(app) as client:
        assert client.post("/planted").status_code == 201
    assert users(database) == 1


def test_requests_that_fail_free_their_place(app, database):
    """More failures than there are places: a place that leaked would leave the last request waiting."""

    def refuse() -> int:
        raise Conflict("no")

    @get("/by-handler", opt=PUBLIC, sync_to_thread=True)
    def fail(session: NamedDependency[Session]) -> None:
        session.execute(select(1))
        raise Conflict("no")

    # Litestar resolves both at the same time: the session may be open already when the other one fails.
    @get(
        "/by-dependency",
        opt=PUBLIC,
        sync_to_thread=True,
        dependencies={"number": Provide(refuse, sync_to_thread=True)},
    )
    def never(session: NamedDependency[Session], number: NamedDependency[int]) -> None:
        raise AssertionError("not reached")

    for handler in (fail, never, create):
        app.register(handler)
    with TestClient(app) as client:
        for path in ("/by-handler", "/by-dependency"):
            for _ in range(lanes.OPEN_REQUESTS + 1):
                assert client.get(path).status_code == 409
        assert client.post("/planted/a@example.com").status_code == 201
    assert database.engine.pool.checkedout() == 0


def test_a_burst_larger_than_the_pool_is_served(app, database):
    """Every handler holds a connection until all that may be open at once are: none may wait for a commit
    that waits for a thread."""
    together = threading.Barrier(lanes.OPEN_REQUESTS, timeout=10)
    first = threading.Semaphore(lanes.OPEN_REQUESTS)

    @get("/planted", opt=PUBLIC, sync_to_thread=True)
    def hold(session: NamedDependency[Session]) -> None:
        session.execute(select(1))
        if first.acquire(blocking=False):
            together.wait()

    app.register(hold)
    with TestClient(app) as client, ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: client.get("/planted").status_code, range(100)))
    assert answers == [200] * 100
