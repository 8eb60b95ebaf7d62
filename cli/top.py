"""`codezest top`: the queue, who is at work on what, and what came of the last runs, again and again.

It reads the database and nothing else, so it works from any host that may. Every text in it that others have a say in
(faults, names of hosts and workers) goes through `plain`.
"""

import select
import sys
import termios
import time
import tty
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from api.core.database import Database
from api.core.errors import Unavailable
from api.learning.submissions.grade import Reason, SubmissionStatus
from api.learning.submissions.overview import Overview, Waiting, overview
from cli.output import plain, print_json
from cli.services import services

_ROWS = 15
_WIDTH_OF_A_FILE = 160
_COLOURS = {
    SubmissionStatus.PASSED: "green",
    SubmissionStatus.FAILED: "yellow",
    SubmissionStatus.ERROR: "red",
}


def top(*, interval: float, once: bool, as_json: bool) -> None:
    """Shows it every ``interval`` seconds until q or Ctrl-C; once where asked to, or where the output is no terminal.

    Raises:
        Unavailable: the database does not answer. One that goes away later is waited for.
    """
    with services() as opened:
        found = _look(opened.database)
        if as_json:
            print_json(as_builtins(found))
            return
        console = Console(highlight=False)
        if once or not console.is_terminal:
            if not console.is_terminal:
                console.width = _WIDTH_OF_A_FILE
            console.print(rendered(found))
            return
        _show_until_left(console, opened.database, found, interval)


def _look(database: Database) -> Overview:
    with database.transaction() as session:
        return overview(session, most=_ROWS)


def _show_until_left(console: Console, database: Database, found: Overview, interval: float) -> None:
    trouble = ""
    with _keys() as pressed, Live(console=console, screen=True, auto_refresh=False) as live:
        try:
            while True:
                live.update(rendered(found, trouble), refresh=True)
                if pressed(interval) == "q":
                    return
                try:
                    found, trouble = _look(database), ""
                except Unavailable as error:
                    trouble = error.detail
        except KeyboardInterrupt:
            return


@contextmanager
def _keys() -> Iterator[Any]:
    """Gives what waits so many seconds at most for a key, and says which; empty if none came."""
    if not sys.stdin.isatty():
        yield _no_key
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield _key
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _key(seconds: float) -> str:
    return sys.stdin.read(1).lower() if select.select([sys.stdin], [], [], seconds)[0] else ""


def _no_key(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def as_builtins(value: Any) -> Any:
    """The overview as JSON will have it: objects for its parts."""
    if hasattr(value, "_asdict"):
        return {name: as_builtins(part) for name, part in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [as_builtins(part) for part in value]
    return value.isoformat() if isinstance(value, datetime) else value


def rendered(found: Overview, trouble: str = "") -> RenderableType:
    """The whole view. ``trouble``: why it is older than it should be."""
    parts: list[RenderableType] = [_head(found)]
    if trouble:
        parts.append(Text(plain(trouble), "bold red"))
    parts += [_queue(found), _workers(found), _hosts(found), _recent(found)]
    if found.faults:
        parts.append(_faults(found))
    return Group(*parts)


def _head(found: Overview) -> Text:
    return Text.assemble(
        ("CodeZest", "bold"),
        f"  {found.moment:%Y-%m-%d %H:%M:%S} UTC   pace {found.per_second:.2f}/s   "
        f"a new submission waits about {found.expected_wait_seconds} s",
    )


def _queue(found: Overview) -> RenderableType:
    queue = found.queue

    def row(name: str, part: Waiting) -> tuple[object, ...]:
        return name, part.runs, _ago(part.oldest_at, found.moment), part.spoiled or ""

    overdue = (
        Text(f"   {queue.overdue} with a lease that has ended", "bold red") if queue.overdue else Text("")
    )
    title = Text.assemble(f"queue   {queue.at_work} at work", overdue)
    return _table(
        title,
        ("waiting", "runs", "oldest", "spoiled by us"),
        [row("live", queue.live), row("re-grades", queue.regrades)],
    )


def _workers(found: Overview) -> RenderableType:
    rows = (
        (
            run.worker,
            run.language,
            _ago(run.started_at, found.moment),
            Text("ended", "bold red")
            if run.lease_until < found.moment
            else _until(run.lease_until, found.moment),
            run.submission_id,
            run.number,
            run.attempt,
            "re-grade" if run.is_regrade else "",
        )
        for run in found.at_work
    )
    columns = ("worker", "language", "since", "lease", "submission", "run", "attempt", "")
    return _table(Text(f"at work   {found.queue.workers} workers"), columns, rows)


def _hosts(found: Overview) -> RenderableType:
    rows = (
        (host.host, host.languages, host.isolation, _ago(host.last_seen, found.moment))
        for host in found.hosts
    )
    return _table(Text("grader hosts"), ("host", "languages", "isolation", "heard of"), rows)


def _recent(found: Overview) -> RenderableType:
    rows = (
        (
            _ago(run.finished_at, found.moment),
            Text(run.status.value, _COLOURS.get(run.status, "")),
            _reason(run.reason),
            "" if run.score is None else run.score,
            run.language,
            "" if run.seconds is None else f"{run.seconds:.2f} s",
            run.submission_id,
            run.number,
            run.worker,
        )
        for run in found.recent
    )
    columns = ("ended", "verdict", "reason", "score", "language", "took", "submission", "run", "worker")
    return _table(Text("recent"), columns, rows)


def _reason(reason: Reason | None) -> object:
    return Text("platform", "bold red") if reason is Reason.PLATFORM else reason and reason.value


def _faults(found: Overview) -> RenderableType:
    rows = (
        (
            fault.submission_id,
            fault.language,
            fault.failures,
            plain(fault.last_fault).partition("\n")[0][:200],
        )
        for fault in found.faults
    )
    return _table(
        Text("platform faults of runs that are not done", "bold red"),
        ("submission", "language", "spoiled", "last fault"),
        rows,
    )


def _table(title: Text, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(Text(column), no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(_word(cell)) for cell in row))
    return Group(title, table)


def _word(cell: object) -> str:
    return "" if cell is None else plain(str(cell)).replace("\n", " ").replace("\t", " ")


def _ago(moment: datetime | None, now: datetime) -> str:
    return "" if moment is None else _span((now - moment).total_seconds())


def _until(moment: datetime, now: datetime) -> str:
    return _span((moment - now).total_seconds())


def _span(seconds: float) -> str:
    whole = max(0, int(seconds))
    if whole < 100:
        return f"{whole} s"
    if whole < 100 * 60:
        return f"{whole // 60} min"
    return f"{whole // 3600} h" if whole < 48 * 3600 else f"{whole // 86400} d"
