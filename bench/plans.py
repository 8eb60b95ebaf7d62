"""The statements that an operation sends, and whether the database reads a whole large table for one of them."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Engine, event

LARGE = ("assignment_submissions", "grading_runs", "case_results")


class Sent(NamedTuple):
    """One statement as the driver got it."""

    text: str
    parameters: Any


@contextmanager
def recorded(engine: Engine) -> Iterator[list[Sent]]:
    """Every statement that is sent within the block."""
    found: list[Sent] = []

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, _context: Any, many: bool) -> None:
        found.append(Sent(text, parameters[0] if many else parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def whole_tables(engine: Engine, sent: Sequence[Sent]) -> list[str]:
    """A line for each of ``sent`` whose plan reads all of a table of `LARGE`, where an index should do. Runs none."""
    explain = _sqlite_scans if engine.dialect.name == "sqlite" else _postgres_scans
    found = []
    with engine.connect() as connection:
        for one in sent:
            if one.text.split(None, 1)[0].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
                cursor = connection.connection.cursor()
                found += [f"{table}: {' '.join(one.text.split())[:160]}" for table in explain(cursor, one)]
                cursor.close()
        connection.rollback()
    return found


def _sqlite_scans(cursor: sqlite3.Cursor, sent: Sent) -> list[str]:
    # "SCAN t" is the whole table, "SCAN t USING INDEX ..." all of an index; only a list's page ends at its LIMIT.
    lines = [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {sent.text}", sent.parameters)]
    scans = [words for line in lines if (words := line.split())[0] == "SCAN"]
    is_page = " LIMIT " in sent.text and sent.text.startswith("SELECT")
    found = ((_table(name), how) for _, name, *how in scans)
    return [table for table, how in found if table and not (how and is_page and table == LARGE[0])]


def _table(name: str) -> str | None:
    # An alias is the table's name and a number.
    plain = name.rpartition(".")[2]
    return next((table for table in LARGE if plain.rstrip("0123456789_") == table), None)


def _postgres_scans(cursor: Any, sent: Sent) -> list[str]:
    cursor.execute(f"EXPLAIN (FORMAT JSON) {sent.text}", sent.parameters)
    plan = cursor.fetchone()[0]
    return [*_sequential(plan if isinstance(plan, list) else json.loads(plan))]


def _sequential(plan: Any) -> Iterator[str]:
    if isinstance(plan, list):
        for item in plan:
            yield from _sequential(item)
    elif isinstance(plan, dict):
        if plan.get("Node Type") == "Seq Scan" and plan.get("Relation Name") in LARGE:
            yield plan["Relation Name"]
        for value in plan.values():
            if isinstance(value, list | dict):
                yield from _sequential(value)
