"""Health and metrics: which part does not answer, and no id in a label."""

import pytest
from litestar.testing import TestClient
from sqlalchemy import create_engine

from api.app import create_app

BOTH = ["/health", "/api/v1/health"]


@pytest.mark.parametrize("path", BOTH)
def test_all_is_well(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "parts": {"database": {"ok": True}, "queue": {"ok": True}}}


def test_a_queue_that_does_not_answer_is_named(client, bell):
    bell.works = False
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "degraded",
        "parts": {"database": {"ok": True}, "queue": {"ok": False}},
    }


def test_a_database_that_does_not_answer_is_named(client, database, tmp_path):
    database.engine.dispose()
    database._sessions.configure(bind=create_engine(f"sqlite:///{tmp_path / 'missing' / 'x.sqlite3'}"))
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {"database": {"ok": False}, "queue": {"ok": True}}
    assert "missing" not in answer.text


@pytest.mark.redis
def test_a_real_queue_answers(settings, database, redis_url):
    settings = settings.model_copy(update={"redis_url": redis_url})
    with TestClient(create_app(settings, database=database)) as client:
        assert client.get("/health").json()["parts"]["queue"] == {"ok": True}


def test_requests_are_counted_by_route_and_status(client, auth_headers):
    client.get("/api/v1/me", headers=auth_headers)
    client.get("/api/v1/submissions/01a203f5-b4c6-7013-bad0-e72337b5117f", headers=auth_headers)
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = [line for line in answer.text.splitlines() if line.startswith("codezest_requests_total{")]
    assert any('path="/api/v1/me"' in line and 'status_code="200"' in line for line in lines)
    assert "01a203f5" not in answer.text
    assert any('status_code="404"' in line and "submission_id" in line for line in lines)


def test_what_a_middleware_refuses_is_counted_as_it_is_answered(client):
    answer = client.post("/api/v1/auth/login", content=b"x", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    counted = [
        line.partition("status_code=")[2].partition("}")[0]
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("codezest_requests_total{") and "/auth/login" in line
    ]
    assert '"415"' in counted
    assert not {'"200"', '"500"'} & {*counted}


def test_no_request_is_left_in_progress(client):
    client.get("/api/v1/me")
    left = [
        line.rpartition(" ")[2]
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("codezest_requests_in_progress{") and 'path="/api/v1/me"' in line
    ]
    assert left == ["0.0"]
