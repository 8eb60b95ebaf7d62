"""A whole installation on this machine: database migrated, curriculum published, processes supervised."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2

from api.core.errors import Unavailable
from api.core.settings import Settings, export
from api.learning.curriculum.sync import sync
from cli.delivering import STOP_SECONDS as STOP_DELIVERING_SECONDS
from cli.processes import Child, Supervisor
from cli.services import Services, services
from cli.serving import STOP_SECONDS
from cli.working import worker_children
from migrations.commands import upgrade

SHIPPED = Path(__file__).resolve().parents[1] / "testcases"
_START_SECONDS = 60.0


@contextmanager
def prepared(settings: Settings, *, publish: bool) -> Iterator[Services]:
    """Opens the services of ``settings``, migrates the database, publishes the shipped curriculum if asked to, and
    hands all settings on to the processes that will be started.

    Raises:
        Unavailable: database or queue do not answer.
    """
    with services(settings, migrated=False) as opened:
        upgrade(opened.addresses.database_url)
        if publish:
            with opened.database.transaction() as session:
                sync(session, SHIPPED)
        export(
            data_dir=settings.data_dir.resolve(),
            database_url=opened.addresses.database_url,
            redis_url=opened.addresses.redis_url,
            host=settings.host,
            port=settings.port,
            **{name: getattr(settings, name) for name in for_one_account(settings.worker_slots)},
        )
        yield opened


def for_one_account(slots: int) -> dict[str, int]:
    """Settings of an installation that one account has to itself, and may fill: a demonstration, a measurement."""
    return {"submissions_per_minute": 0, "max_open_submissions": 0, "max_runs_per_user": slots}


def supervisor(slots: int, languages: Collection[str] = (), output: IO[bytes] | None = None) -> Supervisor:
    """API, sweeper, deliverer and ``slots`` graders of ``languages`` (none: all), not started yet. What they print goes
    to ``output``.
    """
    children = [
        Child("api", ["serve"], stage=0, stop_seconds=STOP_SECONDS + 10),
        Child("sweeper", ["sweep"], stage=1, stop_seconds=10),
        Child("deliverer", ["deliver"], stage=1, stop_seconds=STOP_DELIVERING_SECONDS),
        *worker_children(slots, languages),
    ]
    for child in children:
        child.output = output
    return Supervisor(children)


def await_api(base_url: str, running: Supervisor) -> None:
    """Returns when the API answers.

    Raises:
        Unavailable: it ended, or did not answer in a minute.
    """
    api = running.children[0]
    transport = httpx2.HTTPTransport(retries=0)
    with httpx2.Client(transport=transport, timeout=2.0) as client:
        for _ in range(int(_START_SECONDS / 0.1)):
            if api.ended() is not None:
                raise Unavailable(f"the API ended with exit code {api.ended()} before it answered")
            try:
                if client.get(f"{base_url}/health").status_code < 500:
                    return
            except httpx2.HTTPError:
                pass
            running.wait(0.1)
    raise Unavailable(f"the API did not answer at {base_url} within {_START_SECONDS:.0f} s")
