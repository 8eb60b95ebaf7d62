"""Whether a process still turns its loop, told to whoever looks after it: a container's health check, above all.

A port would be one more thing to listen at and to guard, and a row in the database would say "ill" of all processes
when it is the database that is. So each process keeps a file in ``data_dir``. It holds a lock on it, which the kernel
takes back however the process ends; and the file's time is a *promise*: by then the process will have spoken again.
Waiting for a bell it promises the next seconds, before a run as long as a run can last. A loop that hangs breaks its
promise, and a process that is slow for a good reason does not.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import structlog

from api.core.clock import now

log = structlog.get_logger(__name__)

#: What a loop promises that waits and looks again: several of its turns.
WAITING_SECONDS = 60
#: A self-test of every language, with compilers that start cold on a busy machine.
PROVING_SECONDS = 900


class Heartbeat:
    """The promise of one process, called ``name`` (``worker-0``). Where its folder cannot be written, says so once and
    promises nothing: no process ends for want of a heartbeat."""

    def __init__(self, data_dir: Path, name: str) -> None:
        self._path = _folder(data_dir) / name
        self._handle: int | None = None
        draft = self._path.with_name(f".{name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.utime(self._handle, (0, 0))
            # In sight only once it is locked; and what one before it has promised is gone.
            draft.replace(self._path)
        except OSError as error:
            log.warning("no_heartbeat_file", path=str(self._path), error=str(error))
            self.close()

    def promise(self, seconds: float) -> None:
        """To speak again within ``seconds`` from now."""
        if self._handle is not None:
            until = (now() + timedelta(seconds=seconds)).timestamp()
            with contextlib.suppress(OSError):
                os.utime(self._handle, (until, until))

    def close(self) -> None:
        """Signs off."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            self._path.unlink(missing_ok=True)
            os.close(handle)


@contextlib.contextmanager
def heartbeat(data_dir: Path, name: str) -> Iterator[Heartbeat]:
    """A promise for the block, and none after it."""
    beat = Heartbeat(data_dir, name)
    try:
        yield beat
    finally:
        beat.close()


def count_alive(data_dir: Path, kind: str) -> int:
    """How many processes of ``kind`` (``worker``: ``worker-0``, ``worker-1``) live and have kept their promise."""
    return sum(_is_kept(path) for path in _folder(data_dir).glob(f"{kind}-*"))


def _folder(data_dir: Path) -> Path:
    return data_dir.resolve() / "alive"


def _is_kept(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.fstat(handle).st_mtime > now().timestamp()
    finally:
        os.close(handle)
    return False  # nobody holds it: its process is gone
