"""What can happen to a program, in few words."""

from sandboxes.protocol import CaseOutcome, Outcome


def exited(
    stdout: bytes = b"", *, code: int = 0, stderr: bytes = b"", returned: bytes | None = None
) -> CaseOutcome:
    """A program that ended by itself."""
    return CaseOutcome(
        outcome=Outcome.EXITED,
        exit_code=code,
        cpu_ms=12,
        wall_ms=15,
        memory_kib=9000,
        stdout=stdout,
        stderr=stderr,
        returned=returned,
    )


def ended(outcome: Outcome, *, signal: int | None = None, limit: str | None = None) -> CaseOutcome:
    """A program that was ended, or never ran."""
    return CaseOutcome(outcome=outcome, signal=signal, limit=limit, cpu_ms=1, wall_ms=2, memory_kib=3)
