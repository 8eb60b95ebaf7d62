"""Who may call what: default deny, the role of the database, and every route against every kind of caller."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from litestar import get
from litestar.di import NamedDependency
from litestar.routes import HTTPRoute
from litestar.testing import TestClient
from sqlalchemy.orm import Session

from api.app import create_app
from api.auth.models import Session as UserSession
from api.auth.models import User
from api.core import clock
from api.core.actor import Actor, UserRole
from api.core.database import CONNECTIONS
from api.core.errors import Unavailable
from api.http import session as lanes
from api.http.identity import bearer_token
from api.http.reading import Reader
from api.http.session import THREADS
from tests import factories
from tests.conftest import RecordingBell

ID = "01a203f5-b4c6-7013-bad0-e72337b5117f"


@get("/silent", sync_to_thread=False)
def silent() -> str:
    """Says nothing about access."""
    return "in"


@get("/misspelt", opt={"access": "Public"}, sync_to_thread=False)
def misspelt() -> str:
    """Says something that is none of the three words."""
    return "in"


@get("/whoami", opt={"access": "public"}, sync_to_thread=False)
def whoami(visitor: NamedDependency[Actor | None]) -> dict[str, str | None]:
    """Takes whoever comes."""
    return {"user": str(visitor.user_id) if visitor else None}


@get("/careless", opt={"access": "public"}, sync_to_thread=False)
def careless(actor: NamedDependency[Actor]) -> str:
    """Is public and still asks for an actor."""
    return str(actor.user_id)


@pytest.fixture
def client(app):
    for handler in (silent, misspelt, whoami, careless):
        app.register(handler)
    with TestClient(app) as client:
        yield client


def test_a_route_that_says_nothing_is_closed(client, auth_headers):
    assert client.get("/silent").status_code == 401
    assert client.get("/silent", headers=auth_headers).status_code == 200


def test_a_misspelt_word_closes_a_door(client, auth_headers, admin_headers):
    assert client.get("/misspelt").status_code == 401
    assert client.get("/misspelt", headers=auth_headers).status_code == 403
    assert client.get("/misspelt", headers=admin_headers).status_code == 200


def test_a_visitor_may_be_nobody_and_a_stale_token_is_nobody(client, user, auth_headers):
    assert client.get("/whoami").json() == {"user": None}
    assert client.get("/whoami", headers={"Authorization": "Bearer stale"}).json() == {"user": None}
    assert client.get("/whoami", headers=auth_headers).json() == {"user": str(user.id)}


def test_an_actor_that_is_nobody_is_401_and_no_fault_of_ours(client):
    assert client.get("/careless").status_code == 401


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        ("", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic YTpi", None),
        ("Token abc", None),
        ("Bearerabc", None),
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER  abc ", "abc"),
    ],
)
def test_what_is_taken_for_a_token(header, token):
    assert bearer_token(header) == token


@pytest.mark.parametrize("token", ["x", "x" * 100_000, "\xff\xfe", "' OR 1=1 --", "null"])
def test_tokens_that_are_none_of_ours(client, auth_headers, token):
    headers = {"Authorization": b"Bearer " + token.encode("latin-1")}
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_a_role_taken_away_is_gone_at_the_next_request(client, database, admin, admin_headers):
    body = {"name": "Python", "slug": "python", "description": "", "icon": "", "difficulty": "BEGINNER"}
    assert client.post("/api/v1/languages", json=body, headers=admin_headers).status_code == 201
    with database.transaction() as session:
        session.get(User, admin.id).role = UserRole.USER
    answer = client.post("/api/v1/languages", json={**body, "slug": "other"}, headers=admin_headers)
    assert answer.status_code == 403


def test_a_session_that_expires_or_is_ended_is_out_at_the_next_request(client, database, user, headers_for):
    for change in ({"expires_at": clock.now()}, None):
        headers = headers_for(user)
        assert client.get("/api/v1/me", headers=headers).status_code == 200
        with database.transaction() as session:
            query = session.query(UserSession).filter_by(user_id=user.id)
            query.update(change) if change else query.delete()
        assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_every_route_against_every_caller(settings, database, auth_headers):
    """A13: who is not allowed is told so before the body, the path or the rows are looked at."""
    app, checked = create_app(settings, database=database, bell=RecordingBell()), 0
    with TestClient(app) as client:
        for method, path, access in shipped(app):
            stale = client.request(method, path, headers={"Authorization": "Bearer stale"})
            anonymous = client.request(method, path)
            assert (stale.status_code == 401) is (access != "public"), f"{method} {path}"
            assert (anonymous.status_code == 401) is (access != "public"), f"{method} {path}"
            if access == "admin":
                assert client.request(method, path, headers=auth_headers).status_code == 403, (
                    f"{method} {path}"
                )
            checked += 1
    assert checked >= 20


def shipped(app):
    """Method, path with made-up ids, and access of each route."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or route.path.startswith("/schema"):
            continue
        path = route.path_format
        for parameter in route.path_parameters:
            path = path.replace(f"{{{parameter}}}", ID)
        for method, (handler, _) in route.route_handler_map.items():
            if method != "OPTIONS":
                yield method, path, handler.opt["access"]


def test_options_is_answered_and_does_nothing(client):
    answer = client.options("/api/v1/me")
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_database_that_is_down_is_503_not_401(app, database, auth_headers, monkeypatch):
    def fail(*_: object) -> None:
        raise Unavailable("the database did not answer")

    monkeypatch.setattr("api.http.identity.find_actor", fail)
    with TestClient(app) as client:
        assert client.get("/api/v1/me", headers=auth_headers).status_code == 503
        assert client.get("/api/v1/me").status_code == 401


def test_a_token_in_the_query_or_a_cookie_is_no_token(client, database, user):
    with database.transaction() as session:
        token = factories.make_token(session, user)
    client.cookies.set("token", token)
    assert client.get(f"/api/v1/me?token={token}&access_token={token}").status_code == 401
    assert client.post("/api/v1/auth/logout").status_code == 401


def late_routes(app):
    """Every handler that leaves the look-up to its reader."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if handler.opt.get("identify") == "late":
                    yield method, handler


def test_a_late_route_is_a_read_that_has_nothing_but_its_reader(app):
    found = [*late_routes(app)]
    assert found
    for method, handler in found:
        assert method == "GET"
        assert handler.opt["access"] != "public"
        assert not {"session", "actor", "visitor"} & {*handler.parsed_fn_signature.parameters}
        assert "reader" in handler.parsed_fn_signature.parameters


@get("/late", opt={"access": "user", "identify": "late"})
async def late(reader: NamedDependency[Reader]) -> str:
    """Says who asks."""
    return await reader.read(lambda _, actor: str(actor.user_id))


@get("/late-admin", opt={"access": "admin", "identify": "late"})
async def late_admin(reader: NamedDependency[Reader]) -> str:
    """Says who asks, to administrators."""
    return await reader.read(lambda _, actor: str(actor.user_id))


@get("/late-session", opt={"access": "user", "identify": "late"}, sync_to_thread=False)
def late_session(session: NamedDependency[Session]) -> str:
    """Would read without anybody having asked who it is."""
    return "in"


@get("/late-actor", opt={"access": "user", "identify": "late"}, sync_to_thread=False)
def late_actor(actor: NamedDependency[Actor]) -> str:
    """Takes an actor that nobody has looked up."""
    return "in"


@pytest.fixture
def late_client(app):
    for handler in (late, late_admin, late_session, late_actor):
        app.register(handler)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_a_late_route_is_closed_to_whoever_is_nobody(late_client):
    for path in ("/late", "/late-admin", "/late-session", "/late-actor"):
        assert late_client.get(path).status_code == 401
        assert late_client.get(path, headers={"Authorization": "Bearer stale"}).status_code in (401, 500)
    assert late_client.get("/late", headers={"Authorization": "Bearer stale"}).status_code == 401


def test_a_late_route_knows_its_caller_and_the_role(late_client, user, admin, auth_headers, admin_headers):
    assert late_client.get("/late", headers=auth_headers).text == str(user.id)
    assert late_client.get("/late-admin", headers=auth_headers).status_code == 403
    assert late_client.get("/late-admin", headers=admin_headers).text == str(admin.id)


def test_a_late_route_without_its_reader_gets_nothing(late_client, admin_headers):
    assert late_client.get("/late-session", headers=admin_headers).status_code == 500
    assert late_client.get("/late-actor", headers=admin_headers).status_code == 401


def test_a_late_route_sees_a_role_and_a_session_end_at_once(late_client, database, admin, headers_for):
    headers = headers_for(admin)
    assert late_client.get("/late-admin", headers=headers).status_code == 200
    with database.transaction() as session:
        session.get(User, admin.id).role = UserRole.USER
    assert late_client.get("/late-admin", headers=headers).status_code == 403
    with database.transaction() as session:
        session.query(UserSession).filter_by(user_id=admin.id).delete()
    assert late_client.get("/late", headers=headers).status_code == 401


def test_a_late_route_over_a_database_that_is_down_is_503(late_client, auth_headers, monkeypatch):
    def fail(*_: object) -> None:
        raise Unavailable("the database did not answer")

    monkeypatch.setattr("api.http.reading.find_actor", fail)
    assert late_client.get("/late", headers=auth_headers).status_code == 503


def test_reads_are_answered_while_every_other_thread_is_held(app, database, auth_headers):
    """A poll has threads of its own: handlers that wait for something slow do not keep it waiting."""
    held, let_go = threading.Semaphore(0), threading.Event()

    @get("/slow", opt={"access": "public"}, sync_to_thread=True)
    def slow() -> None:
        held.release()
        assert let_go.wait(20)

    for handler in (slow, late):
        app.register(handler)
    with TestClient(app) as client, ThreadPoolExecutor(THREADS) as pool:
        waiting = [pool.submit(client.get, "/slow") for _ in range(THREADS)]
        for _ in range(THREADS):
            assert held.acquire(timeout=20)
        try:
            assert client.get("/late", headers=auth_headers).status_code == 200
        finally:
            let_go.set()
        assert {answer.result().status_code for answer in waiting} == {200}


def test_every_connection_that_may_be_asked_for_at_once_is_there():
    assert lanes.CONNECTIONS <= CONNECTIONS
