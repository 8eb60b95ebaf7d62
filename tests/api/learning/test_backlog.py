"""What is said about the queue: estimates, but not wrong ones."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.core.clock import now
from api.learning.submissions import backlog as backlog_module
from api.learning.submissions.backlog import (
    LONGEST_RETRY_SECONDS,
    LONGEST_WAIT_SECONDS,
    Backlog,
    RecentBacklog,
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


def test_an_idle_minute_does_not_make_a_short_queue_look_long():
    # One run of two seconds in the last minute; two are at work: the next three need three seconds, not three minutes.
    assert expected_wait_seconds(Backlog(3, 0, 2, now(), 1 / 60, 2.0), 2) == 3


def test_how_long_a_run_takes_is_that_of_the_last_ones(world: World):
    submit(world)
    grade_all(world.database, passed())
    with world.database.transaction() as session:
        moment = now()
        session.execute(
            update(GradingRun).values(started_at=moment - timedelta(seconds=4), finished_at=moment)
        )
        assert backlog(session).run_seconds == 4.0


class Seconds:
    """A clock that goes by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_process_counts_once_a_second_however_many_ask(world: World, monkeypatch: pytest.MonkeyPatch):
    counted = []
    count = backlog_module.backlog
    monkeypatch.setattr(backlog_module, "backlog", lambda session: counted.append(1) or count(session))
    seconds = Seconds()
    recent = RecentBacklog(seconds)
    with world.database.transaction() as session:
        for _ in range(50):
            assert recent.get(session).live == 0
    submit(world)
    recent.note_added()
    with world.database.transaction() as session:
        assert (recent.get(session).live, len(counted)) == (1, 1)
        seconds.now += 1.5
        assert (recent.get(session).live, len(counted)) == (1, 2)


def test_while_one_thread_counts_the_others_make_do_with_what_is_known(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    seconds = Seconds()
    recent = RecentBacklog(seconds)
    begun, go_on = Event(), Event()

    def slow(session: Session) -> Backlog:
        begun.set()
        assert go_on.wait(30)
        return Backlog(9, 0, 0, None, 0.0)

    with world.database.transaction() as session:
        assert recent.get(session).live == 0
        seconds.now += 2
        monkeypatch.setattr(backlog_module, "backlog", slow)
        counting = Thread(target=recent.get, args=(session,))
        counting.start()
        assert begun.wait(30)
        assert recent.get(session).live == 0
        go_on.set()
        counting.join(30)
        assert recent.get(session).live == 9


def test_when_to_ask_again_follows_from_the_age_and_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch):
    oldest = now() - timedelta(seconds=100)
    monkeypatch.setattr(backlog_module, "backlog", lambda _: Backlog(20, 0, 1, oldest, 2.0, 1.0))
    recent = RecentBacklog(Seconds())
    with world.database.transaction() as session:
        assert recent.retry_after(session, None) == 1  # it is at work
        assert recent.retry_after(session, oldest) == 1
        assert recent.retry_after(session, oldest + timedelta(seconds=50)) in (5, 6)
        assert recent.retry_after(session, now()) in (10, 11)
        monkeypatch.setattr(backlog_module, "backlog", lambda _: Backlog(10**6, 0, 1, oldest, 2.0, 1.0))
        assert RecentBacklog(Seconds()).retry_after(session, now()) == LONGEST_RETRY_SECONDS
