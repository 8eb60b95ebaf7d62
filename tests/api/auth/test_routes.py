"""Registering, logging in and out and the own account, over HTTP: the fixed bodies of the contract."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.auth.models import User
from api.core import clock
from api.core.actor import UserRole
from tests.conftest import RecordingBell

REGISTER, LOGIN, LOGOUT, ME = (
    f"/api/v1{path}" for path in ("/auth/register", "/auth/login", "/auth/logout", "/me")
)
ADA = {"email": "Ada@Example.com", "password": "correct horse", "name": "Ada"}
CREDENTIALS = {"email": "ada@example.com", "password": "correct horse"}


def bearer(answer) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['token']}"}


@pytest.fixture
def registered(client):
    answer = client.post(REGISTER, json=ADA)
    assert answer.status_code == 201
    return answer


def test_the_whole_life_of_a_session(client, registered):
    body = registered.json()
    assert body.keys() == {"user", "token", "expiresAt"}
    assert body["user"] == {
        "id": body["user"]["id"],
        "email": "ada@example.com",
        "name": "Ada",
        "role": "USER",
    }
    assert UUID(body["user"]["id"]).version == 7
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", body["expiresAt"])
    left = datetime.fromisoformat(body["expiresAt"]) - datetime.now(UTC)
    assert timedelta(days=13, hours=23) < left <= timedelta(days=14)

    assert client.get(ME, headers=bearer(registered)).json() == body["user"]
    again = client.post(LOGIN, json=CREDENTIALS)
    assert again.status_code == 200
    assert again.json()["user"] == body["user"]
    assert again.json()["token"] != body["token"]

    out = client.post(LOGOUT, headers=bearer(registered))
    assert (out.status_code, out.content) == (204, b"")
    assert client.get(ME, headers=bearer(registered)).status_code == 401
    assert client.get(ME, headers=bearer(again)).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "ADMIN"),
        ("id", "01a203f5-b4c6-7013-bad0-e72337b5117f"),
        ("deletedAt", None),
        ("createdAt", "2026-01-01T00:00:00Z"),
        ("isAdmin", True),
        ("password_hash", "x"),
    ],
)
def test_no_field_of_the_model_can_be_smuggled_in(client, database, registered, field, value):
    for method, path, body in (
        ("POST", REGISTER, {**ADA, "email": "eve@example.com"}),
        ("PATCH", ME, {"name": "Eve"}),
    ):
        answer = client.request(method, path, json={**body, field: value}, headers=bearer(registered))
        assert answer.status_code == 400
        assert answer.json()["errors"] == [{"field": field, "message": "is not a known field"}]
    with database.transaction() as session:
        (user,) = session.query(User)
        assert (user.name, user.role) == ("Ada", UserRole.USER)


@pytest.mark.parametrize("field", ["email", "password", "name"])
def test_a_missing_field_is_named(client, field):
    answer = client.post(REGISTER, json={key: value for key, value in ADA.items() if key != field})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": field, "message": "is required"}]


@pytest.mark.parametrize("value", [None, 1, True, [], {}, ["a@example.com"]])
def test_a_wrong_type_is_named(client, value):
    answer = client.post(REGISTER, json={**ADA, "email": value})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "email"


def test_every_faulty_field_is_listed_and_nothing_stored(client, database):
    answer = client.post(REGISTER, json={"email": "nowhere", "password": "password", "name": "\0"})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["email", "password", "name"]
    with database.transaction() as session:
        assert session.query(User).count() == 0


def test_a_taken_address_answers_409(client, registered):
    answer = client.post(REGISTER, json={**ADA, "email": "ADA@example.com", "password": "another horse"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "email_taken"
    assert client.post(LOGIN, json={**CREDENTIALS, "password": "another horse"}).status_code == 401


def test_wrong_credentials_tell_nothing_apart(client, registered):
    wrong = [
        client.post(LOGIN, json={**CREDENTIALS, "password": "wrong horse"}),
        client.post(LOGIN, json={**CREDENTIALS, "email": "nobody@example.com"}),
    ]
    assert [answer.status_code for answer in wrong] == [401, 401]
    bodies = [{**answer.json(), "requestId": ""} for answer in wrong]
    assert bodies[0] == bodies[1]
    assert bodies[0]["code"] == "bad_credentials"
    assert wrong[0].headers["www-authenticate"] == "Bearer"


def test_the_password_is_never_told(client, registered):
    answers = [registered, client.get(ME, headers=bearer(registered)), client.post(LOGIN, json=CREDENTIALS)]
    assert not any("correct horse" in answer.text or "argon2" in answer.text for answer in answers)
    assert "correct horse" not in client.post(REGISTER, json={**ADA, "name": 7}).text


def test_changing_the_name_changes_nothing_else(client, registered):
    answer = client.patch(ME, json={"name": "  Ada Lovelace "}, headers=bearer(registered))
    assert answer.status_code == 200
    assert answer.json() == {**registered.json()["user"], "name": "Ada Lovelace"}
    assert (
        client.patch(ME, json={"name": " "}, headers=bearer(registered)).json()["errors"][0]["field"]
        == "name"
    )
    assert client.patch(ME, json={}, headers=bearer(registered)).status_code == 400


def test_a_deleted_account_is_out_at_once(client, database, registered):
    with database.transaction() as session:
        session.query(User).one().deleted_at = clock.now()
    assert client.get(ME, headers=bearer(registered)).status_code == 401
    assert client.post(LOGIN, json=CREDENTIALS).status_code == 401


def test_an_expired_token_does_not_stand_in_the_way_of_logging_in(client, registered):
    stale = {"Authorization": "Bearer cz_unknown"}
    assert client.get(ME, headers=stale).status_code == 401
    assert client.post(LOGIN, json=CREDENTIALS, headers=stale).status_code == 200


class TestThrottle:
    """Failed logins: A5 and A6 of the security requirements."""

    @pytest.fixture
    def settings(self, settings):
        return settings.model_copy(update={"login_attempts": 3})

    def wrong(self, client, **more):
        return client.post(LOGIN, json={**CREDENTIALS, "password": "wrong horse"}, **more)

    def test_an_account_is_closed_for_a_while_even_to_the_right_password(self, client, registered):
        assert [self.wrong(client).status_code for _ in range(4)] == [401, 401, 401, 429]
        answer = client.post(LOGIN, json={**CREDENTIALS, "email": "ADA@example.com "})
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 30
        assert answer.json()["code"] == "rate_limited"
        assert client.get(ME, headers=bearer(registered)).status_code == 200

    def test_an_unknown_account_is_closed_alike(self, client):
        assert [self.wrong(client).status_code for _ in range(4)] == [401, 401, 401, 429]

    def test_a_new_address_in_a_header_changes_nothing(self, client, registered):
        tries = [self.wrong(client, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(4)]
        assert tries == [401, 401, 401, 429]

    def test_success_forgets_the_failures_before_it(self, client, registered):
        for _ in range(3):
            assert [self.wrong(client).status_code for _ in range(2)] == [401, 401]
            assert client.post(LOGIN, json=CREDENTIALS).status_code == 200

    def test_a_body_that_is_no_login_counts_for_nothing(self, client, registered):
        for _ in range(5):
            assert client.post(LOGIN, json={**CREDENTIALS, "more": 1}).status_code == 400
        assert client.post(LOGIN, json=CREDENTIALS).status_code == 200

    @pytest.mark.redis
    def test_processes_share_their_count_by_redis(self, settings, database, redis_url, client, registered):
        settings = settings.model_copy(update={"redis_url": redis_url})
        with (
            TestClient(create_app(settings, database=database)) as one,
            TestClient(create_app(settings, database=database)) as two,
        ):
            assert [self.wrong(each).status_code for each in (one, two, one, two)] == [401, 401, 401, 429]

    def test_a_dead_redis_locks_nobody_out_and_lets_nobody_guess_freely(
        self, settings, database, tmp_path, registered
    ):
        settings = settings.model_copy(update={"redis_url": f"unix://{tmp_path / 'nobody.sock'}"})
        with TestClient(create_app(settings, database=database)) as client:
            assert client.post(LOGIN, json=CREDENTIALS).status_code == 200
            assert [self.wrong(client).status_code for _ in range(4)] == [401, 401, 401, 429]


@pytest.mark.postgres
def test_postgres_refuses_what_sqlite_takes(settings, postgres_database):
    """A NUL in a string reaches the database at login; PostgreSQL cannot store one, which is the caller's fault."""
    with TestClient(create_app(settings, database=postgres_database, bell=RecordingBell())) as client:
        answer = client.post(LOGIN, json={"email": "a\0@example.com", "password": "x"})
        assert answer.status_code == 400
        assert client.post(REGISTER, json=ADA).status_code == 201
        assert client.post(LOGIN, json=CREDENTIALS).status_code == 200
        assert client.post(REGISTER, json=ADA).status_code == 409
