"""The container's walls as they are declared, and what the engine and the kernel say of a running one.

An engine may not do what it was asked: an older one passes over what it does not know, one without swap accounting
drops a limit with nothing but a warning, a host's own defaults or a runtime may add to it. So after a container has
started, and its runner has spoken, its settings are read back from the engine and, where this process sees the
container's processes, from the kernel, and held against the declaration.

The declaration stands here beside `Engine.start`, which asks for it: one careless change does not pass both. Only what
differs from container to container (user, memory, processes, command) is taken from the `ContainerSpec`.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.engine import ContainerSpec, Engine
from grader.sandbox import SandboxUnavailable
from grader.walls import CAPABILITY_SETS, difference, differs
from sandboxes.seccomp.policy import container_profile

#: Settings of the engine's ``HostConfig`` with the one value they may have.
_EXACTLY = {
    "NetworkMode": "none",
    "ReadonlyRootfs": True,
    "CapDrop": ["ALL"],
    "IpcMode": "none",
    "AutoRemove": True,
    "LogConfig": {"Type": "none", "Config": {}},
    "Ulimits": [{"Name": "core", "Hard": 1, "Soft": 1}],
}
#: And those that must be absent, empty or false, however an engine says so. The paths are the container's own
#: ``/proc``, which must be in sight for a box to mount one; foreign code never sees it.
_NOTHING = (
    *("Privileged", "CapAdd", "GroupAdd", "Binds", "Mounts", "Tmpfs", "VolumesFrom", "Links"),
    *(
        "Devices",
        "DeviceRequests",
        "DeviceCgroupRules",
        "PortBindings",
        "PublishAllPorts",
        "ExtraHosts",
        "Sysctls",
    ),
    *("PidMode", "UTSMode", "UsernsMode", "CgroupParent", "OomScoreAdj", "OomKillDisable"),
    *("MaskedPaths", "ReadonlyPaths"),
)
_CONFIG_NOTHING = ("Tty", "Volumes", "ExposedPorts", "Healthcheck", "Entrypoint")
_OPTIONS = ("no-new-privileges", "apparmor=unconfined", "seccomp=")
#: What an image and we put into the runner's environment.
_ENVIRONMENT = {"LANG", "PATH"}
#: Namespaces a container has of its own, whatever the engine's defaults.
_NAMESPACES = ("mnt", "pid", "net", "ipc", "uts")
#: Runtimes with a kernel of their own: what the host's kernel says is of the runtime's process, not of ours.
_OWN_KERNEL = ("runsc", "kata")
_CGROUPS = Path("/sys/fs/cgroup")


def verify(engine: Engine, container_id: str, spec: ContainerSpec) -> None:
    """Raises SandboxUnavailable, naming every difference, if a container is not what its spec declares.

    To be called once the runner has spoken: before, the runtime may not have let go of its own rights.
    """
    if lines := compare_container(spec, engine.settings(container_id)):
        raise SandboxUnavailable("; ".join(lines))


def compare_container(spec: ContainerSpec, settings: dict[str, Any]) -> list[str]:
    """What is not as declared, one line each: setting, declared, found. ``settings`` is the engine's word."""
    try:
        lines = [*_host_config(spec, settings["HostConfig"]), *_config(spec, settings["Config"])]
        lines += [*_whole(settings), *_kernel(spec, settings)]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        lines = [f"could not be understood: {error!r}"]
    return [f"container: {line}" for line in lines]


def _host_config(spec: ContainerSpec, host: dict[str, Any]) -> Iterator[str]:
    for name, declared in _EXACTLY.items():
        yield from differs(name, declared, host.get(name))
    for name in _NOTHING:
        if host.get(name):
            yield difference(name, "nothing", host[name])
    restart = (host.get("RestartPolicy") or {}).get("Name") or "no"
    yield from differs("RestartPolicy", "no", restart)
    yield from differs("Memory", spec.memory_mib << 20, host.get("Memory"))
    yield from differs("MemorySwap", spec.memory_mib << 20, host.get("MemorySwap"))
    yield from differs("PidsLimit", spec.processes, host.get("PidsLimit"))
    if spec.runtime is not None:
        yield from differs("Runtime", spec.runtime, host.get("Runtime"))
    yield from _security(host.get("SecurityOpt") or [])


def _security(options: list[str]) -> Iterator[str]:
    names = sorted("seccomp=" if option.startswith("seccomp=") else option for option in options)
    yield from differs("SecurityOpt", sorted(_OPTIONS), names)
    profile = next((option.partition("=")[2] for option in options if option.startswith("seccomp=")), "none")
    yield from differs("seccomp profile", _digest(json.dumps(container_profile())), _digest(profile))


def _digest(profile: str) -> str:
    """A profile's digest, whatever its members' order; a word such as ``unconfined`` is its own."""
    try:
        text = json.dumps(json.loads(profile), sort_keys=True)
    except ValueError:
        return profile
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _config(spec: ContainerSpec, config: dict[str, Any]) -> Iterator[str]:
    declared = {"User": f"{spec.uid}:{spec.uid}", "Image": spec.image, "Cmd": spec.command, "WorkingDir": "/"}
    for name, value in {**declared, "OpenStdin": True, "StdinOnce": True}.items():
        yield from differs(name, value, config.get(name))
    for name in _CONFIG_NOTHING:
        if config.get(name):
            yield difference(name, "nothing", config[name])
    names = {variable.partition("=")[0] for variable in config.get("Env") or []}
    yield from differs("Env beyond the declared", [], sorted(names - _ENVIRONMENT))
    labels = config.get("Labels") or {}
    yield from differs("Labels", spec.labels, {name: labels.get(name) for name in spec.labels})


def _whole(settings: dict[str, Any]) -> Iterator[str]:
    yield from differs("mounts", [], settings.get("Mounts") or [])
    network = settings.get("NetworkSettings") or {}
    others = sorted(set(network.get("Networks") or {}) - {"none"})
    yield from differs("networks", [], others)
    yield from differs("address", "", network.get("IPAddress") or "")


def _kernel(spec: ContainerSpec, settings: dict[str, Any]) -> Iterator[str]:
    """What the kernel of this host says. Nothing where the engine's is another, or its processes are not in sight."""
    pid, runtime = settings["State"]["Pid"], settings["HostConfig"].get("Runtime") or ""
    groups = _read(f"/proc/{pid}/cgroup") or ""
    if settings["Id"] not in groups or any(word in runtime for word in _OWN_KERNEL):
        return
    yield from _status(spec, _read(f"/proc/{pid}/status"))
    yield from _limits(_read(f"/proc/{pid}/limits"))
    for kind in _NAMESPACES:
        yield from _namespace(kind, pid)
    for line in groups.splitlines():
        yield from _group(spec, *line.split(":", 2)[1:])


def _read(path: str | Path) -> str | None:
    try:
        return Path(path).read_text()
    except OSError:
        return None


def _status(spec: ContainerSpec, text: str | None) -> Iterator[str]:
    if text is None:
        return
    told = {
        name: " ".join(rest.split()) for name, _, rest in (line.partition(":") for line in text.splitlines())
    }
    ids = " ".join([str(spec.uid)] * 4)
    declared = {"Uid": ids, "Gid": ids, "Groups": str(spec.uid), "NoNewPrivs": "1", "Seccomp": "2"}
    for name, value in declared.items():
        yield from differs(f"the runner's {name}", value, told.get(name))
    for name in CAPABILITY_SETS:
        yield from differs(f"the runner's {name}", 0, int(told[name], 16))


def _limits(text: str | None) -> Iterator[str]:
    for line in (text or "").splitlines():
        if line.startswith("Max core file size"):
            yield from differs("the runner's core limit", ["1", "1"], line.split()[4:6])


def _namespace(kind: str, pid: int) -> Iterator[str]:
    try:
        found, own = (os.readlink(f"/proc/{whose}/ns/{kind}") for whose in (pid, "self"))  # noqa: PTH115
    except OSError:
        return  # only root may look
    if found == own:
        yield difference(f"namespace {kind}", "the container's own", f"the worker's, {found}")


def _group(spec: ContainerSpec, controllers: str, path: str) -> Iterator[str]:
    """The limits of one control group; version 2 has one group without controllers' names."""
    memory, processes = str(spec.memory_mib << 20), str(spec.processes)
    if controllers:
        folder = _CGROUPS / controllers
        declared = {
            "memory.limit_in_bytes": memory,
            "memory.memsw.limit_in_bytes": memory,
            "pids.max": processes,
        }
    else:
        folder = _CGROUPS
        declared = {"memory.max": memory, "memory.swap.max": "0", "pids.max": processes}
    for name, value in declared.items():
        found = _read(folder / path.lstrip("/") / name)
        if found is not None:
            yield from differs(name, value, found.strip())
