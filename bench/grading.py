"""From POST to verdict: latency, throughput and memory of a whole installation, beside bare processes.

The yardstick is `rawrun.c`: every case started by posix_spawn as ``python3 -I -S``, fed and compared, with no sandbox,
no API, no queue and no database. It runs in turn with what it is compared to, so a busy machine slows both.
"""

import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench.installation import Client, Installation, installation
from sandboxes.languages import interpreter

SOURCE = "print(sum(map(int, input().split())))\n"
SIZES = (1, 2, 3, 5, 10, 20, 50, 100, 500, 1000)
ROUNDS = 15
BURST = 100
POLLS = 10_000
_HERE = Path(__file__).parent


class Row(NamedTuple):
    """One line of the table: what was measured, the figure, the bound it is held against, and whether it holds."""

    name: str
    measured: str
    bound: str
    holds: bool


def cases() -> list[tuple[str, str]]:
    """Ten inputs with their sums; the same bytes every time."""
    rng = random.Random(20260101)
    lists = [[rng.randint(-(10**6), 10**6) for _ in range(size)] for size in SIZES]
    return [(" ".join(map(str, numbers)) + "\n", f"{sum(numbers)}\n") for numbers in lists]


def suite() -> dict[str, Any]:
    """The ten cases as an assignment's suite."""
    rows = [{"name": f"n{i}", "stdin": given, "stdout": wanted} for i, (given, wanted) in enumerate(cases())]
    group = {"name": "sums", "visible": False, "points": 100, "scoring": "each", "cases": rows}
    return {"format": 1, "kind": "stdio", "languages": ["python"], "groups": [group]}


class Raw:
    """The bare runner, compiled in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self._program = folder / "rawrun"
        subprocess.run(["gcc", "-O2", "-o", self._program, _HERE / "rawrun.c"], check=True)
        source = folder / "main.py"
        source.write_text(SOURCE)
        lines = ["S"]
        for i, (given, wanted) in enumerate(cases()):
            (folder / f"{i}.in").write_text(given)
            (folder / f"{i}.out").write_text(wanted)
            words = (folder / f"{i}.in", folder / f"{i}.out", interpreter(), "-I", "-S", source)
            lines.append("\t".join(map(str, ("T", *words))))
        self._manifest = folder / "manifest"
        self._manifest.write_text("\n".join(lines) + "\n")

    def seconds(self, submissions: int, parallel: int = 1) -> list[float]:
        """How long each of some submissions took, one after the other, ``parallel`` cases at once."""
        argv = [self._program, "0", str(submissions), str(parallel), "0", "1", self._manifest]
        lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
        rows = [line.split() for line in lines if not line.startswith("elapsed")]
        if any(row[2] != row[3] for row in rows):
            raise RuntimeError("the bare runs do not give the right sums")
        return [int(row[1]) / 1e9 for row in rows]


@contextmanager
def raw() -> Iterator[Raw]:
    """The bare runner for the block."""
    with tempfile.TemporaryDirectory(prefix="codezest-raw-") as folder:
        yield Raw(Path(folder))


def latency(here: Installation, bare: Raw, assignment: str) -> Row:
    """POST to final status of one submission at a time, against ten bare runs."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs += bare.seconds(1)
        started = time.perf_counter()
        _passed(here.learner.final(_submit(here.learner, assignment)))
        ours.append(time.perf_counter() - started)
    took, alone = statistics.median(ours), statistics.median(theirs)
    bound = 1.8 * alone + 0.040
    measured = f"{took * 1e3:.0f} ms = {took / alone:.2f} x raw ({alone * 1e3:.0f} ms)"
    return Row(
        "one submission, 10 cases, POST to verdict", measured, f"<= {bound * 1e3:.0f} ms", took <= bound
    )


def throughput(here: Installation, bare: Raw, assignment: str) -> Row:
    """A burst of submissions, first POST to last verdict, against bare runs on both cores."""
    with ThreadPoolExecutor(2) as both:
        started = time.perf_counter()
        list(both.map(lambda _: bare.seconds(BURST // 2), range(2)))
        alone = BURST * len(SIZES) / (time.perf_counter() - started)
    started = time.perf_counter()
    with ThreadPoolExecutor(4) as senders:
        sent = list(senders.map(lambda _: _submit(here.learner, assignment), range(BURST)))
    for submission in sent:
        _passed(here.learner.final(submission, pause=0.05))
    ours = BURST * len(SIZES) / (time.perf_counter() - started)
    measured = f"{ours:.0f} cases/s = {ours / alone:.2f} x raw ({alone:.0f}/s)"
    return Row(f"{BURST} submissions at once, two workers", measured, ">= 0.60 x raw", ours >= 0.6 * alone)


def worker_memory(here: Installation) -> Row:
    """The largest resident memory any worker process has had."""
    peak = max(_status_mb(pid, "VmHWM") for pid in here.workers())
    return Row("resident memory of a worker, peak", f"{peak:.0f} MB", "<= 150 MB", peak <= 150)


def api_memory(here: Installation, assignment: str) -> Row:
    """The API's resident memory over many polls of one submission."""
    submission = _submit(here.learner, assignment)
    here.learner.final(submission)
    _poll(here.learner, submission, POLLS // 10)
    before = sum(_status_mb(pid, "VmRSS") for pid in _tree(here.api()))
    rate = _poll(here.learner, submission, POLLS)
    after = sum(_status_mb(pid, "VmRSS") for pid in _tree(here.api()))
    measured = f"{before:.1f} -> {after:.1f} MB ({rate:.0f} polls/s, one client)"
    return Row(f"memory of the API over {POLLS:,} polls", measured, "+ 2 MB at most", after - before <= 2)


def _submit(client: Client, assignment: str) -> str:
    return client.post(f"/assignments/{assignment}/submissions", {"code": SOURCE, "language": "python"})["id"]


def _passed(found: dict[str, Any]) -> None:
    if found["status"] != "PASSED":
        raise RuntimeError(
            f"a right solution came to {found['status']}: {found['reason']} {found['feedback']}"
        )


def _poll(client: Client, submission: str, times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        client.get(f"/submissions/{submission}")
    return times / (time.perf_counter() - started)


def _status_mb(pid: int, key: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in _tree(int(child)))]


def measure() -> list[Row]:
    """All figures of a fresh installation with two workers."""
    with raw() as bare, installation(workers=2) as here:
        assignment = here.assignment(suite())
        for _ in range(4):  # every worker's first submission warms it up
            _passed(here.learner.final(_submit(here.learner, assignment)))
        rows = [latency(here, bare, assignment), throughput(here, bare, assignment)]
        return [*rows, worker_memory(here), api_memory(here, assignment)]
