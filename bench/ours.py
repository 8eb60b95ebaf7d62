"""Our own contender: `grade_task` with the sandbox this installation's settings give, one grader slot a process.

``python -m bench.ours WORKLOADS [--one-lane]`` is the worker process; `Grader` is for those who grade in their own.
"""

import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from api.core.settings import Settings, get_settings
from api.learning.curriculum.suite import canonical_json, digest, parse_suite
from api.learning.submissions.grade import Grade, GradingTask, SubmissionStatus
from bench import work
from bench.turns import ContenderFailed, own_output, serve
from grader.grading import facts_of, grade_task
from grader.open_sandbox import open_sandbox
from grader.sandbox import Sandbox
from grader.slots import take_slot

#: No workload comes near them; they keep a fault of ours from holding up the table.
_LIMITS = {"cpuMs": 10_000, "wallMs": 30_000}


class Grader:
    """One grader slot."""

    def __init__(self, sandbox: Sandbox, settings: Settings) -> None:
        self._sandbox, self._settings = sandbox, settings

    def grade(self, task: GradingTask) -> Grade:
        """Raises SandboxUnavailable."""
        return grade_task(task, self._sandbox, self._settings)


@contextmanager
def grader(
    languages: Iterable[str], *, one_lane: bool = False, folder: Path | None = None
) -> Iterator[Grader]:
    """A slot with its sandbox for the block, and a compile cache that is empty at first: what is measured here must not
    push out what an installation keeps. ``folder`` is where it is kept, a temporary one by
    default. ``one_lane``: one case after the other, whatever the settings say."""
    with _folder(folder) as data, take_slot() as slot:
        own: dict[str, Any] = {"data_dir": data, **({"lanes": 1} if one_lane else {})}
        settings = get_settings().model_copy(update=own)
        sandbox = open_sandbox(settings, slot, frozenset(languages))
        try:
            yield Grader(sandbox, settings)
        finally:
            sandbox.close()


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="codezest-bench-") as made:
        yield Path(made)


def task(language: str, source: str, suite: dict[str, Any]) -> GradingTask:
    """A run of one source out of a hundred points."""
    canonical = canonical_json(parse_suite(suite))
    return GradingTask(
        run_id=uuid4(),
        submission_id=uuid4(),
        run_number=1,
        attempt=1,
        language=language,
        files={facts_of(language).main: source},
        suite=canonical,
        suite_version=1,
        suite_digest=digest(canonical),
        max_score=100,
    )


def passed(grade: Grade) -> None:
    """Raises ContenderFailed if a right solution was not accepted."""
    if grade.status is not SubmissionStatus.PASSED:
        said = (grade.compile_output or grade.feedback)[:200]
        raise ContenderFailed(f"a right solution came to {grade.status} ({grade.reason}): {said}")


class _Contender:
    def __init__(self, made: work.Workloads, own: Grader) -> None:
        self._own, self._made = own, made
        self._numbers = count(uuid4().int >> 64)  # no comment of another process or run is met again
        self._tasks = {
            name: [task(each.language, each.source, work.suite(each, **_LIMITS)) for each in made[name]]
            for name in made
        }

    def grade(self, workload: str, number: int, fresh: bool) -> None:
        """See `bench.turns.Grade`."""
        asked, submission = self._tasks[workload][number], self._made[workload][number]
        if fresh:
            source = work.renewed(submission.source, submission.language, next(self._numbers))
            asked = replace(asked, files=dict.fromkeys(asked.files, source))
        passed(self._own.grade(asked))


def main() -> None:
    """The worker process."""
    answers = own_output()  # before anything is logged
    made = work.read(Path(sys.argv[1]))
    languages = {submission.language for rows in made.values() for submission in rows}
    with grader(languages, one_lane="--one-lane" in sys.argv) as own:
        serve(answers, _Contender(made, own).grade, {name: len(made[name]) for name in made})


if __name__ == "__main__":
    main()
