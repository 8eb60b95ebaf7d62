"""Publishing a folder of test cases: what is written there becomes the curriculum, all of it or nothing.

The folder is read and checked as a whole before the first row is written. Then each row is found by its slugs
and set to what its file says; a suite becomes a new version only if its digest differs. So a second run
changes nothing. What stands in the database and not in the folder stays as it is: it may have been added over
HTTP.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.learning.curriculum.folder import AssignmentFolder, LanguageFolder, ModuleFolder, read_curriculum
from api.learning.curriculum.models import Assignment, Module, ProgrammingLanguage
from api.learning.curriculum.service import store_suite

_Row = TypeVar("_Row", ProgrammingLanguage, Module, Assignment)
Outcome = Literal["created", "changed", "unchanged"]


@dataclass
class SyncReport:
    """What became of every folder, by its path (``python/basics/fizzbuzz``)."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, list[str]]:
        """For JSON."""
        return asdict(self)

    def __str__(self) -> str:
        counts = f"{len(self.created)} created, {len(self.changed)} changed, {len(self.unchanged)} unchanged"
        return "\n".join(
            [
                counts,
                *(f"created {path}" for path in self.created),
                *(f"changed {path}" for path in self.changed),
            ]
        )


def sync(session: Session, root: Path) -> SyncReport:
    """Publishes the folder ``root``.

    Raises:
        CurriculumFaults: files have faults; all are listed and nothing is written.
        Conflict: a name is taken by a language that is not of this folder.
    """
    languages = read_curriculum(root)
    report = SyncReport()
    for language in languages:
        _language(session, language, report)
    return report


def _language(session: Session, written: LanguageFolder, report: SyncReport) -> None:
    values = written.meta.model_dump()
    row, outcome = _set(session, ProgrammingLanguage, {"slug": written.slug}, values)
    _note(report, outcome, written.slug)
    for module in written.modules:
        _module(session, module, row.id, written.slug, report)


def _module(
    session: Session, written: ModuleFolder, language_id: UUID, above: str, report: SyncReport
) -> None:
    key = {"language_id": language_id, "slug": written.slug}
    row, outcome = _set(session, Module, key, written.meta.model_dump())
    path = f"{above}/{written.slug}"
    _note(report, outcome, path)
    for assignment in written.assignments:
        _assignment(session, assignment, row.id, path, report)


def _assignment(
    session: Session, written: AssignmentFolder, module_id: UUID, above: str, report: SyncReport
) -> None:
    values = {
        **written.meta.model_dump(),
        "hints": list(written.meta.hints),
        "description": written.statement,
        "starter_code": written.starter_code,
    }
    key = {"module_id": module_id, "slug": written.slug}
    row, outcome = _set(session, Assignment, key, values, suite_version=0)
    _, is_new = store_suite(session, row, written.suite)
    if is_new and outcome == "unchanged":
        outcome = "changed"
    _note(report, outcome, f"{above}/{written.slug}")


def _set(
    session: Session, model: type[_Row], key: dict[str, Any], values: dict[str, Any], **first: Any
) -> tuple[_Row, Outcome]:
    row = session.scalars(select(model).filter_by(**key)).one_or_none()
    if row is None:
        row = model(**key, **values, **first)
        session.add(row)
        session.flush()
        return row, "created"
    values = {**values, "deleted_at": None}  # what was hidden and is written again is shown again
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    session.flush()
    return row, "changed" if different else "unchanged"


def _note(report: SyncReport, outcome: Outcome, path: str) -> None:
    getattr(report, outcome).append(path)
