"""Re-grade sets from the command line: made, watched, looked at, applied, cancelled, undone."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from rich.progress import Progress
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.errors import Conflict, Invalid, NotFound
from api.learning.curriculum import queries as curriculum
from api.learning.regrades import queries, service, views
from api.learning.regrades.models import RegradeSet, RegradeSetStatus
from api.learning.regrades.queries import ChangeKind
from api.learning.regrades.selection import Selection, check_selection, count_selected
from api.learning.submissions.grade import Reason, RunStatus, SubmissionStatus
from cli.grading import coloured
from cli.output import CommandFailed, print_json, print_table, progress, say
from cli.services import Services, services

SECONDS_BETWEEN_LOOKS = 1.0
_SHOWN = 50
_AT_WORK = (RegradeSetStatus.PREPARING, RegradeSetStatus.RUNNING)


def criteria(
    *,
    ids: Sequence[UUID],
    suite_version: int | None,
    status: str | None,
    result: str | None,
    user: UUID | None,
    language: str | None,
    since: datetime | None,
    until: datetime | None,
    cases: Sequence[str],
) -> dict[str, object]:
    """What the command's options ask for, as fields of `Selection`. Raises Invalid: there is no such reason."""
    if result is not None and result not in [*Reason]:
        raise Invalid(f"--result: there is no {result!r}; there are {', '.join(Reason)}")
    return {
        "submission_ids": [*ids] or None,
        "suite_version": suite_version,
        "status": SubmissionStatus(status) if status else None,
        "reason": Reason(result) if result else None,
        "user_id": user,
        "language": language,
        "submitted_from": since and since.replace(tzinfo=UTC),
        "submitted_until": until and until.replace(tzinfo=UTC),
        "cases": [*cases] or None,
    }


def create(
    why: str, criteria: dict[str, object], *, assignment: str | None, dry_run: bool, wait: bool, as_json: bool
) -> None:
    """Makes a set and adds its submissions here and now; graders do the rest.

    ``criteria`` are fields of `Selection`, ``assignment`` is a slug. ``wait``: until all is graded.

    Raises:
        Invalid: the criteria make no sense, or nothing fits them.
        Conflict: several assignments have the slug, or single cases cannot be merged.
        NotFound: no assignment has the slug.
    """
    with services() as opened:
        with opened.database.transaction() as session:
            assignment_id = _assignment_id(session, assignment) if assignment else None
            selection = Selection(**criteria, assignment_id=assignment_id)  # pyright: ignore[reportArgumentType]
            moment = now()
            check_selection(session, selection, moment)
            expected = count_selected(session, selection, moment)
        if dry_run:
            print_json({"submissions": expected}) if as_json else say(
                f"{expected} submissions would be graded"
            )
            return
        with opened.database.transaction() as session:
            set_id = service.create_set(session, asked_by=None, why=why, selection=selection).id
        _prepare(opened, set_id, expected)
        if wait:
            _wait(opened, set_id)
        _print(opened, set_id, as_json=as_json)


def list_sets(*, as_json: bool) -> None:
    """The newest sets."""
    with services() as opened, opened.database.transaction() as session:
        rows, total = queries.list_sets(session, status=None, limit=_SHOWN, offset=0)
        lines = [views.set_line(row) for row in rows]
    if as_json:
        print_json([msgspec.to_builtins(line) for line in lines])
        return
    columns = ("id", "status", "submissions", "made", "why")
    moments = (f"{line.created_at:%Y-%m-%d %H:%M}" for line in lines)
    print_table(
        f"{total} re-grade sets",
        columns,
        ((x.id, x.status, x.total, moment, x.why) for x, moment in zip(lines, moments, strict=True)),
    )


def show(set_id: UUID, *, kind: str | None, as_json: bool) -> None:
    """What a set would change or has changed, per learner and per submission. Raises NotFound."""
    with services() as opened:
        _print(opened, set_id, kind=ChangeKind(kind) if kind else None, as_json=as_json)


def watch(set_id: UUID, *, as_json: bool) -> None:
    """Waits until a set is graded, and shows what it would change. Raises NotFound."""
    with services() as opened:
        _wait(opened, set_id)
        _print(opened, set_id, as_json=as_json)


def act(name: str, set_id: UUID, *, as_json: bool) -> None:
    """Applies, cancels or undoes a set. Raises NotFound; Conflict, if it is not in a state for that."""
    acts: dict[str, Callable[[Session, UUID], RegradeSet]] = {
        "apply": service.apply_set,
        "cancel": service.cancel_set,
        "undo": service.undo_set,
    }
    with services() as opened:
        with opened.database.transaction() as session:
            acts[name](session, set_id)
        _print(opened, set_id, as_json=as_json)


def _assignment_id(session: Session, slug: str) -> UUID:
    found, total = curriculum.find_assignments(session, slug=slug, language_slug=None, limit=2, offset=0)
    if total > 1:
        raise Conflict(f"{total} assignments are called {slug!r}: name the submissions, or use the HTTP API")
    if not found:
        raise NotFound(f"there is no assignment {slug!r}")
    return found[0][0].id


def _prepare(opened: Services, set_id: UUID, expected: int) -> None:
    with progress("adding", expected) as bar:
        while True:
            with opened.database.transaction() as session:
                total = service.prepare(session, set_id, opened.bell)
            if total is None:
                return
            bar.update(bar.task_ids[0], completed=total)


def _wait(opened: Services, set_id: UUID) -> None:
    with progress("grading", None) as bar:
        while (detail := _look(opened, set_id)).status in _AT_WORK:
            _move(bar, detail)
            time.sleep(SECONDS_BETWEEN_LOOKS)
        _move(bar, detail)
    if detail.status is RegradeSetStatus.CANCELLED:
        raise CommandFailed("the set was cancelled")


def _move(bar: Progress, detail: queries.SetDetail) -> None:
    bar.update(bar.task_ids[0], completed=detail.runs[RunStatus.DONE], total=detail.regrade_set.total)


def _look(opened: Services, set_id: UUID) -> queries.SetDetail:
    with opened.database.transaction() as session:
        return queries.get_set(session, set_id)


def _print(opened: Services, set_id: UUID, *, kind: ChangeKind | None = None, as_json: bool) -> None:
    with opened.database.transaction() as session:
        view = views.regrade_set(queries.get_set(session, set_id))
        changes, shown = queries.list_changes(session, set_id, kind=kind, limit=_SHOWN, offset=0)
        learners, concerned = queries.list_learners(session, set_id, limit=_SHOWN, offset=0)
    if as_json:
        print_json(msgspec.to_builtins(view))
        return
    runs, kinds = view.runs, view.changes
    say(f"set {view.id}: {view.status}, {view.total} submissions, because: {view.why}")
    say(f"{runs.done} graded, {runs.waiting} waiting, {runs.running} at work, {runs.withdrawn} withdrawn")
    say(f"points: {kinds.up} up, {kinds.down} down; neither points nor status: {kinds.same}")
    for flip in kinds.flips:
        say(f"status: {flip.count} from {flip.was} to {flip.becomes}")
    say(
        f"left alone: {kinds.faults} that the platform could not grade, {kinds.newer} that show something newer"
    )
    if view.outcome:
        done = view.outcome
        say(f"applied: {done.applied + done.restored + done.kept}, of these undone: {done.restored}")
    print_table(
        _title("learners", len(learners), concerned),
        ("learner", "submissions", "up", "down", "passed before", "passed after", "points"),
        (
            (x.user_id, x.submissions, x.up, x.down, x.passed_before, x.passed_after, f"{x.difference:+}")
            for x in learners
        ),
    )
    print_table(
        _title("submissions", len(changes), shown),
        ("submission", "before", "points", "after", "points", "outcome"),
        (_row(change) for change in changes),
    )


def _row(change: queries.Change) -> Sequence[object]:
    before, after = change.before, change.after
    outcome = change.member.outcome or ("NEWER" if change.newer else "")
    state = coloured(after[0]) if after[0] else change.status
    return change.member.submission_id, coloured(before[0] or ""), before[2], state, after[2], outcome


def _title(what: str, shown: int, total: int) -> str:
    return what if shown == total else f"{what} (the first {shown} of {total})"
