"""Which cores of this machine are free for grading, as all its workers together see it.

One file for the whole machine, and a lock on a byte of it for each core in use: byte *n* while slot *n* grades, one of
the bytes behind them for each core that a slot has borrowed for a second lane. The kernel keeps the locks and takes
them back however a process ends, so nothing has to be cleaned up or believed. They are locks of the open file, not of
the process: two of them in one process see each other too.

Borrowing is modest. A core is free if fewer are in use than there are, and a slot that begins to grade never waits:
whoever has borrowed looks between two cases whether it has become crowded, and then gives back.
"""

import contextlib
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from grader.slots import MAX_SLOTS, machine_folder

_MOST_BORROWED = 256
_LOCK = struct.Struct("hhllixxxx")  # struct flock: type, whence, start, length, pid
_GET, _SET = 36, 37  # F_OFD_GETLK, F_OFD_SETLK, which Python 3.11's fcntl does not name


class Cores:
    """One slot's view. ``count`` is how many cores there are for grading; None: those this process may use."""

    def __init__(self, slot: int, *, folder: Path | None = None, count: int | None = None) -> None:
        path = machine_folder(folder) / "cores"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._slot = slot
        self._count = count or len(os.sched_getaffinity(0))
        self._own: set[int] = set()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Counts this slot as grading for the block."""
        self._lock(self._slot)
        try:
            yield
        finally:
            self._unlock(self._slot)

    def borrow(self) -> int | None:
        """A core for one more lane, to be given back; None if all are in use."""
        if self._in_use() >= self._count:
            return None
        taken = set(self._locked_by_others())
        for byte in range(MAX_SLOTS, MAX_SLOTS + _MOST_BORROWED):
            if byte not in taken and byte not in self._own and self._lock(byte):
                return byte
        return None

    def give_back(self, byte: int) -> None:
        """Ends a loan."""
        self._unlock(byte)

    @property
    def are_free(self) -> bool:
        """Whether there is a core that could be borrowed."""
        return self._in_use() < self._count

    @property
    def are_crowded(self) -> bool:
        """Whether more cores are wanted than there are: time to give back."""
        return self._in_use() > self._count

    def close(self) -> None:
        """Lets go of everything."""
        os.close(self._file)

    def _in_use(self) -> int:
        return len(self._own) + sum(1 for _ in self._locked_by_others())

    def _lock(self, byte: int) -> bool:
        try:
            fcntl.fcntl(self._file, _SET, _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0))
        except BlockingIOError:
            return False  # another took it between our look and now
        self._own.add(byte)
        return True

    def _unlock(self, byte: int) -> None:
        fcntl.fcntl(self._file, _SET, _LOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, byte, 1, 0))
        self._own.discard(byte)

    def _locked_by_others(self) -> Iterator[int]:
        # The kernel names any lock that is in the way, not the first: the rest of the range is asked about again.
        ranges = [(0, MAX_SLOTS + _MOST_BORROWED)]
        while ranges:
            begin, end = ranges.pop()
            asked = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, begin, end - begin, 0)
            kind, _, start, length, _ = _LOCK.unpack(fcntl.fcntl(self._file, _GET, asked))
            if kind != fcntl.F_UNLCK:
                yield from range(start, start + length)
                ranges += [(a, b) for a, b in ((begin, start), (start + length, end)) if a < b]
