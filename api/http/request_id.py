"""An id for each request, in every log line and every answer.

A caller may send its own in ``X-Request-ID`` (a proxy usually does); one that is not short and plain is
replaced, for it ends up in logs.
"""

import re

import structlog
from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.core.ids import new_id

_KEY = "request_id"
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(scope: Scope) -> str:
    """The id of the request; made at the first call. (A 404 never reaches a middleware, so this cannot be
    one's task.)
    """
    state = scope["state"]
    if _KEY not in state:
        sent = Headers.from_scope(scope).get("x-request-id", "")
        state[_KEY] = sent if _PLAIN.fullmatch(sent) else str(new_id())
    return state[_KEY]


class BindRequestId(ASGIMiddleware):
    """Binds the id for the log lines of this request, those of its handler's thread included."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        with structlog.contextvars.bound_contextvars(request_id=request_id(scope)):
            await next_app(scope, receive, send)


SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_DEFAULTS = [
    (name.lower().encode(), value.encode())
    for name, value in {**SECURITY_HEADERS, "Cache-Control": "no-store"}.items()
]


async def add_headers(message: Message, scope: Scope) -> None:
    """A before-send hook: the request's id and the security headers, on every answer, errors and 404 too."""
    if message["type"] != "http.response.start":
        return
    own = b"x-request-id"
    headers = [item for item in message["headers"] if item[0].lower() != own]
    there = {name.lower() for name, _ in headers}
    # One list made at once: each look-up by name in Litestar's mapping walks all of them.
    headers.append((own, request_id(scope).encode()))
    message["headers"] = headers + [item for item in _DEFAULTS if item[0] not in there]
