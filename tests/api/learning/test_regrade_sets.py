"""Re-grade sets: nothing is shown before it is applied, all of it at once, and back again."""

from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select, update

from api.core.clock import now
from api.core.errors import Conflict, NotFound, Unavailable
from api.core.ids import new_id
from api.learning.curriculum import service as curriculum
from api.learning.curriculum.models import LanguageEnrollment
from api.learning.progress.models import ModuleProgress
from api.learning.regrades import queries, service
from api.learning.regrades.models import MemberOutcome, RegradeSetStatus
from api.learning.regrades.queries import ChangeKind
from api.learning.submissions import queries as submission_queries
from api.learning.submissions.grade import Reason, RunStatus, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, GradingRun
from api.learning.submissions.service import release_run, renew_lease, sweep
from tests.api.learning.sets import (
    WHY,
    advance,
    apply,
    cancel,
    detail,
    everything,
    graded,
    make_set,
    members,
    preview,
    runs,
    shown,
    undo,
)
from tests.api.learning.world import (
    World,
    actor,
    claim,
    failed,
    grade_all,
    must_claim,
    passed,
    record,
    regrade,
    submit,
)
from tests.conftest import RecordingBell


def percent(world: World) -> int | None:
    with world.database.transaction() as session:
        own = ModuleProgress.user_id == world.learner.id
        return session.scalar(select(ModuleProgress.progress_percent).where(own))


def give_up(world: World, task: Any) -> None:
    with world.database.transaction() as session:
        release_run(session, task.run_id, task.attempt, reason="gone", counts_attempt=True, max_attempts=1)


def test_a_preview_leaves_everything_as_it_is(world: World):
    mine, theirs = graded(world, passed()), graded(world, failed(), user=world.other)
    before = everything(world.database)
    set_id = make_set(world)
    assert everything(world.database) == before
    assert advance(world.database) == 1
    task = must_claim(world.database)
    assert task.preview
    assert everything(world.database) == before, "nor is it shown that something is at work"
    with world.database.transaction() as session:
        assert not submission_queries.get_submission(session, actor(world.learner), mine).regrading
    assert record(world.database, task, failed())
    grade_all(world.database, failed())
    assert everything(world.database) == before
    found = detail(world.database, set_id)
    assert (found.status, found.regrade_set.why, found.regrade_set.asked_by) == ("READY", WHY, world.admin.id)
    assert found.runs[RunStatus.DONE] == 2
    assert [(run.submission_id, run.score) for run in runs(world.database, regrade_set_id=set_id)] == [
        (mine, 20),
        (theirs, 20),
    ]


def test_what_would_change_is_told_before_it_does(world: World):
    down, up = graded(world, passed()), graded(world, failed(0))
    same, fault, newer = graded(world, failed(20)), graded(world, passed()), graded(world, passed())
    set_id = make_set(world)
    advance(world.database)
    assert detail(world.database, set_id).status is RegradeSetStatus.RUNNING
    for _ in range(5):
        task = must_claim(world.database)
        if task.submission_id == fault:
            give_up(world, task)
        else:
            record(world.database, task, passed() if task.submission_id == up else failed(20))
    regrade(world.database, newer)
    grade_all(world.database, passed())
    found = detail(world.database, set_id)
    assert {kind.value: count for kind, count in found.kinds.items()} == {
        "up": 1,
        "down": 2,
        "same": 1,
        "flip": 3,
        "fault": 1,
        "newer": 1,
    }
    assert found.flips == [("FAILED", "PASSED", 1), ("PASSED", "FAILED", 2)]
    with world.database.transaction() as session:
        for kind, wanted in (
            (None, [down, up, same, fault, newer]),
            (ChangeKind.UP, [up]),
            (ChangeKind.FAULT, [fault]),
            (ChangeKind.NEWER, [newer]),
        ):
            page, total = queries.list_changes(session, set_id, kind=kind, limit=10, offset=0)
            assert [change.member.submission_id for change in page] == wanted
            assert total == len(wanted)
        page, total = queries.list_changes(session, set_id, kind=None, limit=1, offset=1)
    assert (page[0].before, page[0].after, total) == (
        ("FAILED", "wrong_answer", 0),
        ("PASSED", None, 100),
        5,
    )


def test_the_summary_of_a_learner_counts_what_he_wins_and_loses(world: World):
    graded(world, passed())
    graded(world, failed(0))
    graded(world, failed(20), user=world.other)
    set_id = preview(world, failed(20))
    with world.database.transaction() as session:
        learners, total = queries.list_learners(session, set_id, limit=10, offset=0)
        last, _ = queries.list_learners(session, set_id, limit=10, offset=1)
    assert total == 2
    assert [line._asdict() for line in learners] == [
        {
            "user_id": world.learner.id,
            "submissions": 2,
            "up": 1,
            "down": 1,
            "flips": 1,
            "faults": 0,
            "passed_before": 1,
            "passed_after": 0,
            "difference": -60,
        },
        {
            "user_id": world.other.id,
            "submissions": 1,
            "up": 0,
            "down": 0,
            "flips": 0,
            "faults": 0,
            "passed_before": 0,
            "passed_after": 0,
            "difference": 0,
        },
    ]
    assert last == learners[1:]


def test_applying_shows_all_of_it_and_folds_the_progress(world: World):
    mine, theirs = graded(world, passed()), graded(world, failed(), user=world.other)
    assert percent(world) == 50
    set_id = preview(world, failed(10))
    assert apply(world.database, set_id).status is RegradeSetStatus.APPLIED
    for submission_id in (mine, theirs):
        row, (first, second) = (
            shown(world.database, submission_id),
            runs(world.database, submission_id=submission_id),
        )
        assert (row.status, row.reason, row.score, row.current_run) == ("FAILED", "wrong_answer", 10, 2)
        assert (row.feedback, row.graded_at) == (second.feedback, second.finished_at)
        assert first.result_status is not None, "the run before stays as it was"
    assert percent(world) == 0
    assert [(m.outcome, m.changed) for m in members(world.database, set_id)] == [("APPLIED", True)] * 2


def test_only_what_changed_is_to_be_told(world: World):
    graded(world, passed())
    graded(world, failed(20))
    set_id = preview(world, failed(20))
    apply(world.database, set_id)
    assert [(m.outcome, m.changed) for m in members(world.database, set_id)] == [
        ("APPLIED", True),
        ("APPLIED", False),
    ]


def test_what_shows_something_newer_is_left_alone_and_listed(world: World):
    one, other = graded(world, passed()), graded(world, passed())
    set_id = preview(world, failed(0))
    assert regrade(world.database, one).number == 3
    grade_all(world.database, failed(60))
    resubmitted = graded(world, passed())
    apply(world.database, set_id)
    assert (shown(world.database, one).score, shown(world.database, one).current_run) == (60, 3)
    assert (shown(world.database, other).score, shown(world.database, other).current_run) == (0, 2)
    assert shown(world.database, resubmitted).score == 100
    assert [(m.outcome, m.changed) for m in members(world.database, set_id)] == [
        ("NEWER", False),
        ("APPLIED", True),
    ]
    assert detail(world.database, set_id).kinds[ChangeKind.NEWER] == 1


def test_a_pending_regrade_that_was_asked_for_later_is_shown_over_the_set(world: World):
    one = graded(world, passed())
    set_id = preview(world, failed(0))
    regrade(world.database, one)
    apply(world.database, set_id)
    grade_all(world.database, failed(60))
    assert (shown(world.database, one).score, shown(world.database, one).current_run) == (60, 3)


def test_a_preview_that_waits_is_not_as_good_as_a_regrade(world: World):
    one = graded(world, passed())
    make_set(world)
    advance(world.database)
    assert regrade(world.database, one).number == 3
    grade_all(world.database, failed(60))
    assert (shown(world.database, one).score, shown(world.database, one).current_run) == (60, 3)


def test_a_preview_that_the_platform_spoiled_takes_nothing_away(world: World):
    one = graded(world, passed())
    set_id = make_set(world)
    advance(world.database)
    give_up(world, must_claim(world.database))
    apply(world.database, set_id)
    row = shown(world.database, one)
    assert (row.status, row.score, row.reason, row.current_run) == ("PASSED", 100, None, 1)
    (member,) = members(world.database, set_id)
    assert (member.outcome, member.changed) == (MemberOutcome.FAULT, False)


def test_a_set_that_is_not_graded_cannot_be_applied(world: World):
    graded(world, passed())
    set_id = make_set(world)
    for _ in range(2):
        with pytest.raises(Conflict) as refused:
            apply(world.database, set_id)
        assert refused.value.code == "not_ready"
        advance(world.database)
    record(world.database, must_claim(world.database), failed())
    apply(world.database, set_id)  # nobody need have written down that it is READY


@pytest.mark.parametrize("do", [apply, cancel, undo])
def test_there_is_no_such_set(world: World, do: Any):
    with pytest.raises(NotFound):
        do(world.database, new_id())


def test_what_is_over_stays_over(world: World):
    graded(world, passed())
    applied, cancelled = preview(world, failed()), preview(world, failed())
    apply(world.database, applied)
    cancel(world.database, cancelled)
    before = everything(world.database)
    for do, set_id, code in (
        (apply, applied, "set_is_over"),
        (cancel, applied, "set_is_over"),
        (apply, cancelled, "set_is_over"),
        (cancel, cancelled, "set_is_over"),
        (undo, cancelled, "not_applied"),
    ):
        with pytest.raises(Conflict) as refused:
            do(world.database, set_id)
        assert refused.value.code == code
    undo(world.database, applied)
    for do in (undo, apply):
        with pytest.raises(Conflict):
            do(world.database, applied)
    assert everything(world.database) != before


@pytest.mark.parametrize("when", ["the second learner", "the last statement"])
def test_a_fault_in_the_middle_leaves_nothing(world: World, when: str, monkeypatch: pytest.MonkeyPatch):
    graded(world, passed())
    graded(world, passed(), user=world.other)
    set_id = preview(world, failed())
    before = everything(world.database)
    folded: list[object] = []

    def break_off(enrollment: LanguageEnrollment, _: bool) -> None:
        folded.append(enrollment.user_id)
        if len(folded) == 2:
            raise Unavailable("broken off")

    def break_at_the_end(*_: object) -> None:
        raise Unavailable("broken off")

    with monkeypatch.context() as patch:
        if when == "the second learner":
            patch.setattr(curriculum, "set_completed", break_off)
        else:
            patch.setattr(service, "_done", break_at_the_end)
        with pytest.raises(Unavailable):
            apply(world.database, set_id)
    assert everything(world.database) == before
    assert detail(world.database, set_id).status is RegradeSetStatus.READY
    assert {m.outcome for m in members(world.database, set_id)} == {None}
    apply(world.database, set_id)
    assert {row["score"] for row in everything(world.database)["assignment_submissions"]} == {20}


def at_once(*works: Any) -> list[Exception | None]:
    """Runs all at the same moment; what each raised."""
    barrier, ends = Barrier(len(works)), [None] * len(works)

    def run(index: int) -> None:
        barrier.wait()
        try:
            works[index]()
        except Exception as error:
            ends[index] = error  # pyright: ignore[reportArgumentType]

    threads = [Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return [*ends]


def test_a_set_is_applied_once_whoever_asks_at_the_same_moment(world: World):
    graded(world, passed())
    set_id = preview(world, failed())
    ends = at_once(*[lambda: apply(world.database, set_id)] * 4)
    assert sorted(type(end).__name__ for end in ends) == ["Conflict", "Conflict", "Conflict", "NoneType"]
    assert [run.number for run in runs(world.database)] == [1, 2]


def test_apply_and_a_regrade_of_one_at_the_same_moment_leave_one_run_shown(world: World):
    submissions = [graded(world, passed()) for _ in range(4)]
    set_id = preview(world, failed(0))
    for submission_id in submissions:
        regrade(world.database, submission_id)
    tasks = [must_claim(world.database) for _ in submissions]
    ends = at_once(
        lambda: apply(world.database, set_id),
        *(lambda task=task: record(world.database, task, failed(60)) for task in tasks),
    )
    assert ends == [None] * 5
    for member in members(world.database, set_id):
        row = shown(world.database, member.submission_id)
        assert (row.current_run, row.score) == (3, 60), "the run that was asked for last, whoever came first"
    assert percent(world) == 0


def test_two_sets_of_the_same_learners_at_the_same_moment_do_not_wait_in_a_circle(world: World):
    for user in (world.learner, world.other):
        graded(world, passed(), user=user)
        graded(world, passed(), user=user, assignment=world.second)
    one = preview(world, failed(), assignment_id=world.first.id)
    two = preview(world, failed(), assignment_id=world.second.id)
    assert at_once(lambda: apply(world.database, one), lambda: apply(world.database, two)) == [None, None]
    assert percent(world) == 0


def test_cancelling_withdraws_what_is_not_graded(world: World):
    for _ in range(3):
        graded(world, passed())
    before = everything(world.database)
    set_id = make_set(world)
    advance(world.database)
    record(world.database, must_claim(world.database), failed())
    at_work = must_claim(world.database)
    cancel(world.database, set_id)
    assert claim(world.database) is None, "what waited is not claimed"
    assert not record(world.database, at_work, failed()), "what was at work is dropped"
    with world.database.transaction() as session:
        assert not renew_lease(session, at_work.run_id, at_work.attempt, 15)
        session.execute(update(GradingRun).values(lease_until=now()))
        assert sweep(session, max_attempts=3) == (0, 0, 0)
    found = detail(world.database, set_id)
    assert found.status is RegradeSetStatus.CANCELLED
    assert (found.runs[RunStatus.DONE], found.runs[RunStatus.WITHDRAWN]) == (1, 2)
    assert everything(world.database) == before


def test_a_set_can_be_cancelled_while_it_is_prepared(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "MEMBERS_AT_ONCE", 1)
    for _ in range(3):
        graded(world, passed())
    set_id = make_set(world)
    with world.database.transaction() as session:
        assert service.prepare(session, set_id) == 1
    cancel(world.database, set_id)
    with world.database.transaction() as session:
        assert service.prepare(session, set_id) is None
    assert advance(world.database) == 0
    assert [run.status for run in runs(world.database, regrade_set_id=set_id)] == [RunStatus.WITHDRAWN]


def test_undo_puts_back_what_was_shown(world: World):
    graded(world, passed())
    graded(world, failed(30), user=world.other)
    before = everything(world.database)
    set_id = preview(world, failed(0))
    apply(world.database, set_id)
    assert percent(world) == 0
    assert undo(world.database, set_id).status is RegradeSetStatus.UNDONE
    after = everything(world.database)
    assert after["assignment_submissions"] == before["assignment_submissions"]
    assert percent(world) == 50
    with world.database.transaction() as session:
        assert {row.completed_at for row in session.scalars(select(LanguageEnrollment))} == {None}
    assert {m.outcome for m in members(world.database, set_id)} == {MemberOutcome.RESTORED}


def test_undo_leaves_alone_what_is_newer(world: World):
    one, other = graded(world, passed()), graded(world, passed())
    set_id = preview(world, failed(0))
    apply(world.database, set_id)
    regrade(world.database, one)
    grade_all(world.database, failed(60))
    undo(world.database, set_id)
    assert (shown(world.database, one).score, shown(world.database, one).current_run) == (60, 3)
    assert (shown(world.database, other).score, shown(world.database, other).current_run) == (100, 1)
    assert [m.outcome for m in members(world.database, set_id)] == [
        MemberOutcome.KEPT,
        MemberOutcome.RESTORED,
    ]


def test_a_verdict_of_the_platform_can_be_put_right_and_put_back(world: World):
    submitted = submit(world).submission.id
    give_up(world, must_claim(world.database))
    set_id = preview(world, passed(), reason=Reason.PLATFORM)
    apply(world.database, set_id)
    assert (shown(world.database, submitted).status, percent(world)) == (SubmissionStatus.PASSED, 50)
    undo(world.database, set_id)
    row = shown(world.database, submitted)
    assert (row.status, row.reason, row.score, row.max_score) == ("ERROR", "platform", None, 100)
    assert percent(world) == 0


def test_a_set_is_prepared_in_pieces_by_whoever_comes(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "MEMBERS_AT_ONCE", 2)
    submissions = [graded(world, passed()) for _ in range(5)]
    bell = RecordingBell()
    set_id = make_set(world)
    assert advance(world.database, bell) == 3
    assert bell.rung == 3
    assert [m.submission_id for m in members(world.database, set_id)] == submissions
    found = detail(world.database, set_id)
    assert (found.regrade_set.total, found.status) == (5, RegradeSetStatus.RUNNING)
    assert [(m.before, m.number) for m in members(world.database, set_id)] == [(1, 2)] * 5
    assert {run.priority for run in runs(world.database, regrade_set_id=set_id)} == {1}


def test_two_who_prepare_at_the_same_moment_add_nobody_twice(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "MEMBERS_AT_ONCE", 2)
    for _ in range(7):
        graded(world, passed())
    set_id = make_set(world)
    assert at_once(*[lambda: advance(world.database)] * 3) == [None] * 3
    assert len(members(world.database, set_id)) == detail(world.database, set_id).regrade_set.total == 7


def test_a_set_becomes_ready_by_itself(world: World):
    graded(world, passed())
    set_id = make_set(world)
    advance(world.database)
    record(world.database, must_claim(world.database), passed())
    advance(world.database)
    row = detail(world.database, set_id).regrade_set
    assert row.status is RegradeSetStatus.READY
    assert row.ready_at is not None


def test_a_preview_at_work_does_not_count_against_its_learner(world: World):
    """His submission would wait behind everybody else's, for something that he did not ask for."""
    graded(world, passed())
    make_set(world)
    advance(world.database)
    assert must_claim(world.database).preview
    mine = submit(world).submission.id
    submit(world, world.other)
    assert must_claim(world.database).submission_id == mine


def test_no_submission_can_show_a_run_that_is_not_its_own(world: World):
    """Exactly one valid run: one column names it, and the database refuses what is no run of this submission."""
    one, other = graded(world, passed()), graded(world, passed())
    regrade(world.database, other)
    for number in (2, 0, 99):
        with pytest.raises(Conflict), world.database.transaction() as session:
            session.execute(
                update(AssignmentSubmission).where(AssignmentSubmission.id == one).values(current_run=number)
            )
    with pytest.raises(Conflict), world.database.transaction() as session:
        session.execute(
            update(GradingRun).where(GradingRun.submission_id == one, GradingRun.number == 1).values(number=7)
        )
    with pytest.raises(Conflict), world.database.transaction() as session:
        session.execute(
            update(GradingRun)
            .where(GradingRun.submission_id == other, GradingRun.number == 2)
            .values(number=1)
        )
    assert shown(world.database, one).current_run == 1


def test_an_account_that_goes_takes_its_part_of_the_sets_with_it(world: World):
    graded(world, passed())
    kept = graded(world, passed(), user=world.other)
    set_id = preview(world, failed())
    apply(world.database, set_id)
    with world.database.transaction() as session:
        session.delete(session.merge(world.learner))
    assert [m.submission_id for m in members(world.database, set_id)] == [kept]
