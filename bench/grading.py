"""From POST to verdict: latency, throughput and memory of a whole installation, beside bare processes.

The yardstick is the bare runner with every case started as ``python3 -I -S``: no sandbox, no API, no queue and no
database. It runs in turn with what it is compared to, so a busy machine slows both.
"""

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench import figures, watched, work
from bench.figures import Row, Target
from bench.installation import Client, Installation, installation
from bench.raw import Bare, RawWorker
from bench.turns import Ask
from sandboxes.languages import interpreter

SOURCE = "print(sum(map(int, input().split())))\n"
ROUNDS = 15
BURST = 100
POLLS = 10_000
_SUMS = work.Submission("python", SOURCE, work.sums())


def _without_site(language: str, folder: Path) -> tuple[list[str], list[str]]:
    return [], [interpreter(), "-I", "-S", str(folder / "main.py")]


def bare_seconds(worker: RawWorker, submissions: int) -> list[float]:
    """How long each of some bare submissions took, one after the other."""
    worker.ask(Ask(work.SUM, 0, submissions))
    return worker.answer().latencies


def latency(here: Installation, bare: Bare, assignment: str) -> Row:
    """POST to final status of one submission at a time, against ten bare runs."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs += bare_seconds(RawWorker(bare), 1)
        started = time.perf_counter()
        _passed(here.learner.final(_submit(here.learner, assignment)))
        ours.append(time.perf_counter() - started)
    alone = statistics.median(theirs) * 1e3
    took = figures.spread([1e3 * seconds for seconds in ours])
    bound = Target("at most", round(1.8 * alone + 40), "ms")
    note = f"the bound is 1.8 x raw (python3 -I -S, {alone:.0f} ms) and 40 ms"
    return Row("one submission of 10 Python cases, POST to verdict", took, "ms", bound, note)


def throughput(here: Installation, bare: Bare, assignment: str) -> Row:
    """A burst of submissions, first POST to last verdict, against bare runs on both cores."""
    with ThreadPoolExecutor(2) as both:
        started = time.perf_counter()
        list(both.map(lambda _: bare_seconds(RawWorker(bare), BURST // 2), range(2)))
        alone = BURST / (time.perf_counter() - started)
    started = time.perf_counter()
    with ThreadPoolExecutor(4) as senders:
        sent = list(senders.map(lambda _: _submit(here.learner, assignment), range(BURST)))
    for submission in sent:
        _passed(here.learner.final(submission, pause=0.05))
    ours = BURST / (time.perf_counter() - started)
    what = f"{BURST} submissions at once, two workers: throughput / raw"
    return Row(what, figures.spread([ours / alone]), "x", Target("at least", 0.6))


def worker_memory(here: Installation) -> Row:
    """The largest resident memory any worker process has had."""
    peak = max(_status_mb(pid, "VmHWM") for pid in here.workers())
    bound = Target("at most", 150, "MB")
    return Row("resident memory of a worker, peak", figures.spread([peak]), "MB", bound)


def api_memory(here: Installation, assignment: str) -> Row:
    """By how much the API's resident memory grows over many polls of one submission."""
    submission = _submit(here.learner, assignment)
    here.learner.final(submission)
    _poll(here.learner, submission, POLLS // 10)
    before = sum(_status_mb(pid, "VmRSS") for pid in watched.tree(here.api()))
    rate = _poll(here.learner, submission, POLLS)
    after = sum(_status_mb(pid, "VmRSS") for pid in watched.tree(here.api()))
    what = f"memory of the API, growth over {POLLS:,} polls"
    note = f"from {before:.1f} MB; {rate:.0f} polls/s, one client"
    return Row(what, figures.spread([after - before]), "MB", Target("at most", 2, "MB"), note)


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


def measure() -> list[Row]:
    """All figures of a fresh installation with two workers."""
    with tempfile.TemporaryDirectory(prefix="codezest-raw-") as folder, installation(workers=2) as here:
        bare = Bare(Path(folder), {work.SUM: [_SUMS]}, _without_site)
        assignment = here.assignment(work.suite(_SUMS))
        for _ in range(4):  # every worker's first submission warms it up
            _passed(here.learner.final(_submit(here.learner, assignment)))
        rows = [latency(here, bare, assignment), throughput(here, bare, assignment)]
        return [*rows, worker_memory(here), api_memory(here, assignment)]
