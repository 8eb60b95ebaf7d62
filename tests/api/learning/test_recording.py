"""What is written down when a run is done: results, the shown grade, progress; never by halves."""

from threading import Barrier, Thread

import msgspec
import pytest
from sqlalchemy import delete, select, text

from api.core.database import Database
from api.learning.curriculum.models import EnrollmentStatus, LanguageEnrollment
from api.learning.progress.models import ModuleProgress
from api.learning.progress.queries import progress_of
from api.learning.progress.rules import ProgressStatus
from api.learning.submissions import service
from api.learning.submissions.grade import CaseGrade, Grade, Reason, RunStatus, SubmissionStatus, Verdict
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun
from tests import factories
from tests.api.learning.world import (
    CANARY,
    World,
    failed,
    grade_all,
    must_claim,
    passed,
    record,
    regrade,
    submit,
)


def progress(world: World) -> ModuleProgress | None:
    with world.database.transaction() as session:
        return session.scalar(select(ModuleProgress).where(ModuleProgress.user_id == world.learner.id))


def enrollment(world: World) -> LanguageEnrollment:
    with world.database.transaction() as session:
        own = LanguageEnrollment.user_id == world.learner.id
        return session.scalars(select(LanguageEnrollment).where(own)).one()


def shown(world: World, submission_id: object) -> AssignmentSubmission:
    with world.database.transaction() as session:
        return session.get_one(AssignmentSubmission, submission_id)


def runs(database: Database) -> list[GradingRun]:
    with database.transaction() as session:
        return [*session.scalars(select(GradingRun).order_by(GradingRun.number))]


def set_percent(world: World) -> int:
    row = progress(world)
    return row.progress_percent if row else 0


def test_no_text_of_a_hidden_case_is_ever_stored(world: World):
    submit(world)
    assert record(world.database, must_claim(world.database), passed())
    with world.database.transaction() as session:
        visible, hidden = session.scalars(select(CaseResult).order_by(CaseResult.position)).all()
    assert (visible.stdin, visible.expected, visible.stdout, visible.stderr) == ("shown",) * 4
    assert visible.first_difference == {"line": 1, "expected": "shown", "actual": "shown"}
    assert (hidden.stdin, hidden.expected, hidden.stdout, hidden.stderr) == (None,) * 4
    assert hidden.first_difference is None


def test_hostile_output_is_stored_in_a_form_that_any_database_takes(world: World):
    submitted = submit(world)
    nasty = "\0\ud800\x1b[31m" + "x" * 100_000
    case = CaseGrade(
        name="n\0", group="g", visible=True, verdict=Verdict.ERROR, stdout=nasty, stderr=nasty, message=nasty
    )
    grade = Grade(
        status=SubmissionStatus.ERROR,
        reason=Reason.RUNTIME_ERROR,
        score=0,
        cases=(case,),
        feedback=nasty,
        compile_output=nasty,
        analysis={"k\0": [nasty, {"n": 10**30}]},
    )
    assert record(world.database, must_claim(world.database), grade)
    with world.database.transaction() as session:
        row = session.scalars(select(CaseResult)).one()
    assert row.stdout is not None
    assert row.stdout.startswith("\ufffd?\x1b[31mxxx")
    assert row.stdout.endswith("…")
    assert len(row.stdout) == 64 * 1024
    assert len(shown(world, submitted.submission.id).feedback or "") == 64 * 1024
    assert runs(world.database)[0].analysis is not None


def test_a_thousand_cases_are_recorded(world: World):
    submit(world)
    case = passed().cases[0]
    grade = msgspec.structs.replace(passed(), cases=(case,) * 1000)
    assert record(world.database, must_claim(world.database), grade)
    with world.database.transaction() as session:
        positions = session.scalars(select(CaseResult.position).order_by(CaseResult.position)).all()
    assert positions == [*range(1000)]


def test_the_run_says_what_produced_its_verdict(world: World):
    submitted = submit(world)
    record(world.database, must_claim(world.database), passed(95))
    (run,) = runs(world.database)
    assert (run.status, run.result_status, run.score) == (RunStatus.DONE, SubmissionStatus.PASSED, 95)
    assert (run.image_digest, run.grader_version, run.isolation) == ("sha256:0123", "0.1.0", "local")
    assert (run.worker, run.lease_until) == ("w1", None)
    row = shown(world, submitted.submission.id)
    assert (row.status, row.score, row.current_run) == (SubmissionStatus.PASSED, 95, 1)
    assert row.graded_at is not None


def test_a_regrade_shows_the_old_grade_until_the_new_one_is_complete(world: World):
    submitted = submit(world)
    grade_all(world.database, passed())
    before = runs(world.database)[0]
    assert regrade(world.database, submitted.submission.id).number == 2
    assert shown(world, submitted.submission.id).status is SubmissionStatus.PASSED
    task = must_claim(world.database)
    row = shown(world, submitted.submission.id)
    assert (row.status, row.score, row.current_run) == (SubmissionStatus.PASSED, 100, 1)
    assert record(world.database, task, failed())
    row = shown(world, submitted.submission.id)
    assert (row.status, row.score, row.current_run) == (SubmissionStatus.FAILED, 20, 2)
    after = runs(world.database)[0]
    columns = GradingRun.__table__.columns.keys()
    assert {c: getattr(before, c) for c in columns} == {c: getattr(after, c) for c in columns}


def test_a_regrade_uses_the_current_suite_and_the_old_run_keeps_its_own(world: World):
    submitted = submit(world)
    grade_all(world.database, passed())
    with world.database.transaction() as session:
        changed = {**factories.DOUBLING, "languages": ["python"]}
        assignment = session.merge(world.first)
        newer = factories.make_suite(session, assignment, suite=changed, version=2)
        assignment.suite_version = 2
    regrade(world.database, submitted.submission.id)
    task = must_claim(world.database)
    assert (task.suite_version, task.suite_digest, task.run_number) == (2, newer.digest, 2)
    old, new = runs(world.database)
    assert old.suite_id != new.suite_id == newer.id


def test_a_run_that_waits_for_the_same_suite_is_as_good_as_another(world: World):
    submitted = submit(world)
    assert regrade(world.database, submitted.submission.id).number == 1
    must_claim(world.database)
    assert regrade(world.database, submitted.submission.id).number == 2, "a run at work may have an old image"
    assert regrade(world.database, submitted.submission.id).number == 2


def test_an_older_run_that_ends_later_is_not_shown(world: World):
    submitted = submit(world)
    slow = must_claim(world.database)
    regrade(world.database, submitted.submission.id)
    quick = must_claim(world.database)
    assert record(world.database, quick, failed())
    assert record(world.database, slow, passed())
    row = shown(world, submitted.submission.id)
    assert (row.status, row.current_run) == (SubmissionStatus.FAILED, 2)
    assert set_percent(world) == 0
    assert [run.result_status for run in runs(world.database)] == ["PASSED", "FAILED"]


def test_a_regrade_that_the_platform_spoils_takes_nothing_away(world: World):
    submitted = submit(world)
    grade_all(world.database, passed())
    regrade(world.database, submitted.submission.id)
    task = must_claim(world.database)
    with world.database.transaction() as session:
        service.release_run(
            session, task.run_id, task.attempt, reason="gone", counts_attempt=True, max_attempts=1
        )
    row = shown(world, submitted.submission.id)
    assert (row.status, row.score, row.reason, row.current_run) == (SubmissionStatus.PASSED, 100, None, 1)
    assert runs(world.database)[1].reason is Reason.PLATFORM
    assert set_percent(world) == 50


def test_progress_counts_the_best_and_goes_down_with_a_regrade(world: World):
    only = submit(world)
    grade_all(world.database, passed())
    assert set_percent(world) == 50
    submit(world)
    grade_all(world.database, failed())
    assert set_percent(world) == 50, "a worse one later takes nothing away"
    submit(world, assignment=world.second)
    grade_all(world.database, passed())
    row = progress(world)
    assert row is not None
    assert (row.progress_percent, row.status) == (100, ProgressStatus.COMPLETED)
    assert row.completed_at is not None
    assert enrollment(world).status is EnrollmentStatus.COMPLETED

    regrade(world.database, only.submission.id)
    grade_all(world.database, failed())
    row = progress(world)
    assert row is not None
    assert (row.progress_percent, row.status, row.completed_at) == (50, ProgressStatus.IN_PROGRESS, None)
    assert (enrollment(world).status, enrollment(world).completed_at) == (EnrollmentStatus.ACTIVE, None)


def test_a_paused_enrollment_stays_paused_whatever_comes_out(world: World):
    submit(world)
    submit(world, assignment=world.second)
    with world.database.transaction() as session:
        session.merge(enrollment(world)).status = EnrollmentStatus.PAUSED
    grade_all(world.database, passed())
    assert enrollment(world).status is EnrollmentStatus.PAUSED
    assert enrollment(world).completed_at is not None


def test_who_is_not_enrolled_any_more_is_graded_without_progress(world: World):
    submitted = submit(world)
    with world.database.transaction() as session:
        session.execute(delete(LanguageEnrollment))
    assert record(world.database, must_claim(world.database), passed())
    assert shown(world, submitted.submission.id).status is SubmissionStatus.PASSED
    assert progress(world) is None


def test_a_new_assignment_lowers_what_is_shown_at_once(world: World):
    for assignment in (world.first, world.second):
        submit(world, assignment=assignment)
    grade_all(world.database, passed())
    with world.database.transaction() as session:
        factories.make_assignment(session, session.merge(world.module), slug="third")
        (language,) = progress_of(session, world.learner.id)
    assert language.completion == (66, ProgressStatus.IN_PROGRESS)
    assert language.modules[0].facts.kinds["assignments"] == (2, 3, True)


def test_an_empty_module_neither_counts_as_done_nor_stands_in_the_way(world: World):
    with world.database.transaction() as session:
        factories.make_module(session, session.merge(world.language), slug="empty")
    for assignment in (world.first, world.second):
        submit(world, assignment=assignment)
    grade_all(world.database, passed())
    assert enrollment(world).status is EnrollmentStatus.COMPLETED
    with world.database.transaction() as session:
        (language,) = progress_of(session, world.learner.id)
    assert {m.module.slug: m.facts.completion for m in language.modules} == {
        "basics": (100, ProgressStatus.COMPLETED),
        "empty": (0, ProgressStatus.NOT_STARTED),
    }


def test_results_that_come_in_together_all_count(world: World):
    """The lost update: each of two transactions would count without the other's result."""
    for assignment in (world.first, world.second):
        submit(world, assignment=assignment)
    tasks = [must_claim(world.database), must_claim(world.database)]
    # Holding the enrollment until both have come to it, so that they do meet.
    barrier, answers = Barrier(3), []

    def work(task: object) -> None:
        barrier.wait()
        answers.append(record(world.database, task, passed()))  # pyright: ignore[reportArgumentType]

    threads = [Thread(target=work, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    barrier.wait()
    for thread in threads:
        thread.join(60)
    assert answers == [True, True]
    assert set_percent(world) == 100
    assert enrollment(world).status is EnrollmentStatus.COMPLETED


@pytest.mark.postgres
@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_the_second_of_two_results_waits_for_the_first(world: World):
    """The same in slow motion: the first holds the enrollment, the second must not fold before its end."""
    for assignment in (world.first, world.second):
        submit(world, assignment=assignment)
    first, second = must_claim(world.database), must_claim(world.database)
    answers: list[bool] = []
    late = Thread(target=lambda: answers.append(record(world.database, second, passed())))
    with world.database.transaction() as session:
        assert service.record_grade(session, first, passed())
        late.start()
        wait_until_somebody_waits_for_a_lock(world.database)
        assert answers == []
    late.join(60)
    assert answers == [True]
    assert set_percent(world) == 100


def wait_until_somebody_waits_for_a_lock(database: Database) -> None:
    for _ in range(100_000):
        with database.engine.connect() as connection:
            if connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return
    raise AssertionError("nobody ever waited")


def test_the_canary_of_the_grades_is_in_no_table(world: World):
    submit(world)
    grade_all(world.database, passed())
    with world.database.transaction() as session:
        rows = session.scalars(select(CaseResult)).all()
        texts = [str(vars(row)) for row in rows if row.visible]
        hidden = [row for row in rows if not row.visible]
    assert CANARY not in "".join(texts)
    assert [row.message for row in hidden] == [f"says {CANARY}"], "a message is kept, for administrators"
