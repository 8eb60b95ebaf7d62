"""Who watches which submission in this process: many clients, one Redis connection, and a few statements a second.

Theory of operation
-------------------
Events come through Redis as they happen, and a thousand clients of one run cost as much as one. Once a second, and
only while somebody watches, one transaction asks the database for all of them together: where those that wait stand in
the line, whether runs are where Redis says they are, and every few times whether the watchers' sessions still are
valid. So whatever Redis loses, each client gets its ``done`` a few seconds later from the rows, with all cases before
it: events have places that follow from the rows too, and nothing is told twice.

The look at the database must come after the subscription is confirmed: a run that ended before that is found by the
look, one that ends after it is told. Each new topic therefore asks for a look at its confirmation.

Everything but the look itself happens on the event loop; the look is a call in a thread.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from api.auth.queries import find_signed_in
from api.core.actor import Actor
from api.core.clock import now
from api.core.database import Database
from api.core.errors import RateLimited, Unavailable
from api.core.events import Listener
from api.learning.submissions.backlog import RecentBacklog, expected_wait_seconds
from api.learning.submissions.grade import RunStatus
from api.learning.submissions.live import reads
from api.learning.submissions.live.events import Event, Place, decode, queued, running
from api.learning.submissions.live.topic import Topic, Watcher

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks at the database; more where a look takes long: it never takes more than a tenth of the time."""

LOOKS_PER_CHECK = 5
"""Each so many looks are at everything, sessions included; those between are at what waits and what is new."""

RETRY_SECONDS = 5
_CANCEL_AGAIN_SECONDS = 0.1


class Limits(NamedTuple):
    """How many clients may watch at once, in this process."""

    watchers: int
    of_one_user: int


class _Look(NamedTuple):
    states: dict[UUID, reads.State]
    positions: dict[UUID, int]
    waits: dict[UUID, int]
    endings: dict[UUID, Sequence[Event]]
    signed_in: set[Actor]


class Hub:
    """The watchers of one process. Make it anywhere; use it on one event loop, between `start` and `stop`.

    ``redis_url`` None: the database alone is asked, each second.
    """

    def __init__(
        self,
        database: Database,
        redis_url: str | None,
        limits: Limits,
        recent: RecentBacklog,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._database, self._url, self._limits, self._recent = database, redis_url, limits, recent
        self._look_seconds = look_seconds
        self._topics: dict[UUID, Topic] = {}
        self._watchers: dict[Watcher, Topic | None] = {}
        self._of_user: Counter[UUID] = Counter()
        self._looks = 0
        self._listener: Listener | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begins to listen."""
        self._is_wanted = asyncio.Event()
        self._refills: set[asyncio.Task[None]] = set()
        if self._url is not None:
            self._listener = Listener(self._url, self._hear, self._confirm)
            self._tasks.append(asyncio.create_task(self._listener.run()))
        self._tasks.append(asyncio.create_task(self._look_again_and_again()))

    async def stop(self) -> None:
        """Ends all streams: their clients come back, and another process goes on where this one stopped."""
        for watcher in self._watchers:
            watcher.end()
        pending = {*self._tasks, *self._refills}
        while pending:  # the Redis client swallows a cancellation that comes together with data
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN_SECONDS)
        self._tasks.clear()

    async def watch(self, actor: Actor, submission_id: UUID, after: Place | None) -> Watcher:
        """A watcher of the submission, for `leave` when its client is gone. ``after``: the last event that it has.

        Raises:
            NotFound: no submission that ``actor`` may read.
            RateLimited: the account watches too many already (``too_many_streams``).
            Unavailable: this process serves too many (``too_many_streams``), or the database does not answer.
        """
        self._count_in(actor)
        watcher = Watcher(actor, after)
        self._watchers[watcher] = None
        try:
            subject = await asyncio.to_thread(self._find, actor, submission_id)
            if subject.run_id is None:
                watcher.offer(subject.events if after is not None else subject.events[-1:])
                watcher.end()
            else:
                await self._follow(watcher, subject.run_id, subject.number)
        except BaseException:
            await self.leave(watcher)
            raise
        return watcher

    async def _follow(self, watcher: Watcher, run_id: UUID, number: int) -> None:
        topic = self._topics.get(run_id)
        is_new = topic is None
        if topic is None:
            topic = self._topics[run_id] = Topic(run_id, number)
        self._watchers[watcher] = topic
        topic.join(watcher)
        self._is_wanted.set()
        if is_new and self._listener is not None:
            await self._listener.add(str(run_id))

    async def leave(self, watcher: Watcher) -> None:
        """Its client is gone. A second call does nothing."""
        if watcher not in self._watchers:
            return
        topic = self._watchers.pop(watcher)
        user_id = watcher.actor.user_id
        self._of_user[user_id] -= 1
        if not self._of_user[user_id]:
            del self._of_user[user_id]
        if topic is not None:
            topic.watchers.discard(watcher)
            await self._drop_if_unwatched(topic)

    @property
    def count(self) -> int:
        """How many clients watch."""
        return self._of_user.total()

    def _count_in(self, actor: Actor) -> None:
        if self._of_user[actor.user_id] >= self._limits.of_one_user:
            raise RateLimited(
                "you watch too many submissions at once; close a stream, or poll",
                retry_after=RETRY_SECONDS,
                code="too_many_streams",
            )
        if self.count >= self._limits.watchers:
            raise Unavailable(
                "too many streams are open; poll instead", retry_after=RETRY_SECONDS, code="too_many_streams"
            )
        self._of_user[actor.user_id] += 1

    def _find(self, actor: Actor, submission_id: UUID) -> reads.Subject:
        with self._database.transaction() as session:
            return reads.find_subject(session, actor, submission_id)

    async def _drop_if_unwatched(self, topic: Topic) -> None:
        if topic.watchers or self._topics.get(topic.run_id) is not topic:
            return
        del self._topics[topic.run_id]
        if not self._topics:
            self._is_wanted.clear()
        if self._listener is not None:
            await self._listener.drop(str(topic.run_id))

    # What Redis tells.

    def _hear(self, topic: str, messages: Sequence[bytes], *, is_log: bool) -> None:
        name, found = topic, self._topics.get(UUID(topic))
        events = [event for message in messages if (event := decode(message)) is not None]
        is_whole = found is None or found.feed(events)
        if not is_whole and not is_log and self._listener is not None:
            task = asyncio.create_task(self._listener.refill(name))
            self._refills.add(task)
            task.add_done_callback(self._refills.discard)

    def _confirm(self, name: str) -> None:
        if (topic := self._topics.get(UUID(name))) is not None:
            topic.needs_look = True

    # What the database tells.

    async def _look_again_and_again(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._is_wanted.wait()
            begun = loop.time()
            try:
                await self._look()
            except Unavailable:
                pass  # it has been logged, and the database comes back
            except Exception:
                log.exception(
                    "live_look_failed"
                )  # the next one may do better; without any, no stream would end
            await asyncio.sleep(max(self._look_seconds, 9 * (loop.time() - begun)))

    async def _look(self) -> None:
        is_check = self._looks % LOOKS_PER_CHECK == 0
        self._looks += 1
        hears = self._listener is not None and self._listener.is_connected
        topics = [
            topic
            for topic in self._topics.values()
            if not topic.is_over and (is_check or not hears or topic.needs_look or topic.is_queued)
        ]
        for topic in topics:
            topic.needs_look = False
        checked = [*self._watchers] if is_check else []
        if not topics and not checked:
            return
        sessions = {watcher.actor.session_id for watcher in checked}
        found = await asyncio.to_thread(self._read, [topic.run_id for topic in topics], sessions)
        for topic in topics:
            self._tell(topic, found)
        for watcher in checked:
            # The role too must be as it was: what an ADMIN may watch, a USER may not.
            if watcher.actor not in found.signed_in:
                watcher.end()

    def _read(self, run_ids: Collection[UUID], sessions: Collection[UUID]) -> _Look:
        with self._database.transaction() as session:
            found = reads.states(session, run_ids)
            over = [run_id for run_id, state in found.items() if state.is_over]
            waiting = [
                run_id
                for run_id, state in found.items()
                if state.status is RunStatus.PENDING and not state.is_over
            ]
            positions = reads.positions(session, waiting) if waiting else {}
            return _Look(
                states=found,
                positions=positions,
                waits=self._waits(session, positions),
                endings=reads.endings(session, over),
                signed_in=find_signed_in(session, sessions),
            )

    def _waits(self, session: Session, positions: dict[UUID, int]) -> dict[UUID, int]:
        if not positions:
            return {}
        state = self._recent.get(session)
        return {run_id: expected_wait_seconds(state, ahead) for run_id, ahead in positions.items()}

    def _tell(self, topic: Topic, found: _Look) -> None:
        state = found.states.get(topic.run_id)
        if state is None:  # the account was deleted, or the run with its submission
            for watcher in topic.watchers:
                watcher.end()
        elif topic.run_id in found.endings:
            topic.feed(found.endings[topic.run_id])
        elif topic.run_id in found.positions:
            waited = int((now() - state.queued_at).total_seconds() * 1000)
            position, wait = found.positions[topic.run_id], found.waits[topic.run_id]
            topic.wait(queued(state.number, state.attempt, waited, position, wait))
        elif state.status is RunStatus.RUNNING:
            topic.feed([running(state.number, state.attempt)])
