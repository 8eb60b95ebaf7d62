"""An installation that can be struck: every process real, every service our own.

``embedded`` is what `codezest up` runs where nothing is configured: SQLite, the embedded Valkey, local boxes. ``full``
is what production runs: PostgreSQL, Redis, Docker. Processes are kept by the supervisor of `codezest up`; services of
the full stack are started again by the fault that struck them, a moment later, as an operator's supervisor would.
"""

import os
import signal
import socket
import sqlite3
import threading
from abc import ABC, abstractmethod
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import psycopg

from api.core import embedded
from api.core.database import Database
from api.core.errors import Unavailable
from api.core.queue import connect
from api.core.settings import Settings, export, get_settings
from bench.faults.servers import (
    Missing,
    OwnEngine,
    Postgres,
    RedisServer,
    SmallDisk,
    await_true,
    docker,
    state_of,
)
from bench.faults.work import Client, Course
from cli.installation import await_api, prepared, supervisor
from cli.processes import Child

_TICK_SECONDS = 0.5
_DATA_MIB = 256
_OF_THE_ENGINE = ("engine-stopped", "engine-killed", "engine-frozen", "disk-full")


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
        given |= {"lease_seconds": self._lease_seconds}
        settings = get_settings().model_copy(update={**given, **self._services()})
        names = (
            "data_dir",
            "log_format",
            "log_level",
            "sandbox",
            "docker_host",
            "lease_seconds",
            "isolation",
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


class SqliteHold(Hold):
    """The one write lock."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._connection.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        self._connection.close()


class PostgresHold(Hold):
    """The rows that a recording must hold: those of all enrollments."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url.replace("+psycopg", ""))
        self._connection.execute("SELECT 1 FROM learning.language_enrollments FOR UPDATE")
        self.backend = self._connection.info.backend_pid

    def release(self) -> None:
        self._connection.close()


class EmbeddedStack(Stack):
    """SQLite, the embedded Valkey, local boxes: all of `codezest up` where nothing is configured."""

    name = "embedded"

    def __init__(self, folder: Path, **means: Any) -> None:
        super().__init__(folder, **means)
        no_server = "SQLite is a file and no server"
        no_engine = "local boxes have no engine"
        self.without = {
            **dict.fromkeys(_OF_THE_ENGINE[:-1], no_engine),
            "database-restarted": no_server,
            "connections-cut": no_server,
        }

    def _services(self) -> dict[str, Any]:
        self._disk: SmallDisk | None = None
        try:
            self._disk = SmallDisk(self.folder / "data", _DATA_MIB)
            self._stack.callback(self._disk.close)
        except Missing as error:
            self.without["disk-full"] = f"skipped: {error}"
        return {"database_url": None, "redis_url": None, "sandbox": "local", "docker_host": None}

    def redis_pid(self) -> int:
        with connect(self.redis_url) as connection:
            return int(connection.info("server")["process_id"])  # type: ignore[index]

    @property
    def _file(self) -> Path:
        return self.folder / "data" / "codezest.sqlite3"

    def kill_redis(self) -> None:
        os.kill(self.redis_pid(), signal.SIGKILL)

    def start_redis(self) -> None:
        pass  # `codezest up` looks after it

    def hold_recording(self) -> Hold:
        return SqliteHold(self._file)

    def waiting(self, hold: Hold) -> set[int]:
        # SQLite's wait for the lock is a nap between two tries; a worker that waits for a runner reads a socket.
        return {pid for pid in self.worker_pids() if "nanosleep" in _wchan(pid)}

    def is_writing(self, worker: int) -> bool:
        with closing(sqlite3.connect(self._file, timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True  # somebody is: it may be this one
        return False

    def end_sandbox_of(self, worker: int) -> None:
        for pid in runners_of(worker):
            os.kill(pid, signal.SIGKILL)

    def fill_disk(self, worker: int) -> None:
        assert self._disk is not None
        # The log of the database keeps its size when it has been worked off: room that a full disk would not give.
        with (
            closing(sqlite3.connect(self._file, timeout=0.5)) as connection,
            suppress(sqlite3.OperationalError),
        ):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._disk.fill()

    def free_disk(self) -> None:
        assert self._disk is not None
        self._disk.free()


class FullStack(Stack):
    """PostgreSQL, Redis and Docker. ``own_engine``: a Docker engine that may be struck, too."""

    name = "full"

    def __init__(self, folder: Path, *, own_engine: bool, docker_host: str | None, **means: Any) -> None:
        super().__init__(folder, **means)
        self._own_engine, self._docker_host = own_engine, docker_host
        if not own_engine:
            self._do_without_engine("say --own-engine; the machine's engine is not ours to strike")

    def _do_without_engine(self, why: str) -> None:
        self.without |= dict.fromkeys(_OF_THE_ENGINE, f"skipped: {why}")

    def _services(self) -> dict[str, Any]:
        self.folder.chmod(0o755)  # PostgreSQL runs under another account
        self.postgres = Postgres(self.folder / "pg")
        self._stack.callback(self.postgres.close)
        self.redis = RedisServer(self.folder / "redis")
        self._stack.callback(self.redis.close)
        self.engine: OwnEngine | None = None
        host = self._docker_host
        if self._own_engine:
            try:
                self.engine = OwnEngine(self.folder / "engine", [f"{get_settings().image_prefix}/python"])
                self._stack.callback(self.engine.close)
                host = self.engine.host
            except Missing as error:
                self._do_without_engine(str(error))
        return {
            "database_url": self.postgres.url,
            "redis_url": self.redis.url,
            "sandbox": "docker",
            "docker_host": host,
        }

    def redis_pid(self) -> int:
        return self.redis.pid

    def kill_redis(self) -> None:
        self.redis.kill()

    def start_redis(self) -> None:
        self.redis.start()

    def hold_recording(self) -> Hold:
        return PostgresHold(self.postgres.url)

    def waiting(self, hold: Hold) -> set[int]:
        assert isinstance(hold, PostgresHold)
        statement = "SELECT application_name FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
        with psycopg.connect(self.postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
            names = [str(row[0]) for row in connection.execute(statement, (hold.backend,))]
        return {pid for pid in self.worker_pids() if any(name.endswith(f"-{pid}") for name in names)}

    def is_writing(self, worker: int) -> bool:
        statement = "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE %s AND state <> 'idle'"
        with psycopg.connect(self.postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
            return connection.execute(statement, (f"%-{worker}",)).fetchone() is not None

    def cut_connections(self) -> int:
        """Ends every session of the database but the one that asks; how many."""
        with psycopg.connect(self.postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
            statement = (
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            row = connection.execute(statement).fetchone()
        return row[0] if row else 0

    def end_sandbox_of(self, worker: int) -> None:
        for container in self._containers_of(worker):
            self._docker("rm", "--force", container)

    def fill_disk(self, worker: int) -> None:
        assert self.engine is not None
        self.engine.fill_disk()
        self.end_sandbox_of(worker)  # what is warm has no need of the disk; what must be started now has
        self.engine.fill_disk()  # what that has freed

    def free_disk(self) -> None:
        assert self.engine is not None
        self.engine.free_disk()

    def _containers_of(self, worker: int) -> list[str]:
        rows = self._docker("ps", "--no-trunc", "--format", '{{.ID}} {{.Label "codezest.owner"}}')
        return [row.split()[0] for row in rows.splitlines() if f"/{worker}/" in row]

    def _docker(self, *words: str) -> str:
        host = self.settings.docker_host
        return docker(*(("--host", host) if host else ()), *words)


def _wchan(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/task/{pid}/wchan").read_text()
    except OSError:
        return ""


def runners_of(pid: int) -> list[int]:
    """The runners that a worker has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = path.read_text().rpartition(")")[2].split()[1]
            if int(parent) == pid and b"runner.py" in (path.parent / "cmdline").read_bytes():
                found.append(int(path.parent.name))
    return found
