"""Slowing down guesses: the same story told to the counters of Redis and to those of one process."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine

from api.core import clock
from api.core.errors import RateLimited, Unauthenticated
from api.core.queue import connect
from api.http import throttle
from api.http.throttle import LocalCounters, LoginThrottle, RedisCounters


def fail(it: LoginThrottle, account: str = "a@example.com", address: str = "198.51.100.1") -> int:
    """A failed login: 0, or the seconds to wait where it was not let through."""
    try:
        with it.attempt(account=account, address=address):
            raise Unauthenticated("wrong")
    except Unauthenticated:
        return 0
    except RateLimited as limited:
        return limited.retry_after


def succeed(it: LoginThrottle, account: str = "a@example.com") -> None:
    with it.attempt(account=account, address="198.51.100.1"):
        pass


@pytest.fixture(params=["local", pytest.param("redis", marks=pytest.mark.redis)])
def make(request):
    """Makes throttles of one kind; those of Redis share their counters."""
    if request.param == "local":
        yield lambda limit: LoginThrottle(limit)
        return
    with connect(request.getfixturevalue("redis_url")) as connection:
        yield lambda limit: LoginThrottle(limit, connection)


def test_the_limit_then_a_wait(make):
    it = make(3)
    assert [fail(it) for _ in range(3)] == [0, 0, 0]
    assert 29 <= fail(it) <= 30
    assert fail(it, account="b@example.com") == 0


def test_a_refused_attempt_is_not_run_and_does_not_make_it_longer(make):
    it = make(1)
    assert fail(it) == 0
    ran = []
    for _ in range(20):
        with (
            pytest.raises(RateLimited) as caught,
            it.attempt(account="a@example.com", address="198.51.100.1"),
        ):
            ran.append(1)
        assert caught.value.retry_after <= 30
    assert ran == []


def test_success_forgets_the_account(make):
    it = make(2)
    for _ in range(5):
        assert fail(it) == 0
        succeed(it)


def test_success_takes_back_one_from_the_network(make):
    it = make(1)
    for number in range(30):  # three times the network's limit
        succeed(it, account=f"u{number}@example.com")
    assert [fail(it, account=f"v{number}@example.com") for number in range(10)] == [0] * 10
    assert fail(it, account="w@example.com") > 0
    assert fail(it, account="w@example.com", address="198.51.100.2") == 0


def test_parallel_guesses_do_not_slip_through(make):
    it = make(5)
    with ThreadPoolExecutor(20) as pool:
        waits = list(pool.map(lambda _: fail(it), range(100)))
    assert waits.count(0) == 5


@pytest.mark.redis
def test_processes_share_and_nothing_personal_is_stored(redis_url):
    with connect(redis_url) as connection:
        one, two = LoginThrottle(2, connection), LoginThrottle(2, connection)
        assert [fail(one), fail(two)] == [0, 0]
        assert fail(one) > 0
        assert fail(two) > 0
        keys = [key.decode() for key in connection.scan_iter()]
        assert not any("example.com" in key for key in keys)
        assert all(connection.pttl(key) > 0 for key in keys), "a key that never expires"


@pytest.mark.redis
def test_the_delay_in_redis_grows_with_each_failure(redis_url):
    with connect(redis_url) as connection:
        counters = RedisCounters(connection)
        waits = []
        for _ in range(8):
            assert counters.count("k", 2) == 0
            waits.append(max(0, round(connection.pttl("codezest:login:k:barrier") / 1000)))
            connection.delete("codezest:login:k:barrier")
        assert waits == [0, 30, 60, 120, 240, 480, 900, 900]


def test_the_delay_of_a_process_grows_with_each_failure_and_is_forgotten_after_quiet():
    counters = LocalCounters()
    waits = []
    with time_machine.travel(clock.now(), tick=False) as traveller:
        for _ in range(8):
            assert counters.count("k", 2) == 0
            waits.append(
                counters.count("k", 100) // 1000
            )  # refused while the barrier stands, and then not counted
            if waits[-1] == 0:
                counters.take_back("k", all_of_them=False)
            traveller.shift(timedelta(seconds=waits[-1]))
        assert waits == [0, 30, 60, 120, 240, 480, 900, 900]
        traveller.shift(timedelta(milliseconds=throttle.WINDOW_MS + throttle.MAX_DELAY_MS))
        assert counters.count("k", 2) == 0
        assert counters.count("k", 2) == 0


def test_a_process_keeps_a_bounded_number_of_counters(monkeypatch):
    monkeypatch.setattr(throttle, "LOCAL_KEYS", 10)
    counters = LocalCounters()
    for number in range(100):
        counters.count(f"k{number}", 1)
    assert len(counters._entries) == 10


def test_a_dead_redis_is_left_alone_for_a_while_and_asked_again(tmp_path):
    with connect(f"unix://{tmp_path / 'nobody.sock'}") as connection:
        it = LoginThrottle(2, connection)
        asked = []
        original = it._shared.count
        it._shared.count = lambda *args: (asked.append(1), original(*args))[1]
        with time_machine.travel(clock.now(), tick=False) as traveller:
            assert [fail(it), fail(it)] == [0, 0]
            assert fail(it) > 0
            assert len(asked) == 1
            traveller.shift(throttle.REDIS_PAUSE)
            assert fail(it) > 0
            assert len(asked) == 2
