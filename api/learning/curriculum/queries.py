"""Reads of the curriculum. What is deleted, or of a language that is not active, is as if not there.

A slug or an id that cannot exist is answered like one that does not: `NotFound`. In particular a slug is
checked before it reaches the database, for PostgreSQL refuses a NUL character with an error of its own.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from api.core.actor import Actor, is_admin
from api.core.errors import NotFound
from api.core.pages import count_rows, read_page
from api.learning.curriculum.models import (
    SLUG_PATTERN,
    Assignment,
    LanguageEnrollment,
    Material,
    Module,
    ProgrammingLanguage,
    TestSuite,
)

_SLUG = re.compile(SLUG_PATTERN)


class AssignmentDetail(NamedTuple):
    """An assignment with its surroundings and its current suite (whose document is not loaded)."""

    assignment: Assignment
    module: Module
    language: ProgrammingLanguage
    suite: TestSuite


class MaterialDetail(NamedTuple):
    """A material and where it stands."""

    material: Material
    module: Module
    language: ProgrammingLanguage


def list_languages(session: Session, *, limit: int, offset: int) -> tuple[Sequence[ProgrammingLanguage], int]:
    """A page of the languages by name, and how many there are in all."""
    statement = select(ProgrammingLanguage).where(*_live(ProgrammingLanguage))
    return read_page(session, statement, ProgrammingLanguage.name, limit=limit, offset=offset)


def get_language(session: Session, slug: str) -> ProgrammingLanguage:
    """The language with this slug. Raises NotFound."""
    statement = select(ProgrammingLanguage).where(
        ProgrammingLanguage.slug == _checked(slug), *_live(ProgrammingLanguage)
    )
    return _found(session.scalar(statement), "language")


def list_modules(session: Session, slug: str, *, limit: int, offset: int) -> tuple[Sequence[Module], int]:
    """A page of a language's modules in their order, and how many it has. Raises NotFound."""
    language = get_language(session, slug)
    statement = select(Module).where(Module.language_id == language.id, *_live(Module))
    return read_page(session, statement, Module.order, Module.title, limit=limit, offset=offset)


def get_module(session: Session, module_id: UUID) -> tuple[Module, ProgrammingLanguage]:
    """The module with this id, and its language. Raises NotFound."""
    statement = (
        select(Module, ProgrammingLanguage)
        .join(ProgrammingLanguage, Module.language_id == ProgrammingLanguage.id)
        .where(Module.id == module_id, *_live(Module, ProgrammingLanguage))
    )
    row = _found(session.execute(statement).one_or_none(), "module")
    return row[0], row[1]


def assignments_of(session: Session, module_ids: Collection[UUID]) -> Sequence[Assignment]:
    """The assignments of these modules, in their order within each."""
    statement = (
        select(Assignment)
        .where(Assignment.module_id.in_(module_ids), *_live(Assignment))
        .order_by(Assignment.order, Assignment.title)
    )
    return session.scalars(statement).all()


def modules_of(session: Session, language_ids: Collection[UUID]) -> Sequence[Module]:
    """All modules of these languages, in their order within each."""
    statement = (
        select(Module)
        .where(Module.language_id.in_(language_ids), *_live(Module))
        .order_by(Module.order, Module.title)
    )
    return session.scalars(statement).all()


def get_material(session: Session, actor: Actor | None, material_id: UUID) -> MaterialDetail:
    """The material with this id; one that is not published, or stands in something that is not, for an ADMIN only.

    Raises NotFound.
    """
    statement = items_for(actor, Material).where(Material.id == material_id)
    return MaterialDetail(*_found(session.execute(statement).one_or_none(), "material"))


def items_for(actor: Actor | None, model: Any) -> Select[Any, Module, ProgrammingLanguage]:
    """Rows of ``model``, a kind of item that modules have, with where they stand: what ``actor`` may see of them.

    What is deleted is left out, and so is, for all but an ADMIN, what is not published or stands in something that is
    not. ``actor`` None: somebody who is not signed in.
    """
    statement = (
        select(model, Module, ProgrammingLanguage)
        .join(Module, model.module_id == Module.id)
        .join(ProgrammingLanguage, Module.language_id == ProgrammingLanguage.id)
        .where(*(table.deleted_at.is_(None) for table in (model, Module, ProgrammingLanguage)))
    )
    if actor is None or not is_admin(actor):
        statement = statement.where(
            model.published.is_(True), Module.published.is_(True), ProgrammingLanguage.is_active.is_(True)
        )
    return statement


def find_assignments(
    session: Session, *, slug: str | None, language_slug: str | None, limit: int, offset: int
) -> tuple[Sequence[tuple[Assignment, Module, ProgrammingLanguage]], int]:
    """A page of the assignments, of one slug or one language where given, and how many there are in all.

    A slug is unique within a module only, so one slug may find several.
    """
    statement = _assignments()
    for column, wanted in ((Assignment.slug, slug), (ProgrammingLanguage.slug, language_slug)):
        if wanted is not None:
            statement = statement.where(column == (wanted if _SLUG.fullmatch(wanted) else ""))
    total = count_rows(session, statement)
    statement = statement.order_by(
        ProgrammingLanguage.slug, Module.order, Module.title, Assignment.order, Assignment.title
    )
    rows = session.execute(statement.limit(limit).offset(offset)).all()
    return [(row[0], row[1], row[2]) for row in rows], total


def get_assignment(session: Session, assignment_id: UUID) -> AssignmentDetail:
    """The assignment with this id, its module and language, and its current suite. Raises NotFound."""
    statement = (
        _assignments()
        .add_columns(TestSuite)
        .join(
            TestSuite,
            (TestSuite.assignment_id == Assignment.id) & (TestSuite.version == Assignment.suite_version),
        )
        .where(Assignment.id == assignment_id)
    )
    return AssignmentDetail(*_found(session.execute(statement).one_or_none(), "assignment"))


def find_enrollment(session: Session, user_id: UUID, language_id: UUID) -> LanguageEnrollment | None:
    """How ``user_id`` stands in a language; None if never enrolled."""
    statement = select(LanguageEnrollment).where(
        LanguageEnrollment.user_id == user_id, LanguageEnrollment.language_id == language_id
    )
    return session.scalar(statement)


def enrollments_of(
    session: Session, user_id: UUID
) -> Sequence[tuple[LanguageEnrollment, ProgrammingLanguage]]:
    """Every language ``user_id`` has enrolled in, whatever has become of it, by name."""
    statement = (
        select(LanguageEnrollment, ProgrammingLanguage)
        .join(ProgrammingLanguage, LanguageEnrollment.language_id == ProgrammingLanguage.id)
        .where(LanguageEnrollment.user_id == user_id, *_live(ProgrammingLanguage))
        .order_by(ProgrammingLanguage.name)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def _assignments() -> Select[Assignment, Module, ProgrammingLanguage]:
    return (
        select(Assignment, Module, ProgrammingLanguage)
        .join(Module, Assignment.module_id == Module.id)
        .join(ProgrammingLanguage, Module.language_id == ProgrammingLanguage.id)
        .where(*_live(Assignment, Module, ProgrammingLanguage))
    )


def _live(*models: type[ProgrammingLanguage] | type[Module] | type[Assignment]) -> list[Any]:
    criteria: list[Any] = [model.deleted_at.is_(None) for model in models]
    if ProgrammingLanguage in models:
        criteria.append(ProgrammingLanguage.is_active.is_(True))
    return criteria


def _checked(slug: str) -> str:
    if not _SLUG.fullmatch(slug):
        raise NotFound("there is no such language")
    return slug


def _found(row: Any, what: str) -> Any:
    if row is None:
        raise NotFound(f"there is no such {what}")
    return row
