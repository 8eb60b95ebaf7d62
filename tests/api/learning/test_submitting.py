"""What may be submitted, by whom, and how often the same thing is stored."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import func, select, update

from api.core.clock import now
from api.core.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from api.learning.curriculum.models import Assignment, EnrollmentStatus, LanguageEnrollment
from api.learning.submissions import service
from api.learning.submissions.grade import RunStatus, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, GradingRun
from api.learning.submissions.source import Source, check_source
from api.learning.submissions.text import clean, clean_json, clip
from tests import factories
from tests.api.learning.world import World, actor, failed, grade_all, must_claim, passed, submit
from tests.conftest import RecordingBell


def stored(world: World) -> tuple[int, int]:
    with world.database.transaction() as session:
        submissions = session.scalar(select(func.count()).select_from(AssignmentSubmission))
        return submissions or 0, session.scalar(select(func.count()).select_from(GradingRun)) or 0


def source(code: str | None = None, files: dict[str, str] | None = None) -> Source:
    return check_source(code, files, max_bytes=100, max_files=3)


@pytest.mark.parametrize(
    ("code", "files", "field"),
    [
        (None, None, "code"),
        ("x", {"a.py": "x"}, "code"),
        ("", None, "code"),
        (" \n\t", None, "code"),
        ("a\0b", None, "code"),
        ("\x7fELF\0\0", None, "code"),
        ("a\ud800b", None, "code"),
        (None, {}, "files"),
        (None, {"a.py": "  "}, "files"),
        (None, {"a.py": "x\0"}, "files.a.py"),
        (None, {"": "x"}, "files"),
        (None, {"../a.py": "x"}, "files"),
        (None, {"a/b.py": "x"}, "files"),
        (None, {"a\\b.py": "x"}, "files"),
        (None, {".bashrc": "x"}, "files"),
        (None, {"-rf": "x"}, "files"),
        (None, {"a b": "x"}, "files"),
        (None, {"a\n": "x"}, "files"),
        (None, {"ä.py": "x"}, "files"),
        (None, {"a" * 101: "x"}, "files"),
        (None, {"a.py": "x", "A.py": "y"}, "files"),
    ],
)
def test_what_is_no_source_is_refused_by_name(code: str | None, files: dict[str, str] | None, field: str):
    with pytest.raises(Invalid) as caught:
        source(code, files)
    assert [error.field for error in caught.value.errors] == [field]


def test_every_fault_of_a_source_is_listed():
    with pytest.raises(Invalid) as caught:
        source(None, {"../a": "x", "b.py": "\0", "c d": "y"})
    assert len(caught.value.errors) == 3


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("x" * 101, None),
        ("é" * 51, None),
        (None, {"a": "x" * 60, "b": "x" * 41}),
        (None, dict.fromkeys("abcd", "x")),
    ],
)
def test_a_source_over_a_limit_is_too_large(code: str | None, files: dict[str, str] | None):
    with pytest.raises(TooLarge):
        source(code, files)


def test_a_source_at_the_limit_is_taken():
    assert source("x" * 100) == Source("x" * 100, None)
    assert source(None, {"Main.java": "x", "_a-b+c.d": "y"}).as_files() == {"Main.java": "x", "_a-b+c.d": "y"}


def test_the_digest_tells_everything_apart_that_differs():
    one, other = uuid4(), uuid4()
    digests = {
        Source("a", None).body_digest(one, "python"),
        Source("a", None).body_digest(other, "python"),
        Source("a", None).body_digest(one, "c"),
        Source("b", None).body_digest(one, "python"),
        Source("", {"main": "a"}).body_digest(one, "python"),
        Source("", {"a": "b", "c": "d"}).body_digest(one, "python"),
    }
    assert len(digests) == 6
    same = Source("", {"c": "d", "a": "b"}).body_digest(one, "python")
    assert same in digests


def test_text_that_no_database_takes_is_replaced():
    assert clean("a\0b\ud800c") == "a\ufffdb?c"
    assert clean("héllo\n") == "héllo\n"
    assert clip("abcdef", 4) == "abc…"
    assert clean_json({"a\0": ["\0", {"b": ("\ud800", 1, None, True, 1.5)}]}) == {
        "a\ufffd": ["\ufffd", {"b": ["?", 1, None, True, 1.5]}]
    }


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (None, "not_enrolled"),
        (EnrollmentStatus.DROPPED, "not_enrolled"),
        (EnrollmentStatus.PAUSED, "enrollment_paused"),
    ],
)
def test_only_who_is_enrolled_may_submit(world: World, status: EnrollmentStatus | None, code: str):
    with world.database.transaction() as session:
        if status is None:
            stranger = factories.make_user(session)
        else:
            stranger = world.learner
            session.execute(update(LanguageEnrollment).values(status=status))
    with pytest.raises(Forbidden) as caught:
        submit(world, stranger)
    assert caught.value.code == code
    assert stored(world) == (0, 0)


def test_who_has_completed_the_language_may_go_on(world: World):
    with world.database.transaction() as session:
        session.execute(update(LanguageEnrollment).values(status=EnrollmentStatus.COMPLETED))
    assert submit(world).is_new


@pytest.mark.parametrize("language", ["cpp", "Python", "", "python\0", "../python"])
def test_a_language_the_suite_does_not_take_is_refused_by_name(world: World, language: str):
    with pytest.raises(Invalid) as caught:
        submit(world, language=language)
    (error,) = caught.value.errors
    assert (error.field, error.message) == ("language", "the assignment takes python, javascript")
    assert stored(world) == (0, 0)


def test_an_assignment_that_is_hidden_or_was_never_there_cannot_be_submitted_to(world: World):
    with world.database.transaction() as session:
        session.execute(update(Assignment).values(deleted_at=now()))
    with pytest.raises(NotFound):
        submit(world)
    with pytest.raises(NotFound), world.database.transaction() as session:
        service.submit(session, actor(world.learner), uuid4(), source=Source("x", None), language="python")


def test_a_submission_comes_with_its_first_run_and_one_bell(world: World):
    bell = RecordingBell()
    submitted = submit(world, bell=bell)
    assert submitted.is_new
    assert submitted.submission.status is SubmissionStatus.PENDING
    assert stored(world) == (1, 1)
    assert bell.rung == 1


def test_no_bell_rings_for_what_was_rolled_back(world: World):
    bell = RecordingBell()

    def submit_and_fail() -> None:
        with world.database.transaction() as session:
            who, source = actor(world.learner), Source("x", None)
            service.submit(session, who, world.first.id, source=source, language="python", bell=bell)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        submit_and_fail()
    assert bell.rung == 0
    assert stored(world) == (0, 0)


def test_a_dead_queue_does_not_lose_the_submission(world: World):
    bell = RecordingBell()
    bell.works = False
    assert submit(world, bell=bell).is_new
    assert must_claim(world.database)


def test_files_reach_the_grader_by_their_names(world: World):
    with world.database.transaction() as session:
        files = {"main.py": "import a", "a.py": "x = 1"}
        service.submit(
            session, actor(world.learner), world.first.id, source=Source("", files), language="python"
        )
    assert must_claim(world.database).files == files


def test_the_same_key_and_body_is_the_same_submission(world: World):
    bell = RecordingBell()
    first = submit(world, key="k", bell=bell)
    again = submit(world, key="k", bell=bell)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.submission.id == again.submission.id
    assert stored(world) == (1, 1)
    assert bell.rung == 1


def test_the_same_key_still_works_when_the_world_has_moved_on(world: World):
    first = submit(world, key="k")
    grade_all(world.database, passed())
    with world.database.transaction() as session:
        session.execute(update(LanguageEnrollment).values(status=EnrollmentStatus.DROPPED))
    again = submit(world, key="k")
    assert again.submission.id == first.submission.id
    assert again.submission.status is SubmissionStatus.PASSED


@pytest.mark.parametrize("change", [{"code": "other"}, {"language": "javascript"}, {"assignment": "second"}])
def test_the_same_key_with_another_body_is_a_conflict(world: World, change: dict[str, str]):
    submit(world, key="k")
    if "assignment" in change:
        change = {"assignment": world.second}  # pyright: ignore[reportAssignmentType]
    with pytest.raises(Conflict) as caught:
        submit(world, key="k", **change)  # pyright: ignore[reportArgumentType]
    assert caught.value.code == "idempotency_key_reused"
    assert stored(world) == (1, 1)


def test_a_key_is_the_own_one_of_each_learner(world: World):
    assert submit(world, key="k").is_new
    assert submit(world, world.other, key="k", code="something else").is_new


def test_after_a_day_a_key_is_free_again(world: World):
    with time_machine.travel(now(), tick=False) as clock:
        first = submit(world, key="k")
        clock.shift(timedelta(hours=23, minutes=59))
        assert not submit(world, key="k").is_new
        clock.shift(timedelta(minutes=2))
        assert submit(world, key="k", code="other").is_new
        assert not submit(world, key="k", code="other").is_new
    assert stored(world) == (2, 2)
    with world.database.transaction() as session:
        assert session.get_one(AssignmentSubmission, first.submission.id).idempotency_key is None


def test_two_requests_with_one_key_at_the_same_moment_store_one_submission(world: World):
    barrier, answers, failures = Barrier(4), [], []

    def work() -> None:
        barrier.wait()
        try:
            answers.append(submit(world, key="k"))
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len({answer.submission.id for answer in answers}) == 1
    assert [answer.is_new for answer in answers].count(True) == 1
    assert stored(world) == (1, 1)


def test_a_key_raced_with_two_bodies_stores_one_and_refuses_the_other(world: World):
    barrier, outcomes = Barrier(2), []

    def work(code: str) -> None:
        barrier.wait()
        try:
            outcomes.append(submit(world, key="k", code=code).is_new)
        except Conflict as error:
            outcomes.append(error.code)

    threads = [Thread(target=work, args=(code,)) for code in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(map(str, outcomes)) == ["True", "idempotency_key_reused"]
    assert stored(world) == (1, 1)


def plan(world: World, **which: Any) -> list[tuple[object, int]]:
    with world.database.transaction() as session:
        return [tuple(item) for item in service.regrade_many(session, **which)]


def test_regrading_many_needs_to_be_told_which(world: World):
    with pytest.raises(Invalid):
        plan(world)


def test_regrading_an_unknown_id_regrades_none(world: World):
    known = submit(world).submission.id
    grade_all(world.database, passed())
    with pytest.raises(NotFound):
        plan(world, ids=[known, uuid4()])
    assert stored(world) == (1, 1)


def test_many_are_regraded_by_id_by_assignment_and_by_status(world: World):
    first = submit(world).submission.id
    grade_all(world.database, passed())
    second = submit(world, world.other).submission.id
    third = submit(world, assignment=world.second).submission.id
    grade_all(world.database, failed())
    bell = RecordingBell()
    assert plan(world, status=SubmissionStatus.FAILED, dry_run=True, bell=bell) == [(second, 2), (third, 2)]
    assert stored(world) == (3, 3)
    assert plan(world, assignment_slug="first", dry_run=True) == [(first, 2), (second, 2)]
    assert plan(world, assignment_slug="first", status=SubmissionStatus.PASSED, bell=bell) == [(first, 2)]
    assert plan(world, ids=[third], bell=bell) == [(third, 2)]
    assert plan(world, assignment_slug="no-such") == []
    assert bell.rung == 2
    with world.database.transaction() as session:
        waiting = GradingRun.status == RunStatus.PENDING
        assert set(session.scalars(select(GradingRun.priority).where(waiting))) == {1}


def test_regrading_one_submission_twice_at_once_gives_two_numbers_or_one_run(world: World):
    submitted = submit(world).submission.id
    grade_all(world.database, passed())
    barrier, numbers = Barrier(3), []

    def work() -> None:
        barrier.wait()
        with world.database.transaction() as session:
            numbers.append(service.regrade(session, submitted).number)

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert numbers == [2, 2, 2]
    assert stored(world) == (1, 2)
