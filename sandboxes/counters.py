"""What the kernel has counted: processor time and memory of a box's process tree, and of the whole container.

Two sources. The tree's own figures come from ``/proc`` and work everywhere. The container's come from its control
groups, version 1 or 2, where the runner is inside one: they include what a program tried to hide (children reaped by
nobody, killed orphans), and they tell a kill for memory from any other.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
_CHUNK = 1 << 14
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(slots=True)
class Usage:
    """Of all processes of a tree together: processor time in ms, resident memory in KiB, how many processes.

    ``on_disk``: one of them waits for the disk, which the kernel calls D (a page of its program that was dropped from
    memory, say).
    """

    cpu_ms: int = 0
    memory_kib: int = 0
    processes: int = 0
    on_disk: bool = False


def tree_usage(root: int) -> Usage:
    """Adds up all descendants of the process ``root``, in this process's pid namespace, and what it has reaped.

    Processes that end while being read are passed over: their parents' counters have their time. Memory that several
    of them share counts for each of them: an upper bound.
    """
    usage = Usage()
    try:
        usage.cpu_ms = sum(map(int, _stat(root)[13:15])) * 1000 // _TICKS  # orphans end up with it
    except (OSError, IndexError, ValueError):
        return usage
    for pid in _descendants(root):
        try:
            fields = _stat(pid)
            resident = int(_read(f"/proc/{pid}/statm").split()[1])
        except (OSError, IndexError, ValueError):
            continue
        usage.cpu_ms += sum(map(int, fields[11:15])) * 1000 // _TICKS
        usage.memory_kib += resident * _PAGE_KIB
        usage.processes += 1
        usage.on_disk |= fields[0] == b"D"
    return usage


def starved_ms(root: int) -> int:
    """How long the one thread below ``root`` that had to wait longest was ready to run and had no core, in ms.

    From the second field of ``schedstat``; 0 where the kernel does not keep it. Time that several threads waited side
    by side counts once, so a program cannot wait longer than it has lived.
    """
    longest = 0
    for pid in _descendants(root):
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                waited = int(_read(f"/proc/{pid}/task/{thread}/schedstat").split()[1])
                longest = max(longest, waited)
        except (OSError, IndexError, ValueError):
            continue
    return longest // 1_000_000


def tree_memory_kib(root: int) -> int:
    """What the descendants of ``root`` hold together, shared memory counted once: exact, and slow to find out."""
    total = 0
    for pid in _descendants(root):
        try:
            total += _share_kib(pid)
        except (OSError, IndexError, ValueError):
            continue
    return total


def _share_kib(pid: int) -> int:
    try:
        return int(_read(f"/proc/{pid}/smaps_rollup").partition(b"\nPss:")[2].split(maxsplit=1)[0])
    except PermissionError:  # it has made itself unreadable: all it can touch counts
        return int(_read(f"/proc/{pid}/statm").split()[1]) * _PAGE_KIB


def _stat(pid: int) -> list[bytes]:
    """The fields of /proc/PID/stat after the name: [0] the state, [11:15] utime, stime, cutime and cstime, in ticks."""
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def _read(path: str) -> bytes:
    # Without the objects that `open` makes: a program that is running is looked at often, and we share its cores.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(fd, _CHUNK):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(fd)


def _descendants(root: int) -> Iterator[int]:
    pending = [root]
    while pending:
        try:
            found = children(pending.pop())
        except (OSError, ValueError):
            continue
        yield from found
        pending += found


def children(pid: int) -> list[int]:
    """The processes that it has started and not yet reaped. Raises OSError if it has ended."""
    found: list[int] = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        found += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    return found


class Container:
    """The control-group counters of this process's container; each is None where there is no such file.

    The files stay open until the process ends, for they are read several times for every case: the kernel counts anew
    at each reading from the start.
    """

    def __init__(self, root: Path = _CGROUP) -> None:
        v2 = (root / "cgroup.controllers").exists()
        self._cpu = _first(
            root / "cpu.stat" if v2 else root / "cpuacct/cpuacct.usage", root / "cpu,cpuacct/cpuacct.usage"
        )
        self._oom = _first(root / "memory.events" if v2 else root / "memory/memory.oom_control")
        self._v2 = v2

    def cpu_ms(self) -> int | None:
        """Processor time of the whole container since it started."""
        if self._cpu is None:
            return None
        text = os.pread(self._cpu, _CHUNK, 0)
        return int(text.split()[1]) // 1000 if self._v2 else int(text) // 1_000_000

    def oom_kills(self) -> int | None:
        """How many processes of the container the kernel has killed for memory."""
        if self._oom is None:
            return None
        words = os.pread(self._oom, _CHUNK, 0).split()
        return int(words[words.index(b"oom_kill") + 1]) if b"oom_kill" in words else None


def _first(*paths: Path) -> int | None:
    path = next((path for path in paths if path.is_file()), None)
    return None if path is None else os.open(path, os.O_RDONLY | os.O_CLOEXEC)
