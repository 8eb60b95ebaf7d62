"""Which submissions a set is about: what was asked for, whether that makes sense, and the query it becomes.

A submission that shows no result yet belongs to no set: it will be graded against the current test cases anyway.
Neither does one that came in after the set was made, however long its preparation takes.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from api.core.errors import Conflict, FieldError, Invalid
from api.core.pages import count_rows
from api.learning.curriculum.models import Assignment, TestSuite
from api.learning.submissions.grade import Reason, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, GradingRun

MAX_IDS = 10_000
_TOLD = 20  # faults of one kind that are named


class Selection(Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """All criteria that are given must fit, and there must be one. Status, reason and suite version are those of
    the result that is shown; ``submittedFrom`` belongs to the time range, ``submittedUntil`` does not.

    ``cases`` (``group/name``) has only these graded again; all others keep the results of the run that is shown.
    """

    submission_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_IDS)] | None = None
    assignment_id: UUID | None = None
    suite_version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    status: Annotated[SubmissionStatus | None, Meta(examples=["FAILED"])] = None
    reason: Reason | None = None
    user_id: UUID | None = None
    submitted_from: Annotated[datetime, Meta(tz=True)] | None = None
    submitted_until: Annotated[datetime, Meta(tz=True)] | None = None
    language: Annotated[str, Meta(max_length=64)] | None = None
    cases: Annotated[list[str], Meta(min_length=1, max_length=1000)] | None = None


class OnlyCases(Struct):
    """Single cases to grade again: of which suite, and at which positions."""

    suite_id: UUID
    positions: list[int]


def select_submissions(selection: Selection, until: datetime, suite_id: UUID | None = None) -> Select[UUID]:
    """The ids of the graded submissions that ``selection`` means, of those sent ``until`` then.

    ``suite_id``: only those that show a result of this very suite version.
    """
    run = aliased(GradingRun)
    statement = select(AssignmentSubmission.id).where(
        AssignmentSubmission.current_run.is_not(None), AssignmentSubmission.submitted_at <= until
    )
    if selection.suite_version is not None or suite_id is not None:
        statement = statement.join(
            run,
            (run.submission_id == AssignmentSubmission.id) & (run.number == AssignmentSubmission.current_run),
        )
    if suite_id is not None:
        statement = statement.where(run.suite_id == suite_id)
    if selection.suite_version is not None:
        statement = statement.join(TestSuite, run.suite_id == TestSuite.id)
        statement = statement.where(TestSuite.version == selection.suite_version)
    if selection.submission_ids is not None:
        statement = statement.where(AssignmentSubmission.id.in_(selection.submission_ids))
    for column, wanted in (
        (AssignmentSubmission.assignment_id, selection.assignment_id),
        (AssignmentSubmission.status, selection.status),
        (AssignmentSubmission.reason, selection.reason),
        (AssignmentSubmission.user_id, selection.user_id),
        (AssignmentSubmission.language, selection.language),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if selection.submitted_from is not None:
        statement = statement.where(AssignmentSubmission.submitted_at >= selection.submitted_from)
    if selection.submitted_until is not None:
        statement = statement.where(AssignmentSubmission.submitted_at < selection.submitted_until)
    return statement


def count_selected(session: Session, selection: Selection, until: datetime) -> int:
    """How many submissions ``selection`` means at this moment."""
    return count_rows(session, select_submissions(selection, until))


def check_selection(session: Session, selection: Selection, until: datetime) -> OnlyCases | None:
    """Which cases to grade again, None for all.

    Raises:
        Invalid: nothing or nonsense is asked for, or nothing fits; each fault names its field.
        Conflict: single cases of results that an earlier version of the test cases gave (``suite_changed``).
    """
    if not any(
        getattr(selection, name) is not None for name in Selection.__struct_fields__ if name != "cases"
    ):
        fault = FieldError("selection", "give at least one of submissionIds, assignmentId, status, ...")
        raise Invalid("say which submissions", (fault,))
    faults = [*_flaws(session, selection)]
    if faults:
        raise Invalid("the selection has faults", tuple(faults))
    selected = count_selected(session, selection, until)
    if selected == 0:
        fault = FieldError("selection", "no submission with a result fits all of this")
        raise Invalid("nothing fits the selection", (fault,), code="nothing_selected")
    return _only_cases(session, selection, until, selected) if selection.cases is not None else None


def _flaws(session: Session, selection: Selection) -> Sequence[FieldError]:
    flaws = [*_of_ids(session, selection.submission_ids or ())]
    if selection.status in (SubmissionStatus.PENDING, SubmissionStatus.RUNNING):
        flaws.append(FieldError("selection.status", "should be PASSED, FAILED or ERROR"))
    if selection.language is not None and not selection.language.isprintable():
        flaws.append(FieldError("selection.language", "holds a character that no language's name has"))
    start, end = selection.submitted_from, selection.submitted_until
    if start is not None and end is not None and start >= end:
        flaws.append(FieldError("selection.submittedUntil", "should be later than submittedFrom"))
    if selection.assignment_id is not None and session.get(Assignment, selection.assignment_id) is None:
        flaws.append(FieldError("selection.assignmentId", "there is no such assignment"))
    if selection.cases is not None and selection.assignment_id is None:
        flaws.append(FieldError("selection.assignmentId", "is needed with cases: whose cases are they?"))
    return flaws


def _of_ids(session: Session, ids: Sequence[UUID]) -> Sequence[FieldError]:
    if not ids:
        return ()
    columns = select(AssignmentSubmission.id, AssignmentSubmission.current_run)
    known = {row[0]: row[1] for row in session.execute(columns.where(AssignmentSubmission.id.in_(ids)))}
    missing = [f"there is no submission {wanted}" for wanted in ids if wanted not in known]
    ungraded = [f"{wanted} is not graded yet" for wanted in ids if known.get(wanted, 1) is None]
    return [FieldError("selection.submissionIds", told) for told in (*missing[:_TOLD], *ungraded[:_TOLD])]


def _only_cases(session: Session, selection: Selection, until: datetime, selected: int) -> OnlyCases:
    assert selection.cases is not None
    suite_id, version, document = session.execute(
        select(TestSuite.id, TestSuite.version, TestSuite.document)
        .join(Assignment, TestSuite.assignment_id == Assignment.id)
        .where(Assignment.id == selection.assignment_id, TestSuite.version == Assignment.suite_version)
    ).one()
    positions = _positions(document, selection.cases)
    others = selected - count_rows(session, select_submissions(selection, until, suite_id))
    if others:
        raise Conflict(
            f"{others} of the {selected} submissions show a result of other test cases than the current ones: "
            f"single cases cannot be merged into it; add suiteVersion {version}, or leave out cases",
            code="suite_changed",
        )
    return OnlyCases(suite_id, positions)


def _positions(document: bytes, wanted: Sequence[str]) -> list[int]:
    groups = json.loads(document)["groups"]
    names = [f"{group['name']}/{case['name']}" for group in groups for case in group["cases"]]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        there = ", ".join(names[:_TOLD])
        told = (
            FieldError(f"selection.cases[{index}]", f"there is no such case; there are {there}")
            for index, name in enumerate(wanted)
            if name in unknown
        )
        raise Invalid("the selection has faults", tuple(told))
    return [position for position, name in enumerate(names) if name in wanted]
