"""Watching for real: a grader that tells through Redis, API processes that listen, and a Redis that goes away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import delete, event, update

from api.auth.models import Session as UserSession
from api.auth.models import User
from api.core.actor import Actor, UserRole
from api.core.clock import now
from api.core.database import Database
from api.core.errors import NotFound, RateLimited, Unavailable
from api.core.events import Teller
from api.core.queue import connect
from api.learning.submissions import service
from api.learning.submissions.backlog import RecentBacklog
from api.learning.submissions.grade import Grade, GradingTask
from api.learning.submissions.live import events
from api.learning.submissions.live.events import Event, Place
from api.learning.submissions.live.hub import Hub, Limits
from api.learning.submissions.live.topic import Watcher
from api.learning.submissions.models import GradingRun
from grader.telling import Telling, TellsRun
from tests import factories, services
from tests.api.learning.world import (
    CANARY,
    World,
    failed,
    grade_all,
    must_claim,
    passed,
    record,
    regrade,
    submit,
)

NEVER = 3600.0  # seconds to the second look: what is heard after the first came through Redis
SOON = 0.01
LIMITS = Limits(watchers=100, of_one_user=60)


@pytest.fixture
def world(served: World) -> World:
    """On SQLite: what is told does not depend on where it is stored."""
    return served


@pytest.fixture
def telling(redis_url: str) -> Iterator[Telling]:
    with connect(redis_url) as connection:
        made = Telling(Teller(connection), batch_seconds=SOON, look_seconds=SOON)
        yield made
        made.close()


@asynccontextmanager
async def running(
    world: World, redis_url: str | None, *, look_seconds: float = SOON, limits: Limits = LIMITS
) -> AsyncIterator[Hub]:
    recent = RecentBacklog(lambda: 0.0)
    hub = Hub(world.database, redis_url, limits, recent, look_seconds=look_seconds)
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


def sign_in(world: World, user: User | None = None) -> Actor:
    with world.database.transaction() as session:
        return factories.make_actor(session, user or world.learner)


async def next_events(watcher: Watcher) -> Sequence[Event]:
    """The next batch; empty at the end."""
    batch = await watcher.fetch(20)
    assert batch is not None, "nothing was told"
    return batch


async def until(watcher: Watcher, kind: str) -> list[Event]:
    """Everything up to an event of ``kind``."""
    found: list[Event] = []
    while batch := await next_events(watcher):
        found += batch
        if any(event.kind == kind for event in batch):
            return found
    raise AssertionError(f"it ended with {found}")


async def to_the_end(watcher: Watcher) -> list[Event]:
    found: list[Event] = []
    while batch := await next_events(watcher):
        found += batch
    return found


def kinds(found: Sequence[Event]) -> list[str]:
    return [event.kind for event in found]


def tell(told: TellsRun, grade: Grade, *, cases: int | None = None) -> None:
    for index, case in enumerate(grade.cases[:cases]):
        told.judged(index, case)


def finish(world: World, task: GradingTask, told: TellsRun | None, grade: Grade) -> None:
    """Records, and then tells."""
    assert record(world.database, task, grade)
    if told is not None:
        tell(told, grade)
        told.done(grade)
        told.over()


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def test_a_submission_is_watched_from_the_line_to_its_end(world: World, redis_url: str, telling: Telling):
    async def scene() -> list[Event]:
        submit(world, world.other)
        submission = submit(world).submission
        async with running(world, redis_url) as hub:
            watcher = await hub.watch(sign_in(world), submission.id, None)
            found = await until(watcher, "queued")
            assert must_claim(world.database).submission_id != submission.id  # the older one
            found += await until(watcher, "queued")
            task = must_claim(world.database)
            told = telling.begin(task)
            found += await until(watcher, "running")
            tell(told, passed(), cases=1)
            found += await until(watcher, "case")
            finish(world, task, told, passed())
            return [*found, *await to_the_end(watcher)]

    found = asyncio.run(scene())
    assert kinds(found) == ["queued", "queued", "running", "compiled", "case", "case", "done"]
    assert b'"position":1' in found[0].data
    assert b'"position":0' in found[1].data
    assert found[-1].data == b'{"status":"PASSED","reason":null,"score":100,"maxScore":100}'
    places = [event.place for event in found]
    assert places == sorted(set(places))
    assert all(CANARY.encode() not in event.data for event in found)


def test_fifty_watchers_of_many_runs_cost_the_database_nothing(
    world: World, redis_url: str, telling: Telling
):
    async def scene() -> None:
        ids = [submit(world).submission.id for _ in range(5)]
        actor = sign_in(world)
        async with running(world, redis_url, look_seconds=NEVER) as hub:
            watchers = [await hub.watch(actor, ids[number % 5], None) for number in range(50)]
            begun = [
                telling.begin(must_claim(world.database)) for _ in ids
            ]  # told as soon as the hub listens
            for watcher in watchers:
                await until(watcher, "running")
            with statements(world.database) as seen:
                for told in begun:
                    tell(told, passed())
                    told.done(passed())
                for watcher in watchers:
                    assert kinds(await to_the_end(watcher)) == ["compiled", "case", "case", "done"]
            assert seen == []

    asyncio.run(scene())


def test_a_look_asks_for_all_watchers_together(world: World):
    async def cost(watched: int) -> int:
        ids = [submit(world).submission.id for _ in range(watched)]
        actor = sign_in(world)
        async with running(world, None, look_seconds=NEVER) as hub:
            watchers = [await hub.watch(actor, submission_id, None) for submission_id in ids]
            for watcher in watchers[:1]:
                await until(watcher, "queued")
            with statements(world.database) as seen:
                await hub._look()
            return len(seen)

    few, many = asyncio.run(cost(2)), asyncio.run(cost(40))
    assert few == many
    assert many <= 8


def test_a_burst_of_many_cases_drops_nobody(world: World, redis_url: str, telling: Telling):
    async def scene() -> list[Event]:
        submission_id = submit(world).submission.id
        async with running(world, redis_url, look_seconds=NEVER) as hub:
            watcher = await hub.watch(sign_in(world), submission_id, None)
            task = must_claim(world.database)
            told = telling.begin(task)
            found = await until(watcher, "running")
            for index in range(1000):
                told.judged(index, passed().cases[0])
            told.done(msgspec.structs.replace(passed(), cases=passed().cases[:1] * 1000))
            return [*found, *await to_the_end(watcher)]

    found = asyncio.run(scene())
    assert [e for e in kinds(found) if e != "queued"] == ["running", "compiled", *["case"] * 1000, "done"]


@pytest.mark.parametrize("seen", range(1, 5))
def test_who_comes_back_to_another_process_misses_nothing_and_hears_nothing_twice(
    world: World, redis_url: str, telling: Telling, seen: int
):
    async def scene() -> list[Event]:
        submission_id, actor = submit(world).submission.id, sign_in(world)
        async with running(world, redis_url, look_seconds=NEVER) as one:
            watcher = await one.watch(actor, submission_id, None)
            task = must_claim(world.database)
            told = telling.begin(task)
            tell(told, passed())
            found = [e for e in await _until_count(watcher, 4) if e.kind != "queued"][:seen]
            await one.leave(watcher)
        async with running(world, redis_url, look_seconds=NEVER) as two:
            again = await two.watch(actor, submission_id, found[-1].place)
            if seen < 4:
                found += await _until_count(again, 4 - seen)
            finish(world, task, told, passed())
            return [*found, *await to_the_end(again)]

    found = asyncio.run(scene())
    assert kinds(found) == ["running", "compiled", "case", "case", "done"]
    assert [str(event.place) for event in found] == ["1.1.0", "1.1.1", "1.1.2", "1.1.3", f"1.1.{events.DONE}"]


async def _until_count(watcher: Watcher, count: int) -> list[Event]:
    found: list[Event] = []
    while len([event for event in found if event.kind != "queued"]) < count:
        found += await next_events(watcher)
    return found


def test_without_redis_the_rows_tell_everything_at_the_end(world: World):
    async def scene() -> list[Event]:
        submission_id = submit(world).submission.id
        async with running(world, None) as hub:
            watcher = await hub.watch(sign_in(world), submission_id, None)
            found = await until(watcher, "queued")
            task = must_claim(world.database)
            found += await until(watcher, "running")
            assert record(world.database, task, failed())
            return [*found, *await to_the_end(watcher)]

    found = asyncio.run(scene())
    assert kinds(found) == ["queued", "running", "compiled", "case", "case", "done"]
    assert all(CANARY.encode() not in event.data for event in found)
    assert b'"cpuMs":20,"wallMs":30' in found[3].data


def test_what_redis_told_and_what_the_rows_tell_is_the_same(world: World, redis_url: str, telling: Telling):
    async def scene() -> tuple[list[Event], list[Event]]:
        submission_id, actor = submit(world).submission.id, sign_in(world)
        async with running(world, redis_url, look_seconds=NEVER) as hub:
            watcher = await hub.watch(actor, submission_id, None)
            task = must_claim(world.database)
            told = telling.begin(task)
            finish(world, task, told, failed())
            by_redis = await to_the_end(watcher)
            after = await hub.watch(actor, submission_id, Place(1, 1, -1))
            return [event for event in by_redis if event.kind != "queued"], await to_the_end(after)

    by_redis, by_rows = asyncio.run(scene())
    assert [event[:3] for event in by_redis] == [event[:3] for event in by_rows]


def test_redis_killed_in_the_middle_of_a_stream_and_the_stream_still_ends(world: World):
    async def scene(url: str, kill: Callable[[], None], telling: Telling) -> list[Event]:
        submission_id = submit(world).submission.id
        async with running(world, url) as hub:
            watcher = await hub.watch(sign_in(world), submission_id, None)
            task = must_claim(world.database)
            told = telling.begin(task)
            tell(told, passed(), cases=1)
            found = await until(watcher, "case")
            kill()
            finish(world, task, told, passed())
            return [*found, *await to_the_end(watcher)]

    with services.redis_server() as url, connect(url) as connection, connect(url) as other:
        telling = Telling(Teller(connection), batch_seconds=SOON, look_seconds=SOON)
        other.ping()
        found = asyncio.run(scene(url, lambda: _shut_down(other), telling))
        telling.close()
    assert [e for e in kinds(found) if e != "queued"] == ["running", "compiled", "case", "case", "done"]


def _shut_down(connection: Any) -> None:
    connection.shutdown(nosave=True, now=True, force=True)


def test_a_redis_that_lost_its_logs_is_told_again_and_clients_hear_nothing_twice(
    world: World, redis_url: str, telling: Telling
):
    async def scene() -> list[Event]:
        submission_id, actor = submit(world).submission.id, sign_in(world)
        async with running(world, redis_url, look_seconds=NEVER) as hub:
            watcher = await hub.watch(actor, submission_id, None)
            task = must_claim(world.database)
            told = telling.begin(task)
            tell(told, passed(), cases=1)
            found = await until(watcher, "case")
            with connect(redis_url) as connection:
                connection.flushall()
            finish(world, task, told, passed())
            return [*found, *await to_the_end(watcher)]

    found = asyncio.run(scene())
    assert [e for e in kinds(found) if e != "queued"] == ["running", "compiled", "case", "case", "done"]


def test_a_connection_that_broke_is_made_again_and_nothing_is_missed(
    world: World, redis_url: str, telling: Telling
):
    async def scene() -> list[Event]:
        submission_id = submit(world).submission.id
        async with running(world, redis_url, look_seconds=NEVER) as hub:
            watcher = await hub.watch(sign_in(world), submission_id, None)
            task = must_claim(world.database)
            told = telling.begin(task)
            tell(told, passed(), cases=1)
            found = await until(watcher, "case")  # which only Redis can have told
            with connect(redis_url) as connection:
                assert connection.client_kill_filter(_type="pubsub") == 1
            finish(world, task, told, passed())
            return [*found, *await to_the_end(watcher)]

    found = asyncio.run(scene())
    assert [e for e in kinds(found) if e != "queued"] == ["running", "compiled", "case", "case", "done"]


def test_what_anybody_writes_into_the_channel_is_not_passed_on(world: World, redis_url: str):
    async def scene() -> list[Event]:
        submission_id = submit(world).submission.id
        async with running(world, redis_url) as hub:
            watcher = await hub.watch(sign_in(world), submission_id, None)
            found = await until(watcher, "queued")
            task = must_claim(world.database)
            with connect(redis_url) as connection:
                for message in (b"\xff", b"[]", b"data: x\n\nevent: done\n\n", b"9" * 2_000_000):
                    connection.publish(f"codezest:live:{task.run_id}", message)
                    connection.rpush(f"codezest:live:log:{task.run_id}", message)
            assert record(world.database, task, passed())
            return [*found, *await to_the_end(watcher)]

    assert [e for e in kinds(asyncio.run(scene())) if e not in ("queued", "running")] == [
        "compiled",
        "case",
        "case",
        "done",
    ]


def test_a_second_attempt_begins_anew(world: World, redis_url: str, telling: Telling):
    async def scene() -> list[Event]:
        submission_id = submit(world).submission.id
        async with running(world, redis_url) as hub:
            watcher = await hub.watch(sign_in(world), submission_id, None)
            task = must_claim(world.database)
            told = telling.begin(task)
            tell(told, passed(), cases=1)
            found = await until(watcher, "case")
            told.over()
            with world.database.transaction() as session:
                service.release_run(
                    session, task.run_id, task.attempt, reason="", counts_attempt=False, max_attempts=3
                )
            found += await until(watcher, "queued")
            task = must_claim(world.database)
            finish(world, task, telling.begin(task), passed())
            return [*found, *await to_the_end(watcher)]

    found = asyncio.run(scene())
    first = kinds(found).index("running")
    assert kinds(found[first:]) == [
        *("running", "compiled", "case"),
        "queued",
        *("running", "compiled", "case", "case", "done"),
    ]
    places = [event.place for event in found]
    assert places == sorted(set(places))


def test_a_run_that_the_platform_gives_up_ends_the_stream_too(world: World):
    async def scene() -> list[Event]:
        submission_id = submit(world).submission.id
        async with running(world, None) as hub:
            watcher = await hub.watch(sign_in(world), submission_id, None)
            task = must_claim(world.database)
            found = await until(watcher, "running")
            with world.database.transaction() as session:
                service.release_run(
                    session, task.run_id, task.attempt, reason="x", counts_attempt=True, max_attempts=1
                )
            return [*found, *await to_the_end(watcher)]

    found = asyncio.run(scene())
    assert found[-1].data == b'{"status":"ERROR","reason":"platform","score":null,"maxScore":100}'


def test_a_graded_submission_answers_done_at_once_and_the_rest_to_who_asks_for_it(world: World):
    async def scene(after: Place | None, *, who: User | None = None) -> list[str]:
        async with running(world, None) as hub:
            watcher = await hub.watch(sign_in(world, who), submission_id, after)
            return kinds(await to_the_end(watcher))

    submission_id = submit(world).submission.id
    grade_all(world.database, passed())
    assert asyncio.run(scene(None)) == ["done"]
    assert asyncio.run(scene(Place(1, 1, 2))) == ["case", "done"]
    assert asyncio.run(scene(Place(1, 1, events.DONE))) == []
    regrade(world.database, submission_id)
    assert asyncio.run(scene(None)) == [
        "done"
    ]  # a learner is told of a re-grade when it changes what is shown


def test_an_admin_follows_a_re_grade_at_work_and_a_learner_does_not(world: World):
    submission_id = submit(world).submission.id
    grade_all(world.database, passed())
    regrade(world.database, submission_id)

    async def scene() -> tuple[list[Event], list[str]]:
        async with running(world, None) as hub:
            by_admin = await hub.watch(sign_in(world, world.admin), submission_id, None)
            found = await until(by_admin, "queued")
            task = must_claim(world.database)
            found += await until(by_admin, "running")
            own = await hub.watch(sign_in(world), submission_id, None)
            assert record(world.database, task, failed())
            return [*found, *await to_the_end(by_admin)], kinds(await to_the_end(own))

    found, own = asyncio.run(scene())
    assert own == ["done"]
    assert found[-1].place == (2, 1, events.DONE)
    assert b"FAILED" in found[-1].data


def test_nobody_elses_submission_can_be_watched(world: World):
    submission_id = submit(world).submission.id

    async def scene() -> None:
        async with running(world, None) as hub:
            stranger = sign_in(world, world.other)
            for unknown in (submission_id, UUID(int=1)):
                with pytest.raises(NotFound) as caught:
                    await hub.watch(stranger, unknown, None)
                assert caught.value.detail == "there is no such submission"
            assert hub.count == 0
            await hub.watch(sign_in(world, world.admin), submission_id, None)

    asyncio.run(scene())


@pytest.mark.parametrize("how", ["logout", "expiry", "role", "account"])
def test_a_stream_ends_with_the_token(world: World, how: str):
    submission_id = submit(world).submission.id

    async def scene() -> None:
        async with running(world, None) as hub:
            ended = await hub.watch(actor := sign_in(world, world.admin), submission_id, None)
            stays = await hub.watch(sign_in(world), submission_id, None)
            await until(ended, "queued")
            await until(stays, "queued")
            with world.database.transaction() as session:
                if how == "logout":
                    session.execute(delete(UserSession).where(UserSession.id == actor.session_id))
                elif how == "expiry":
                    values = {"expires_at": now() - timedelta(seconds=1)}
                    session.execute(
                        update(UserSession).where(UserSession.id == actor.session_id).values(values)
                    )
                elif how == "role":
                    session.merge(world.admin).role = UserRole.USER
                else:
                    session.merge(world.admin).deleted_at = now()
            assert await to_the_end(ended) == []
            assert not stays.is_over

    asyncio.run(scene())


def test_watchers_are_counted_by_user_and_in_all_and_who_leaves_makes_room(world: World):
    submission_id, others = submit(world).submission.id, submit(world, world.other).submission.id

    async def scene() -> None:
        async with running(world, None, limits=Limits(watchers=3, of_one_user=2)) as hub:
            actor, other = sign_in(world), sign_in(world, world.other)
            first = await hub.watch(actor, submission_id, None)
            await hub.watch(actor, submission_id, None)
            with pytest.raises(RateLimited) as limited:
                await hub.watch(actor, submission_id, None)
            await hub.watch(other, others, None)
            with pytest.raises(Unavailable) as full:
                await hub.watch(other, others, None)
            for error in (limited.value, full.value):
                assert (error.code, error.retry_after) == ("too_many_streams", 5)
            await hub.leave(first)
            await hub.leave(first)
            await hub.watch(actor, submission_id, None)
            assert hub.count == 3

    asyncio.run(scene())


def test_when_all_have_left_nothing_is_kept_and_nothing_is_asked(world: World, redis_url: str):
    submission_id = submit(world).submission.id

    async def scene() -> None:
        async with running(world, redis_url) as hub:
            watchers = [await hub.watch(sign_in(world), submission_id, None) for _ in range(3)]
            for watcher in watchers:
                await until(watcher, "queued")
            for watcher in watchers:
                await hub.leave(watcher)
            assert (hub.count, hub._topics, hub._watchers) == (0, {}, {})
            assert not hub._is_wanted.is_set()

    asyncio.run(scene())


def test_a_database_that_is_away_for_a_while_ends_no_stream(world: World, monkeypatch: pytest.MonkeyPatch):
    submission_id = submit(world).submission.id

    async def scene() -> list[str]:
        async with running(world, None) as hub:
            watcher = await hub.watch(sign_in(world), submission_id, None)
            await until(watcher, "queued")
            failures = iter([Unavailable("away"), ZeroDivisionError(), Unavailable("away")])
            read, away = hub._read, asyncio.Event()
            loop = asyncio.get_running_loop()

            def fails(*arguments: Any) -> Any:
                if (error := next(failures, None)) is not None:
                    raise error
                loop.call_soon_threadsafe(away.set)
                return read(*arguments)

            monkeypatch.setattr(hub, "_read", fails)
            await away.wait()
            assert record(world.database, must_claim(world.database), passed())
            return kinds(await to_the_end(watcher))

    assert asyncio.run(scene())[-1] == "done"


def test_a_submission_that_goes_away_ends_its_stream(world: World):
    submission_id = submit(world).submission.id

    async def scene() -> None:
        async with running(world, None) as hub:
            watcher = await hub.watch(sign_in(world, world.admin), submission_id, None)
            await until(watcher, "queued")
            with world.database.transaction() as session:
                session.execute(delete(GradingRun))
            assert await to_the_end(watcher) == []

    asyncio.run(scene())
