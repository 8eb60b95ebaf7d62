"""What gets into the outbox: who is told, of what, in the transaction of the grade, at which price."""

import json
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import event, select, text

from api.core.database import Database
from api.learning.submissions import service as submissions
from api.learning.submissions.grade import SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission
from api.webhooks import service
from api.webhooks.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from api.webhooks.outbox import claim_next
from tests.api.learning.world import (
    CANARY,
    World,
    failed,
    grade_all,
    make_world,
    must_claim,
    passed,
    record,
    regrade,
    submit,
)
from tests.api.webhooks.outside import deliveries, listen, of, own


def told(world: World) -> list[tuple[object, object, object]]:
    """Endpoint, run and status of all that is in the outbox."""
    return [
        (row.endpoint_id, row.payload["run"], row.payload["status"]) for row in deliveries(world.database)
    ]


def test_without_endpoints_nothing_is_stored_and_one_question_asked(world: World):
    submit(world)
    task = must_claim(world.database)
    asked: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    record(world.database, task, passed())
    assert [statement for statement in asked if "webhook" in statement] == [
        next(statement for statement in asked if "webhook_endpoints" in statement)
    ]
    assert deliveries(world.database) == []


def test_the_question_is_answered_by_the_indexes(world: World):
    submit(world)
    task = must_claim(world.database)
    asked = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    record(world.database, task, passed())
    statement, parameters = next(one for one in asked if "webhook_endpoints" in one[0])
    with world.database.engine.connect() as connection:
        if world.database.is_sqlite:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # the table is empty
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all()
    found = " ".join(map(str, plan))
    indexes = ("webhook_endpoints_user_id_position", "webhook_endpoints_assignment_id_position")
    if world.database.is_sqlite:
        indexes = ("(user_id=?)", "(assignment_id=?)")
    assert [name for name in indexes if name not in found] == [], found


def test_an_account_hears_of_its_own_submissions_and_an_assignment_of_all(world: World, settings):
    mine = listen(world.database, settings, own(world.learner)).endpoint
    other = listen(world.database, settings, own(world.other)).endpoint
    first = listen(world.database, settings, of(world.first)).endpoint
    second = listen(world.database, settings, of(world.second)).endpoint
    submit(world)
    grade_all(world.database, passed())
    assert {row[0] for row in told(world)} == {mine.id, first.id}
    submit(world, world.other, world.second)
    grade_all(world.database, failed())
    assert {row[0] for row in told(world)[2:]} == {other.id, second.id}


def test_one_event_has_one_id_for_all_and_each_delivery_its_own(world: World, settings):
    for owner in (own(world.learner), of(world.first)):
        listen(world.database, settings, owner)
    submit(world)
    grade_all(world.database, passed())
    one, two = deliveries(world.database)
    assert one.event_id == two.event_id
    assert len({one.id, two.id, one.event_id}) == 3
    assert (one.status, one.attempts, one.event_type) == (DeliveryStatus.PENDING, 0, "submission.graded")


def test_what_is_told_and_what_is_not(world: World, settings):
    listen(world.database, settings, of(world.first))
    submitted = submit(world, code="print('my own solution')")
    grade_all(world.database, failed())
    (row,) = deliveries(world.database)
    assert set(row.payload) == {
        *("submissionId", "assignmentId", "userId", "run", "language", "status", "reason", "score"),
        *("maxScore", "submittedAt", "gradedAt"),
    }
    with world.database.transaction() as session:
        shown = session.get_one(AssignmentSubmission, submitted.submission.id)
    assert row.payload | {"submittedAt": None, "gradedAt": None} == {
        "submissionId": str(shown.id),
        "assignmentId": str(world.first.id),
        "userId": str(world.learner.id),
        "run": 1,
        "language": "python",
        "status": "FAILED",
        "reason": "wrong_answer",
        "score": 20,
        "maxScore": 100,
        "submittedAt": None,
        "gradedAt": None,
    }
    assert row.payload["gradedAt"].endswith("Z")
    words = json.dumps(row.payload)
    assert CANARY not in words
    assert "solution" not in words


def test_an_endpoint_that_is_off_or_wants_other_events_hears_nothing(world: World, settings):
    off = listen(world.database, settings, own(world.learner)).endpoint
    other = listen(world.database, settings, own(world.learner)).endpoint
    with world.database.transaction() as session:
        session.get_one(WebhookEndpoint, off.id).active = False
        session.get_one(WebhookEndpoint, other.id).events = []
    submit(world)
    grade_all(world.database, passed())
    assert told(world) == []


def test_a_regrade_is_told_when_it_is_shown(world: World, settings):
    endpoint = listen(world.database, settings, own(world.learner)).endpoint
    submitted = submit(world)
    grade_all(world.database, passed())
    regrade(world.database, submitted.submission.id)
    assert len(told(world)) == 1
    grade_all(world.database, failed())
    assert told(world) == [(endpoint.id, 1, "PASSED"), (endpoint.id, 2, "FAILED")]


def test_a_late_grade_is_not_told(world: World, settings):
    listen(world.database, settings, own(world.learner))
    submit(world)
    late = must_claim(world.database, lease_seconds=-1)
    with world.database.transaction() as session:
        submissions.sweep(session, max_attempts=3)
    assert not record(world.database, late, passed())
    assert told(world) == []


def test_what_is_rolled_back_is_not_told(world: World, settings):
    listen(world.database, settings, own(world.learner))
    submit(world)
    task = must_claim(world.database)

    def record_and_break_off() -> None:
        with world.database.transaction() as session:
            assert submissions.record_grade(session, task, passed())
            assert session.scalar(select(WebhookDelivery.id)) is not None
            raise RuntimeError

    with pytest.raises(RuntimeError):
        record_and_break_off()
    assert told(world) == []


def test_the_platforms_giving_up_is_told_once_and_only_if_it_shows(world: World, settings):
    endpoint = listen(world.database, settings, own(world.learner)).endpoint
    submitted = submit(world)

    def spoil() -> None:
        task = must_claim(world.database)
        with world.database.transaction() as session:
            submissions.release_run(
                session, task.run_id, task.attempt, reason="broken", counts_attempt=True, max_attempts=1
            )

    spoil()
    (row,) = deliveries(world.database)
    assert (row.endpoint_id, row.payload["status"], row.payload["reason"]) == (
        endpoint.id,
        "ERROR",
        "platform",
    )
    assert row.payload["score"] is None
    regrade(world.database, submitted.submission.id)
    spoil()
    assert len(told(world)) == 1


@pytest.fixture
def postgres(postgres_database: Database, settings) -> World:
    return make_world(postgres_database)


@pytest.mark.postgres
def test_a_grade_that_is_being_recorded_keeps_nobody_from_sending(postgres: World, settings):
    """The row that the grade points to is locked; a claim of the same endpoint takes it all the same."""
    listen(postgres.database, settings, own(postgres.learner))
    submit(postgres)
    submit(postgres)
    first, second = must_claim(postgres.database), must_claim(postgres.database)
    record(postgres.database, first, passed())
    with postgres.database.transaction() as recording:
        assert submissions.record_grade(recording, second, passed())
        with postgres.database.transaction() as claiming:
            claiming.execute(text("SET LOCAL lock_timeout = '10s'"))
            assert claim_next(claiming) is not None


@pytest.mark.postgres
def test_an_endpoint_that_is_deleted_at_that_moment_costs_no_grade(postgres: World, settings):
    endpoint = listen(postgres.database, settings, own(postgres.learner)).endpoint
    submit(postgres)
    task, deleted = must_claim(postgres.database), Event()

    def remove() -> None:
        with postgres.database.transaction() as session:
            service.delete_endpoint(session, own(postgres.learner), endpoint.id)
        deleted.set()

    thread = Thread(target=remove)
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")

    def delete_before_it_is_stored(*words: Any) -> None:
        if "INSERT INTO notifications.webhook_deliveries" in words[2] and not thread.ident:
            thread.start()
            # The deletion waits for us, and not we for it.
            with postgres.database.engine.connect() as looking:
                while not looking.scalar(waiting) and not deleted.is_set():
                    looking.rollback()

    event.listen(postgres.database.engine, "before_cursor_execute", delete_before_it_is_stored)
    assert record(postgres.database, task, passed())
    thread.join(60)
    assert deleted.is_set()
    with postgres.database.transaction() as session:
        assert session.scalars(select(AssignmentSubmission.status)).one() is SubmissionStatus.PASSED
        assert session.scalar(select(WebhookDelivery.id)) is None


GRANTS = """
CREATE ROLE {role} NOLOGIN;
GRANT USAGE ON SCHEMA auth, learning, notifications TO {role};
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA learning TO {role};
GRANT SELECT (id, user_id, assignment_id, events, active), UPDATE (active) ON notifications.webhook_endpoints TO {role};
GRANT INSERT ON notifications.webhook_deliveries TO {role};
SET ROLE {role};
"""


@pytest.mark.postgres
def test_a_grader_needs_to_read_no_secret(postgres: World, settings):
    """The rights of a grader's database role that docs/webhooks.md names are enough, and keep secrets from it."""
    listen(postgres.database, settings, own(postgres.learner))
    submit(postgres)
    task = must_claim(postgres.database)
    role = f"grader_{postgres.learner.id.hex}"
    with postgres.database.transaction() as session:
        for line in GRANTS.format(role=role).strip().splitlines():
            session.execute(text(line))
        assert submissions.record_grade(session, task, passed())
        with pytest.raises(Exception, match="permission denied"), session.begin_nested():
            session.execute(text("SELECT secret FROM notifications.webhook_endpoints"))
        session.execute(text("RESET ROLE"))
        assert session.scalar(select(WebhookDelivery.event_type)) == "submission.graded"
        session.execute(text(f"DROP OWNED BY {role}"))
        session.execute(text(f"DROP ROLE {role}"))
