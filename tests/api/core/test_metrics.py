"""Numbers of several processes as one: what a dead process counted stays, what it was at is gone."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.core.metrics import DECLARED, Endpoint, SharedNumbers

ROOT = Path(__file__).parents[3]
FOLDER = "PROMETHEUS_MULTIPROC_DIR"

#: Counts what it is told to on its standard input, and says so.
COUNTING = """
import sys
from api.core import log, metrics
from api.core.settings import Settings
counted = metrics.counter("codezest_test_total", "For a test", "kind")
single = metrics.counter("codezest_test_single_total", "For a test")
now = metrics.gauge("codezest_test_now", "For a test")
took = metrics.seconds("codezest_test_seconds", "For a test")
log.configure(Settings(_env_file=None))
print(metrics.share(), flush=True)
metrics.start_at_zero()
for line in sys.stdin:
    amount = float(line)
    counted.inc(amount, kind="a"); now.set(amount); took.observe(amount)
    print("counted", flush=True)
"""


class Process:
    """A process that counts into a folder."""

    def __init__(self, folder: Path | None) -> None:
        environment = {name: value for name, value in os.environ.items() if name != FOLDER}
        self.process = subprocess.Popen(
            [sys.executable, "-c", COUNTING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment | ({FOLDER: str(folder)} if folder else {}),
        )
        self.shares = self._heard()

    def _heard(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def count(self, amount: float) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{amount}\n")
        self.process.stdin.flush()
        assert self._heard() == "counted"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for process in started:
        if process.process.returncode is None:
            process.kill()


def numbers(folder: Path) -> dict[str, float]:
    """Every sample that has no labels but ``kind`` and ``process``, by its name."""
    return {
        sample.name
        + "".join(f" {value}" for key, value in sorted(sample.labels.items()) if key != "le"): sample.value
        for family in SharedNumbers(folder).collect()
        for sample in family.samples
    }


def test_a_process_that_dies_leaves_what_it_counted_and_nothing_of_what_it_was_at(tmp_path, processes):
    one, two = Process(tmp_path), Process(tmp_path)
    processes += [one, two]
    assert (one.shares, two.shares) == ("True", "True")
    one.count(3)
    two.count(4)
    found = numbers(tmp_path)
    assert (found["codezest_test_total a"], found["codezest_test_now"]) == (7, 7)
    assert found["codezest_test_single_total"] == 0  # there before its first event
    assert found["codezest_test_seconds_count"] == 2
    assert found["codezest_process_resident_memory_bytes 0"] > 1_000_000

    one.kill()
    found = numbers(tmp_path)
    assert (found["codezest_test_total a"], found["codezest_test_now"]) == (7, 4)
    assert "codezest_process_resident_memory_bytes 0" not in found
    assert "codezest_process_resident_memory_bytes 1" in found

    files = sorted(tmp_path.iterdir())
    processes.append(three := Process(tmp_path))
    found = numbers(tmp_path)
    assert (found["codezest_test_total a"], found["codezest_test_now"]) == (
        7,
        4,
    )  # not what the dead one was at
    three.count(1)
    found = numbers(tmp_path)
    assert (found["codezest_test_total a"], found["codezest_test_now"]) == (8, 5)
    assert (
        sorted(tmp_path.iterdir()) == files
    )  # a process that is started again and again leaves nothing behind


def test_a_damaged_file_is_begun_anew(tmp_path, processes):
    processes.append(one := Process(tmp_path))
    one.count(3)
    one.kill()
    counters = tmp_path / "counter_0.db"
    counters.write_bytes(b"\xff" * counters.stat().st_size)
    processes.append(two := Process(tmp_path))
    assert two.shares == "True"
    two.count(1)
    found = numbers(tmp_path)
    assert found["codezest_test_total a"] == 1
    assert found["codezest_test_seconds_count"] == 2


def test_a_folder_that_cannot_be_used_keeps_nobody_from_working(tmp_path, processes):
    processes.append(process := Process(tmp_path / "missing"))
    assert process.shares == "False"
    process.count(1)


def test_without_a_folder_numbers_are_the_process_s_own(processes):
    processes.append(process := Process(None))
    assert process.shares == "False"
    process.count(1)


def test_files_are_allocated_in_full_before_they_are_mapped(tmp_path, processes):
    processes.append(Process(tmp_path))
    for path in tmp_path.glob("*.db"):
        facts = path.stat()
        assert facts.st_blocks * 512 >= facts.st_size > 0, path.name


def test_the_endpoint_tells_the_numbers_of_the_folder(tmp_path, processes, monkeypatch):
    monkeypatch.setenv(FOLDER, "")
    endpoint = Endpoint(tmp_path, "127.0.0.1", 0)
    try:
        assert os.environ[FOLDER] == str(tmp_path)
        processes.append(process := Process(tmp_path))
        process.count(2)
        with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}/metrics") as answer:
            families = {f.name: f for f in text_string_to_metric_families(answer.read().decode())}
        assert [sample.value for sample in families["codezest_test"].samples] == [2]
        with pytest.raises(OSError, match="in use"):
            Endpoint(tmp_path, "127.0.0.1", endpoint.port)
    finally:
        endpoint.close()


def test_nothing_of_these_tests_is_declared_for_good():
    assert not [name for name in DECLARED if name.startswith("codezest_test")]
