"""Floors on the versions of engine, containerd and runc, by published holes.

Distributions repair old versions without changing the number that these programs tell: Debian's runc ``1.1.5+ds1`` has
the repair of 1.1.12. So where a number is too low, the package's own changelog is asked whether it names the hole.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from cli.host.finding import Check, Finding, Host, Level, judged

Version = tuple[int, int, int]


class _Hole(NamedTuple):
    """A published hole: the package, the first good version of each maintained line, and what it opens.

    A version is good if it is at least the entry of its own line, or of a later line than all of them.
    """

    package: str
    cves: tuple[str, ...]
    repaired: tuple[Version, ...]
    level: Level
    why: str


_HOLES = (
    _Hole(
        "runc",
        ("CVE-2024-21626",),
        ((1, 1, 12),),
        Level.FAULT,
        "a container that is being started can step out into the host's files",
    ),
    _Hole(
        "runc",
        ("CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"),
        ((1, 2, 8), (1, 3, 3)),
        Level.WARNING,
        "races while a container is set up let it write to the host's /proc; ours run our own images alone, which "
        "leaves little to race with",
    ),
    _Hole(
        "containerd",
        ("CVE-2024-25621",),
        ((1, 7, 29), (2, 0, 7), (2, 1, 5)),
        Level.WARNING,
        "local users can enter folders of running containers",
    ),
)
#: The oldest engine that all this was tried with, and the oldest line its makers still repair (25.0, by 2026).
_ENGINE_TRIED, _ENGINE_MAINTAINED = (20, 10, 0), (25, 0, 0)


def read_version(text: str) -> Version | None:
    """The three numbers that a version begins with, a missing one being 0; None if it begins otherwise."""
    match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def is_repaired(version: Version, floors: tuple[Version, ...]) -> bool:
    """Whether a version has what ``floors``, the first good version of each line, lists."""
    own = [floor for floor in floors if floor[:2] == version[:2]]
    return version >= own[0] if own else version > max(floors)


def holes(host: Host) -> Iterator[Finding]:
    """runc and containerd against what has been published."""
    if host.engine is None:
        return
    for hole in _HOLES:
        said = _component(host.engine.version, hole.package)
        version = read_version(said)
        if version is not None:
            yield _judge(host, hole, said, version)


def _judge(host: Host, hole: _Hole, said: str, version: Version) -> Finding:
    name = f"{hole.package} {hole.cves[0]}"
    floor = " or ".join(".".join(map(str, number)) for number in hole.repaired)
    changes = host.machine.changelog(hole.package)
    if is_repaired(version, hole.repaired):
        level, found = Level.OK, said
    elif all(cve in changes for cve in hole.cves):
        level, found = Level.OK, f"{said}, with the distribution's repair"
    else:
        level, found = hole.level, f"{said}, and no repair in its changelog"
    cure = (
        f"{hole.package} {floor}, or a package with the repair: apt-get update && apt-get install {hole.package}; "
        f"distributions repair older numbers: zgrep {hole.cves[0]} /usr/share/doc/{hole.package}/changelog.Debian.gz"
    )
    return judged(name, level, found, hole.why, cure)


def _component(version: dict[str, Any], name: str) -> str:
    parts = version.get("Components") or []
    return next((str(part.get("Version")) for part in parts if part.get("Name") == name), "")


def engine(host: Host) -> Iterator[Finding]:
    """The engine's line."""
    if host.engine is None:
        level = Level.FAULT if host.settings.sandbox == "docker" else Level.ADVICE
        why = "without containers the boxes are the only wall"
        cure = "apt-get install docker.io && systemctl enable --now docker, then codezest sandboxes build"
        yield judged("engine", level, host.engine_error or "none answers", why, cure)
        return
    said = str(host.engine.version.get("Version", ""))
    version = read_version(said) or (0, 0, 0)
    level = Level.OK
    if version < _ENGINE_MAINTAINED:
        # A distribution's package is its business, and its changelog shows that it minds it.
        level = Level.ADVICE if host.machine.changelog("docker.io") else Level.WARNING
    if version < _ENGINE_TRIED:
        level = Level.FAULT
    yield judged(
        "engine",
        level,
        f"Docker {said}",
        "below 20.10 nothing here was tried; lines below 25.0 are repaired by distributions alone, if at all",
        "apt-get update && apt-get install docker.io, from a release that is still maintained",
    )


CHECKS: tuple[Check, ...] = (engine, holes)
