"""So many in a minute and no more: a sliding window per key, shared by all processes.

The moments of the last uses of a key are kept, so the count is exact and so is the time to wait. They are kept in
Redis, by Redis' clock. Where Redis does not answer, each process counts for itself: some more get through, nobody is
refused for it, and Redis is left alone for a while, for each try may cost its time-out.
"""

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

import structlog

from api.core import clock
from api.core.errors import RateLimited, Unavailable
from api.core.queue import Connection, run_script

log = structlog.get_logger(__name__)

WINDOW_MS = 60 * 1000
LOCAL_KEYS = 10_000  # of one process; beyond, the one used longest ago is forgotten
REDIS_PAUSE = timedelta(seconds=10)

# KEYS: the moments, oldest first. ARGV: limit, window (ms). Gives the ms to wait; 0: counted, go ahead.
_TAKE = """
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local first = redis.call('LINDEX', KEYS[1], -limit)
if first and now - first < window then return math.max(1, math.min(window, window - (now - first))) end
redis.call('RPUSH', KEYS[1], now)
redis.call('LTRIM', KEYS[1], -limit, -1)
redis.call('PEXPIRE', KEYS[1], window)
return 0
"""


class RateLimit:
    """``limit`` uses of each key in any minute; 0: no limit. ``connection`` None counts in this process only."""

    def __init__(self, name: str, limit: int, connection: Connection | None = None) -> None:
        self._name, self._limit, self._connection = name, limit, connection
        self._local = _LocalWindow()
        self._paused_until: datetime | None = None

    def take(self, key: str) -> None:
        """Counts one use. Raises RateLimited, and counts nothing, if there were too many."""
        if not self._limit:
            return
        wait_ms = self._wait_ms(key)
        if wait_ms > 0:
            raise RateLimited(
                f"no more than {self._limit} a minute; wait a little", retry_after=-(-wait_ms // 1000)
            )

    def _wait_ms(self, key: str) -> int:
        paused = self._paused_until is not None and clock.now() < self._paused_until
        if self._connection is not None and not paused:
            try:
                keys = [f"codezest:rate:{self._name}:{key}"]
                return run_script(self._connection, _TAKE, keys, [self._limit, WINDOW_MS])
            except Unavailable:
                log.warning("rate_limit_without_redis", name=self._name)
                self._paused_until = clock.now() + REDIS_PAUSE
        return self._local.take(key, self._limit)


class _LocalWindow:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: OrderedDict[str, deque[datetime]] = OrderedDict()

    def take(self, key: str, limit: int) -> int:
        moment = clock.now()
        with self._lock:
            uses = self._uses.pop(key, None) or deque()
            self._uses[key] = uses
            if len(self._uses) > LOCAL_KEYS:
                self._uses.popitem(last=False)
            while len(uses) > limit:
                uses.popleft()
            if len(uses) == limit:
                wait = uses[0] + timedelta(milliseconds=WINDOW_MS) - moment
                if wait > timedelta(0):
                    return max(1, -(-wait // timedelta(milliseconds=1)))
                uses.popleft()
            uses.append(moment)
        return 0
