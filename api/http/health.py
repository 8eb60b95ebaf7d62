"""For those who run the platform: ``/health`` and ``/metrics``.

Both are served below ``/api/v1`` like everything of the contract, and at the root, where load balancers and Prometheus
look by habit. They are public and say nothing but whether a part answers, and numbers.
"""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.plugins.prometheus import PrometheusController
from msgspec import Meta, Struct
from sqlalchemy import text

from api.core.database import Database
from api.core.errors import Unavailable
from api.core.queue import Bell


class Part(Struct, rename="camel"):
    """Whether one part answers."""

    ok: bool


class Health(Struct, rename="camel"):
    """``status`` is ``ok`` if every part answers, else ``degraded``; ``parts`` are ``database`` and ``queue``."""

    status: Annotated[str, Meta(examples=["ok"])]
    parts: Annotated[dict[str, Part], Meta(examples=[{"database": {"ok": True}, "queue": {"ok": True}}])]


_DEGRADED = {503: ResponseSpec(Health, description="a part does not answer", generate_examples=False)}


class HealthController(Controller):
    """Whether the parts behind the API answer."""

    path = "/health"
    tags = ("service",)

    @get(opt={"access": "public"}, summary="Health", sync_to_thread=True, responses=_DEGRADED)
    def show(self, database: NamedDependency[Database], bell: NamedDependency[Bell]) -> Response[Health]:
        """200 if database and queue answer, else 503 with the same body. Submitting works without the queue."""
        parts = {"database": Part(_answers(database)), "queue": Part(bell.answers())}
        well = all(part.ok for part in parts.values())
        return Response(Health("ok" if well else "degraded", parts), status_code=200 if well else 503)


class MetricsController(Controller):
    """Counts and times of requests, for Prometheus."""

    path = "/metrics"
    openmetrics_format = False
    tags = ("service",)

    @get(opt={"access": "public"}, media_type="text/plain", summary="Metrics")
    async def show(self) -> Response[bytes]:
        """Prometheus' text format."""
        # The plugin's own handler also gathers from several processes; it only lacks a summary and an access.
        return await PrometheusController.get.fn(self)


def _answers(database: Database) -> bool:
    try:
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
    except Unavailable:
        return False
    return True
