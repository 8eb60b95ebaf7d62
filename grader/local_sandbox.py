"""The sandbox without containers: fresh boxes made by an unprivileged process of this machine.

For trying things and for machines without an engine. What it does not promise, compared with containers, is written
down in SECURITY.md; there is no silent fall-back below it: where boxes cannot be made, it says so and refuses.
"""

import hashlib
import socket
import time
from dataclasses import replace
from functools import cache

from grader.compile_cache import CompileCache
from grader.cores import Cores
from grader.lane import Lane
from grader.lanes import Lanes
from grader.link import Link
from grader.sandbox import OnCase, OnReady, SandboxUnavailable
from grader.selftest import circumstances
from grader.slots import user_of
from sandboxes import languages
from sandboxes.local import LocalRunner
from sandboxes.protocol import RunReport, RunRequest

ISOLATION = "local"


class SocketStream:
    """A connected socket as a protocol stream whose every operation ends by a deadline."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._deadline = 0.0

    def set_deadline(self, deadline: float) -> None:
        self._deadline = deadline

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._wait()
            view = view[self._socket.send(view) :]

    def receive(self, size: int) -> bytes:
        self._wait()
        data = self._socket.recv(size)
        if not data:
            raise EOFError("its stream ended")
        return data

    def _wait(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("it did not answer in time")
        self._socket.settimeout(left)


class LocalSandbox:
    """One grader slot's runner processes, started at first use and again after they were lost; ``lanes`` is how many
    one submission may use at once where cores are free."""

    def __init__(
        self,
        slot: int,
        wanted: frozenset[str] | None = None,
        *,
        lanes: int = 1,
        cores: Cores | None = None,
        cache: CompileCache | None = None,
    ) -> None:
        self._slot, self._wanted = slot, wanted
        self._lanes = Lanes(self._start, cores=cores, cache=cache, width=lanes, shared=True)

    def languages(self) -> dict[str, str]:
        """The languages whose programs this machine has, among those wanted; the version is the machine's."""
        here = languages.runnable()
        return {name: f"local/{name}" for name in here if self._wanted is None or name in self._wanted}

    def idle_languages(self) -> list[str]:
        """One language whose runner waits for work, if there is one: it is the same runner for all."""
        return list(self.languages())[:1] if self._lanes.idle_languages() else []

    def run(
        self, request: RunRequest, on_case: OnCase | None = None, on_ready: OnReady | None = None
    ) -> RunReport:
        """See `grader.sandbox.Sandbox.run`."""
        report = self._lanes.run(request, on_case, on_ready)
        return replace(report, image=f"local/{request.language}", isolation=ISOLATION)

    def close(self) -> None:
        """Ends the runners and their boxes."""
        self._lanes.close()

    def _start(self, language: str, number: int) -> Lane:
        try:
            runner = LocalRunner(user_of(self._slot, number))
        except OSError as error:
            raise SandboxUnavailable(f"no runner could be started: {error}") from error
        stream = SocketStream(runner.socket)
        link = Link(stream, stream.set_deadline)
        try:
            link.greet()
        except BaseException:
            runner.close()
            raise
        return Lane(link, runner, "local", _tools())


@cache
def _tools() -> str:
    """A digest of every compiler and interpreter of this machine, and of our own files: what artefacts depend on."""
    digest = hashlib.sha256()
    for language in languages.languages().values():
        digest.update(circumstances(language).encode())
    return f"local/{digest.hexdigest()}"
