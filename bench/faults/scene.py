"""One strike: submissions in flight, the moment at which they are caught, and what came of it."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

from api.core.clock import now
from api.core.errors import CodezestError
from bench.faults import judging
from bench.faults.judging import Judgement
from bench.faults.servers import await_true
from bench.faults.stack import Hold, Stack
from bench.faults.work import Sent

SENDERS = 8
_HOLD_SECONDS = 6.0
#: A run that was claimed so lately has most of its program before it.
_FRESH_SECONDS = 0.15
MOMENTS = ("before-claim", "running", "recording")


class NotCaught(Exception):
    """The moment did not come: everything was done before."""


@dataclass
class Scene:
    """What a fault may look at: the installation, the worker that was caught, the runs at work just then.

    ``late``: one in so many submissions is sent after the strike. ``outage``: seconds that something is away.
    ``keeps``: processes that the fault has stopped and will let go on itself.
    """

    stack: Stack
    moment: str
    outage: float
    late: int = 10
    victim: int = 0
    struck: list[UUID] = field(default_factory=list)
    keeps: set[int] = field(default_factory=set)
    sent: list[Sent] = field(default_factory=list)

    @property
    def users(self) -> list[UUID]:
        return list({one.user_id for one in self.sent})

    def running(self) -> dict[UUID, str]:
        return judging.running(self.stack.database, self.users)


Strike = Callable[[Scene], Generator[None, None, None]]
"""Up to its first ``yield`` it strikes; after that it waits and mends. The moment is over at the ``yield``."""


@dataclass
class Outcome:
    """What one strike came to; times in seconds. ``recovery`` counts from the end of the fault, ``since_strike`` from
    its beginning. ``slowest``: how long the slowest submit took, tries included."""

    struck: int
    recovery: float | None
    since_strike: float | None
    done: float
    slowest: float
    judgement: Judgement


def play(scene: Scene, strike: Strike, submissions: int, seed: int) -> Outcome:
    """Sends, catches the moment, strikes, waits until all is done, and judges. Some are sent after the strike.

    Raises:
        NotCaught: the moment did not come.
        RuntimeError: a submission was refused, or the installation did not become well again.
    """
    stack = scene.stack
    stack.await_sound()
    scene.sent = stack.course.class_of(submissions, seed)
    late = max(1, submissions // scene.late)
    with ThreadPoolExecutor(SENDERS) as senders, closing(strike(scene)) as steps:
        began = time.monotonic()
        with _caught(scene, lambda: _send(senders, scene, scene.sent[:-late])):
            next(steps)
            hit = now()
        coming = _send_later(senders, scene, scene.sent[-late:])
        for _ in steps:
            pass
        over = now()
        for one in coming:
            one.result()
    users = scene.users
    with suppress(RuntimeError):  # what is open then is lost, and will be called so
        await_true("the end of all runs", lambda: _none_open(stack, users), stack.patience)
    done = time.monotonic() - began
    stack.await_sound()
    return Outcome(
        len(scene.struck),
        judging.recovery(stack.database, users, scene.struck, over),
        judging.recovery(stack.database, users, scene.struck, hit),
        done,
        max(one.seconds for one in scene.sent),
        judging.judge(stack.database, stack.client, stack.course.module_id, scene.sent),
    )


def _none_open(stack: Stack, users: Sequence[UUID]) -> bool:
    time.sleep(0.2)
    try:
        return judging.open_runs(stack.database, users) == 0
    except CodezestError:
        return False


def _send(senders: ThreadPoolExecutor, scene: Scene, sent: Sequence[Sent]) -> None:
    for one in _send_later(senders, scene, sent):
        one.result()


def _send_later(senders: ThreadPoolExecutor, scene: Scene, sent: Sequence[Sent]) -> list["Future[None]"]:
    return [senders.submit(scene.stack.client.send, one) for one in sent]


@contextmanager
def _caught(scene: Scene, send: Callable[[], None]) -> Iterator[None]:
    """The moment, for as long as the block lasts."""
    moments = {"before-claim": _before_claim, "running": _running, "recording": _recording}
    with ExitStack() as stack:
        moments[scene.moment](scene, send, stack)
        yield
    # What was stopped to catch the moment goes on here, unless the fault keeps it.


def _before_claim(scene: Scene, send: Callable[[], None], stack: ExitStack) -> None:
    """All workers are stopped before anything is sent, and go on once the fault has struck."""
    pids = scene.stack.worker_pids()
    _freeze(scene, pids, stack)
    scene.victim = pids[0]
    send()
    if found := scene.running():
        raise NotCaught(f"{len(found)} runs at work before any claim")


def _running(scene: Scene, send: Callable[[], None], stack: ExitStack) -> None:
    """A worker is stopped while its run is RUNNING and it waits for the program."""
    send()
    await_true("a run at work", lambda: _stop_at_work(scene, stack), scene.stack.patience)


def _stop_at_work(scene: Scene, stack: ExitStack) -> bool:
    fresh = judging.running(scene.stack.database, scene.users, for_less_than=_FRESH_SECONDS)
    for worker in fresh.values():
        pid = scene.stack.worker_of(worker)
        if pid is None:
            continue
        own = ExitStack()
        _freeze(scene, [pid], own)
        found = scene.running()
        # Stopped it cannot end the run, so what is seen now holds until the fault has struck.
        if worker in found.values() and not scene.stack.is_writing(pid):
            scene.victim, scene.struck = pid, list(found)
            stack.push(own)
            return True
        own.close()
    return False


def _recording(scene: Scene, send: Callable[[], None], stack: ExitStack) -> None:
    """A lock of ours keeps grades from being written; a worker with a run stands before it."""
    send()
    await_true("a worker that records", lambda: _stop_recording(scene, stack), scene.stack.patience)


def _stop_recording(scene: Scene, stack: ExitStack) -> bool:
    hold = scene.stack.hold_recording()
    deadline = time.monotonic() + _HOLD_SECONDS
    while time.monotonic() < deadline:
        waiting = scene.stack.waiting(hold)
        found = scene.running()
        at_work = {scene.stack.worker_of(worker) for worker in found.values()}
        if caught := sorted(pid for pid in waiting if pid in at_work):
            scene.victim, scene.struck = caught[0], list(found)
            stack.callback(_let_go, hold)
            return True
        time.sleep(0.02)
    _let_go(hold)
    return False


def _let_go(hold: Hold) -> None:
    with suppress(Exception):  # its server may be what was struck
        hold.release()


def _freeze(scene: Scene, pids: Sequence[int], stack: ExitStack) -> None:
    stack.callback(lambda: [scene.stack.resume(pid) for pid in pids if pid not in scene.keeps])
    for pid in pids:
        scene.stack.stop(pid)
