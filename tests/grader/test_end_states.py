"""What becomes of runs whose suite, assignment or learner is odd or gone: each has an end, and a defined one."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from api.auth.models import User
from api.core.clock import now
from api.core.database import Database
from api.core.errors import Conflict
from api.core.settings import Settings
from api.learning.curriculum.models import Assignment, Module, ProgrammingLanguage, TestSuite
from api.learning.progress.models import ModuleProgress
from api.learning.submissions.grade import Reason, RunStatus, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun
from sandboxes.protocol import RunReport, RunRequest
from tests import factories
from tests.conftest import RecordingBell

from .desk import Desk
from .fakes import doubled


@pytest.fixture(params=["database", pytest.param("postgres_database", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, settings: Settings, bell: RecordingBell) -> Desk:
    database: Database = request.getfixturevalue(request.param)
    with database.transaction() as session:
        user = factories.make_user(session)
    return Desk(database, settings, bell, user)


def store_suite(desk: Desk, groups: list[dict[str, Any]]) -> None:
    """Puts a document in place of the suite's, past every check."""
    document = json.dumps({**factories.DOUBLING, "groups": groups}).encode()
    with desk.database.transaction() as session:
        session.execute(update(TestSuite).values(document=document))


def spoil(desk: Desk, run_id: UUID) -> None:
    for _ in range(desk.settings.max_attempts):
        desk.change(run_id, ready_at=now())
        assert desk.grader.grade_pending() == 0


@pytest.mark.parametrize("groups", [[], [{"name": "none", "points": 1, "cases": []}]])
def test_a_suite_without_cases_ends_as_our_fault(desk: Desk, groups: list[dict[str, Any]]):
    run_id = desk.submit()
    store_suite(desk, groups)
    spoil(desk, run_id)
    run = desk.run(run_id)
    assert (run.status, run.result_status, run.reason) == (
        RunStatus.DONE,
        SubmissionStatus.ERROR,
        Reason.PLATFORM,
    )
    assert not [request for request in desk.sandbox.requests if not request.probe]


def test_a_case_that_stands_there_twice_counts_twice_and_under_two_names(desk: Desk):
    case = {"stdin": "1\n", "stdout": "2\n"}
    twice = [{**case, "name": "one"}, {**case, "name": "again"}]
    store_suite(desk, [{"name": "all", "visible": True, "points": 10, "scoring": "each", "cases": twice}])
    run_id = desk.submit()
    assert desk.grader.grade_pending() == 1
    assert (desk.run(run_id).result_status, desk.run(run_id).score) == (SubmissionStatus.PASSED, 100)
    with desk.database.transaction() as session:
        found = session.execute(
            select(CaseResult.name, CaseResult.points).order_by(CaseResult.position)
        ).all()
    assert [tuple(row) for row in found] == [("one", 5.0), ("again", 5.0)]


def test_a_name_that_stands_there_twice_ends_as_our_fault(desk: Desk):
    case = {"name": "one", "stdin": "1\n", "stdout": "2\n"}
    store_suite(desk, [{"name": "all", "points": 10, "cases": [case, case]}])
    run_id = desk.submit()
    spoil(desk, run_id)
    assert desk.run(run_id).reason is Reason.PLATFORM


@pytest.mark.parametrize("hidden", [Assignment, Module, ProgrammingLanguage])
@pytest.mark.parametrize("is_at_work", [False, True])
def test_what_was_hidden_meanwhile_is_graded_to_its_end(desk: Desk, hidden: Any, is_at_work: bool):
    with desk.database.transaction() as session:
        module = session.get_one(Module, desk.assignment.module_id)
        language = session.get_one(ProgrammingLanguage, module.language_id)
        factories.make_enrollment(session, desk.user, language)
    run_id = desk.submit()

    def hide() -> None:
        with desk.database.transaction() as session:
            session.execute(update(hidden).values(deleted_at=now()))

    def do(request: RunRequest) -> RunReport:
        if is_at_work:
            hide()
        return doubled(request)

    if not is_at_work:
        hide()
    desk.sandbox.do = do
    assert desk.grader.grade_pending() == 1
    assert desk.shown(run_id) is SubmissionStatus.PASSED
    with desk.database.transaction() as session:
        shown = session.scalars(select(ModuleProgress.progress_percent)).all()
    assert shown in ([], [0]) if hidden is Assignment else len(shown) <= 1


@pytest.mark.parametrize("model", [TestSuite, Assignment])
def test_what_runs_need_cannot_be_removed(desk: Desk, model: Any):
    run_id = desk.submit()
    with pytest.raises(Conflict), desk.database.transaction() as session:
        session.execute(delete(model))
    assert desk.grader.grade_pending() == 1
    assert desk.shown(run_id) is SubmissionStatus.PASSED


@pytest.mark.parametrize("gone", [AssignmentSubmission, User])
def test_a_run_that_was_removed_while_it_was_at_work_leaves_nothing(desk: Desk, gone: Any):
    desk.submit()

    def do(request: RunRequest) -> RunReport:
        with desk.database.transaction() as session:
            session.execute(delete(gone))
        return doubled(request)

    desk.sandbox.do = do
    assert desk.grader.grade_pending() == 0
    with desk.database.transaction() as session:
        assert session.scalars(select(GradingRun.id)).all() == []
        assert session.scalars(select(CaseResult.id)).all() == []
    desk.sandbox.do = doubled
    assert desk.grader.grade_pending() == 0  # and the worker goes on
