"""Languages, modules, assignments and the caller's enrollment, over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.openapi.spec import Example
from litestar.params import BodyKwarg, FromPath, JSONBody, QueryParameter
from sqlalchemy.orm import Session

from api.core.actor import Actor
from api.http.paging import DEFAULT_LIMIT, Limit, Offset
from api.learning.curriculum import queries, service, views
from api.learning.curriculum.schemas import (
    SUITE_EXAMPLE,
    AssignmentBody,
    AssignmentList,
    AssignmentView,
    EnrollmentBody,
    EnrollmentView,
    LanguageBody,
    LanguageList,
    LanguageView,
    ModuleBody,
    ModuleDetail,
    ModuleList,
    ModuleView,
    SuiteVersionView,
)

SlugFilter = Annotated[str | None, QueryParameter(description="only with this slug")]
LanguageFilter = Annotated[
    str | None, QueryParameter(name="languageSlug", description="only of the language with this slug")
]

SuiteBody = Annotated[
    dict[str, Any],
    BodyKwarg(
        media_type=RequestEncodingType.JSON,
        examples=[Example(summary="one visible group", value=SUITE_EXAMPLE)],
        description="a suite in the format of `testcases/README.md`, files inlined",
    ),
]


class LanguageController(Controller):
    """Languages of the curriculum, and the caller's enrollment in them."""

    path = "/languages"
    tags = ("curriculum",)

    @get(opt={"access": "public"}, summary="List languages", sync_to_thread=True)
    def index(
        self, session: NamedDependency[Session], limit: Limit = DEFAULT_LIMIT, offset: Offset = 0
    ) -> LanguageList:
        """The languages, by name."""
        languages, total = queries.list_languages(session, limit=limit, offset=offset)
        return LanguageList([views.language(language) for language in languages], total)

    @post(opt={"access": "admin"}, summary="Add a language", sync_to_thread=True)
    def create(
        self, data: JSONBody[LanguageBody], session: NamedDependency[Session]
    ) -> Response[LanguageView]:
        """A new language. A taken slug or name answers 409."""
        language = service.create_language(session, **views.fields(data))
        return _created(views.language(language), f"/api/v1/languages/{language.slug}")

    @get("/{slug:str}", opt={"access": "public"}, summary="Show a language", sync_to_thread=True)
    def show(self, slug: FromPath[str], session: NamedDependency[Session]) -> LanguageView:
        """One language."""
        return views.language(queries.get_language(session, slug))

    @get("/{slug:str}/modules", opt={"access": "public"}, summary="List modules", sync_to_thread=True)
    def modules(
        self,
        slug: FromPath[str],
        session: NamedDependency[Session],
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> ModuleList:
        """A language's modules, in their order."""
        modules, total = queries.list_modules(session, slug, limit=limit, offset=offset)
        return ModuleList([views.module(module) for module in modules], total)

    @post("/{slug:str}/modules", opt={"access": "admin"}, summary="Add a module", sync_to_thread=True)
    def create_module(
        self, slug: FromPath[str], data: JSONBody[ModuleBody], session: NamedDependency[Session]
    ) -> Response[ModuleView]:
        """A new module. A slug that the language has already answers 409."""
        module = service.create_module(session, slug, **views.fields(data))
        return _created(views.module(module), f"/api/v1/modules/{module.id}")

    @post("/{slug:str}/enrollment", opt={"access": "user"}, summary="Enroll", sync_to_thread=True)
    def enroll(
        self, slug: FromPath[str], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> EnrollmentView:
        """Enrolls the caller, or takes up again what was paused or dropped. Repeating it changes nothing."""
        return views.enrollment(service.enroll(session, actor.user_id, slug), slug)

    @patch(
        "/{slug:str}/enrollment", opt={"access": "user"}, summary="Pause, drop or resume", sync_to_thread=True
    )
    def set_enrollment(
        self,
        slug: FromPath[str],
        data: JSONBody[EnrollmentBody],
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
    ) -> EnrollmentView:
        """Sets the caller's enrollment to ACTIVE, PAUSED or DROPPED."""
        enrollment = service.set_enrollment_status(session, actor.user_id, slug, data.status)
        return views.enrollment(enrollment, slug)


class ModuleController(Controller):
    """Modules."""

    path = "/modules/{module_id:uuid}"
    tags = ("curriculum",)

    @get(opt={"access": "public"}, summary="Show a module", sync_to_thread=True)
    def show(self, module_id: FromPath[UUID], session: NamedDependency[Session]) -> ModuleDetail:
        """One module, with its assignments listed."""
        module, language = queries.get_module(session, module_id)
        return views.module_detail(module, language, queries.assignments_of(session, [module.id]))

    @post("/assignments", opt={"access": "admin"}, summary="Add an assignment", sync_to_thread=True)
    def create_assignment(
        self,
        module_id: FromPath[UUID],
        data: JSONBody[AssignmentBody],
        session: NamedDependency[Session],
    ) -> Response[AssignmentView]:
        """A new assignment with version 1 of its suite. Every fault of the suite is listed."""
        assignment = service.create_assignment(session, module_id, **views.fields(data))
        view = views.assignment(queries.get_assignment(session, assignment.id))
        return _created(view, f"/api/v1/assignments/{assignment.id}")


class AssignmentController(Controller):
    """Assignments."""

    path = "/assignments"
    tags = ("curriculum",)

    @get(opt={"access": "user"}, summary="Find assignments", sync_to_thread=True)
    def index(
        self,
        session: NamedDependency[Session],
        slug: SlugFilter = None,
        language_slug: LanguageFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> AssignmentList:
        """Assignments by language, module and order. A slug is unique within a module only."""
        rows, total = queries.find_assignments(
            session, slug=slug, language_slug=language_slug, limit=limit, offset=offset
        )
        return AssignmentList([views.assignment_line(*row) for row in rows], total)

    @get("/{assignment_id:uuid}", opt={"access": "user"}, summary="Show an assignment", sync_to_thread=True)
    def show(self, assignment_id: FromPath[UUID], session: NamedDependency[Session]) -> AssignmentView:
        """One assignment, with the shown cases of its current suite and never a hidden one."""
        return views.assignment(queries.get_assignment(session, assignment_id))

    @put(
        "/{assignment_id:uuid}/test-cases",
        opt={"access": "admin"},
        summary="Replace the test cases",
        sync_to_thread=True,
    )
    def replace_suite(
        self,
        assignment_id: FromPath[UUID],
        data: SuiteBody,
        session: NamedDependency[Session],
    ) -> SuiteVersionView:
        """Makes the body the current suite: a new version, or the same one if it equals the current suite."""
        suite, _ = service.replace_suite(session, assignment_id, data)
        return SuiteVersionView(suite.version, suite.digest)


def _created(view: Any, location: str) -> Response[Any]:
    return Response(view, status_code=201, headers={"Location": location})
