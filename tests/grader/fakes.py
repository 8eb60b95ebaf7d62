"""A sandbox that needs none: it knows what every program of these tests would print."""

from collections.abc import Callable

from grader.sandbox import OnCase, OnReady
from sandboxes.protocol import CaseOutcome, Outcome, RunReport, RunRequest


def doubled(request: RunRequest) -> RunReport:
    """What a right solution of `tests.factories.DOUBLING` comes to, and a probe of a sound sandbox."""
    return RunReport(
        compiled=None,
        cases=tuple(
            CaseOutcome(
                outcome=Outcome.EXITED,
                exit_code=0,
                cpu_ms=1,
                wall_ms=2,
                memory_kib=1024,
                stdout=b"{}" if request.probe else f"{2 * int(case.stdin)}\n".encode(),
            )
            for case in request.cases
        ),
        image="fake",
        isolation="fake",
    )


class FakeSandbox:
    """Runs nothing; ``do`` says what a request comes to, and may wait or raise."""

    def __init__(self, do: Callable[[RunRequest], RunReport] = doubled) -> None:
        self.do = do
        self.requests: list[RunRequest] = []
        self.served = {"python": "fake/python"}
        self.closed = False

    def run(
        self, request: RunRequest, on_case: OnCase | None = None, on_ready: OnReady | None = None
    ) -> RunReport:
        self.requests.append(request)
        report = self.do(request)
        if on_ready and report.compiled is not None and report.compiled.ended_well:
            on_ready()
        for index, outcome in enumerate(report.cases):
            if on_case:
                on_case(index, outcome)
        return report

    def languages(self) -> dict[str, str]:
        return self.served

    def idle_languages(self) -> list[str]:
        return []

    def close(self) -> None:
        self.closed = True
