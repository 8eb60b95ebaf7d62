"""Submissions from the command line: grading them again, looking at them."""

from collections.abc import Iterable
from uuid import UUID

import msgspec
from rich.text import Text

from api.core.actor import Actor, UserRole
from api.core.errors import CodezestError
from api.learning.submissions import queries, views
from api.learning.submissions import service as submissions
from api.learning.submissions.grade import SubmissionStatus
from cli.output import CommandFailed, plain, print_json, print_table, progress, say
from cli.services import Services, services

_COLOURS = {"PASSED": "green", "FAILED": "red", "ERROR": "yellow"}
#: Whoever may run commands here may read the database: an administrator, of no account.
OPERATOR = Actor(UUID(int=0), UserRole.ADMIN, UUID(int=0))


def regrade(
    ids: Iterable[UUID], *, assignment: str | None, status: str | None, dry_run: bool, as_json: bool
) -> None:
    """Adds a run to each submission that is asked for.

    Each is a transaction of its own: thousands in one would keep every grader waiting for the end.

    Raises:
        Invalid: nothing was asked for.
        NotFound: an id that does not exist; nothing is stored.
        CommandFailed: some could not be added; each is named.
    """
    with services() as opened:
        with opened.database.transaction() as session:
            planned = submissions.regrade_many(
                session,
                ids=ids,
                assignment_slug=assignment,
                status=SubmissionStatus(status) if status else None,
                dry_run=True,
            )
        faults: list[str] = []
        if not dry_run:
            planned = _regrade(opened, planned, faults)
    if as_json:
        print_json([{"submission": plan.submission_id, "run": plan.number} for plan in planned])
    else:
        print_table(
            "would be graded again" if dry_run else "will be graded again",
            ("submission", "run"),
            ((plan.submission_id, plan.number) for plan in planned),
        )
    if faults:
        raise CommandFailed("\n".join(faults))


def _regrade(
    opened: Services, planned: Iterable[submissions.Planned], faults: list[str]
) -> list[submissions.Planned]:
    todo = list(planned)
    done: list[submissions.Planned] = []
    with progress("queueing", len(todo)) as bar:
        for plan in todo:
            try:
                with opened.database.transaction() as session:
                    done.append(submissions.regrade(session, plan.submission_id, opened.bell))
            except CodezestError as error:
                faults.append(f"{plan.submission_id}: {error.detail}")
            bar.advance(bar.task_ids[0])
    return done


def show(submission_id: UUID, *, as_json: bool) -> None:
    """Shows a submission with its cases. Raises NotFound."""
    with services() as opened, opened.database.transaction() as session:
        detail = queries.get_submission(session, OPERATOR, submission_id)
        view = msgspec.to_builtins(views.submission(detail, everything=True))
    if as_json:
        print_json(view)
        return
    for name in ("id", "userId", "assignmentId", "language", "submittedAt", "gradedAt", "run"):
        say(f"{name}: {view[name]}")
    say(f"{view['status']} ({view['reason'] or 'no reason'}), {view['score']} of {view['maxScore']} points")
    for name in ("feedback", "compileOutput"):
        if view[name]:
            say(f"{name}:\n{view[name]}")
    print_cases(view["results"])


def print_cases(results: Iterable[dict[str, object]]) -> None:
    """A table of judged cases, as the API gives them."""
    print_table(
        "cases",
        ("group", "case", "verdict", "reason", "points", "cpu ms", "wall ms", "MiB", "message"),
        (
            (
                case["group"],
                case["name"],
                coloured(str(case["verdict"])),
                case["reason"] or "",
                f"{case['points']:g}/{case['maxPoints']:g}",
                case["cpuMs"],
                case["wallMs"],
                round(int(str(case["memoryKib"] or 0)) / 1024, 1),
                case["message"] or "",
            )
            for case in results
        ),
    )


def coloured(status: str) -> Text:
    """A verdict or status in its colour."""
    return Text(plain(status), style=_COLOURS.get(status, ""))
