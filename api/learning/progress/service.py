"""Writes of progress: a fold over facts, taken while the learner's enrollment is held.

Nothing is ever added to: each result sets the module's row to what all results together say. So a repeated, a
late and a re-graded result come out right, downwards too. The lock is what makes it a fold and not a race:
two runs that finish together would each count without the other's result, and the later commit would win.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from api.activity import service as activity
from api.core.actor import Actor
from api.core.clock import now
from api.core.upsert import insert_once
from api.learning.curriculum import queries as curriculum_queries
from api.learning.curriculum import service as curriculum
from api.learning.curriculum.models import Material, Module, ProgrammingLanguage
from api.learning.progress.facts import Facts, ModuleFacts, add_source, gather, total
from api.learning.progress.models import MaterialProgress, ModuleProgress
from api.learning.progress.rules import ProgressStatus
from api.notifications import service as notifications

__all__ = ["Facts", "add_source", "apply_result", "complete_material", "view_material"]


def apply_result(session: Session, user_id: UUID, module_id: UUID) -> None:
    """Sets a learner's progress in a module, and in its language, from facts.

    Call it in the transaction that changed a fact (a submission's result, a viewed material, a finished
    quiz), after the change. A learner who is not enrolled has no progress; nothing happens then.
    """
    language_id = session.scalars(select(Module.language_id).where(Module.id == module_id)).one()
    enrollment = curriculum.hold_enrollment(session, user_id, language_id)
    if enrollment is None:
        return
    modules = [module.id for module in curriculum_queries.modules_of(session, [language_id])]
    facts = gather(session, user_id, modules)
    if module_id in facts and _set(session, user_id, module_id, facts[module_id]):
        _tell_module(session, user_id, module_id)
    completed = total(list(facts.values())).status is ProgressStatus.COMPLETED
    is_new = completed and enrollment.completed_at is None
    curriculum.set_completed(session, enrollment, completed)
    if is_new:
        _tell_language(session, user_id, language_id)


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


def material_facts(session: Session, user_id: UUID, module_ids: Collection[UUID]) -> Mapping[UUID, Facts]:
    """Of each module: how many materials are completed, of how many."""
    own = (MaterialProgress.material_id == Material.id) & (MaterialProgress.user_id == user_id)
    statement = (
        select(
            Material.module_id,
            func.count(),
            func.count().filter(MaterialProgress.completed.is_(True)),
            func.count(MaterialProgress.id),
        )
        .join(MaterialProgress, own, isouter=True)
        .where(
            Material.module_id.in_(module_ids), Material.deleted_at.is_(None), Material.published.is_(True)
        )
        .group_by(Material.module_id)
    )
    return {row[0]: Facts(row[2], row[1], bool(row[3])) for row in session.execute(statement)}


add_source("materials", material_facts)


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


def _set(session: Session, user_id: UUID, module_id: UUID, facts: ModuleFacts) -> bool:
    # Whether the module has just become completed.
    insert_once(
        session, ModuleProgress, ("user_id", "module_id"), {"user_id": user_id, "module_id": module_id}
    )
    row = session.scalars(
        select(ModuleProgress)
        .where(ModuleProgress.user_id == user_id, ModuleProgress.module_id == module_id)
        .execution_options(populate_existing=True)
    ).one()
    moment = now()
    row.progress_percent, row.status = facts.completion
    row.last_accessed_at = moment
    if facts.started and row.started_at is None:
        row.started_at = moment
    is_new = facts.completion.status is ProgressStatus.COMPLETED and row.completed_at is None
    if facts.completion.status is not ProgressStatus.COMPLETED:
        row.completed_at = None
    elif is_new:
        row.completed_at = moment
    session.flush()
    return is_new
