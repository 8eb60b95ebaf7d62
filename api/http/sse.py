"""Server-Sent Events: how a stream is written, and that its end is noticed whatever ends it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

from litestar.response.base import ASGIResponse
from litestar.response.streaming import Stream
from litestar.types import Receive, Scope, Send

MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # proxies must not wait for more

OnEnd = Callable[[], Awaitable[None]]


class EventStream(Stream):
    """A response of the frames of ``content``. ``on_end`` is called once nothing more can be sent: the stream is over,
    or its client is gone, perhaps before the first frame."""

    def __init__(self, content: AsyncIterator[bytes], on_end: OnEnd) -> None:
        super().__init__(content, media_type=MEDIA_TYPE, headers=HEADERS, status_code=200)
        self._on_end = on_end

    def to_asgi_response(self, *arguments: Any, **keywords: Any) -> ASGIResponse:
        """See `Stream`."""
        made, on_end = super().to_asgi_response(*arguments, **keywords), self._on_end

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await made(scope, receive, send)
            finally:
                await on_end()

        return cast(ASGIResponse, respond)


def frame(event: str, data: bytes, event_id: str) -> bytes:
    """One event. ``data`` is a single line."""
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (event_id.encode(), event.encode(), data)


def comment(text: str) -> bytes:
    """A line that clients pass over; it keeps a connection in use."""
    return b": %s\n\n" % text.encode()


def retry(milliseconds: int) -> bytes:
    """How long a client is to wait before it comes back."""
    return b"retry: %d\n\n" % milliseconds
