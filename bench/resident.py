"""How much memory each kind of process of an installation holds, watched all the while."""

import os
import threading
from pathlib import Path
from typing import NamedTuple

from bench.installation import Installation
from bench.watched import resident_mb, tree

_EVERY_SECONDS = 0.5


class Resident(NamedTuple):
    """In MB (a million bytes): at the first look, when a tenth was graded, the most, and at the last look.

    Of several processes of one kind, the one that held most.
    """

    start: float
    tenth: float
    peak: float
    end: float


class Memory:
    """Looks twice a second for the length of its block."""

    def __init__(self, here: Installation) -> None:
        children = {child.name: child.process.pid for child in here.running.children if child.process}
        api = tree(here.api())
        self._kinds: dict[str, list[int]] = {
            "API": [api[-1]],  # the server's worker; its first process only waits
            "sweeper": [children["sweeper"]],
            "workers": here.workers(),
            "queue server": [pid for pid in tree(os.getpid()) if _is_queue_server(pid)],
        }
        self._seen: dict[str, list[float]] = {name: [] for name in self._kinds}
        self._tenth: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory")

    def __enter__(self) -> "Memory":
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def mark(self) -> None:
        """A tenth is graded; only the first call counts."""
        if not self._tenth:
            self._tenth = {name: seen[-1] for name, seen in self._seen.items()}

    def resident(self) -> dict[str, Resident]:
        """By kind of process, until now."""
        self._look()
        return {
            name: Resident(seen[0], self._tenth.get(name, seen[0]), max(seen), seen[-1])
            for name, seen in self._seen.items()
        }

    def _watch(self) -> None:
        while not self._stop.wait(_EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        for name, pids in self._kinds.items():
            self._seen[name].append(max((resident_mb([pid]) for pid in pids), default=0.0))


def _is_queue_server(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() in ("valkey-server", "redis-server")
    except OSError:
        return False
