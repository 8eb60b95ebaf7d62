"""Many HTTP connections from one thread, as cheap as it gets: what is measured is the server, on the same machine.

Each connection sends its next request when its answer has come. Standard library only.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple


class Answer(NamedTuple):
    """Of one request: its status, headers (names in lower case) and body, and the seconds it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class Connection:
    """One kept connection to an HTTP/1.1 server."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> Answer:
        """Sends ``request`` as it is and waits for the answer. Raises OSError, or IncompleteReadError if it breaks."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(*self._place)
        started = time.perf_counter()
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
        }
        body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(head[0].split()[1]), headers, body, time.perf_counter() - started)

    async def close(self) -> None:
        """Ends the connection, if there is one."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with suppress(OSError):  # the other side may have been first
                await writer.wait_closed()


class Asker:
    """One connection for a caller that waits for each answer. Closes with its block."""

    def __init__(self, port: int) -> None:
        self._runner = asyncio.Runner()
        self._connection = Connection("127.0.0.1", port)

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()

    def ask(self, sent: bytes) -> Answer:
        """The answer. Raises RuntimeError if it is none of success."""
        answer = self._runner.run(self._connection.ask(sent))
        if answer.status >= 300:
            raise RuntimeError(f"answered {answer.status}: {answer.body[:300]!r}")
        return answer


def request(
    method: str,
    path: str,
    token: str = "",
    body: bytes | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """A request in the bytes that are sent."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def poll(port: int, requests: Sequence[bytes], seconds: float, pace: float | None = None) -> list[float]:
    """Sends each of ``requests`` again and again down a connection of its own, and gives the seconds of every answer.

    ``pace``: how many a second all of them together; None: as many as are answered.

    Raises:
        RuntimeError: an answer was not 200.
    """
    return asyncio.run(_all(port, requests, time.perf_counter() + seconds, pace and len(requests) / pace))


async def _all(port: int, requests: Sequence[bytes], end: float, every: float | None) -> list[float]:
    took: list[float] = []
    shift = (every or 0.0) / len(requests)
    await asyncio.gather(
        *(_one(port, each, end, every, number * shift, took.append) for number, each in enumerate(requests))
    )
    return took


async def _one(
    port: int, sent: bytes, end: float, every: float | None, shift: float, note: Callable[[float], None]
) -> None:
    connection = Connection("127.0.0.1", port)
    due = time.perf_counter() + shift
    try:
        while time.perf_counter() < end:
            if every is not None:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                due += every
            answer = await connection.ask(sent)
            if answer.status != 200:
                raise RuntimeError(f"a poll was answered {answer.status}: {answer.body[:300]!r}")
            note(answer.seconds)
    finally:
        await connection.close()
