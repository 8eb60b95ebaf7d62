"""``python -m bench.scale``: whether a million finished submissions slow down what is done all day.

Two databases of the same kind, one with nothing but a learner's own submissions, one with ``--rows`` of others before
them, and two installations over them. Each operation is done on the one and the other in turn, and the median of the
ratios counts. Beside it: every statement that was sent, and whether its plan reads a large table from end to end.
Exits with 1 if an operation takes more than 1.5 times as long, or a plan does.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from api.core.database import Database
from bench import figures, table
from bench.daily import Day
from bench.figures import Row, Target
from bench.installation import served
from bench.plans import recorded, whole_tables
from bench.rows import fill
from bench.visitors import Asker, request
from migrations.commands import upgrade
from tests.services import fresh_database, postgres

ROWS, TURNS = 1_000_000, 60
_TARGET = Target("at most", 1.5)
_PARTS = 5
_LEAST_MS = 0.3
"""Below this, a difference is the machine's and not the database's: it is added to both sides of a ratio."""

Times = dict[str, list[float]]
Side = TypeVar("Side")


@contextmanager
def pair(kind: str) -> Iterator[tuple[str, str]]:
    """The URLs of two fresh databases, migrated."""
    with ExitStack() as stack:
        if kind == "sqlite":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="codezest-scale-")))
            urls = [f"sqlite:///{folder / name}.sqlite3" for name in ("empty", "full")]
        else:
            server = stack.enter_context(postgres())
            urls = [stack.enter_context(fresh_database(server)) for _ in range(2)]
        for url in urls:
            upgrade(url)
        yield urls[0], urls[1]


def in_turn(empty: Day, full: Day, turns: int) -> tuple[Times, Times]:
    """Seconds by operation on both, through the functions."""
    found: tuple[Times, Times] = defaultdict(list), defaultdict(list)
    for number in range(turns):
        for times, day in _alternating(number, list(zip(found, (empty, full), strict=True))):
            for name, seconds in day.turn().items():
                times[name].append(seconds)
    return found


def over_http(days: tuple[Day, Day], ports: tuple[int, int], turns: int) -> tuple[Times, Times]:
    """Seconds by operation on both, through the API."""
    found: tuple[Times, Times] = defaultdict(list), defaultdict(list)
    with Asker(ports[0]) as first, Asker(ports[1]) as second:
        tokens = [(day.token(day.learner), day.token(day.admin)) for day in days]
        sides = list(zip(found, (first, second), days, tokens, strict=True))
        for number in range(turns):
            for times, asker, day, (learner, admin) in _alternating(number, sides):
                for name, seconds in _visit(asker, day, learner, admin):
                    times[name].append(seconds)
    return found


def _visit(asker: Asker, day: Day, learner: str, admin: str) -> Iterator[tuple[str, float]]:
    body = b'{"language": "python", "code": "print(2 * int(input()))"}'
    path = f"/api/v1/assignments/{day.assignment.id}/submissions"
    answer = asker.ask(request("POST", path, learner, body))
    yield "submit over HTTP", answer.seconds
    yield "poll over HTTP", asker.ask(request("GET", answer.headers["location"], learner)).seconds
    day.record(day.claim())
    for what, token in (("own", learner), ("everybody's", admin)):
        yield f"list over HTTP, {what}", asker.ask(request("GET", "/api/v1/submissions", token)).seconds


def _alternating(number: int, sides: list[Side]) -> list[Side]:
    return sides if number % 2 else sides[::-1]


def rows(empty: Times, full: Times) -> list[Row]:
    """A row for each operation: the ratio, and both medians in words."""
    found = []
    for name, times in full.items():
        few, many = (1e3 * statistics.median(side) for side in (empty[name], times))
        size = max(1, len(times) // _PARTS)
        parts = [slice(start, start + size) for start in range(0, len(times), size)]
        ratios = [_ratio(empty[name][part], times[part]) for part in parts]
        note = f"{few:.2f} ms empty, {many:.2f} ms full"
        found.append(Row(name, figures.spread(ratios), "x", _TARGET, note))
    return found


def _ratio(empty: Sequence[float], full: Sequence[float]) -> float:
    least = _LEAST_MS / 1e3
    return (statistics.median(full) + least) / (statistics.median(empty) + least)


def measure(kind: str, count: int, turns: int) -> tuple[list[Row], list[str]]:
    """The rows of one kind of database, and the plans that read a large table from end to end."""
    with pair(kind) as urls, ExitStack() as stack:
        databases = tuple(Database(url) for url in urls)
        for database in databases:
            stack.callback(database.close)
        _say(f"{kind}: writing {count:,} submissions")
        fill(databases[1], count)
        _say(f"{kind}: measuring")
        days = Day(databases[0]), Day(databases[1])
        found = rows(*in_turn(*days, turns))
        with recorded(databases[1].engine) as sent:
            days[1].turn()
        plans = whole_tables(databases[1].engine, sent)
        ports = tuple(stack.enter_context(served(url)) for url in urls)
        return found + rows(*over_http(days, (ports[0], ports[1]), turns)), plans


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help=f"finished submissions (default {ROWS:,})")
    parser.add_argument("--turns", type=int, default=TURNS, help="how often each is done on both")
    parser.add_argument("--database", choices=["sqlite", "postgres"], action="append", help="default: both")
    asked = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 140)
    well = True
    for kind in asked.database or ["sqlite", "postgres"]:
        load = os.getloadavg()[0]
        found, plans = measure(kind, asked.rows, asked.turns)
        title = f"{asked.rows:,} submissions in {kind}, beside none"
        console.print(table.draw(found, title), *table.notes(found), sep="\n", highlight=False)
        console.print(
            f"load before: {load:.2f}; statements that read a large table: {len(plans)}", *plans, sep="\n"
        )
        well = well and not plans and all(row.met is not False for row in found)
    return 0 if well else 1


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
