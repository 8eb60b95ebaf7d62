"""What a heard bell sets off: claim a run, grade it, record the grade; again while there is more to do.

A claim and a record are two short transactions, and none is open while the program runs. Between them a
thread renews the lease, so the lease says one thing only: this worker still lives. Whatever goes wrong on
our side hands the run back; a run that nobody hands back (``kill -9``) is found by the sweeper when its
lease has expired.

An attempt counts against a run only if the sandbox, asked at once, is sound: then it may be the program that
ends it, and the run is set aside after a few such attempts. A sandbox that is broken (an engine that is down, a
full disk) spoils the work of every worker that uses it, and no number of workers may make an ERROR of that.

A worker whose sandbox failed claims nothing until the sandbox has proved itself again: a broken engine would
otherwise spoil one run after the other, as fast as they can be claimed. While no bell rings, an idle worker
sees to that proof, and probes what it keeps warm: `idle.py`.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context

import structlog
from structlog.contextvars import bound_contextvars

from api.core.database import Database
from api.core.errors import CodezestError, Unavailable
from api.core.queue import Bell
from api.core.settings import Settings
from api.learning.submissions import service as submissions
from api.learning.submissions.grade import Grade, GradingTask
from grader import meters
from grader.grading import grade_task
from grader.heartbeat import PROVING_SECONDS, WAITING_SECONDS, Heartbeat
from grader.idle import IdleProbes
from grader.limits import COMPILE_WALL_MS
from grader.runtimes import RuntimeReporter
from grader.sandbox import Sandbox, SandboxUnavailable
from grader.selftest import check_sandbox
from grader.telling import Telling, TellsRun
from sandboxes.protocol import MOST_WALL

log = structlog.get_logger(__name__)

#: After this many seconds a worker ends its round and rings for itself: RQ's own time limit must never
#: strike.
ROUND_SECONDS = 600
#: Between tries to record: a database that is being restarted is back within these.
_PAUSES = (0.1, 0.5, 2.0, 4.0, 8.0)


class _Spoiled(Exception):
    """The sandbox failed at a run. ``fault`` is what is wrong with it now; None: nothing, it may have been the run."""

    def __init__(self, reason: str, fault: str | None) -> None:
        super().__init__(reason)
        self.reason, self.fault = reason, fault


class Grader:
    """One slot of one worker process: a database, a warm sandbox and a name; grades one run at a time.

    ``reporter`` says what can be run here, None: nobody does. ``machine_speed`` goes into every grade, see
    `calibration`. ``heartbeat`` is told what to expect of this worker next, ``telling`` tells those who watch a run
    how far it is; None: nobody does.
    """

    def __init__(
        self,
        database: Database,
        sandbox: Sandbox,
        bell: Bell,
        settings: Settings,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        *,
        reporter: RuntimeReporter | None = None,
        machine_speed: float | None = None,
        heartbeat: Heartbeat | None = None,
        telling: Telling | None = None,
    ) -> None:
        self._heartbeat = heartbeat
        self._database = database
        self._sandbox = sandbox
        self._bell = bell
        self._settings = settings
        self._name = name
        self._probes = IdleProbes(sandbox, clock)
        self._reporter = reporter
        self._machine_speed = machine_speed
        self._telling = telling
        self._bounds = submissions.bounds_of(settings)
        self._suspect = False
        self._languages: frozenset[str] = frozenset()
        self.busy = False
        self.stopping = False

    def grade_pending(self) -> int:
        """Grades runs until none is left for this worker, or it is asked to stop; how many it graded."""
        self.busy = True
        self.promise()
        try:
            return self._round()
        finally:
            self.busy = False

    def promise(self, seconds: float = WAITING_SECONDS) -> None:
        """Tells who looks after this worker that its loop turns, and will have turned again in ``seconds``."""
        if self._heartbeat is not None:
            self._heartbeat.promise(seconds)

    def idle(self, is_wanted: Callable[[], bool]) -> None:
        """What an idle worker does, in the thread that grades, until ``is_wanted``: looks for work, reports, probes.

        It looks because the bell of a run may have been heard by a worker that does not serve its language, or at a
        moment when bounds kept the run back; the sweeper would ring again, but only after a while.
        """
        self.promise()
        if not self._suspect and not is_wanted():  # a suspect sandbox is proved once a minute, see below
            self.grade_pending()
        self.probe_idle(is_wanted)

    def _report(self) -> None:
        if self._reporter is not None and not self._suspect and not self.stopping:
            self._reporter.report_if_due()

    def probe_idle(self, is_wanted: Callable[[], bool]) -> None:
        """What an idle worker does about its sandbox, until ``is_wanted``: proves it after trouble, else probes what
        is warm. What does not answer right is trouble.
        """
        if not self._suspect and (fault := self._probes.run(is_wanted)):
            log.error("idle_probe_failed", fault=fault)
            self._distrust("idle_probe")
        # A bell has the same self-test to wait for: nobody waits longer because it began before the bell.
        if self._suspect and not is_wanted() and self._probes.may_test():
            self._served()

    def _round(self) -> int:
        graded = 0
        deadline = time.monotonic() + ROUND_SECONDS
        while not self.stopping and (languages := self._served()):
            if time.monotonic() > deadline:
                self._bell.ring()
                break
            task = self._claim(languages)
            if task is None:
                break
            self.promise(self._longest_run_seconds())
            graded += self._work(task)
            self.promise()
            self._report()
        self._report()
        return graded

    def _distrust(self, why: str) -> None:
        """Nothing is claimed until the sandbox has proved itself again; ``why`` is a kind of platform fault."""
        self._suspect = True
        meters.fault(why)
        meters.sound(False)

    def _longest_run_seconds(self) -> float:
        # Compiling has a limit of its own; a minute is for the containers' start and the database.
        settings = self._settings
        longest_ms = MOST_WALL * (settings.max_wall_ms + COMPILE_WALL_MS)
        return settings.max_submission_wall_s + longest_ms / 1000 + WAITING_SECONDS

    def _served(self) -> frozenset[str]:
        """The languages to claim for; none while the sandbox is not sound."""
        if self._suspect:
            self.promise(PROVING_SECONDS)
            self._languages = frozenset()
            if faults := check_sandbox(self._sandbox):
                log.error("sandbox_unsound", faults=faults)
                meters.fault("selftest")
                return self._languages
            self._suspect = False
            meters.sound(True)
            self._probes.forget()
        if not self._languages:
            # Asked once and not for each claim: the sandbox asks the engine for every image (15 ms).
            try:
                self._languages = frozenset(self._sandbox.languages())
            except SandboxUnavailable as error:
                log.error("sandbox_unavailable", error=str(error))
                self._distrust("sandbox")
        return self._languages

    def _claim(self, languages: frozenset[str]) -> GradingTask | None:
        with self._database.transaction() as session:
            return submissions.claim_next_run(
                session,
                languages=languages,
                worker=self._name,
                lease_seconds=self._settings.lease_seconds,
                max_attempts=self._settings.max_attempts,
                bounds=self._bounds,
            )

    def _work(self, task: GradingTask) -> bool:
        """Whether the run was graded and recorded. Hands it back if not; raises only what ends the worker. Every line
        that is logged meanwhile names the run.
        """
        with bound_contextvars(
            run=str(task.run_id),
            submission=str(task.submission_id),
            attempt=task.attempt,
            language=task.language,
            worker=self._name,
        ):
            log.info("run_claimed")
            return self._grade_and_record(task)

    def _grade_and_record(self, task: GradingTask) -> bool:
        try:
            with meters.watch(task) as watch, self._renewed_lease(task):
                started = time.monotonic()
                with self._told(task) as told:
                    result = self._grade(task, told)
                    watch.has_graded()
                    kept = self._record(task, result)
                    watch.has_recorded(result, kept)
                    if kept and told is not None:
                        told.done(result)
                seconds = round(time.monotonic() - started, 3)
                log.info("run_graded", status=result.status, score=result.score, seconds=seconds, kept=kept)
                return kept
        except _Spoiled as spoiled:
            log.error("sandbox_unavailable", error=spoiled.reason, sandbox=spoiled.fault or "sound")
            self._hand_back(task, reason=spoiled.reason, counts_attempt=spoiled.fault is None)
        except Unavailable as error:
            meters.fault("recording")
            log.error("grade_not_recorded", error=str(error))  # nor would handing back be: the lease expires
        except Exception as error:
            meters.fault("grading")
            log.exception("grading_failed")
            self._hand_back(task, reason=repr(error), counts_attempt=True)
        except BaseException:
            self._hand_back(task, reason="the worker was told to stop", counts_attempt=False)
            raise
        return False

    def _grade(self, task: GradingTask, told: TellsRun | None) -> Grade:
        try:
            result = grade_task(task, self._sandbox, self._settings, self._machine_speed, told)
        except SandboxUnavailable as error:
            self._distrust("sandbox")
            raise _Spoiled(str(error), self._probes.fault_of(task.language)) from error
        self._probes.note(task.language)
        return result

    def _record(self, task: GradingTask, result: Grade) -> bool:
        for pause in _PAUSES:
            try:
                return self._record_once(task, result)
            except Unavailable:
                time.sleep(pause)  # the work is done and the lease is being renewed: worth another try
        return self._record_once(task, result)

    def _record_once(self, task: GradingTask, result: Grade) -> bool:
        with self._database.transaction() as session:
            return submissions.record_grade(session, task, result)

    def _hand_back(self, task: GradingTask, *, reason: str, counts_attempt: bool) -> None:
        """Gives the run to others; ``counts_attempt`` if the platform spoiled it."""
        try:
            with self._database.transaction() as session:
                held = submissions.release_run(
                    session,
                    task.run_id,
                    task.attempt,
                    reason=reason,
                    counts_attempt=counts_attempt,
                    max_attempts=self._settings.max_attempts,
                )
            if not held:
                meters.lease_lost()
        except CodezestError as error:
            log.error("run_not_handed_back", error=str(error))  # its lease will expire

    @contextmanager
    def _told(self, task: GradingTask) -> Iterator[TellsRun | None]:
        # Nobody is shown that a preview is at work.
        told = self._telling.begin(task) if self._telling is not None and not task.preview else None
        try:
            yield told
        finally:
            if told is not None:
                told.over()

    @contextmanager
    def _renewed_lease(self, task: GradingTask) -> Iterator[None]:
        over = threading.Event()
        # With the names that are bound for the log: a thread begins without.
        names = copy_context()
        thread = threading.Thread(target=names.run, args=(self._renew, task, over), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _renew(self, task: GradingTask, over: threading.Event) -> None:
        seconds = self._settings.lease_seconds
        while not over.wait(seconds / 3):
            try:
                with self._database.transaction() as session:
                    if not submissions.renew_lease(session, task.run_id, task.attempt, seconds):
                        log.warning("lease_lost")
                        return
            except CodezestError as error:
                log.warning("lease_not_renewed", error=str(error))


_grader: Grader | None = None


def serve(grader: Grader | None) -> None:
    """Makes ``grader`` the one that bells of this process reach; None: nobody hears them."""
    global _grader
    _grader = grader


def grade_next() -> None:
    """What RQ calls for each bell. Takes nothing: what there is to do stands in the database."""
    if _grader is None:
        raise RuntimeError("no grader serves this process: bells are heard by `codezest worker`")
    _grader.grade_pending()
