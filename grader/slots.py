"""Which slot of this machine a worker process is.

Sandboxes of one slot run under user ids of that slot's own, because the kernel counts some limits (inotify
instances, pipe pages, processes) per user id over all containers: two workers with one slot would disturb
each other. So a slot is held for the whole machine, by a lock that the kernel takes back however the process
ends.
"""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.sandbox import SandboxUnavailable

MAX_SLOTS = 64
#: User ids of sandboxes begin here.
_FIRST_UID = 64_000


def user_of(slot: int, lane: int) -> int:
    """The user id that this lane of this slot runs under, here and in its containers; nobody else does."""
    return _FIRST_UID + lane * MAX_SLOTS + slot


def machine_folder(folder: Path | None = None) -> Path:
    """A folder for what concerns this machine and user as a whole, closed to others.

    Raises:
        SandboxUnavailable: somebody else made it first.
    """
    folder = folder or Path(tempfile.gettempdir()) / f"codezest-slots-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise SandboxUnavailable(f"{folder} belongs to somebody else; remove it")
    return folder


def write_note(note: Path, text: str) -> None:
    """Writes a file of the machine's folder at once: who reads it meanwhile finds the old text or the new."""
    draft = note.with_name(f"{note.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(note)


@contextmanager
def take_slot(folder: Path | None = None) -> Iterator[int]:
    """Holds the lowest free slot of this machine for the block, and gives its number, counted from 0.

    Raises:
        SandboxUnavailable: all are taken, or the folder of the locks is somebody else's.
    """
    folder = machine_folder(folder)
    for number in range(MAX_SLOTS):
        handle = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield number
            return
        except BlockingIOError:
            continue
        finally:
            os.close(handle)
    raise SandboxUnavailable(f"all {MAX_SLOTS} slots of this machine are taken")
