"""Whose turn it is when one learner sends much, and when much is re-graded: the others do not wait for it."""

from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from api.core.clock import now
from api.core.database import Database
from api.core.settings import Settings
from api.learning.submissions import service
from api.learning.submissions.grade import GradingTask, RunStatus
from api.learning.submissions.models import PRIORITY_LIVE, PRIORITY_REGRADE, GradingRun
from tests import factories
from tests.api.learning.world import World, grade_all, make_world, passed, record, regrade, submit

ONE_EACH = service.Bounds(per_user=1, regrades_below=1)


def claim(database: Database, bounds: service.Bounds = ONE_EACH, worker: str = "w1") -> GradingTask | None:
    with database.transaction() as session:
        return service.claim_next_run(
            session, worker=worker, languages={"python"}, lease_seconds=15, max_attempts=3, bounds=bounds
        )


def at_work(database: Database, *, priority: int | None = None) -> int:
    with database.transaction() as session:
        statement = select(func.count(GradingRun.id)).where(GradingRun.status == RunStatus.RUNNING)
        if priority is not None:
            statement = statement.where(GradingRun.priority == priority)
        return session.scalar(statement) or 0


def test_fifty_sleepers_of_one_learner_leave_a_slot_for_another(world: World):
    for _ in range(50):
        submit(world)
    assert claim(world.database) is not None
    assert claim(world.database, worker="w2") is None  # a slot that is free, and stays so
    late = submit(world, world.other)
    task = claim(world.database, worker="w2")
    assert task is not None
    assert task.submission_id == late.submission.id


def test_when_the_sleeper_is_done_the_next_of_the_same_learner_is_due(world: World):
    first, second = submit(world).submission.id, submit(world).submission.id
    task = claim(world.database)
    assert task is not None
    assert task.submission_id == first
    record(world.database, task, passed())
    task = claim(world.database)
    assert task is not None
    assert task.submission_id == second


@pytest.mark.parametrize(("per_user", "claimed"), [(1, 1), (2, 2), (3, 3)])
def test_the_bound_is_what_the_setting_says(world: World, per_user: int, claimed: int):
    for _ in range(5):
        submit(world)
    bounds = service.Bounds(per_user, 1)
    tasks = [claim(world.database, bounds, worker=f"w{number}") for number in range(5)]
    assert sum(task is not None for task in tasks) == claimed


def test_a_learner_below_the_bound_is_found_behind_any_number_of_one_who_is_at_it(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    bounds = service.Bounds(per_user=2, regrades_below=1)
    assert submit(world, world.other)
    assert claim(world.database, bounds) is not None  # the other one: at work, but not at the bound
    with world.database.transaction() as session:
        learner = session.merge(world.learner)
        suite = session.scalars(select(GradingRun.suite_id)).first()
        for number in range(210):  # more than are looked at when all learners are busy
            submission = factories.make_submission(session, learner, world.first)
            session.add(
                GradingRun(
                    submission_id=submission.id,
                    user_id=learner.id,
                    language="python",
                    suite_id=suite,
                    number=1,
                    queued_at=now() - timedelta(hours=1),
                    status=RunStatus.RUNNING if number < 2 else RunStatus.PENDING,
                )
            )
    late = submit(world, world.other)
    task = claim(world.database, bounds)
    assert task is not None
    assert task.submission_id == late.submission.id


def test_a_re_grade_of_ones_own_work_is_no_turn_taken(world: World):
    graded = submit(world).submission.id
    grade_all(world.database, passed())
    regrade(world.database, graded)
    assert claim(world.database) is not None  # the re-grade, while nothing else waits
    assert at_work(world.database, priority=PRIORITY_REGRADE) == 1
    first, second = submit(world).submission.id, submit(world, world.other).submission.id
    bounds = service.Bounds(1, 1)
    tasks = [claim(world.database, bounds), claim(world.database, bounds)]
    assert [task.submission_id for task in tasks if task] == [first, second]  # by age, as if there were none


def regrades(world: World, count: int) -> list[UUID]:
    graded = [submit(world, world.other).submission.id for _ in range(count)]
    grade_all(world.database, passed())
    return [regrade(world.database, submission_id).submission_id for submission_id in graded]


def test_a_re_grade_does_not_take_the_last_free_slot(world: World):
    regrades(world, 3)
    assert claim(world.database) is not None
    assert claim(world.database) is None  # the second of two slots is for learners
    assert submit(world)
    assert claim(world.database) is not None
    assert at_work(world.database) == 2


def test_no_re_grade_begins_while_learners_are_at_work(world: World):
    regrades(world, 1)
    assert submit(world)
    task = claim(world.database)
    assert task is not None
    assert claim(world.database) is None
    record(world.database, task, passed())
    assert claim(world.database) is not None


@pytest.mark.parametrize("below", [1, 2, 3])
def test_re_grades_take_as_many_slots_as_the_setting_says(world: World, below: int):
    regrades(world, 4)
    tasks = [claim(world.database, service.Bounds(1, below)) for _ in range(5)]
    assert sum(task is not None for task in tasks) == below


def _at_once(database: Database, workers: int, bounds: service.Bounds) -> list[GradingTask]:
    barrier, claimed, failures = Barrier(workers), [], []

    def work(name: str) -> None:
        try:
            barrier.wait(60)
            claimed.extend(filter(None, [claim(database, bounds, worker=name) for _ in range(5)]))
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=work, args=(f"w{number}",)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    return claimed


def test_claims_at_the_same_moment_do_not_pass_the_bound_together(world: World):
    for _ in range(12):
        submit(world)
    assert len(_at_once(world.database, 4, ONE_EACH)) == 1
    assert at_work(world.database, priority=PRIORITY_LIVE) == 1


def test_re_grades_claimed_at_the_same_moment_do_not_pass_the_bound_together(world: World):
    regrades(world, 6)
    assert len(_at_once(world.database, 4, service.Bounds(1, 2))) == 2
    assert at_work(world.database) == 2


@pytest.mark.postgres
def test_a_claim_that_went_too_far_is_put_back_and_another_learners_run_taken(postgres_database: Database):
    """What the lock is for: two claims that cannot see each other. The first is held open while the second goes on."""
    from_world = make_world(postgres_database)
    sleepers = [submit(from_world).submission.id for _ in range(2)]
    other = submit(from_world, from_world.other).submission.id
    with postgres_database.transaction() as session:
        session.execute(
            update(GradingRun)
            .where(GradingRun.submission_id == other)
            .values(queued_at=now() + timedelta(seconds=1), ready_at=now())
        )
    got: list[GradingTask | None] = []
    with postgres_database.transaction() as held:
        first = service.claim_next_run(
            held, worker="w1", languages={"python"}, lease_seconds=15, max_attempts=3, bounds=ONE_EACH
        )
        second = Thread(target=lambda: got.append(claim(postgres_database, worker="w2")))
        second.start()
        with postgres_database.transaction() as watching:  # until it stands in line behind the first
            waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            while not watching.scalar(waiting):
                assert second.is_alive()
    second.join(60)
    assert first is not None
    assert first.submission_id == sleepers[0]
    assert [task.submission_id for task in got if task] == [other]
    assert at_work(postgres_database) == 2


def test_the_settings_of_two_slots_leave_one_to_others(settings: Settings):
    assert (settings.max_runs_per_user, settings.regrade_slots, settings.worker_slots) == (1, None, 2)
