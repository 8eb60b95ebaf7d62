"""Many learners who post at once, wait when they are told to, and send again what was not answered."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from api.learning.submissions.grade import SubmissionStatus
from bench.visitors import Answer, Connection, request

_LATER = (429, 503)
_BROKEN_SECONDS = 0.5
_MOST_WAITING_SECONDS = 600


class Program(NamedTuple):
    """A source and what it must come to."""

    source: str
    status: SubmissionStatus


@dataclass
class Posted:
    """What was taken: each submission's id with its program. ``put_off``: answers that said to come later."""

    sent: dict[str, Program] = field(default_factory=dict)
    put_off: int = 0
    seconds: float = 0.0


async def post_all(
    port: int,
    assignment: str,
    tokens: Sequence[str],
    programs: Sequence[Program],
    count: int,
    connections: int,
) -> Posted:
    """Posts ``count`` sources by turns of programs and learners, down this many connections.

    Raises:
        RuntimeError: one was refused for good, or put off for ten minutes.
    """
    posted = Posted()
    started = time.perf_counter()
    numbers = iter(range(count))
    path = f"/api/v1/assignments/{assignment}/submissions"
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(_connection(port, path, tokens, programs, numbers, posted))
    except* RuntimeError as refused:
        raise refused.exceptions[0] from None
    posted.seconds = time.perf_counter() - started
    return posted


async def _connection(
    port: int,
    path: str,
    tokens: Sequence[str],
    programs: Sequence[Program],
    numbers: Iterator[int],
    posted: Posted,
) -> None:
    connection = Connection("127.0.0.1", port)
    try:
        for number in numbers:
            program = programs[number % len(programs)]
            body = json.dumps({"language": "python", "code": f"{program.source}# {number}\n"})
            token, key = tokens[number % len(tokens)], {"Idempotency-Key": f"burst-{number}"}
            answer = await _taken(connection, request("POST", path, token, body.encode(), key), posted)
            posted.sent[json.loads(answer.body)["id"]] = program
    finally:
        await connection.close()


async def _taken(connection: Connection, sent: bytes, posted: Posted) -> Answer:
    end = time.perf_counter() + _MOST_WAITING_SECONDS
    while time.perf_counter() < end:
        try:
            answer = await connection.ask(sent)
        except (OSError, EOFError):
            await connection.close()
            await asyncio.sleep(_BROKEN_SECONDS)
            continue
        if answer.status in (200, 202):
            return answer
        if answer.status not in _LATER:
            raise RuntimeError(f"refused with {answer.status}: {answer.body[:300]!r}")
        posted.put_off += 1
        await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
    raise RuntimeError("put off for ten minutes")
