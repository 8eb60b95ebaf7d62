"""The kernel that all walls stand on: its age, what it lets the unprivileged do, and what boxes need of it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from cli.host.finding import Check, Finding, Host, Level, judged

_SYSCTL = "proc/sys"
_OLDEST, _MAINTAINED = (5, 3), (5, 10)
_LONG_UP_DAYS = 90
_NAMESPACES = ("user", "pid", "mnt", "net", "ipc", "uts", "cgroup")
#: A worker has a few boxes at once, each with one of every kind; the kernel's own choice is thousands.
_FEWEST_NAMESPACES = 256


class _Switch(NamedTuple):
    """A sysctl, in its dotted name, and the lowest value that is right. ``absent``: what its lack means."""

    name: str
    sysctl: str
    least: int
    level: Level
    why: str
    absent: Level = Level.OK


_SWITCHES = (
    _Switch(
        "unprivileged bpf",
        "kernel.unprivileged_bpf_disabled",
        1,
        Level.WARNING,
        "the kernel's bpf verifier has been a way to root; our filters refuse the call, this is the second wall",
    ),
    _Switch(
        "ptrace scope",
        "kernel.yama.ptrace_scope",
        1,
        Level.WARNING,
        "a process may read others of its user; our filters refuse the call, Yama is the second wall",
        absent=Level.ADVICE,
    ),
    _Switch("dmesg", "kernel.dmesg_restrict", 1, Level.ADVICE, "the kernel's log tells addresses and neighbours"),
    _Switch("kernel addresses", "kernel.kptr_restrict", 1, Level.ADVICE, "exploits begin with an address"),
    _Switch(
        "perf events", "kernel.perf_event_paranoid", 2, Level.ADVICE, "perf is large, and has been a way to root"
    ),
)  # fmt: skip


def switches(host: Host) -> Iterator[Finding]:
    """The sysctls that close a door by being high enough."""
    for switch in _SWITCHES:
        value = host.machine.number(f"{_SYSCTL}/{switch.sysctl.replace('.', '/')}")
        if value is None:
            cure = f"a kernel that has {switch.sysctl}: the distribution's own"
            yield judged(switch.name, switch.absent, f"no {switch.sysctl} here", switch.why, cure)
            continue
        level = Level.OK if value >= switch.least else switch.level
        found = f"{switch.sysctl} = {value}"
        yield judged(switch.name, level, found, switch.why, _set(switch.sysctl, switch.least))


def _set(sysctl: str, value: int) -> str:
    return f"sysctl -w {sysctl}={value}; for good: the same in /etc/sysctl.d/60-codezest.conf"


def version(host: Host) -> Iterator[Finding]:
    """The kernel's line."""
    release = host.machine.text(f"{_SYSCTL}/kernel/osrelease") or ""
    match = re.match(r"(\d+)\.(\d+)", release)
    line = (int(match.group(1)), int(match.group(2))) if match else (0, 0)
    level = Level.FAULT if line < _OLDEST else Level.WARNING if line < _MAINTAINED else Level.OK
    yield judged(
        "kernel",
        level,
        release or "unknown",
        "boxes need 5.3 (pidfd_open); lines below 5.10 get no more repairs from the kernel's makers, and one "
        "kernel bug is enough to leave a container",
        "apt-get dist-upgrade to a release with a newer kernel, and reboot",
    )


def restart(host: Host) -> Iterator[Finding]:
    """Whether repairs of the kernel wait for a restart."""
    waits = any(host.machine.exists(path) for path in ("run/reboot-required", "var/run/reboot-required"))
    days = int(float((host.machine.text("proc/uptime") or "0").split()[0]) // 86_400)
    level = Level.WARNING if waits else Level.ADVICE if days > _LONG_UP_DAYS else Level.OK
    yield judged(
        "restart",
        level,
        f"up for {days} days{', and an update waits for a restart' if waits else ''}",
        "an updated kernel, engine or library protects nobody before it runs",
        "apt-get upgrade, then reboot (a first SIGTERM lets each grader finish its run)",
    )


def namespaces(host: Host) -> Iterator[Finding]:
    """Whether a user without privileges can make boxes; runners have none, in containers or out of them."""
    for sysctl, wrong, right in (
        ("kernel.unprivileged_userns_clone", 0, 1),  # Debian's own; a kernel without it allows them
        ("kernel.apparmor_restrict_unprivileged_userns", 1, 0),  # Ubuntu's; namespaces without capabilities
    ):
        if host.machine.number(f"{_SYSCTL}/{sysctl.replace('.', '/')}") == wrong:
            yield _no_boxes(Level.FAULT, f"{sysctl} = {wrong}", _set(sysctl, right))
            return
    for kind in _NAMESPACES:
        most = host.machine.number(f"{_SYSCTL}/user/max_{kind}_namespaces")
        if most is not None and most < _FEWEST_NAMESPACES:
            level = Level.WARNING if most else Level.FAULT
            sysctl = f"user.max_{kind}_namespaces"
            yield _no_boxes(level, f"{sysctl} = {most}", _set(sysctl, 15_000))
            return
    yield _no_boxes(Level.OK, "allowed to everybody", "")


def _no_boxes(level: Level, found: str, cure: str) -> Finding:
    why = "every case has a box of fresh namespaces, made by a user without privileges; without them nothing is graded"
    return judged("user namespaces", level, found, why, cure)


def core_dumps(host: Host) -> Iterator[Finding]:
    """A pipe as the handler of crashes runs as root, with the crashed program's memory as input (R20)."""
    pattern = host.machine.text(f"{_SYSCTL}/kernel/core_pattern") or ""
    yield judged(
        "core dumps",
        Level.WARNING if pattern.startswith("|") else Level.OK,
        pattern or "none",
        "a handler that is a program is started as root outside of every container, and size limits do not hold "
        "for it; boxes set the one limit that it heeds, this is the second wall",
        "sysctl -w kernel.core_pattern=core; for good: apt-get remove apport systemd-coredump, and the line in "
        "/etc/sysctl.d/60-codezest.conf",
    )


def processor_leaks(host: Host) -> Iterator[Finding]:
    """What the kernel knows of the processor's own leaks."""
    found = host.machine.matching("sys/devices/system/cpu/vulnerabilities/*")
    open_ones = sorted(path.rpartition("/")[2] for path, text in found.items() if "Vulnerable" in text)
    yield judged(
        "processor leaks",
        Level.WARNING if open_ones else Level.OK,
        ", ".join(open_ones) or "none is open",
        "a program can read memory of its neighbours or of the kernel, which no container stops",
        "apt-get install intel-microcode amd64-microcode, take mitigations=... off the kernel's command line, reboot",
    )


def control_groups(host: Host) -> Iterator[Finding]:
    """The controllers that bound a container."""
    unified = host.machine.text("sys/fs/cgroup/cgroup.controllers")
    if unified is not None:
        found = set(unified.split())
    else:
        rows = [line.split() for line in host.machine.lines("proc/cgroups") if not line.startswith("#")]
        found = {row[0] for row in rows if len(row) == 4 and row[1] != "0" and row[3] == "1"}
    missing = [name for name in ("memory", "pids", "cpu") if name not in found]
    generation = "v1" if unified is None else "v2"
    lack = f"without {', '.join(missing)}" if missing else "with memory, pids and cpu"
    yield judged(
        "control groups",
        Level.FAULT if missing else Level.ADVICE if unified is None else Level.OK,
        f"{generation}, {lack}",
        "without memory and pids one program takes the whole host; v1 gets no more care from engines and systemd",
        "on the kernel's command line: "
        + ("cgroup_enable=memory" if missing else "systemd.unified_cgroup_hierarchy=1"),
    )


CHECKS: tuple[Check, ...] = (
    version, restart, namespaces, switches, core_dumps, processor_leaks, control_groups,
)  # fmt: skip
