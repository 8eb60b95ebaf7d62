"""Writes of progress: a fold over facts, taken while the learner's enrollment is held.

Nothing is ever added to: each result sets the module's row to what all results together say. So a repeated, a
late and a re-graded result come out right, downwards too. The lock is what makes it a fold and not a race:
two runs that finish together would each count without the other's result, and the later commit would win.

Many learners are folded in a few statements for all of them, their enrollments held in one order: a re-grade
set of thousands is applied in one transaction, and on SQLite nobody else writes meanwhile.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, func, insert, select, update
from sqlalchemy.orm import Session

from api.activity import service as activity
from api.core.actor import Actor
from api.core.clock import now
from api.core.ids import new_id
from api.core.upsert import insert_once
from api.learning.curriculum import queries as curriculum_queries
from api.learning.curriculum import service as curriculum
from api.learning.curriculum.models import Material, Module, ProgrammingLanguage
from api.learning.progress.facts import Facts, ModuleFacts, add_source, facts_of, gather_many, total
from api.learning.progress.models import MaterialProgress, ModuleProgress
from api.learning.progress.rules import ProgressStatus
from api.notifications import service as notifications

__all__ = [
    "Facts",
    "add_source",
    "apply_result",
    "apply_results",
    "complete_material",
    "facts_of",
    "view_material",
]

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


def view_material(session: Session, actor: Actor, material_id: UUID) -> MaterialProgress:
    """Counts one view of a material.

    Raises:
        NotFound: no such material.
        Forbidden: not enrolled in its language, or paused.
    """
    return _touch_material(session, actor, material_id, completed=False)


def complete_material(session: Session, actor: Actor, material_id: UUID) -> MaterialProgress:
    """Notes that a material was worked through; what is completed stays so. Raises as `view_material` does."""
    return _touch_material(session, actor, material_id, completed=True)


def material_facts(
    session: Session, user_ids: Collection[UUID], module_ids: Collection[UUID]
) -> Mapping[UUID, Mapping[UUID, Facts]]:
    """Of each learner and module: how many materials are completed, of how many."""
    there = Material.module_id.in_(module_ids), Material.deleted_at.is_(None), Material.published.is_(True)
    totals = session.execute(
        select(Material.module_id, func.count()).where(*there).group_by(Material.module_id)
    ).all()
    counted = session.execute(
        select(
            MaterialProgress.user_id,
            Material.module_id,
            func.count().filter(MaterialProgress.completed.is_(True)),
        )
        .join(Material, MaterialProgress.material_id == Material.id)
        .where(MaterialProgress.user_id.in_(user_ids), *there)
        .group_by(MaterialProgress.user_id, Material.module_id)
    )
    return facts_of(user_ids, totals, counted)


add_source("materials", material_facts)


def _fold(
    session: Session, language_id: UUID, user_ids: Collection[UUID], pairs: Collection[tuple[UUID, UUID]]
) -> None:
    enrollments = curriculum.hold_enrollments(session, user_ids, language_id)
    if not enrollments:
        return
    modules = [module.id for module in curriculum_queries.modules_of(session, [language_id])]
    enrolled = [enrollment.user_id for enrollment in enrollments]
    facts = gather_many(session, enrolled, modules)
    own = {pair: facts[pair[0]][pair[1]] for pair in pairs if pair[1] in facts.get(pair[0], ())}
    for user_id, module_id in _set(session, own):
        _tell_module(session, user_id, module_id)
    done = []
    for enrollment in enrollments:
        completed = total(list(facts[enrollment.user_id].values())).status is ProgressStatus.COMPLETED
        if completed and enrollment.completed_at is None:
            done.append(enrollment.user_id)
        curriculum.set_completed(enrollment, completed)
    session.flush()
    for user_id in done:
        _tell_language(session, user_id, language_id)


def _set(session: Session, facts: dict[tuple[UUID, UUID], ModuleFacts]) -> list[tuple[UUID, UUID]]:
    # Gives the learners and modules that have just been completed. Nobody else makes or changes these rows meanwhile:
    # whoever would must hold the enrollment first.
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
    completed: list[tuple[UUID, UUID]] = []
    for (user_id, module_id), own in facts.items():
        row = noted.get((user_id, module_id))
        if row is None:
            names = {"id": new_id(), "user_id": user_id, "module_id": module_id}
            fresh.append({**names, **_columns(own, None, None, moment)})
        else:
            later.append({"id": row.id, **_columns(own, row.started_at, row.completed_at, moment)})
        is_completed = own.completion.status is ProgressStatus.COMPLETED
        if is_completed and (row is None or row.completed_at is None):
            completed.append((user_id, module_id))
    if fresh:
        session.execute(insert(cast(Table, ModuleProgress.__table__)), fresh)
    if later:
        session.execute(update(ModuleProgress), later)
    return completed


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


def _touch_material(
    session: Session, actor: Actor, material_id: UUID, *, completed: bool
) -> MaterialProgress:
    _, module, language = curriculum_queries.get_material(session, actor, material_id)
    curriculum.require_enrollment(session, actor.user_id, language.id)
    own = {"user_id": actor.user_id, "material_id": material_id}
    insert_once(session, MaterialProgress, ("user_id", "material_id"), own)
    moment = now()
    # Counted by the database: two views at the same moment are two.
    values = {"view_count": MaterialProgress.view_count + (not completed), "last_viewed_at": moment}
    if completed:
        noted = func.coalesce(MaterialProgress.completed_at, moment, type_=MaterialProgress.completed_at.type)
        values |= {"completed": True, "completed_at": noted}
    session.execute(
        update(MaterialProgress)
        .filter_by(**own)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    apply_result(session, actor.user_id, module.id)
    statement = select(MaterialProgress).filter_by(**own).execution_options(populate_existing=True)
    return session.scalars(statement).one()


def _tell_module(session: Session, user_id: UUID, module_id: UUID) -> None:
    module = session.get_one(Module, module_id)
    if activity.record(
        session, user_id, "module_completed", module_id, f"Completed the module {module.title}"
    ):
        notifications.notify(
            session,
            user_id,
            type="module_completed",
            title=f"Module completed: {module.title}",
            message=f"You have completed everything in the module {module.title}.",
            data={"moduleId": str(module_id)},
        )


def _tell_language(session: Session, user_id: UUID, language_id: UUID) -> None:
    language = session.get_one(ProgrammingLanguage, language_id)
    if activity.record(session, user_id, "language_completed", language_id, f"Completed {language.name}"):
        notifications.notify(
            session,
            user_id,
            type="language_completed",
            title=f"Language completed: {language.name}",
            message=f"You have completed all modules of {language.name}. Congratulations!",
            data={"languageId": str(language_id)},
        )
