"""How fast this machine is: one number, so that times of different grader hosts can be held against each other.

Two fixed pieces of work, one in Python and one in C, run in boxes as any submission does, one at a time. Of each the
least processor time counts: what disturbs a run only ever adds to it. The speed is the geometric mean of how many times
faster than on the reference machine they were: 2.0 means half the time.

The speed stands in the machine's folder with the boot it was measured in. That of another boot is not believed, for a
virtual machine may have moved meanwhile. It is recorded with each run and changes no verdict.
"""

import contextlib
import json
import math
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from api.core.clock import now
from grader.sandbox import Sandbox, SandboxUnavailable
from grader.slots import write_note
from sandboxes.languages import languages
from sandboxes.protocol import CaseInput, Limits, RunRequest

RUNS = 15
UNSTEADY = 1.10
"""A median this many times the least says that something else was at work."""

_NOTE = "machine-speed.json"
_LIMITS = Limits(cpu_ms=60_000, wall_ms=120_000, memory_mib=128, output_kib=16, processes=8)
_COMPILE = Limits(cpu_ms=20_000, wall_ms=40_000, memory_mib=1024, output_kib=64, processes=64)


@dataclass(frozen=True, slots=True)
class Work:
    """A program that does the same everywhere. ``answer``: what it prints; ``reference_ms``: its least processor time
    on the reference machine."""

    language: str
    source: bytes
    answer: bytes
    reference_ms: int


#: Numbers, a dictionary, sorting: what beginners' programs do.
_PYTHON = b"""state, seen, total = 1, {}, 0
for step in range(600_000):
    state = (state * 1103515245 + 12345) & 0x7FFFFFFF
    key = state % 5003
    seen[key] = seen.get(key, 0) + step
    total ^= state >> 7
numbers = sorted(seen.values())
print(total, sum(numbers) % 1000003, numbers[len(numbers) // 2])
"""

#: The same numbers, scattered over 4 MiB: caches and memory count as well as the core.
_C = b"""#include <stdio.h>
static unsigned cells[1 << 20];
int main(void) {
    unsigned state = 1, total = 0;
    for (unsigned step = 0; step < 60000000; step++) {
        state = (state * 1103515245u + 12345u) & 0x7FFFFFFFu;
        cells[(state >> 9) & 0xFFFFF] += step;
        total ^= state >> 7;
    }
    for (unsigned at = 0; at < 1 << 20; at++) total = total * 31 + cells[at];
    printf("%u\\n", total);
}
"""

#: The reference machine is two cores of a virtual machine («Intel(R) Xeon(R) Processor», Linux 6.18); its times are the
#: `least_ms` of `codezest sandboxes calibrate --json` there, in containers with Debian 12's Python 3.11.2 and GCC 12.2.
WORK = (
    Work("python", _PYTHON, b"2226187 160003 35899175\n", 200),
    Work("c", _C, b"1281301212\n", 178),
)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured: ``speed`` over the reference machine's, the least processor time of each language's work in
    ms, the images it ran in, whether the times were close together, the boot, and when (ISO 8601)."""

    speed: float
    least_ms: dict[str, int]
    images: dict[str, str]
    steady: bool
    boot: str
    measured_at: str


def calibrate(
    sandbox: Sandbox, folder: Path, runs: int = RUNS, on_run: Callable[[str], None] = lambda _: None
) -> Calibration:
    """Measures, and writes it down in the machine's ``folder``; ``on_run`` hears each run's language before it.

    Raises:
        SandboxUnavailable: the work cannot be run here, or did not do what it must; nothing is written.
    """
    served = sandbox.languages()
    if missing := [work.language for work in WORK if work.language not in served]:
        raise SandboxUnavailable(f"calibrating needs {' and '.join(missing)}, which cannot be run here")
    times: dict[str, list[int]] = {work.language: [] for work in WORK}
    # In turns: what slows the machine for a while slows not all runs of one language.
    for _ in range(runs):
        for work in WORK:
            on_run(work.language)
            times[work.language].append(_cpu_ms(sandbox, work))
    least = {name: min(found) for name, found in times.items()}
    ratios = [work.reference_ms / least[work.language] for work in WORK]
    found = Calibration(
        speed=round(math.prod(ratios) ** (1 / len(ratios)), 3),
        least_ms=least,
        images={work.language: served[work.language] for work in WORK},
        steady=all(statistics.median(found) <= UNSTEADY * least[name] for name, found in times.items()),
        boot=_boot(),
        measured_at=now().isoformat(timespec="seconds"),
    )
    write_note(folder / _NOTE, json.dumps(asdict(found)))
    return found


def read_calibration(folder: Path) -> Calibration | None:
    """What was measured since this machine was started, or None."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        found = Calibration(**json.loads((folder / _NOTE).read_text()))
        if found.boot == _boot() and type(found.speed) is float and 0 < found.speed < math.inf:
            return found
    return None


def machine_speed(folder: Path) -> float | None:
    """This machine's speed, or None if it was not calibrated since it was started."""
    found = read_calibration(folder)
    return found.speed if found else None


def _cpu_ms(sandbox: Sandbox, work: Work) -> int:
    request = RunRequest(
        language=work.language,
        files={languages()[work.language].main: work.source},
        cases=[CaseInput(stdin=b"", limits=_LIMITS)],
        compile_limits=_COMPILE,
    )
    report = sandbox.run(request)
    case = next(iter(report.cases), report.compiled)
    if case is None or not case.ended_well or case.stdout != work.answer or case.cpu_ms <= 0:
        raise SandboxUnavailable(f"the work in {work.language} did not do what it must: {case}")
    return case.cpu_ms


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
