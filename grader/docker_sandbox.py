"""The sandbox of production: hardened, warm containers per language, and in them a fresh box for every case.

A container is started at its language's first use and kept; a submission whose container behaved costs no engine call.
With ``single_use`` it serves one submission only, and the next one is started while nobody waits for it. Any doubt (a
lost stream, a frame out of order, a runner's fault, a setting that is not as declared) and it is thrown away, and the
next use starts a fresh one. It ends by itself when this process does: its input closes.

No network, read-only root, no capabilities, no new privileges, a system-call profile of our own, one user id per
slot, memory and processes capped: see `engine.py`. Logs are off, for they would archive every input on the host's
disk, and a flood would fill it.
"""

import contextlib
import os
import socket
from dataclasses import replace

from grader.compile_cache import CompileCache
from grader.container_walls import verify
from grader.cores import Cores
from grader.engine import LANGUAGE_LABEL, OWNER_LABEL, ContainerSpec, Engine
from grader.images import image_name
from grader.lane import Lane
from grader.lanes import Lanes
from grader.link import Link
from grader.sandbox import OnCase, OnReady, SandboxUnavailable
from grader.slots import user_of
from sandboxes.languages import languages
from sandboxes.protocol import RunReport, RunRequest

_COMMAND = ["/usr/bin/python3", "-I", "-S", "/opt/codezest/sandboxes/runner.py"]
#: Temporary files of a box are the container's memory too, and so are runner and launcher.
_OVERHEAD_MIB = 320
_OVERHEAD_PROCESSES = 32


class DockerSandbox:
    """One grader slot's containers. ``memory_mib`` and ``processes`` are the most any case may be given, ``lanes`` how
    many containers one submission may use at once where cores are free, ``most_containers`` how many there may be."""

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
        single_use: bool = False,
        lanes: int = 1,
        most_containers: int = 16,
        cores: Cores | None = None,
        cache: CompileCache | None = None,
    ) -> None:
        self._engine, self._slot, self._prefix, self._wanted = engine, slot, prefix, wanted
        self._memory_mib, self._processes, self._runtime = memory_mib, processes, runtime
        self._owner = owner_of(os.getpid())
        self.isolation = "/".join(filter(None, ["single-use" if single_use else "boxed", runtime]))
        self._lanes = Lanes(
            self._start, cores=cores, cache=cache, width=lanes, most=most_containers, single_use=single_use
        )
        self._remove_abandoned()

    def languages(self) -> dict[str, str]:
        """The languages with an image, among those wanted, each with its image's digest."""
        names = [name for name in languages() if self._wanted is None or name in self._wanted]
        found = {name: self._engine.image(image_name(self._prefix, name)) for name in names}
        return {name: image.digest for name, image in found.items() if image is not None}

    def idle_languages(self) -> list[str]:
        """The languages with a container that waits for work."""
        return self._lanes.idle_languages()

    def run(
        self, request: RunRequest, on_case: OnCase | None = None, on_ready: OnReady | None = None
    ) -> RunReport:
        """See `grader.sandbox.Sandbox.run`."""
        return replace(self._lanes.run(request, on_case, on_ready), isolation=self.isolation)

    def close(self) -> None:
        """Ends every container of this slot."""
        self._lanes.close()

    def _start(self, language: str, number: int) -> Lane:
        name = image_name(self._prefix, language)
        image = self._engine.image(name)
        if image is None:
            raise SandboxUnavailable(f"there is no image {name}: run `codezest sandboxes build`")
        spec = self._spec(image.digest, language, number)
        container = self._engine.start(spec)
        link = Link(container, container.set_deadline)
        try:
            link.greet()
            verify(self._engine, container.id, spec)
        except BaseException:
            container.close()
            raise
        return Lane(link, container, image.digest, image.digest)

    def _spec(self, image: str, language: str, number: int) -> ContainerSpec:
        facts = languages()[
            language
        ]  # its resident compiler, if it has one, stays while a case uses all it may
        return ContainerSpec(
            image=image,
            command=[*_COMMAND, language],
            uid=user_of(self._slot, number),
            memory_mib=self._memory_mib + _OVERHEAD_MIB + facts.resident_memory_mib,
            processes=self._processes + _OVERHEAD_PROCESSES + facts.resident_processes,
            labels={OWNER_LABEL: self._owner, LANGUAGE_LABEL: language},
            runtime=self._runtime,
        )

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
