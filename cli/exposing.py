"""Where the numbers of this host's graders and sweeper can be fetched by Prometheus."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from api.core.metrics import Endpoint, share, start_at_zero
from api.core.settings import Settings, export_metrics_folder, metrics_folder
from cli.output import say

log = structlog.get_logger(__name__)


@contextmanager
def exposed(settings: Settings) -> Iterator[None]:
    """For the block, an endpoint at ``metrics_port`` for this process and those it starts; nothing if none is set.

    A child of a process that has one already keeps its numbers there. An address that cannot be had is logged and no
    more: grading must not fail because watching it does.
    """
    if metrics_folder() is not None:
        share()
        start_at_zero()
        yield
        return
    if settings.metrics_port is None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="codezest-metrics-") as folder:
        endpoint = _open(Path(folder), settings.metrics_host, settings.metrics_port)
        try:
            yield
        finally:
            if endpoint is not None:
                endpoint.close()


def _open(folder: Path, host: str, port: int) -> Endpoint | None:
    try:
        endpoint = Endpoint(folder, host, port)
    except OSError as error:
        cure = "set CODEZEST_METRICS_PORT to a free port, or to nothing"
        log.error("metrics_not_exposed", host=host, port=port, error=error.strerror or str(error), cure=cure)
        return None
    say(f"metrics at http://{host}:{endpoint.port}/metrics")
    share()
    start_at_zero()
    return endpoint


@contextmanager
def shared_by_servers() -> Iterator[None]:
    """For the block, a folder for the worker processes of an HTTP server: whichever of them is asked tells the numbers
    of all. It is not that of the graders, which are asked elsewhere."""
    with tempfile.TemporaryDirectory(prefix="codezest-metrics-") as folder:
        export_metrics_folder(Path(folder))
        yield
