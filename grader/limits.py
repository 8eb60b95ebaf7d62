"""What a case may use: the suite's limits, times what the language needs, and never more than the platform allows."""

from dataclasses import dataclass

from api.learning.curriculum.suite import Case, Suite
from sandboxes.protocol import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageFacts:
    """What grading needs to know of a language. ``main`` is the name a single source file is stored under.

    The factors multiply processor and wall time; the extras, in MiB and processes, are added for its runtime.
    """

    name: str
    main: str
    cpu_factor: float = 1.0
    wall_factor: float = 1.0
    memory_extra_mib: int = 0
    processes_extra: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The platform's own limits on any case, factors included, and on all cases of a run together (wall time)."""

    cpu_ms: int
    wall_ms: int
    memory_mib: int
    output_kib: int
    processes: int
    total_wall_ms: int


#: A compiler is ours and its input is not: generous, and the same for every assignment.
COMPILE_CPU_MS = 20_000
COMPILE_WALL_MS = 30_000
COMPILE_MEMORY_MIB = 1024
COMPILE_OUTPUT_KIB = 64
COMPILE_PROCESSES = 64


def limits_for(suite: Suite, case: Case, facts: LanguageFacts, caps: Caps) -> Limits:
    """The limits ``case`` runs under in a language."""
    asked = suite.limits_for(case)
    wall = asked.wall_ms or caps.wall_ms
    return Limits(
        cpu_ms=min(_times(asked.cpu_ms, facts.cpu_factor), caps.cpu_ms),
        wall_ms=min(_times(wall, facts.wall_factor), caps.wall_ms),
        memory_mib=min(asked.memory_mib + facts.memory_extra_mib, caps.memory_mib),
        output_kib=min(asked.output_kib, caps.output_kib),
        processes=min(asked.processes + facts.processes_extra, caps.processes),
    )


def compile_limits(facts: LanguageFacts, caps: Caps) -> Limits:
    """The limits the compiler runs under; the caps on cases do not bound them, but memory and processes."""
    return Limits(
        cpu_ms=COMPILE_CPU_MS,
        wall_ms=COMPILE_WALL_MS,
        memory_mib=min(COMPILE_MEMORY_MIB, caps.memory_mib),
        output_kib=COMPILE_OUTPUT_KIB,
        processes=min(COMPILE_PROCESSES + facts.processes_extra, caps.processes),
    )


def _times(milliseconds: int, factor: float) -> int:
    return max(1, round(milliseconds * factor))
