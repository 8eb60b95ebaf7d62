"""`codezest try`: one file against one assignment's test cases, here and now."""

from pathlib import Path
from uuid import UUID

import msgspec

from api.core import log
from api.core.errors import Invalid
from api.core.settings import get_settings
from api.learning.curriculum.suite import canonical_json, digest
from api.learning.curriculum.suite_files import load_suite
from api.learning.submissions.grade import Grade, GradingTask, SubmissionStatus
from cli.examples import language_of, suite_path
from cli.grading import coloured, print_cases
from cli.installation import SHIPPED
from cli.output import CommandFailed, notes, print_json, say
from grader.calibration import machine_speed
from grader.grading import grade_task
from grader.open_sandbox import open_sandbox
from grader.slots import machine_folder, take_slot
from sandboxes.languages import languages

_NOBODY = UUID(int=0)
_MAX_SCORE = 100


def try_file(file: Path, slug: str, *, language: str | None, testcases: Path | None, as_json: bool) -> None:
    """Grades ``file`` and shows every case, hidden ones too: whoever has the test cases may see them.

    Raises:
        NotFound: no such assignment.
        Invalid: the language cannot be told, or the assignment does not take it.
        CommandFailed: it did not pass.
        SandboxUnavailable: it cannot be run here.
    """
    suite = load_suite(suite_path(testcases or SHIPPED, slug))
    language = language or language_of(file, suite.languages)
    if language not in suite.languages:
        raise Invalid(f"{slug} takes {', '.join(suite.languages)}, not {language or file.suffix}")
    document = canonical_json(suite)
    task = GradingTask(
        run_id=_NOBODY,
        submission_id=_NOBODY,
        run_number=1,
        attempt=1,
        language=language,
        files={languages()[language].main: file.read_text()},
        suite=document,
        suite_version=1,
        suite_digest=digest(document),
        max_score=_MAX_SCORE,
    )
    settings = get_settings()
    log.configure(settings)
    with take_slot() as slot, notes.status("grading"):
        sandbox = open_sandbox(settings, slot, frozenset({language}))
        try:
            result = grade_task(task, sandbox, settings, machine_speed(machine_folder()))
        finally:
            sandbox.close()
    _show(result, as_json)
    if result.status is not SubmissionStatus.PASSED:
        raise CommandFailed("")


def _show(result: Grade, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.to_builtins(result))
        return
    if result.compile_output:
        say(result.compile_output)
    if result.cases:
        print_cases(_camel(msgspec.to_builtins(case)) for case in result.cases)
    notes.print(
        coloured(result.status.value), f"{result.score}/{_MAX_SCORE}", f"({result.reason or 'all passed'})"
    )
    say(result.feedback)


def _camel(case: dict[str, object]) -> dict[str, object]:
    names = {"max_points": "maxPoints", "cpu_ms": "cpuMs", "wall_ms": "wallMs", "memory_kib": "memoryKib"}
    return {names.get(name, name): value for name, value in case.items()}
