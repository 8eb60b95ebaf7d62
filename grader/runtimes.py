"""Says what this host can run: language, version, image; the API lists it (`GET /api/v1/runtimes`).

Theory of operation
-------------------
The API may not look into sandboxes, so a worker reports what its own sandbox serves: when it starts, and then every
`REPORT_SECONDS`, between two runs or while it is idle. All of it happens in the thread that grades, for a sandbox takes
one request at a time; so a long run delays a report, and the API waits far longer than one run before it thinks a host
gone. What graders can run is news for people: a report that fails costs nothing but a line in the log.

A version is what the image's own compiler or interpreter prints, and it prints it in a box, like any program: what it
says is hostile text. It is asked once per image and boot, and noted in the machine's folder, so that a worker that is
started again starts no container for it. Images may be built anew while a worker lives; so they are looked up for
each report.
"""

import time
from pathlib import Path

import structlog

from api.core.database import Database
from api.core.errors import CodezestError
from api.learning.submissions import service as submissions
from api.learning.submissions.grade import RuntimeFacts
from grader.sandbox import Sandbox, SandboxUnavailable
from grader.selftest import circumstances
from grader.slots import write_note
from grader.text import clean_text
from sandboxes.languages import Language, languages
from sandboxes.protocol import CaseInput, Limits, RunReport, RunRequest

log = structlog.get_logger(__name__)

REPORT_SECONDS = 60
MAX_VERSION = 200
"""Characters of a version that are kept."""

_CPU_MS, _WALL_MS, _MEMORY_MIB, _OUTPUT_KIB, _PROCESSES = 5_000, 20_000, 256, 16, 16


class RuntimeReporter:
    """Reports for one worker. ``folder`` is the machine's, ``host`` the name the rows get."""

    def __init__(self, database: Database, sandbox: Sandbox, folder: Path, host: str) -> None:
        self._database, self._sandbox, self._folder, self._host = database, sandbox, folder, host
        self._versions: dict[tuple[str, str], str] = {}
        self._isolation = ""
        self._next = 0.0

    def report_if_due(self) -> None:
        """Reports, at most once in `REPORT_SECONDS`. What goes wrong with it is logged."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + REPORT_SECONDS
        try:
            reported = self.facts()
            with self._database.transaction() as session:
                submissions.report_runtimes(session, self._host, reported)
        except (SandboxUnavailable, CodezestError, OSError) as error:
            log.warning("runtimes_not_reported", error=str(error))

    def facts(self) -> list[RuntimeFacts]:
        """What can be run now. Raises SandboxUnavailable if that cannot be told."""
        served = {name: image for name, image in self._sandbox.languages().items() if name in languages()}
        versions = {name: self._version(languages()[name], image) for name, image in served.items()}
        if served and not self._isolation:
            # All versions were noted by a worker before this one. One sandbox keeps all its languages alike.
            self._ask(languages()["python" if "python" in served else min(served)])
        return [self._facts(languages()[name], served[name], versions[name]) for name in served]

    def _version(self, language: Language, image: str) -> str | None:
        """What it says of itself; None if it does not. Asked anew only where nothing was heard or noted."""
        key = language.name, image
        if key not in self._versions:
            note = self._folder / f"version-{language.name}-{circumstances(language, image)}"
            if not note.exists():
                report = self._ask(language)
                version = told_version(report) if report is not None else None
                if version is None or report is None or report.image != image:
                    return None  # of another image: a container of the one before is still at work
                write_note(note, version)
            self._versions[key] = note.read_text()
        return self._versions[key]

    def _ask(self, language: Language) -> RunReport | None:
        limits = Limits(
            cpu_ms=int(_CPU_MS * language.cpu_factor),
            wall_ms=int(_WALL_MS * language.wall_factor),
            memory_mib=_MEMORY_MIB + language.memory_extra_mib,
            output_kib=_OUTPUT_KIB,
            processes=_PROCESSES + language.processes_extra,
        )
        cases = [CaseInput(stdin=b"", limits=limits)]
        request = RunRequest(
            language=language.name, files={}, cases=cases, compile_limits=limits, asks_version=True
        )
        try:
            report = self._sandbox.run(request)
        except SandboxUnavailable as error:
            log.warning("version_not_told", language=language.name, error=str(error))
            return None
        self._isolation = report.isolation
        return report

    def _facts(self, language: Language, image: str, version: str | None) -> RuntimeFacts:
        return RuntimeFacts(
            language=language.name,
            title=language.title,
            version=version,
            image_digest=image,
            isolation=self._isolation,
            compile=language.compile,
            run=language.run,
            functions=language.offers_functions,
            sources=language.sources,
            cpu_factor=language.cpu_factor,
            wall_factor=language.wall_factor,
            memory_extra_mib=language.memory_extra_mib,
            processes_extra=language.processes_extra,
        )


def told_version(report: RunReport) -> str | None:
    """The first line of what a version command printed (`java` uses the error stream); None if it did not end well or
    said nothing."""
    case = next(iter(report.cases), None)
    if case is None or not case.ended_well:
        return None
    lines = (
        line.strip()
        for line in clean_text(case.stdout[:4096] + b"\n" + case.stderr[:4096], 9000).splitlines()
    )
    return next((line[:MAX_VERSION] for line in lines if line), None)
