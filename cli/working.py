"""Runs graders and sweepers in the foreground."""

import signal
import socket
import threading
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

import structlog
from structlog.contextvars import bind_contextvars

from api.core.errors import Invalid
from api.core.events import Teller
from api.core.queue import connect
from api.core.settings import export, get_settings
from cli.exposing import exposed
from cli.output import say
from cli.processes import Child, Supervisor, end_with_supervisor
from cli.services import services
from grader import meters
from grader.calibration import machine_speed
from grader.heartbeat import heartbeat
from grader.jobs import Grader
from grader.open_sandbox import open_sandbox
from grader.runtimes import RuntimeReporter
from grader.sandbox import SandboxUnavailable
from grader.selftest import prove
from grader.slots import machine_folder, take_slot
from grader.sweeper import sweep_once, sweep_until
from grader.telling import Telling
from grader.worker import GRACE_SECONDS, Worker, worker_name
from sandboxes.languages import languages as known_languages

log = structlog.get_logger(__name__)

#: Handing a run back and ending the sandbox come after the grace.
WORKER_STOP_SECONDS = GRACE_SECONDS + 10
#: A worker that is stopped or cut off while it records holds its learner's enrollment: not for longer than this.
IDLE_SECONDS = 8.0


def work(languages: Collection[str], *, slots: int, supervised: bool) -> None:
    """Grades until a signal says stop, in ``slots`` processes.

    ``languages``: only these; none: all that can be run here.

    Raises:
        Invalid: there is no such language.
        SandboxUnavailable: nothing can be run, or a language's self-test failed; the text says which.
        Unavailable: the embedded queue server does not start.
    """
    if supervised:
        end_with_supervisor()
    if unknown := sorted(set(languages) - set(known_languages())):
        raise Invalid(
            f"no such language: {', '.join(unknown)}; there are {', '.join(sorted(known_languages()))}"
        )
    if not supervised:  # a slot of many has been told by the one that started it
        export(worker_slots=slots)  # what re-grades leave free is reckoned from it
    if slots == 1:
        with exposed(get_settings()):
            _work_in_this_process(languages)
        return
    # Services are held for all of them: the embedded server must not end with the first that does.
    with services() as opened, exposed(opened.settings):
        supervisor = Supervisor(worker_children(slots, languages))
        supervisor.start()
        supervisor.run()


def worker_children(slots: int, languages: Collection[str] = ()) -> list[Child]:
    """The worker processes of a supervisor."""
    chosen = [word for language in languages for word in ("--language", language)]
    return [
        Child(
            f"worker-{number}", ["worker", "--slots", "1", *chosen], stage=1, stop_seconds=WORKER_STOP_SECONDS
        )
        for number in range(1, slots + 1)
    ]


def sweep(*, once: bool, supervised: bool) -> dict[str, int]:
    """Sweeps until a signal says stop, or once; what the last pass did and saw.

    Raises:
        Unavailable: the database did not answer, in the only pass.
    """
    if supervised:
        end_with_supervisor()
    with services() as opened:
        if once:
            return sweep_once(opened.database, opened.bell, opened.settings)._asdict()
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        with exposed(opened.settings), heartbeat(opened.settings.data_dir, "sweeper-0") as beat:
            sweep_until(stop, opened.database, opened.bell, opened.settings, beat)
        return {}


def _work_in_this_process(languages: Collection[str]) -> None:
    bind_contextvars(worker=worker_name())
    with take_slot() as slot, services(idle_seconds=IDLE_SECONDS) as opened:
        sandbox = open_sandbox(opened.settings, slot, frozenset(languages) or None)
        try:
            folder = machine_folder()
            if faults := prove(sandbox, folder):
                meters.fault("selftest")
                raise SandboxUnavailable("self-test failed: " + "; ".join(faults))
            served = sorted(sandbox.languages())
            meters.slot_opened()
            say(f"grading {', '.join(served)} in slot {slot}")
            telling = Telling(Teller(connect(opened.addresses.redis_url)))
            with heartbeat(opened.settings.data_dir, f"worker-{slot}") as beat, closing(telling):
                grader = Grader(
                    opened.database,
                    sandbox,
                    opened.bell,
                    opened.settings,
                    worker_name(),
                    reporter=RuntimeReporter(opened.database, sandbox, folder, socket.gethostname()),
                    machine_speed=_speed(folder),
                    heartbeat=beat,
                    telling=telling,
                )
                Worker(grader, opened.addresses.redis_url, worker_name(), get_settings().lease_seconds).run()
        finally:
            sandbox.close()


def _speed(folder: Path) -> float | None:
    speed = machine_speed(folder)
    if speed is None:
        log.info("machine_not_calibrated", cure="codezest sandboxes calibrate, then start the worker again")
    return speed
