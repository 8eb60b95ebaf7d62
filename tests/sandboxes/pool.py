"""All attacks on several slots at once; as a program, in all modes, three times, with a table.

``python -m tests.sandboxes.pool [MODE ...]`` is `make hostile`. Every slot takes every program, each slot beginning at
another place of the list, so that all kinds of attacks meet each other. Exit code 1 if one got through.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from grader.sandbox import Sandbox, SandboxUnavailable
from sandboxes.languages import runnable

from .attacks import CANARY, CANARY_VARIABLE, Attack, Escaped, attack, attacks
from .modes import MODES, POOL, Mode, open_slots

ROUNDS = 3
#: With twice as many slots as cores a program gets its processor time later, and so do we.
PATIENCE = 4


def attacks_of(mode: Mode) -> list[Attack]:
    """The attacks that a mode promises to withstand and that can run here."""
    here = None if mode.in_containers else runnable()
    return [one for one in attacks() if one.is_for(mode.name) and (here is None or one.language in here)]


def attack_at_once(sandboxes: Sequence[Sandbox], given: Sequence[Attack], *, deal: bool = False) -> list[str]:
    """Runs the attacks on all these slots at the same time: all of them on each, or, dealt out, each on one.

    Returns what went wrong, a line for each attack that got through or lost us a slot's sandbox.
    """
    count = len(sandboxes)
    patience = 1 if count == 1 else PATIENCE

    def work(number: int) -> list[str]:
        start = number * len(given) // count
        mine = given[number::count] if deal else [*given[start:], *given[:start]]
        return [fault for one in mine if (fault := _fault(sandboxes[number], one, patience))]

    with ThreadPoolExecutor(count) as threads:
        return [fault for faults in threads.map(work, range(count)) for fault in faults]


def _fault(sandbox: Sandbox, given: Attack, patience: int) -> str | None:
    try:
        attack(sandbox, given, patience=patience)
    except Escaped as error:
        return str(error)
    except SandboxUnavailable as error:
        return f"{given.name}: the sandbox was lost: {error}"
    return None


def _row(mode: Mode, pool: int, turn: int) -> tuple[str, list[str]]:
    given = attacks_of(mode)
    started = time.monotonic()
    with open_slots(mode, pool) as sandboxes:
        faults = attack_at_once(sandboxes, given)
    seconds = time.monotonic() - started
    tried = pool * len(given)
    row = f"{mode.name:<12}{pool:>5}{turn:>6}{tried:>9}{tried - len(faults):>8}{seconds:>9.1f}"
    return row, faults


def main() -> int:
    """Exit code 1 if an attack got through in any mode."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandboxes.pool", description=__doc__)
    parser.add_argument("modes", nargs="*", metavar="MODE", help=" ".join(mode.name for mode in MODES))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--pool", type=int, action="append")
    asked = parser.parse_args()
    os.environ[CANARY_VARIABLE] = CANARY
    say = sys.stdout.write
    say(f"{'mode':<12}{'slots':>5}{'round':>6}{'attacks':>9}{'held':>8}{'seconds':>9}\n")
    found = []
    for mode in [mode for mode in MODES if not asked.modes or mode.name in asked.modes]:
        for pool in asked.pool or (1, POOL):
            for turn in range(1, asked.rounds + 1):
                row, faults = _row(mode, pool, turn)
                say(f"{row}\n{''.join(f'    {fault}' + chr(10) for fault in faults)}")
                sys.stdout.flush()
                found += faults
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
