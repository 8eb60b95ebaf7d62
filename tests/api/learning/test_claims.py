"""Who works on which run: no two on one, nobody after his lease, everybody's turn."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from sqlalchemy import select, update

from api.core.clock import now
from api.core.database import Database
from api.learning.curriculum.models import TestSuite
from api.learning.submissions import service
from api.learning.submissions.claims import MOST_CLAIMS
from api.learning.submissions.grade import Reason, RunStatus, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun
from api.learning.submissions.picking import WINDOW
from tests import factories
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


def run_of(database: Database, task_id: object) -> GradingRun:
    with database.transaction() as session:
        return session.get_one(GradingRun, task_id)


def submission_of(database: Database, submission_id: object) -> AssignmentSubmission:
    with database.transaction() as session:
        return session.get_one(AssignmentSubmission, submission_id)


def expire(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(GradingRun).values(lease_until=now() - timedelta(seconds=1)))


def sweep(database: Database, max_attempts: int = 3) -> service.SweepReport:
    with database.transaction() as session:
        return service.sweep(session, max_attempts=max_attempts)


def test_a_run_is_claimed_once(world: World):
    submitted = submit(world)
    task = must_claim(world.database)
    assert claim(world.database, worker="w2") is None
    assert task.submission_id == submitted.submission.id
    assert (task.attempt, task.run_number, task.language) == (1, 1, "python")
    assert task.files == {"main": "print(1)"}
    assert task.max_score == 100
    assert submission_of(world.database, task.submission_id).status is SubmissionStatus.RUNNING


def test_the_task_carries_the_suite_byte_by_byte(world: World):
    submit(world)
    task = must_claim(world.database)
    with world.database.transaction() as session:
        probe = factories.make_suite(session, world.first, version=9)
        assert (task.suite, task.suite_digest) == (probe.document, probe.digest)
    assert task.suite_version == 1


def test_workers_at_the_same_moment_never_share_a_run(world: World):
    for _ in range(6):
        submit(world)
    barrier, claimed, failures = Barrier(4), [], []

    def work(name: str) -> None:
        barrier.wait()
        try:
            while (task := claim(world.database, worker=name)) is not None:
                claimed.append(task.run_id)
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(claimed) == len(set(claimed)) == 6


@pytest.mark.parametrize("languages", [set(), {"cpp"}])
def test_a_worker_gets_only_what_it_can_run(world: World, languages: set[str]):
    submit(world)
    with world.database.transaction() as session:
        task = service.claim_next_run(
            session, worker="w", languages=languages, lease_seconds=5, max_attempts=3
        )
    assert task is None


def test_live_runs_go_before_regrades_however_old(world: World):
    old = submit(world)
    assert grade_all(world.database, passed()) == 1
    assert regrade(world.database, old.submission.id).number == 2
    live = submit(world, world.other)
    assert must_claim(world.database).submission_id == live.submission.id
    assert must_claim(world.database).submission_id == old.submission.id


def test_the_learner_with_the_fewest_runs_at_work_is_next(world: World):
    first, second, third = (submit(world) for _ in range(3))
    waiting = submit(world, world.other)
    got = [must_claim(world.database).submission_id for _ in range(4)]
    assert got[0] == first.submission.id
    assert got[1] == waiting.submission.id
    assert got[2:] == [second.submission.id, third.submission.id]


def test_among_learners_with_work_the_one_with_less_goes_first_however_late(world: World):
    for _ in range(3):
        submit(world)
    submit(world, world.other)
    assert [must_claim(world.database).submission_id is not None for _ in range(3)] == [True] * 3
    # The learner has two runs at work and one waiting since long; the other has one at work, and submits now.
    late = submit(world, world.other)
    assert must_claim(world.database).submission_id == late.submission.id


def test_a_live_run_of_a_busy_learner_goes_before_the_regrade_of_an_idle_one(world: World):
    old = submit(world, world.other)
    grade_all(world.database, passed())
    regrade(world.database, old.submission.id)
    submit(world)
    must_claim(world.database)
    live = submit(world)
    assert must_claim(world.database).submission_id == live.submission.id
    assert must_claim(world.database).submission_id == old.submission.id


def test_a_flood_of_one_account_does_not_hide_the_one_submission_of_another(world: World):
    with world.database.transaction() as session:
        suite = session.scalars(select(TestSuite)).first()
        assert suite is not None
        learner = session.merge(world.learner)
        for _ in range(WINDOW + 10):
            submission = factories.make_submission(session, learner, world.first)
            factories.make_run(session, submission, suite)
    must_claim(world.database)
    last = submit(world, world.other)
    assert must_claim(world.database).submission_id == last.submission.id


def test_a_renewed_lease_survives_the_sweep_and_a_lapsed_one_does_not(world: World):
    submit(world)
    task = must_claim(world.database)
    expire(world.database)
    with world.database.transaction() as session:
        assert service.renew_lease(session, task.run_id, task.attempt, 15)
    assert sweep(world.database).expired == 0
    expire(world.database)
    assert sweep(world.database) == service.SweepReport(expired=1, given_up=0, unheard=1)
    assert submission_of(world.database, task.submission_id).status is SubmissionStatus.PENDING


def test_who_lost_the_lease_can_neither_renew_nor_release_nor_record(world: World):
    submit(world)
    slow = must_claim(world.database)
    expire(world.database)
    sweep(world.database)
    with world.database.transaction() as session:
        assert not service.renew_lease(session, slow.run_id, slow.attempt, 15)
        assert not service.release_run(
            session, slow.run_id, slow.attempt, reason="late", counts_attempt=True, max_attempts=3
        )
    assert not record(world.database, slow, passed())
    heir = must_claim(world.database)
    assert (heir.run_id, heir.attempt) == (slow.run_id, 2)
    assert not record(world.database, slow, passed())
    with world.database.transaction() as session:
        assert session.scalars(select(CaseResult)).all() == []
    assert submission_of(world.database, slow.submission_id).status is SubmissionStatus.RUNNING
    assert record(world.database, heir, failed())
    assert not record(world.database, heir, passed()), "a grade is recorded once"
    assert submission_of(world.database, slow.submission_id).status is SubmissionStatus.FAILED


def test_a_release_that_does_not_count_gives_the_run_back_at_once(world: World):
    submit(world)
    for attempt in range(1, 6):
        task = must_claim(world.database)
        assert task.attempt == attempt
        with world.database.transaction() as session:
            assert service.release_run(
                session, task.run_id, task.attempt, reason="stop", counts_attempt=False, max_attempts=3
            )
        assert submission_of(world.database, task.submission_id).status is SubmissionStatus.PENDING


def test_the_platform_gives_up_after_the_last_attempt_and_says_so(world: World):
    submit(world)
    with time_machine.travel(now(), tick=False) as clock:
        for attempt in range(1, 4):
            task = must_claim(world.database)
            assert task.attempt == attempt
            with world.database.transaction() as session:
                service.release_run(
                    session,
                    task.run_id,
                    task.attempt,
                    reason="no engine\0",
                    counts_attempt=True,
                    max_attempts=3,
                )
            assert claim(world.database) is None, "it waits before the next attempt"
            clock.shift(60)
        assert claim(world.database) is None
    run = run_of(world.database, task.run_id)
    submission = submission_of(world.database, task.submission_id)
    assert (run.status, run.failures) == (RunStatus.DONE, 3)
    assert (submission.status, submission.reason) == (SubmissionStatus.ERROR, Reason.PLATFORM)
    assert submission.score is None
    assert "our fault" in (submission.feedback or "")


def test_a_submission_that_kills_its_graders_is_set_aside(world: World):
    poison, fine = submit(world), submit(world, world.other)
    for _ in range(3):
        while claim(world.database) is not None:
            pass
        with world.database.transaction() as session:
            done = GradingRun.submission_id == fine.submission.id
            session.execute(update(GradingRun).where(done).values(status=RunStatus.DONE))
        expire(world.database)
        report = sweep(world.database)
    assert report == service.SweepReport(expired=1, given_up=1, unheard=0)
    assert claim(world.database) is None
    assert submission_of(world.database, poison.submission.id).reason is Reason.PLATFORM


def test_a_run_that_is_given_back_again_and_again_does_not_go_round_for_ever(world: World):
    submitted = submit(world)
    for number in range(1, MOST_CLAIMS + 1):
        task = must_claim(world.database)
        assert task.attempt == number
        with world.database.transaction() as session:
            service.release_run(
                session, task.run_id, number, reason="engine down", counts_attempt=False, max_attempts=3
            )
    assert claim(world.database) is None
    assert submission_of(world.database, submitted.submission.id).reason is Reason.PLATFORM


def test_a_lowered_limit_ends_runs_that_wait(world: World):
    submit(world)
    must_claim(world.database)
    expire(world.database)
    assert sweep(world.database, max_attempts=3).given_up == 0
    assert sweep(world.database, max_attempts=1) == service.SweepReport(0, 1, 0)


def test_only_runs_that_have_waited_long_enough_are_called_unheard(world: World):
    with time_machine.travel(now(), tick=False) as clock:
        submit(world)
        assert sweep(world.database).unheard == 0
        clock.shift(11)
        assert sweep(world.database).unheard == 1


def test_the_grace_of_a_sweep_is_for_clocks_that_differ(world: World):
    submit(world)
    must_claim(world.database)
    expire(world.database)
    with world.database.transaction() as session:
        assert service.sweep(session, max_attempts=3, grace_seconds=30).expired == 0


def test_two_sweepers_at_once_take_each_run_back_once(world: World):
    for _ in range(4):
        submit(world)
        must_claim(world.database)
    expire(world.database)
    barrier, reports = Barrier(2), []

    def work() -> None:
        barrier.wait()
        reports.append(sweep(world.database))

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(report.expired for report in reports) == 4
    with world.database.transaction() as session:
        assert set(session.scalars(select(GradingRun.failures))) == {1}
