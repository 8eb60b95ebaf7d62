"""The request's id and the security headers: on every answer, and nothing in them that a caller could abuse."""

import pytest
import structlog
from litestar import get
from litestar.testing import TestClient

PATHS = ["/health", "/api/v1/me", "/nothing", "/schema/openapi.json"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_them(client, path):
    headers = client.get(path).headers
    assert headers["x-request-id"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_each_request_has_its_own(client):
    assert len({client.get(path).headers["x-request-id"] for path in PATHS}) == len(PATHS)


def test_a_callers_id_is_kept(client):
    assert (
        client.get("/nothing", headers={"X-Request-ID": "proxy-1.a_b"}).headers["x-request-id"]
        == "proxy-1.a_b"
    )


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\tb", "<script>", "a;b", "ä"])
def test_an_id_that_is_not_plain_is_replaced(client, sent):
    answer = client.get("/health", headers={"X-Request-ID": sent.encode("latin-1")})
    assert answer.headers["x-request-id"] != sent
    assert len(answer.headers["x-request-id"]) == 36


def test_it_is_in_the_log_lines_of_the_handlers_thread_and_nowhere_after(app):
    seen = []

    @get("/logs", opt={"access": "public"}, sync_to_thread=True)
    def logs() -> None:
        seen.append(structlog.contextvars.get_contextvars().get("request_id"))

    app.register(logs)
    with TestClient(app) as client:
        for name in ("one", "two"):
            client.get("/logs", headers={"X-Request-ID": name})
    assert seen == ["one", "two"]
    assert "request_id" not in structlog.contextvars.get_contextvars()
