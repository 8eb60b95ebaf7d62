"""Lanes: who is started, kept, thrown away and waited for; and that a submission comes out the same on any number."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from grader.compile_cache import CompileCache
from grader.cores import Cores
from grader.lane import Lane
from grader.lanes import RUNS_PER_LANE, Lanes
from grader.link import Link
from grader.local_sandbox import SocketStream
from grader.sandbox import SandboxUnavailable
from sandboxes.protocol import CaseInput, CaseOutcome, Limits, Outcome, RunRequest
from tests.sandboxes.fake_runner import FakeRunner

LIMITS = Limits(cpu_ms=1000, wall_ms=1000, memory_mib=64, output_kib=1, processes=4)
REQUEST = RunRequest(
    language="python",
    files={"main.py": b"x"},
    cases=[CaseInput(stdin=str(number).encode(), limits=LIMITS) for number in range(12)],
    compile_limits=LIMITS,
)
ARTEFACT = b"\0\0\0\0"


def echo(stdin: bytes) -> CaseOutcome:
    return CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stdout=stdin)


EXPECTED = tuple(echo(case.stdin) for case in REQUEST.cases)


class Farm:
    """Starts lanes whose runners do as ``answer`` says, and remembers what they were asked."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int]] = []
        self.running = 0
        self.most = 0
        self.heard: dict[int, list[RunRequest]] = {}
        self.answer: Callable[[bytes], CaseOutcome] = echo
        self.worn = False
        self.refuse = False
        self.gate: threading.Event | None = None
        self.reached = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._made: list[Lanes] = []
        self._here = threading.local()

    @property
    def leads(self) -> bool:
        """For ``answer``: whether it is the first lane that asks."""
        return self._here.number == 0

    def start(self, language: str, number: int) -> Lane:
        if self.refuse:
            raise SandboxUnavailable("no more")
        ours, theirs = socket.socketpair()
        thread = threading.Thread(target=self._play, args=(theirs, number))
        thread.start()
        with self._lock:
            self._threads.append(thread)
            self.started.append((language, number))
            self.running += 1
            self.most = max(self.most, self.running)
        stream = SocketStream(ours)
        return Lane(Link(stream, stream.set_deadline), _Runner(self, ours), f"image of {language}", "build")

    def _play(self, connection: socket.socket, number: int) -> None:
        runner = FakeRunner(connection)
        self._here.number = number
        with connection:
            try:
                while True:
                    self._serve(runner, number)
            except (OSError, EOFError):
                pass

    def _serve(self, runner: FakeRunner, number: int) -> None:
        request = runner.hear()
        runner.seq = 0
        self.heard.setdefault(number, []).append(request)
        if request.language == "cpp" and request.artefact is None and not request.again:
            made = CaseOutcome(
                outcome=Outcome.EXITED, exit_code=0, returned=ARTEFACT if request.share else None
            )
            runner.case(made, 0, "compiled")
        for index, case in enumerate(request.cases):
            outcome = self.answer(case.stdin)
            if outcome.outcome is Outcome.SIGNALLED:
                runner.socket.close()  # the runner is lost
                return
            runner.case(outcome, index)
            if outcome.outcome is Outcome.NOT_COMPILED:
                break
        runner.say("done", worn=self.worn)

    def lanes(self, **settings: Any) -> Lanes:
        self._made.append(Lanes(self.start, **settings))
        return self._made[-1]

    def join(self) -> None:
        for lanes in self._made:
            lanes.close()
        for thread in self._threads:
            thread.join()

    def cases_of(self, number: int) -> list[bytes]:
        return [case.stdin for request in self.heard.get(number, []) for case in request.cases]


class _Runner:
    def __init__(self, farm: Farm, connection: socket.socket) -> None:
        self._farm, self._connection, self._open = farm, connection, True

    def close(self) -> None:
        with self._farm._lock:
            if self._open:
                self._open = False
                self._farm.running -= 1
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._connection.close()


@pytest.fixture
def farm() -> Iterator[Farm]:
    farm = Farm()
    yield farm
    farm.join()
    assert farm.running == 0  # nobody is left behind


@pytest.fixture
def cores(tmp_path: Path) -> Iterator[Cores]:
    cores = Cores(0, folder=tmp_path / "machine", count=2)
    yield cores
    cores.close()


def wait_for_helpers(lanes: Lanes) -> None:
    for helper in lanes._helping.values():
        helper.result()


def test_a_lane_that_behaved_is_kept_and_closing_ends_it(farm: Farm):
    lanes = farm.lanes()
    for _ in range(2):
        report = lanes.run(REQUEST, None)
        assert (report.cases, report.image) == (EXPECTED, "image of python")
    assert farm.started == [("python", 0)]
    assert lanes.idle_languages() == ["python"]
    lanes.close()
    lanes.close()
    assert farm.running == 0
    assert lanes.idle_languages() == []
    assert lanes.run(REQUEST, None).cases == EXPECTED  # a sandbox may be used again after its trouble is over


def test_an_unknown_language_is_ours_to_know(farm: Farm):
    with pytest.raises(SandboxUnavailable, match="cobol"):
        farm.lanes().run(replace(REQUEST, language="cobol"), None)


def test_a_lost_lane_takes_its_submission_along_and_no_other(farm: Farm):
    lanes = farm.lanes()
    farm.answer = lambda _: CaseOutcome(outcome=Outcome.SIGNALLED, signal=9)
    with pytest.raises(SandboxUnavailable):
        lanes.run(REQUEST, None)
    assert farm.running == 0
    farm.answer = echo
    assert lanes.run(REQUEST, None).cases == EXPECTED


@pytest.mark.parametrize("cause", ["worn", "old", "single use"])
def test_a_lane_is_not_used_for_ever(farm: Farm, cause: str):
    lanes = farm.lanes(single_use=cause == "single use")
    farm.worn = cause == "worn"
    for _ in range(2):
        if cause == "old":
            lane = farm.start("python", 0)
            lane.runs = RUNS_PER_LANE - 1
            lanes._parked[("python", 0)] = lane
        assert lanes.run(REQUEST, None).cases == EXPECTED
    assert len(farm.started) >= 2
    assert [len(requests) for requests in farm.heard.values()] == [2]


def test_a_probe_does_not_use_up_a_single_use_lane(farm: Farm):
    lanes = farm.lanes(single_use=True)
    for _ in range(2):
        lanes.run(replace(REQUEST, files={}, probe=True), None)
    assert farm.started == [("python", 0)]
    lanes.run(REQUEST, None)
    assert farm.heard[0][-1].files
    assert len(farm.heard[0]) == 3


def test_the_successor_of_a_single_use_lane_is_made_while_nobody_waits(farm: Farm):
    lanes = farm.lanes(single_use=True)
    lanes.run(REQUEST, None)
    for coming in list(lanes._coming.values()):
        coming.result()
    assert farm.started == [("python", 0), ("python", 0)]
    assert farm.running == 1
    lanes.run(REQUEST, None)


def test_there_are_never_more_lanes_than_allowed(farm: Farm):
    for single_use in (False, True):
        lanes = farm.lanes(most=2, single_use=single_use)
        for language in ("python", "c", "java", "python", "c"):
            request = replace(REQUEST, language=language, artefact=ARTEFACT if language != "python" else None)
            assert lanes.run(request, None).cases == EXPECTED
        lanes.close()
    assert farm.most == 2


def test_the_longest_unused_makes_room(farm: Farm):
    lanes = farm.lanes(most=2)
    for language in ("python", "ruby", "python", "php"):
        lanes.run(replace(REQUEST, language=language), None)
    assert lanes.idle_languages() == ["php", "python"]


def test_with_a_free_core_two_lanes_share_the_cases_and_the_report_is_the_same(farm: Farm, cores: Cores):
    lanes = farm.lanes(cores=cores, width=2)
    both_at_work = threading.Barrier(2, timeout=20)
    seen: set[bool] = set()

    def answer(stdin: bytes) -> CaseOutcome:
        if farm.leads not in seen:
            seen.add(farm.leads)
            both_at_work.wait()  # neither goes on without the other
        return echo(stdin)

    farm.answer = answer
    heard: list[int] = []
    report = lanes.run(REQUEST, lambda index, _: heard.append(index))
    assert report.cases == EXPECTED
    assert heard == list(range(12))
    assert sorted(farm.cases_of(0) + farm.cases_of(1)) == sorted(case.stdin for case in REQUEST.cases)
    assert len({*farm.started}) == 2
    assert [request.again for request in farm.heard[0]] == [False] + [True] * (len(farm.heard[0]) - 1)
    wait_for_helpers(lanes)


def test_the_artefact_is_handed_on_and_nothing_compiles_twice(farm: Farm, cores: Cores, tmp_path: Path):
    cache = CompileCache(tmp_path / "made", 10)
    lanes = farm.lanes(cores=cores, width=2, cache=cache)
    request = replace(REQUEST, language="cpp")
    both_at_work = threading.Barrier(2, timeout=20)
    seen: set[bool] = set()

    def answer(stdin: bytes) -> CaseOutcome:
        if farm.leads not in seen:
            seen.add(farm.leads)
            both_at_work.wait()
        return echo(stdin)

    farm.answer = answer
    assert lanes.run(request, None).cases == EXPECTED
    farm.answer = echo
    wait_for_helpers(lanes)
    assert farm.heard[0][0].share
    assert {one.artefact for one in farm.heard[1] if not one.again} == {ARTEFACT}
    before = len(farm.heard[0])
    again = lanes.run(request, None)
    assert again.compiled is not None
    assert again.compiled.ended_well
    assert farm.heard[0][before].artefact == ARTEFACT
    wait_for_helpers(lanes)


def test_who_listens_is_told_once_that_a_program_is_compiled_and_before_any_case(farm: Farm, tmp_path: Path):
    lanes = farm.lanes(cache=CompileCache(tmp_path / "made", 10))
    for language, told in (
        ("cpp", ["ready"]),
        ("cpp", ["ready"]),
        ("python", []),
    ):  # the second from the cache
        heard: list[str] = []
        lanes.run(
            replace(REQUEST, language=language),
            lambda index, _, heard=heard: heard.append(str(index)),
            lambda heard=heard: heard.append("ready"),
        )
        assert heard == [*told, *map(str, range(12))]


def test_a_refused_program_asks_no_runner_twice(farm: Farm, tmp_path: Path):
    cache = CompileCache(tmp_path / "made", 10)
    lanes = farm.lanes(cache=cache)
    refused = CaseOutcome(outcome=Outcome.NOT_COMPILED, exit_code=1, stderr=b"no")
    request = replace(REQUEST, language="cpp", artefact=None)

    def serve(runner: FakeRunner, number: int) -> None:
        farm.heard.setdefault(number, []).append(runner.hear())
        runner.seq = 0
        runner.case(refused, 0, "compiled")
        runner.say("done", worn=False)

    farm._serve = serve  # pyright: ignore[reportAttributeAccessIssue]
    for _ in range(2):
        report = lanes.run(request, None, lambda: pytest.fail("it is not ready"))
        assert (report.compiled, report.cases) == (refused, ())
    assert len(farm.heard[0]) == 1


def test_a_further_lane_that_is_lost_or_cannot_be_started_costs_nobody_anything(farm: Farm, cores: Cores):
    lanes = farm.lanes(cores=cores, width=2)
    lost = threading.Event()

    def answer(stdin: bytes) -> CaseOutcome:
        if not farm.leads:
            lost.set()
            return CaseOutcome(outcome=Outcome.SIGNALLED, signal=9)
        assert lost.wait(20)
        return echo(stdin)

    farm.answer = answer
    with capture_logs() as logs:
        assert lanes.run(REQUEST, None).cases == EXPECTED
        wait_for_helpers(lanes)
    assert [entry["event"] for entry in logs] == ["lane_lost"]
    farm.answer, farm.refuse = echo, True
    assert lanes.run(REQUEST, None).cases == EXPECTED
    wait_for_helpers(lanes)


def test_a_core_that_is_wanted_elsewhere_is_given_back(farm: Farm, cores: Cores, tmp_path: Path):
    other = Cores(1, folder=tmp_path / "machine", count=2)
    lanes = farm.lanes(cores=cores, width=2)
    arrived = threading.Event()

    def answer(stdin: bytes) -> CaseOutcome:
        if farm.leads:
            assert arrived.wait(20)
        elif not arrived.is_set():
            other._lock(1)  # another slot begins to grade while the further lane is at its first case
            arrived.set()
        return echo(stdin)

    farm.answer = answer
    assert lanes.run(REQUEST, None).cases == EXPECTED
    wait_for_helpers(lanes)
    assert len(farm.heard[1]) == 1  # it went after its first portion
    other.close()


def test_without_a_free_core_one_lane_does_it_all_at_once(farm: Farm, cores: Cores, tmp_path: Path):
    other = Cores(1, folder=tmp_path / "machine", count=2)
    lanes = farm.lanes(cores=cores, width=2)
    with other.at_work():
        assert lanes.run(REQUEST, None).cases == EXPECTED
        wait_for_helpers(lanes)
    assert [number for _, number in farm.started] == [0]
    assert len(farm.heard[0]) == 1
    other.close()


def test_a_case_near_its_limit_runs_again_alone_and_the_lower_time_counts(farm: Farm):
    lanes = farm.lanes()
    times = iter([1050, 970])

    def answer(stdin: bytes) -> CaseOutcome:
        if stdin != b"1":
            return echo(stdin)
        cpu = next(times)
        if cpu > 1000:
            return CaseOutcome(outcome=Outcome.TIMED_OUT, limit="cpu", cpu_ms=cpu)
        return replace(echo(stdin), cpu_ms=cpu)

    farm.answer = answer
    heard: list[tuple[int, CaseOutcome]] = []
    report = lanes.run(REQUEST, lambda index, outcome: heard.append((index, outcome)))
    assert report.cases == (EXPECTED[0], replace(EXPECTED[1], cpu_ms=970), *EXPECTED[2:])
    assert heard == list(enumerate(report.cases))
    assert farm.cases_of(0)[-1] == b"1"
    assert farm.heard[0][-1].again


def test_what_the_listener_raises_ends_the_grading_and_the_lane(farm: Farm):
    lanes = farm.lanes()

    def listen(_index: int, _outcome: CaseOutcome) -> None:
        raise OSError("the database")

    with pytest.raises(OSError, match="the database"):
        lanes.run(REQUEST, listen)
    assert farm.running == 0
    assert lanes.run(REQUEST, None).cases == EXPECTED


def test_a_further_lane_does_not_go_on_with_what_nobody_wants(farm: Farm, cores: Cores):
    lanes = farm.lanes(cores=cores, width=2)
    at_work, go_on = threading.Event(), threading.Event()

    def answer(stdin: bytes) -> CaseOutcome:
        if farm.leads:
            assert at_work.wait(20)
            return CaseOutcome(outcome=Outcome.SIGNALLED, signal=9)
        at_work.set()
        go_on.wait(20)
        return echo(stdin)

    farm.answer = answer
    with pytest.raises(SandboxUnavailable):
        lanes.run(REQUEST, None)
    wait_for_helpers(lanes)
    assert farm.running == 0
    go_on.set()


def test_closing_ends_what_is_at_work(farm: Farm, cores: Cores):
    lanes = farm.lanes(cores=cores, width=2)
    at_work, go_on = threading.Event(), threading.Event()

    def answer(stdin: bytes) -> CaseOutcome:
        if farm.leads:
            assert at_work.wait(20)
        else:
            at_work.set()
            go_on.wait(20)
        return echo(stdin)

    def stop(_index: int, _outcome: CaseOutcome) -> None:
        raise SystemExit

    farm.answer = answer
    with pytest.raises(SystemExit):
        lanes.run(REQUEST, stop)
    lanes.close()  # does not wait for the further lane's program
    assert farm.running == 0
    go_on.set()
