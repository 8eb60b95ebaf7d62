"""The doorbell: RQ over Redis. The row in the database is the truth; a bell only says that a look is worth
while.

One bell is rung per run, after its commit. A lost bell is rung again by the sweeper, a doubled bell finds
nothing to claim, so no bell needs to be reliable, and ringing never raises: the submission is stored whether
Redis answers or not.

RQ as such would un-pickle whatever lies in Redis and call any function a job names. Here jobs are JSON, and
the job class refuses every function but those in `ALLOWED_JOBS`. Jobs are named by string: `api` never
imports the grader.
"""

import time
from collections.abc import Callable
from typing import Any, cast

import redis
import structlog
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.orm import Session

from api.core.database import after_commit
from api.core.errors import Unavailable

log = structlog.get_logger(__name__)

GRADE_JOB = "grader.jobs.grade_next"
ALLOWED_JOBS = frozenset({GRADE_JOB})
QUIET_SECONDS = 10.0
"""How long a Redis that hung is left alone: each ring would cost a request its time-out. What is not rung meanwhile
is rung by the sweeper."""
JOB_TIMEOUT_SECONDS = 3600  # RQ's own limit is only a backstop: leases and wall limits end a run long before


Connection = redis.Redis  # for those who hand one on and must not import redis themselves


class ForbiddenJob(Exception):
    """A job in Redis names a function that is not ours to call; it was put there by somebody else."""


class AllowListedJob(Job):
    """A job that can only be one of `ALLOWED_JOBS`, and never carries callbacks."""

    @property
    def func(self) -> Callable[..., Any]:
        if self.func_name not in ALLOWED_JOBS:
            raise ForbiddenJob(f"refused to run {self.func_name!r}")
        return cast(Callable[..., Any], super().func)

    @property
    def success_callback(self) -> None:
        return None

    @property
    def failure_callback(self) -> None:
        return None

    @property
    def stopped_callback(self) -> None:
        return None

    def send_webhooks(self, *_args: Any, **_kwargs: Any) -> None:
        """Calls no address: whoever can write to Redis could make the grader call any."""


class Bell:
    """Rings for the grader pool. One queue per language pool (``grade`` serves all languages)."""

    def __init__(self, connection: Connection, clock: Callable[[], float] = time.monotonic) -> None:
        self._connection, self._clock = connection, clock
        self._queue = make_queue(connection)
        self._quiet_until = float("-inf")

    def ring(self) -> bool:
        """Queues one look at the pending runs; False, with a log line, if Redis did not answer, and at once for a
        while after it hung."""
        if self._clock() < self._quiet_until:
            return False
        try:
            self._queue.enqueue(
                GRADE_JOB, job_timeout=JOB_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=24 * 3600, ttl=24 * 3600
            )
        except redis.RedisError as error:
            log.warning("bell_not_rung", error=str(error))
            if isinstance(error, redis.TimeoutError):
                self._quiet_until = self._clock() + QUIET_SECONDS
            return False
        return True

    def answers(self) -> bool:
        """Whether Redis answers now."""
        try:
            return bool(self._connection.ping())
        except redis.RedisError:
            return False

    def waiting(self) -> int:
        """How many bells have not been heard yet. Raises redis.RedisError if Redis does not answer."""
        return int(self._queue.count)


def make_queue(connection: Connection, name: str = "grade") -> Queue:
    """The queue, with the serializer and job class that keep it safe: use it for listening as well as for
    ringing.
    """
    return Queue(name, connection=connection, serializer=JSONSerializer, job_class=AllowListedJob)


def connect(url: str) -> Connection:
    """A client with short time-outs: a Redis that hangs must not hang a request."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=2,
        socket_timeout=5,
        health_check_interval=30,
        driver_info=None,  # it would introduce itself by a command that our users of Redis may not give
    )


def run_script(connection: Connection, script: str, keys: list[str], arguments: list[int]) -> int:
    """Runs a Lua script, which Redis does in one piece, and gives its whole number.

    Raises Unavailable if Redis does not answer or refuses; the caller decides what that means.
    """
    try:
        answer: Any = connection.eval(script, len(keys), *keys, *arguments)
        return int(answer)
    except redis.RedisError as error:
        raise Unavailable("the queue server did not answer") from error


def ring_after_commit(session: Session, bell: Bell | None) -> None:
    """Notes the bell; it rings once the transaction has been committed. None (unit tests, offline use) rings
    nothing.
    """
    if bell is not None:
        after_commit(session, bell.ring)
