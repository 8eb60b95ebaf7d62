"""What an idle worker finds out before a learner does. The clock is the test's own."""

from collections.abc import Callable

import pytest
import redis
from rq.exceptions import StopRequested

from api.auth.models import User
from api.core.database import Database
from api.core.queue import Bell, connect
from api.core.settings import Settings
from grader import jobs, worker
from grader.jobs import Grader
from grader.sandbox import SandboxUnavailable
from grader.worker import BellListener
from sandboxes.protocol import CaseOutcome, Outcome, RunReport, RunRequest
from tests.conftest import RecordingBell

from .desk import Desk
from .fakes import FakeSandbox, doubled


def answer(stdout: bytes, outcome: Outcome = Outcome.EXITED, exit_code: int | None = 0) -> RunReport:
    case = CaseOutcome(outcome=outcome, exit_code=exit_code, cpu_ms=1, wall_ms=1, memory_kib=1, stdout=stdout)
    return RunReport(compiled=None, cases=(case,))


def right(request: RunRequest) -> RunReport:
    """Answers the probe and the doubling program."""
    return answer(b'{"pid": 2}') if request.probe else doubled(request)


class WarmSandbox(FakeSandbox):
    """Has something warm."""

    def __init__(self) -> None:
        super().__init__(right)
        self.warm = ["python"]

    def idle_languages(self) -> list[str]:
        return self.warm


def nobody() -> bool:
    return False


class Watch:
    """A grader with a warm sandbox, a clock that stands still, and what the grader's self-tests came to."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.sandbox, self.now = desk, WarmSandbox(), 1000.0
        self.grader = Grader(desk.database, self.sandbox, desk.bell, desk.settings, "w", lambda: self.now)
        self.faults: list[str] = []
        self.tests = 0

    def check(self, sandbox: object) -> list[str]:
        self.tests += 1
        return self.faults

    def idle(self, seconds: float, is_wanted: Callable[[], bool] = nobody) -> list[str]:
        """The languages probed after so many seconds more."""
        self.now += seconds
        self.sandbox.requests.clear()
        self.grader.probe_idle(is_wanted)
        return [request.language for request in self.sandbox.requests]


@pytest.fixture
def watch(
    database: Database,
    settings: Settings,
    bell: RecordingBell,
    user: User,
    monkeypatch: pytest.MonkeyPatch,
) -> Watch:
    watch = Watch(Desk(database, settings, bell, user))
    monkeypatch.setattr(jobs, "check_sandbox", watch.check)
    watch.idle(0)  # sees what is warm
    return watch


WRONG = [
    None,  # lost
    answer(b""),
    answer(b"42"),
    answer(b"\xff{"),
    RunReport(compiled=None, cases=()),
    answer(b"{}", exit_code=1),
    answer(b"{}", outcome=Outcome.OUT_OF_MEMORY, exit_code=None),
]


@pytest.mark.parametrize("said", WRONG)
def test_what_answers_wrong_or_not_at_all_is_proved_before_the_next_claim(
    watch: Watch, said: RunReport | None
):
    def wrong(request: RunRequest) -> RunReport:
        if said is None:
            raise SandboxUnavailable("the runner was lost")
        return said

    watch.sandbox.do, watch.faults = wrong, ["python: exited.py: no"]
    run_id = watch.desk.submit()
    assert watch.idle(60) == ["python"]
    assert watch.tests == 1
    assert watch.sandbox.closed is (said is not None)  # a lost one has been thrown away already
    assert watch.grader.grade_pending() == 0
    assert watch.desk.run(run_id).attempt == 0  # not even claimed

    watch.sandbox.do, watch.faults = right, []
    assert watch.grader.grade_pending() == 1
    assert (watch.desk.run(run_id).attempt, watch.desk.run(run_id).failures) == (1, 0)


def test_a_sandbox_that_recovers_while_idle_makes_nobody_wait(watch: Watch):
    watch.sandbox.do = lambda request: answer(b"")
    watch.idle(60)
    watch.sandbox.do = right
    assert watch.tests == 1
    watch.desk.submit()
    assert watch.grader.grade_pending() == 1
    assert watch.tests == 1


def test_trouble_with_a_run_is_looked_into_as_soon_as_nobody_rings(watch: Watch):
    def lost(request: RunRequest) -> RunReport:
        raise SandboxUnavailable("engine down")

    watch.sandbox.do, watch.faults = lost, ["engine down"]
    watch.desk.submit()
    assert watch.grader.grade_pending() == 0
    tested = watch.tests
    watch.idle(1)
    assert watch.tests == tested + 1
    watch.idle(58)
    assert watch.tests == tested + 1  # a self-test takes time that programs of others are measured by
    watch.idle(2)
    assert watch.tests == tested + 2


def test_a_probe_is_run_once_a_minute(watch: Watch):
    assert watch.idle(59) == []
    assert watch.idle(1) == ["python"]
    assert watch.idle(59) == []
    assert watch.idle(1) == ["python"]


def test_a_graded_submission_is_as_good_as_a_probe(watch: Watch):
    watch.now += 30
    watch.desk.submit()
    assert watch.grader.grade_pending() == 1
    assert watch.idle(59) == []
    assert watch.idle(1) == ["python"]


def test_what_was_started_since_has_its_own_minute(watch: Watch):
    watch.now += 30
    watch.sandbox.warm = ["c", "python"]
    assert watch.idle(0) == []
    assert watch.idle(30) == ["python"]
    assert watch.idle(30) == ["c"]


def test_a_signal_in_the_middle_of_a_probe_ends_the_worker(watch: Watch):
    def stopped(request: RunRequest) -> RunReport:
        raise StopRequested

    watch.sandbox.do = stopped
    with pytest.raises(StopRequested):
        watch.idle(60)


def test_nothing_warm_is_nothing_to_probe(watch: Watch):
    watch.sandbox.warm = []
    assert watch.idle(1000) == []


def test_a_bell_waits_for_one_program_at_most(watch: Watch):
    watch.sandbox.warm = ["bash", "c", "python"]
    watch.idle(0)
    rings = iter([False, True])
    assert watch.idle(60, lambda: next(rings)) == ["bash"]
    assert watch.idle(0) == ["c", "python"]  # what was left is still due


def test_a_bell_that_waits_is_not_kept_waiting_by_a_self_test(watch: Watch):
    watch.sandbox.do = lambda request: answer(b"")
    rings = iter([False, True])
    watch.idle(60, lambda: next(rings))
    assert watch.tests == 0
    watch.sandbox.do = right
    watch.desk.submit()
    assert watch.grader.grade_pending() == 1
    assert watch.tests == 1  # the bell's own


@pytest.fixture
def connection(redis_url: str):
    with connect(redis_url) as connection:
        yield connection


class Ears:
    """Hears bells."""

    def __init__(self) -> None:
        self.heard = 0

    def grade_pending(self) -> int:
        self.heard += 1
        return 0


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "IDLE_SECONDS", 1)
    ears = Ears()
    jobs.serve(ears)  # type: ignore[arg-type]
    yield ears
    jobs.serve(None)


def test_a_listener_that_hears_nothing_is_idle_until_a_bell_rings(connection: "redis.Redis", ears: Ears):
    seen: list[bool] = []

    def on_idle(is_wanted: Callable[[], bool]) -> None:
        seen.append(is_wanted())
        assert Bell(connection).ring()
        seen.append(is_wanted())

    BellListener(connection, "listener", 15, on_idle).work(max_jobs=1, logging_level="CRITICAL")
    assert seen == [False, True]
    assert ears.heard == 1


def test_a_bell_is_heard_before_anything_is_probed(connection: "redis.Redis", ears: Ears):
    assert Bell(connection).ring()
    listener = BellListener(connection, "listener", 15, lambda is_wanted: pytest.fail("it was not idle"))
    listener.work(max_jobs=1, logging_level="CRITICAL")
    assert ears.heard == 1


def test_without_redis_a_probe_gives_way(connection: "redis.Redis", monkeypatch: pytest.MonkeyPatch):
    listener = BellListener(connection, "listener", 15, lambda is_wanted: None)

    def gone(*words: object, **more: object) -> None:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(connection, "execute_command", gone)
    assert listener._bell_waits()
