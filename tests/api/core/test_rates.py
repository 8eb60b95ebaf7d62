"""So many a minute: exactly, over all processes, and without Redis too."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine

from api.core import rates
from api.core.clock import now
from api.core.errors import RateLimited, Unavailable
from api.core.queue import Connection, connect
from api.core.rates import RateLimit


@pytest.fixture
def connection(redis_url: str) -> Iterator[Connection]:
    with connect(redis_url) as connection:
        yield connection


@pytest.fixture(params=["redis", "local"])
def shared(request: pytest.FixtureRequest) -> Connection | None:
    return request.getfixturevalue("connection") if request.param == "redis" else None


def test_the_one_too_many_is_refused_and_told_when_to_come_back(shared: Connection | None):
    limit = RateLimit("test", 3, shared)
    for _ in range(3):
        limit.take("ada")
    with pytest.raises(RateLimited) as caught:
        limit.take("ada")
    assert 1 <= caught.value.retry_after <= 60
    assert caught.value.code == "rate_limited"
    limit.take("grace")


def test_nothing_is_limited_by_nought(shared: Connection | None):
    limit = RateLimit("test", 0, shared)
    for _ in range(500):
        limit.take("ada")


def test_two_processes_share_a_count(connection: Connection):
    one, two = RateLimit("test", 4, connection), RateLimit("test", 4, connection)
    for _ in range(2):
        one.take("ada")
        two.take("ada")
    for limit in (one, two):
        with pytest.raises(RateLimited):
            limit.take("ada")


def test_many_at_the_same_moment_are_counted_one_by_one(connection: Connection):
    limit, barrier, let_in = RateLimit("test", 10, connection), Barrier(8), []

    def work() -> None:
        barrier.wait(60)
        for _ in range(5):
            try:
                limit.take("ada")
            except RateLimited:
                continue
            let_in.append(1)

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(let_in) == 10


def test_the_window_slides(moment: Any):
    limit = RateLimit("test", 2)
    limit.take("ada")
    moment.shift(timedelta(seconds=40))
    limit.take("ada")
    with pytest.raises(RateLimited) as caught:
        limit.take("ada")
    assert caught.value.retry_after == 20
    moment.shift(timedelta(seconds=20))
    limit.take("ada")
    with pytest.raises(RateLimited) as caught:
        limit.take("ada")
    assert caught.value.retry_after == 40


@pytest.fixture
def moment() -> Iterator[Any]:
    with time_machine.travel(now(), tick=False) as moment:
        yield moment


def test_the_oldest_use_counts_no_more_after_a_minute_in_redis_too(connection: Connection):
    limit = RateLimit("test", 2, connection)
    limit.take("ada")
    limit.take("ada")
    key = "codezest:rate:test:ada"
    assert 0 < connection.pttl(key) <= rates.WINDOW_MS  # type: ignore[operator]
    first = int(connection.lindex(key, 0))  # type: ignore[arg-type]
    connection.lset(key, 0, str(first - rates.WINDOW_MS))
    limit.take("ada")
    with pytest.raises(RateLimited):
        limit.take("ada")


class Dead:
    """A Redis that does not answer, and counts how often it was asked."""

    asked = 0


def test_without_redis_each_process_counts_and_redis_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> int:
        Dead.asked += 1
        raise Unavailable("away")

    monkeypatch.setattr(rates, "run_script", refuse)
    limit = RateLimit("test", 3, Dead())  # type: ignore[arg-type]
    for _ in range(3):
        limit.take("ada")
    with pytest.raises(RateLimited):
        limit.take("ada")
    assert Dead.asked == 1


def test_made_up_keys_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rates, "LOCAL_KEYS", 5)
    limit = RateLimit("test", 1)
    for number in range(50):
        limit.take(str(number))
    assert len(limit._local._uses) == 5
