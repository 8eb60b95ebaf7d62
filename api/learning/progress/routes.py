"""The caller's progress, over HTTP."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.orm import Session

from api.core.actor import Actor
from api.learning.progress import service
from api.learning.progress.models import MaterialProgress
from api.learning.progress.queries import LanguageStanding, ModuleStanding, progress_of
from api.learning.progress.rules import ProgressStatus
from api.learning.progress.schemas import (
    DoneView,
    LanguageProgressView,
    MaterialProgressView,
    ModuleProgressView,
    ProgressList,
)


class ProgressController(Controller):
    """The caller's progress."""

    path = "/me/progress"
    tags = ("me",)

    @get(opt={"access": "user"}, summary="The own progress", sync_to_thread=True)
    def show(self, session: NamedDependency[Session], actor: NamedDependency[Actor]) -> ProgressList:
        """Per language and per module, counted at this moment."""
        items = [_language(standing) for standing in progress_of(session, actor.user_id)]
        return ProgressList(items, len(items))


class MaterialProgressController(Controller):
    """What the caller has read, watched and tried."""

    path = "/materials/{material_id:uuid}"
    tags = ("curriculum",)

    @post(
        "/view",
        status_code=200,
        opt={"access": "user", "problems": (403,)},
        summary="Count a view",
        sync_to_thread=True,
    )
    def view(
        self, material_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> MaterialProgressView:
        """Adds one view of the material."""
        return _material(service.view_material(session, actor, material_id))

    @post(
        "/complete",
        status_code=200,
        opt={"access": "user", "problems": (403,)},
        summary="Complete a material",
        sync_to_thread=True,
    )
    def complete(
        self, material_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> MaterialProgressView:
        """Notes that the caller has worked through the material. Repeating it changes nothing."""
        return _material(service.complete_material(session, actor, material_id))


def _material(row: MaterialProgress) -> MaterialProgressView:
    return MaterialProgressView(
        material_id=row.material_id,
        completed=row.completed,
        view_count=row.view_count,
        last_viewed_at=row.last_viewed_at,
        completed_at=row.completed_at,
    )


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
