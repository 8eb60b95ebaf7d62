"""Writes of progress: a fold over facts, taken while the learner's enrollment is held.

Nothing is ever added to: each result sets the module's row to what all results together say. So a repeated, a
late and a re-graded result come out right, downwards too. The lock is what makes it a fold and not a race:
two runs that finish together would each count without the other's result, and the later commit would win.

Many learners are folded in a few statements for all of them, their enrollments held in one order: a re-grade
set of thousands is applied in one transaction, and on SQLite nobody else writes meanwhile.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, insert, select, update
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.ids import new_id
from api.learning.curriculum import queries as curriculum_queries
from api.learning.curriculum import service as curriculum
from api.learning.curriculum.models import Module
from api.learning.progress.facts import Facts, ModuleFacts, add_source, gather_many, total
from api.learning.progress.models import ModuleProgress
from api.learning.progress.rules import ProgressStatus

__all__ = ["Facts", "add_source", "apply_result", "apply_results"]

_AT_ONCE = 500  # learners in one statement: databases bound how many parameters it may have


def apply_result(session: Session, user_id: UUID, module_id: UUID) -> None:
    """Sets a learner's progress in a module, and in its language, from facts.

    Call it in the transaction that changed a fact (a submission's result, a viewed material, a finished
    quiz), after the change. A learner who is not enrolled has no progress; nothing happens then.
    """
    apply_results(session, [(user_id, module_id)])


def apply_results(session: Session, changed: Iterable[tuple[UUID, UUID]]) -> None:
    """The same for many learners, each with a module."""
    pairs = {*changed}
    statement = select(Module.language_id, Module.id).where(Module.id.in_({module for _, module in pairs}))
    languages: dict[UUID, set[UUID]] = {}
    for language_id, module_id in session.execute(statement):
        languages.setdefault(language_id, set()).add(module_id)
    for language_id, module_ids in sorted(languages.items()):
        own = [pair for pair in pairs if pair[1] in module_ids]
        learners = sorted({user_id for user_id, _ in own})
        for start in range(0, len(learners), _AT_ONCE):
            some = {*learners[start : start + _AT_ONCE]}
            _fold(session, language_id, some, [pair for pair in own if pair[0] in some])


def _fold(
    session: Session, language_id: UUID, user_ids: Collection[UUID], pairs: Collection[tuple[UUID, UUID]]
) -> None:
    enrollments = curriculum.hold_enrollments(session, user_ids, language_id)
    if not enrollments:
        return
    modules = [module.id for module in curriculum_queries.modules_of(session, [language_id])]
    enrolled = [enrollment.user_id for enrollment in enrollments]
    facts = gather_many(session, enrolled, modules)
    _set(session, {pair: facts[pair[0]][pair[1]] for pair in pairs if pair[1] in facts.get(pair[0], ())})
    for enrollment in enrollments:
        language = total(list(facts[enrollment.user_id].values()))
        curriculum.set_completed(enrollment, language.status is ProgressStatus.COMPLETED)
    session.flush()


def _set(session: Session, facts: dict[tuple[UUID, UUID], ModuleFacts]) -> None:
    # Nobody else makes or changes these rows meanwhile: whoever would must hold the enrollment first.
    rows = session.scalars(
        select(ModuleProgress)
        .where(
            ModuleProgress.user_id.in_({user_id for user_id, _ in facts}),
            ModuleProgress.module_id.in_({module_id for _, module_id in facts}),
        )
        .execution_options(populate_existing=True)
    )
    noted = {(row.user_id, row.module_id): row for row in rows}
    moment = now()
    fresh: list[dict[str, Any]] = []
    later: list[dict[str, Any]] = []
    for (user_id, module_id), own in facts.items():
        row = noted.get((user_id, module_id))
        if row is None:
            names = {"id": new_id(), "user_id": user_id, "module_id": module_id}
            fresh.append({**names, **_columns(own, None, None, moment)})
        else:
            later.append({"id": row.id, **_columns(own, row.started_at, row.completed_at, moment)})
    if fresh:
        session.execute(insert(cast(Table, ModuleProgress.__table__)), fresh)
    if later:
        session.execute(update(ModuleProgress), later)


def _columns(
    facts: ModuleFacts, started_at: datetime | None, completed_at: datetime | None, moment: datetime
) -> dict[str, Any]:
    is_completed = facts.completion.status is ProgressStatus.COMPLETED
    return {
        "progress_percent": facts.completion.percent,
        "status": facts.completion.status,
        "last_accessed_at": moment,
        "started_at": started_at or (moment if facts.started else None),
        "completed_at": (completed_at or moment) if is_completed else None,
    }
