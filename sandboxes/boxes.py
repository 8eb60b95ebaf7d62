"""The runner's end of the launcher: asks for boxes, takes them, throws them away."""

import fcntl
import marshal
import os
import resource
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandboxes import box, languages
from sandboxes.job import READY
from sandboxes.seccomp import bpf

_BOX_SECONDS = 10


class RunnerFault(Exception):
    """We could not do our work; says nothing about the program."""


def kernel_limits(cpu_seconds: int, processes: int) -> list[tuple[int, int, int]]:
    """`box.backstops` with the kernel's numbers in place of the names, as a job carries them.

    Here, for the launcher is not to load what tells the numbers: each mapping of its memory is copied twice for a box.
    """
    return [
        (getattr(resource, name), soft, hard) for name, soft, hard in box.backstops(cpu_seconds, processes)
    ]


class MemoryFile:
    """Bytes as a descriptor that a program can read from its start and, once sealed, cannot write to.

    Without ``data`` it is empty and open: for a box to fill, and for us to seal.
    """

    def __init__(self, data: bytes | None = None) -> None:
        self.fd = os.memfd_create("input", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        if data is not None:
            view = memoryview(data)
            while view:
                view = view[os.write(self.fd, view) :]
            os.lseek(self.fd, 0, os.SEEK_SET)
            self.seal()

    def seal(self) -> None:
        """Nobody can change it from now on, whatever descriptor they hold."""
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, seals)

    def read(self) -> bytes:
        """All of it."""
        size = os.fstat(self.fd).st_size
        parts, at = [], 0
        while at < size:
            parts.append(os.pread(self.fd, size - at, at))
            at += len(parts[-1])
        return b"".join(parts)

    def close(self) -> None:
        os.close(self.fd)

    def __enter__(self) -> "MemoryFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Box:
    """A box that waits for its job: our end of its socket, its process 1 and a handle on it."""

    link: socket.socket
    pid: int
    pidfd: int

    def kill(self) -> None:
        """Ends everything in the box; nothing happens if it has ended."""
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def close(self) -> None:
        """Ends the box and lets go of it."""
        self.kill()
        os.close(self.pidfd)
        self.link.close()


class Launcher:
    """The process that makes boxes; `ask` and `take` are apart so that the next box is made while a case runs."""

    def __init__(self, visible: list[list[str]], library: str) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reader, writer = os.pipe()
        script = str(Path(__file__).with_name("launcher.py"))
        environment = languages.languages()["python"].full_environment()
        with MemoryFile(b"") as empty:
            self._process = subprocess.Popen(
                [languages.interpreter(), "-B", script, str(theirs.fileno())],
                # The same kinds of descriptors a program will have, so that a warm interpreter's streams fit them.
                stdin=empty.fd,
                stdout=writer,
                stderr=writer,
                pass_fds=[theirs.fileno()],
                # No home: outside of boxes /tmp is everybody's, and Python would run what it finds in /tmp/.local.
                env={**environment, "HOME": "/nonexistent"},
                cwd="/",
            )
        os.close(writer)
        theirs.close()
        ours.settimeout(_BOX_SECONDS)
        self._socket = ours
        self._errors = reader
        self._pending: socket.socket | None = None
        ours.send(marshal.dumps((visible, bpf.box_filter(), environment, library)))
        self._expect_ready()
        self.made = 0

    def _expect_ready(self) -> None:
        try:
            if self._socket.recv(256) == READY:
                return
        except OSError:
            pass
        os.set_blocking(self._errors, False)
        try:
            words = os.read(self._errors, 4000).decode(errors="replace").strip().splitlines()
        except OSError:
            words = []
        raise RunnerFault(f"boxes cannot be made here: {words[-1] if words else 'the launcher ended'}")

    def ask(self) -> None:
        """Has a box made, if none is on its way."""
        if self._pending is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.settimeout(_BOX_SECONDS)
            socket.send_fds(self._socket, [b"box"], [theirs.fileno()])
            theirs.close()
            self._pending = ours

    def take(self) -> Box:
        """The box asked for, ready for its job. Raises RunnerFault if it could not be made."""
        self.ask()
        link, self._pending = self._pending, None
        assert link is not None
        try:
            message, fds, _flags, _address = socket.recv_fds(self._socket, 4096, 1)
            pid, _, fault = (message or b"0 the launcher ended").decode().partition(" ")
            if fault:
                raise RunnerFault(f"no box: {fault}")
            result = Box(link, int(pid), fds[0])
            ready = link.recv(4096)
            link.setblocking(False)  # nothing is waited for here from now on
        except (OSError, ValueError, IndexError) as error:
            raise RunnerFault(f"no box: {error}") from error
        if ready != READY:
            result.close()
            raise RunnerFault(f"no box: {ready.decode(errors='replace') or 'it ended while being made'}")
        self.made += 1
        return result

    def close(self) -> None:
        self._socket.close()
        if self._pending is not None:
            self._pending.close()
        self._process.kill()
        self._process.wait()
        os.close(self._errors)


def reap() -> None:
    """Collects children that have ended, without waiting for any."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
