"""The worker process: hostile jobs, signals, sudden death, a Redis that forgets. No sleeping: the worker speaks."""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from rq.exceptions import DeserializationError
from rq.job import Job
from rq.queue import Queue

from api.auth.models import User
from api.core.database import Database
from api.core.queue import GRADE_JOB, AllowListedJob, Bell, connect, make_queue
from api.core.settings import Settings
from api.learning.submissions.grade import RunStatus, SubmissionStatus
from grader import jobs
from grader.sweeper import sweep_once
from grader.worker import BellListener
from tests.conftest import RecordingBell

from .desk import Desk

ROOT = Path(__file__).parents[2]


class Bomb:
    """Whoever un-pickles this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


class CountingGrader:
    """Hears bells."""

    def __init__(self) -> None:
        self.heard = 0

    def grade_pending(self) -> int:
        self.heard += 1
        return 0


@pytest.fixture
def connection(redis_url: str) -> Iterator["redis.Redis"]:
    with connect(redis_url) as connection:
        yield connection


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingGrader]:
    ears = CountingGrader()
    jobs.serve(ears)  # type: ignore[arg-type]
    yield ears
    jobs.serve(None)


def listen(connection: "redis.Redis", name: str = "listener") -> None:
    """Hears all bells that wait, and ends."""
    BellListener(connection, name, lease_seconds=15).work(burst=True, logging_level="CRITICAL")


def plant(connection: "redis.Redis", job_id: str, **fields: Any) -> None:
    """Writes a job into Redis as somebody else would."""
    job = make_queue(connection).enqueue(GRADE_JOB, job_id=job_id)
    connection.hset(job.key, mapping=fields)


def hostile_jobs(bomb: bytes, path: Path) -> list[dict[str, Any]]:
    def data(*parts: Any) -> bytes:
        return zlib.compress(json.dumps(parts).encode())

    return [
        {"data": bomb},
        {"data": zlib.compress(bomb)},
        {"data": data("os.system", None, [f"touch {path}"], {})},
        {"data": data("subprocess.check_output", None, [["touch", str(path)]], {})},
        {"data": data("pathlib.Path.touch", None, [str(path)], {})},
        {"data": data("grader.jobs.grade_next", "instance", [], {})},
        {"data": data("grader.jobs.grade_next", None, [str(path)], {})},
        {"data": data(["list"], None, [], {})},
        {"data": data("one")},
        {"data": b"\x00\xff"},
        {"meta": bomb},
        {"result": bomb},
        {
            "success_callback_name": "os.abort",
            "failure_callback_name": "os.abort",
            "stopped_callback_name": "os.abort",
        },
        {"status": "no such status"},
        {"created_at": "no such moment"},
        {"group_id": "group"},
        {"dependency_ids": "not json"},
    ]


@pytest.mark.parametrize("number", range(len(hostile_jobs(b"", Path()))))
def test_a_planted_job_does_nothing_and_the_worker_lives_on(
    connection: "redis.Redis", ears: CountingGrader, tmp_path: Path, number: int
):
    mark = tmp_path / "exploded"
    bomb = pickle.dumps(Bomb(mark))
    fields = hostile_jobs(bomb, mark)[number]
    plant(connection, "planted", **fields)
    assert Bell(connection).ring()
    listen(connection)
    assert not mark.exists()
    assert ears.heard >= 1  # ours, and the planted one where it came to be harmless
    assert Bell(connection).waiting() == 0
    assert connection.llen(make_queue(connection).intermediate_queue_key) == 0


def test_the_bomb_would_explode_in_a_worker_without_our_classes(connection: "redis.Redis", tmp_path: Path):
    # What the tests above rest on: the same bytes, read as RQ reads them unless it is told otherwise.
    mark = tmp_path / "exploded"
    plant(connection, "planted", data=pickle.dumps(Bomb(mark)))
    with pytest.raises(DeserializationError):
        _ = Job.fetch("planted", connection=connection).func
    assert mark.exists()


@pytest.mark.parametrize("status", ["finished", "failed"])
def test_a_planted_webhook_is_not_called(connection: "redis.Redis", ears: CountingGrader, status: str):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        webhook = {"url": f"http://127.0.0.1:{server.getsockname()[1]}/", "job_status": status}
        job = make_queue(connection).enqueue(GRADE_JOB, args=() if status == "finished" else ("surplus",))
        connection.hset(job.key, "webhooks", json.dumps([webhook]))
        listen(connection)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_housekeeping_reads_no_foreign_job(connection: "redis.Redis", ears: CountingGrader, tmp_path: Path):
    mark = tmp_path / "exploded"
    bomb = pickle.dumps(Bomb(mark))
    plant(connection, "planted", data=bomb, meta=bomb, result=bomb, status="started")
    queue = make_queue(connection)
    for registry in (queue.started_job_registry, queue.failed_job_registry, queue.deferred_job_registry):
        connection.zadd(registry.key, {"planted:1": 1, "planted": 1})
    connection.sadd("rq:groups", "group")
    connection.sadd("rq:group:group", "planted")
    connection.lpush(queue.intermediate_queue_key, "planted")
    plant(connection, "unreadable", status="no such status")
    connection.zadd(queue.started_job_registry.key, {"unreadable:1": 1})
    connection.delete(queue.key)
    assert Bell(connection).ring()
    listen(connection)
    assert not mark.exists()
    assert ears.heard == 1


def test_a_queue_of_anybody_else_is_not_listened_to(connection: "redis.Redis", ears: CountingGrader):
    Queue("other", connection=connection, job_class=AllowListedJob, serializer="json").enqueue(GRADE_JOB)
    listen(connection)
    assert ears.heard == 0


def test_bells_leave_nothing_behind(connection: "redis.Redis", ears: CountingGrader):
    for _ in range(3):
        Bell(connection).ring()
    listen(connection)
    assert ears.heard == 3
    left = {key.decode().partition(":")[2] for key in connection.scan_iter("rq:*")}
    assert {key for key in left if key.startswith(("job:", "execution:", "wip:", "results:"))} == set()


class WorkerProcess:
    """A worker in a process of its own; what it says is waited for."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.grader.worker_process", database_url, redis_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "CODEZEST_LEASE_SECONDS": "15"},
        )

    def hears(self, word: str) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline().strip() == word

    def hears_at_last(self, word: str) -> None:
        """Passes over empty rounds: a worker that finds Redis again looks once, perhaps before there is anything."""
        assert self.process.stdout
        line = "graded 0"
        while line == "graded 0":
            line = self.process.stdout.readline().strip()
        assert line == word

    def go(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


class Floor:
    """Desk, Redis and workers."""

    def __init__(self, desk: Desk, database_url: str, redis_url: str, connection: "redis.Redis") -> None:
        self.desk, self.connection = desk, connection
        self.bell = Bell(connection)
        self._urls = (database_url, redis_url)
        self.workers: list[WorkerProcess] = []

    def worker(self) -> WorkerProcess:
        self.workers.append(WorkerProcess(*self._urls))
        return self.workers[-1]

    def graded_once(self, run_id: Any) -> None:
        run = self.desk.run(run_id)
        assert (run.status, run.result_status) == (RunStatus.DONE, SubmissionStatus.PASSED)
        assert self.desk.shown(run_id) is SubmissionStatus.PASSED


@pytest.fixture
def floor(
    database: Database,
    database_url: str,
    settings: Settings,
    bell: RecordingBell,
    user: User,
    redis_url: str,
    connection: "redis.Redis",
) -> Iterator[Floor]:
    floor = Floor(Desk(database, settings, bell, user), database_url, redis_url, connection)
    yield floor
    for worker in floor.workers:
        worker.end()


def test_kill_9_in_the_middle_of_a_run_ends_graded_once(floor: Floor):
    run_id = floor.desk.submit()
    first = floor.worker()
    first.hears("running")
    first.end()
    assert floor.desk.run(run_id).status is RunStatus.RUNNING
    second = floor.worker()
    second.hears("graded 0")  # nothing to claim: the dead worker's lease still counts
    floor.desk.change(run_id, lease_until=floor.desk.run(run_id).started_at - timedelta(seconds=1))
    assert sweep_once(floor.desk.database, floor.bell, floor.desk.settings).expired == 1
    floor.bell.ring()
    second.hears("running")
    second.go()
    second.hears("graded 1")
    floor.graded_once(run_id)
    assert (floor.desk.run(run_id).attempt, floor.desk.run(run_id).failures) == (2, 1)


def test_redis_restarted_empty_while_runs_wait_ends_graded_once(floor: Floor):
    worker = floor.worker()
    worker.hears("graded 0")
    first, second = floor.desk.submit(), floor.desk.submit()
    floor.bell.ring()
    worker.hears("running")
    floor.bell.ring()
    floor.connection.flushall()  # all bells, registries and the worker's own entry
    worker.go()
    worker.hears("running")
    worker.go()
    worker.hears("graded 2")
    third = floor.desk.submit(queued_at=floor.desk.run(first).queued_at - timedelta(minutes=1))
    assert sweep_once(floor.desk.database, floor.bell, floor.desk.settings).unheard == 1
    worker.hears("running")
    worker.go()
    worker.hears("graded 1")
    for run_id in (first, second, third):
        floor.graded_once(run_id)


def test_a_redis_that_hangs_up_is_found_again(floor: Floor):
    worker = floor.worker()
    worker.hears("graded 0")
    floor.connection.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    run_id = floor.desk.submit()
    floor.bell.ring()
    worker.hears_at_last("running")
    worker.go()
    worker.hears("graded 1")
    floor.graded_once(run_id)


def test_a_stopped_worker_finishes_its_run_and_claims_no_other(floor: Floor):
    first, second = floor.desk.submit(), floor.desk.submit()
    worker = floor.worker()
    worker.hears("running")
    worker.signal(signal.SIGTERM)
    worker.go()
    worker.hears("graded 1")
    worker.hears("ended")
    assert worker.process.wait() == 0
    floor.graded_once(first)
    assert floor.desk.run(second).status is RunStatus.PENDING


def test_a_second_signal_hands_the_run_back(floor: Floor):
    run_id = floor.desk.submit()
    worker = floor.worker()
    worker.hears("running")
    worker.signal(signal.SIGTERM)
    worker.signal(signal.SIGTERM)  # twice at once is once: a terminal and a supervisor both send it
    with pytest.raises(subprocess.TimeoutExpired):
        worker.process.wait(1.2)
    worker.signal(signal.SIGTERM)
    assert worker.process.wait() == 0
    run = floor.desk.run(run_id)
    assert (run.status, run.failures, run.attempt) == (RunStatus.PENDING, 0, 1)


def test_an_idle_worker_stops_at_once(floor: Floor):
    worker = floor.worker()
    worker.hears("graded 0")
    floor.bell.ring()
    worker.hears("graded 0")
    worker.signal(signal.SIGINT)
    worker.hears("ended")
    assert worker.process.wait() == 0
