"""The two installations: ``embedded`` and ``full``; see `stack`."""

import os
import signal
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg

from api.core.queue import connect
from api.core.settings import get_settings
from bench.faults.servers import Missing, OwnEngine, Postgres, RedisServer, SmallDisk, docker
from bench.faults.stack import Hold, Stack

_DATA_MIB = 256
_OF_THE_ENGINE = ("engine-stopped", "engine-killed", "engine-frozen", "disk-full")


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
