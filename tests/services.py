"""PostgreSQL and Redis of our own for a test session, on unix sockets in folders of their own."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from api.core.embedded import server_binary
from api.core.errors import Unavailable
from api.core.ids import new_id

# Speed for safety: what a crash would cost is a test's data.
_POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
}


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a server's ``postgres`` database: the configured one, or a fresh cluster. Skips without."""
    if url := os.environ.get("CODEZEST_TEST_POSTGRES_URL"):
        yield url
        return
    with own_postgres() as url:
        yield url


@contextmanager
def own_postgres(password: str | None = None) -> Iterator[str]:
    """A fresh cluster with its own roles, whatever is configured; the URL of its ``postgres`` database. Everybody is
    let in, or, if its superuser has a ``password``, who knows one. Skips without PostgreSQL."""
    programs = _postgres_programs()
    folder = Path(tempfile.mkdtemp(prefix="codezest-pg-"))
    # PostgreSQL refuses to run as root, so root lends it an account; everybody else runs it themselves.
    account: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    if account:
        shutil.chown(folder, **account)
    data, socket = folder / "data", folder

    def run(*command: str | Path) -> None:
        # Output goes to a file: the server inherits it, and a pipe would never end.
        with (folder / "log").open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, cwd=folder, check=False, **account)
        if done.returncode:
            raise RuntimeError((folder / "log").read_text(errors="replace"))

    lock: tuple[str | Path, ...] = ("-A", "trust")
    if password is not None:
        (folder / "password").write_text(password)
        lock = ("-A", "scram-sha-256", "--pwfile", folder / "password")
    try:
        run(programs / "initdb", "-D", data, "-U", "codezest", *lock, "-E", "UTF8", "--no-sync", "-N")
        options = " ".join(f"-c {name}={value}" for name, value in _POSTGRES_SETTINGS.items())
        run(programs / "pg_ctl", "-D", data, "-w", "-o", f"{options} -k {socket}", "start")
        try:
            user = "codezest" if password is None else f"codezest:{password}"
            yield f"postgresql+psycopg://{user}@/postgres?host={socket}"
        finally:
            run(programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip("no PostgreSQL: neither CODEZEST_TEST_POSTGRES_URL nor /usr/lib/postgresql/*/bin")
    if os.getuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("no PostgreSQL: root needs an account 'postgres' to start it with")
    return found[-1].parent


@contextmanager
def fresh_database(server_url: str, template: str | None = None) -> Iterator[str]:
    """The URL of a new database on a PostgreSQL server, gone afterwards; a copy of ``template`` if given."""
    name = f"codezest_{new_id().hex}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'}"))
        try:
            yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
        finally:
            with admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        admin.dispose()


@contextmanager
def redis_server(*options: str | Path, binary: str | None = None) -> Iterator[str]:
    """The URL of an empty server without persistence. Skips where there is no program for it."""
    try:
        binary = binary or server_binary()
    except Unavailable as error:
        pytest.skip(f"no Redis: {error}")
    folder = Path(tempfile.mkdtemp(prefix="codezest-redis-"))
    socket = folder / "redis.sock"
    command = [
        binary,
        "--port",
        "0",
        "--unixsocket",
        str(socket),
        "--save",
        "",
        "--dir",
        str(folder),
        *options,
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        for line in server.stdout:  # ends when the server does, so there is nothing to time
            if "eady to accept connections" in line:
                break
        else:
            raise RuntimeError(f"{binary} ended at once")
        yield f"unix://{socket}"
    finally:
        server.send_signal(signal.SIGKILL)
        server.communicate()
        shutil.rmtree(folder, ignore_errors=True)
