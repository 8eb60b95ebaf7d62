"""Slowing down guesses: failed logins are counted per account and per network.

Each attempt is counted *before* the password is looked at, in one atomic step, and taken back when it
succeeds: a thousand parallel guesses cannot slip through between a check and a count. After ``limit``
failures the next attempt must wait 30 seconds, the one after it 60, then 120, up to 15 minutes; 15 quiet
minutes forget it all. Attempts that come too early are refused and not counted, so that hammering on an
account does not lock its owner out for longer.

A network gets ten times an account's limit: a whole class may sit behind one address.

The counters live in Redis, where all API processes see them. Where Redis does not answer, each process counts
for itself: a few more guesses get through, but nobody is locked out and no guess is free.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from api.core import clock
from api.core.errors import RateLimited, Unauthenticated, Unavailable
from api.core.queue import Connection, run_script
from api.http.client_address import network_of

log = structlog.get_logger(__name__)

WINDOW_MS = 15 * 60 * 1000  # this long without a failure, and all are forgotten
FIRST_DELAY_MS = 30 * 1000
MAX_DELAY_MS = 15 * 60 * 1000
NETWORK_FACTOR = 10
LOCAL_KEYS = 10_000  # counters one process keeps; beyond, the oldest is forgotten
REDIS_PAUSE = timedelta(
    seconds=10
)  # how long a Redis that failed is left alone: each try may cost its time-out

# KEYS: counter, barrier. ARGV: limit, window, first delay, longest delay (ms). Gives the ms to wait; 0: go
# ahead. The barrier is set by the attempt that reaches the limit, for the ones after it.
_COUNT = """
local wait = redis.call('PTTL', KEYS[2])
if wait > 0 then return wait end
local limit, window, first, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]),
tonumber(ARGV[4]) local count = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], window + longest)
if count >= limit then
  redis.call('SET', KEYS[2], 1, 'PX', math.floor(math.min(first * 2 ^ math.min(count - limit, 20), longest)))
end
return 0
"""
# KEYS: counter, barrier. ARGV: 1 to forget all failures, 0 to take this one back.
_TAKE_BACK = """
if ARGV[1] == '1' then return redis.call('DEL', KEYS[1], KEYS[2]) end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end
return redis.call('DEL', KEYS[2])
"""


class Counters(Protocol):
    """Where failures are counted. Both methods may raise Unavailable."""

    def count(self, key: str, limit: int) -> int:
        """Counts one attempt under ``key``; the milliseconds to wait if it may not be made yet (then not
        counted).
        """
        ...

    def take_back(self, key: str, *, all_of_them: bool) -> None:
        """The attempt succeeded: uncounts it, or forgets every failure of ``key``."""
        ...


class RedisCounters:
    """Counters that all processes share."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, key: str, limit: int) -> int:
        arguments = [limit, WINDOW_MS, FIRST_DELAY_MS, MAX_DELAY_MS]
        return run_script(self._connection, _COUNT, _keys(key), arguments)

    def take_back(self, key: str, *, all_of_them: bool) -> None:
        run_script(self._connection, _TAKE_BACK, _keys(key), [int(all_of_them)])


class LocalCounters:
    """Counters of this process; at most `LOCAL_KEYS` of them, so that made-up accounts cannot fill the
    memory.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, tuple[int, datetime, datetime]] = (
            OrderedDict()
        )  # count, barrier, expiry

    def count(self, key: str, limit: int) -> int:
        moment = clock.now()
        with self._lock:
            failures, barrier, expiry = self._entries.pop(key, (0, moment, moment))
            if expiry <= moment:
                failures, barrier = 0, moment
            wait = barrier - moment
            if wait <= timedelta(0):
                failures += 1
                barrier = moment + _delay(failures, limit)
                expiry = moment + timedelta(milliseconds=WINDOW_MS + MAX_DELAY_MS)
            self._entries[key] = (failures, barrier, expiry)
            if len(self._entries) > LOCAL_KEYS:
                self._entries.popitem(last=False)
        return max(0, -(-wait // timedelta(milliseconds=1)))

    def take_back(self, key: str, *, all_of_them: bool) -> None:
        with self._lock:
            failures, _, expiry = self._entries.pop(key, (0, None, None))
            if expiry is not None and not all_of_them and failures > 1:
                self._entries[key] = (failures - 1, clock.now(), expiry)


class LoginThrottle:
    """The policy. ``connection`` None counts in this process only."""

    def __init__(self, limit: int, connection: Connection | None = None) -> None:
        self._limit = limit
        self._shared = RedisCounters(connection) if connection is not None else None
        self._local = LocalCounters()
        self._paused_until: datetime | None = None

    @contextmanager
    def attempt(self, *, account: str, address: str) -> Iterator[None]:
        """Counts one attempt; a block that does not end with Unauthenticated was no failure.

        Raises RateLimited if the account or the network has to wait; the block is not run then.
        """
        # Hashed: addresses of people have no business in Redis, and a key's length must not be the caller's
        # choice.
        by_account = "account:" + hashlib.sha256(account.encode("utf-8", "replace")).hexdigest()
        by_network = "network:" + network_of(address)
        self._count(by_network, self._limit * NETWORK_FACTOR)
        self._count(by_account, self._limit)
        try:
            yield
        except Unauthenticated:
            raise
        except BaseException:  # nothing was guessed: something else was wrong
            self._take_back(by_account, all_of_them=False)
            self._take_back(by_network, all_of_them=False)
            raise
        self._take_back(by_account, all_of_them=True)
        self._take_back(by_network, all_of_them=False)

    def _count(self, key: str, limit: int) -> None:
        try:
            wait_ms = self._counters().count(key, limit)
        except Unavailable:
            self._pause()
            wait_ms = self._local.count(key, limit)
        if wait_ms > 0:
            log.warning("login_throttled", key=key, wait_ms=wait_ms)
            raise RateLimited("too many failed logins; try again later", retry_after=-(-wait_ms // 1000))

    def _take_back(self, key: str, *, all_of_them: bool) -> None:
        try:
            self._counters().take_back(key, all_of_them=all_of_them)
        except Unavailable:
            self._pause()

    def _counters(self) -> Counters:
        paused = self._paused_until is not None and clock.now() < self._paused_until
        return self._local if self._shared is None or paused else self._shared

    def _pause(self) -> None:
        log.warning("login_throttle_without_redis")
        self._paused_until = clock.now() + REDIS_PAUSE


def _delay(failures: int, limit: int) -> timedelta:
    if failures < limit:
        return timedelta(0)
    return timedelta(milliseconds=min(FIRST_DELAY_MS * 2 ** min(failures - limit, 20), MAX_DELAY_MS))


def _keys(key: str) -> list[str]:
    return [f"codezest:login:{key}", f"codezest:login:{key}:barrier"]
