"""Who may call what: default deny, the role of the database, and every route against every kind of caller."""

import pytest
from litestar import get
from litestar.di import NamedDependency
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from api.app import create_app
from api.auth.models import Session as UserSession
from api.auth.models import User
from api.core import clock
from api.core.actor import Actor, UserRole
from api.core.errors import Unavailable
from api.http.identity import bearer_token
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
            anonymous = client.request(method, path)
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
