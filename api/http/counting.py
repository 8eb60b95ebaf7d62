"""Requests counted and timed for Prometheus, by route, method and status.

The names and labels are those of Litestar's own middleware, so dashboards made for it go on working. This one looks a
route's counters up once and not at each request, of which the other was the dearest part that did no work.
"""

import time
from functools import cache
from typing import NamedTuple

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Gauge, Histogram

from api.http.problems import status_of

APP = "codezest"
_LABELS = ("method", "path", "status_code", "app_name")
_TOTAL = Counter("codezest_requests", "Total requests", _LABELS)
_ERRORS = Counter("codezest_requests_error", "Total errors in requests", _LABELS)
_SECONDS = Histogram("codezest_request_duration_seconds", "Request duration, in seconds", _LABELS)
_AT_WORK = Gauge(
    "codezest_requests_in_progress",
    "Total requests currently in progress",
    _LABELS,
    multiprocess_mode="livesum",
)


class _Counters(NamedTuple):
    total: Counter
    errors: Counter | None  # None: this status is no fault of ours
    seconds: Histogram


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
def _at_work(method: str, path: str) -> Gauge:
    return _AT_WORK.labels(method, path, 200, APP)


@cache
def _counters(method: str, path: str, status: int) -> _Counters:
    labels = method, path, status, APP
    errors = _ERRORS.labels(*labels) if status >= 500 else None
    return _Counters(_TOTAL.labels(*labels), errors, _SECONDS.labels(*labels))
