"""Programs that attack: each ends as its name says, learns nothing, and the next submission finds all in order.

A file's leading part is how it must end: an outcome, ``timed_out`` with or without its limit, or ``compiler`` where
the compiler must not end well. A program that may end well tries what it must not be able to do, and prints
``held`` if all of it was refused.
"""

from pathlib import Path

import pytest

from grader.sandbox import Sandbox
from sandboxes.languages import HERE
from sandboxes.protocol import CaseOutcome, Limits, Outcome

from .programs import ended, limits_of, report_of

HOSTILE = Path(__file__).parent / "hostile"
PROGRAMS = sorted(HOSTILE.glob("*/*"))
#: Enough for honest learners' compilers; little enough to see a bomb's end soon.
COMPILE = Limits(cpu_ms=3000, wall_ms=10_000, memory_mib=512, output_kib=64, processes=64)


def word_for(outcome: CaseOutcome) -> str:
    """How a file is named that ends like this."""
    return f"{outcome.outcome}_{outcome.limit}" if outcome.limit else outcome.outcome


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_hostile_program(sandbox: Sandbox, program: Path):
    language, word = program.parent.name, program.name.partition(".")[0]
    report = report_of(sandbox, language, program.read_bytes(), compile_limits=COMPILE)
    if word == "compiler":
        assert report.compiled is not None
        assert not report.compiled.ended_well
        assert report.cases == ()
    else:
        (case,) = report.cases
        assert word_for(case).startswith(word), case
        if word == Outcome.EXITED:
            assert case.exit_code == 0, case.stderr
            assert case.stdout.startswith(b"held"), case.stdout
            assert b"escaped" not in case.stdout
            assert case.wall_ms < 3000  # nobody waits for what it leaves behind
        limits = limits_of(language)
        assert case.cpu_ms < 2 * limits.cpu_ms + 500  # a limit is no use if it strikes late
        assert case.memory_kib < 1 << 20
        assert case.wall_ms < limits.wall_ms + 1000
    harmless(sandbox, language)


def harmless(sandbox: Sandbox, language: str) -> None:
    """A submission on the same slot, that must pass."""
    program = next((HERE / language / "smoke").glob("exited.*"))
    case = ended(sandbox, language, program.read_bytes(), inputs=[b"42\n"])
    assert (case.outcome, case.exit_code, case.stdout) == (Outcome.EXITED, 0, b"ok 42\n"), case
