"""Every error is a problem document, and none tells about our insides."""

import re

import pytest
from litestar import Litestar, get, post
from litestar.exceptions import HTTPException, InternalServerException
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.testing import TestClient
from msgspec import Struct
from sqlalchemy.exc import ProgrammingError

from api.core import errors
from api.http.problems import STATUS, field_error

PUBLIC = {"access": "public"}


class Inner(Struct, rename="camel", forbid_unknown_fields=True):
    """A part of a body."""

    max_points: int


class Body(Struct, rename="camel", forbid_unknown_fields=True):
    """A body with depth."""

    test_groups: list[Inner] = []
    by_name: dict[str, Inner] = {}


@post("/nested", opt=PUBLIC, sync_to_thread=False)
def nested(data: JSONBody[Body]) -> None:
    """Takes a nested body."""


@get("/query", opt=PUBLIC, sync_to_thread=False)
def query(limit: FromQuery[int], page_size: FromQuery[int] = 1) -> None:
    """Takes query parameters."""


@get("/items/{number:int}", opt=PUBLIC, sync_to_thread=False)
def item(number: FromPath[int]) -> None:
    """Takes a path parameter."""


def raising(error: Exception):
    @get("/raise", opt=PUBLIC, sync_to_thread=True)
    def handler() -> None:
        raise error

    return handler


@pytest.fixture
def ask(app: Litestar):
    """Registers a handler and gives the answer to a GET of /raise."""

    def ask(error: Exception):
        app.register(raising(error))
        with TestClient(app, raise_server_exceptions=False) as client:
            return client.get("/raise")

    return ask


@pytest.fixture
def client(app):
    for handler in (nested, query, item):
        app.register(handler)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (errors.Invalid("x", (errors.FieldError("a.b", "m"),)), 400, {}),
        (errors.Unauthenticated("x"), 401, {"www-authenticate": "Bearer"}),
        (errors.Forbidden("x"), 403, {}),
        (errors.NotFound("x"), 404, {}),
        (errors.Conflict("x", code="special"), 409, {}),
        (errors.TooLarge("x"), 413, {}),
        (errors.RateLimited("x", retry_after=7), 429, {"retry-after": "7"}),
        (errors.Unavailable("x", retry_after=9), 503, {"retry-after": "9"}),
    ],
)
def test_errors_of_services(ask, error, status, headers):
    answer = ask(error)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert headers.items() <= dict(answer.headers).items()
    body = answer.json()
    assert body.pop("requestId") == answer.headers["x-request-id"]
    assert body.pop("title")
    assert body.pop("errors", []) == ([{"field": "a.b", "message": "m"}] if status == 400 else [])
    assert body == {"type": "about:blank", "status": status, "detail": "x", "code": error.code}


def test_every_error_of_services_has_a_status():
    """A new error without one would be answered as a fault of ours."""
    for kind in errors.CodezestError.__subclasses__():
        assert kind in STATUS


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("/srv/secret/path.py"),
        KeyError("secret"),
        errors.CodezestError("secret"),
        InternalServerException("secret"),
        HTTPException("secret", status_code=502),
        ProgrammingError("SELECT secret", {"password": "secret"}, Exception("secret")),
        ExceptionGroup("secret", [ValueError("secret")]),
        RecursionError("secret"),
    ],
)
def test_faults_of_ours_tell_nothing(ask, error):
    answer = ask(error)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal"
    assert "secret" not in answer.text + str(answer.headers)
    assert "Traceback" not in answer.text


def test_a_fault_inside_a_group_is_the_fault(ask):
    group = ExceptionGroup("cleanup", [ExceptionGroup("inner", [ValueError("x"), errors.Conflict("taken")])])
    answer = ask(group)
    assert answer.status_code == 409
    assert answer.json()["detail"] == "taken"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/modules/not-an-id", 404),
        ("GET", "/items/x", 404),
        ("GET", "/%00", 404),
        ("GET", "/api/v1/../../etc/passwd", 404),
        ("DELETE", "/nested", 405),
        ("GET", "/nested", 405),
        ("GET", "/query?limit=x", 400),
        ("GET", "/query", 400),
    ],
)
def test_faults_that_the_framework_finds(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() >= {"type", "title", "status", "detail", "code", "requestId"}
    if status == 405:
        assert "POST" in answer.headers["allow"]


def test_parameters_are_named(client):
    assert client.get("/query?limit=x").json()["errors"][0]["field"] == "limit"
    assert client.get("/query").json()["errors"] == [{"field": "limit", "message": "is required"}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"testGroups": [{"maxPoints": 1}, {"maxPoints": "2"}]}, "testGroups[1].maxPoints"),
        ({"testGroups": [{"maxPoints": 1.5}]}, "testGroups[0].maxPoints"),
        ({"testGroups": [{}]}, "testGroups[0].maxPoints"),
        ({"testGroups": [{"maxPoints": 1, "more": 1}]}, "testGroups[0].more"),
        ({"test_groups": []}, "test_groups"),
        ({"byName": {"x": {"maxPoints": None}}}, "byName[...].maxPoints"),
        ({"more": 1}, "more"),
        ([], ""),
        ("text", ""),
        (None, ""),
    ],
)
def test_fields_are_named_by_their_path(client, body, field):
    answer = client.post("/nested", json=body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert re.search(r"[a-z]", answer.json()["errors"][0]["message"])


def test_an_empty_body_is_named_as_missing(client):
    assert client.post("/nested").json()["errors"] == [{"field": "", "message": "a JSON body is required"}]


def test_messages_without_a_path():
    assert field_error("", "Object missing required field `a`") == ("a", "is required")
    assert field_error("a[0]", "Object contains unknown field `b`") == ("a[0].b", "is not a known field")
    assert field_error("a", "Expected `int`, got `str`") == ("a", "Expected 'int', got 'str'")
