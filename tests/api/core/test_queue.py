"""The doorbell: it never raises, and what lies in Redis can make us call nothing but our own job."""

import json
import pickle
import socket
import zlib

import pytest
from rq import Callback, Queue
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from api.core.errors import Unavailable
from api.core.queue import (
    GRADE_JOB,
    QUIET_SECONDS,
    AllowListedJob,
    Bell,
    ForbiddenJob,
    connect,
    make_queue,
    run_script,
)


@pytest.fixture
def connection(redis_url):
    with connect(redis_url) as connection:
        yield connection


@pytest.fixture
def dead(tmp_path):
    with connect(f"unix://{tmp_path / 'nobody.sock'}") as connection:
        yield connection


class Touch:
    """Un-pickling one writes a file: what an attacker would do, and worse."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_dead_redis_is_false_and_no_exception(dead):
    bell = Bell(dead)
    assert bell.ring() is False
    assert bell.answers() is False
    with pytest.raises(Unavailable):
        run_script(dead, "return 1", [], [])


def test_a_redis_that_hangs_is_left_alone_for_a_while(tmp_path):
    moment = [0.0]
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "hangs.sock"))
        server.listen()  # takes connections, and answers nothing
        with connect(f"unix://{tmp_path / 'hangs.sock'}?socket_timeout=0.1") as connection:
            bell = Bell(connection, lambda: moment[0])
            with capture_logs() as lines:
                for _ in range(50):
                    assert bell.ring() is False
                assert [line["event"] for line in lines] == ["bell_not_rung"]
                moment[0] = QUIET_SECONDS
                assert bell.ring() is False
                assert len(lines) == 2


def test_a_redis_that_refuses_is_asked_each_time(dead):
    bell = Bell(dead, lambda: 0.0)
    with capture_logs() as lines:
        assert [bell.ring(), bell.ring()] == [False, False]
    assert len(lines) == 2  # nobody had to wait


@pytest.mark.redis
def test_each_ring_is_one_job_without_arguments(connection):
    bell = Bell(connection)
    assert bell.answers()
    assert [bell.ring(), bell.ring()] == [True, True]
    assert bell.waiting() == 2
    job = make_queue(connection).jobs[0]
    assert (job.func_name, list(job.args), job.kwargs) == (GRADE_JOB, [], {})
    data = connection.hget(job.key, "data")
    assert json.loads(zlib.decompress(data))[0] == GRADE_JOB


@pytest.mark.redis
@pytest.mark.parametrize(
    "name", ["subprocess.check_output", "os.system", "builtins.eval", "grader.jobs.other"]
)
def test_a_job_that_names_another_function_is_refused(connection, name):
    foreign = Queue("grade", connection=connection, serializer=JSONSerializer)
    foreign.enqueue(name, "id")
    (job,) = make_queue(connection).jobs
    assert isinstance(job, AllowListedJob)
    with pytest.raises(ForbiddenJob):
        job.perform()


@pytest.mark.redis
def test_a_pickle_in_redis_is_not_opened(connection, tmp_path):
    path = tmp_path / "touched"
    Queue("grade", connection=connection).enqueue(pickle.loads, Touch(path))
    assert not path.exists()
    for job in make_queue(connection).jobs:
        with pytest.raises(Exception):  # noqa: B017, PT011  whichever way the serializer puts it
            job.perform()
    assert not path.exists()


@pytest.mark.redis
def test_callbacks_of_a_job_are_nobodys(connection):
    callback = Callback("os.getcwd")
    foreign = Queue("grade", connection=connection, serializer=JSONSerializer)
    foreign.enqueue(GRADE_JOB, on_success=callback, on_failure=callback, on_stopped=callback)
    (job,) = make_queue(connection).jobs
    assert [job.success_callback, job.failure_callback, job.stopped_callback] == [None, None, None]


@pytest.mark.redis
def test_a_script_gives_its_number_and_a_broken_one_is_unavailable(connection):
    assert run_script(connection, "return redis.call('INCRBY', KEYS[1], ARGV[1])", ["k"], [7]) == 7
    with pytest.raises(Unavailable):
        run_script(connection, "nonsense(", [], [])
