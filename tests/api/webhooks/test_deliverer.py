"""Claim, send, record: at least once, never two at a time to one endpoint, and nobody blocked by a dead one."""

import hashlib
import hmac
import json
import threading
from datetime import timedelta

import pytest
import time_machine
from pydantic import SecretStr
from sqlalchemy import event

from api.core.errors import Unavailable
from api.webhooks import outbox, rules, service
from api.webhooks.deliverer import Deliverer
from api.webhooks.models import DeliveryStatus
from api.webhooks.outbox import LEASE_SECONDS, claim_next, record_answer
from api.webhooks.sending import Answer
from tests.api.learning.world import World
from tests.api.webhooks.outside import (
    NO,
    START,
    YES,
    ScriptedSender,
    attempts,
    deliverer,
    deliveries,
    delivery,
    endpoint,
    enqueue,
    listen,
    of,
    own,
)

PENDING, DELIVERED, GAVE_UP = DeliveryStatus


@pytest.fixture
def clock():
    """The time of day, which stands still until a test moves it."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def mine(world: World, settings, clock):
    """An endpoint of the learner's account, with its secret."""
    return listen(world.database, settings, own(world.learner))


def take(world: World):
    with world.database.transaction() as session:
        return claim_next(session)


def put(world: World, claim, answer: Answer = YES):
    with world.database.transaction() as session:
        return record_answer(session, claim, answer, disable_days=7, chance=lambda: 0.0)


def test_a_delivery_is_sent_signed_and_written_down(world: World, settings, mine, clock):
    (one,) = enqueue(world.database, own(world.learner), mine.endpoint.id)
    sender = ScriptedSender(Answer(200, None, "thanks", 17, None))
    clock.shift(5)
    at_work = deliverer(world.database, settings, sender)
    assert at_work.deliver_once() == "DELIVERED"
    assert at_work.deliver_once() is None
    ((url, headers, body),) = sender.posts
    row = delivery(world.database, one)
    assert url == "https://hooks.example.com/"
    assert json.loads(body) == {
        "id": str(row.event_id),
        "type": "webhook.test",
        "createdAt": "2026-11-28T12:00:00Z",
        "data": row.payload,
    }
    seconds = int(START.timestamp()) + 5
    wanted = hmac.new(mine.secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert dict(headers) == {
        "Content-Type": "application/json",
        "User-Agent": "CodeZest-Webhook/1",
        "CodeZest-Event": "webhook.test",
        "CodeZest-Delivery": str(one),
        "CodeZest-Signature": f"t={seconds},v1={wanted}",
    }
    assert (row.status, row.attempts, row.status_code, row.error) == (DELIVERED, 1, 200, None)
    assert row.finished_at == START + timedelta(seconds=5)
    (attempt,) = attempts(world.database, one)
    assert (attempt.number, attempt.duration_ms, attempt.excerpt) == (1, 17, "thanks")
    assert attempt.started_at == START + timedelta(seconds=5)


def test_a_claim_reads_what_waits_and_not_what_was_delivered(world: World, mine):
    """A million deliveries of last month must not make it slower: it takes the index of those that are due."""
    asked = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    assert take(world) is None
    ((statement, parameters),) = asked
    with world.database.engine.connect() as connection:
        if not world.database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # the tables are empty
        word = "EXPLAIN QUERY PLAN" if world.database.is_sqlite else "EXPLAIN"
        plan = connection.exec_driver_sql(f"{word} {statement}", parameters).all()
    assert "ix_webhook_deliveries_due" in str(plan)


def test_no_transaction_is_open_while_it_is_sent(world: World, settings, mine):
    enqueue(world.database, own(world.learner), mine.endpoint.id)
    open_ones = []
    sender = ScriptedSender(meanwhile=lambda: open_ones.append(world.database.engine.pool.checkedout()))
    assert deliverer(world.database, settings, sender).deliver_once() == "DELIVERED"
    assert open_ones == [0]


def test_a_failure_is_tried_again_ever_later_and_then_given_up(world: World, settings, mine, clock):
    (one,) = enqueue(world.database, own(world.learner), mine.endpoint.id)
    sender = ScriptedSender(NO)
    at_work = deliverer(world.database, settings, sender)
    for number, delay in enumerate(rules.DELAYS, start=1):
        assert at_work.deliver_once() == "PENDING"
        row = delivery(world.database, one)
        assert (row.attempts, row.status_code, row.error) == (number, 500, "answered 500")
        clock.shift(delay - 1)
        assert at_work.deliver_once() is None
        clock.shift(1)
    assert at_work.deliver_once() == "GAVE_UP"
    clock.shift(10 * 86400)
    assert at_work.deliver_once() is None
    row = delivery(world.database, one)
    assert (row.status, row.attempts) == (GAVE_UP, rules.MAX_ATTEMPTS)
    assert sender.ids() == [str(one)] * rules.MAX_ATTEMPTS
    assert len({body for _, _, body in sender.posts}) == 1
    assert [a.number for a in attempts(world.database, one)] == [*range(1, rules.MAX_ATTEMPTS + 1)]


def test_what_has_waited_too_long_is_given_up_whatever_was_tried(world: World, settings, mine, clock):
    (one,) = enqueue(world.database, own(world.learner), mine.endpoint.id)
    clock.shift(rules.MAX_AGE)
    assert deliverer(world.database, settings, ScriptedSender(NO)).deliver_once() == "GAVE_UP"
    assert delivery(world.database, one).attempts == 1


def test_a_yes_after_failures_makes_all_good(world: World, settings, mine, clock):
    (one,) = enqueue(world.database, own(world.learner), mine.endpoint.id)
    at_work = deliverer(world.database, settings, ScriptedSender(NO, NO, YES))
    at_work.deliver_once()
    clock.shift(10)
    at_work.deliver_once()
    found = endpoint(world.database, mine.endpoint.id)
    assert (found.failures, found.failing_since) == (2, START)
    clock.shift(60)
    assert at_work.deliver_once() == "DELIVERED"
    found = endpoint(world.database, mine.endpoint.id)
    assert (found.failures, found.failing_since) == (0, None)
    assert delivery(world.database, one).error is None


def test_the_receiver_says_when(world: World, settings, mine, clock):
    (one,) = enqueue(world.database, own(world.learner), mine.endpoint.id)
    wait = Answer(503, "answered 503", None, 1, 7200.0)
    deliverer(world.database, settings, ScriptedSender(wait)).deliver_once()
    assert delivery(world.database, one).next_attempt_at == START + timedelta(hours=2)


def test_an_endpoint_that_fails_rests_and_others_do_not(world: World, settings, mine, clock):
    enqueue(world.database, own(world.learner), mine.endpoint.id, count=50)
    other = listen(world.database, settings, of(world.first), "https://other.example.com/")
    at_work = deliverer(world.database, settings, ScriptedSender(NO))
    assert at_work.deliver_once() == "PENDING"
    assert at_work.deliver_once() is None  # 49 are due, and wait for the endpoint
    enqueue(world.database, of(world.first), other.endpoint.id)
    assert at_work.deliver_once() == "PENDING"
    clock.shift(rules.FIRST_REST)
    assert [at_work.deliver_once(), at_work.deliver_once()] == ["PENDING", None]  # one more, and a rest again


def test_one_endpoint_is_never_sent_to_by_two(world: World, settings, mine):
    enqueue(world.database, own(world.learner), mine.endpoint.id, count=2)
    other = listen(world.database, settings, of(world.first))
    first = take(world)
    assert take(world) is None
    enqueue(world.database, of(world.first), other.endpoint.id)
    assert take(world).endpoint_id == other.endpoint.id
    assert put(world, first) is DELIVERED
    assert take(world).endpoint_id == mine.endpoint.id


def test_endpoints_take_turns_however_much_one_of_them_has(world: World, settings, mine, clock):
    enqueue(world.database, own(world.learner), mine.endpoint.id, count=5)
    other = listen(world.database, settings, of(world.first)).endpoint
    enqueue(world.database, of(world.first), other.id, count=2)
    sent = []
    for _ in range(4):
        claim = take(world)
        sent.append(claim.endpoint_id)
        clock.shift(1)
        put(world, claim)
    assert sorted(sent) == sorted([mine.endpoint.id, other.id] * 2)


def test_deliverers_at_the_same_moment_send_everything_once(world: World, settings):
    wanted = set()
    for owner in (own(world.learner), own(world.other), of(world.first), of(world.second)):
        for _ in range(2):
            made = listen(world.database, settings, owner).endpoint
            wanted |= {str(one) for one in enqueue(world.database, owner, made.id, count=3)}
    senders, failures = [ScriptedSender() for _ in range(3)], []
    barrier = threading.Barrier(3)

    def work(sender: ScriptedSender) -> None:
        barrier.wait()
        try:
            # None may mean that the others hold the last ones: look until all is done.
            at_work = deliverer(world.database, settings, sender)
            while any(row.status is PENDING for row in deliveries(world.database)):
                at_work.deliver_once()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    sent = [one for sender in senders for one in sender.ids()]
    assert len(sent) == len(wanted) == 24
    assert set(sent) == wanted


def test_what_was_sent_and_not_written_down_is_sent_again_with_its_id(world: World, settings, mine, clock):
    (one,) = enqueue(world.database, own(world.learner), mine.endpoint.id)

    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    sender = ScriptedSender(meanwhile=die)
    with pytest.raises(Killed):
        deliverer(world.database, settings, sender).deliver_once()
    again = ScriptedSender()
    clock.shift(LEASE_SECONDS - 1)
    assert deliverer(world.database, settings, again).deliver_once() is None
    clock.shift(1)
    assert deliverer(world.database, settings, again).deliver_once() == "DELIVERED"
    assert sender.ids() == again.ids() == [str(one)]
    assert sender.posts[0][2] == again.posts[0][2]
    assert delivery(world.database, one).attempts == 2


def test_who_slept_through_its_lease_writes_nothing(world: World, settings, mine, clock):
    (one,) = enqueue(world.database, own(world.learner), mine.endpoint.id)
    slow = take(world)
    clock.shift(LEASE_SECONDS)
    current = take(world)
    assert current.delivery_id == slow.delivery_id
    assert put(world, slow, NO) is None
    assert delivery(world.database, one).status is PENDING
    assert endpoint(world.database, mine.endpoint.id).failures == 0
    assert take(world) is None  # and the lease of the other stays
    assert put(world, current) is DELIVERED
    assert put(world, slow, NO) is None
    assert [a.number for a in attempts(world.database, one)] == [2]


def test_a_delivery_that_kills_its_deliverer_each_time_is_given_up(world: World, settings, mine, clock):
    poison, later = enqueue(world.database, own(world.learner), mine.endpoint.id, count=2)
    for _ in range(rules.MAX_ATTEMPTS):
        assert take(world).delivery_id == poison
        clock.shift(LEASE_SECONDS)
    assert take(world).delivery_id == later
    row = delivery(world.database, poison)
    assert (row.status, row.attempts) == (GAVE_UP, rules.MAX_ATTEMPTS)
    assert "stopped in the middle" in row.error


def test_a_last_delivery_that_is_given_up_leaves_the_endpoint_free(world: World, settings, mine, clock):
    enqueue(world.database, own(world.learner), mine.endpoint.id)
    for _ in range(rules.MAX_ATTEMPTS):
        take(world)
        clock.shift(LEASE_SECONDS)
    assert take(world) is None
    (fresh,) = enqueue(world.database, own(world.learner), mine.endpoint.id)
    assert take(world).delivery_id == fresh


def test_an_endpoint_at_which_all_failed_for_days_is_switched_off(world: World, settings, mine, clock):
    enqueue(world.database, own(world.learner), mine.endpoint.id, count=3)
    at_work = deliverer(world.database, settings, ScriptedSender(NO))
    at_work.deliver_once()
    clock.shift(timedelta(days=settings.webhook_disable_days))
    assert at_work.deliver_once() == "GAVE_UP"
    found = endpoint(world.database, mine.endpoint.id)
    assert (found.active, found.disabled_at) == (False, START + timedelta(days=7))
    assert found.disabled_reason == "every try failed for 7 days"
    assert {row.status for row in deliveries(world.database)} == {GAVE_UP}
    with world.database.transaction() as session:
        changed = service.change_endpoint(
            session, own(world.learner), found.id, url=None, events=None, active=True, settings=settings
        )
        assert (changed.active, changed.disabled_at, changed.disabled_reason) == (True, None, None)
        assert (changed.failures, changed.failing_since) == (0, None)
        assert service.replay_many(session, found.id, START) == 3
    clock.shift(rules.LONGEST_REST)
    assert deliverer(world.database, settings, ScriptedSender()).deliver_all() == {"delivered": 3}


def test_an_endpoint_that_is_off_is_not_sent_to_and_keeps_what_waits(world: World, settings, mine):
    enqueue(world.database, own(world.learner), mine.endpoint.id)
    for active, outcome in ((False, None), (True, "DELIVERED")):
        with world.database.transaction() as session:
            service.change_endpoint(
                session,
                own(world.learner),
                mine.endpoint.id,
                url=None,
                events=None,
                active=active,
                settings=settings,
            )
        assert deliverer(world.database, settings, ScriptedSender()).deliver_once() == outcome


def test_an_endpoint_that_is_deleted_meanwhile(world: World, settings, mine):
    enqueue(world.database, own(world.learner), mine.endpoint.id)

    def remove() -> None:
        with world.database.transaction() as session:
            service.delete_endpoint(session, own(world.learner), mine.endpoint.id)

    assert deliverer(world.database, settings, ScriptedSender(meanwhile=remove)).deliver_once() == "LOST"
    assert deliveries(world.database) == []


def test_a_replay_starts_afresh_with_the_same_id(world: World, settings, mine, clock):
    (one,) = enqueue(world.database, own(world.learner), mine.endpoint.id)
    sender = ScriptedSender()
    deliverer(world.database, settings, sender).deliver_once()
    clock.shift(timedelta(days=20))
    with world.database.transaction() as session:
        assert service.replay(session, None, one).status is PENDING
    sender.answers = [NO, YES]
    at_work = deliverer(world.database, settings, sender)
    assert at_work.deliver_once() == "PENDING"  # the age counts from the replay
    clock.shift(10)
    assert at_work.deliver_once() == "DELIVERED"
    assert sender.ids() == [str(one)] * 3
    assert [a.number for a in attempts(world.database, one)] == [1, 1, 2]


def test_a_secret_that_is_made_from_a_key_is_not_stored(world: World, settings, clock):
    keyed = settings.model_copy(update={"webhook_secret_key": SecretStr("k" * 32)})
    made = listen(world.database, keyed, own(world.learner))
    assert endpoint(world.database, made.endpoint.id).secret is None
    enqueue(world.database, own(world.learner), made.endpoint.id)
    sender = ScriptedSender()
    deliverer(world.database, keyed, sender).deliver_once()
    (_, headers, body) = sender.posts[0]
    seconds = int(START.timestamp())
    wanted = hmac.new(made.secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["CodeZest-Signature"] == f"t={seconds},v1={wanted}"
    with world.database.transaction() as session:
        rotated = service.rotate_secret(session, own(world.learner), made.endpoint.id, keyed)
    assert rotated.secret != made.secret


def test_without_the_key_nothing_is_sent_unsigned(world: World, settings, clock):
    keyed = settings.model_copy(update={"webhook_secret_key": SecretStr("k" * 32)})
    made = listen(world.database, keyed, own(world.learner))
    (one,) = enqueue(world.database, own(world.learner), made.endpoint.id)
    sender = ScriptedSender()
    assert deliverer(world.database, settings, sender).deliver_once() == "PENDING"
    assert sender.posts == []
    assert "could not sign" in str(delivery(world.database, one).error)


def test_old_deliveries_are_thrown_away(world: World, settings, mine, clock, monkeypatch):
    monkeypatch.setattr(outbox, "_PURGED_AT_ONCE", 2)
    enqueue(world.database, own(world.learner), mine.endpoint.id, count=5)
    at_work = deliverer(world.database, settings, ScriptedSender())
    assert at_work.deliver_all() == {"delivered": 5}
    clock.shift(timedelta(days=settings.webhook_log_days))
    (kept,) = enqueue(world.database, own(world.learner), mine.endpoint.id)
    at_work.purge()
    assert len(deliveries(world.database)) == 6
    clock.shift(1)
    at_work.purge()
    assert [row.id for row in deliveries(world.database)] == [kept]


def test_a_receiver_that_hangs_holds_up_nobody_else(world: World, settings):
    dead = listen(world.database, settings, own(world.learner), "https://dead.example.com/").endpoint
    enqueue(world.database, own(world.learner), dead.id, count=20)
    fine = listen(world.database, settings, own(world.other)).endpoint
    wanted = enqueue(world.database, own(world.other), fine.id, count=20)
    stop, release, done = threading.Event(), threading.Event(), threading.Semaphore(0)
    at_dead = []

    class Sender(ScriptedSender):
        def post(self, url, headers, body):
            if "dead" in url:
                at_dead.append(headers["CodeZest-Delivery"])
                assert release.wait(120)
            else:
                done.release()
            return super().post(url, headers, body)

    sender = Sender()
    at_work = Deliverer(world.database, settings, sender)
    thread = threading.Thread(target=at_work.run_until, args=(stop,))
    thread.start()
    for _ in wanted:
        assert done.acquire(timeout=120)
    assert len(at_dead) == 1  # one thread of many, and one try
    stop.set()
    release.set()
    thread.join(120)
    assert not thread.is_alive()
    assert delivery(world.database, wanted[-1]).status is DELIVERED


def test_a_database_that_does_not_answer_for_a_while_ends_nothing(world: World, settings, mine, monkeypatch):
    enqueue(world.database, own(world.learner), mine.endpoint.id)
    monkeypatch.setattr("api.webhooks.deliverer.IDLE_SECONDS", 0.01)
    stop, faults = threading.Event(), [Unavailable("gone"), RuntimeError("worse")]
    at_work = Deliverer(world.database, settings, ScriptedSender(meanwhile=stop.set))
    claim = at_work._claim

    def fail_first():
        if faults:
            raise faults.pop()
        return claim()

    monkeypatch.setattr(at_work, "_claim", fail_first)
    at_work.run_until(stop)
    assert [row.status for row in deliveries(world.database)] == [DELIVERED]
