"""Sends what the outbox holds: claim, send, record, each in a transaction of its own and none while sending.

Any number of deliverers may run side by side. In one, a few threads send at once, and never two to one endpoint.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from api.core.clock import now
from api.core.database import Database
from api.core.errors import CodezestError
from api.core.settings import Settings
from api.webhooks.events import body_of
from api.webhooks.outbox import Claim, claim_next, purge, record_answer
from api.webhooks.sending import Answer, Sender
from api.webhooks.signing import HEADER, NoKey, secret_of, sign

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

THREADS = 8
IDLE_SECONDS = 1.0
PURGE_EVERY = timedelta(hours=1)


class Deliverer:
    """What a process that delivers has. ``chance`` gives numbers from 0 to 1, for the spread of delays."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        sender: Sender | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        key = settings.webhook_secret_key
        self._database, self._settings, self._chance = database, settings, chance
        self._key = None if key is None else key.get_secret_value()
        self._sender = sender or Sender(
            timeout=settings.webhook_timeout_s,
            insecure_hosts=settings.webhook_insecure_hosts,
            ca_file=settings.webhook_ca_file,
        )
        self._purged_at: datetime | None = None

    def deliver_once(self) -> str | None:
        """Makes one try; how the delivery stands then (``LOST``: another deliverer has it), or None: nothing is due.

        Raises:
            Unavailable: the database did not answer; what was sent is sent again.
        """
        claim = self._claim()
        return None if claim is None else self._deliver(claim)

    def deliver_all(self) -> dict[str, int]:
        """Tries all that is due now; how many tries ended how."""
        counted: Counter[str] = Counter()
        while (outcome := self.deliver_once()) is not None:
            counted[outcome.lower()] += 1
        self.purge()
        return dict(counted)

    def run_until(self, stop: threading.Event, on_turn: Callable[[], object] = lambda: None) -> None:
        """Delivers until ``stop`` is set, then waits for what is being sent. What goes wrong is logged.

        ``on_turn`` is called at each turn of the loop, every second at least.
        """
        free = threading.Semaphore(THREADS)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="webhook") as pool:
            while not stop.is_set():
                on_turn()
                if not free.acquire(timeout=IDLE_SECONDS):
                    continue
                claim = _logged(self._claim)
                if claim is None:
                    free.release()
                    _logged(self._purge_when_due)
                    stop.wait(IDLE_SECONDS)
                    continue
                work = pool.submit(_logged, lambda claim=claim: self._deliver(claim))
                work.add_done_callback(lambda _: free.release())

    def purge(self) -> None:
        """Throws away what is older than it is kept."""
        gone = True
        while gone:
            with self._database.transaction() as session:
                gone = purge(session, keep_days=self._settings.webhook_log_days)
        self._purged_at = now()

    def _purge_when_due(self) -> None:
        if self._purged_at is None or now() - self._purged_at >= PURGE_EVERY:
            self.purge()

    def _claim(self) -> Claim | None:
        with self._database.transaction() as session:
            return claim_next(session)

    def _deliver(self, claim: Claim) -> str:
        answer = self._send(claim)
        with self._database.transaction() as session:
            status = record_answer(
                session,
                claim,
                answer,
                disable_days=self._settings.webhook_disable_days,
                chance=self._chance,
            )
        # No URL: its path may be a receiver's password.
        log.info(
            "webhook_tried",
            delivery=str(claim.delivery_id),
            endpoint=str(claim.endpoint_id),
            attempt=claim.attempt,
            status_code=answer.status_code,
            error=answer.error,
            duration_ms=answer.duration_ms,
        )
        return status or "LOST"

    def _send(self, claim: Claim) -> Answer:
        body = body_of(claim.event_id, claim.event_type, claim.created_at, claim.payload)
        try:
            secret = secret_of(claim.endpoint_id, claim.secret, claim.secret_number, self._key)
        except NoKey:
            log.error(
                "webhook_without_key", cure="set CODEZEST_WEBHOOK_SECRET_KEY as it was, or rotate secrets"
            )
            return Answer(None, "the platform could not sign the request", None, 0, None)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "CodeZest-Webhook/1",
            "CodeZest-Event": claim.event_type,
            "CodeZest-Delivery": str(claim.delivery_id),
            HEADER: sign(secret, now(), body),
        }
        return self._sender.post(claim.url, headers, body)


def _logged(work: Callable[[], Result]) -> Result | None:
    try:
        return work()
    except CodezestError as error:
        log.warning("not_delivered", error=str(error))
    except Exception:
        log.exception("not_delivered")
    return None
