"""Warm runners of one grader slot, and how a submission is spread over them.

Theory of operation
-------------------
A *lane* is a runner with its stream: a container, or a local process. A slot has one lane it works in, and further
ones that it may use while other cores of this machine stand idle (`cores.py`). The first lane compiles; what the
compiler made is handed to the others, and from then on all take cases from one board (`board.py`) until none is left.
One runner never runs two programs at once: what a container has used is what its one program has used.

Lanes are started at first use and kept. The first is waited for; a further one is started in the background and joins
when it is ready, so nobody waits for it. A lane that shows any fault is thrown away: the first takes the submission's
grading with it, for then nothing can be said of the program; of a further one the cases go back on the board.

``single_use``: no lane serves two submissions. It is thrown away after the first, and its successor is made while
nobody waits.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace

import structlog

from grader import meters
from grader.board import Board
from grader.compile_cache import CompileCache, Made, key_of
from grader.cores import Cores
from grader.lane import Lane
from grader.sandbox import OnCase, OnReady, SandboxUnavailable
from grader.spread import Spread, work
from sandboxes.languages import languages
from sandboxes.protocol import RunReport, RunRequest

log = structlog.get_logger(__name__)

#: A runner is replaced after so many submissions, whatever they were.
RUNS_PER_LANE = 500


_Key = tuple[str, int]
StartLane = Callable[[str, int], Lane]
"""Starts a lane for a language; the number tells the lanes of a slot apart. Raises SandboxUnavailable."""


class Lanes:
    """The lanes of one slot.

    ``width`` is how many one submission may use, ``most`` how many there may be at once, for all languages together.
    ``shared``: one lane serves all languages. Its methods are called by one thread at a time.
    """

    def __init__(
        self,
        start: StartLane,
        *,
        cores: Cores | None = None,
        cache: CompileCache | None = None,
        width: int = 1,
        most: int = 16,
        single_use: bool = False,
        shared: bool = False,
    ) -> None:
        self._start, self._cores, self._cache = start, cores, cache
        self.width = min(width, most) if cores is not None else 1
        self._most, self._single_use, self._shared = most, single_use, shared
        self._lock = threading.Lock()
        self._parked: dict[_Key, Lane] = {}  # the longest unused first
        self._used: dict[_Key, Lane | None] = {}  # None: it is being started
        self._coming: dict[_Key, Future[None]] = {}
        self._helping: dict[int, Future[None]] = {}
        self._closed = False
        self._threads = self._new_threads()

    def _new_threads(self) -> ThreadPoolExecutor:
        # Enough for every further lane and for as many that are being made ahead, so that none waits for another.
        return ThreadPoolExecutor(max_workers=2 * self.width, thread_name_prefix="lane")

    def idle_languages(self) -> list[str]:
        """The languages with a warm lane that waits for work."""
        with self._lock:
            return sorted({language for language, number in self._parked if number == 0})

    def run(self, request: RunRequest, on_case: OnCase | None, on_ready: OnReady | None = None) -> RunReport:
        """See `grader.sandbox.Sandbox.run`; ``isolation`` is left to the caller."""
        if request.language not in languages():
            raise SandboxUnavailable(f"no language {request.language!r} is known here")
        at_work = self._cores.at_work() if self._cores else contextlib.nullcontext()
        with at_work, self.taken(request.language, 0) as lane:
            lane.runs += not request.is_of_ours
            try:
                return replace(Spread(self, request, lane, on_case, on_ready).run(), image=lane.image)
            except BaseException:
                self._end_further_lanes()
                raise

    def close(self) -> None:
        """Ends every lane, those at work too. Calling it twice is fine, and so is using it again afterwards."""
        with self._lock:
            self._closed = True
            lanes = [lane for lane in self._used.values() if lane is not None]
        for lane in lanes:
            lane.runner.close()
        self._threads.shutdown(wait=True)
        for (language, _), lane in self._parked.items():
            meters.lane_ended(language, "stopped")
            lane.runner.close()
        self._parked.clear()
        self._coming.clear()
        self._helping.clear()
        self._threads = self._new_threads()
        self._closed = False

    # What a submission asks of its slot.

    def known(self, request: RunRequest, lane: Lane) -> tuple[str, Made | None]:
        """The request's key in the compile cache, empty if there is none, and what the cache knows."""
        language = languages().get(request.language)
        if self._cache is None or language is None or not language.compile or request.is_of_ours:
            return "", None
        key = key_of(request, language, lane.build)
        made = self._cache.find(key)
        meters.looked_into_cache(request.language, made is not None)
        return key, made

    def keep(self, key: str, made: Made) -> None:
        """Keeps what a compilation came to."""
        if self._cache is not None and key:
            self._cache.keep(key, made)

    @property
    def sharing(self) -> int:
        """Among how many lanes what is left is to be shared out; 1 if no other can come now."""
        if self.width < 2 or self._cores is None:
            return 1
        helped = any(not helper.done() for helper in self._helping.values())
        return self.width if helped or self._cores.are_free else 1

    def widen(self, request: RunRequest, board: Board) -> None:
        """Has further lanes join in, as far as there are cores; returns at once."""
        for number in range(1, self.width):
            before = self._helping.get(number)
            is_free = (before is None or before.done()) and number not in board.without
            if is_free and self._cores is not None and self._cores.are_free:
                # With the names that are bound for the log: a thread begins without.
                names = copy_context()
                self._helping[number] = self._threads.submit(names.run, self._help, number, request, board)

    def _help(self, number: int, request: RunRequest, board: Board) -> None:
        assert self._cores is not None
        meters.look_away()
        core = self._cores.borrow()
        if core is None:
            return
        try:
            with self.taken(request.language, number) as lane:
                lane.runs += 1
                work(lane, request, board, self.width, go_on=self._core_can_be_spared)
        except SandboxUnavailable as error:
            board.without.add(number)
            if not self._closed:
                meters.fault("lane")
                log.warning("lane_lost", number=number, language=request.language, error=str(error))
        finally:
            self._cores.give_back(core)

    def _end_further_lanes(self) -> None:
        # Nobody wants what they are at any more, and it may take long.
        with self._lock:
            lanes = [lane for (_, number), lane in self._used.items() if number and lane is not None]
        for lane in lanes:
            lane.runner.close()

    def _core_can_be_spared(self) -> bool:
        return not self._closed and self._cores is not None and not self._cores.are_crowded

    # Keeping lanes.

    @contextlib.contextmanager
    def taken(self, language: str, number: int) -> Iterator[Lane]:
        """A lane for the block. It is parked afterwards, if all went well and it is good for more.

        Raises:
            SandboxUnavailable: none could be started.
        """
        key = ("" if self._shared else language, number)
        lane = self._take(key, language)
        try:
            yield lane
        except BaseException:
            # Whatever it was, the stream is in an unknown state now.
            self._let_go(key, lane, "stopped" if self._closed else "fault")
            raise
        lane.holds = None
        spent = lane.runs >= (1 if self._single_use else RUNS_PER_LANE)
        if spent or lane.link.worn or self._closed:
            self._let_go(key, lane, "stopped" if self._closed else "spent")
            self._make_ahead(key, language)
        else:
            with self._lock:
                del self._used[key]
                self._parked[key] = lane

    def _take(self, key: _Key, language: str) -> Lane:
        with self._lock:
            coming = self._coming.get(key)
        if coming is not None:
            coming.result()
        with self._lock:
            lane = self._used[key] = self._parked.pop(key, None)
        if lane is not None:
            return lane
        try:
            self._make_room()
            lane = self._start(language, key[1])
        except BaseException:
            with self._lock:
                del self._used[key]
            raise
        meters.lane_started(key[0])
        with self._lock:
            self._used[key] = lane
        return lane

    def _let_go(self, key: _Key, lane: Lane, why: str) -> None:
        meters.lane_ended(key[0], why)
        with self._lock:
            del self._used[key]
        lane.runner.close()

    def _make_ahead(self, key: _Key, language: str) -> None:
        """Has the successor of a lane started while nobody waits for it, if there is room for one more."""
        with self._lock:
            if not self._single_use or self._closed or self._count() >= self._most:
                return
            self._coming[key] = self._threads.submit(self._come, key, language)

    def _come(self, key: _Key, language: str) -> None:
        lane = None
        try:
            lane = self._start(language, key[1])
        except SandboxUnavailable as error:
            log.warning("lane_not_started", language=language, error=str(error))
        with self._lock:
            self._coming.pop(key, None)
            if lane is not None:
                meters.lane_started(key[0])
                self._parked[key] = lane

    def _count(self) -> int:
        return len(self._parked) + len(self._coming) + len(self._used)

    def _make_room(self) -> None:
        """Ends lanes that have waited longest until there are no more than there may be."""
        while True:
            with self._lock:
                if self._count() <= self._most:
                    return
                key = next(iter(self._parked), None)
                surplus = self._parked.pop(key) if key is not None else None
                coming = next(iter(self._coming.values()), None)
            if surplus is not None and key is not None:
                meters.lane_ended(key[0], "room")
                surplus.runner.close()
            elif coming is not None:
                coming.result()
            else:
                raise SandboxUnavailable("as many sandboxes as are allowed are at work")
