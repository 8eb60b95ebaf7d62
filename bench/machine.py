"""Facts of the machine that a figure means nothing without."""

import os
import platform
import subprocess
from pathlib import Path

from api.core.settings import get_settings
from grader.engine import Engine
from grader.sandbox import SandboxUnavailable

_VERSIONS = {
    "python": ["/usr/bin/python3", "--version"],
    "g++": ["/usr/bin/g++", "--version"],
    "java": ["/usr/bin/java", "--version"],
    "node": ["/usr/bin/node", "--version"],
}


def cores() -> int:
    """How many this process may use: as many workers the throughput is measured with."""
    return len(os.sched_getaffinity(0))


def facts() -> dict[str, str]:
    """Name and value, for people; the programs are those of the bare runs."""
    settings = get_settings()
    found = {
        "processor": f"{_processor()}, {cores()} of {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.freedesktop_os_release().get('PRETTY_NAME', '?')}, kernel {platform.release()}",
        "load before": f"{os.getloadavg()[0]:.2f} (1 minute)",
        "engine": _engine(settings.docker_host),
        "sandbox": f"{settings.sandbox}, images {settings.image_prefix}/*, {_isolation()}",
    }
    return found | {f"bare {name}": _first_line(argv) for name, argv in _VERSIONS.items()}


def _isolation() -> str:
    names = ("isolation", "docker_runtime", "lanes")
    values = get_settings().model_dump(include=set(names))
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _engine(host: str | None) -> str:
    try:
        engine = Engine(host)
    except SandboxUnavailable:
        return "none answers"
    try:
        return ", ".join(f"{key} {value}" for key, value in engine.facts().items() if value)
    finally:
        engine.close()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True)
    except OSError:
        return "none"
    return (done.stdout.splitlines() or ["?"])[0]
