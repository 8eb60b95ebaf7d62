"""`codezest deliver` as a process, killed in the middle; and the commands for deliveries."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from api.core.clock import now
from api.core.database import Database
from api.core.ids import new_id
from api.webhooks.models import DeliveryStatus, WebhookEndpoint
from tests.api.learning.world import World, make_world
from tests.api.webhooks.outside import attempts, deliveries, delivery, enqueue, listen, own
from tests.api.webhooks.receiver import Receiver, answers, hangs
from tests.e2e.test_cli import Call, call, read  # noqa: F401  a fixture lives by its name

ROOT = Path(__file__).parents[2]


@pytest.fixture
def served(database: Database) -> World:
    return make_world(database)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    receiver = Receiver(behaviour=answers(200, b"thanks"))
    yield receiver
    receiver.close()


@pytest.fixture
def webhook(
    call: Call,  # noqa: F811
    served: World,
    settings,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> UUID:
    """An endpoint at the receiver, which the commands may reach."""
    host = f"127.0.0.1:{receiver.port}"
    monkeypatch.setenv("CODEZEST_WEBHOOK_INSECURE_HOSTS", json.dumps([host]))
    known = settings.model_copy(update={"webhook_insecure_hosts": [host]})
    return listen(
        served.database, known, own(served.learner), f"http://{host}/in?token=path-secret"
    ).endpoint.id


def test_deliver_once_says_how_it_went(call: Call, served: World, webhook: UUID, receiver: Receiver):  # noqa: F811
    assert read(call("deliver", "--once", "--json")) == {}
    assert "nothing is due" in call("deliver", "--once").stderr
    enqueue(served.database, own(served.learner), webhook, count=2)
    assert read(call("deliver", "--once", "--json")) == {"delivered": 2}
    assert receiver.requests[0].line == "POST /in?token=path-secret HTTP/1.1"
    receiver.behaviour = answers(500)
    enqueue(served.database, own(served.learner), webhook)
    result = call("deliver", "--once")
    assert "pending: 1" in result.stderr
    assert "path-secret" not in result.output


def test_deliveries_are_listed_without_what_may_be_a_password(
    call: Call,  # noqa: F811
    served: World,
    webhook: UUID,
    receiver: Receiver,
):
    receiver.behaviour = answers(500, b"\x1b[31mno")
    (one,) = enqueue(served.database, own(served.learner), webhook)
    call("deliver", "--once")
    enqueue(served.database, own(served.learner), webhook)
    listed = read(call("webhooks", "deliveries", "--json"))
    assert [(item["status"], item["attempts"]) for item in listed] == [("PENDING", 0), ("PENDING", 1)]
    assert [item["id"] for item in read(call("webhooks", "deliveries", "--limit", 1, "--json"))] == [
        listed[0]["id"]
    ]
    assert read(call("webhooks", "deliveries", "--status", "GAVE_UP", "--json")) == []
    result = call("webhooks", "deliveries", "--endpoint", webhook)
    assert result.exit_code == 0
    assert str(one) in result.stdout
    assert "answered 500" in result.stdout
    assert "path-secret" not in result.output
    assert call("webhooks", "deliveries", "--endpoint", new_id()).exit_code == 1


def test_replay_by_id_and_by_endpoint_since(call: Call, served: World, webhook: UUID, receiver: Receiver):  # noqa: F811
    one, two = enqueue(served.database, own(served.learner), webhook, count=2)
    call("deliver", "--once")
    assert read(call("webhooks", "replay", one, "--json")) == {"replayed": 1}
    assert read(call("deliver", "--once", "--json")) == {"delivered": 1}
    since = f"{now():%Y-%m-%d}"
    assert (
        "will be sent again: 2" in call("webhooks", "replay", "--endpoint", webhook, "--since", since).stderr
    )
    assert read(call("deliver", "--once", "--json")) == {"delivered": 2}
    later = ("--endpoint", webhook, "--since", "2999-01-01T00:00:00")
    assert read(call("webhooks", "replay", *later, "--json")) == {"replayed": 0}
    sent = [request.headers["CodeZest-Delivery"] for request in receiver.requests]
    assert sorted(sent) == sorted(map(str, [one, one, one, two, two]))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 2),
        (["--endpoint", new_id()], 2),
        (["--since", "2026-01-01"], 2),
        ([new_id(), "--endpoint", new_id(), "--since", "2026-01-01"], 2),
        (["--endpoint", new_id(), "--since", "yesterday"], 2),
        (["--endpoint", new_id(), "--since", "2026-01-01"], 1),
        ([new_id()], 1),
        (["nonsense"], 2),
    ],
)
def test_a_replay_that_asks_for_nothing_or_for_what_is_not_there(call: Call, words: list, code: int):  # noqa: F811
    result = call("webhooks", "replay", *words)
    assert result.exit_code == code
    assert "Traceback" not in result.output


def test_a_replay_of_something_unknown_sends_nothing_else_either(
    call: Call,  # noqa: F811
    served: World,
    webhook: UUID,
):
    (one,) = enqueue(served.database, own(served.learner), webhook)
    call("deliver", "--once")
    assert call("webhooks", "replay", one, new_id()).exit_code == 1
    assert delivery(served.database, one).status is DeliveryStatus.DELIVERED


def start() -> "subprocess.Popen[bytes]":
    """A deliverer of the environment's settings."""
    return subprocess.Popen([sys.executable, str(ROOT / "codezest.py"), "deliver"], env=dict(os.environ))


def test_a_deliverer_that_is_killed_before_it_has_noted_the_answer_sends_again(
    call: Call,  # noqa: F811
    served: World,
    webhook: UUID,
    receiver: Receiver,
):
    (one,) = enqueue(served.database, own(served.learner), webhook)
    receiver.behaviour = hangs
    process = start()
    assert receiver.arrived.acquire(timeout=120)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert delivery(served.database, one).status is DeliveryStatus.PENDING
    receiver.behaviour = answers(204)
    assert read(call("deliver", "--once", "--json")) == {}  # the dead one's lease
    with served.database.transaction() as session:
        session.execute(update(WebhookEndpoint).values(ready_at=now()))
    assert read(call("deliver", "--once", "--json")) == {"delivered": 1}
    sent, again = receiver.requests
    assert sent.headers["CodeZest-Delivery"] == again.headers["CodeZest-Delivery"] == str(one)
    assert sent.body == again.body


def test_a_deliverer_that_is_told_to_stop_writes_down_what_it_has_sent(
    call: Call,  # noqa: F811
    served: World,
    webhook: UUID,
    receiver: Receiver,
):
    (one,) = enqueue(served.database, own(served.learner), webhook)
    processes = []

    def answer_after_the_signal(receiver: Receiver, connection) -> None:
        processes[0].send_signal(signal.SIGTERM)
        answers(204)(receiver, connection)

    receiver.behaviour = answer_after_the_signal
    processes.append(start())
    assert receiver.arrived.acquire(timeout=120)
    assert processes[0].wait(120) == 0
    assert delivery(served.database, one).status is DeliveryStatus.DELIVERED
    assert len(attempts(served.database, one)) == 1
    assert len(deliveries(served.database)) == 1
