"""The OpenAPI document: ``/schema/openapi.json``, and no page that would fetch scripts from elsewhere.

A handler says what it takes and gives; what can go wrong follows mostly from its shape and is filled in here: a route
that is not public can answer 401, one with a body 413. What only the handler knows it names itself, by
``opt={"problems": (403, 409)}``.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from litestar import Request, Response, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Example, SecurityScheme, Tag
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from api.core.errors import NotFound
from api.http.examples import add_examples
from api.http.problems import MEDIA_TYPE, Problem, example

_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_DESCRIPTIONS = {
    400: "the body or a parameter has faults; `errors` lists them",
    401: "no token, or one that is not valid (any more)",
    403: "the caller may not do this",
    404: "there is no such thing, or none the caller may see",
    409: "the state of things does not allow it",
    413: "the body, or a part of it, is too large",
    415: "the body is not JSON, or is packed",
    429: "too many requests; `Retry-After` says when to come back",
    500: "a fault on our side; the log knows `requestId`",
    503: "a service behind the API does not answer; nothing was stored",
}
_TAGS = {
    "auth": "accounts and sessions",
    "me": "what belongs to the caller",
    "curriculum": "languages, modules, assignments, enrollment",
    "submissions": "sending code, and what came of it",
    "webhooks": "telling other systems of results",
    "regrades": "grading many submissions again, as one thing that can be looked at, applied and undone",
    "service": "for those who run the platform",
}


class DocumentProblems(ReceiveRoutePlugin):
    """Completes the documented answers and the security requirement of each handler."""

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            return
        for handler, _ in route.route_handler_map.values():
            if handler.resolve_include_in_schema():
                specs = {status: _spec(status) for status in _problems_of(handler, route)}
                handler.responses = {**specs, **(handler.responses or {})}
                if handler.opt.get("access") != "public":
                    handler.security = [{"bearer": []}]


def openapi_config() -> OpenAPIConfig:
    """What the document says of the API as a whole."""
    return OpenAPIConfig(
        title="CodeZest",
        version=_version(),
        description="Courses with coding exercises, graded in sandboxes. Errors are problem documents (RFC 9457).",
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(
                    type="http", scheme="bearer", description="the token of a login or registration"
                )
            }
        ),
        tags=[Tag(name, description) for name, description in _TAGS.items()],
        render_plugins=[_JsonWithExamples()],
        openapi_router=Router(
            "/schema",
            route_handlers=[],
            opt={"access": "public"},
            include_in_schema=False,
            after_request=_no_page,
        ),
    )


class _JsonWithExamples(JsonRenderPlugin):
    def __init__(self) -> None:
        super().__init__()
        self._rendered: bytes | None = None

    def render(self, request: Request, openapi_schema: dict[str, Any]) -> bytes:
        if self._rendered is None:
            self._rendered = self.render_json(request, add_examples(openapi_schema))
        return self._rendered


def _problems_of(handler: HTTPRouteHandler, route: HTTPRoute) -> list[int]:
    parameters = handler.parsed_fn_signature.parameters
    takes = set(parameters) - set(handler.resolve_dependencies()) - {"self"}
    access = handler.opt.get("access", "user")
    shape = {
        # A dependency may take what the handler does not: the id in the path.
        400: bool(takes or route.path_parameters),
        401: access != "public",
        403: access == "admin",
        404: bool(route.path_parameters),
        409: bool(_WRITES & handler.http_methods) and "session" in parameters,
        413: "data" in parameters,
        415: "data" in parameters,
        500: True,
        503: "session" in parameters or access != "public",
    }
    return sorted(
        {status for status, applies in shape.items() if applies} | {*handler.opt.get("problems", ())}
    )


def _spec(status: int) -> ResponseSpec:
    return ResponseSpec(
        Problem,
        generate_examples=False,
        description=_DESCRIPTIONS[status],
        media_type=MEDIA_TYPE,
        examples=[Example(value=example(status), summary=_DESCRIPTIONS[status])],
    )


def _no_page(response: Response) -> Response:
    # Litestar answers an unknown address below /schema with a page of its own; here every error is a problem.
    if response.status_code == 404:
        raise NotFound("Not Found")
    return response


def _version() -> str:
    try:
        return version("codezest")
    except PackageNotFoundError:  # run from the tree, not installed
        return "0"
