"""The users of `deploy/redis-users.acl` on a real server: each can do its work, and is refused the rest."""

import asyncio
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis

from api.core.database import Database
from api.core.errors import RateLimited, Unauthenticated
from api.core.events import Listener, Teller
from api.core.queue import GRADE_JOB, Bell, connect, make_queue
from api.core.rates import RateLimit
from api.core.settings import Settings
from api.http.throttle import LoginThrottle
from grader import jobs
from grader.sweeper import sweep_once
from grader.worker import BellListener
from tests import services
from tests.house.tree import ROOT

pytestmark = pytest.mark.redis

PASSWORDS = {"codezest_api": "api's: @/%ü", "codezest_grader": "grader's"}
CONNECT = Callable[..., "redis.Redis"]


class Ears:
    """Hears bells, and can be made to fail or to be slow."""

    def __init__(self, act: Callable[[], object] = lambda: None) -> None:
        self.heard, self.act = 0, act

    def grade_pending(self) -> int:
        self.heard += 1
        self.act()
        return 0


@pytest.fixture(scope="module", params=["valkey", "redis-server"])
def redis_with_users(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server that lets in the two users, and a third who may look at what was refused to them: the Valkey that comes
    with us, and the machine's Redis."""
    binary = None if request.param == "valkey" else shutil.which(request.param)
    if binary is None and request.param != "valkey":
        pytest.skip(f"no {request.param} on this machine")
    rules = (ROOT / "deploy" / "redis-users.acl").read_text()
    for mark, user in (("@API@", "codezest_api"), ("@GRADER@", "codezest_grader")):
        assert rules.count(mark) == 1
        rules = rules.replace(mark, "#" + hashlib.sha256(PASSWORDS[user].encode()).hexdigest())
    path = tmp_path_factory.mktemp("users") / "users.acl"
    path.write_text(rules + "user admin on nopass ~* &* +@all\n")
    with services.redis_server("--aclfile", str(path), binary=binary) as url:
        yield url


@pytest.fixture
def as_user(redis_with_users: str) -> Iterator[CONNECT]:
    opened: list[Any] = []

    def open_as(user: str, password: str | None = None) -> "redis.Redis":
        secret = quote(password or PASSWORDS.get(user, ""), safe="")
        opened.append(connect(redis_with_users.replace("://", f"://{user}:{secret}@", 1)))
        return opened[-1]

    admin = open_as("admin")
    admin.flushall()
    admin.acl_log_reset()
    yield open_as
    jobs.serve(None)
    for connection in opened:
        connection.close()


def refused(as_user: CONNECT) -> list[str]:
    """What the server has refused since the test began."""
    return [f"{line['username']}: {line['reason']} {line['object']}" for line in as_user("admin").acl_log()]


def listen(connection: Any, name: str, **changes: Any) -> None:
    BellListener(connection, name, **{"lease_seconds": 15, **changes}).work(
        burst=True, logging_level="CRITICAL"
    )


def test_the_api_rings_and_counts_logins(as_user: CONNECT):
    connection = as_user("codezest_api")
    bell = Bell(connection)
    assert bell.ring()
    assert bell.answers()
    assert bell.waiting() == 1
    throttle = LoginThrottle(1, connection)
    with throttle.attempt(account="right", address="192.0.2.1"):
        pass
    with pytest.raises(Unauthenticated), throttle.attempt(account="wrong", address="192.0.2.1"):
        raise Unauthenticated("wrong")
    with pytest.raises(RateLimited), throttle.attempt(account="wrong", address="192.0.2.1"):
        pass
    assert as_user("admin").keys("codezest:login:*")  # not the process's own counters, for want of rights
    assert refused(as_user) == []


def test_the_api_bounds_what_one_account_sends(as_user: CONNECT):
    rate = RateLimit("submissions", 1, as_user("codezest_api"))
    rate.take("ada")
    with pytest.raises(RateLimited):
        rate.take("ada")
    assert as_user("admin").keys("codezest:rate:*")
    assert refused(as_user) == []


def test_a_grader_tells_and_the_api_hears(as_user: CONNECT, redis_with_users: str):
    heard: list[bytes] = []

    async def listen_and_tell() -> None:
        loop, confirmed, told = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

        def hear(topic: str, messages: Sequence[bytes], *, is_log: bool) -> None:
            heard.extend(messages)
            if messages and not is_log:
                told.set()

        url = redis_with_users.replace(
            "://", f"://codezest_api:{quote(PASSWORDS['codezest_api'], safe='')}@", 1
        )
        listener = Listener(url, hear, lambda _topic: confirmed.set())
        await listener.add("run")
        listening = loop.create_task(listener.run())
        async with asyncio.timeout(20):
            await confirmed.wait()
            teller = Teller(as_user("codezest_grader"))
            assert await asyncio.to_thread(teller.watched, ["run", "other"]) == {"run"}
            assert await asyncio.to_thread(lambda: teller.append("run", [b"one", b"two"], before=-1))
            await told.wait()
            await listener.refill("run")
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    asyncio.run(listen_and_tell())
    assert heard == [b"one", b"two", b"one", b"two"]
    assert refused(as_user) == []


def test_a_worker_hears_bells_and_keeps_house(as_user: CONNECT):
    connection, ears = as_user("codezest_grader"), Ears()
    jobs.serve(ears)  # type: ignore[arg-type]
    Bell(as_user("codezest_api")).ring()
    listen(connection, "hears")
    assert ears.heard == 1
    assert refused(as_user) == []


def test_a_worker_gets_over_bells_that_fail_or_cannot_be_read(as_user: CONNECT):
    connection, admin = as_user("codezest_grader"), as_user("admin")

    def fail() -> None:
        raise RuntimeError

    jobs.serve(Ears(fail))  # type: ignore[arg-type]
    for _ in range(2):
        Bell(connection).ring()
    listen(connection, "fails")
    queue = make_queue(admin)
    job = queue.enqueue(GRADE_JOB, job_id="planted")
    admin.hset(job.key, "status", "no such status")
    listen(connection, "reads")
    assert queue.count == 0
    assert refused(as_user) == []


def test_a_worker_keeps_its_heartbeat_and_finds_what_was_abandoned(as_user: CONNECT):
    connection, admin = as_user("codezest_grader"), as_user("admin")
    listener = BellListener(connection, "beats", lease_seconds=15)
    jobs.serve(Ears(lambda: beat(listener)))  # type: ignore[arg-type]
    Bell(connection).ring()
    queue = make_queue(admin)
    queue.enqueue(GRADE_JOB, job_id="abandoned")
    admin.zadd(queue.started_job_registry.key, {"abandoned:1": 1})
    admin.lpush(queue.intermediate_queue_key, "lost")
    listener.work(burst=True, logging_level="CRITICAL")
    admin.delete("rq:clean_registries:grade")
    listener.clean_registries()
    assert refused(as_user) == []


def beat(listener: BellListener) -> None:
    """What the heartbeat's thread does, now."""
    job = listener.get_current_job()
    assert job is not None
    execution = next(iter(job.get_executions()))
    listener.maintain_heartbeats(job, execution)


def test_a_worker_waits_idle(as_user: CONNECT):
    connection = as_user("codezest_grader")
    waits: list[bool] = []
    listener = BellListener(connection, "idle", 15, lambda bell_waits: waits.append(bell_waits()))
    listener.register_birth()
    listener._on_idle(listener._bell_waits)  # type: ignore[misc]
    assert listener._dequeue(10, 1) is None
    listener.register_death()
    assert waits == [False]
    assert refused(as_user) == []


def test_the_sweeper_rings_as_the_graders_user(as_user: CONNECT, database: Database, settings: Settings):
    bell = Bell(as_user("codezest_grader"))
    assert sweep_once(database, bell, settings).unheard == 0
    assert bell.ring()
    assert bell.waiting() == 1
    assert refused(as_user) == []


EVERYBODY = [
    "FLUSHALL", "CONFIG GET *", "CONFIG SET dir /tmp", "ACL LIST", "ACL SETUSER me on", "SHUTDOWN", "KEYS *", "SCAN 0",
    "MODULE LIST", "SCRIPT FLUSH", "MONITOR", "CLIENT LIST", "CLIENT KILL TYPE normal",
    "REPLICAOF 127.0.0.1 1", "SAVE", "BGREWRITEAOF", "SUBSCRIBE rq:pubsub:x", "PUBLISH rq:pubsub:x y", "GET other",
    "SET other 1", "DUMP rq:queue:grade", "RENAME rq:queue:grade other", "MIGRATE 127.0.0.1 1 k 0 1", "SWAPDB 0 1",
]  # fmt: skip
REFUSED = {
    "default": ["GET x", "LLEN rq:queue:grade", "INFO", "SELECT 1", "RPUSH rq:queue:grade x"],
    # It rings, and can neither take a bell away nor read what others have queued.
    "codezest_api": [
        "HGETALL rq:job:1", "LRANGE rq:queue:grade 0 -1", "LPOP rq:queue:grade", "BLMOVE rq:queue:grade x LEFT LEFT 1",
        "SET rq:worker:x 1", "SADD rq:workers x", "HSET rq:worker:x a b", "SET codezest:other 1",
        "LTRIM rq:queue:grade 1 0", "LINDEX rq:queue:grade 0", "PUBLISH codezest:live:x y",
        "RPUSH codezest:live:log:x y",
    ],
    # Nothing of the API's: logins are counted where it cannot reset them.
    "codezest_grader": [
        "DEL codezest:login:account:x", "SET codezest:login:account:x 0", "EXISTS codezest:login:account:x",
        "EVALSHA x 0", "INCR rq:x", "LRANGE codezest:live:log:x 0 -1", "SUBSCRIBE codezest:live:x",
    ],
}  # fmt: skip


@pytest.mark.parametrize("user", REFUSED)
def test_a_user_is_refused_the_rest(as_user: CONNECT, user: str):
    connection = as_user(user)
    granted = []
    for words in [*EVERYBODY, *REFUSED[user]]:
        try:
            connection.execute_command(*words.split())
            granted.append(words)
        except redis.exceptions.NoPermissionError:
            pass
    assert granted == []


@pytest.mark.parametrize("user", PASSWORDS)
def test_without_the_password_nobody_comes_in(as_user: CONNECT, user: str):
    with pytest.raises(redis.exceptions.AuthenticationError):
        as_user(user, "wrong").ping()


def test_one_line_for_each_user():
    # An ACL file has no comments: what is in it is said here and in docs/deploy.md.
    lines = (Path(ROOT) / "deploy" / "redis-users.acl").read_text().splitlines()
    assert [line.split()[1] for line in lines] == ["default", "codezest_api", "codezest_grader"]
    assert [" -@all " in line and "+@" not in line for line in lines] == [True] * 3
