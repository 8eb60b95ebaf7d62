"""The sandbox of production: one hardened, warm container per language, and in it a fresh box for every case.

A container is started at its language's first use and kept; a submission whose container behaved costs no engine call.
Any doubt (a lost stream, a frame out of order, a runner's fault) and it is thrown away, and the next use starts a
fresh one. It ends by itself when this process does: its input closes.

No network, read-only root, no capabilities, no new privileges, a system-call profile of our own, one user id per
slot, memory and processes capped: see `engine.py`. Logs are off, for they would archive every input on the host's
disk, and a flood would fill it.
"""

import contextlib
import os
import socket
from dataclasses import dataclass, replace

from grader.engine import LANGUAGE_LABEL, OWNER_LABEL, Container, ContainerSpec, Engine
from grader.images import image_name
from grader.link import Link
from grader.sandbox import OnCase, SandboxUnavailable
from sandboxes.languages import languages
from sandboxes.local import FIRST_UID
from sandboxes.protocol import RunReport, RunRequest

ISOLATION = "docker"
_COMMAND = ["/usr/bin/python3", "-I", "-S", "/opt/codezest/sandboxes/runner.py"]
#: Temporary files of a box are the container's memory too, and so are runner and launcher.
_OVERHEAD_MIB = 320
_OVERHEAD_PROCESSES = 32
_RUNS_PER_CONTAINER = 500


@dataclass
class _Warm:
    """A container that waits for its next request."""

    container: Container
    link: Link
    digest: str
    runs: int = 0


class DockerSandbox:
    """One grader slot's containers. ``memory_mib`` and ``processes`` are the most any case may be given."""

    def __init__(
        self,
        engine: Engine,
        *,
        slot: int,
        prefix: str,
        memory_mib: int,
        processes: int,
        wanted: frozenset[str] | None = None,
        runtime: str | None = None,
    ) -> None:
        self._engine, self._slot, self._prefix, self._wanted = engine, slot, prefix, wanted
        self._memory_mib, self._processes, self._runtime = memory_mib, processes, runtime
        self._warm: dict[str, _Warm] = {}
        self._owner = owner_of(os.getpid())
        self._remove_abandoned()

    def languages(self) -> dict[str, str]:
        """The languages with an image, among those wanted, each with its image's digest."""
        names = [name for name in languages() if self._wanted is None or name in self._wanted]
        found = {name: self._engine.image(image_name(self._prefix, name)) for name in names}
        return {name: image.digest for name, image in found.items() if image is not None}

    def run(self, request: RunRequest, on_case: OnCase | None = None) -> RunReport:
        """See `grader.sandbox.Sandbox.run`."""
        warm = self._warm.get(request.language) or self._start(request.language)
        try:
            report = warm.link.run(request, on_case)
        except BaseException:
            # Whatever it was, the stream is in an unknown state now.
            self._discard(request.language)
            raise
        warm.runs += 1
        if warm.link.worn or warm.runs >= _RUNS_PER_CONTAINER:
            self._discard(request.language)
        return replace(report, image=warm.digest, isolation=ISOLATION)

    def close(self) -> None:
        """Ends every container of this slot."""
        for language in list(self._warm):
            self._discard(language)

    def _start(self, language: str) -> _Warm:
        name = image_name(self._prefix, language)
        image = self._engine.image(name)
        if image is None:
            raise SandboxUnavailable(f"there is no image {name}: run `codezest sandboxes build`")
        spec = ContainerSpec(
            image=image.digest,
            command=[*_COMMAND, language],
            uid=FIRST_UID + self._slot,
            memory_mib=self._memory_mib + _OVERHEAD_MIB,
            processes=self._processes + _OVERHEAD_PROCESSES,
            labels={OWNER_LABEL: self._owner, LANGUAGE_LABEL: language},
            runtime=self._runtime,
        )
        container = self._engine.start(spec)
        link = Link(container, container.set_deadline)
        try:
            link.greet()
        except SandboxUnavailable:
            container.close()
            raise
        self._warm[language] = _Warm(container, link, image.digest)
        return self._warm[language]

    def _discard(self, language: str) -> None:
        warm = self._warm.pop(language, None)
        if warm is not None:
            warm.container.close()

    def _remove_abandoned(self) -> None:
        """Removes containers whose owner, a process of this host, is gone; others' hosts are not ours to judge."""
        with contextlib.suppress(SandboxUnavailable):
            for container_id, labels in self._engine.owned().items():
                if _is_abandoned(labels.get(OWNER_LABEL, "")):
                    with contextlib.suppress(SandboxUnavailable):
                        self._engine.remove(container_id)


def owner_of(pid: int) -> str:
    """A label value naming a process of this host: host, pid, and when it started, for pids are used again."""
    return f"{socket.gethostname()}/{pid}/{_started(pid)}"


def _is_abandoned(owner: str) -> bool:
    host, _, rest = owner.partition("/")
    pid, _, started = rest.partition("/")
    return host == socket.gethostname() and pid.isdigit() and _started(int(pid)) != started


def _started(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - pathlib would add nothing
            return file.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return ""
