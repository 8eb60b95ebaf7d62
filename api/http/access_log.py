"""One line in the log for each request, when its answer is complete: who asked for which route, what came of it.

The route is the template of the path, never the path: no ids, no query, nothing that a caller has typed. A request that
matches no route has no line but its status. Load balancers and Prometheus ask every few seconds; they are told at the
level ``debug``.
"""

import re
import time

import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.http.request_id import request_id

log = structlog.get_logger(__name__)

_STARTED, _STATUS, _TOLD = "access_started", "access_status", "access_told"
_QUIET = re.compile(r"^(/api/v1)?/(health|metrics)\b")


class LogAccess(ASGIMiddleware):
    """Takes the time, and tells of answers that were broken off: a stream whose reader has gone."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        state = scope["state"]
        state[_STARTED] = time.perf_counter()
        try:
            await next_app(scope, receive, send)
        finally:
            # An answer that has begun and not ended; an error that is still to be answered has not begun.
            if _STATUS in state and _TOLD not in state:
                _tell(scope, is_whole=False)


async def log_access(message: Message, scope: Scope) -> None:
    """A before-send hook: tells of every answer, of a 404 too, which never reaches a middleware."""
    if message["type"] == "http.response.start":
        scope["state"][_STATUS] = message["status"]
    elif message["type"] == "http.response.body" and not message.get("more_body"):
        _tell(scope, is_whole=True)


def _tell(scope: Scope, *, is_whole: bool) -> None:
    state = scope["state"]
    state[_TOLD] = True
    started = state.get(_STARTED)
    route = scope.get("path_template") if started is not None else None
    actor = scope.get("user")
    tell = log.debug if route is not None and _QUIET.search(route) else log.info
    tell(
        "request",
        request_id=request_id(scope),
        method=scope.get("method") if route else None,
        route=route,
        user=str(actor.user_id) if actor is not None else None,
        status=state.get(_STATUS),
        seconds=None if started is None else round(time.perf_counter() - started, 4),
        **({} if is_whole else {"broken_off": True}),
    )
