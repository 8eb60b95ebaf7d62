"""Whether one more submission is taken in: before disk or memory is at risk, and so that no account crowds out others.

Bounds of the platform answer 503, those of an account 429, both with the time after which to come back; nothing is
stored. They are bounds and no quotas: requests that are handled at the same moment do not see each other, and the
queue's length is known to the second, so each may be passed by a few.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.core.actor import Actor, is_admin
from api.core.errors import RateLimited, Unavailable
from api.core.rates import RateLimit
from api.core.settings import Settings
from api.learning.submissions.backlog import LONGEST_RETRY_SECONDS, RecentBacklog, expected_wait_seconds
from api.learning.submissions.grade import UNFINISHED
from api.learning.submissions.models import PRIORITY_LIVE, GradingRun

STORAGE_RETRY_SECONDS = 60
_MIB = 1024 * 1024


class Admission:
    """The bounds of one API process. ``free_bytes`` tells what is left of the disk the database is on; None: it is
    elsewhere, and looks after itself."""

    def __init__(
        self,
        settings: Settings,
        recent: RecentBacklog,
        rate: RateLimit,
        free_bytes: Callable[[], int] | None = None,
    ) -> None:
        self._settings, self._recent, self._rate, self._free_bytes = settings, recent, rate, free_bytes

    def admit(self, session: Session, actor: Actor) -> None:
        """Lets one more submission of ``actor`` in. An ADMIN is held to the platform's bounds only.

        Raises:
            Unavailable: ``storage_low`` or ``queue_full``.
            RateLimited: ``too_many_open`` or ``rate_limited``.
        """
        self._check_storage()
        self._check_queue(session)
        if not is_admin(actor):
            self._check_open(session, actor)
            self._rate.take(str(actor.user_id))
        self._recent.note_added()

    def _check_storage(self) -> None:
        if self._free_bytes is not None and self._free_bytes() < self._settings.min_free_mib * _MIB:
            raise Unavailable(
                "the platform's disk is nearly full; nothing was stored",
                retry_after=STORAGE_RETRY_SECONDS,
                code="storage_low",
            )

    def _check_queue(self, session: Session) -> None:
        state = self._recent.get(session)
        if state.live < self._settings.max_queued:
            return
        surplus = state.live - self._settings.max_queued
        raise Unavailable(
            "too many submissions wait to be graded; nothing was stored, send it again later",
            retry_after=min(expected_wait_seconds(state, surplus), LONGEST_RETRY_SECONDS),
            code="queue_full",
        )

    def _check_open(self, session: Session, actor: Actor) -> None:
        limit = self._settings.max_open_submissions
        # Two equalities for the index (user_id, status), and never the finished ones, which are many.
        open_runs = select(func.count()).where(
            GradingRun.user_id == actor.user_id,
            GradingRun.status.in_(UNFINISHED),
            GradingRun.priority == PRIORITY_LIVE,
        )
        if limit and (session.scalar(open_runs) or 0) >= limit:
            state = self._recent.get(session)
            raise RateLimited(
                f"{limit} of your submissions are not graded yet; wait until some are",
                retry_after=min(expected_wait_seconds(state, 0), LONGEST_RETRY_SECONDS),
                code="too_many_open",
            )


def free_bytes_of(folder: Path) -> int:
    """What is left of the disk that ``folder`` is on, or will be once it is made."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
