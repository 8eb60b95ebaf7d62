"""Telling those who watch how far a run has come, without ever being in the way of grading.

The thread that grades only notes what happened; that takes about a microsecond. A thread of its own asks Redis, many
notes at a time, whether anybody watches, and tells only then; who begins to watch in the middle of a run is told it
from its beginning. A Redis that does not answer is left alone for a while, and then gets all that it missed of the
runs still at work. What could not be told at all, clients get from the database by way of the API: see `live.hub`.
"""

import contextlib
import threading
from collections.abc import Callable

import structlog

from api.core.errors import Unavailable
from api.core.events import Teller
from api.learning.submissions.grade import CaseGrade, Grade, GradingTask
from api.learning.submissions.live import events
from api.learning.submissions.live.events import Event

log = structlog.get_logger(__name__)

BATCH_SECONDS = 0.05
"""What happens within this time is told together. It also blurs when exactly a case has ended."""

LOOK_SECONDS = 0.5
"""How long a run may go on before it is noticed that somebody has begun to watch."""

PAUSE_SECONDS = 10.0
"""For this long a Redis that failed is left alone."""

MOST_EVENTS = 2000
"""Of one attempt; cases beyond are not told as they end, but all together when the run is done."""

MOST_RUNS = 100
"""Runs whose end is still to be told, of one worker; beyond, the oldest are forgotten."""


class TellsRun:
    """One attempt, as the grading thread sees it. Nothing here raises, and nothing waits."""

    def __init__(self, task: GradingTask, news: threading.Event) -> None:
        self.topic = str(task.run_id)
        self._number, self._attempt = task.run_number, task.attempt
        self._max_score = task.max_score
        self._news = news
        self._is_compiled = False
        self._notes: list[Callable[[], Event]] = []
        self._note(lambda: events.running(self._number, self._attempt))
        self.told = 0  # of the notes; 0 also where it is to be told anew
        self.is_over = False

    def compiled(self) -> None:
        """The program is ready to run."""
        if not self._is_compiled:
            self._is_compiled = True
            self._note(lambda: events.compiled(self._number, self._attempt))

    def judged(self, index: int, case: CaseGrade) -> None:
        """A case was judged; the cases come in suite order."""
        self.compiled()
        self._note(lambda: events.case_told(self._number, self._attempt, index, case))

    def done(self, grade: Grade) -> None:
        """The grade is recorded."""
        result = events.Done(grade.status, grade.reason, grade.score, self._max_score)
        self._note(lambda: events.done(self._number, self._attempt, result, len(grade.cases)), is_last=True)

    def over(self) -> None:
        """Nothing more comes of this attempt, whether it is done or was given back."""
        self.is_over = True
        self._news.set()

    def messages(self) -> list[bytes]:
        """Everything so far, as it crosses Redis. For the telling thread."""
        return [events.encode(note()) for note in self._notes[:]]

    @property
    def count(self) -> int:
        """How many messages there are."""
        return len(self._notes)

    def _note(self, note: Callable[[], Event], *, is_last: bool = False) -> None:
        if is_last or len(self._notes) < MOST_EVENTS:
            self._notes.append(note)
            self._news.set()


class Telling:
    """The telling thread of one worker process. ``teller`` must not be used by others: it may hang."""

    def __init__(
        self,
        teller: Teller,
        *,
        batch_seconds: float = BATCH_SECONDS,
        look_seconds: float = LOOK_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._teller = teller
        self._batch_seconds, self._look_seconds, self._pause_seconds = (
            batch_seconds,
            look_seconds,
            pause_seconds,
        )
        self._news, self._closed = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._runs: list[TellsRun] = []
        self._thread = threading.Thread(target=self._tell, name="telling", daemon=True)
        self._thread.start()

    def begin(self, task: GradingTask) -> TellsRun:
        """An attempt begins."""
        run = TellsRun(task, self._news)
        with self._lock:
            self._runs = [*self._runs[-MOST_RUNS:], run]
        return run

    def close(self) -> None:
        """Tells what is left, if that takes no longer than a second, and ends the thread."""
        self._closed.set()
        self._news.set()
        self._thread.join(timeout=1.0)

    def _tell(self) -> None:
        while not self._closed.is_set():
            self._news.wait(self._look_seconds if self._runs else None)
            self._news.clear()
            pause = self._batch_seconds
            try:
                self._tell_all()
            except Unavailable as error:
                log.warning("live_events_not_told", error=str(error))
                pause = self._pause_seconds
            except Exception:
                log.exception("live_events_not_told")
            self._closed.wait(pause)
        with contextlib.suppress(Unavailable):
            self._tell_all()  # what was noted during the last pause

    def _tell_all(self) -> None:
        with self._lock:
            runs = self._runs
        ended = {
            id(run) for run in runs if run.is_over
        }  # before it is told: what is noted later comes next time
        try:
            watched = self._teller.watched([run.topic for run in runs])
            for run in runs:
                # Who was there may come back for the rest.
                if run.told or run.topic in watched:
                    self._tell_run(run)
        except Unavailable:
            for run in runs:
                run.told = 0
            raise
        finally:
            with self._lock:
                self._runs = [run for run in self._runs if id(run) not in ended]

    def _tell_run(self, run: TellsRun) -> None:
        if run.count == run.told:
            return
        messages = run.messages()
        whole = not run.told or not self._teller.append(run.topic, messages[run.told :], before=run.told)
        if whole:
            self._teller.append(run.topic, messages, before=-1)
        run.told = len(messages)
