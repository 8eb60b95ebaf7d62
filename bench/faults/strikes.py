"""The faults. Each is a generator: it strikes up to its ``yield``, then waits, and mends what does not mend itself."""

import os
import signal
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import func, select

from api.core.database import Database
from api.core.errors import CodezestError
from api.learning.submissions.models import AssignmentSubmission
from bench.faults.scene import Scene, Strike
from bench.faults.servers import await_true
from bench.faults.stacks import FullStack
from bench.faults.work import Sent

#: What somebody else starts again, is started again after so many seconds.
_RESTART_SECONDS = 2.0
_Steps = Generator[None, None, None]
STRIKES: dict[str, Strike] = {}


def _strike(name: str) -> Callable[[Strike], Strike]:
    def keep(function: Strike) -> Strike:
        STRIKES[name] = function
        return function

    return keep


@_strike("worker-killed")
def _(scene: Scene) -> _Steps:
    """The worker gets SIGKILL; the supervisor starts another."""
    os.kill(scene.victim, signal.SIGKILL)
    yield


@_strike("worker-stopped")
def _(scene: Scene) -> _Steps:
    """The worker gets SIGTERM, as in a rolling restart: it finishes or gives back; the supervisor starts another."""
    os.kill(scene.victim, signal.SIGTERM)
    yield


@_strike("worker-frozen")
def _(scene: Scene) -> _Steps:
    """The worker is stopped until its run has been given to another, or longer than a lease, and goes on then."""
    scene.keeps.add(scene.victim)
    scene.stack.stop(scene.victim)
    name = next((who for who in scene.running().values() if scene.stack.worker_of(who) == scene.victim), None)
    lease = scene.stack.settings.lease_seconds
    try:
        yield
        if name is None:
            time.sleep(lease + 1)
        else:
            await_true("a frozen worker's run to be taken back", lambda: _has_lost(scene, name), lease + 30)
    finally:
        scene.stack.resume(scene.victim)


def _has_lost(scene: Scene, worker: str) -> bool:
    time.sleep(0.1)
    try:
        return worker not in scene.running().values()
    except CodezestError:
        return False


@_strike("engine-stopped")
def _(scene: Scene) -> _Steps:
    """The engine gets SIGTERM and ends with its containers; it is started again a moment later."""
    engine = _full(scene).engine
    assert engine is not None
    engine.stop()
    yield
    time.sleep(scene.outage / 4)
    engine.start()


@_strike("engine-killed")
def _(scene: Scene) -> _Steps:
    """The engine's process gets SIGKILL, its containers stay behind; it is started again a moment later."""
    engine = _full(scene).engine
    assert engine is not None
    engine.kill()
    yield
    time.sleep(scene.outage / 4)
    engine.start()


@_strike("engine-frozen")
def _(scene: Scene) -> _Steps:
    """The engine's process is stopped: calls and attached streams hang; it goes on after the outage."""
    engine = _full(scene).engine
    assert engine is not None
    scene.stack.stop(engine.pid)
    try:
        yield
        time.sleep(scene.outage)
    finally:
        scene.stack.resume(engine.pid)


@_strike("container-removed")
def _(scene: Scene) -> _Steps:
    """The worker's containers are removed by force; where there are none, its runner gets SIGKILL."""
    scene.stack.end_sandbox_of(scene.victim)
    yield


@_strike("redis-killed")
def _(scene: Scene) -> _Steps:
    """Redis gets SIGKILL; it is started again with what it has on disk."""
    scene.stack.kill_redis()
    yield
    time.sleep(_RESTART_SECONDS)
    scene.stack.start_redis()


@_strike("redis-flushed")
def _(scene: Scene) -> _Steps:
    """FLUSHALL: all bells, and all that RQ knows of its workers."""
    scene.stack.flush_redis()
    yield


@_strike("redis-stopped")
def _(scene: Scene) -> _Steps:
    """Redis is stopped: it takes connections and answers nothing; it goes on after the outage."""
    pid = scene.stack.redis_pid()
    scene.stack.stop(pid)
    try:
        yield
        time.sleep(scene.outage)
    finally:
        scene.stack.resume(pid)


@_strike("database-restarted")
def _(scene: Scene) -> _Steps:
    """PostgreSQL is ended at once, without a word to anybody, and started again from its log a moment later."""
    postgres = _full(scene).postgres
    postgres.crash()
    yield
    time.sleep(_RESTART_SECONDS)
    postgres.start()


@_strike("connections-cut")
def _(scene: Scene) -> _Steps:
    """pg_terminate_backend for every session of the database."""
    _full(scene).cut_connections()
    yield


@_strike("disk-full")
def _(scene: Scene) -> _Steps:
    """No byte is left: full, on the engine's disk, with the warm containers gone, so that new ones are needed there;
    embedded, on the disk of the data folder, with database, queue and compile cache."""
    scene.stack.fill_disk(scene.victim)
    try:
        yield
        scene.stack.fill_disk(scene.victim)
        time.sleep(scene.outage / 4)
    finally:
        scene.stack.free_disk()


@_strike("sweeper-killed")
def _(scene: Scene) -> _Steps:
    """The sweeper gets SIGKILL just when it is needed: bells are lost with it, or a worker."""
    os.kill(scene.stack.pid_of("sweeper"), signal.SIGKILL)
    if scene.moment == "before-claim":
        scene.stack.flush_redis()
    else:
        os.kill(scene.victim, signal.SIGKILL)
    yield


@_strike("api-killed")
def _(scene: Scene) -> _Steps:
    """All of the API gets SIGKILL after it has committed a submission and before it has rung: Redis is stopped, so the
    bell is where it stands. Its client, who heard nothing, sends the same again with the same key."""
    redis = scene.stack.redis_pid()
    api = scene.stack.pid_of("api")
    scene.stack.stop(redis)
    try:
        yield
        one = scene.stack.course.class_of(1, seed=0)[0]
        with ThreadPoolExecutor(1) as sender:
            sending = sender.submit(scene.stack.client.send, one)
            await_true("a commit", lambda: _stored(scene.stack.database, one) == 1)
            if one.id is not None:
                raise RuntimeError("the API had answered before it was killed")
            os.killpg(api, signal.SIGKILL)
            scene.stack.resume(redis)
            sending.result()
    finally:
        scene.stack.resume(redis)
    scene.sent.append(one)


def _stored(database: Database, one: Sent) -> int:
    statement: Any = select(func.count()).where(AssignmentSubmission.user_id == one.user_id)
    with database.transaction() as session:
        return session.scalar(statement) or 0


def _full(scene: Scene) -> FullStack:
    assert isinstance(scene.stack, FullStack)
    return scene.stack
