"""Reads of progress: always the facts of this moment, with the dates that were noted when they changed.

A percentage that is stored would be stale as soon as an assignment is added; the facts never are.
"""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.learning.curriculum import queries as curriculum
from api.learning.curriculum.models import LanguageEnrollment, Module, ProgrammingLanguage
from api.learning.progress.facts import ModuleFacts, gather, total
from api.learning.progress.models import ModuleProgress
from api.learning.progress.rules import Completion


class ModuleStanding(NamedTuple):
    """One module as one learner stands in it; ``noted`` is None until a first result."""

    module: Module
    facts: ModuleFacts
    noted: ModuleProgress | None


class LanguageStanding(NamedTuple):
    """One language a learner has enrolled in, its modules in their order, and what they come to together."""

    language: ProgrammingLanguage
    enrollment: LanguageEnrollment
    completion: Completion
    modules: list[ModuleStanding]


def progress_of(session: Session, user_id: UUID) -> list[LanguageStanding]:
    """How far ``user_id`` has come in every language enrolled in, by name of the language.

    The number of SQL statements does not grow with the number of languages or modules.
    """
    enrolled = curriculum.enrollments_of(session, user_id)
    modules = curriculum.modules_of(session, [language.id for _, language in enrolled])
    facts = gather(session, user_id, [module.id for module in modules])
    rows = session.scalars(select(ModuleProgress).where(ModuleProgress.user_id == user_id))
    noted = {row.module_id: row for row in rows}
    standings = []
    for enrollment, language in enrolled:
        own = [
            ModuleStanding(module, facts[module.id], noted.get(module.id))
            for module in modules
            if module.language_id == language.id
        ]
        completion = total([standing.facts for standing in own])
        standings.append(LanguageStanding(language, enrollment, completion, own))
    return standings
