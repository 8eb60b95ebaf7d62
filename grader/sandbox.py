"""What grading needs of a sandbox, and the one way it fails on our side."""

from collections.abc import Callable
from typing import Protocol

from sandboxes.protocol import CaseOutcome, RunReport, RunRequest

OnCase = Callable[[int, CaseOutcome], None]
OnReady = Callable[[], None]


class SandboxUnavailable(Exception):
    """The platform could not run the program: engine down, image missing, runner lost. Never the learner's fault;
    the run is released and tried again, elsewhere or later."""


class Sandbox(Protocol):
    """Runs one request at a time in fresh boxes. Not thread-safe; one per worker slot."""

    def run(
        self, request: RunRequest, on_case: OnCase | None = None, on_ready: OnReady | None = None
    ) -> RunReport:
        """Compiles once, runs every case, and reports what happened; ``on_case`` hears of each case as it ends.

        ``on_ready`` is called once a program that has to be compiled is. Both are called by the calling thread.

        Raises:
            SandboxUnavailable: nothing can be said about the program.
        """
        ...

    def languages(self) -> dict[str, str]:
        """The languages this sandbox can run now, each with the digest or version of what it runs in."""
        ...

    def idle_languages(self) -> list[str]:
        """The languages for which something warm waits for work."""
        ...

    def close(self) -> None:
        """Ends everything it holds. Calling it twice is fine."""
        ...
