"""What is taken in: bounds of the platform, bounds of an account, and what is never held against anybody."""

from collections.abc import Callable, Iterator
from threading import Barrier, Thread

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import func, select

from api.app import create_app
from api.auth.models import User
from api.core.database import Database
from api.core.errors import Invalid, RateLimited, Unavailable
from api.core.rates import RateLimit
from api.core.settings import Settings
from api.learning.submissions import admission as admission_module
from api.learning.submissions import service
from api.learning.submissions.admission import Admission, free_bytes_of
from api.learning.submissions.backlog import RecentBacklog
from api.learning.submissions.models import AssignmentSubmission
from api.learning.submissions.source import Source
from tests import factories
from tests.api.learning.world import World, actor, grade_all, make_world, must_claim, passed, record, regrade
from tests.conftest import Headers, RecordingBell

MIB = 1024 * 1024


@pytest.fixture
def tight(settings: Settings) -> Settings:
    """Three a minute, two open, four in the queue."""
    changes = {"submissions_per_minute": 3, "max_open_submissions": 2, "max_queued": 4, "min_free_mib": 100}
    return settings.model_copy(update=changes)


def make(settings: Settings, free: int | None = None, **changes: int) -> Admission:
    settings = settings.model_copy(update=changes)
    rate = RateLimit("submissions", settings.submissions_per_minute)
    return Admission(settings, RecentBacklog(lambda: 0.0), rate, None if free is None else lambda: free)


def send(
    world: World, admission: Admission, user: User | None = None, *, key: str | None = None, code: str = "1"
) -> service.Submitted:
    with world.database.transaction() as session:
        return service.submit(
            session,
            actor(user or world.learner),
            world.first.id,
            source=Source(code, None),
            language="python",
            key=key,
            admission=admission,
        )


def stored(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count(AssignmentSubmission.id))) or 0


def test_a_full_queue_takes_no_more_and_stores_nothing(world: World, tight: Settings):
    admission = make(tight, max_queued=2, max_open_submissions=0)
    send(world, admission)
    send(world, admission, world.other)
    with world.database.transaction() as session:
        factories.make_enrollment(session, session.merge(world.admin), session.merge(world.language))
    for user in (world.other, world.admin):
        with pytest.raises(Unavailable) as caught:
            send(world, admission, user)
        assert caught.value.code == "queue_full"
        assert caught.value.retry_after >= 1
    assert stored(world.database) == 2


def test_a_disk_that_is_nearly_full_takes_no_more(world: World, tight: Settings):
    with pytest.raises(Unavailable) as caught:
        send(world, make(tight, 100 * MIB - 1))
    assert (caught.value.code, stored(world.database)) == ("storage_low", 0)
    send(world, make(tight, 100 * MIB))
    send(world, make(tight, 0, min_free_mib=0), world.other)


def test_an_account_has_so_many_open_and_no_more(world: World, tight: Settings):
    admission = make(tight, submissions_per_minute=0)
    send(world, admission)
    running = send(world, admission)
    task = must_claim(world.database)  # at work is open too
    with pytest.raises(RateLimited) as caught:
        send(world, admission)
    assert (caught.value.code, stored(world.database)) == ("too_many_open", 2)
    send(world, admission, world.other)
    record(world.database, task, passed())
    assert send(world, admission).submission.id != running.submission.id


def test_re_grades_of_ones_work_are_not_open_submissions(world: World, tight: Settings):
    admission = make(tight, submissions_per_minute=0)
    ids = [send(world, admission).submission.id for _ in range(2)]
    grade_all(world.database, passed())
    for submission_id in ids:
        regrade(world.database, submission_id)
    send(world, admission)


def test_an_account_sends_so_many_a_minute_and_a_refusal_does_not_count(world: World, tight: Settings):
    admission = make(tight, max_open_submissions=0, max_queued=100)
    for _ in range(3):
        send(world, admission)
    with pytest.raises(RateLimited) as caught:
        send(world, admission)
    assert (caught.value.code, stored(world.database)) == ("rate_limited", 3)
    send(world, admission, world.other)


def test_what_is_refused_anyway_uses_nothing_up(world: World, tight: Settings):
    admission = make(tight, max_open_submissions=0)
    for _ in range(5):
        with pytest.raises(Invalid):
            _send_in_a_language_that_is_not_taken(world, admission)
    for _ in range(3):
        send(world, admission)


def _send_in_a_language_that_is_not_taken(world: World, admission: Admission) -> None:
    with world.database.transaction() as session:
        service.submit(
            session,
            actor(world.learner),
            world.first.id,
            source=Source("1", None),
            language="cobol",
            admission=admission,
        )


def test_an_admin_is_held_to_no_bound_of_an_account(world: World, tight: Settings, session_enrolled: None):
    admission = make(tight, max_queued=100)
    for _ in range(6):
        send(world, admission, world.admin)


@pytest.fixture
def session_enrolled(world: World) -> None:
    with world.database.transaction() as session:
        factories.make_enrollment(session, session.merge(world.admin), session.merge(world.language))


@pytest.mark.parametrize("bound", ["rate", "open", "queue", "disk"])
def test_a_repeat_with_its_key_is_never_refused(world: World, tight: Settings, bound: str):
    first = send(world, make(tight), key="k")
    free = 0 if bound == "disk" else None
    limits = {"submissions_per_minute": 3, "max_open_submissions": 0, "max_queued": 100}
    limits |= {"open": {"max_open_submissions": 1}, "queue": {"max_queued": 1}}.get(bound, {})
    admission = make(tight, free, **limits)
    if bound == "rate":
        for _ in range(3):
            send(world, admission)
    for _ in range(5):
        again = send(world, admission, key="k")
        assert (again.is_new, again.submission.id) == (False, first.submission.id)
    with pytest.raises((RateLimited, Unavailable)):
        send(world, admission, key="another")


def test_the_same_request_twice_at_once_is_let_in_once_and_refused_never(world: World, tight: Settings):
    admission = make(tight, max_open_submissions=1, submissions_per_minute=0)
    barrier, got, failures = Barrier(4), [], []

    def work() -> None:
        barrier.wait(60)
        try:
            got.append(send(world, admission, key="k"))
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert sum(one.is_new for one in got) == 1
    assert len({one.submission.id for one in got}) == 1


@pytest.mark.postgres
def test_a_refusal_that_came_with_the_repeat_itself_gives_the_submission(
    postgres_database: Database, tight: Settings
):
    """The first request is stored between the repeat's look for it and its turn at the bounds. (SQLite lets the repeat
    look only when the first is stored.)"""
    world = make_world(postgres_database)

    class LetsAnotherIn(Admission):
        def admit(self, session, actor):
            send(world, make(tight), key="k")
            raise RateLimited("full", retry_after=1)

    admission = LetsAnotherIn(tight, RecentBacklog(lambda: 0.0), RateLimit("submissions", 0))
    again = send(world, admission, key="k")
    assert (again.is_new, stored(world.database)) == (False, 1)


def test_free_room_is_that_of_the_folder_that_will_be(tmp_path, monkeypatch: pytest.MonkeyPatch):
    asked = []
    usage = admission_module.shutil.disk_usage
    monkeypatch.setattr(admission_module.shutil, "disk_usage", lambda path: asked.append(path) or usage(path))
    assert free_bytes_of(tmp_path / "not" / "yet") > 0
    assert asked == [tmp_path]


@pytest.fixture
def narrow(tight: Settings, database: Database, bell: RecordingBell) -> Iterator[TestClient[Litestar]]:
    settings = tight.model_copy(update={"min_free_mib": 0})
    with TestClient(create_app(settings, database=database, bell=bell)) as client:
        yield client


def test_refusals_over_http_say_when_to_come_back_and_ring_no_bell(
    narrow: TestClient[Litestar], served: World, headers_for: Callable[[User], Headers], bell: RecordingBell
):
    path = f"/api/v1/assignments/{served.first.id}/submissions"
    body = {"code": "print(1)", "language": "python"}
    headers = headers_for(served.learner)
    first = narrow.post(path, json=body, headers={**headers, "Idempotency-Key": "k"})
    assert (first.status_code, first.headers["retry-after"]) == (202, "1")
    assert narrow.post(path, json=body, headers=headers).status_code == 202
    answer = narrow.post(path, json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_open")
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    again = narrow.post(path, json=body, headers={**headers, "Idempotency-Key": "k"})
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    others = headers_for(served.other)
    assert [narrow.post(path, json=body, headers=others).status_code for _ in range(2)] == [202, 202]
    answer = narrow.post(path, json=body, headers=others)
    assert (answer.status_code, answer.json()["code"]) == (503, "queue_full")
    assert int(answer.headers["retry-after"]) >= 1
    assert bell.rung == 4


def test_retry_after_stands_on_what_waits_and_runs_and_on_nothing_that_is_done(
    narrow: TestClient[Litestar], served: World, headers_for: Callable[[User], Headers]
):
    headers = headers_for(served.learner)
    path = f"/api/v1/assignments/{served.first.id}/submissions"
    where = narrow.post(path, json={"code": "1", "language": "python"}, headers=headers).headers["location"]
    assert int(narrow.get(where, headers=headers).headers["retry-after"]) >= 1
    task = must_claim(served.database)
    assert narrow.get(where, headers=headers).headers["retry-after"] == "1"
    record(served.database, task, passed())
    assert "retry-after" not in narrow.get(where, headers=headers).headers
