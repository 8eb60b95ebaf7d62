"""What the engine can do for containers on this host: limits, filters, second kernels, room for images."""

from collections.abc import Iterator

from cli.host.finding import Check, Finding, Host, Level, judged

#: All images take about three; an update needs old and new beside each other.
_ROOM_GIB, _NO_ROOM_GIB = 8.0, 1.0


def limits(host: Host) -> Iterator[Finding]:
    """The limits that the engine can set. It starts containers without those that it cannot, and only warns."""
    if host.engine is None:
        return
    info = host.engine.info
    missing = [name for name in ("MemoryLimit", "PidsLimit") if not info.get(name)]
    swapping = not info.get("SwapLimit") and len(host.machine.lines("proc/swaps")) > 1
    yield judged(
        "container limits",
        Level.FAULT if missing else Level.WARNING if swapping else Level.OK,
        f"no {', '.join(missing)}" if missing else "no SwapLimit" if swapping else "memory and processes",
        "the engine starts a container without a limit that it cannot set: one program then takes the whole host",
        "rootless: delegate memory and pids to the user (systemd Delegate=); else on the kernel's command line: "
        "cgroup_enable=memory swapaccount=1",
    )


def filters(host: Host) -> Iterator[Finding]:
    """Whether the engine can filter system calls at all."""
    if host.engine is None:
        return
    has = any(
        str(option).startswith("name=seccomp") for option in host.engine.info.get("SecurityOptions") or []
    )
    yield judged(
        "system-call filter",
        Level.OK if has else Level.FAULT,
        "seccomp" if has else "none",
        "without it a container may call all of the kernel, and boxes lose their outer wall",
        "a kernel with CONFIG_SECCOMP_FILTER and an engine built with seccomp: the distribution's own have both",
    )


def users(host: Host) -> Iterator[Finding]:
    """Whose root a container's root is."""
    if host.engine is None:
        return
    options = [str(option) for option in host.engine.info.get("SecurityOptions") or []]
    kind = next((word for word in ("rootless", "userns") if f"name={word}" in options), None)
    yield judged(
        "user mapping",
        Level.OK if kind else Level.ADVICE,
        {"rootless": "the engine is rootless", "userns": "users are mapped"}.get(kind or "", "none"),
        "who becomes root in a container is root on the host; ours run as users without a name or capabilities, so "
        "this is a further hurdle only",
        '{"userns-remap": "default"} in /etc/docker/daemon.json, restart the engine, build the images again, and '
        "prove them: codezest sandboxes check",
    )


def second_kernel(host: Host) -> Iterator[Finding]:
    """A runtime with a kernel of its own between program and host."""
    if host.engine is None:
        return
    has = "runsc" in (host.engine.info.get("Runtimes") or {})
    yield judged(
        "second kernel",
        Level.OK if has else Level.ADVICE,
        "runsc" if has else "no runsc",
        "with runc one bug of the host's kernel is enough to leave a container",
        "apt-get install runsc, runsc install (it writes /etc/docker/daemon.json), restart the engine",
    )


def room(host: Host) -> Iterator[Finding]:
    """The disk of the engine's images."""
    folder = str(host.engine.info.get("DockerRootDir") or "") if host.engine is not None else ""
    free = host.machine.free_gib(folder.lstrip("/")) if folder else None
    if free is None:
        return
    yield judged(
        "disk for images",
        Level.FAULT if free < _NO_ROOM_GIB else Level.WARNING if free < _ROOM_GIB else Level.OK,
        f"{free:.1f} GiB free in {folder}",
        "images that cannot be built anew do not get their repairs, and an engine on a full disk starts nothing",
        "docker image prune, or data-root in /etc/docker/daemon.json on a larger disk",
    )


CHECKS: tuple[Check, ...] = (limits, filters, users, second_kernel, room)
