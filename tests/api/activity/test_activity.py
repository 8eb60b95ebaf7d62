"""The feed and the counted events: whose they are, what is told once, what is refused."""

from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from api.activity import service
from api.activity.models import AnalyticsEvent, UserActivity
from api.core.ids import new_id
from tests import factories

FEED = "/api/v1/me/activity"
EVENTS = "/api/v1/analytics/events"


def record(database, user, subject, kind="assignment_passed") -> bool:
    with database.transaction() as session:
        return service.record(session, user.id, kind, subject, "Passed FizzBuzz", {"score": 100})


@pytest.mark.parametrize(
    "kind", [pytest.param("database"), pytest.param("postgres_database", marks=pytest.mark.postgres)]
)
def test_an_event_is_told_once_also_by_two_at_the_same_moment(request, kind):
    database = request.getfixturevalue(kind)
    with database.transaction() as session:
        user = factories.make_user(session)
    subject, together, told = new_id(), Barrier(2), []

    def work() -> None:
        together.wait()
        told.append(record(database, user, subject))

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False, True]
    assert record(database, user, subject, "assignment_failed")
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(UserActivity)) == 2


def test_a_feed_is_ones_own(client, database, user, auth_headers):
    with database.transaction() as session:
        stranger = factories.make_user(session)
    record(database, stranger, new_id())
    mine = new_id()
    record(database, user, mine)
    body = client.get(FEED, headers=auth_headers).json()
    assert [(item["subjectId"], item["metadata"]) for item in body["items"]] == [(str(mine), {"score": 100})]
    assert client.get(FEED, params={"type": "other"}, headers=auth_headers).json() == {
        "items": [],
        "total": 0,
    }
    assert client.get(FEED).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"eventName": ""},
        {"eventName": "a b"},
        {"eventName": "x\n"},
        {"eventName": "x" * 101},
        {"eventName": "x", "properties": [1]},
        {"eventName": "x", "properties": {"long": "x" * 4096}},
        {"eventName": "x", "userId": "01a203f5-b4c6-7013-bad0-e72337b5117f"},
    ],
)
def test_an_event_that_is_none_is_refused(client, database, auth_headers, body):
    assert client.post(EVENTS, json=body, headers=auth_headers).status_code == 400
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(AnalyticsEvent)) == 0


def test_events_are_counted_for_admins_only(client, auth_headers, admin_headers):
    for headers in (auth_headers, auth_headers, admin_headers):
        assert client.post(EVENTS, json={"eventName": "video_started"}, headers=headers).status_code == 204
    assert client.get(EVENTS, headers=auth_headers).status_code == 403
    counts = client.get(EVENTS, headers=admin_headers).json()
    assert counts == {"items": [{"eventName": "video_started", "events": 3, "users": 2}], "total": 1}
    past = client.get(EVENTS, params={"until": "2020-01-01T00:00:00Z"}, headers=admin_headers).json()
    assert past["items"] == []
    naive = client.get(EVENTS, params={"since": "2020-01-01T00:00:00"}, headers=admin_headers)
    assert naive.status_code == 400
