"""A thousand submissions graded again while learners submit: nobody waits for it, and nothing is lost or doubled."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Lock, Thread
from typing import Any, TypeVar, cast
from uuid import UUID

import pytest
from sqlalchemy import Table, func, insert, select

from api.auth.models import User
from api.core.clock import now
from api.core.database import Database
from api.core.errors import Unavailable
from api.core.ids import new_id
from api.learning.curriculum.models import LanguageEnrollment, TestSuite
from api.learning.progress.facts import gather
from api.learning.progress.models import ModuleProgress
from api.learning.regrades.models import RegradeSetStatus
from api.learning.submissions.grade import RunStatus
from api.learning.submissions.models import AssignmentSubmission, GradingRun
from tests.api.learning.sets import advance, apply, detail, everything, make_set, runs
from tests.api.learning.world import World, claim, failed, passed, record, submit

pytestmark = [pytest.mark.large, pytest.mark.timeout(1200)]

LEARNERS, EACH, LIVE = 250, 4, 60
Answer = TypeVar("Answer")


def again(work: Callable[[], Answer]) -> Answer:
    """What a grader does where the database does not answer: it tries again."""
    for _ in range(4):
        try:
            return work()
        except Unavailable:
            continue
    return work()


def fill(world: World) -> list[UUID]:
    """A thousand passed submissions of the first assignment, by many learners who are enrolled."""
    users = [
        {"id": new_id(), "email": f"learner{n}@example.com", "name": "L", "role": "USER"}
        for n in range(LEARNERS)
    ]
    with world.database.transaction() as session:
        suite = session.scalars(select(TestSuite.id).where(TestSuite.assignment_id == world.first.id)).one()
        moment = now()
        result = {"reason": None, "score": 100, "max_score": 100, "feedback": "fine"}
        submissions = [
            {
                "id": new_id(),
                "user_id": user["id"],
                "assignment_id": world.first.id,
                "code": "x",
                "language": "python",
                "status": "PASSED",
                "current_run": 1,
                "graded_at": moment,
                **result,
            }
            for user in users
            for _ in range(EACH)
        ]
        done = [
            {
                "submission_id": row["id"],
                "user_id": row["user_id"],
                "suite_id": suite,
                "number": 1,
                "status": "DONE",
                "language": "python",
                "finished_at": moment,
                "result_status": "PASSED",
                **result,
            }
            for row in submissions
        ]
        enrolled = [{"user_id": user["id"], "language_id": world.language.id} for user in users]
        for model, rows in (
            (User, users),
            (LanguageEnrollment, enrolled),
            (AssignmentSubmission, submissions),
            (GradingRun, done),
        ):
            session.execute(insert(cast(Table, model.__table__)), rows)
    return [user["id"] for user in users]


@dataclass
class Graders:
    """Three workers on one database, and when each of their claims began and ended."""

    database: Database
    clock: Any = field(default_factory=count)
    claims: list[tuple[int, int, Any]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    stop: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def work(self) -> None:
        try:
            while True:
                last = self.stop.is_set()
                began = next(self.clock)
                task = again(lambda: claim(self.database, lease_seconds=600))
                if task is None:
                    if last:
                        return
                    self.stop.wait(0.01)
                    continue
                with self.lock:
                    self.claims.append((began, next(self.clock), task))
                # Every second submission does worse this time.
                grade = failed(20) if task.preview and task.submission_id.int % 2 else passed()
                assert again(lambda task=task, grade=grade: record(self.database, task, grade))
        except Exception as error:
            self.faults.append(error)


def test_a_thousand_are_graded_again_while_learners_submit(world: World):
    users = fill(world)
    set_id = make_set(world)
    advance(world.database)
    before = everything(world.database)["assignment_submissions"]
    assert len(before) == LEARNERS * EACH
    graders = Graders(world.database)
    threads = [Thread(target=graders.work) for _ in range(3)]
    for thread in threads:
        thread.start()
    sent: dict[UUID, int] = {}
    for number in range(LIVE):
        user = world.learner if number % 2 else world.other
        submitted = again(lambda user=user: submit(world, user).submission.id)
        sent[submitted] = next(graders.clock)
    while (found := detail(world.database, set_id)).status is not RegradeSetStatus.READY:
        assert not graders.faults, graders.faults
        assert any(thread.is_alive() for thread in threads)
    assert found.runs[RunStatus.DONE] == found.regrade_set.total == LEARNERS * EACH
    after = everything(world.database)["assignment_submissions"]
    assert [row for row in after if row["id"] not in sent] == before, "nothing is shown of it yet"

    more = [again(lambda: submit(world, world.other).submission.id) for _ in range(5)]
    again(lambda: apply(world.database, set_id))
    more += [again(lambda: submit(world, world.other).submission.id) for _ in range(5)]
    graders.stop.set()
    for thread in threads:
        thread.join(600)
    assert graders.faults == []
    assert_live_went_first(graders, sent)
    assert_each_has_one_run(world, [*sent, *more])
    assert detail(world.database, set_id).outcomes["APPLIED"] == LEARNERS * EACH
    for run in runs(world.database, regrade_set_id=set_id):
        assert run.score == (20 if run.submission_id.int % 2 else 100)
    assert_progress_is_what_the_facts_say(world, [*users, world.learner.id, world.other.id])


def assert_live_went_first(graders: Graders, sent: dict[UUID, int]) -> None:
    """No preview was claimed wholly after a submission had come in and wholly before that was claimed."""
    claimed = {task.submission_id: began for began, _, task in graders.claims if not task.preview}
    regrades = [(began, ended) for began, ended, task in graders.claims if task.preview]
    assert len(regrades) == LEARNERS * EACH
    late = [
        submission_id
        for submission_id, came in sent.items()
        if any(came < began and ended < claimed[submission_id] for began, ended in regrades)
    ]
    assert late == []


def assert_each_has_one_run(world: World, submissions: list[UUID]) -> None:
    with world.database.transaction() as session:
        rows = session.execute(
            select(GradingRun.submission_id, func.count(), func.min(GradingRun.status))
            .where(GradingRun.submission_id.in_(submissions))
            .group_by(GradingRun.submission_id)
        ).all()
        shown = session.scalars(
            select(AssignmentSubmission.current_run).where(AssignmentSubmission.id.in_(submissions))
        )
        assert {*shown} == {1}
    assert len(rows) == len(submissions)
    assert {(runs, status) for _, runs, status in rows} == {(1, "DONE")}


def assert_progress_is_what_the_facts_say(world: World, users: list[UUID]) -> None:
    with world.database.transaction() as session:
        columns = select(ModuleProgress.user_id, ModuleProgress.progress_percent)
        noted = {row.user_id: row.progress_percent for row in session.execute(columns)}
        for user_id in users:
            facts = gather(session, user_id, [world.module.id])[world.module.id]
            # The rows were filled in without a fold: who lost nothing has no progress written down.
            assert noted.get(user_id, 50) == facts.completion.percent
