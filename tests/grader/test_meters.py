"""What a grader counts of its runs: each once, what did not count not at all, and nothing outside of a run."""

import threading
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api.auth.models import User
from api.core.clock import now
from api.core.database import Database
from api.core.settings import Settings
from api.learning.submissions import service as submissions
from api.learning.submissions.grade import Grade, SubmissionStatus
from grader import jobs, meters, sweeper
from grader.sandbox import SandboxUnavailable
from sandboxes.protocol import CaseOutcome, Outcome, RunReport, RunRequest
from tests.conftest import RecordingBell

from .desk import Desk
from .fakes import FakeSandbox, doubled


@pytest.fixture
def desk(database: Database, settings: Settings, bell: RecordingBell, user: User) -> Desk:
    return Desk(database, settings, bell, user)


class Since:
    """By how much numbers have grown since this was made."""

    def __init__(self) -> None:
        self._before = self._now()

    def _now(self) -> dict[tuple[str, ...], float]:
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in REGISTRY.collect()
            if family.name.startswith("codezest_")
            for sample in family.samples
            if not sample.name.endswith("_bucket")
        }

    def __getitem__(self, key: str | tuple[str, ...]) -> float:
        key = (key,) if isinstance(key, str) else key
        return self._now().get(key, 0.0) - self._before.get(key, 0.0)

    def grown(self) -> set[str]:
        return {key[0] for key, value in self._now().items() if value != self._before.get(key, 0.0)}


@pytest.fixture
def since() -> Since:
    return Since()


def raising(error: BaseException) -> Callable[[RunRequest], RunReport]:
    def do(request: RunRequest) -> RunReport:
        raise error

    return do


def test_a_graded_run_is_counted_once_with_its_wait_its_stages_and_its_verdict(desk: Desk, since: Since):
    desk.submit(priority=1)
    desk.submit()
    assert desk.grader.grade_pending() == 2
    assert since["codezest_runs_total", "python", "PASSED", ""] == 2
    assert since["codezest_cases_total", "python"] == 8
    assert since["codezest_run_seconds_count", "python"] == 2
    assert since["codezest_run_wait_seconds_count", "live", "python"] == 1
    assert since["codezest_run_wait_seconds_count", "regrade", "python"] == 1
    for stage in ("cases", "judge", "record"):
        assert since["codezest_run_stage_seconds_count", "python", stage] == 2
    assert since["codezest_run_stage_seconds_count", "python", "compile"] == 0  # nothing was compiled
    whole = since["codezest_run_seconds_sum", "python"]
    parts = sum(
        since["codezest_run_stage_seconds_sum", "python", stage] for stage in ("cases", "judge", "record")
    )
    assert 0 < parts == pytest.approx(whole)
    assert since["codezest_platform_faults_total", "grading"] == 0


def test_faults_of_ours_are_counted_by_kind_and_their_runs_are_not(
    desk: Desk, since: Since, monkeypatch: pytest.MonkeyPatch
):
    run_id = desk.submit()
    desk.sandbox.do = raising(ZeroDivisionError("ours"))
    desk.grader.grade_pending()
    desk.change(run_id, ready_at=now())
    desk.sandbox.do = raising(SandboxUnavailable("engine down"))
    monkeypatch.setattr(jobs, "check_sandbox", lambda sandbox: ["python: differs"])
    desk.grader.grade_pending()
    faults = {kind: since["codezest_platform_faults_total", kind] for kind in meters.KINDS}
    assert faults == dict.fromkeys(meters.KINDS, 0) | {"grading": 1, "sandbox": 1, "selftest": 1}
    assert REGISTRY.get_sample_value("codezest_slots_unsound") == 1
    assert not since.grown() & {"codezest_runs_total", "codezest_run_seconds_count"}

    monkeypatch.setattr(jobs, "check_sandbox", lambda sandbox: [])
    desk.sandbox.do = raising(ZeroDivisionError("ours"))
    for _ in range(2):  # the engine's fault did not count: the sandbox was broken for all
        desk.change(run_id, ready_at=now())
        desk.grader.grade_pending()
    assert REGISTRY.get_sample_value("codezest_slots_unsound") == 0
    assert since["codezest_runs_given_up_total"] == 1
    assert REGISTRY.get_sample_value("codezest_slots_at_work") == 0


def test_a_grade_that_comes_too_late_is_a_lost_lease_and_no_verdict(desk: Desk, since: Since):
    run_id = desk.submit()

    def overtaken(request: RunRequest) -> RunReport:
        assert REGISTRY.get_sample_value("codezest_slots_at_work") == 1
        desk.change(run_id, attempt=2)
        return doubled(request)

    desk.sandbox.do = overtaken
    assert desk.grader.grade_pending() == 0
    assert since["codezest_leases_lost_total"] == 1
    assert "codezest_runs_total" not in since.grown()


def test_a_run_that_is_others_by_the_time_it_fails_is_a_lost_lease_too(desk: Desk, since: Since):
    run_id = desk.submit()

    def overtaken(request: RunRequest) -> RunReport:
        desk.change(run_id, attempt=2)
        raise ZeroDivisionError

    desk.sandbox.do = overtaken
    desk.grader.grade_pending()
    assert since["codezest_leases_lost_total"] == 1


def test_the_sweeper_counts_what_it_did_and_what_came_to_nothing(desk: Desk, since: Since):
    desk.submit(status="RUNNING", lease_until=now(), attempt=1, worker="gone")
    sweeper.sweep_once(desk.database, desk.bell, desk.settings)
    assert since["codezest_leases_expired_total"] == 1
    assert since["codezest_bells_rung_again_total"] == desk.bell.rung == 1
    assert since["codezest_sweeps_total", "done"] == 1

    class Away:
        def transaction(self) -> None:
            stop.set()
            raise ZeroDivisionError

    stop = threading.Event()
    sweeper.sweep_until(stop, Away(), desk.bell, desk.settings)  # type: ignore[arg-type]
    assert since["codezest_sweeps_total", "failed"] == 1


def test_overhead_is_what_is_neither_the_program_nor_the_compiler_nor_the_listener(
    desk: Desk, since: Since, monkeypatch: pytest.MonkeyPatch
):
    clock = [0.0]
    monkeypatch.setattr(meters.time, "perf_counter", lambda: clock[0])
    task = claim(desk)

    def pass_seconds(seconds: float) -> None:
        clock[0] += seconds

    class Sandbox(FakeSandbox):
        def run(self, request, on_case=None, on_ready=None):
            assert on_case is not None
            with meters.portion() as note:
                pass_seconds(2.5)  # the compiler, which says 2 of it
                meters.compiled(CaseOutcome(outcome=Outcome.EXITED, exit_code=0, wall_ms=2000))
                for index in range(2):
                    outcome = CaseOutcome(outcome=Outcome.EXITED, exit_code=0, wall_ms=1000)
                    pass_seconds(1.25)
                    note(outcome)
                    on_case(index, outcome)
            return RunReport(compiled=None, cases=())

    with meters.watch(task) as watch:
        meters.timed(Sandbox()).run(None, lambda *_: pass_seconds(0.5))  # type: ignore[arg-type]
        pass_seconds(3)
        watch.has_graded()
        pass_seconds(4)
        watch.has_recorded(GRADE, True)
    took = {
        s: since["codezest_run_stage_seconds_sum", "python", s]
        for s in ("compile", "cases", "judge", "record")
    }
    assert took == {"compile": 2, "cases": 3, "judge": 4, "record": 4}
    assert since["codezest_run_seconds_sum", "python"] == 13
    assert since["codezest_box_overhead_seconds_sum", "python"] == pytest.approx((0.5 + 0.25 + 0.25) / 2)


def test_outside_of_a_run_nothing_is_counted(desk: Desk, since: Since):
    sandbox = FakeSandbox()
    assert meters.timed(sandbox) is sandbox
    outcome = CaseOutcome(outcome=Outcome.EXITED, exit_code=0, wall_ms=1000)
    meters.compiled(outcome)
    meters.looked_into_cache("python", found=True)
    with meters.portion() as note:
        note(outcome)
    assert since.grown() == set()

    seen = []
    task = claim(desk)
    with meters.watch(task):
        # Another thread, as further lanes are: what it does is not this run's overhead.
        thread = threading.Thread(target=lambda: seen.append(meters.timed(sandbox)))
        thread.start()
        thread.join()
    assert seen == [sandbox]


def test_every_line_about_a_run_names_it(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    run_id, grader = desk.submit(), desk.make_grader(lease_seconds=0.3)
    renewing = threading.Event()

    def lost(*_: object) -> bool:
        renewing.set()
        return False

    def slow(request: RunRequest) -> RunReport:
        assert renewing.wait(30)
        grader.stopping = True  # one run is enough, also where this takes longer than the run is put off
        raise SandboxUnavailable("engine down")

    monkeypatch.setattr(submissions, "renew_lease", lost)
    desk.sandbox.do = slow
    with capture_logs(processors=[merge_contextvars]) as logs:
        grader.grade_pending()
    lines = {line["event"]: line for line in logs}
    assert lines.keys() == {"run_claimed", "lease_lost", "sandbox_unavailable", "run_released"}
    submission = str(desk.run(run_id).submission_id)
    for event, line in lines.items():
        found = (line["run"], line["submission"], line["attempt"], line["worker"], line["language"])
        assert found == (str(run_id), submission, 1, "worker-1", "python"), event


def claim(desk: Desk):
    desk.submit()
    with desk.database.transaction() as session:
        task = submissions.claim_next_run(
            session, worker="w", languages={"python"}, lease_seconds=15, max_attempts=3
        )
    assert task is not None
    return task


GRADE = Grade(status=SubmissionStatus.PASSED, reason=None, score=1, cases=(), feedback="")
