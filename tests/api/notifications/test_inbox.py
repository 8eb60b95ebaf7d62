"""The inbox over HTTP: one's own and nobody else's; what is read, and by what one wants to be told."""

import pytest
from sqlalchemy import select

from api.core.clock import now
from api.notifications import service
from api.notifications.models import EmailLog
from tests import factories

INBOX = "/api/v1/me/notifications"
PREFERENCES = "/api/v1/me/notification-preferences"


def tell(database, user, title="Done", **more):
    with database.transaction() as session:
        return service.notify(
            session,
            user.id,
            type=more.pop("type", "module_completed"),
            title=title,
            message="All of it.",
            **more,
        )


def mails(database) -> list[tuple[str, str]]:
    with database.transaction() as session:
        return [(row.to, row.subject) for row in session.scalars(select(EmailLog))]


@pytest.fixture
def stranger(database):
    """Somebody else."""
    with database.transaction() as session:
        return factories.make_user(session)


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("path", [INBOX, PREFERENCES])
def test_nobody_reads_an_inbox_without_signing_in(client, method, path):
    if (method, path) != ("PATCH", INBOX):
        assert client.request(method, path, json={}).status_code == 401


def test_a_strangers_line_is_neither_listed_nor_changed(client, database, user, stranger, headers_for):
    line = tell(database, stranger)
    own = client.get(INBOX, headers=headers_for(user)).json()
    assert own == {"items": [], "total": 0, "unread": 0}
    answer = client.patch(f"{INBOX}/{line.id}", json={"read": True}, headers=headers_for(user))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert client.post(f"{INBOX}/read-all", headers=headers_for(user)).json() == {"changed": 0}
    assert client.get(INBOX, headers=headers_for(stranger)).json()["unread"] == 1


def test_lines_come_newest_first_and_by_filter(client, database, user, auth_headers):
    for title, kind in (("one", "quiz_passed"), ("two", "module_completed"), ("three", "quiz_passed")):
        tell(database, user, title, type=kind, data={"moduleId": "m"})
    body = client.get(INBOX, headers=auth_headers).json()
    assert [line["title"] for line in body["items"]] == ["three", "two", "one"]
    assert body["items"][0]["data"] == {"moduleId": "m"}
    by_type = client.get(INBOX, params={"type": "quiz_passed", "limit": 1}, headers=auth_headers).json()
    assert ([line["title"] for line in by_type["items"]], by_type["total"]) == (["three"], 2)
    client.patch(f"{INBOX}/{body['items'][1]['id']}", json={"read": True}, headers=auth_headers)
    unread = client.get(INBOX, params={"read": "false"}, headers=auth_headers).json()
    assert ([line["title"] for line in unread["items"]], unread["unread"]) == (["three", "one"], 2)


def test_reading_is_noted_once_and_can_be_taken_back(client, database, user, auth_headers):
    path = f"{INBOX}/{tell(database, user).id}"
    first = client.patch(path, json={"read": True}, headers=auth_headers).json()
    again = client.patch(path, json={"read": True}, headers=auth_headers).json()
    assert first["readAt"] == again["readAt"] is not None
    assert client.patch(path, json={"read": False}, headers=auth_headers).json()["readAt"] is None
    assert client.post(f"{INBOX}/read-all", headers=auth_headers).json() == {"changed": 1}


def test_preferences_start_with_mails_and_change_one_by_one(client, auth_headers):
    assert client.get(PREFERENCES, headers=auth_headers).json() == {
        "email": True,
        "push": False,
        "sms": False,
    }
    changed = client.patch(PREFERENCES, json={"push": True}, headers=auth_headers).json()
    assert changed == {"email": True, "push": True, "sms": False}
    assert client.patch(PREFERENCES, json={"email": False}, headers=auth_headers).json()["push"] is True
    answer = client.patch(PREFERENCES, json={"fax": True}, headers=auth_headers)
    assert answer.json()["errors"] == [{"field": "fax", "message": "is not a known field"}]


def test_a_mail_goes_out_only_to_who_wants_one(client, database, user, auth_headers):
    tell(database, user, "without an address")
    tell(database, user, "wanted", address=user.email)
    client.patch(PREFERENCES, json={"email": False}, headers=auth_headers)
    tell(database, user, "not wanted", address=user.email)
    assert mails(database) == [(user.email, "wanted")]
    assert client.get(INBOX, headers=auth_headers).json()["total"] == 3


def test_what_is_rolled_back_is_never_told(database, user):
    with database.transaction() as session:
        service.notify(session, user.id, type="x", title="t", message="m", address=user.email)
        session.rollback()
    assert mails(database) == []


def test_read_at_is_of_now(client, database, user, auth_headers):
    before = now()
    answer = client.patch(f"{INBOX}/{tell(database, user).id}", json={"read": True}, headers=auth_headers)
    assert before.isoformat()[:16] <= answer.json()["readAt"][:16] <= now().isoformat()[:16]
