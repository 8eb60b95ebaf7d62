"""The caller's progress, over HTTP."""

from litestar import Controller, get
from litestar.di import NamedDependency
from sqlalchemy.orm import Session

from api.core.actor import Actor
from api.learning.progress.queries import LanguageStanding, ModuleStanding, progress_of
from api.learning.progress.rules import ProgressStatus
from api.learning.progress.schemas import DoneView, LanguageProgressView, ModuleProgressView, ProgressList


class ProgressController(Controller):
    """The caller's progress."""

    path = "/me/progress"
    tags = ("me",)

    @get(opt={"access": "user"}, summary="The own progress", sync_to_thread=True)
    def show(self, session: NamedDependency[Session], actor: NamedDependency[Actor]) -> ProgressList:
        """Per language and per module, counted at this moment."""
        items = [_language(standing) for standing in progress_of(session, actor.user_id)]
        return ProgressList(items, len(items))


def _language(standing: LanguageStanding) -> LanguageProgressView:
    return LanguageProgressView(
        language_id=standing.language.id,
        slug=standing.language.slug,
        name=standing.language.name,
        enrollment_status=standing.enrollment.status,
        status=standing.completion.status,
        progress_percent=standing.completion.percent,
        enrolled_at=standing.enrollment.enrolled_at,
        completed_at=standing.enrollment.completed_at,
        modules=[_module(module) for module in standing.modules],
    )


def _module(standing: ModuleStanding) -> ModuleProgressView:
    done = standing.facts.completion.status is ProgressStatus.COMPLETED
    noted = standing.noted
    return ModuleProgressView(
        module_id=standing.module.id,
        slug=standing.module.slug,
        title=standing.module.title,
        status=standing.facts.completion.status,
        progress_percent=standing.facts.completion.percent,
        items={kind: DoneView(facts.done, facts.total) for kind, facts in standing.facts.kinds.items()},
        started_at=noted.started_at if noted else None,
        completed_at=noted.completed_at if noted and done else None,
        last_accessed_at=noted.last_accessed_at if noted else None,
    )
