"""Bodies: too large, packed, nested, of another kind. Nothing is parsed that could not be meant."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from litestar import post
from litestar.params import JSONBody
from litestar.testing import TestClient
from msgspec import Struct

from api.core.errors import TooLarge
from api.http.body import LimitBody

SMALL = 6 * 1000 + 64 * 1024


class Body(Struct, rename="camel", forbid_unknown_fields=True):
    """Anything."""

    number: int = 0
    flag: bool = False
    anything: object = None


@post("/small", opt={"access": "public"}, sync_to_thread=False)
def small(data: JSONBody[Body]) -> dict[str, bool]:
    """Takes what everybody may send."""
    return {"taken": True}


@post("/loose", opt={"access": "public"}, sync_to_thread=False)
def loose(data: JSONBody[dict[str, object]]) -> dict[str, bool]:
    """Takes any object."""
    return {"taken": True}


@post("/large", opt={"access": "admin"}, sync_to_thread=False)
def large(data: JSONBody[dict[str, object]]) -> dict[str, bool]:
    """Takes what an administrator may send."""
    return {"taken": True}


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"max_source_bytes": 1000, "max_body_bytes": 200_000})


@pytest.fixture
def client(app):
    for handler in (small, loose, large):
        app.register(handler)
    with TestClient(app) as client:
        yield client


def chunks(size: int) -> Iterator[bytes]:
    """A JSON body of ``size`` bytes that names no length before it is over."""
    yield b'{"anything": "'
    for _ in range(size // 1000):
        yield b"x" * 1000
    yield b'"}'


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/small", "/loose"])
def test_a_body_of_too_many_bytes_is_413(client, path):
    assert client.post(path, content=b" " * (SMALL - 2) + b"{}", headers=JSON).status_code == 201
    answer = client.post(path, content=b" " * (SMALL - 1) + b"{}", headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_a_body_that_names_no_length_is_counted(client):
    assert client.post("/small", content=chunks(10_000), headers=JSON).status_code == 201
    assert client.post("/small", content=chunks(SMALL + 1000), headers=JSON).status_code == 413


def test_reading_stops_at_the_limit(settings):
    """A8: what comes after the limit is never asked for."""
    asked = 0

    async def receive():
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b" " * 1000, "more_body": True}

    async def read_all(_scope, receive, _send):
        while (await receive())["more_body"]:
            pass

    scope = {"type": "http", "headers": [], "route_handler": SimpleNamespace(opt={"access": "public"})}
    with pytest.raises(TooLarge):
        asyncio.run(LimitBody(settings).handle(scope, receive, None, read_all))
    assert asked == SMALL // 1000 + 1


def test_only_administrators_may_send_much(client, auth_headers, admin_headers):
    body = b'{"suite": "' + b"x" * 150_000 + b'"}'
    assert client.post("/large", content=body, headers=JSON | auth_headers).status_code == 403
    assert client.post("/large", content=body, headers=JSON | admin_headers).status_code == 201
    assert (
        client.post("/large", content=body + b" " * 60_000, headers=JSON | admin_headers).status_code == 413
    )


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "99999999999999999999999999"])
def test_a_length_that_is_nonsense_hurts_nobody(client, length):
    answer = client.post("/small", content=b"{}", headers=JSON | {"Content-Length": length})
    assert answer.status_code in (201, 400, 413)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_packed_body_is_refused(client, encoding):
    answer = client.post("/small", content=b"{}", headers=JSON | {"Content-Encoding": encoding})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "json"],
)
def test_another_media_type_is_refused(client, media_type):
    answer = client.post("/small", content=b"{}", headers={"Content-Type": media_type})
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_json_is_taken(client, media_type):
    assert client.post("/small", content=b"{}", headers={"Content-Type": media_type}).status_code == 201


@pytest.mark.parametrize("path", ["/small", "/loose"])
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nope",
        b"\xff\xfe",
        b'{"anything": "\xff"}',
        b'{"anything": "\\ud800"}',
        b"{}{}",
        b'{"anything":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"anything":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
    ],
)
def test_broken_and_bottomless_json_is_400(client, path, body):
    answer = client.post(path, content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("not_json", "invalid")


@pytest.mark.parametrize(
    "body", [{"number": "3"}, {"number": 3.5}, {"number": True}, {"flag": 1}, {"flag": "true"}]
)
def test_a_wrong_type_is_not_made_to_fit(client, body):
    assert client.post("/small", json=body).status_code == 400
