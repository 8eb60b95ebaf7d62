"""Who else is on the host, and who may command the engine: whoever may is root there."""

import json
from collections.abc import Iterator
from typing import Any

from cli.host.finding import Check, Finding, Host, Level, judged

_UNIX = "http+unix://"
_SSH = 22
_LISTENS = "0A"
_IPV4_DIGITS = 8
_MAPPED = "0000000000000000FFFF0000"
_LOOPBACK = "00000000000000000000000001000000"


def engine_socket(host: Host) -> Iterator[Finding]:
    """The permissions of the engine's socket."""
    if host.engine is None or not host.engine.address.startswith(_UNIX):
        return
    path = host.engine.address.removeprefix(_UNIX)
    mode = host.machine.mode(path.lstrip("/"))
    if mode is None:
        return
    bits, group = mode
    members = _members(host, group) if bits & 0o020 else []
    open_to = "everybody" if bits & 0o002 else ", ".join(members)
    level = Level.FAULT if bits & 0o002 else Level.ADVICE if members else Level.OK
    yield judged(
        "engine socket",
        level,
        f"{path}, mode {bits:03o}, open to {open_to or 'its owner and an empty group'}",
        "whoever may write to it is root on this host",
        f"chmod 660 {path}; for good: systemctl edit docker.socket, SocketMode=0660"
        if bits & 0o002
        else "keep the graders' own account alone in that group: gpasswd -d USER docker",
    )


def _members(host: Host, group: int) -> list[str]:
    rows = [line.split(":") for line in host.machine.lines("etc/group")]
    return [
        name for row in rows if len(row) == 4 and row[2] == str(group) for name in row[3].split(",") if name
    ]


def engine_tcp(host: Host) -> Iterator[Finding]:
    """Whether the engine can be commanded over a network."""
    words = [word for argv in _command_lines(host) for word in argv]
    settings = _daemon_settings(host)
    heard = [word for word in [*words, *map(str, settings.get("hosts") or [])] if "tcp://" in word]
    if host.engine is not None and host.engine.address.startswith(("http://", "https://")):
        heard.append(host.engine.address)
    checked = "--tlsverify" in words or settings.get("tlsverify") is True
    checked = checked or (bool(heard) and all(word.startswith("https://") for word in heard))
    yield judged(
        "engine over tcp",
        Level.OK if not heard else Level.WARNING if checked else Level.FAULT,
        ", ".join(heard) or "no",
        "whoever reaches that port is root on this host; with --tlsverify, whoever has a certificate",
        "take tcp:// out of `systemctl cat docker` and of hosts in /etc/docker/daemon.json, and restart the engine",
    )


def _command_lines(host: Host) -> Iterator[list[str]]:
    for text in host.machine.matching("proc/[0-9]*/cmdline").values():
        argv = text.rstrip("\0").split("\0")
        if argv[0].rpartition("/")[2] == "dockerd":
            yield argv


def _daemon_settings(host: Host) -> dict[str, Any]:
    try:
        found = json.loads(host.machine.text("etc/docker/daemon.json") or "{}")
    except ValueError:
        return {}  # the engine would not start with it
    return found if isinstance(found, dict) else {}


def other_containers(host: Host) -> Iterator[Finding]:
    """Containers that no grader started."""
    if host.engine is None:
        return
    names = host.engine.strangers
    yield judged(
        "other containers",
        Level.ADVICE if names else Level.OK,
        ", ".join(names) or "none",
        "they disturb the times, and who leaves a sandbox meets them first",
        "docker stop NAME, and give graders a host of their own",
    )


def listening_ports(host: Host) -> Iterator[Finding]:
    """What can be reached over a network on this host, but for SSH."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in host.machine.lines(f"proc/net/{name}")[1:]]
    found = {_port(row[1]) for row in rows if len(row) > 3 and row[3] == _LISTENS and not _is_local(row[1])}
    others = sorted(found - {_SSH})
    yield judged(
        "listening ports",
        Level.ADVICE if others else Level.OK,
        ", ".join(map(str, others)) or "none but SSH",
        "a grader host needs no visitors: graders call the database and the queue themselves",
        "ss -ltnp tells whose they are; stop them or bind them to 127.0.0.1",
    )


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _is_local(address: str) -> bool:
    # The kernel prints addresses word by word in the byte order of the machine: 127.0.0.1 as 0100007F.
    digits = address.partition(":")[0]
    tail = digits.removeprefix(_MAPPED)
    return digits == _LOOPBACK or (len(tail) == _IPV4_DIGITS and tail.endswith("7F"))


def own_view(host: Host) -> Iterator[Finding]:
    """Whether this check sees the host at all."""
    # Machines made of a container's image keep its mark; the kernel's own threads are seen from the host alone.
    marked = any(host.machine.exists(path) for path in (".dockerenv", "run/.containerenv"))
    inside = marked and host.machine.text("proc/2/comm") != "kthreadd"
    elsewhere = host.engine is not None and host.engine.info.get("KernelVersion") not in (
        None,
        host.machine.text("proc/sys/kernel/osrelease"),
    )
    found = (
        "from inside a container" if inside else "not the engine's host" if elsewhere else "the host itself"
    )
    yield judged(
        "view",
        Level.WARNING if inside or elsewhere else Level.OK,
        found,
        "files, ports and processes of the grader host are not to be seen from here",
        "run `codezest doctor --host` on the host that the engine runs on, outside of containers",
    )


CHECKS: tuple[Check, ...] = (own_view, engine_socket, engine_tcp, other_containers, listening_ports)
