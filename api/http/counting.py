"""Requests counted and timed for Prometheus, by route, method and status.

The names and labels are those of Litestar's own middleware, so dashboards made for it go on working. This one looks a
route's counters up once and not at each request, of which the other was the dearest part that did no work.
"""

import time
from functools import cache
from typing import Any, NamedTuple

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.core import metrics
from api.http.problems import status_of

APP = "codezest"
_LABELS = ("method", "path", "status_code", "app_name")
_TOTAL = metrics.counter("codezest_requests_total", "Total requests", *_LABELS)
_ERRORS = metrics.counter("codezest_requests_error_total", "Total errors in requests", *_LABELS)
_SECONDS = metrics.seconds("codezest_request_duration_seconds", "Request duration, in seconds", *_LABELS)
_AT_WORK = metrics.gauge("codezest_requests_in_progress", "Total requests currently in progress", *_LABELS)


class _Counters(NamedTuple):
    total: Any
    errors: Any | None  # None: this status is no fault of ours
    seconds: Any


class CountRequests(ASGIMiddleware):
    """Counts each request by its route's template: one label per route, not one per id."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        method, path = str(scope.get("method")), scope["path_template"]
        at_work = _at_work(method, path)
        started, status = time.perf_counter(), 0
        seconds: float | None = None

        async def timed(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                seconds = time.perf_counter() - started
            await send(message)

        at_work.inc()
        try:
            await next_app(scope, receive, timed)
        except Exception as error:
            status = status or status_of(error)  # it is answered outside of here
            raise
        finally:
            at_work.dec()
            counters = _counters(method, path, status)
            counters.total.inc()
            counters.seconds.observe(time.perf_counter() - started if seconds is None else seconds)
            if counters.errors is not None:
                counters.errors.inc()


# Routes, methods and statuses are few, whatever is asked: a request for no route does not come here.
@cache
def _at_work(method: str, path: str) -> Any:
    return _AT_WORK.of(**_labels(method, path, 200))


@cache
def _counters(method: str, path: str, status: int) -> _Counters:
    labels = _labels(method, path, status)
    errors = _ERRORS.of(**labels) if status >= 500 else None
    return _Counters(_TOTAL.of(**labels), errors, _SECONDS.of(**labels))


def _labels(method: str, path: str, status: int) -> dict[str, str]:
    return {"method": method, "path": path, "status_code": str(status), "app_name": APP}
