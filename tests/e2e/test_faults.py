"""Real workers, real boxes, a real queue server, and what kills them: every submission ends graded once."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from api.auth.models import User
from api.core.clock import now
from api.core.database import Database
from api.core.embedded import EmbeddedServer
from api.core.queue import Bell, connect
from api.core.settings import Settings
from api.learning.submissions.grade import RunStatus, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission
from bench.faults.stacks import runners_of
from sandboxes.languages import runnable
from tests.conftest import RecordingBell
from tests.grader.desk import Desk

ROOT = Path(__file__).parents[2]
SLOW = "import time\ntime.sleep(0.5)\nprint(2 * int(input()))\n"

pytestmark = pytest.mark.skipif("python" not in runnable(), reason="no Python for local boxes here")


class Platform:
    """A database and a queue server, and commands that work on them."""

    def __init__(self, desk: Desk, database_url: str, folder: Path) -> None:
        self.desk = desk
        self.server = EmbeddedServer(folder)
        self.server.hold()
        settings = {
            "DATABASE_URL": database_url,
            "REDIS_URL": self.server.url,
            "SANDBOX": "local",
            "LEASE_SECONDS": 3,
            "LOG_FORMAT": "json",
        }
        self._environment = {f"CODEZEST_{name}": str(value) for name, value in settings.items()}
        self.processes: list[subprocess.Popen[str]] = []

    def command(self, *words: str) -> "subprocess.Popen[str]":
        """Starts a command; what it says on standard error can be read line by line."""
        self.processes.append(
            subprocess.Popen(
                [sys.executable, str(ROOT / "codezest.py"), *words],
                cwd=self.server.folder,
                env={**os.environ, **self._environment},
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return self.processes[-1]

    def submit(self, code: str = SLOW) -> UUID:
        """A submission with a run that waits, its bell not rung."""
        run_id = self.desk.submit()
        with self.desk.database.transaction() as session:
            submission = session.get_one(AssignmentSubmission, self.desk.run(run_id).submission_id)
            submission.code = code
        return run_id

    def ring(self) -> None:
        with connect(self.server.url) as connection:
            assert Bell(connection).ring()

    def assert_graded_once(self, run_id: UUID, *, attempts: int) -> None:
        run = self.desk.run(run_id)
        assert (run.status, run.result_status, run.score) == (RunStatus.DONE, SubmissionStatus.PASSED, 100)
        assert (run.attempt, run.failures) == (attempts, attempts - 1)
        assert self.desk.shown(run_id) is SubmissionStatus.PASSED

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.communicate()
        self.server.hold()
        self.server.release()


def await_line(process: "subprocess.Popen[str]", *words: str) -> str:
    """The next line of a command's standard error that holds all ``words``."""
    assert process.stderr
    for line in process.stderr:
        if all(word in line for word in words):
            return line
    raise AssertionError(f"it ended with {process.wait()} and never said {words}")


@pytest.fixture
def platform(
    database: Database,
    database_url: str,
    settings: Settings,
    bell: RecordingBell,
    user: User,
    tmp_path: Path,
) -> Iterator[Platform]:
    platform = Platform(Desk(database, settings, bell, user), database_url, tmp_path / "queue")
    yield platform
    platform.close()


def test_a_worker_killed_in_the_middle_of_a_run(platform: Platform):
    run_id = platform.submit()
    sweeper = platform.command("sweep")
    first = platform.command("worker", "-l", "python")
    await_line(first, "run_claimed")
    first.send_signal(signal.SIGKILL)
    second = platform.command("worker", "-l", "python")
    await_line(sweeper, "runs_taken_back")
    await_line(second, "run_graded", str(run_id))
    platform.assert_graded_once(run_id, attempts=2)


def test_a_queue_server_that_loses_everything_while_runs_wait(platform: Platform):
    worker = platform.command("worker", "-l", "python")
    running, waiting = platform.submit(), platform.submit()
    platform.ring()
    await_line(worker, "run_claimed", str(running))
    with connect(platform.server.url) as connection:
        pid = connection.info("server")["process_id"]
    os.kill(pid, signal.SIGKILL)
    shutil.rmtree(platform.server.folder / "appendonlydir")
    platform.server.hold()  # starts it again, with nothing
    late = platform.submit()
    platform.desk.change(late, queued_at=platform.desk.run(late).queued_at.replace(year=2020))
    sweeper = platform.command("sweep")
    for _ in range(3):
        await_line(worker, "run_graded")
    for run_id in (running, waiting, late):
        platform.assert_graded_once(run_id, attempts=1)
    assert sweeper.poll() is None


def test_a_worker_that_is_stopped_past_its_lease_and_goes_on(platform: Platform):
    run_id = platform.submit()
    sweeper = platform.command("sweep")
    first = platform.command("worker", "-l", "python")
    await_line(first, "run_claimed")
    first.send_signal(signal.SIGSTOP)
    second = platform.command("worker", "-l", "python")
    await_line(sweeper, "runs_taken_back")
    await_line(second, "run_graded", str(run_id))
    first.send_signal(signal.SIGCONT)
    await_line(first, "late_grade_dropped", str(run_id))
    platform.assert_graded_once(run_id, attempts=2)


def test_a_submission_whose_runner_dies_each_time(platform: Platform):
    poison, other = platform.submit(), platform.submit()
    worker = platform.command("worker", "-l", "python")
    for _ in range(3):
        await_line(worker, "run_claimed", str(poison))
        for pid in runners_of(worker.pid):
            os.kill(pid, signal.SIGKILL)
        await_line(worker, "run_released", str(poison))
        platform.desk.change(poison, ready_at=now())  # it need not wait in a test
        platform.ring()
    last = platform.submit()
    platform.ring()
    await_line(worker, "run_graded", str(last))
    run = platform.desk.run(poison)
    assert (run.status, run.result_status, run.reason) == (RunStatus.DONE, SubmissionStatus.ERROR, "platform")
    assert (run.attempt, run.failures) == (3, 3)
    for run_id in (other, last):
        platform.assert_graded_once(run_id, attempts=1)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_without_a_queue_server_runs_are_graded_all_the_same(platform: Platform, number: signal.Signals):
    worker = platform.command("worker", "-l", "python")
    first = platform.submit()
    platform.ring()
    await_line(worker, "run_graded", str(first))
    with connect(platform.server.url) as connection:
        pid = connection.info("server")["process_id"]
    os.kill(pid, number)
    try:
        second = platform.submit()
        await_line(worker, "run_graded", str(second))
    finally:
        if number is signal.SIGSTOP:
            os.kill(pid, signal.SIGCONT)
    platform.server.hold()
    third = platform.submit()
    platform.ring()
    await_line(worker, "run_graded", str(third))  # and it listens again
    for run_id in (first, second, third):
        platform.assert_graded_once(run_id, attempts=1)
