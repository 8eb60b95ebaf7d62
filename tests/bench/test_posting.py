"""A burst that does not honour what it is told, or loses an answer, measures nothing."""

import asyncio
import json
from collections.abc import Callable

import pytest

from api.learning.submissions.grade import SubmissionStatus
from bench.posting import Posted, Program, post_all
from bench.visitors import request

PASSING = Program("print(1)\n", SubmissionStatus.PASSED)
Answering = Callable[[str, bytes], bytes | None]


def posted(answering: Answering, count: int) -> Posted:
    """Posts to a server that answers so; None breaks the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(
                    line.lower().split(": ", 1) for line in head.decode().split("\r\n") if ": " in line
                )
                body = await reader.readexactly(int(fields["content-length"]))
                if (answer := answering(fields["idempotency-key"], body)) is None:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def play() -> Posted:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await post_all(port, "a", ["t1", "t2"], [PASSING], count, connections=2)

    return asyncio.run(play())


def answer(status: int, body: object, *headers: str) -> bytes:
    encoded = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Word", f"Content-Length: {len(encoded)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + encoded


def test_what_is_put_off_is_sent_again_under_the_same_key() -> None:
    seen: list[str] = []

    def first_refused(key: str, _body: bytes) -> bytes:
        seen.append(key)
        if seen.count(key) == 1:
            return answer(503 if len(seen) % 2 else 429, {}, "Retry-After: 0")
        return answer(202, {"id": f"id of {key}"})

    found = posted(first_refused, 6)
    assert found.put_off == 6
    assert sorted(found.sent) == [f"id of burst-{number}" for number in range(6)]
    assert sorted(seen) == sorted(2 * [f"burst-{number}" for number in range(6)])


def test_a_broken_connection_is_no_lost_submission(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.posting._BROKEN_SECONDS", 0)
    broken: list[str] = []

    def breaks_once(key: str, _body: bytes) -> bytes | None:
        if key not in broken:
            broken.append(key)
            return None
        return answer(200, {"id": key})

    assert len(posted(breaks_once, 4).sent) == 4


def test_what_is_refused_for_good_stops_the_burst() -> None:
    with pytest.raises(RuntimeError, match="refused with 403"):
        posted(lambda *_: answer(403, {"code": "not_enrolled"}), 2)


def test_a_request_is_what_a_server_reads() -> None:
    sent = request("POST", "/x", "token", b"{}", {"Idempotency-Key": "k"})
    assert sent == (
        b"POST /x HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nAuthorization: Bearer token\r\n"
        b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
