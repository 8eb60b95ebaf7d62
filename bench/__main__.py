"""``python -m bench``: measures, prints the table, exits with 1 if a bound does not hold."""

import sys

from rich.console import Console
from rich.table import Table

from bench.grading import measure


def main() -> int:
    """Prints every figure beside its bound."""
    table = Table(
        "what", "measured", "bound", "", title="CodeZest beside bare processes, measured in this run"
    )
    rows = measure()
    for row in rows:
        table.add_row(row.name, row.measured, row.bound, "holds" if row.holds else "[red]does not hold")
    Console().print(table)
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
