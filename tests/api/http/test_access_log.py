"""One line for each request, with nothing in it that a caller has made up."""

import asyncio
from uuid import UUID

import pytest
from litestar.testing import TestClient
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api.http.access_log import LogAccess, log_access

SECRET = "canary-of-a-secret"


@pytest.fixture
def lines():
    with capture_logs(processors=[merge_contextvars]) as logs:
        yield lambda: [line for line in logs if line["event"] == "request"]


def test_a_request_is_told_with_route_user_status_and_time(client, lines, user, auth_headers):
    answer = client.get(f"/api/v1/submissions?limit=3&token={SECRET}", headers=auth_headers)
    (line,) = lines()
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["method"], line["route"], line["status"]) == (
        "GET",
        "/api/v1/submissions",
        answer.status_code,
    )
    assert line["user"] == str(user.id)
    assert 0 < line["seconds"] < 60
    assert line["log_level"] == "info"
    assert "broken_off" not in line


def test_no_path_query_body_or_header_gets_in(client, lines):
    client.get(
        f"/api/v1/submissions/{UUID(int=0xCA)}?q={SECRET}", headers={"Authorization": f"Bearer {SECRET}"}
    )
    client.post("/api/v1/auth/login", json={"email": SECRET, "password": SECRET})
    client.get(f"/{SECRET}%1b[31m?{SECRET}")
    client.request(SECRET, "/api/v1/me", headers={"X-Request-ID": f"{SECRET}\x1b"})
    found = lines()
    assert [line["status"] for line in found] == [401, 401, 404, 405]
    assert SECRET not in str(found)
    assert str(UUID(int=0xCA)) not in str(found)
    assert [line["route"] for line in found] == [
        "/api/v1/submissions/{submission_id}",
        "/api/v1/auth/login",
        None,
        None,
    ]


def test_a_fault_of_ours_is_told_once(app, lines, monkeypatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api.http.health._answers", fail)
    with TestClient(app, raise_server_exceptions=False) as careless:
        careless.get("/health")
    assert [(line["route"], line["status"]) for line in lines()] == [("/health", 500)]


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/api/v1/health/ready", "/metrics", "/api/v1/metrics"]
)
def test_who_asks_every_few_seconds_is_told_quietly(client, lines, path):
    client.get(path)
    assert [line["log_level"] for line in lines()] == ["debug"]


def a_request(app) -> dict:
    return {
        "type": "http",
        "method": "GET",
        "headers": [],
        "state": {},
        "path_template": "/stream",
        "app": app,
    }


def test_a_stream_whose_reader_has_gone_is_told_as_broken_off(app, lines):
    async def stream(scope, receive, send) -> None:
        await log_access({"type": "http.response.start", "status": 200, "headers": []}, scope)
        await log_access({"type": "http.response.body", "body": b"one", "more_body": True}, scope)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(LogAccess().handle(a_request(app), None, None, stream))
    (line,) = lines()
    assert (line["route"], line["status"], line["broken_off"]) == ("/stream", 200, True)


def test_an_error_that_is_still_to_be_answered_is_not_told_twice(app, lines):
    scope = a_request(app)

    async def failing(scope, receive, send) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(LogAccess().handle(scope, None, None, failing))
    assert lines() == []
    asyncio.run(log_access({"type": "http.response.start", "status": 500, "headers": []}, scope))
    asyncio.run(log_access({"type": "http.response.body", "body": b"", "more_body": False}, scope))
    assert [line["status"] for line in lines()] == [500]
