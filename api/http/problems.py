"""Every error leaves as a problem document (RFC 9457); this is the one place that knows status codes of
faults.

``type`` is ``about:blank``, so ``title`` is the status' own phrase; clients branch on ``code``. What goes
wrong on our side is logged with its traceback and told to nobody: the answer carries the request's id and
nothing else.
"""

import re
from http import HTTPStatus

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from api.core import errors
from api.http.request_id import request_id

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[errors.CodezestError], int] = {
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
}
_FRAMEWORK_CODES = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "unavailable",
}
_MISSING_PARAMETER = re.compile(r"^Missing required \w+ parameter '(.+?)'")
_MISSING = re.compile(r"^Object missing required field `(.+?)`$")
_UNKNOWN = re.compile(r"^Object contains unknown field `(.+?)`$")


class FieldProblem(msgspec.Struct, rename="camel"):
    """One fault of a body or of a parameter: where (a camelCase path) and what is wrong."""

    field: str
    message: str


class Problem(msgspec.Struct, rename="camel", omit_defaults=True):
    """A problem document. ``code`` is the stable word to branch on; ``errors`` is there for invalid
    bodies.
    """

    title: str
    status: int
    detail: str
    code: str
    request_id: str
    type: str = msgspec.field(default_factory=lambda: "about:blank")
    errors: list[FieldProblem] = []


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    faults: tuple[errors.FieldError, ...] = (),
    headers: dict[str, str] | None = None,
) -> Response[Problem]:
    """An error response. ``detail`` is a sentence for a person."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        request_id=request_id(request.scope),
        errors=[FieldProblem(field, message) for field, message in faults],
    )
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def status_of(error: Exception) -> int:
    """The status that ``error`` is answered with."""
    if isinstance(error, HTTPException):
        return error.status_code
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def example(status: int) -> Problem:
    """What a problem document of ``status`` looks like, for the documentation."""
    return Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail="a sentence for a person",
        code=_FRAMEWORK_CODES.get(status, "internal"),
        request_id="01a203f5-b4c6-7013-bad0-e72337b5117f",
        errors=[FieldProblem("name", "is required")] if status == 400 else [],
    )


def handle_ours(request: Request, error: errors.CodezestError) -> Response[Problem]:
    """A fault that a service named."""
    status = status_of(error)
    if status == 500:
        return handle_unexpected(request, error)
    headers = {}
    if isinstance(error, errors.RateLimited | errors.Unavailable):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    faults = error.errors if isinstance(error, errors.Invalid) else ()
    return problem(request, status, error.code, error.detail, faults=faults, headers=headers)


def handle_framework(request: Request, error: HTTPException) -> Response[Problem]:
    """A fault that Litestar found: no such route, a wrong method, an unreadable body, a wrong parameter."""
    if error.status_code >= 500:
        return handle_unexpected(request, error)
    code = _FRAMEWORK_CODES.get(error.status_code, "error")
    if isinstance(error, ValidationException):
        return problem(request, 400, code, "the request has faults", faults=_faults(error))
    return problem(request, error.status_code, code, error.detail, headers=error.headers)


def handle_group(request: Request, group: ExceptionGroup[Exception]) -> Response[Problem]:
    """Litestar wraps what a dependency raises while it cleans up: the fault itself is inside."""
    ours = group.subgroup(errors.CodezestError)
    while isinstance(ours, ExceptionGroup):
        ours = ours.exceptions[0]
    if isinstance(ours, errors.CodezestError):
        return handle_ours(request, ours)
    return handle_unexpected(request, group)


def handle_unexpected(request: Request, error: Exception) -> Response[Problem]:
    """A fault of ours: logged in full, answered with no word about our insides."""
    log.error("unexpected_error", method=request.method, path=request.url.path, exc_info=error)
    return problem(
        request, 500, "internal", "something went wrong on our side; the request's id names it in our log"
    )


def field_error(path: str, message: str) -> errors.FieldError:
    """A FieldError from a msgspec message; a missing or unknown field is named itself instead of its
    parent.
    """
    if match := _MISSING.match(message) or _UNKNOWN.match(message):
        field = f"{path}.{match[1]}" if path else match[1]
        return errors.FieldError(field, "is required" if _MISSING.match(message) else "is not a known field")
    return errors.FieldError(path, message.replace("`", "'"))


def _faults(error: ValidationException) -> tuple[errors.FieldError, ...]:
    if match := _MISSING_PARAMETER.match(error.detail):
        return (errors.FieldError(match[1], "is required"),)
    items = [item for item in error.extra or () if isinstance(item, dict)]
    return tuple(_fault(item.get("key", ""), item["message"]) for item in items)


def _fault(key: str, message: str) -> errors.FieldError:
    if message == f"'{key}'":  # what Litestar makes of a parameter, or a body, that is missing
        message = "a JSON body is required" if key == "data" else "is required"
    return field_error("" if key == "data" else key, message)


HANDLERS: ExceptionHandlersMap = {
    errors.CodezestError: handle_ours,
    HTTPException: handle_framework,
    ExceptionGroup: handle_group,
    Exception: handle_unexpected,
}
