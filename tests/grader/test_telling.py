"""Telling those who watch: nothing while nobody does, everything once somebody does, and never in the way."""

import threading
from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest

from api.core.errors import Unavailable
from api.core.events import Teller
from api.core.ids import new_id
from api.core.queue import Connection, connect
from api.learning.submissions.grade import CaseGrade, Grade, GradingTask, SubmissionStatus, Verdict
from api.learning.submissions.live.events import decode
from grader import telling as telling_module
from grader.telling import Telling, TellsRun

CASES = tuple(CaseGrade(name=f"c{n}", group="g", visible=True, verdict=Verdict.PASSED) for n in range(3))
GRADE = Grade(status=SubmissionStatus.PASSED, reason=None, score=10, cases=CASES, feedback="")


def task(run_id: UUID | None = None, attempt: int = 1) -> GradingTask:
    return GradingTask(
        run_id=run_id or new_id(),
        submission_id=new_id(),
        run_number=1,
        attempt=attempt,
        language="python",
        files={},
        suite=b"",
        suite_version=1,
        suite_digest="",
        max_score=100,
    )


class Board:
    """Stands for Redis: who watches, what was told; each round of the telling thread can be waited for."""

    def __init__(self) -> None:
        self.watched_topics: set[str] = set()
        self.logs: dict[str, list[bytes]] = {}
        self.works = True
        self.asked = threading.Semaphore(0)

    def watched(self, topics: Sequence[str]) -> set[str]:
        self.asked.release()
        if not self.works:
            raise Unavailable("away")
        return self.watched_topics & set(topics)

    def append(self, topic: str, messages: Sequence[bytes], *, before: int) -> bool:
        if not self.works:
            raise Unavailable("away")
        log = self.logs.get(topic, [])
        if before >= 0 and len(log) != before:
            return False
        self.logs[topic] = [*(log if before >= 0 else ()), *messages]
        return True

    def steps(self, topic: str) -> list[int]:
        return [event.place.step for message in self.logs.get(topic, ()) if (event := decode(message))]


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def telling(board: Board) -> Iterator[Telling]:
    made = Telling(board, batch_seconds=0.001, look_seconds=0.001, pause_seconds=0.001)  # type: ignore[arg-type]
    yield made
    made.close()
    assert not made._thread.is_alive()


def round_after(board: Board, telling: Telling) -> None:
    """Returns when the thread has looked anew, and was through with it."""
    while board.asked.acquire(blocking=False):
        pass
    for _ in range(2):
        telling._news.set()
        assert board.asked.acquire(timeout=30)


def test_nothing_is_told_while_nobody_watches(board: Board, telling: Telling):
    run = telling.begin(task())
    run.judged(0, CASES[0])
    round_after(board, telling)
    run.done(GRADE)
    run.over()
    round_after(board, telling)
    assert board.logs == {}


def test_who_begins_to_watch_in_the_middle_is_told_it_from_the_beginning(board: Board, telling: Telling):
    run = telling.begin(task())
    run.judged(0, CASES[0])
    round_after(board, telling)
    board.watched_topics.add(run.topic)
    round_after(board, telling)
    assert board.steps(run.topic) == [0, 1, 2]
    run.judged(1, CASES[1])
    board.watched_topics.clear()  # gone for a moment: the log goes on, for it may come back
    round_after(board, telling)
    run.judged(2, CASES[2])
    run.done(GRADE)
    run.over()
    round_after(board, telling)
    assert board.steps(run.topic) == [0, 1, 2, 3, 4, 2_000_000_000]


def test_a_log_that_was_lost_is_told_again_as_a_whole(board: Board, telling: Telling):
    run = telling.begin(task())
    board.watched_topics.add(run.topic)
    run.judged(0, CASES[0])
    round_after(board, telling)
    board.logs.clear()
    run.judged(1, CASES[1])
    round_after(board, telling)
    assert board.steps(run.topic) == [0, 1, 2, 3]


def test_a_redis_that_comes_back_gets_all_it_missed(board: Board, telling: Telling):
    run = telling.begin(task())
    board.watched_topics.add(run.topic)
    round_after(board, telling)
    board.works = False
    run.judged(0, CASES[0])
    round_after(board, telling)
    board.logs.clear()
    board.works = True
    round_after(board, telling)
    assert board.steps(run.topic) == [0, 1, 2]


def test_a_further_attempt_starts_the_log_again(board: Board, telling: Telling):
    first = telling.begin(task())
    board.watched_topics.add(first.topic)
    first.judged(0, CASES[0])
    first.over()
    round_after(board, telling)
    second = telling.begin(task(UUID(first.topic), attempt=2))
    round_after(board, telling)
    assert [event.place for m in board.logs[second.topic] if (event := decode(m))] == [(1, 2, 0)]


def test_runs_that_are_over_are_forgotten_also_while_redis_is_away(board: Board, telling: Telling):
    board.works = False
    for _ in range(300):
        telling.begin(task()).over()
    round_after(board, telling)
    round_after(board, telling)
    assert telling._runs == []


def test_what_is_too_much_is_left_to_the_end(board: Board, telling: Telling, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(telling_module, "MOST_EVENTS", 3)
    run = telling.begin(task())
    board.watched_topics.add(run.topic)
    for index, case in enumerate(CASES):
        run.judged(index, case)
    run.done(GRADE)
    round_after(board, telling)
    assert board.steps(run.topic) == [0, 1, 2, 2_000_000_000]


class Hanging(Board):
    """A Redis that neither answers nor refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def watched(self, topics: Sequence[str]) -> set[str]:
        self.asked.release()
        self.let_go.wait(30)
        return set()


def test_a_redis_that_hangs_is_in_nobodys_way():
    board = Hanging()
    telling = Telling(board, batch_seconds=0.001, look_seconds=0.001)  # type: ignore[arg-type]
    run = telling.begin(task())
    assert board.asked.acquire(timeout=30)
    for index, case in enumerate(CASES * 50):  # while the thread waits for an answer
        run.judged(index, case)
    run.done(GRADE)
    run.over()
    board.let_go.set()
    telling.close()


def test_a_fault_in_telling_is_logged_and_the_next_run_is_told(
    board: Board, telling: Telling, monkeypatch: pytest.MonkeyPatch
):
    bad = telling.begin(task())
    board.watched_topics.add(bad.topic)
    monkeypatch.setattr(bad, "messages", lambda: 1 / 0)
    bad.judged(0, CASES[0])
    bad.over()
    round_after(board, telling)
    good = telling.begin(task())
    board.watched_topics.add(good.topic)
    round_after(board, telling)
    assert board.steps(good.topic) == [0]


@pytest.fixture
def connection(redis_url: str) -> Iterator[Connection]:
    with connect(redis_url) as connection:
        yield connection


def test_redis_keeps_a_log_for_a_while_and_tells_its_length_apart(connection: Connection):
    teller = Teller(connection)
    assert teller.watched(["a", "b"]) == set()
    with connection.pubsub() as pubsub:
        pubsub.subscribe("codezest:live:a")
        assert pubsub.get_message(timeout=30)
        assert teller.watched(["b", "a"]) == {"a"}
        assert teller.append("a", [b"1"], before=-1)
        assert teller.append("a", [b"2", b"3"], before=1)
        assert not teller.append("a", [b"5"], before=4)
        heard = [pubsub.get_message(timeout=30) for _ in range(2)]
        assert [message["data"] for message in heard if message] == [b"1", b"2\n3"]
    assert connection.lrange("codezest:live:log:a", 0, -1) == [b"1", b"2", b"3"]
    assert 0 < int(connection.ttl("codezest:live:log:a")) <= 900  # type: ignore[arg-type]
    connection.flushall()
    assert not teller.append("a", [b"4"], before=3)
    assert teller.append("a", [b"1", b"2", b"3", b"4"], before=-1)
    assert connection.llen("codezest:live:log:a") == 4


def test_a_note_costs_the_grading_thread_next_to_nothing():
    """No time is taken: nothing is encoded and nothing is sent in the thread that grades."""
    news = threading.Event()
    run = TellsRun(task(), news)
    run.judged(0, object())  # type: ignore[arg-type]  # would fail if anything looked at it now
    assert run.count == 3
    assert news.is_set()
