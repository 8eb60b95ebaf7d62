"""Numbers from the database for metrics, so cached that nobody can make the database work by asking for them.

The endpoint is public and several may ask at once. Of one process, at most one look at the database is under way, and
no two begin within `FRESH_SECONDS`; who asks meanwhile gets what was found before. A look that counts whole tables is
paid by its own cost: it is repeated after a minute, but never before a hundred times as long as it took.
"""

import threading
import time
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from api.core.database import Database
from api.core.errors import CodezestError
from api.core.metrics import Family, told

FRESH_SECONDS = 5.0
TOTALS_SECONDS = 60.0
_COST = 100

_UP = told("codezest_database_up", "1 if the database answered the last look for these metrics, else 0")

Look = Callable[[Session], Sequence[Family]]


class Figures:
    """What ``cheap`` and ``totals`` find in ``database``. ``clock`` gives seconds."""

    def __init__(
        self, database: Database, cheap: Look, totals: Look, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._cheap, self._totals, self._clock = database, cheap, totals, clock
        self._lock = threading.Lock()
        self._found: Sequence[Family] | None = None
        self._counted: Sequence[Family] = ()
        self._next = self._next_totals = 0.0

    def families(self) -> Sequence[Family]:
        """The numbers, a few seconds old at most; a database that does not answer is told as one number, 0. Blocks for
        the database."""
        if self._found is not None and self._clock() < self._next:
            return self._found
        # Only the first look of all is waited for.
        if not self._lock.acquire(blocking=self._found is None):
            return self._found or ()
        try:
            if self._found is None or self._clock() >= self._next:
                self._found = self._look()
                self._next = self._clock() + FRESH_SECONDS
            return self._found
        finally:
            self._lock.release()

    def _look(self) -> Sequence[Family]:
        try:
            with self._database.transaction() as session:
                found = self._cheap(session)
                started = self._clock()
                if started >= self._next_totals:
                    self._counted = self._totals(session)
                    took = self._clock() - started
                    self._next_totals = self._clock() + max(TOTALS_SECONDS, _COST * took)
        except CodezestError:
            return [_UP.family((0,))]
        return [_UP.family((1,)), *found, *self._counted]
