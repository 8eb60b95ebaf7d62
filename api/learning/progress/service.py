"""Writes of progress: a fold over facts, taken while the learner's enrollment is held.

Nothing is ever added to: each result sets the module's row to what all results together say. So a repeated, a
late and a re-graded result come out right, downwards too. The lock is what makes it a fold and not a race:
two runs that finish together would each count without the other's result, and the later commit would win.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.upsert import insert_once
from api.learning.curriculum import queries as curriculum_queries
from api.learning.curriculum import service as curriculum
from api.learning.curriculum.models import Module
from api.learning.progress.facts import Facts, ModuleFacts, add_source, gather, total
from api.learning.progress.models import ModuleProgress
from api.learning.progress.rules import ProgressStatus

__all__ = ["Facts", "add_source", "apply_result"]


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
    if module_id in facts:
        _set(session, user_id, module_id, facts[module_id])
    language = total(list(facts.values()))
    curriculum.set_completed(session, enrollment, language.status is ProgressStatus.COMPLETED)


def _set(session: Session, user_id: UUID, module_id: UUID, facts: ModuleFacts) -> None:
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
    if facts.completion.status is not ProgressStatus.COMPLETED:
        row.completed_at = None
    elif row.completed_at is None:
        row.completed_at = moment
    session.flush()
