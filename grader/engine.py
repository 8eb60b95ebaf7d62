"""The one door to the Docker engine: connects, builds images, starts and ends containers. Every call has a deadline.

The engine's socket is root on its host, so only grader processes have it. No version is pinned: the SDK negotiates,
and engines from 20.10 to 29 have no version in common. Calls that could hang while a container floods its output are
made only after its stream has been closed.
"""

import contextlib
import io
import json
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import docker
import docker.errors
import requests.exceptions
from docker.types import Ulimit
from docker.utils import kwargs_from_env, parse_host

from grader.sandbox import SandboxUnavailable
from sandboxes.seccomp.policy import container_profile

CALL_SECONDS = 20
BUILD_SECONDS = 1200
OWNER_LABEL, LANGUAGE_LABEL, BUILD_LABEL = "codezest.owner", "codezest.language", "codezest.build"
_HEADER = struct.Struct(">BxxxL")
_STDOUT = 1
_CHUNK = 1 << 16
_UNIX = "http+unix://"
_ERRORS_KEPT = 2000


class ImageFacts(NamedTuple):
    """An image: its digest (the engine's id), labels, and size in bytes."""

    digest: str
    labels: dict[str, str]
    size: int


class EngineReport(NamedTuple):
    """What an engine says of itself, in its API's own words, and where it was asked: ``http+unix://`` and a path, or
    a URL. ``strangers``: the names of the running containers that no grader started."""

    address: str
    info: dict[str, Any]
    version: dict[str, Any]
    strangers: list[str]


class ContainerSpec(NamedTuple):
    """What a pool container may be. ``memory_mib`` caps the whole container, swap included."""

    image: str
    command: list[str]
    uid: int
    memory_mib: int
    processes: int
    labels: dict[str, str]
    runtime: str | None = None


@contextlib.contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
        raise SandboxUnavailable(f"{what}: {error}") from error


class Engine:
    """A connection to one engine. Raises SandboxUnavailable, from the start, if it does not answer."""

    def __init__(self, host: str | None = None) -> None:
        with _translated("the Docker engine does not answer"):
            self._host = host
            self._client = _connect(host, CALL_SECONDS)
            self._client.ping()

    def close(self) -> None:
        self._client.close()

    def facts(self) -> dict[str, str]:
        """Version and settings of the engine, for people."""
        with _translated("the engine's facts"):
            info = self._client.api.info()
        keys = ("ServerVersion", "CgroupVersion", "CgroupDriver", "DefaultRuntime", "KernelVersion", "Driver")
        return {key: str(info.get(key, "")) for key in keys}

    def report(self) -> EngineReport:
        """Everything that a check of the host wants to know."""
        api = self._client.api
        with _translated("the engine's report"):
            info, version, rows = api.info(), api.version(api_version=False), api.containers()
        ours = (OWNER_LABEL, BUILD_LABEL)
        strangers = [row for row in rows if not set(ours) & set(row.get("Labels") or {})]
        names = [(row.get("Names") or [row["Id"][:12]])[0].lstrip("/") for row in strangers]
        return EngineReport(_address(self._host), info, version, sorted(names))

    def runtimes(self) -> frozenset[str]:
        """The names of the runtimes that the engine offers."""
        with _translated("the engine's runtimes"):
            return frozenset(self._client.api.info().get("Runtimes") or ())

    def image(self, name: str) -> ImageFacts | None:
        """The image of that name, or None."""
        with _translated(f"image {name}"):
            try:
                found = self._client.api.inspect_image(name)
            except docker.errors.ImageNotFound:
                return None
        return ImageFacts(found["Id"], (found.get("Config") or {}).get("Labels") or {}, found.get("Size", 0))

    def pull(self, name: str, tag: str) -> bool:
        """Fetches an image from a registry; False if none can be reached."""
        try:
            self._client.images.pull(name, tag=tag)
        except (docker.errors.DockerException, requests.exceptions.RequestException):
            return False
        return True

    def import_archive(self, path: str, name: str, labels: dict[str, str]) -> None:
        """Makes an image of a root file system in a tar file."""
        changes = [f'LABEL {key}="{value}"' for key, value in labels.items()]
        with _translated(f"import of {name}"):
            answer = self._client.api.import_image_from_file(path, repository=name, changes=changes)
        _raise_build_error(name, answer.splitlines())

    def build(self, context: bytes, name: str, labels: dict[str, str]) -> Iterator[str]:
        """Builds an image from a tar context, yielding the builder's lines as they come."""
        # A client of its own: a builder may be silent for longer than any other call.
        builder = _connect(self._host, BUILD_SECONDS).api
        with _translated(f"build of {name}"), contextlib.closing(builder):
            lines = builder.build(
                fileobj=io.BytesIO(context), custom_context=True, tag=name, labels=labels, rm=True, forcerm=True,
                network_mode="host", decode=True,
            )  # fmt: skip
            for line in lines:
                if "error" in line:
                    raise SandboxUnavailable(f"build of {name}: {line['error']}")
                if text := line.get("stream", "").strip():
                    yield text

    def start(self, spec: ContainerSpec) -> "Container":
        """Starts a container and attaches to it before its first byte. Raises SandboxUnavailable."""
        api = self._client.api
        with _translated(f"container of {spec.image}"):
            host = api.create_host_config(
                network_mode="none",
                read_only=True,
                cap_drop=["ALL"],
                security_opt=[
                    "no-new-privileges",
                    "apparmor=unconfined",
                    f"seccomp={json.dumps(container_profile())}",
                ],
                pids_limit=spec.processes,
                mem_limit=f"{spec.memory_mib}m",
                memswap_limit=f"{spec.memory_mib}m",
                ipc_mode="none",
                auto_remove=True,
                log_config={"Type": "none", "Config": {}},
                runtime=spec.runtime,
                ulimits=[Ulimit(name="core", soft=1, hard=1)],  # 1 byte: see `sandboxes/box.py`
            )
            # A box mounts a /proc of its own, which the kernel refuses while parts of this one are masked. The box's
            # shows processes only; foreign code never sees the container's.
            host["MaskedPaths"], host["ReadonlyPaths"] = [], []
            made = api.create_container(
                spec.image, spec.command, user=f"{spec.uid}:{spec.uid}", stdin_open=True, host_config=host,
                labels=spec.labels, hostname="sandbox", network_disabled=True, environment={"LANG": "C.UTF-8"},
                working_dir="/", entrypoint=[],
            )  # fmt: skip
            attached = None
            try:
                attached = api.attach_socket(
                    made["Id"], params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
                )
                api.start(made["Id"])
            except BaseException:
                if attached is not None:
                    _hang_up(attached)
                with contextlib.suppress(docker.errors.DockerException):
                    api.remove_container(made["Id"], force=True)
                raise
        return Container(self, made["Id"], attached)

    def settings(self, container_id: str) -> dict[str, Any]:
        """What a container really is, in the engine's words. Raises SandboxUnavailable, also if it is gone."""
        with _translated(f"settings of {container_id[:12]}"):
            return self._client.api.inspect_container(container_id)

    def remove(self, container_id: str) -> None:
        """Kills and removes a container; nothing happens if it is gone."""
        with _translated(f"removal of {container_id[:12]}"):
            try:
                self._client.api.remove_container(container_id, force=True, v=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                if error.status_code != 409:  # its removal is under way already: it removes itself at its end
                    raise

    def owned(self) -> dict[str, dict[str, str]]:
        """All containers with our label, running or not: id to labels."""
        with _translated("list of containers"):
            rows = self._client.api.containers(all=True, filters={"label": OWNER_LABEL})
        return {row["Id"]: row.get("Labels") or {} for row in rows}


class Container:
    """A running container's attached stream: what is sent is its input, what is received its standard output.

    Without a terminal the engine frames the output: one byte for the stream, three of nothing, four for the length.
    Standard error is kept, its last part only, to explain a container that ended.
    """

    def __init__(self, engine: Engine, container_id: str, attached: Any) -> None:
        self._engine, self.id = engine, container_id
        self._holder = attached  # closing it closes the socket, so it must live as long
        self._socket = attached._sock
        self._buffer = b""
        self._unread = bytearray()
        self._deadline = 0.0
        self.errors = b""

    def set_deadline(self, deadline: float) -> None:
        self._deadline = deadline

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._wait()
            view = view[self._socket.send(view) :]

    def receive(self, size: int) -> bytes:
        while not self._buffer:
            stream, length = _HEADER.unpack(self._raw(_HEADER.size))
            data = self._raw(length)
            if stream == _STDOUT:
                self._buffer = data
            else:
                self.errors = (self.errors + data)[-_ERRORS_KEPT:]
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _raw(self, size: int) -> bytes:
        # As much as there is at a time: what comes together is often several of the engine's frames.
        while len(self._unread) < size:
            self._wait()
            part = self._socket.recv(_CHUNK)
            if not part:
                raise EOFError(self.errors.decode(errors="replace").strip()[-300:] or "the container ended")
            self._unread += part
        data = bytes(self._unread[:size])
        del self._unread[:size]
        return data

    def _wait(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("it did not answer in time")
        self._socket.settimeout(left)

    def close(self) -> None:
        """Ends the container. The stream goes first: an engine call can hang behind an undrained one."""
        _hang_up(self._holder)
        with contextlib.suppress(SandboxUnavailable):
            self._engine.remove(self.id)


def _hang_up(attached: Any) -> None:
    for end in (attached._sock, attached):  # each holds the descriptor until both have let go
        with contextlib.suppress(OSError):
            end.close()


def _connect(host: str | None, seconds: int) -> docker.DockerClient:
    _knock(host, seconds)
    return docker.DockerClient(base_url=host, timeout=seconds) if host else docker.from_env(timeout=seconds)


def _address(host: str | None) -> str:
    return str(parse_host(host or kwargs_from_env().get("base_url")))


def _knock(host: str | None, seconds: int) -> None:
    # The SDK leaves its socket open where nobody listens, which Python complains of at some later time.
    address = _address(host)
    if address.startswith(_UNIX):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(seconds)
            probe.connect(address.removeprefix(_UNIX))


def _raise_build_error(name: str, lines: list[str]) -> None:
    for line in lines:
        with contextlib.suppress(ValueError):
            if error := json.loads(line).get("error"):
                raise SandboxUnavailable(f"{name}: {error}")
