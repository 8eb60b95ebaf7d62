"""Which submissions a set is about: every criterion by itself, together, and what makes no sense."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine

from api.core.clock import now
from api.core.errors import Conflict, Invalid
from api.core.ids import new_id
from api.learning.regrades import service
from api.learning.submissions.grade import Grade, Reason, SubmissionStatus
from tests import factories
from tests.api.learning.sets import (
    advance,
    apply,
    detail,
    graded,
    make_set,
    member_ids,
    preview,
    shown,
)
from tests.api.learning.world import World, claim, failed, grade_all, must_claim, passed, regrade, submit

NOT_COMPILED = Grade(
    status=SubmissionStatus.ERROR, reason=Reason.COMPILE_ERROR, score=0, cases=(), feedback="no"
)


def chosen(world: World, **selection: Any) -> set[UUID]:
    set_id = make_set(world, **selection)
    advance(world.database)
    grade_all(world.database, passed())
    return member_ids(world.database, set_id)


def faults(world: World, **selection: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        make_set(world, **selection)
    return [(fault.field, fault.message) for fault in refused.value.errors]


def publish(world: World) -> None:
    """A second version of the first assignment's test cases, of the same names."""
    with world.database.transaction() as session:
        assignment = session.merge(world.first)
        changed = {**factories.DOUBLING, "checker": {"kind": "exact"}}
        factories.make_suite(session, assignment, suite=changed, version=2)
        assignment.suite_version = 2


def test_each_criterion_selects_by_what_is_shown(world: World):
    good, bad = graded(world, passed()), graded(world, failed())
    theirs = graded(world, passed(), user=world.other)
    second = graded(world, passed(), assignment=world.second)
    script = graded(world, passed(), language="javascript")
    everyone = {good, bad, theirs, second, script}
    first = world.first.id
    for selection, wanted in (
        ({"assignment_id": first}, everyone - {second}),
        ({"assignment_id": first, "status": SubmissionStatus.FAILED}, {bad}),
        ({"status": SubmissionStatus.PASSED}, everyone - {bad}),
        ({"reason": Reason.WRONG_ANSWER}, {bad}),
        ({"user_id": world.other.id}, {theirs}),
        ({"language": "javascript"}, {script}),
        ({"submission_ids": [bad, second]}, {bad, second}),
        ({"submission_ids": [bad, second], "assignment_id": first}, {bad}),
        ({"suite_version": 1}, everyone),
    ):
        assert chosen(world, **selection) == wanted, selection


def test_a_compile_error_is_a_reason(world: World):
    broken = graded(world, NOT_COMPILED)
    graded(world, failed())
    assert chosen(world, reason=Reason.COMPILE_ERROR) == {broken}


def test_the_time_range_takes_its_start_and_not_its_end(world: World):
    with time_machine.travel(now(), tick=False) as clock:
        sent = []
        for _ in range(3):
            sent.append((graded(world, passed()), now()))
            clock.shift(60)
        (one, _), (two, start), (three, end) = sent
        assert chosen(world, submitted_from=start, submitted_until=end) == {two}
        assert chosen(world, submitted_from=start) == {two, three}
        assert chosen(world, submitted_until=end) == {one, two}


def test_the_suite_version_is_that_of_the_shown_result(world: World):
    old, new = graded(world, passed()), graded(world, passed())
    publish(world)
    regrade(world.database, new)
    grade_all(world.database, failed())
    assert chosen(world, assignment_id=world.first.id, suite_version=1) == {old}
    assert chosen(world, assignment_id=world.first.id, suite_version=2) == {new}


def test_previews_are_against_the_current_suite(world: World):
    graded(world, passed())
    publish(world)
    make_set(world)
    advance(world.database)
    assert must_claim(world.database).suite_version == 2


def test_what_shows_no_result_or_came_later_is_no_member(world: World):
    old = graded(world, passed())
    pending = submit(world).submission.id
    set_id = make_set(world)
    later = submit(world).submission.id
    grade_all(world.database, passed())
    advance(world.database)
    assert member_ids(world.database, set_id) == {old, pending}, "graded before its turn came"
    assert later not in member_ids(world.database, set_id)


def test_a_submission_that_is_not_graded_belongs_to_no_set(world: World):
    old = graded(world, passed())
    submit(world)
    set_id = make_set(world)
    advance(world.database)
    assert member_ids(world.database, set_id) == {old}


def test_what_makes_no_sense_is_named(world: World):
    graded(world, passed())
    pending, unknown = submit(world).submission.id, new_id()
    moment = now()
    assert faults(world, cases=["samples/one"])[0][0] == "selection"
    assert faults(world, status=SubmissionStatus.RUNNING) == [
        ("selection.status", "should be PASSED, FAILED or ERROR")
    ]
    assert faults(world, submission_ids=[pending, unknown]) == [
        ("selection.submissionIds", f"there is no submission {unknown}"),
        ("selection.submissionIds", f"{pending} is not graded yet"),
    ]
    assert faults(world, assignment_id=unknown) == [("selection.assignmentId", "there is no such assignment")]
    assert faults(world, submitted_from=moment, submitted_until=moment)[0][0] == "selection.submittedUntil"
    assert faults(world, language="python\0")[0][0] == "selection.language"
    assert faults(world, suite_version=9) == [("selection", "no submission with a result fits all of this")]
    with world.database.transaction() as session, pytest.raises(Invalid) as refused:
        service.create_set(
            session, asked_by=None, why=" ", selection=service.Selection(status=SubmissionStatus.PASSED)
        )
    assert [fault.field for fault in refused.value.errors] == ["why"]


def test_single_cases_run_and_the_results_of_the_others_are_handed_over(world: World):
    graded(world, failed())
    make_set(world, assignment_id=world.first.id, cases=["samples/two", "hidden/zero"])
    advance(world.database)
    task = must_claim(world.database)
    assert (task.only, task.run_number) == ((1, 2), 2)
    assert [(case.name, case.verdict, case.stdout) for case in task.kept] == [
        ("one", "PASSED", "shown"),
        ("zero", "FAILED", None),
    ]
    assert task.kept[0].first_difference == failed().cases[0].first_difference


def test_where_nothing_can_be_kept_all_cases_run(world: World):
    graded(world, NOT_COMPILED)
    make_set(world, assignment_id=world.first.id, cases=["samples/two"])
    advance(world.database)
    task = must_claim(world.database)
    assert (task.only, task.kept) == ((), ())


def test_single_cases_of_earlier_test_cases_are_refused(world: World):
    graded(world, passed())
    new = graded(world, passed())
    publish(world)
    regrade(world.database, new)
    grade_all(world.database, passed())
    with pytest.raises(Conflict) as refused:
        make_set(world, assignment_id=world.first.id, cases=["samples/two"])
    assert refused.value.code == "suite_changed"
    assert "1 of the 2" in refused.value.detail
    assert "add suiteVersion 2" in refused.value.detail
    make_set(world, assignment_id=world.first.id, cases=["samples/two"], suite_version=2)


def test_test_cases_published_meanwhile_mix_with_nothing(world: World):
    """Positions are those of one suite: a member that shows a result of another is left out."""
    stays, moves = graded(world, failed()), graded(world, failed())
    set_id = make_set(world, assignment_id=world.first.id, cases=["samples/two"])
    publish(world)
    regrade(world.database, moves)
    grade_all(world.database, failed())
    advance(world.database)
    assert member_ids(world.database, set_id) == {stays}
    assert must_claim(world.database).suite_version == 1


def test_unknown_cases_are_named_with_those_there_are(world: World):
    graded(world, passed())
    told = faults(world, assignment_id=world.first.id, cases=["samples/one", "samples/zero"])
    assert told == [
        (
            "selection.cases[1]",
            "there is no such case; there are samples/one, samples/two, hidden/zero, hidden/large",
        )
    ]
    assert faults(world, status=SubmissionStatus.PASSED, cases=["samples/one"])[0][0] == (
        "selection.assignmentId"
    )


def test_sets_may_overlap_and_the_second_to_be_applied_finds_something_newer(world: World):
    one = graded(world, passed())
    first, second = preview(world, failed(10)), preview(world, failed(30))
    apply(world.database, first)
    apply(world.database, second)
    assert shown(world.database, one).score == 10
    assert detail(world.database, second).outcomes["NEWER"] == 1


def test_it_is_kept_what_was_asked_for(world: World):
    graded(world, passed())
    start = now() - timedelta(days=1)
    set_id = make_set(world, assignment_id=world.first.id, submitted_from=start)
    row = detail(world.database, set_id).regrade_set
    assert row.selection.keys() == {"assignmentId", "submittedFrom"}
    assert claim(world.database) is None, "nothing was prepared yet"
