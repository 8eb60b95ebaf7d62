"""What is said about the queue: estimates, but not wrong ones."""

from datetime import timedelta

from sqlalchemy import select, update

from api.core.clock import now
from api.learning.submissions.backlog import (
    LONGEST_WAIT_SECONDS,
    Backlog,
    backlog,
    expected_wait_seconds,
    position,
)
from api.learning.submissions.models import GradingRun
from tests.api.learning.world import World, grade_all, must_claim, passed, regrade, submit


def test_an_empty_queue_has_no_oldest_run_and_no_pace(world: World):
    with world.database.transaction() as session:
        assert backlog(session) == Backlog(0, 0, 0, None, 0.0)


def test_live_runs_re_grades_and_runs_at_work_are_told_apart(world: World):
    graded = submit(world).submission
    grade_all(world.database, passed())
    regrade(world.database, graded.id)
    submit(world)
    must_claim(world.database)  # a live one goes before the re-grade
    oldest = submit(world).submission
    submit(world)
    with world.database.transaction() as session:
        state = backlog(session)
        run = session.scalars(select(GradingRun).where(GradingRun.submission_id == oldest.id)).one()
    assert (state.live, state.regrades, state.at_work) == (2, 1, 1)
    assert state.oldest_at == run.queued_at
    assert state.per_second == 1 / 60


def test_what_ended_long_ago_says_nothing_about_the_pace(world: World):
    submit(world)
    grade_all(world.database, passed())
    with world.database.transaction() as session:
        session.execute(update(GradingRun).values(finished_at=now() - timedelta(seconds=61)))
        assert backlog(session).per_second == 0.0


def test_a_run_stands_behind_what_is_older_and_before_re_grades(world: World):
    graded = submit(world).submission
    grade_all(world.database, passed())
    regrade(world.database, graded.id)
    first, second = submit(world).submission, submit(world).submission
    with world.database.transaction() as session:
        places = {
            run.submission_id: position(session, run)
            for run in session.scalars(select(GradingRun).where(GradingRun.finished_at.is_(None)))
        }
    assert places == {first.id: 0, second.id: 1, graded.id: 2}


def test_the_wait_is_the_length_over_the_pace_and_never_zero_or_endless():
    quick, unknown = Backlog(10, 0, 2, now(), 5.0), Backlog(10, 0, 0, now(), 0.0)
    assert [expected_wait_seconds(quick, ahead) for ahead in (0, 9, 10)] == [1, 2, 3]
    assert expected_wait_seconds(unknown, 9) == 10
    assert expected_wait_seconds(unknown, 10**9) == LONGEST_WAIT_SECONDS
