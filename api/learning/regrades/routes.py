"""Re-grade sets over HTTP, for administrators only."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.orm import Session

from api.core.actor import Actor
from api.http.paging import DEFAULT_LIMIT, Limit, Offset
from api.learning.regrades import queries, service, views
from api.learning.regrades.models import RegradeSetStatus
from api.learning.regrades.queries import ChangeKind
from api.learning.regrades.schemas import (
    ChangeList,
    LearnerChangeList,
    RegradeSetBody,
    RegradeSetLine,
    RegradeSetList,
    RegradeSetView,
)

StatusFilter = Annotated[RegradeSetStatus | None, QueryParameter(description="only in this status")]
KindFilter = Annotated[ChangeKind | None, QueryParameter(description="only what becomes of them so")]


class RegradeSetController(Controller):
    """Many submissions graded again: looked at first, then applied or not."""

    path = "/regrade-sets"
    tags = ("regrades",)

    @post(opt={"access": "admin"}, status_code=202, summary="Grade many again", sync_to_thread=True)
    def create(
        self,
        data: JSONBody[RegradeSetBody],
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
    ) -> Response[RegradeSetLine]:
        """Makes a set. Its submissions are graded again in the background, and nothing that is shown changes; poll
        the `Location` until it is READY.
        """
        row = service.create_set(session, asked_by=actor.user_id, why=data.why, selection=data.selection)
        headers = {"Location": f"/api/v1/regrade-sets/{row.id}", "Retry-After": "5"}
        return Response(views.set_line(row), status_code=202, headers=headers)

    @get(opt={"access": "admin"}, summary="List re-grade sets", sync_to_thread=True)
    def index(
        self,
        session: NamedDependency[Session],
        status: StatusFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> RegradeSetList:
        """All sets, newest first."""
        rows, total = queries.list_sets(session, status=status, limit=limit, offset=offset)
        return RegradeSetList([views.set_line(row) for row in rows], total)

    @get("/{set_id:uuid}", opt={"access": "admin"}, summary="Show a re-grade set", sync_to_thread=True)
    def show(self, set_id: FromPath[UUID], session: NamedDependency[Session]) -> RegradeSetView:
        """How far it is, and what it would change or has changed."""
        return views.regrade_set(queries.get_set(session, set_id))

    @get("/{set_id:uuid}/changes", opt={"access": "admin"}, summary="A set's changes", sync_to_thread=True)
    def changes(
        self,
        set_id: FromPath[UUID],
        session: NamedDependency[Session],
        kind: KindFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> ChangeList:
        """Its submissions, each with what was shown before and what the preview came to."""
        found, total = queries.list_changes(session, set_id, kind=kind, limit=limit, offset=offset)
        return ChangeList([views.change(item) for item in found], total)

    @get("/{set_id:uuid}/learners", opt={"access": "admin"}, summary="A set's learners", sync_to_thread=True)
    def learners(
        self,
        set_id: FromPath[UUID],
        session: NamedDependency[Session],
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> LearnerChangeList:
        """What it means for each learner; who loses most comes first."""
        found, total = queries.list_learners(session, set_id, limit=limit, offset=offset)
        return LearnerChangeList([views.learner(item) for item in found], total)

    @post(
        "/{set_id:uuid}/apply",
        opt={"access": "admin"},
        status_code=200,
        summary="Apply a set",
        sync_to_thread=True,
    )
    def apply(
        self, set_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> RegradeSetView:
        """Shows all previews at once. What shows something newer by now, or the platform could not grade, stays."""
        service.apply_set(session, set_id, actor.user_id)
        return views.regrade_set(queries.get_set(session, set_id))

    @post(
        "/{set_id:uuid}/cancel",
        opt={"access": "admin"},
        status_code=200,
        summary="Cancel a set",
        sync_to_thread=True,
    )
    def cancel(
        self, set_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> RegradeSetView:
        """Withdraws what is not graded yet. Nothing that is shown changes."""
        service.cancel_set(session, set_id, actor.user_id)
        return views.regrade_set(queries.get_set(session, set_id))

    @post(
        "/{set_id:uuid}/undo",
        opt={"access": "admin"},
        status_code=200,
        summary="Undo a set",
        sync_to_thread=True,
    )
    def undo(
        self, set_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> RegradeSetView:
        """Shows again what was shown before it was applied. What shows something newer since stays."""
        service.undo_set(session, set_id, actor.user_id)
        return views.regrade_set(queries.get_set(session, set_id))
