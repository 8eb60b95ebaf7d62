"""What an idle warm container holds, by the two ways there are to count it.

The control group's figure counts all that is charged to the container: pages of its processes, kernel memory, and
the file pages it was the first to touch; less the inactive of these, as container tools show it. The proportional set
size (PSS) adds up its processes and gives each a fair share of what it shares with others.
"""

from pathlib import Path
from typing import NamedTuple

from api.core.settings import get_settings
from grader.engine import LANGUAGE_LABEL, OWNER_LABEL, Engine
from grader.sandbox import SandboxUnavailable

_GROUPS = Path("/sys/fs/cgroup")
_MB = 1e6


class Held(NamedTuple):
    """In MB (a million bytes); each None where the kernel does not say it to this user."""

    group: float | None
    pss: float | None


def idle_containers(worker: int, language: str) -> list[Held]:
    """Of each container for ``language`` that the grader process ``worker`` holds. Empty where there is no engine."""
    try:
        engine = Engine(get_settings().docker_host)
    except SandboxUnavailable:
        return []
    try:
        owned = engine.owned()
    finally:
        engine.close()
    return [
        Held(_group_mb(pids[0]), _pss_mb(pids))
        for container, labels in owned.items()
        if f"/{worker}/" in labels.get(OWNER_LABEL, "") and labels.get(LANGUAGE_LABEL) == language
        if (pids := _processes(container))
    ]


def _processes(container: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if container in (folder / "cgroup").read_text():
                    found.append(int(folder.name))
            except OSError:
                continue  # it has ended
    return sorted(found)


def _group_mb(pid: int) -> float | None:
    path, is_v2 = memory_group(Path(f"/proc/{pid}/cgroup").read_text())
    try:
        used = int((path / ("memory.current" if is_v2 else "memory.usage_in_bytes")).read_text())
        stat = dict(line.split() for line in (path / "memory.stat").read_text().splitlines())
    except OSError:
        return None
    return (used - int(stat["inactive_file" if is_v2 else "total_inactive_file"])) / _MB


def memory_group(text: str) -> tuple[Path, bool]:
    """The folder of a process's memory group, of its ``/proc/PID/cgroup``, and whether it is of version 2."""
    rows = [line.split(":", 2) for line in text.splitlines()]
    for _, controllers, path in rows:
        if "memory" in controllers.split(","):
            return _GROUPS / "memory" / path.lstrip("/"), False
    return _GROUPS / rows[-1][2].lstrip("/"), True


def _pss_mb(pids: list[int]) -> float | None:
    total = 0
    for pid in pids:
        try:
            words = Path(f"/proc/{pid}/smaps_rollup").read_text().split()
        except ProcessLookupError:
            continue  # it has ended: what is left of it holds nothing
        except OSError:
            return None
        total += int(words[words.index("Pss:") + 1])
    return total * 1024 / _MB
