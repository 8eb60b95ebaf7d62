"""For those who run the platform: ``/health``, ``/health/live``, ``/health/ready`` and ``/metrics``.

All are served below ``/api/v1`` like everything of the contract, and at the root, where load balancers and Prometheus
look by habit. They are public and say nothing but whether a part answers, and numbers.

Three questions, three answers. *Live*: does this process answer at all? Nothing else is asked, so that no database that
is away makes an orchestrator kill the servers in front of it. *Ready*: can requests be served? The database must answer
and have the tables of this version; the queue is told of and decides nothing, for submitting works without it.
``/health`` is for people: any part that does not answer is worth a look.
"""

from collections.abc import Callable
from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from msgspec import Meta, Struct
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from api.core import metrics
from api.core.database import Database
from api.core.errors import CodezestError, Unavailable
from api.core.figures import Figures
from api.core.queue import Bell

Serves = Callable[[Connection], bool]
"""Whether the database behind a connection has the tables of this version."""


class Part(Struct, rename="camel"):
    """Whether one part answers."""

    ok: bool


class Health(Struct, rename="camel"):
    """``status`` is ``ok`` if every part answers, else ``degraded``; ``parts`` are ``database`` and ``queue``."""

    status: Annotated[str, Meta(examples=["ok"])]
    parts: Annotated[dict[str, Part], Meta(examples=[{"database": {"ok": True}, "queue": {"ok": True}}])]


class Life(Struct, rename="camel"):
    """``status`` is ``ok``; who cannot say so says nothing."""

    status: Annotated[str, Meta(examples=["ok"])]


_READY_PARTS = {"database": {"ok": True}, "migrations": {"ok": True}, "queue": {"ok": False}}


class Readiness(Struct, rename="camel"):
    """``status`` is ``ready`` or ``not ready``; ``parts`` are ``database``, ``migrations`` and ``queue``, of which the
    last does not count."""

    status: Annotated[str, Meta(examples=["ready"])]
    parts: Annotated[dict[str, Part], Meta(examples=[_READY_PARTS])]


_DEGRADED = {503: ResponseSpec(Health, description="a part does not answer", generate_examples=False)}
_NOT_READY = {503: ResponseSpec(Readiness, description="requests cannot be served", generate_examples=False)}


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

    @get("/live", opt={"access": "public"}, summary="Liveness", sync_to_thread=False)
    def live(self) -> Life:
        """200 if this process answers; asks nothing of any other part."""
        return Life("ok")

    @get("/ready", opt={"access": "public"}, summary="Readiness", sync_to_thread=True, responses=_NOT_READY)
    def ready(
        self,
        database: NamedDependency[Database],
        bell: NamedDependency[Bell],
        serves: NamedDependency[Serves],
    ) -> Response[Readiness]:
        """200 if the database answers and has the tables of this version, else 503 with the same body. The queue is
        told of and decides nothing."""
        answers, migrated = _has_tables(database, serves)
        parts = {"database": Part(answers), "migrations": Part(migrated), "queue": Part(bell.answers())}
        ready = answers and migrated
        return Response(
            Readiness("ready" if ready else "not ready", parts), status_code=200 if ready else 503
        )


class MetricsController(Controller):
    """Requests, queue and graders in numbers, for Prometheus."""

    path = "/metrics"
    tags = ("service",)

    @get(opt={"access": "public"}, media_type="text/plain", summary="Metrics", sync_to_thread=True)
    def show(self, figures: NamedDependency[Figures]) -> Response[bytes]:
        """Prometheus' text format. What the database is asked for is a few seconds old at most."""
        body = metrics.exposition(figures.families())
        return Response(body, headers={"Content-Type": metrics.CONTENT_TYPE})


def _answers(database: Database) -> bool:
    try:
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
    except Unavailable:
        return False
    return True


def _has_tables(database: Database, serves: Serves) -> tuple[bool, bool]:
    """Whether the database answers, and whether it is what this version needs."""
    try:
        with database.transaction() as session:
            return True, serves(session.connection())
    except (CodezestError, SQLAlchemyError):
        return _answers(database), False
