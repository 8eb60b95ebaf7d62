"""Finds what was dropped: runs whose worker died, and runs whose bell was lost.

One pass is a few short transactions and a few bells. Any number of sweepers may run side by side; the database
decides who gets an expired run. Bells are rung only as far as none are waiting: a long queue is no lost
queue.

It also does what goes on by itself with re-grade sets, in pieces: a pass that found a set of many thousands
to prepare must not keep runs waiting whose worker has died.
"""

import threading

import structlog

from api.core.database import Database
from api.core.errors import CodezestError
from api.core.queue import Bell
from api.core.settings import Settings
from api.learning.regrades import service as regrades
from api.learning.submissions import service as submissions
from grader import meters
from grader.heartbeat import WAITING_SECONDS, Heartbeat

log = structlog.get_logger(__name__)

SECONDS_BETWEEN_PASSES = 3.0
#: A worker that hears one bell goes on while there is work, so a few bells wake them all.
_MOST_BELLS = 32
_MOST_PIECES = 20


def sweep_once(database: Database, bell: Bell, settings: Settings) -> submissions.SweepReport:
    """One pass: takes back expired runs, rings for pending ones that nobody has looked at, and advances re-grade
    sets.

    Raises:
        Unavailable: the database did not answer.
    """
    with database.transaction() as session:
        swept = submissions.sweep(
            session, max_attempts=settings.max_attempts, bounds=submissions.bounds_of(settings)
        )
    wanted = min(swept.unheard, _MOST_BELLS)
    missing = wanted - bell.waiting() if wanted and bell.answers() else 0
    rung = sum(bell.ring() for _ in range(missing))
    meters.swept(swept.expired, rung)
    if swept.expired:
        log.warning("runs_taken_back", expired=swept.expired, given_up=swept.given_up)
    for _ in range(_MOST_PIECES):
        with database.transaction() as session:
            if not regrades.advance(session, bell):
                break
    return swept


def sweep_until(
    stop: threading.Event, database: Database, bell: Bell, settings: Settings, beat: Heartbeat | None = None
) -> None:
    """Passes until ``stop`` is set. What goes wrong in one pass is logged, and the next one tries again."""
    while not stop.is_set():
        if beat is not None:
            beat.promise(WAITING_SECONDS)
        try:
            sweep_once(database, bell, settings)
        except CodezestError as error:
            meters.not_swept()
            log.warning("not_swept", error=str(error))
        except Exception:
            meters.not_swept()
            log.exception("not_swept")
        stop.wait(SECONDS_BETWEEN_PASSES)
