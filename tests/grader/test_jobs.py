"""Claim, grade, record: what becomes of a run when each of the three goes wrong."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.auth.models import User
from api.core.clock import now
from api.core.database import Database
from api.core.errors import Unavailable
from api.core.settings import Settings
from api.learning.submissions import service as submissions
from api.learning.submissions.grade import GradingTask, RunStatus, SubmissionStatus
from api.learning.submissions.live.events import decode
from api.learning.submissions.models import AssignmentSubmission
from grader import jobs
from grader.jobs import Grader
from grader.sandbox import SandboxUnavailable
from grader.sweeper import sweep_once, sweep_until
from grader.telling import TellsRun
from sandboxes.protocol import RunReport, RunRequest
from tests.conftest import RecordingBell

from .desk import Desk
from .fakes import doubled


@pytest.fixture
def desk(database: Database, settings: Settings, bell: RecordingBell, user: User) -> Desk:
    return Desk(database, settings, bell, user)


def raising(error: BaseException) -> Callable[[RunRequest], RunReport]:
    def do(request: RunRequest) -> RunReport:
        raise error

    return do


def test_a_broken_sandbox_gives_the_run_back_and_claims_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    first, second = desk.submit(), desk.submit()
    desk.sandbox.do = raising(SandboxUnavailable("engine down"))
    faults = [["python: exited.py: engine down"], []]
    monkeypatch.setattr(jobs, "check_sandbox", lambda sandbox: faults.pop(0))
    assert desk.grader.grade_pending() == 0
    assert [request.probe for request in desk.sandbox.requests] == [False, True]
    assert (desk.run(first).status, desk.run(first).attempt) == (RunStatus.PENDING, 1)
    assert desk.run(first).last_fault == "engine down"
    assert (desk.run(second).status, desk.run(second).attempt) == (RunStatus.PENDING, 0)
    assert desk.shown(first) is SubmissionStatus.PENDING

    desk.sandbox.do = doubled
    desk.change(first, ready_at=now())
    assert desk.grader.grade_pending() == 2  # the sandbox has proved itself again
    assert faults == []
    assert desk.shown(first) is desk.shown(second) is SubmissionStatus.PASSED


def test_a_sandbox_that_is_broken_for_all_costs_no_run_its_attempts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    run_id = desk.submit()
    desk.sandbox.do = raising(SandboxUnavailable("engine down"))
    monkeypatch.setattr(jobs, "check_sandbox", lambda sandbox: ["engine down"])
    for grader in [desk.make_grader() for _ in range(5)]:  # one engine, more workers than there are attempts
        assert grader.grade_pending() == 0
    run = desk.run(run_id)
    assert (run.status, run.attempt, run.failures) == (RunStatus.PENDING, 5, 0)
    desk.sandbox.do = doubled
    assert desk.make_grader().grade_pending() == 1
    assert desk.shown(run_id) is SubmissionStatus.PASSED


def test_a_run_that_makes_the_runner_vanish_is_set_aside_and_harms_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "check_sandbox", lambda sandbox: [])
    poison, others = desk.submit(), [desk.submit() for _ in range(3)]
    with desk.database.transaction() as session:
        session.get_one(AssignmentSubmission, desk.run(poison).submission_id).code = "poison"

    def do(request: RunRequest) -> RunReport:
        if b"poison" in request.files.get("main.py", b""):
            raise SandboxUnavailable("the runner was lost")
        return doubled(request)

    desk.sandbox.do = do
    with capture_logs() as lines:
        assert desk.grader.grade_pending() == 3
        for _ in range(2):
            desk.change(poison, ready_at=now())
            assert desk.grader.grade_pending() == 0
        desk.change(poison, ready_at=now())
        assert desk.grader.grade_pending() == 0
    run = desk.run(poison)
    assert (run.status, run.result_status, run.reason) == (RunStatus.DONE, SubmissionStatus.ERROR, "platform")
    assert (run.attempt, run.failures) == (3, 3)
    alert = {"run": str(poison), "event": "run_given_up", "log_level": "error"}
    assert [line for line in lines if alert.items() <= line.items()] != []
    assert {desk.shown(run_id) for run_id in others} == {SubmissionStatus.PASSED}
    assert {desk.run(run_id).failures for run_id in others} == {0}


def test_a_fault_of_ours_is_counted_and_never_the_learners(desk: Desk):
    run_id = desk.submit()
    desk.sandbox.do = raising(ZeroDivisionError("ours"))
    for attempt in (1, 2, 3):
        desk.change(run_id, ready_at=now())
        assert desk.grader.grade_pending() == 0
        assert desk.run(run_id).failures == attempt
    run = desk.run(run_id)
    assert (run.status, run.result_status, run.reason) == (RunStatus.DONE, SubmissionStatus.ERROR, "platform")
    assert "ours" in (run.last_fault or "")


def test_a_worker_that_is_told_to_go_hands_back_and_spoils_nothing(desk: Desk):
    run_id = desk.submit()
    desk.sandbox.do = raising(SystemExit(0))
    with pytest.raises(SystemExit):
        desk.grader.grade_pending()
    run = desk.run(run_id)
    assert (run.status, run.failures, run.lease_until) == (RunStatus.PENDING, 0, None)
    assert not desk.grader.busy


def test_no_transaction_is_open_while_foreign_code_runs(desk: Desk):
    open_connections = []

    def do(request: RunRequest) -> RunReport:
        open_connections.append(desk.database.engine.pool.checkedout())  # type: ignore[attr-defined]
        return doubled(request)

    desk.submit()
    desk.sandbox.do = do
    assert desk.grader.grade_pending() == 1
    assert open_connections == [0]


def test_a_lease_is_renewed_as_long_as_the_program_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    renewed = threading.Event()
    renew = submissions.renew_lease

    def noted(*arguments: Any) -> bool:
        kept = renew(*arguments)
        renewed.set()
        return kept

    monkeypatch.setattr(submissions, "renew_lease", noted)
    run_id = desk.submit()
    at_start: list[Any] = []

    def do(request: RunRequest) -> RunReport:
        at_start.append(desk.run(run_id).lease_until)
        assert renewed.wait(30)
        return doubled(request)

    desk.sandbox.do = do
    assert desk.make_grader(lease_seconds=0.3).grade_pending() == 1
    assert desk.run(run_id).status is RunStatus.DONE
    assert "lease" not in {thread.name for thread in threading.enumerate()}


def test_a_lease_that_cannot_be_renewed_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    tries = threading.Semaphore(0)

    def refuse(*arguments: Any) -> bool:
        tries.release()
        raise Unavailable("the database is away")

    monkeypatch.setattr(submissions, "renew_lease", refuse)

    def do(request: RunRequest) -> RunReport:
        for _ in range(2):
            assert tries.acquire(timeout=30)
        return doubled(request)

    run_id = desk.submit()
    desk.sandbox.do = do
    assert desk.make_grader(lease_seconds=0.3).grade_pending() == 1
    assert desk.shown(run_id) is SubmissionStatus.PASSED


def test_a_late_grade_changes_nothing(desk: Desk):
    run_id = desk.submit()

    def do(request: RunRequest) -> RunReport:
        # Another worker has it by now.
        desk.change(run_id, attempt=2, worker="worker-2", lease_until=now() + timedelta(minutes=1))
        return doubled(request)

    desk.sandbox.do = do
    assert desk.grader.grade_pending() == 0
    run = desk.run(run_id)
    assert (run.status, run.attempt, run.score, run.worker) == (RunStatus.RUNNING, 2, None, "worker-2")


def test_a_grade_is_kept_over_a_moment_without_database(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    record, faults = submissions.record_grade, [Unavailable("away"), Unavailable("away")]

    def flaky(*arguments: Any) -> bool:
        if faults:
            raise faults.pop()
        return record(*arguments)

    monkeypatch.setattr(submissions, "record_grade", flaky)
    monkeypatch.setattr(jobs, "_PAUSES", (0.0, 0.0, 0.0))
    run_id = desk.submit()
    assert desk.grader.grade_pending() == 1
    assert desk.shown(run_id) is SubmissionStatus.PASSED
    assert len(desk.sandbox.requests) == 1


def test_a_grade_that_cannot_be_recorded_at_all_leaves_the_run_to_the_sweeper(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*arguments: Any) -> bool:
        desk.grader.stopping = True
        raise Unavailable("away")

    monkeypatch.setattr(submissions, "record_grade", refuse)
    monkeypatch.setattr(jobs, "_PAUSES", (0.0,))
    run_id = desk.submit()
    assert desk.grader.grade_pending() == 0
    assert desk.run(run_id).status is RunStatus.RUNNING
    desk.change(run_id, lease_until=now() - timedelta(seconds=1))
    assert sweep_once(desk.database, desk.bell, desk.settings).expired == 1
    assert desk.run(run_id).status is RunStatus.PENDING


def test_one_bell_is_enough_for_all_that_wait(desk: Desk):
    runs = [desk.submit() for _ in range(5)]
    assert desk.grader.grade_pending() == 5
    assert {desk.shown(run) for run in runs} == {SubmissionStatus.PASSED}
    assert desk.grader.grade_pending() == 0


def test_a_long_round_ends_and_rings_for_itself(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "ROUND_SECONDS", -1)
    desk.submit()
    assert desk.grader.grade_pending() == 0
    assert desk.bell.rung == 1


def test_only_languages_of_the_sandbox_are_claimed(desk: Desk):
    run_id = desk.submit()
    desk.sandbox.served = {"java": "fake/java"}
    assert desk.grader.grade_pending() == 0
    assert desk.run(run_id).status is RunStatus.PENDING


def test_an_engine_that_does_not_answer_costs_no_attempt(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    run_id = desk.submit()
    down = raising(SandboxUnavailable("engine down"))
    monkeypatch.setattr(desk.sandbox, "languages", lambda: down(None))
    assert desk.grader.grade_pending() == 0
    assert desk.grader.grade_pending() == 0
    assert desk.run(run_id).attempt == 0


class CountingReporter:
    """Counts how often it was asked whether a report is due."""

    def __init__(self) -> None:
        self.asked = 0

    def report_if_due(self) -> None:
        self.asked += 1


def test_a_grader_reports_between_runs_and_not_while_its_sandbox_is_in_doubt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    reporter: Any = CountingReporter()
    grader = Grader(desk.database, desk.sandbox, desk.bell, desk.settings, "worker-1", reporter=reporter)
    for _ in range(2):
        desk.submit()
    assert grader.grade_pending() == 2
    assert reporter.asked == 3
    desk.submit()
    desk.sandbox.do = raising(SandboxUnavailable("engine down"))
    monkeypatch.setattr(jobs, "check_sandbox", lambda sandbox: ["no box"])
    assert grader.grade_pending() == 0
    grader.idle(lambda: False)
    assert reporter.asked == 3


def test_an_idle_grader_reports_unless_a_bell_waits(desk: Desk):
    reporter: Any = CountingReporter()
    grader = Grader(desk.database, desk.sandbox, desk.bell, desk.settings, "worker-1", reporter=reporter)
    grader.idle(lambda: True)
    assert reporter.asked == 0
    grader.idle(lambda: False)
    assert reporter.asked == 1


def test_a_grader_that_stops_reports_no_more(desk: Desk):
    reporter: Any = CountingReporter()
    grader = Grader(desk.database, desk.sandbox, desk.bell, desk.settings, "worker-1", reporter=reporter)
    grader.stopping = True
    grader.grade_pending()
    assert reporter.asked == 0


@pytest.mark.parametrize("speed", [None, 1.25])
def test_the_machines_speed_is_recorded_with_the_run(desk: Desk, speed: float | None):
    run_id = desk.submit()
    grader = Grader(desk.database, desk.sandbox, desk.bell, desk.settings, "worker-1", machine_speed=speed)
    assert grader.grade_pending() == 1
    assert desk.run(run_id).machine_speed == speed


def test_a_stopping_grader_claims_nothing(desk: Desk):
    run_id = desk.submit()
    desk.grader.stopping = True
    assert desk.grader.grade_pending() == 0
    assert desk.run(run_id).attempt == 0


def test_a_bell_in_a_process_without_grader_is_an_error():
    jobs.serve(None)
    with pytest.raises(RuntimeError, match="codezest worker"):
        jobs.grade_next()


def test_lost_bells_are_rung_again_and_waiting_ones_are_not_doubled(desk: Desk):
    long_ago = now() - timedelta(minutes=1)
    for _ in range(3):
        desk.submit(queued_at=long_ago)
    desk.submit()  # just now: its bell is on its way
    assert sweep_once(desk.database, desk.bell, desk.settings).unheard == 3
    assert desk.bell.rung == 3
    sweep_once(desk.database, desk.bell, desk.settings)
    assert desk.bell.rung == 3


def test_a_sweep_without_redis_takes_back_what_expired(desk: Desk):
    run_id = desk.submit()
    desk.change(run_id, status=RunStatus.RUNNING, attempt=1, lease_until=now() - timedelta(seconds=1))
    desk.bell.works = False
    assert sweep_once(desk.database, desk.bell, desk.settings).expired == 1
    assert desk.run(run_id).failures == 1


def test_the_sweeper_goes_on_after_any_fault(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    stop, faults = threading.Event(), [Unavailable("away"), ValueError("ours")]

    def sweep(*arguments: Any) -> None:
        if not faults:
            stop.set()
            return
        raise faults.pop()

    monkeypatch.setattr("grader.sweeper.sweep_once", sweep)
    monkeypatch.setattr("grader.sweeper.SECONDS_BETWEEN_PASSES", 0)
    sweep_until(stop, desk.database, desk.bell, desk.settings)
    assert faults == []


class Listening:
    """Stands for the telling thread: keeps what was told."""

    def __init__(self) -> None:
        self.runs: list[TellsRun] = []

    def begin(self, task: GradingTask) -> TellsRun:
        self.runs.append(TellsRun(task, threading.Event()))
        return self.runs[-1]


def told_by(desk: Desk) -> list[list[str]]:
    listening = Listening()
    desk.grader = Grader(
        desk.database,
        desk.sandbox,
        desk.bell,
        desk.settings,
        "worker-1",
        telling=listening,  # type: ignore[arg-type]
    )
    desk.grader.grade_pending()
    assert all(run.is_over for run in listening.runs)
    events = [[decode(message) for message in run.messages()] for run in listening.runs]
    return [[event.kind for event in run if event] for run in events]


def test_who_watches_is_told_of_each_case_and_of_the_end_after_it_was_recorded(desk: Desk):
    run_id = desk.submit()
    assert told_by(desk) == [["running", "compiled", "case", "case", "case", "case", "done"]]
    assert desk.run(run_id).status is RunStatus.DONE


def test_an_attempt_that_was_spoiled_or_lost_its_lease_tells_no_end(desk: Desk):
    first = desk.submit()
    desk.sandbox.do = raising(ZeroDivisionError("ours"))
    assert told_by(desk) == [["running"]]

    def loses_the_lease(request: RunRequest) -> RunReport:
        desk.change(first, attempt=99)
        return doubled(request)

    desk.change(first, ready_at=now())
    desk.sandbox.do = loses_the_lease
    assert told_by(desk) == [["running", "compiled", "case", "case", "case", "case"]]


def test_a_worker_claims_within_the_bounds_of_its_settings(desk: Desk):
    """The second run of the same learner waits until the first is done: here the first is another worker's."""
    busy = desk.submit()
    desk.change(busy, status=RunStatus.RUNNING, lease_until=now() + timedelta(minutes=1))
    second = desk.submit()
    assert desk.grader.grade_pending() == 0
    assert desk.make_grader(max_runs_per_user=2).grade_pending() == 1
    assert desk.run(second).status is RunStatus.DONE


@pytest.mark.parametrize(
    ("slots", "setting", "graded"), [(2, None, 0), (3, None, 1), (1, None, 0), (2, 2, 1)]
)
def test_a_worker_begins_no_re_grade_that_takes_the_last_slot(
    desk: Desk, slots: int, setting: int | None, graded: int
):
    busy = desk.submit()
    desk.change(busy, status=RunStatus.RUNNING, lease_until=now() + timedelta(minutes=1))
    desk.submit(priority=1)
    assert desk.make_grader(worker_slots=slots, regrade_slots=setting).grade_pending() == graded
