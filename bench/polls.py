"""``python -m bench.polls``: how many polls a second one core of the API answers, and how long they take.

A whole installation without graders, so that nothing else works: one submission waits, and many connections ask for it.
First as fast as they are answered: what a poll costs is the processor time of the server's processes over the number
of answers, which other work on the machine changes little. Then at a pace of `PACE` a second: the time of an answer
means something only where the machine has time. Exits with 1 if a target is not met.
"""

import argparse
import os
import sys
import time
from typing import NamedTuple

from rich.console import Console

from bench import figures, table, visitors, watched
from bench.figures import Row, Target
from bench.installation import Installation, installation

CONNECTIONS = 16
PACE = 400
SUITE = {
    "format": 1,
    "kind": "stdio",
    "languages": ["python"],
    "groups": [
        {
            "name": "one",
            "visible": True,
            "points": 1,
            "scoring": "each",
            "cases": [{"name": "one", "stdin": "", "stdout": "1\n"}],
        }
    ],
}


class Polled(NamedTuple):
    """Of some seconds: the seconds of every answer, in order of size, and what the server used meanwhile."""

    took: list[float]
    elapsed: float
    cpu: float

    def share(self, part: float) -> float:
        """The time, in ms, that this part of the answers stayed below."""
        return 1e3 * self.took[min(int(len(self.took) * part), len(self.took) - 1)]


def polled(here: Installation, request: bytes, seconds: float, pace: float | None = None) -> Polled:
    """Polls for ``seconds``, at ``pace`` a second or as fast as it goes."""
    pids = watched.tree(here.api())
    before, started = watched.cpu_seconds(pids), time.perf_counter()
    took = visitors.poll(here.port, [request] * CONNECTIONS, seconds, pace)
    elapsed = time.perf_counter() - started
    return Polled(sorted(took), elapsed, watched.cpu_seconds(pids) - before)


def measure(rounds: int, seconds: float) -> list[Row]:
    """All figures of a fresh installation."""
    with installation(workers=0) as here:
        assignment = here.assignment(SUITE)
        body = {"code": "print(1)\n", "language": "python"}
        submission = here.learner.post(f"/assignments/{assignment}/submissions", body)["id"]
        request = visitors.request("GET", f"/api/v1/submissions/{submission}", here.learner.token)
        polled(here, request, seconds / 2)  # connections and caches of both sides
        fast = [polled(here, request, seconds) for _ in range(rounds)]
        paced = [polled(here, request, seconds, PACE) for _ in range(rounds)]
    each = figures.spread([1e3 * one.cpu / len(one.took) for one in fast])
    rate = figures.spread([len(one.took) / one.cpu for one in fast])
    plain = figures.spread([len(one.took) / one.elapsed for one in fast])
    half, most = (figures.spread([one.share(part) for one in paced]) for part in (0.5, 0.99))
    return [
        Row("processor time of the API for one poll", each, "ms"),
        Row("polls a second of one core", rate, "a second", Target("at least", PACE, "a second")),
        Row(f"polls a second that {CONNECTIONS} connections got beside all else here", plain, "a second"),
        Row(f"at {PACE} polls a second: median", half, "ms"),
        Row(f"at {PACE} polls a second: 99 of 100 within", most, "ms", Target("at most", 50, "ms")),
    ]


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.polls", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each round")
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    rows = measure(asked.rounds, asked.seconds)
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table.draw(rows, "Polls"), f"load before: {load:.2f}", sep="\n", highlight=False)
    return 0 if all(row.met is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
