"""A container that is killed while nobody uses it costs no submission an attempt."""

import os
from collections.abc import Iterator

import pytest

from api.auth.models import User
from api.core.database import Database
from api.core.settings import Settings
from api.learning.submissions.grade import SubmissionStatus
from grader.docker_sandbox import DockerSandbox, owner_of
from grader.engine import LANGUAGE_LABEL, OWNER_LABEL, Engine
from grader.jobs import Grader
from tests.conftest import RecordingBell
from tests.grader.desk import Desk

from .conftest import PREFIX


class Slot:
    """A grader with containers for Python alone, and a clock that stands still."""

    def __init__(self, engine: Engine, desk: Desk, sandbox: DockerSandbox) -> None:
        self.engine, self.desk, self.now = engine, desk, 1000.0
        self.grader = Grader(desk.database, sandbox, desk.bell, desk.settings, "w", lambda: self.now)

    def containers(self) -> set[str]:
        ours = {OWNER_LABEL: owner_of(os.getpid()), LANGUAGE_LABEL: "python"}
        return {name for name, labels in self.engine.owned().items() if ours.items() <= labels.items()}

    def pass_a_minute(self) -> None:
        self.now += 60
        self.grader.probe_idle(lambda: False)

    def grade_one(self) -> tuple[bool, int]:
        """Whether a submission passed, perhaps at a second attempt, and how many attempts failed."""
        run_id = self.desk.submit()
        self.grader.grade_pending()
        return self.desk.run(run_id).result_status is SubmissionStatus.PASSED, self.desk.run(run_id).failures


@pytest.fixture
def slot_at_work(
    docker_engine: Engine, slot: int, database: Database, settings: Settings, bell: RecordingBell, user: User
) -> Iterator[Slot]:
    desk = Desk(database, settings, bell, user)
    sandbox = DockerSandbox(
        docker_engine, slot=slot, prefix=PREFIX, memory_mib=256, processes=64, wanted=frozenset({"python"})
    )
    at_work = Slot(docker_engine, desk, sandbox)
    before = at_work.containers()
    assert at_work.grade_one() == (True, 0)
    for container in at_work.containers() - before:
        docker_engine.remove(container)
    yield at_work
    sandbox.close()


@pytest.mark.docker
def test_a_killed_container_is_found_while_idle(slot_at_work: Slot):
    slot_at_work.pass_a_minute()
    assert slot_at_work.grade_one() == (True, 0)


@pytest.mark.docker
def test_without_the_probe_it_costs_an_attempt(slot_at_work: Slot):
    # What the test above rests on.
    _, failures = slot_at_work.grade_one()
    assert failures == 1


@pytest.mark.docker
def test_a_container_that_answers_is_kept(slot_at_work: Slot):
    slot_at_work.pass_a_minute()
    kept = slot_at_work.containers()
    slot_at_work.pass_a_minute()
    assert slot_at_work.containers() == kept
