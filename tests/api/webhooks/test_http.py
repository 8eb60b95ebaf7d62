"""Webhooks over HTTP: whose they are, what is refused, and that a secret is shown once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from litestar.testing import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.core.errors import Conflict
from api.core.ids import new_id
from api.webhooks.models import WebhookEndpoint
from tests.api.learning.world import World, grade_all, passed, submit
from tests.api.webhooks.outside import NO, YES, ScriptedSender, deliverer, enqueue, of, own
from tests.conftest import Headers, RecordingBell

MINE = "/api/v1/me/webhooks"
URL = "https://hooks.example.com/in"


@pytest.fixture
def learner(served: World, headers_for: Callable[..., Headers]) -> Headers:
    return headers_for(served.learner)


@pytest.fixture
def admin(served: World, headers_for: Callable[..., Headers]) -> Headers:
    return headers_for(served.admin)


def add(client, headers: Headers, path: str = MINE, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json={"url": URL, **body}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_webhook_is_made_shown_changed_and_deleted(client, learner):
    made = add(client, learner)
    assert made["secret"].startswith("whsec_")
    assert (made["url"], made["events"], made["active"]) == (URL, ["submission.graded"], True)
    shown = client.get(f"{MINE}/{made['id']}", headers=learner).json()
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert client.get(MINE, headers=learner).json() == {"items": [shown], "total": 1}
    change = {"url": "https://hooks.example.com:8443/", "active": False}
    changed = client.patch(f"{MINE}/{made['id']}", json=change, headers=learner).json()
    assert {**shown, **change, "updatedAt": changed["updatedAt"]} == changed
    assert client.patch(f"{MINE}/{made['id']}", json={}, headers=learner).json()["active"] is False
    assert client.delete(f"{MINE}/{made['id']}", headers=learner).status_code == 204
    assert client.get(MINE, headers=learner).json() == {"items": [], "total": 0}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": 5}, "url"),
        ({"url": "http://hooks.example.com/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://2130706433/"}, "url"),
        ({"url": "https://[::ffff:169.254.169.254]/"}, "url"),
        ({"url": "https://u:p@hooks.example.com/"}, "url"),
        ({"url": "https://hooks.example.com/" + "x" * 2000}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": ["submission.stolen"]}, "events[0]"),
        ({"url": URL, "secret": "mine"}, "secret"),
        ({"url": URL, "userId": str(new_id())}, "userId"),
        ({"url": URL, "ready_at": "2000-01-01T00:00:00Z"}, "ready_at"),
    ],
)
def test_a_faulty_body_is_refused_and_the_field_named(client, learner, body: dict[str, Any], field: str):
    answer = client.post(MINE, json=body, headers=learner)
    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    made = add(client, learner)
    if body and field != "events":
        answer = client.patch(f"{MINE}/{made['id']}", json=body, headers=learner)
        assert answer.status_code == 400
        assert client.get(f"{MINE}/{made['id']}", headers=learner).json()["url"] == URL


def test_an_owner_has_only_so_many(client, learner, admin, served: World, settings):
    ids = [add(client, learner)["id"] for _ in range(settings.webhooks_per_owner)]
    answer = client.post(MINE, json={"url": URL}, headers=learner)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_webhooks")
    add(client, admin)
    add(client, admin, f"/api/v1/assignments/{served.first.id}/webhooks")
    client.delete(f"{MINE}/{ids[1]}", headers=learner)
    add(client, learner)


def test_the_key_of_the_database_limits_them_too(served: World):
    """Two that are made at the same moment both see a free place; one of them is told 409."""

    def put() -> None:
        with served.database.transaction() as session:
            session.add(
                WebhookEndpoint(user_id=served.learner.id, position=1, url=URL, secret="s", events=[])
            )

    put()
    with pytest.raises(Conflict):
        put()


def test_an_endpoint_belongs_to_one_owner(served: World):
    for owner in ({}, {"user_id": served.learner.id, "assignment_id": served.first.id}):
        with pytest.raises(Conflict), served.database.transaction() as session:
            session.add(WebhookEndpoint(**owner, position=1, url=URL, secret="s", events=[]))


def test_a_new_secret_takes_the_place_of_the_old_one(client, learner):
    made = add(client, learner)
    answer = client.post(f"{MINE}/{made['id']}/secret", headers=learner)
    assert answer.status_code == 200
    assert answer.json().keys() == {"secret"}
    assert answer.json()["secret"] not in ("", made["secret"])


def test_no_secret_is_ever_shown_again(client, served: World, settings, learner):
    made = add(client, learner)
    submit(served)
    grade_all(served.database, passed())
    deliverer(served.database, settings, ScriptedSender()).deliver_all()
    deliveries = client.get(f"{MINE}/{made['id']}/deliveries", headers=learner)
    one = deliveries.json()["items"][0]["id"]
    pages = [
        deliveries,
        client.get(MINE, headers=learner),
        client.get(f"{MINE}/{made['id']}", headers=learner),
        client.patch(f"{MINE}/{made['id']}", json={"active": True}, headers=learner),
        client.get(f"/api/v1/webhook-deliveries/{one}", headers=learner),
        client.post(f"{MINE}/{made['id']}/test", headers=learner),
    ]
    for page in pages:
        assert page.status_code in (200, 202)
        assert made["secret"] not in page.text
        assert "whsec_" not in page.text


def test_a_test_event_waits_until_it_is_sent_and_is_not_doubled(client, served: World, settings, learner):
    made = add(client, learner)
    first = client.post(f"{MINE}/{made['id']}/test", headers=learner)
    assert first.status_code == 202
    assert (first.json()["status"], first.json()["event"]) == ("PENDING", "webhook.test")
    assert client.post(f"{MINE}/{made['id']}/test", headers=learner).json()["id"] == first.json()["id"]
    sender = ScriptedSender()
    deliverer(served.database, settings, sender).deliver_all()
    assert sender.ids() == [first.json()["id"]]
    shown = client.get(first.headers["Location"], headers=learner).json()
    assert shown["payload"] == {"webhookId": made["id"]}
    assert (shown["status"], shown["statusCode"], shown["nextAttemptAt"]) == ("DELIVERED", 204, None)
    assert client.post(f"{MINE}/{made['id']}/test", headers=learner).json()["id"] != first.json()["id"]


def test_deliveries_are_listed_filtered_and_shown_with_every_try(client, served: World, settings, learner):
    made = add(client, learner)
    for _ in range(3):
        submit(served)
    grade_all(served.database, passed())
    deliverer(served.database, settings, ScriptedSender(YES, NO)).deliver_all()
    path = f"{MINE}/{made['id']}/deliveries"
    whole = client.get(path, headers=learner).json()
    assert whole["total"] == 3
    assert [item["status"] for item in whole["items"]] == ["PENDING", "PENDING", "DELIVERED"]
    page = client.get(path, params={"status": "PENDING", "limit": 1, "offset": 1}, headers=learner).json()
    assert (page["total"], page["items"]) == (2, [whole["items"][1]])
    failed = client.get(f"/api/v1/webhook-deliveries/{page['items'][0]['id']}", headers=learner).json()
    assert failed["error"] == "answered 500"
    assert failed["log"] == [
        {
            "number": 1,
            "startedAt": failed["log"][0]["startedAt"],
            "durationMs": 5,
            "statusCode": 500,
            "error": "answered 500",
            "response": "oh no",
        }
    ]
    assert client.get(path, params={"status": "LOST"}, headers=learner).status_code == 400


def test_a_delivery_is_sent_again_on_demand(client, served: World, settings, learner):
    made = add(client, learner)
    (one,) = enqueue(served.database, own(served.learner), UUID(made["id"]))
    deliverer(served.database, settings, ScriptedSender()).deliver_all()
    again = client.post(f"/api/v1/webhook-deliveries/{one}/replay", headers=learner)
    assert again.status_code == 202
    assert (again.json()["status"], again.json()["attempts"]) == ("PENDING", 0)
    sender = ScriptedSender()
    deliverer(served.database, settings, sender).deliver_all()
    assert sender.ids() == [str(one)]


def test_what_is_off_can_be_neither_tested_nor_replayed(client, served: World, learner):
    made = add(client, learner)
    (one,) = enqueue(served.database, own(served.learner), UUID(made["id"]))
    client.patch(f"{MINE}/{made['id']}", json={"active": False}, headers=learner)
    for path in (f"{MINE}/{made['id']}/test", f"/api/v1/webhook-deliveries/{one}/replay"):
        answer = client.post(path, headers=learner)
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook_off")


def test_what_is_foreign_is_as_if_not_there(client, served: World, learner, admin, headers_for):
    """A1: every route with every kind of id, by every other account; an ADMIN sees no private webhooks either."""
    mine = add(client, learner)["id"]
    (one,) = enqueue(served.database, own(served.learner), UUID(mine))
    of_first = add(client, admin, f"/api/v1/assignments/{served.first.id}/webhooks")["id"]
    (two,) = enqueue(served.database, of(served.first), UUID(of_first))

    def paths(base: str, webhook: str):
        yield from (("GET", f"{base}/{webhook}"), ("DELETE", f"{base}/{webhook}"))
        yield from (("POST", f"{base}/{webhook}/secret"), ("POST", f"{base}/{webhook}/test"))
        yield "GET", f"{base}/{webhook}/deliveries"
        yield "PATCH", f"{base}/{webhook}"

    def deliveries(delivery: UUID):
        yield "GET", f"/api/v1/webhook-deliveries/{delivery}"
        yield "POST", f"/api/v1/webhook-deliveries/{delivery}/replay"

    first, second = (f"/api/v1/assignments/{row.id}/webhooks" for row in (served.first, served.second))
    unknown = str(new_id())
    foreign = [
        (headers_for(served.other), [*paths(MINE, mine), *paths(MINE, of_first), *paths(MINE, unknown)]),
        (headers_for(served.other), [*deliveries(one), *deliveries(two), *deliveries(new_id())]),
        (learner, [*paths(MINE, of_first), *deliveries(two)]),
        (admin, [*paths(MINE, mine), *paths(first, mine), *paths(second, of_first), *deliveries(one)]),
        (admin, [*paths(f"/api/v1/assignments/{unknown}/webhooks", of_first)]),
    ]
    told = set()
    for headers, asked in foreign:
        for method, path in asked:
            body = {"json": {"active": True}} if method == "PATCH" else {}
            answer = client.request(method, path, headers=headers, **body)
            assert answer.status_code == 404, f"{method} {path}"
            told.add(answer.json()["detail"])
    assert len(told) == 3  # a webhook, a delivery, an assignment: whether foreign or unknown
    for headers, path in ((learner, f"{MINE}/{mine}"), (admin, f"{first}/{of_first}")):
        assert client.get(path, headers=headers).status_code == 200
    assert client.get(f"/api/v1/webhook-deliveries/{two}", headers=admin).status_code == 200
    assert client.get(MINE, headers=headers_for(served.other)).json()["total"] == 0


def test_an_assignments_webhooks_are_an_administrators(client, served: World, settings, learner, admin):
    path = f"/api/v1/assignments/{served.first.id}/webhooks"
    for method in ("GET", "POST"):
        assert client.request(method, path, headers=learner).status_code == 403
    made = add(client, admin, path)
    assert client.get(path, headers=admin).json()["total"] == 1
    submit(served)
    grade_all(served.database, passed())
    sender = ScriptedSender()
    deliverer(served.database, settings, sender).deliver_all()
    assert len(sender.posts) == 1
    listed = client.get(f"{path}/{made['id']}/deliveries", headers=admin).json()
    assert listed["items"][0]["status"] == "DELIVERED"


def test_a_host_that_the_operator_named_is_taken(served: World, settings, learner):
    changed = {"webhook_insecure_hosts": ["127.0.0.1:9"], "webhook_secret_key": SecretStr("k" * 40)}
    app = create_app(settings.model_copy(update=changed), database=served.database, bell=RecordingBell())
    with TestClient(app) as client:
        made = add(client, learner, url="http://127.0.0.1:9/x")
        assert made["url"] == "http://127.0.0.1:9/x"
        with served.database.transaction() as session:
            assert session.get_one(WebhookEndpoint, UUID(made["id"])).secret is None
