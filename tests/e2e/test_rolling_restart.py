"""What a new version's roll-out does to the processes, one after another, while learners submit: nothing is lost.

API, two workers and a sweeper are real processes on the embedded default's SQLite and Valkey, and on PostgreSQL and
Redis.
"""

import json
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from api.core.database import Database
from api.core.embedded import EmbeddedServer
from api.core.settings import Settings
from api.learning.submissions.grade import RunStatus, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun
from sandboxes.languages import runnable
from tests import factories

from .running import CODEZEST, Learner, Process, free_port

SUBMISSIONS = 60
RIGHT = "import time\ntime.sleep(0.1)\nprint(2 * int(input()))  # {}\n"
WRONG = "print(3 * int(input()))  # {}\n"
#: Longer than a worker's grace, shorter than the case may run.
LONG = "import time\ntime.sleep(45)\nprint(2 * int(input()))\n"
PATIENT = {**factories.DOUBLING, "limits": {"cpuMs": 1000, "wallMs": 60_000}}

pytestmark = [
    pytest.mark.skipif("python" not in runnable(), reason="no Python for local boxes here"),
    pytest.mark.timeout(600),
]


class Platform:
    """One database, one queue server, and the processes on them, which can be replaced."""

    def __init__(self, database_url: str, redis_url: str, folder: Path) -> None:
        self.database, self.folder, self.port = Database(database_url), folder, free_port()
        values = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DATA_DIR": folder / "data",
            "PORT": self.port,
            "SANDBOX": "local",
            "LOG_FORMAT": "json",
        }
        self._environment = {f"CODEZEST_{name}": str(value) for name, value in values.items()}
        self.running: dict[str, Process] = {}
        self.all: list[Process] = []
        with self.database.transaction() as session:
            language = factories.make_language(session, slug="python")
            module = factories.make_module(session, language)
            self.assignment = str(factories.make_assignment(session, module).id)
            self.patient = str(factories.make_assignment(session, module, suite=PATIENT).id)

    def start(self, name: str) -> Process:
        words = {"api": ["serve"], "sweeper": ["sweep"]}.get(name, ["worker", "--languages", "python"])
        process = Process([*CODEZEST, *words], self._environment, self.folder, f"{name}-{len(self.all)}")
        self.running[name] = process
        self.all.append(process)
        return process

    def await_work(self, name: str) -> None:
        process = self.running[name]
        if name == "api":
            process.await_that(lambda: not refuses(self.port))
        elif name != "sweeper":
            process.await_that(lambda: process.said("grading python"))

    def replace(self, name: str) -> None:
        """As a roll-out does: the old one is told to stop, the new one is started once it has."""
        assert self.running[name].stop(40) == 0, self.running[name].tail()
        self.start(name)
        self.await_work(name)

    def close(self) -> None:
        for process in self.all:
            process.kill()
        self.database.close()

    def run_of(self, submission_id: str) -> GradingRun:
        with self.database.transaction() as session:
            wanted = GradingRun.submission_id == UUID(submission_id)
            return session.scalars(select(GradingRun).where(wanted)).one()


@pytest.fixture(
    params=["embedded", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.redis])]
)
def platform(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[Platform]:
    with ExitStack() as stack:
        if request.param == "embedded":
            database_url = request.getfixturevalue("database_url")
            server = EmbeddedServer(tmp_path / "queue")
            server.hold()
            stack.callback(server.release)
            redis_url = server.url
        else:
            database = request.getfixturevalue("postgres_database")
            database_url = database.engine.url.render_as_string(hide_password=False)
            redis_url = request.getfixturevalue("redis_url")
        platform = Platform(database_url, redis_url, tmp_path)
        stack.callback(platform.close)
        for name in ("api", "sweeper", "worker-1", "worker-2"):
            platform.start(name)
        for name in platform.running:
            platform.await_work(name)
        yield platform


def send(platform: Platform, wanted: "queue.Queue[int]", sent: dict[int, str], learner: Learner) -> None:
    while True:
        try:
            number = wanted.get_nowait()
        except queue.Empty:
            return
        code = (RIGHT if number % 3 else WRONG).format(number)
        sent[number] = learner.submit(platform.assignment, code, "python", f"key-{number}")
        # At the pace of grading: there is work for all the time that processes are replaced.
        learner.await_result(sent[number])


def test_every_submission_ends_as_it_must_while_all_processes_are_replaced(platform: Platform):
    wanted: queue.Queue[int] = queue.Queue()
    for number in range(SUBMISSIONS):
        wanted.put(number)
    learners = [Learner(platform.port) for _ in range(4)]
    for number, learner in enumerate(learners):
        learner.enter("python", f"learner{number}@example.com")
    sent: dict[int, str] = {}
    senders = [threading.Thread(target=send, args=(platform, wanted, sent, learner)) for learner in learners]
    for sender in senders:
        sender.start()
    replaced = 0
    while any(sender.is_alive() for sender in senders) or replaced < 5:
        platform.replace(("worker-1", "api", "worker-2", "sweeper", "api")[replaced % 5])
        replaced += 1
    for sender in senders:
        sender.join()
    assert sorted(sent) == list(range(SUBMISSIONS))
    assert len(set(sent.values())) == SUBMISSIONS
    with platform.database.transaction() as session:
        rows = session.scalars(select(AssignmentSubmission)).all()
        runs = session.scalars(select(GradingRun)).all()
        cases = session.scalar(select(func.count()).select_from(CaseResult))
    by_id = {str(row.id): row for row in rows}
    assert len(by_id) == SUBMISSIONS  # none stored twice by an answer that was lost
    for number, submission_id in sent.items():
        row = by_id[submission_id]
        expected = SubmissionStatus.PASSED if number % 3 else SubmissionStatus.FAILED
        assert (row.status, row.score) == (expected, 100 if number % 3 else row.score)
        assert row.reason is None or row.reason.value != "platform"
    assert [(run.status, run.number, run.failures) for run in runs] == [(RunStatus.DONE, 1, 0)] * SUBMISSIONS
    assert cases == 4 * SUBMISSIONS
    for learner in learners:
        learner.close()


def test_a_long_run_is_handed_back_and_another_worker_grades_it(platform: Platform):
    learner = Learner(platform.port)
    learner.enter("python")
    submission_id = learner.submit(platform.patient, LONG, "python", "long")
    workers = [platform.running[name] for name in ("worker-1", "worker-2")]
    workers[0].await_that(lambda: any(worker.said("run_claimed") for worker in workers))
    [first] = [worker for worker in workers if worker.said("run_claimed")]
    [second] = [worker for worker in workers if worker is not first]
    assert first.stop(30) == 0, first.tail()  # 20 seconds to finish, then it is given back
    second.await_that(lambda: second.said("run_claimed"))
    run = platform.run_of(submission_id)
    assert (run.attempt, run.failures, run.status) == (2, 0, RunStatus.RUNNING)
    assert first.said("run_released")
    learner.close()


def test_a_request_in_flight_is_answered_by_an_api_that_is_told_to_stop(platform: Platform):
    body = json.dumps(
        {"email": "late@example.com", "password": "a long enough pass", "name": "Late"}
    ).encode()
    head = (
        f"POST /api/v1/auth/register HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n"
    )
    api = platform.running["api"]
    with socket.create_connection(("127.0.0.1", platform.port), timeout=30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")  # it has the head, and waits for the body
        api.process.terminate()
        api.await_that(lambda: refuses(platform.port))
        connection.sendall(body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 201"), answer[:200]
    assert api.end(15) == 0


def refuses(port: int) -> bool:
    """Whether nobody listens there any more."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return True
    return False
