"""From rows to response bodies. Every field is named: a column added to a model shows nowhere by itself."""

from collections.abc import Sequence
from typing import Any

import msgspec

from api.learning.curriculum.models import Assignment, LanguageEnrollment, Module, ProgrammingLanguage
from api.learning.curriculum.queries import AssignmentDetail
from api.learning.curriculum.schemas import (
    AssignmentLine,
    AssignmentView,
    EnrollmentView,
    FunctionView,
    LanguageView,
    LimitsView,
    ModuleDetail,
    ModuleView,
    ShownCase,
)


def fields(body: msgspec.Struct) -> dict[str, Any]:
    """A request body as columns. One starter text for all languages becomes ``{"*": text}``."""
    members = msgspec.structs.asdict(body)
    if isinstance(members.get("starter_code"), str):
        members["starter_code"] = {"*": members["starter_code"]}
    return members


def language(row: ProgrammingLanguage) -> LanguageView:
    """A language."""
    return LanguageView(
        id=row.id,
        name=row.name,
        slug=row.slug,
        description=row.description,
        icon=row.icon,
        difficulty=row.difficulty,
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def module(row: Module) -> ModuleView:
    """A module, without what is in it."""
    return ModuleView(**_module(row))


def module_detail(
    row: Module, language_row: ProgrammingLanguage, assignments: Sequence[Assignment]
) -> ModuleDetail:
    """A module with its assignments."""
    return ModuleDetail(
        **_module(row),
        language_slug=language_row.slug,
        assignments=[assignment_line(item, row, language_row) for item in assignments],
    )


def _module(row: Module) -> dict[str, Any]:
    return {
        "id": row.id,
        "language_id": row.language_id,
        "title": row.title,
        "slug": row.slug,
        "description": row.description,
        "syllabus": row.syllabus,
        "order": row.order,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def assignment_line(row: Assignment, module_row: Module, language_row: ProgrammingLanguage) -> AssignmentLine:
    """An assignment in a list."""
    return AssignmentLine(
        id=row.id,
        module_id=row.module_id,
        title=row.title,
        slug=row.slug,
        difficulty=row.difficulty,
        max_score=row.max_score,
        order=row.order,
        module_slug=module_row.slug,
        language_slug=language_row.slug,
    )


def assignment(detail: AssignmentDetail) -> AssignmentView:
    """An assignment, as a learner sees it."""
    row, shown = detail.assignment, detail.suite.shown
    return AssignmentView(
        id=row.id,
        module_id=row.module_id,
        module_slug=detail.module.slug,
        language_slug=detail.language.slug,
        title=row.title,
        slug=row.slug,
        description=row.description,
        statement=row.description,
        difficulty=row.difficulty,
        starter_code=row.starter_code or {},
        hints=row.hints or [],
        max_score=row.max_score,
        time_limit=row.time_limit,
        order=row.order,
        languages=detail.suite.languages,
        kind=shown["kind"],
        function=msgspec.convert(shown["function"], FunctionView | None),
        limits=msgspec.convert(shown["limits"], LimitsView),
        cases=[msgspec.convert(case, ShownCase) for case in shown["cases"]],
        suite_version=detail.suite.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def enrollment(row: LanguageEnrollment, slug: str) -> EnrollmentView:
    """An enrollment; ``slug`` is its language's."""
    return EnrollmentView(
        id=row.id,
        user_id=row.user_id,
        language_id=row.language_id,
        language_slug=slug,
        status=row.status,
        enrolled_at=row.enrolled_at,
        completed_at=row.completed_at,
    )
