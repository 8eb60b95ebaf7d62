"""Where Prometheus fetches numbers: from a sweeper, and from an HTTP server of several processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.core.settings import Settings

ROOT = Path(__file__).parents[2]
SEVERAL = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from functools import partial
from cli import serving
serving.Server = partial(serving.Server, workers=3)
serving.serve(supervised=False)
"""

pytestmark = pytest.mark.redis


class Command:
    """A process of ours whose lines on standard error are waited for."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *words], stderr=subprocess.PIPE, text=True, env=os.environ | environment
        )

    def heard(self, pattern: str) -> re.Match[str]:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"ended without {pattern}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        self.process.stderr.read()
        self.process.stderr.close()
        return self.process.wait(60)


@pytest.fixture
def start(tmp_path: Path, database_url: str, redis_url: str, settings: Settings) -> Iterator:
    started: list[Command] = []

    def run(words: list[str], **more: object) -> Command:
        values = {"DATA_DIR": tmp_path / "data", "DATABASE_URL": database_url, "REDIS_URL": redis_url, **more}
        environment = {f"CODEZEST_{name}": str(value) for name, value in values.items()}
        started.append(command := Command(words, {**environment, "TMPDIR": str(tmp_path)}))
        return command

    yield run
    for command in started:
        if command.process.poll() is None:
            command.process.kill()
            command.process.wait()
        if command.process.stderr is not None:
            command.process.stderr.close()


def samples(url: str) -> dict[tuple[str, ...], float]:
    with urllib.request.urlopen(url) as answer:
        text = answer.read().decode()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_sweeper_tells_its_numbers_and_leaves_nothing_behind(start, tmp_path: Path):
    sweeper = start([str(ROOT / "codezest.py"), "sweep"], METRICS_PORT=0)
    port = sweeper.heard(r"metrics at http://127\.0\.0\.1:(\d+)/metrics")[1]
    for _ in range(200):
        found = samples(f"http://127.0.0.1:{port}/metrics")
        if found.get(("codezest_sweeps_total", "done"), 0) > 0:
            break
    assert found["codezest_sweeps_total", "done"] > 0
    assert found["codezest_leases_expired_total",] == 0
    assert found["codezest_process_resident_memory_bytes", "0"] > 0
    assert sweeper.stop() == 0
    assert list(tmp_path.glob("codezest-metrics-*")) == []


def test_a_port_that_is_taken_is_told_and_sweeping_goes_on(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sweeper = start([str(ROOT / "codezest.py"), "sweep"], METRICS_PORT=port, LOG_FORMAT="json")
        assert "CODEZEST_METRICS_PORT" in sweeper.heard("metrics_not_exposed").string
        assert sweeper.process.poll() is None
        assert sweeper.stop() == 0


def test_whichever_server_process_is_asked_tells_the_numbers_of_all(start):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = start(["-c", SEVERAL], PORT=port)
    server.heard("CodeZest listens")
    base = f"http://127.0.0.1:{port}"
    retrying = httpx2.HTTPTransport(retries=10)  # it listens a moment after it has said so
    with httpx2.Client(transport=retrying, timeout=30) as client:
        assert client.get(f"{base}/health").status_code == 200
    for _ in range(60):
        with urllib.request.urlopen(f"{base}/health/live") as answer:  # a connection of its own each time
            assert answer.status == 200
    told = [samples(f"{base}/metrics") for _ in range(10)]
    key = "codezest_requests_total", "codezest", "GET", "/health/live", "200"
    assert [found[key] for found in told] == [60] * 10
    assert all(len([key for key in found if key[0].endswith("resident_memory_bytes")]) == 3 for found in told)
    assert server.stop() == 0
