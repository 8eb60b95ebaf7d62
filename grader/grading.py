"""Grades a task as this installation is set: the pipeline, given the language's facts and the platform's caps."""

from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Protocol

from msgspec.structs import replace

from api.core.settings import Settings
from api.learning.submissions.grade import CaseGrade, Grade, GradingTask
from grader import meters, pipeline
from grader.limits import Caps, LanguageFacts
from grader.sandbox import Sandbox, SandboxUnavailable
from sandboxes.languages import languages


class Progress(Protocol):
    """Hears how far a grading has come, in the thread that grades: it must not wait, and not raise."""

    def compiled(self) -> None:
        """The program is ready to run; it is not said of a language without a compiler."""
        ...

    def judged(self, index: int, case: CaseGrade) -> None:
        """A case was judged. They come in suite order; ``index`` counts from 0."""
        ...


def grade_task(
    task: GradingTask,
    sandbox: Sandbox,
    settings: Settings,
    machine_speed: float | None = None,
    progress: Progress | None = None,
) -> Grade:
    """Grades one run. ``machine_speed`` is recorded and changes no verdict (None: not calibrated).

    Raises:
        SandboxUnavailable: nothing can be said about the program.
    """
    result = pipeline.grade(
        task,
        meters.timed(sandbox),
        facts=facts_of(task.language),
        caps=caps_of(settings),
        on_case=progress.judged if progress else None,
        on_compiled=progress.compiled if progress else None,
        version=grader_version(),
    )
    return replace(result, machine_speed=machine_speed)


def facts_of(name: str) -> LanguageFacts:
    """What grading needs to know of a language. Raises SandboxUnavailable if this grader does not know it."""
    language = languages().get(name)
    if language is None:
        raise SandboxUnavailable(f"no language {name!r} is known here")
    return LanguageFacts(
        name=language.name,
        main=language.main,
        cpu_factor=language.cpu_factor,
        wall_factor=language.wall_factor,
        memory_extra_mib=language.memory_extra_mib,
        processes_extra=language.processes_extra,
    )


def caps_of(settings: Settings) -> Caps:
    """The platform's own limits."""
    return Caps(
        cpu_ms=settings.max_cpu_ms,
        wall_ms=settings.max_wall_ms,
        memory_mib=settings.max_memory_mib,
        output_kib=settings.max_output_kib,
        processes=settings.max_processes,
        total_wall_ms=settings.max_submission_wall_s * 1000,
    )


@cache
def grader_version() -> str:
    """The installed version; ``tree`` where the source tree is run without being installed."""
    try:
        return version_of("codezest")
    except PackageNotFoundError:
        return "tree"
