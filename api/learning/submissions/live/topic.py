"""What one process knows of one run that is watched, and who watches it. No input and no output.

Events come from several sides: Redis as they happen, Redis' log of those that have happened, the database. A topic
takes each once and in order, whoever brings it; a gap is not passed over, but reported, so that it can be filled from
the log or, in the end, from the database. It keeps the events of the attempt at work for those who come later.
"""

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID

from api.core.actor import Actor
from api.learning.submissions.live.events import RUNNING, Event, Place

BATCHES = 64
"""How many batches of events wait for a watcher at most; who does not fetch them in time is dropped, and may resume."""


class Watcher:
    """One client that listens. ``after`` is the place of the last event it has; None: it has none.

    A batch is a tuple of events; an empty one is the end.
    """

    def __init__(self, actor: Actor, after: Place | None) -> None:
        self.actor = actor
        self._after = after
        self._batches: asyncio.Queue[tuple[Event, ...]] = asyncio.Queue(BATCHES)
        self._was_offered = False
        self.is_over = False
        self.was_dropped = False

    def offer(self, events: Iterable[Event]) -> None:
        """Puts what this client has not seen where it will fetch it."""
        fresh = []
        for event in events:
            if not self.is_over and (self._after is None or event.place > self._after):
                fresh.append(event)
                self._after = event.place
        if not fresh:
            return
        self._was_offered = True
        if self._batches.full():
            self._batches = asyncio.Queue(BATCHES)  # none of it counts: it will be asked for again
            self.was_dropped = True
            self.end()
            return
        self._batches.put_nowait(tuple(fresh))

    def end(self) -> None:
        """Nothing more comes; what waits is still fetched."""
        if not self.is_over:
            self.is_over = True
            if not self._batches.full():
                self._batches.put_nowait(())

    @property
    def has_nothing(self) -> bool:
        """Whether it is over, and nothing was offered that its client lacks."""
        return self.is_over and not self._was_offered

    async def fetch(self, seconds: float) -> Sequence[Event] | None:
        """The next batch; empty at the end; None if there was none for ``seconds``."""
        if not self._batches.empty():
            return self._batches.get_nowait()
        if self.is_over:
            return ()
        try:
            return await asyncio.wait_for(self._batches.get(), seconds)
        except TimeoutError:
            return None  # also if it is over by now: what was put there meanwhile is fetched first


class Topic:
    """A run that is watched, ``number`` of its submission."""

    def __init__(self, run_id: UUID, number: int) -> None:
        self.run_id, self.number = run_id, number
        self.watchers: set[Watcher] = set()
        self.needs_look = True
        self.is_queued = False
        self._attempt = -1
        self._told: list[Event] = []
        self._waiting: Event | None = None

    @property
    def is_over(self) -> bool:
        """Whether ``done`` was told."""
        return bool(self._told) and self._told[-1].kind == "done"

    def join(self, watcher: Watcher) -> None:
        """From now on ``watcher`` hears all, and first what was missed."""
        self.watchers.add(watcher)
        if self._waiting is not None:
            watcher.offer([self._waiting])
        watcher.offer(self._told)
        if self.is_over:
            watcher.end()

    def feed(self, events: Iterable[Event]) -> bool:
        """Takes what is new of ``events``; False if something before them is missing."""
        whole, fresh = True, []
        for event in sorted(events, key=lambda event: event.place):
            if self._takes(event):
                fresh.append(event)
            else:
                whole = whole and not self._is_missed(event)
        if fresh:
            self.is_queued, self._waiting = False, None
            self._tell(fresh)
        return whole

    def wait(self, event: Event) -> None:
        """The run waits; told only if that differs from what was told last, and is not an old look at it."""
        if self._told and event.place < self._told[-1].place:
            return
        self.is_queued = True
        if self._waiting is None or self._waiting.data != event.data:
            self._waiting = event
            self._tell([event])

    def _takes(self, event: Event) -> bool:
        place = event.place
        if place.run != self.number or self.is_over:
            return False
        if place.attempt > self._attempt and place.step == RUNNING:
            self._attempt, self._told = place.attempt, [event]
            return True
        is_next = event.kind == "done" and len(self._told) >= event.before
        if place.attempt == self._attempt and (is_next or place.step == len(self._told)):
            self._told.append(event)
            return True
        return False

    def _is_missed(self, event: Event) -> bool:
        place = event.place
        if place.run != self.number or self.is_over or place.attempt < self._attempt:
            return False
        return place.attempt > self._attempt or place.step > len(self._told)

    def _tell(self, events: Sequence[Event]) -> None:
        for watcher in self.watchers:
            watcher.offer(events)
            if self.is_over:
                watcher.end()
