"""Health and metrics: which part does not answer, and no id in a label."""

from datetime import timedelta

import pytest
from litestar import get
from litestar.testing import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine, select, text

from api.app import create_app
from api.core.clock import now
from api.core.metrics import DECLARED
from api.learning.curriculum.models import TestSuite
from tests import factories

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


def break_off(database, tmp_path) -> None:
    database.engine.dispose()
    database._sessions.configure(bind=create_engine(f"sqlite:///{tmp_path / 'missing' / 'x.sqlite3'}"))


PARTS = ("database", "migrations", "queue")


def readiness(client) -> tuple[int, str, tuple[bool, ...]]:
    answer = client.get("/health/ready")
    told = answer.json()
    assert set(told) == {"status", "parts"}
    assert set(told["parts"]) == set(PARTS)
    return answer.status_code, told["status"], tuple(told["parts"][name]["ok"] for name in PARTS)


def test_a_process_lives_whatever_is_away(client, database, bell, tmp_path):
    break_off(database, tmp_path)
    bell.works = False
    for path in ("/health/live", "/api/v1/health/live"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_is_ready_where_the_database_is(client, bell):
    assert readiness(client) == (200, "ready", (True, True, True))
    bell.works = False  # submitting works without it
    assert readiness(client) == (200, "ready", (True, True, False))


def test_it_is_not_ready_without_its_database(client, database, tmp_path):
    break_off(database, tmp_path)
    assert readiness(client) == (503, "not ready", (False, False, True))
    assert "missing" not in client.get("/health/ready").text


@pytest.mark.parametrize("store", ["database", pytest.param("postgres_database", marks=pytest.mark.postgres)])
@pytest.mark.parametrize(
    ("sql", "status"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", 503),
        ("DELETE FROM alembic_version", 503),
        ("DROP TABLE alembic_version", 503),
        (
            "UPDATE alembic_version SET version_num = 'of-the-future'",
            200,
        ),  # while a new version is rolled out
    ],
)
def test_it_is_ready_if_the_tables_are_those_it_needs(request, settings, bell, store, sql, status):
    database = request.getfixturevalue(store)
    with database.transaction() as session:
        session.execute(text(sql))
    with TestClient(create_app(settings, database=database, bell=bell)) as client:
        found = readiness(client)
    assert found[0] == status
    assert found[2] == (True, status == 200, True)


def test_numbers_of_the_queue_are_told_and_a_dead_database_leaves_the_others(
    client, settings, database, bell, user, tmp_path
):
    with database.transaction() as session:
        assignment = factories.make_assignment(session)
        suite = session.scalars(select(TestSuite)).one()
        submission = factories.make_submission(session, session.merge(user), assignment)
        factories.make_run(session, submission, suite, queued_at=now() - timedelta(seconds=90))
    found = samples(client)
    assert found["codezest_queue_runs", "live"] == 1
    assert found["codezest_queue_runs", "regrade"] == 0
    assert 90 <= found["codezest_queue_oldest_age_seconds", "live"] < 120
    assert found["codezest_submissions", "PENDING"] == 1
    assert found["codezest_submissions", "PASSED"] == found["codezest_grader_hosts",] == 0
    assert found["codezest_database_up",] == 1

    break_off(database, tmp_path)
    with TestClient(create_app(settings, database=database, bell=bell)) as fresh:
        found = samples(fresh)
    assert found["codezest_database_up",] == 0
    assert not any(name == "codezest_queue_runs" for name, *_ in found)
    assert any(name == "codezest_requests_total" for name, *_ in found)


def samples(client) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def test_what_a_caller_makes_up_is_no_label(client, auth_headers):
    for method, path in (
        ("MADEUP", "/api/v1/me"),
        ("GET", "/made/up"),
        ("GET", "/api/v1/modules/made-up?made=up"),
    ):
        client.request(method, path, headers=auth_headers)
    text = client.get("/metrics").text
    assert "made" not in text.lower()


def test_what_is_served_of_requests_is_what_is_declared(app):
    @get("/broken", opt={"access": "public"}, sync_to_thread=False)
    def broken() -> None:
        raise ZeroDivisionError

    app.register(broken)
    with TestClient(app, raise_server_exceptions=False) as careless:
        careless.get("/broken")
        families = text_string_to_metric_families(careless.get("/metrics").text)
    found = {
        (family.type, tuple(sorted(name for name in family.samples[0].labels if name != "le")), family.name)
        for family in families
        if family.name.startswith("codezest_request")
    }
    assert found == {
        (metric.kind, tuple(sorted(metric.labels)), name.removesuffix("_total"))
        for name, metric in DECLARED.items()
        if name.startswith("codezest_request")
    }


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


def told(client, name: str, path: str) -> dict[str, float]:
    """The numbers of ``name`` for a route, by the rest of their labels. They are the process's: others count, too."""
    found = {}
    for line in client.get("/metrics").text.splitlines():
        labels, _, number = line.rpartition(" ")
        if labels.startswith(name + "{") and f'path="{path}"' in labels:
            found[labels] = float(number)
    return found


def test_what_a_middleware_refuses_is_counted_as_it_is_answered(client):
    path = "/api/v1/auth/login"
    before = told(client, "codezest_requests_total", path)
    answer = client.post(path, content=b"x", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    after = told(client, "codezest_requests_total", path)
    grown = {labels: number - before.get(labels, 0) for labels, number in after.items()}
    assert [('status_code="415"' in labels, by) for labels, by in grown.items() if by] == [(True, 1)]


def test_no_request_is_left_in_progress(client):
    client.get("/api/v1/me")
    left = told(client, "codezest_requests_in_progress", "/api/v1/me")
    assert left
    assert set(left.values()) == {0}
