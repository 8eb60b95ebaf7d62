"""The runner's end of a link, played by a test: says what it is told to say, in a thread of its own."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from grader.link import Link
from grader.local_sandbox import SocketStream
from sandboxes.protocol import CaseOutcome, RunRequest, encode, outcome_frame, parse_request, read_frame


class FakeRunner:
    """What a script says through: frames by name, or any bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.tag = ""
        self.seq = 0

    def receive(self, size: int) -> bytes:
        data = self.socket.recv(size)
        if not data:
            raise EOFError
        return data

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hear(self) -> RunRequest:
        """Takes the request, and its tag for all that is said from now on."""
        self.tag, request = parse_request(*read_frame(self))
        return request

    def say(self, kind: str, **more: Any) -> None:
        """A frame without blobs, rightly numbered unless ``more`` says otherwise."""
        self.send(encode({"type": kind, "tag": self.tag, "seq": self.seq, **more}))
        self.seq += 1

    def case(self, outcome: CaseOutcome, index: int, kind: str = "case") -> None:
        """A rightly numbered outcome."""
        self.send(outcome_frame(kind, self.tag, self.seq, outcome, index))
        self.seq += 1


Script = Callable[[FakeRunner], None]


@contextmanager
def linked(script: Script) -> Iterator[Link]:
    """A link to a runner that follows ``script``, and hangs up at its end."""
    ours, theirs = socket.socketpair()

    def play() -> None:
        with theirs:
            try:
                script(FakeRunner(theirs))
            except (OSError, EOFError):
                pass  # the link has hung up, as it should

    thread = threading.Thread(target=play)
    thread.start()
    try:
        with ours:
            stream = SocketStream(ours)
            yield Link(stream, stream.set_deadline)
    finally:
        thread.join()
