"""What an operator sees of grading at this moment, and that looking at it costs little."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from api.core.clock import now
from api.learning.submissions.claims import release_run, sweep
from api.learning.submissions.grade import Reason, SubmissionStatus
from api.learning.submissions.models import GradingRun, Runtime
from api.learning.submissions.overview import Waiting, overview, queue, totals
from tests.api.learning.world import (
    World,
    claim,
    failed,
    grade_all,
    must_claim,
    passed,
    record,
    regrade,
    submit,
)


def test_an_empty_installation_shows_nothing_and_divides_by_nothing(world: World):
    with world.database.transaction() as session:
        found = overview(session, most=5)
        assert totals(session) == dict.fromkeys(SubmissionStatus, 0)
    assert found.queue.live == found.queue.regrades == Waiting(0, None, 0)
    assert (found.queue.at_work, found.queue.overdue, found.queue.workers, found.queue.hosts) == (0, 0, 0, 0)
    assert (found.at_work, found.hosts, found.recent, found.faults) == ([], [], [], [])


def test_what_waits_and_who_works(world: World):
    graded = submit(world).submission
    grade_all(world.database, passed())
    regrade(world.database, graded.id)
    for _ in range(4):
        submit(world)
    held = [claim(world.database, worker=name) for name in ("w1", "w2", "w2")]
    with world.database.transaction() as session:
        session.execute(
            update(GradingRun)
            .where(GradingRun.worker == "w1")
            .values(lease_until=now() - timedelta(seconds=1))
        )
    with world.database.transaction() as session:
        found = overview(session, most=2)
        (waiting,) = session.scalars(
            select(GradingRun).where(GradingRun.status == "PENDING", GradingRun.priority == 0)
        )
        assert totals(session)[SubmissionStatus.RUNNING] == 3
    assert found.queue.live == Waiting(1, waiting.queued_at, 0)
    assert found.queue.regrades.runs == 1
    assert (found.queue.at_work, found.queue.overdue, found.queue.workers) == (3, 1, 2)
    assert len(found.at_work) == 2  # of each kind at most so many
    first, own = found.at_work[0], held[0]
    assert own is not None
    assert (first.worker, first.submission_id, first.number, first.attempt) == ("w1", own.submission_id, 1, 1)
    assert first.lease_until < found.moment
    assert not first.is_regrade


def test_the_last_verdicts_newest_first(world: World):
    ids = []
    for grade in (passed(), failed()):
        ids.append(submit(world).submission.id)
        grade_all(world.database, grade)
    regrade(world.database, ids[0])
    grade_all(world.database, failed(0))
    with world.database.transaction() as session:
        found = overview(session, most=9).recent
    assert [(run.submission_id, run.number) for run in found] == [(ids[0], 2), (ids[1], 1), (ids[0], 1)]
    assert [(run.status, run.reason) for run in found] == [
        (SubmissionStatus.FAILED, Reason.WRONG_ANSWER),
        (SubmissionStatus.FAILED, Reason.WRONG_ANSWER),
        (SubmissionStatus.PASSED, None),
    ]
    assert all(run.seconds is not None and run.seconds >= 0 for run in found)


def test_what_the_platform_spoiled_is_shown_until_it_is_done(world: World):
    submit(world)
    task = must_claim(world.database)
    with world.database.transaction() as session:
        release_run(
            session,
            task.run_id,
            task.attempt,
            reason="engine down\x1b[2J",
            counts_attempt=True,
            max_attempts=3,
        )
    with world.database.transaction() as session:
        found = overview(session, most=9)
        session.execute(update(GradingRun).values(ready_at=now()))
    assert found.queue.live.spoiled == 1
    assert [(fault.failures, fault.last_fault) for fault in found.faults] == [(1, "engine down\x1b[2J")]
    again = must_claim(world.database)
    with world.database.transaction() as session:
        assert len(overview(session, most=9).faults) == 1
    assert again.waited_seconds is None  # only a first attempt says how long runs wait
    record(world.database, again, passed())
    with world.database.transaction() as session:
        assert overview(session, most=9).faults == []


def test_the_task_says_how_long_it_waited(world: World):
    submit(world)
    with world.database.transaction() as session:
        session.execute(update(GradingRun).values(queued_at=now() - timedelta(seconds=30)))
    live = must_claim(world.database)
    assert live.waited_seconds is not None
    assert 30 <= live.waited_seconds < 60
    assert not live.is_regrade
    record(world.database, live, passed())
    regrade(world.database, live.submission_id)
    with world.database.transaction() as session:
        session.execute(
            update(GradingRun).values(queued_at=now() + timedelta(hours=1))
        )  # another host's clock
    again = must_claim(world.database)
    assert (again.waited_seconds, again.is_regrade) == (0.0, True)


def test_hosts_are_those_heard_of_lately(world: World):
    facts = {
        "title": "T",
        "isolation": "boxed",
        "compile": [],
        "run": [],
        "functions": True,
        "sources": [],
        "cpu_factor": 1.0,
        "wall_factor": 1.0,
        "memory_extra_mib": 0,
        "processes_extra": 0,
    }
    with world.database.transaction() as session:
        for host, language, minutes in (("a", "c", 1), ("a", "python", 2), ("b", "python", 11)):
            seen = now() - timedelta(minutes=minutes)
            session.add(Runtime(host=host, language=language, image_digest="x", last_seen=seen, **facts))
    with world.database.transaction() as session:
        found = overview(session, most=9)
    assert [(host.host, host.languages, host.isolation) for host in found.hosts] == [("a", 2, "boxed")]
    assert found.queue.hosts == 1


def test_a_run_that_was_given_up_is_recent_and_has_no_worker(world: World):
    submit(world)
    must_claim(world.database, lease_seconds=1)
    with world.database.transaction() as session:
        session.execute(update(GradingRun).values(lease_until=now() - timedelta(seconds=1)))
    with world.database.transaction() as session:
        assert sweep(session, max_attempts=1).given_up == 1
    with world.database.transaction() as session:
        (run,) = overview(session, most=9).recent
    assert (run.status, run.reason, run.worker) == (SubmissionStatus.ERROR, Reason.PLATFORM, None)


@pytest.mark.parametrize("look", [queue], ids=["queue"])
def test_a_look_at_the_queue_reads_no_table_from_end_to_end(database, look):
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: statements.append(call[2:4]))
    with database.transaction() as session:
        look(session)
        asked = list(statements)
        plans = [
            row.detail
            for statement, parameters in asked
            for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert len(asked) == 3
    assert [plan for plan in plans if plan.startswith("SCAN") and "runtimes" not in plan] == []
    assert any("grading_runs" in plan for plan in plans)
