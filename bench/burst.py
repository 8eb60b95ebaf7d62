"""``python -m bench.burst``: ten thousand submissions posted at once by many learners, until all of them are graded.

A whole installation on the embedded default. Learners post down many connections, honour 429 and 503 with
``Retry-After``, and send again, under the same key, what was not answered. Programs that pass, that fail and that end
in an error take turns. Afterwards each must have its one run and its own verdict; the resident memory of every kind
of process is watched from the first post to the last grade. Exits with 1 if one is lost, doubled or wrongly judged,
or if a process that should stay flat has grown by more than `FLAT_MB` since a tenth was graded.

Limits of rate and of the queue are those of the environment (``CODEZEST_*``): raise them for a burst of ten thousand.
"""

import argparse
import asyncio
import os
import sys
import time
from typing import NamedTuple

from rich.console import Console
from sqlalchemy import func, select

from api.core.settings import get_settings
from api.learning.curriculum.models import ProgrammingLanguage
from api.learning.submissions.grade import RunStatus, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, GradingRun
from bench import figures, table, work
from bench.figures import Row, Target
from bench.installation import FINAL, Installation, installation
from bench.posting import Posted, Program, post_all
from bench.resident import Memory, Resident
from tests import factories

COUNT, LEARNERS, CONNECTIONS, WARM = 10_000, 100, 48, 20
FLAT_MB = 15.0
_PATIENCE_SECONDS = 120
"""Nothing graded for so long: what is left is lost."""

_SUM = "print(sum(map(int, input().split())))"
PROGRAMS = (
    Program(f"{_SUM}\n", SubmissionStatus.PASSED),
    Program("print(0)\n", SubmissionStatus.FAILED),
    Program("raise SystemExit(3)\n", SubmissionStatus.ERROR),
)


class Outcome(NamedTuple):
    """What became of them all. ``wrong``: verdicts; ``lost``: not graded; ``doubled``: more runs than submissions."""

    posted: Posted
    graded: int
    wrong: int
    lost: int
    doubled: int
    seconds: float


def _warm(here: Installation) -> str:
    """The id of the assignment, of which every worker has graded something."""
    assignment = here.assignment(work.suite(work.Submission("python", f"{_SUM}\n", work.sums()[:3])))
    body = {"code": f"{_SUM}\n", "language": "python"}
    sent = [here.learner.post(f"/assignments/{assignment}/submissions", body)["id"] for _ in range(WARM)]
    for submission in sent:
        here.learner.final(submission, pause=0.5)
    return assignment


def burst(here: Installation, assignment: str, count: int, memory: Memory) -> Outcome:
    """Posts and waits."""
    tokens = _learners(here)
    started = time.perf_counter()
    posted = asyncio.run(post_all(here.port, assignment, tokens, PROGRAMS, count, CONNECTIONS))
    _say(f"{count:,} posted in {posted.seconds:.0f} s")
    _await(here, count, memory)
    seconds = time.perf_counter() - started
    with here.services.database.transaction() as session:
        judged = {str(row.id): row.status for row in session.execute(_STATUS)}
        runs = session.scalar(select(func.count()).select_from(GradingRun)) or 0
        done = select(func.count()).where(GradingRun.status == RunStatus.DONE)
        graded = session.scalar(done) or 0
    wrong = sum(
        judged.get(id_) in FINAL and judged[id_] != program.status for id_, program in posted.sent.items()
    )
    lost = sum(judged.get(id_) not in FINAL for id_ in posted.sent)
    doubled = max(runs, len(judged)) - WARM - len(posted.sent)
    return Outcome(posted, graded - WARM, wrong, lost, doubled, seconds)


_STATUS = select(AssignmentSubmission.id, AssignmentSubmission.status)


def _learners(here: Installation) -> list[str]:
    # Not through the API: a hundred passwords would be hashed, and no request of theirs is what is measured.
    with here.services.database.transaction() as session:
        language = session.scalars(
            select(ProgrammingLanguage).where(ProgrammingLanguage.slug == "bench-python")
        ).one()
        users = [factories.make_user(session) for _ in range(LEARNERS)]
        for user in users:
            factories.make_enrollment(session, user, language)
        return [factories.make_token(session, user) for user in users]


def _await(here: Installation, count: int, memory: Memory) -> None:
    graded, last = -1, time.perf_counter()
    while graded < count + WARM and time.perf_counter() - last < _PATIENCE_SECONDS:
        here.running.look_after()
        with here.services.database.transaction() as session:
            now_graded = (
                session.scalar(select(func.count()).where(AssignmentSubmission.status.in_(FINAL))) or 0
            )
        if (now_graded - WARM) * 10 >= count:
            memory.mark()
        if now_graded != graded:
            graded, last = now_graded, time.perf_counter()
        time.sleep(1.0)


def rows(outcome: Outcome, resident: dict[str, Resident]) -> list[Row]:
    """All figures, and whether they are as promised."""
    nothing = Target("at most", 0, "")

    def row(what: str, value: float, unit: str = "", target: Target | None = None, note: str = "") -> Row:
        return Row(what, figures.spread([value]), unit, target, note)

    posted = outcome.posted
    found = [
        row("posted", len(posted.sent)),
        row("graded", outcome.graded, target=Target("at least", len(posted.sent), "")),
        row("lost", outcome.lost, target=nothing),
        row("doubled", outcome.doubled, target=nothing),
        row("wrong verdicts", outcome.wrong, target=nothing),
        row("told to come later (429, 503)", posted.put_off),
        row("first post to last post", posted.seconds, "s"),
        row("first post to last grade", outcome.seconds, "s"),
        row("runs a second", outcome.graded / outcome.seconds, "a second"),
    ]
    for name, held in resident.items():
        flat = None if name == "queue server" else Target("at most", FLAT_MB, "MB")
        note = f"start {held.start:.0f} MB, a tenth graded {held.tenth:.0f}, peak {held.peak:.0f}, end {held.end:.0f}"
        found.append(
            row(f"memory of the {name}, growth after a tenth", held.end - held.tenth, "MB", flat, note)
        )
    return found


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.burst", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    with installation(get_settings().worker_slots, ["python"]) as here:
        assignment = _warm(here)
        with Memory(here) as memory:
            outcome = burst(here, assignment, asked.count, memory)
            resident = memory.resident()
    found = rows(outcome, resident)
    console = Console(width=None if sys.stdout.isatty() else 140)
    title = f"A burst of {asked.count:,} submissions, {get_settings().worker_slots} workers"
    console.print(table.draw(found, title), *table.notes(found), sep="\n", highlight=False)
    console.print(f"load before: {load:.2f}")
    return 0 if all(one.met is not False for one in found) else 1


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
