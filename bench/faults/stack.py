"""An installation that can be struck: every process real, every service our own.

``embedded`` is what `codezest up` runs where nothing is configured: SQLite, the embedded Valkey, local boxes. ``full``
is what production runs: PostgreSQL, Redis, Docker. Processes are kept by the supervisor of `codezest up`; services of
the full stack are started again by the fault that struck them, a moment later, as an operator's supervisor would.
"""

import os
import signal
import socket
import threading
from abc import ABC, abstractmethod
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from api.core import embedded
from api.core.database import Database
from api.core.errors import Unavailable
from api.core.queue import connect
from api.core.settings import Settings, export, get_settings
from bench.faults.servers import (
    await_true,
    state_of,
)
from bench.faults.work import Client, Course
from cli.installation import await_api, for_one_account, prepared, supervisor
from cli.processes import Child

_TICK_SECONDS = 0.5


class Stack(ABC):
    """One installation. ``patience``: seconds that anything may take to become well again."""

    name: str
    #: What this installation lacks, by fault: it cannot be struck there.
    without: dict[str, str]

    def __init__(self, folder: Path, *, workers: int, patience: float, lease_seconds: int) -> None:
        self.folder, self.workers, self.patience = folder, workers, patience
        self._lease_seconds = lease_seconds
        self._stack = ExitStack()
        self._known: set[int] = set()
        self.without = {}

    # What differs.

    @abstractmethod
    def _services(self) -> dict[str, Any]:
        """Starts the services; the settings that lead to them."""

    @abstractmethod
    def redis_pid(self) -> int: ...

    @abstractmethod
    def kill_redis(self) -> None: ...

    @abstractmethod
    def start_redis(self) -> None:
        """Has a Redis that was killed run again."""

    @abstractmethod
    def hold_recording(self) -> "Hold":
        """Something that keeps grades from being written."""

    @abstractmethod
    def waiting(self, hold: "Hold") -> set[int]:
        """The workers that stand before the lock that ``hold`` has taken."""

    @abstractmethod
    def is_writing(self, worker: int) -> bool:
        """Whether this worker, which is stopped, may be in the middle of a transaction."""

    @abstractmethod
    def end_sandbox_of(self, worker: int) -> None:
        """Ends the container, or runner, that this worker keeps warm."""

    @abstractmethod
    def fill_disk(self, worker: int) -> None: ...

    @abstractmethod
    def free_disk(self) -> None: ...

    # What is the same.

    def open(self) -> None:
        """Starts everything; returns when it grades."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        data = self.folder / "data"
        given = {
            "data_dir": data,
            "host": "127.0.0.1",
            "port": port,
            "log_format": "json",
            "log_level": "info",
        }
        # The disk is a small one, so that it can be filled; refusing in good time is not what is tried here.
        given |= {"lease_seconds": self._lease_seconds, "min_free_mib": 0, **for_one_account(self.workers)}
        settings = get_settings().model_copy(update={**given, **self._services()})
        names = (
            "data_dir",
            "log_format",
            "log_level",
            "sandbox",
            "docker_host",
            "lease_seconds",
            "isolation",
            "min_free_mib",
            *for_one_account(self.workers),
        )
        values = {name: getattr(settings, name) for name in names}
        export(**{name: value for name, value in values.items() if value is not None})
        self.settings: Settings = settings
        opened = self._stack.enter_context(prepared(settings, publish=False))
        self.redis_url = opened.addresses.redis_url
        self.database: Database = opened.database
        self.log_path = self.folder / "processes.log"
        output = self._stack.enter_context(self.log_path.open("wb"))
        self.supervisor = supervisor(self.workers, ["python"], output=output)
        self.supervisor.start()
        base_url = f"http://127.0.0.1:{port}/api/v1"
        await_api(base_url, self.supervisor)
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()
        self.client = Client(base_url, self.patience)
        self.course = Course(self.database, base_url)
        self.await_sound()

    def _keep(self) -> None:
        while not self._over.wait(_TICK_SECONDS):
            self.supervisor.look_after()
            if self.settings.redis_url is None:
                with suppress(Unavailable):
                    embedded.look_after()

    def close(self) -> None:
        """Stops everything; nothing is left."""
        if hasattr(self, "_over"):
            self._over.set()
            self._keeper.join()
        if hasattr(self, "supervisor"):
            self.supervisor.stop()
        self._stack.close()

    def await_sound(self) -> None:
        """Returns when all processes live, the API is well, and every worker listens."""
        await_true("the API", self.client.is_well, self.patience)
        await_true("the workers", self._all_listen, self.patience)
        for child in self.supervisor.children:
            child.pause = 0.5  # doubled with each death; every strike here is the first of its installation

    def _all_listen(self) -> bool:
        pids = {pid for pid in self.worker_pids() if pid in self._known}
        if len(pids) == self.workers:
            return True
        with connect(self.redis_url) as connection:
            names = {name.decode() for name in connection.smembers("rq:workers")}  # type: ignore[union-attr]
        host = socket.gethostname()
        self._known |= {
            pid
            for pid in self.worker_pids()
            if any(f":{host}-{pid}-" in f":{name.rpartition(':')[2]}" for name in names)
        }
        return False

    def child(self, name: str) -> Child:
        return next(child for child in self.supervisor.children if child.name == name)

    def pid_of(self, name: str) -> int:
        """The process id of a supervised process; waits for one that is being started again."""
        await_true(name, lambda: self.child(name).process is not None)
        process = self.child(name).process
        assert process is not None
        return process.pid

    def worker_pids(self) -> list[int]:
        processes = [child.process for child in self.supervisor.children if child.name.startswith("worker")]
        return [process.pid for process in processes if process is not None and process.poll() is None]

    def worker_of(self, name: str) -> int | None:
        """The process id of the worker that calls itself ``name`` in the database, if it is one of ours."""
        pid = name.rpartition("-")[2]
        return int(pid) if pid.isdigit() and int(pid) in self.worker_pids() else None

    def flush_redis(self) -> None:
        with connect(self.redis_url) as connection:
            connection.flushall()

    def stop(self, pid: int) -> None:
        """Stops a process; returns when it has stopped."""
        os.kill(pid, signal.SIGSTOP)
        await_true("a stopped process", lambda: state_of(pid) in "TtZX")

    def resume(self, pid: int) -> None:
        """Lets a stopped process go on, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def log_tail(self, lines: int = 30) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])


class Hold(ABC):
    """A lock of the harness's own in the database."""

    @abstractmethod
    def release(self) -> None: ...
