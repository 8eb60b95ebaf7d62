"""What a worker that has nothing to do sees to: that what it keeps warm still answers.

A container can end while nobody uses it: killed by hand, by the kernel for want of memory, with its engine. Found out
by a learner's submission it would cost that submission an attempt. So an idle worker runs one tiny program, the
runner's own `probe.py`, in everything warm that has not answered for a minute, and throws away what does not answer
right. It needs no compiler: a C++ program would keep a bell waiting for a second, and what goes bad in a warm container
is the container, its runner or its boxes, not the compiler on its read-only disk.

A learner waits for at most one such program: before each it is asked again whether a bell waits. Submissions that were
graded count as answers, so a busy worker has nothing to probe.
"""

import json
import time
from collections.abc import Callable

from grader.sandbox import Sandbox, SandboxUnavailable
from sandboxes.protocol import CaseInput, Limits, Outcome, RunRequest

PROBE_SECONDS = 60.0
_LIMITS = Limits(cpu_ms=5_000, wall_ms=10_000, memory_mib=128, output_kib=64, processes=16)


class IdleProbes:
    """When each language of one sandbox answered last, and what that asks for. ``clock`` gives seconds."""

    def __init__(self, sandbox: Sandbox, clock: Callable[[], float] = time.monotonic) -> None:
        self._sandbox, self._clock = sandbox, clock
        self._answered: dict[str, float] = {}
        self._tested: float | None = None

    def note(self, language: str) -> None:
        """It has just answered right."""
        self._answered[language] = self._clock()

    def forget(self) -> None:
        """Everything has just been proved: counts from the next look."""
        self._answered.clear()

    def due(self) -> list[str]:
        """The languages with something warm that has not answered for a minute. What is seen for the first time has
        just been started, and greeted: its minute begins."""
        now = self._clock()
        warm = self._sandbox.idle_languages()
        return [name for name in warm if now - self._answered.setdefault(name, now) >= PROBE_SECONDS]

    def run(self, is_wanted: Callable[[], bool]) -> str | None:
        """Probes what is due, until ``is_wanted``; the first fault, with what showed it thrown away, or None."""
        for name in self.due():
            if is_wanted():
                return None
            if (fault := self.fault_of(name)) is not None:
                return fault
            self.note(name)
        return None

    def fault_of(self, language: str) -> str | None:
        """What is wrong with the sandbox of a language now, found by running a probe in it; None: nothing."""
        try:
            fault = _probe(self._sandbox, language)
        except SandboxUnavailable as error:
            return f"{language}: {error}"  # the sandbox has thrown it away itself
        if fault is not None:
            self._sandbox.close()  # it speaks and is wrong: nothing beside it is trusted either
        return fault

    def may_test(self) -> bool:
        """Whether an idle worker may run a whole self-test now: once a minute, for it takes processor time that other
        workers' programs are measured by."""
        now = self._clock()
        if self._tested is not None and now - self._tested < PROBE_SECONDS:
            return False
        self._tested = now
        return True


def _probe(sandbox: Sandbox, language: str) -> str | None:
    """What is wrong with a fresh box of this language, or None. Raises SandboxUnavailable if none answers."""
    case = CaseInput(stdin=b"", limits=_LIMITS)
    report = sandbox.run(
        RunRequest(language=language, files={}, cases=[case], compile_limits=_LIMITS, probe=True)
    )
    ended = report.cases[0] if report.cases else None
    if ended is None or ended.outcome is not Outcome.EXITED or ended.exit_code != 0:
        return f"{language}: the probe came to {ended.outcome if ended else 'nothing'}"
    try:
        told = json.loads(ended.stdout)
    except ValueError:
        told = None
    return None if isinstance(told, dict) else f"{language}: the probe said {ended.stdout[:40]!r}"
