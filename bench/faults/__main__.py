"""``python -m bench.faults``: strikes an installation with every fault, at every moment, and counts what was lost.

For each fault and moment, submissions with known verdicts are in flight; afterwards each must have exactly one valid
run, the verdict of its own, and its learner the progress that goes with it. Exits with 1 if any was lost, doubled or
blamed on its learner, with 2 if striking failed.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from api.core import log
from api.core.errors import CodezestError
from api.core.settings import get_settings
from bench.faults.scene import MOMENTS, NotCaught, Outcome, Scene, play
from bench.faults.servers import Missing
from bench.faults.stack import Stack
from bench.faults.stacks import EmbeddedStack, FullStack
from bench.faults.strikes import STRIKES

STACKS = ("embedded", "full")
QUICK_FAULTS = ("worker-killed", "container-removed", "redis-killed", "sweeper-killed")


@dataclass
class Row:
    """One cell of the matrix: what it came to, or why it was not played."""

    stack: str
    fault: str
    moment: str
    outcome: Outcome | None = None
    remark: str = ""
    failed: bool = False


def main() -> int:
    """Strikes as the arguments say."""
    asked = _arguments()
    log.configure(get_settings().model_copy(update={"log_level": "error"}))
    rows: list[Row] = []
    for name in asked.stack or STACKS:
        rows += _play_stack(name, asked)
    Console(width=None if sys.stdout.isatty() else 180).print(_table(rows), highlight=False)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return _verdict(rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--stack", action="append", choices=STACKS, help="only this one (default: both)")
    parser.add_argument(
        "--fault", action="append", choices=list(STRIKES), help="only this one; may be repeated"
    )
    parser.add_argument("--moment", action="append", choices=MOMENTS, help="only this one; may be repeated")
    parser.add_argument("--submissions", type=int, help="in flight at each strike (default 100, quick 10)")
    parser.add_argument("--outage", type=float, help="seconds that Redis is stopped (default 60, quick 4)")
    parser.add_argument("--workers", type=int, default=2, help="graders (default 2)")
    parser.add_argument("--lease", type=int, help="seconds of a lease (default: the product's, quick 4)")
    parser.add_argument(
        "--patience", type=float, default=300.0, help="seconds until a submission counts as lost"
    )
    parser.add_argument(
        "--own-engine", action="store_true", help="start a Docker engine beside the machine's; root"
    )
    parser.add_argument("--docker-host", help="the engine of the full stack, if not one of its own")
    parser.add_argument("--quick", action="store_true", help="a few faults and submissions: about a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    asked = parser.parse_args()
    asked.submissions = asked.submissions or (10 if asked.quick else 100)
    asked.outage = asked.outage or (4.0 if asked.quick else 60.0)
    asked.lease = asked.lease or (4 if asked.quick else get_settings().lease_seconds)
    asked.fault = asked.fault or list(QUICK_FAULTS if asked.quick else STRIKES)
    asked.moment = asked.moment or list(MOMENTS)
    return asked


def _make(name: str, folder: Path, asked: argparse.Namespace) -> Stack:
    means = {"workers": asked.workers, "patience": asked.patience, "lease_seconds": asked.lease}
    if name == "embedded":
        return EmbeddedStack(folder, **means)
    return FullStack(folder, **means, own_engine=asked.own_engine, docker_host=asked.docker_host)


def _play_stack(name: str, asked: argparse.Namespace) -> list[Row]:
    rows = [Row(name, fault, moment) for fault in asked.fault for moment in asked.moment]
    asks = _make(name, Path(), asked)
    left = [row for row in rows if not _is_left_out(asks, row)]
    while left:  # an installation that was not well after a strike is replaced
        with tempfile.TemporaryDirectory(prefix="codezest-faults-", ignore_cleanup_errors=True) as folder:
            stack = _make(name, Path(folder), asked)
            try:
                _say(f"{name}: starting")
                stack.open()
                while left and _play(stack, left.pop(0), asked):
                    pass
            except Missing as error:
                for row in left:
                    row.remark = f"skipped: {error}"
                left.clear()
            except (RuntimeError, CodezestError) as error:
                for row in left:
                    row.remark, row.failed = f"no installation: {error}", True
                left.clear()
            finally:
                stack.close()
    return rows


def _play(stack: Stack, row: Row, asked: argparse.Namespace) -> bool:
    """Plays one cell; whether the installation is good for more."""
    if _is_left_out(stack, row):
        return True
    scene = Scene(stack, row.moment, asked.outage, 2 if row.fault == "redis-stopped" else 10)
    seed = list(STRIKES).index(row.fault) * len(MOMENTS) + MOMENTS.index(row.moment)
    try:
        row.outcome = play(scene, STRIKES[row.fault], asked.submissions, seed)
    except (NotCaught, RuntimeError, CodezestError, SQLAlchemyError) as error:
        row.remark, row.failed = str(error).partition("\n")[0], True
        _say(f"{stack.name} {row.fault} {row.moment}: {error}\n{stack.log_tail()}")
        return False
    found = row.outcome.judgement
    _say(f"{stack.name} {row.fault} {row.moment}: recovery {_seconds(row.outcome.recovery)} s")
    for kind in ("lost", "doubled", "blamed"):
        for line in getattr(found, kind):
            print(f"  {kind}: {line}", file=sys.stderr)
    return found.is_clean


def _is_left_out(stack: Stack, row: Row) -> bool:
    """Whether this fault cannot be played there; then the row says why."""
    if (why := stack.without.get(row.fault)) is None:
        return False
    row.remark = why if why.startswith("skipped") else f"does not apply: {why}"
    return True


def _table(rows: list[Row]) -> Table:
    table = Table("stack", "fault", "moment", "struck")
    for name in ("recovery s", "since strike s", "all done s", "slowest submit s", "spoiled"):
        table.add_column(name, justify="right")
    for name in ("lost", "doubled", "blamed", "remark"):
        table.add_column(name)
    for row in rows:
        cells = [row.stack, row.fault, row.moment]
        if (came := row.outcome) is None:
            table.add_row(*cells, *[""] * 9, row.remark)
            continue
        found = came.judgement
        counts = (found.spoiled, len(found.lost), len(found.doubled), len(found.blamed))
        times = map(_seconds, (came.recovery, came.since_strike, came.done, came.slowest))
        table.add_row(*cells, str(came.struck), *times, *map(str, counts), row.remark)
    return table


def _verdict(rows: list[Row]) -> int:
    played = [row.outcome.judgement for row in rows if row.outcome]
    counts = [sum(len(getattr(found, kind)) for found in played) for kind in ("lost", "doubled", "blamed")]
    failed = [row for row in rows if row.failed]
    if failed:
        print(f"{len(failed)} strikes could not be judged: see above")
    print(f"{counts[0]} lost, {counts[1]} doubled, {counts[2]} blamed")
    return 1 if any(counts) else 2 if failed else 0


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f}"


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
