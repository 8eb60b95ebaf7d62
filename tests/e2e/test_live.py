"""A real server, real workers and real boxes: a stream as a client sees it, and one learner's flood beside it."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from api.auth.models import User
from api.core.database import Database
from api.core.settings import Settings
from api.learning.submissions.grade import RunStatus
from api.learning.submissions.models import AssignmentSubmission, GradingRun
from sandboxes.languages import runnable
from tests import factories
from tests.conftest import RecordingBell
from tests.e2e.test_faults import Platform, await_line
from tests.grader.desk import Desk

pytestmark = pytest.mark.skipif("python" not in runnable(), reason="no Python for local boxes here")

SLEEPER = "import time\ntime.sleep(60)\n"
RIGHT = "print(2 * int(input()))\n"


@pytest.fixture
def platform(
    database: Database, database_url: str, settings: Settings, bell: RecordingBell, user: User, tmp_path: Path
) -> Iterator[Platform]:
    platform = Platform(Desk(database, settings, bell, user), database_url, tmp_path / "queue")
    yield platform
    platform.close()


@pytest.fixture
def http(platform: Platform) -> Iterator[httpx2.Client]:
    """A client of a server that runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    platform._environment["CODEZEST_PORT"] = str(port)
    server = platform.command("serve")
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60) as client:
        while True:
            try:
                client.get("/languages")
                break
            except httpx2.ConnectError:
                assert server.poll() is None
        yield client


def sign_in(platform: Platform, user: User) -> dict[str, str]:
    with platform.desk.database.transaction() as session:
        return {"Authorization": f"Bearer {factories.make_token(session, user)}"}


def submission_of(platform: Platform, run_id: object) -> str:
    with platform.desk.database.transaction() as session:
        statement = select(GradingRun.submission_id).where(GradingRun.id == run_id)
        return str(session.scalars(statement).one())


def test_a_client_that_loses_its_stream_goes_on_where_it_was(platform: Platform, http: httpx2.Client):
    run_id = platform.submit("import time\ntime.sleep(0.3)\n" + RIGHT)
    path = f"/submissions/{submission_of(platform, run_id)}/events"
    headers = sign_in(platform, platform.desk.user)
    seen: list[tuple[str, str]] = []

    def listen(until: str) -> None:
        last = {"Last-Event-ID": seen[-1][0]} if seen else {}
        with http.stream("GET", path, headers={**headers, **last}) as answer:
            assert answer.status_code == 200
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                fields[name] = value
                if not line and "event" in fields:
                    json.loads(fields["data"])
                    seen.append((fields["id"], fields["event"]))
                    if fields["event"] == until:
                        return  # and hangs up
                    fields = {}

    listen("queued")
    platform.command("worker", "-l", "python")
    listen("running")
    listen("case")
    listen("case")
    listen("done")
    kinds = [kind for _, kind in seen if kind != "queued"]
    assert kinds == ["running", "compiled", "case", "case", "case", "case", "done"]
    assert len({place for place, _ in seen}) == len(seen)
    last = http.get(path, headers={**headers, "Last-Event-ID": seen[-1][0]})
    assert last.status_code == 204
    platform.assert_graded_once(run_id, attempts=1)


def test_fifty_sleepers_of_one_learner_are_in_nobody_elses_way(platform: Platform):
    """Two slots; whoever is not the sleepers' owner is graded while one of them sleeps, and before any has ended."""
    desk = platform.desk
    sleepers = [platform.submit(SLEEPER) for _ in range(50)]
    first = platform.command("worker", "-l", "python")
    assert str(sleepers[0]) in await_line(first, "run_claimed")
    second = platform.command("worker", "-l", "python")
    with desk.database.transaction() as session:
        other = factories.make_user(session)
        submission = factories.make_submission(session, other, desk.assignment, code=RIGHT)
        late = factories.make_run(session, submission, desk.suite).id
    platform.ring()
    assert str(late) in await_line(second, "run_claimed")  # and no sleeper before it
    assert str(late) in await_line(second, "run_graded")
    assert [desk.run(run_id).status for run_id in sleepers].count(RunStatus.DONE) == 0
    assert [desk.run(run_id).status for run_id in sleepers].count(RunStatus.RUNNING) <= 1
    with desk.database.transaction() as session:
        assert session.get_one(AssignmentSubmission, submission.id).score == 100
