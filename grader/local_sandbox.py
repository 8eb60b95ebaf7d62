"""The sandbox without containers: fresh boxes made by an unprivileged process of this machine.

For trying things and for machines without an engine. What it does not promise, compared with containers, is written
down in SECURITY.md; there is no silent fall-back below it: where boxes cannot be made, it says so and refuses.
"""

import contextlib
import socket
import time
from dataclasses import replace

from grader.link import Link
from grader.sandbox import OnCase, SandboxUnavailable
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
    """One runner process, started at the first use and again after it was lost."""

    def __init__(self, slot: int, wanted: frozenset[str] | None = None) -> None:
        self._slot, self._wanted = slot, wanted
        self._runner: LocalRunner | None = None
        self._link: Link | None = None

    def languages(self) -> dict[str, str]:
        """The languages whose programs this machine has, among those wanted; the version is the machine's."""
        here = languages.runnable()
        return {name: f"local/{name}" for name in here if self._wanted is None or name in self._wanted}

    def run(self, request: RunRequest, on_case: OnCase | None = None) -> RunReport:
        """See `grader.sandbox.Sandbox.run`."""
        try:
            report = self._connected().run(request, on_case)
        except BaseException:
            # Whatever it was, the stream is in an unknown state now.
            self.close()
            raise
        return replace(report, image=f"local/{request.language}", isolation=ISOLATION)

    def _connected(self) -> Link:
        if self._link is None:
            try:
                self._runner = LocalRunner(self._slot)
            except OSError as error:
                raise SandboxUnavailable(f"no runner could be started: {error}") from error
            stream = SocketStream(self._runner.socket)
            link = Link(stream, stream.set_deadline)
            link.greet()
            self._link = link
        return self._link

    def close(self) -> None:
        """Ends the runner and its boxes."""
        self._link = None
        if self._runner is not None:
            with contextlib.suppress(OSError):
                self._runner.close()
            self._runner = None
