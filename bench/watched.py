"""What a process and all that it has started use: processor time and resident memory, as the kernel counts them."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


def tree(pid: int) -> list[int]:
    """``pid`` and its descendants; none that have ended."""
    try:
        # Of every thread: a child belongs to the thread that started it.
        texts = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return [pid]
    return [pid, *(found for text in texts for child in text.split() for found in tree(int(child)))]


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time of these processes together, user and system, since each began."""
    total = 0
    for pid in pids:
        try:
            # The name may hold spaces and brackets: what counts comes after the last one.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        total += int(fields[11]) + int(fields[12])
    return total / _TICK


def resident_mb(pids: Iterable[int]) -> float:
    """Resident memory of these processes, added up, in MB (a million bytes); what they share counts for each."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue  # it has ended
    return total * _PAGE_MB
