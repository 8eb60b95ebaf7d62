"""Servers of our own that can be struck: PostgreSQL, Redis, a Docker engine. Whatever else runs here is left alone."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.core.embedded import server_binary

START_SECONDS = 60.0
_ENGINE_MIB = 1024
#: Debian's settings and the production stack's: nothing is made faster than it is there.
_POSTGRES_SETTINGS = {"listen_addresses": "", "max_connections": "200", "log_min_messages": "fatal"}


class Missing(Exception):
    """Something that this machine lacks; the text says what."""


def await_true(what: str, is_so: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Returns once ``is_so``. Raises RuntimeError, naming ``what``, if that takes longer than ``seconds``."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.02)


class Postgres:
    """A cluster of our own, on a unix socket in ``folder``. Root lends it the account ``postgres``."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
        if not found:
            raise Missing("no PostgreSQL: install Debian's package postgresql")
        self._programs, self._folder = found[-1].parent, folder
        self._account: dict[str, Any] = {}
        if os.getuid() == 0:
            try:
                pwd.getpwnam("postgres")
            except KeyError:
                raise Missing("root needs an account 'postgres' to start PostgreSQL with") from None
            self._account = {"user": "postgres", "group": "postgres"}
        folder.mkdir()
        if self._account:
            shutil.chown(folder, **self._account)
        self._run(
            "initdb", "-D", self._data, "-U", "codezest", "-A", "trust", "-E", "UTF8", "--no-sync", "-N"
        )
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://codezest@/postgres?host={self._folder}"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Starts it, and returns when it takes connections."""
        options = " ".join(f"-c {name}={value}" for name, value in _POSTGRES_SETTINGS.items())
        self._run("pg_ctl", "-D", self._data, "-w", "-o", f"{options} -k {self._folder}", "start")

    def crash(self) -> None:
        """Ends it at once: no session is waited for, nothing is written that was not."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    def close(self) -> None:
        with contextlib.suppress(RuntimeError):
            self.crash()

    def _run(self, program: str, *words: str | Path) -> None:
        # Output goes to a file: the server inherits it, and a pipe would never end.
        with (self._folder / "log").open("ab") as log:
            done = subprocess.run(
                [self._programs / program, *words],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                check=False,
                **self._account,
            )
        if done.returncode:
            raise RuntimeError((self._folder / "log").read_text(errors="replace")[-2000:])


class RedisServer:
    """A Redis of our own on a unix socket in ``folder``, with the settings of the production stack."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._socket = folder / "redis.sock"
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int:
        assert self._server is not None
        return self._server.pid

    def start(self) -> None:
        """Starts it, and returns when it takes connections."""
        program = shutil.which("redis-server") or server_binary()
        self._socket.unlink(missing_ok=True)
        words = ["--port", "0", "--unixsocket", str(self._socket), "--dir", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [program, *words, "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await_true("Redis", self._socket.exists)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self._server is not None
        self._server.wait()

    def close(self) -> None:
        if self._server is not None and self._server.poll() is None:
            os.kill(self.pid, signal.SIGCONT)
            self.kill()


class OwnEngine:
    """A Docker engine beside the machine's own: another socket, another disk, no network.

    Its disk is a small file system in memory, so that it can be filled up. It gets the sandbox images of the machine's
    engine.
    """

    def __init__(self, folder: Path, images: list[str]) -> None:
        if os.getuid() != 0:
            raise Missing("an engine of one's own takes root")
        for program in ("dockerd", "docker", "mount"):
            if shutil.which(program) is None:
                raise Missing(f"an engine of one's own takes {program}")
        folder.mkdir()
        self._folder, self._disk = folder, folder / "disk"
        self._disk.mkdir()
        self._server: subprocess.Popen[bytes] | None = None
        _call("mount", "-t", "tmpfs", "-o", f"size={_ENGINE_MIB}m", "codezest-faults", self._disk)
        try:
            self.start()
            for image in images:
                self._load(image)
        except BaseException:
            self.close()
            raise

    @property
    def host(self) -> str:
        """The address for clients."""
        return f"unix://{self._folder / 'docker.sock'}"

    @property
    def pid(self) -> int:
        assert self._server is not None
        return self._server.pid

    def start(self) -> None:
        """Starts it, and returns when it answers."""
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *("dockerd", "--data-root", self._disk, "--exec-root", self._folder / "run"),
                    *("--host", self.host, "--pidfile", self._folder / "pid"),
                    *("--bridge", "none", "--iptables=false", "--ip6tables=false"),
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            await_true("the engine", self.answers)
        except RuntimeError as error:
            raise RuntimeError(
                f"{error}\n{(self._folder / 'log').read_text(errors='replace')[-3000:]}"
            ) from error

    def answers(self) -> bool:
        words = ["docker", "--host", self.host, "version"]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    def stop(self) -> None:
        """Stops it in order, its containers too."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the engine's process alone; what it had started stays."""
        self._end(signal.SIGKILL)
        # Its containerd dies with it. Where nobody reaps that, the next engine would take it for a living one.
        if (pid := self._containerd()) is not None:
            await_true("the end of containerd", lambda: state_of(pid) in "ZX")
            self._note.unlink(missing_ok=True)

    def _end(self, number: signal.Signals) -> None:
        assert self._server is not None
        self._server.send_signal(number)
        self._server.wait(START_SECONDS)
        (self._folder / "pid").unlink(missing_ok=True)

    def fill_disk(self) -> None:
        """Leaves no byte free on the disk of images and containers."""
        fill(self._disk)

    def free_disk(self) -> None:
        free(self._disk)

    def close(self) -> None:
        if self._server is not None and self._server.poll() is None:
            self.stop()
        for pid in _processes_of(
            self._folder
        ):  # left behind by an engine that was killed, and never came back
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for mounted in sorted(_mounts_below(self._folder), key=len, reverse=True):
            subprocess.run(["umount", "-l", mounted], capture_output=True, check=False)

    @property
    def _note(self) -> Path:
        return self._folder / "run" / "containerd" / "containerd.pid"

    def _containerd(self) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            return int(self._note.read_text())
        return None

    def _load(self, image: str) -> None:
        with subprocess.Popen(
            ["docker", "save", image], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as saved:
            words = ["docker", "--host", self.host, "load", "--quiet"]
            loaded = subprocess.run(words, stdin=saved.stdout, capture_output=True, check=False)
        if saved.returncode or loaded.returncode:
            raise Missing(f"no image {image} on this machine: run `codezest sandboxes build`")


class SmallDisk:
    """A file system in memory of a few MiB for ``folder``, so that it can be filled up. Takes root."""

    def __init__(self, folder: Path, mib: int) -> None:
        folder.mkdir(mode=0o700)
        self._folder = folder
        _call("mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=700", "codezest-faults", folder)

    def fill(self) -> None:
        fill(self._folder)

    def free(self) -> None:
        free(self._folder)

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self._folder)], capture_output=True, check=False)


def state_of(pid: int) -> str:
    """The letter that the kernel gives a process's state: T stopped, Z ended and not reaped; X: it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def docker(*words: str) -> str:
    """What the Docker client says; empty if it fails: what was to be ended may have ended by itself."""
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=False).stdout


def fill(folder: Path) -> None:
    """Writes until the file system of ``folder`` has no byte left."""
    handle = os.open(folder / "filler", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for size in (1 << 20, 4096):
            with contextlib.suppress(OSError):
                while os.write(handle, bytes(size)):
                    pass
    finally:
        os.close(handle)


def free(folder: Path) -> None:
    (folder / "filler").unlink(missing_ok=True)


def _processes_of(folder: Path) -> list[int]:
    """The processes whose command line names a path below ``folder``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"{folder}/".encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


def _mounts_below(folder: Path) -> list[str]:
    places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return [place for place in places if place.startswith(f"{folder}/")]


def _call(*words: str | Path) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"{words[0]}: {done.stderr.strip()}")
