"""The worker: hears bells through RQ and owns one warm sandbox.

Theory of operation
-------------------
One process is one grader slot. It grades in itself (no fork: a fork per job would throw the warm sandbox
away), and a learner's program never runs in it. It listens to one queue; a worker of RQ 3 that listens to
two loses a job when it is killed between taking and starting it.

RQ calls what a job in Redis names. Here a job is JSON, its class refuses every function but ours, and what
RQ does beside that with jobs of others is switched off: groups, webhooks, remote commands, whatever would
read a job without our serializer. A job that cannot even be read is thrown away, and the worker lives on.

While no bell rings it returns from its wait every ``IDLE_SECONDS`` and looks after its sandbox; that ends as
soon as a bell waits.

Redis is only the doorbell: while it is away the worker does not wait for it as RQ would, but looks for runs in
the database between its tries to listen again.

Stopping, first signal: no new run is claimed and the one in work is finished; after ``GRACE_SECONDS``, or
at a second signal, it is handed back. RQ's session with Redis ends whenever Redis fails; the sandbox
outlives it.
"""

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import redis
import structlog
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.queue import Queue
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.utils import now
from rq.worker import WorkerStatus
from rq.worker_registration import clean_worker_registry

from api.core.errors import Unavailable
from api.core.queue import AllowListedJob, connect, make_queue
from grader.jobs import Grader, serve

log = structlog.get_logger(__name__)

GRACE_SECONDS = 20.0
IDLE_SECONDS = 5
_SAME_SIGNAL_SECONDS = 1.0
_PAUSE_SECONDS = 1.0
_RQ_WORKER_TTL = 30
_RQ_MAINTENANCE_SECONDS = 15


class BellListener(SimpleWorker):
    """RQ's worker, narrowed to hearing our bells."""

    log_result_lifespan = False
    max_connection_wait_time = 2.0  # a Redis that comes back is to be found soon

    def __init__(
        self,
        connection: "redis.Redis",
        name: str,
        lease_seconds: int,
        on_idle: Callable[[Callable[[], bool]], None] | None = None,
    ) -> None:
        self._on_idle = on_idle
        super().__init__(
            [make_queue(connection)],
            name=name,
            connection=connection,
            job_class=AllowListedJob,
            serializer=JSONSerializer,
            default_result_ttl=0,
            worker_ttl=_RQ_WORKER_TTL,
            maintenance_interval=_RQ_MAINTENANCE_SECONDS,
            log_job_description=False,
        )
        self._lease_seconds = lease_seconds

    @property
    def connection_timeout(self) -> int:
        """Seconds after which a Redis that does not answer is away: a little longer than any wait for a bell."""
        return (self.dequeue_timeout if self._on_idle is None else IDLE_SECONDS) + 3

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Ends the listening if Redis is away: RQ would try again for ever, and runs may be waiting."""
        try:
            super().heartbeat(timeout, pipeline)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            log.warning("redis_away", error=str(error))
            raise StopRequested from error

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Seconds until a silent bell counts as abandoned: the lease, not RQ's job time-out of an hour."""
        return self._lease_seconds

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Hears one bell, with a heartbeat as long as it lasts."""
        execution = self.prepare_execution(job)
        with self._beating(job, execution):
            self.perform_job(job, queue, execution)
        self.set_state(WorkerStatus.IDLE)

    @contextmanager
    def _beating(self, job: Job, execution: Execution) -> Iterator[None]:
        over = threading.Event()

        def beat() -> None:
            while not over.wait(self._lease_seconds / 3):
                try:
                    self.maintain_heartbeats(job, execution)
                except redis.RedisError as error:
                    log.warning("no_heartbeat", error=str(error))

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """The next bell. As long as there is none, ``on_idle`` is called every ``IDLE_SECONDS``, and told how to find
        out that a bell waits."""
        if self._on_idle is None or timeout is None or max_idle_time is not None:
            return self._dequeue(timeout, max_idle_time)
        while (heard := self._dequeue(timeout, IDLE_SECONDS)) is None:
            self._on_idle(self._bell_waits)
            if self._stop_requested:  # while it found work, and was not to be interrupted
                raise StopRequested
        return heard

    def _bell_waits(self) -> bool:
        try:
            return self.queues[0].count > 0
        except redis.RedisError:
            return True  # back to listening, which knows what to do about Redis

    def _dequeue(self, timeout: int | None, max_idle_time: int | None) -> tuple[Job, Queue] | None:
        """A job that cannot be read is removed: kept, it would end every worker that takes it."""
        while True:
            try:
                return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
            except (redis.RedisError, StopRequested):
                raise
            except Exception as error:
                job_id = getattr(error, "job_id", None)
                if job_id is None:
                    raise
                log.warning("unreadable_job_removed", job=job_id, error=repr(error))
                self.connection.delete(AllowListedJob.key_for(job_id))
                self.queues[0].intermediate_queue.remove(job_id)

    def run_maintenance_tasks(self) -> None:
        """RQ's housekeeping; what it stumbles over is logged and does not end the worker."""
        try:
            self.clean_registries()
        except (redis.RedisError, StopRequested):
            raise
        except Exception as error:
            log.warning("housekeeping_failed", error=repr(error))

    def clean_registries(self) -> None:
        """Only the registries we use, and only with our job class: the others would read foreign jobs."""
        queue = self.queues[0]
        if queue.acquire_maintenance_lock():
            try:
                for registry in (StartedJobRegistry, FailedJobRegistry):
                    registry(
                        queue.name,
                        connection=self.connection,
                        job_class=AllowListedJob,
                        serializer=JSONSerializer,
                    ).cleanup()
                clean_worker_registry(queue)
                queue.intermediate_queue.cleanup(self, queue)
            finally:
                queue.release_maintenance_lock()
        self.last_cleaned_at = now()

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """One line for a bell that came to nothing; the grader has logged what it knows itself."""
        log.error("bell_failed", job=job.id, error=repr(exc_info[1]))

    def subscribe(self) -> None:
        """No remote commands: who may write to Redis may not stop a worker by that."""

    def stop_after_this(self) -> bool:
        """Lets `work` end before the next bell; whether one is being heard now."""
        self._stop_requested = True
        return self.get_state() == WorkerStatus.BUSY

    def _install_signal_handlers(self) -> None:
        """Signals are `Worker`'s, which outlives this object."""


class Worker:
    """One slot: its grader, its name, and how it stops."""

    def __init__(self, grader: Grader, redis_url: str, name: str, lease_seconds: int) -> None:
        self._grader = grader
        self._redis_url = redis_url
        self._name = name
        self._lease_seconds = lease_seconds
        self._listener: BellListener | None = None
        self._stopped_at: float | None = None
        self._stop = threading.Event()

    def run(self) -> None:
        """Hears bells until a signal says stop; in the main thread only. A Redis or a database that is away is
        waited for.
        """
        serve(self._grader)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        while not self._stop.is_set():
            self._grader.promise()
            try:
                self._listen()
            except (redis.RedisError, Unavailable) as error:
                log.warning("service_unavailable", error=str(error))
                self._stop.wait(_PAUSE_SECONDS)
            except StopRequested:
                pass

    def _listen(self) -> None:
        self._listener = None  # the last one hears nothing any more, a signal least of all
        self._grader.grade_pending()  # bells may have been lost, or nobody may be there to ring
        if self._stop.is_set():
            return
        with connect(self._redis_url) as connection:
            # A name of its own each time: RQ refuses a name whose owner it still believes alive.
            name = f"{self._name}-{secrets.token_hex(3)}"
            self._listener = BellListener(connection, name, self._lease_seconds, self._grader.idle)
            self._listener.work(logging_level="WARNING")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        first = self._stopped_at is None
        if not first and time.monotonic() - (self._stopped_at or 0) < _SAME_SIGNAL_SECONDS:
            return  # Ctrl-C reaches a worker twice: from the terminal and from its supervisor
        if not first:
            raise SystemExit(0)
        self._stopped_at = time.monotonic()
        self._stop.set()
        self._grader.stopping = True
        force = threading.Timer(GRACE_SECONDS, os.kill, (os.getpid(), signal.SIGTERM))
        force.daemon = True
        force.start()
        is_hearing = self._listener is not None and self._listener.stop_after_this()
        if not is_hearing and not self._grader.busy:
            raise StopRequested  # nothing is in work: leaves whatever wait this interrupts


def worker_name() -> str:
    """Says where a run was graded: host and process."""
    return f"{socket.gethostname()}-{os.getpid()}"
