"""Telling what happens to those who watch, through Redis: fleeting news, never the truth.

A topic has a channel, and a log of its messages for those who come later; both only while somebody watches. The teller
(a grader) asks whether anybody is subscribed, and says nothing otherwise. Each append is one step in Redis: the log
grows and the channel hears it, all in one (a message has no line breaks). The log's length must be the one the teller
expects; if it is not (Redis has lost it), the teller starts it again with all messages, so a log never has a hole.

A listener (an API process) has one connection for all its topics. Redis confirms each subscription, also those that
are made again after a break, and with each confirmation the log is read: what was told in between is in one or the
other. Nothing here raises for a Redis that is away, or waits for it longer than its time-out.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import redis
import redis.asyncio
import structlog

from api.core.errors import Unavailable
from api.core.queue import Connection

log = structlog.get_logger(__name__)

LOG_SECONDS = 15 * 60
"""How long a log stays after its last message."""

MOST_BYTES = 1024 * 1024
"""What is larger than this, in a log or a channel, is none of ours."""

_SECONDS_TO_ANSWER = 5
_PAUSE_SECONDS = 1.0
_CHANNEL = "codezest:live:"
_LOG = "codezest:live:log:"
_OWN = (
    _CHANNEL + "listeners"
)  # a subscription that never ends: without any there would be nothing to listen to

# KEYS: log. ARGV: expected length (-1: start it again), seconds to live, channel, message... Gives 1, or 0 if it is not
# as long as expected.
_APPEND = """
local expected = tonumber(ARGV[1])
if expected < 0 then redis.call('DEL', KEYS[1])
elseif redis.call('LLEN', KEYS[1]) ~= expected then return 0 end
for i = 4, #ARGV do redis.call('RPUSH', KEYS[1], ARGV[i]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], table.concat(ARGV, '\\n', 4))
return 1
"""


class Teller:
    """The side that tells."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def watched(self, topics: Sequence[str]) -> set[str]:
        """Those of ``topics`` that somebody is subscribed to. Raises Unavailable."""
        if not topics:
            return set()
        try:
            answer: Any = self._connection.pubsub_numsub(*(_CHANNEL + topic for topic in topics))
        except redis.RedisError as error:
            raise Unavailable("the queue server did not answer") from error
        # In the order in which they were asked for; the names may come as bytes.
        return {topic for topic, (_, count) in zip(topics, answer, strict=True) if count}

    def append(self, topic: str, messages: Sequence[bytes], *, before: int) -> bool:
        """Tells ``messages``, if ``before`` others are in the log, and else nothing: False. ``before`` -1 starts the
        log again. Raises Unavailable."""
        arguments = [before, LOG_SECONDS, _CHANNEL + topic, *messages]
        try:
            answer: Any = self._connection.eval(_APPEND, 1, _LOG + topic, *arguments)
        except redis.RedisError as error:
            raise Unavailable("the queue server did not answer") from error
        return answer == 1


class Heard(Protocol):
    """Gets the messages of a topic, in order. ``is_log``: they are all there were, and may have been heard before."""

    def __call__(self, topic: str, messages: Sequence[bytes], *, is_log: bool) -> None: ...


class Listener:
    """The side that hears, on one event loop. ``confirmed`` gets a topic when nothing told later can be missed."""

    def __init__(self, url: str, heard: Heard, confirmed: Callable[[str], None]) -> None:
        self._client = redis.asyncio.Redis.from_url(
            url,
            socket_connect_timeout=2,
            socket_timeout=_SECONDS_TO_ANSWER,
            health_check_interval=30,
            driver_info=None,  # as in `queue.connect`
        )
        self._heard, self._confirmed = heard, confirmed
        self._topics: set[str] = set()
        self._pubsub: Any = None
        self._writing = asyncio.Lock()
        self.is_connected = False

    async def run(self) -> None:
        """Listens until it is cancelled; a Redis that is away is waited for."""
        try:
            while True:
                with contextlib.suppress(redis.RedisError, OSError, asyncio.TimeoutError):
                    await self._listen()
                if self.is_connected:
                    log.warning("live_events_interrupted")
                self.is_connected = False
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self.is_connected = False
            with contextlib.suppress(redis.RedisError, OSError):
                await self._client.aclose()

    async def add(self, topic: str) -> None:
        """Hears ``topic`` from now on, or from when Redis answers again."""
        self._topics.add(topic)
        await self._say("subscribe", topic)

    async def drop(self, topic: str) -> None:
        """Hears it no more."""
        self._topics.discard(topic)
        await self._say("unsubscribe", topic)

    async def refill(self, topic: str) -> None:
        """Hears the topic's log again, for something seems to be missing."""
        with contextlib.suppress(redis.RedisError, OSError, asyncio.TimeoutError):
            await self._read_log(topic)

    async def _say(self, word: str, topic: str) -> None:
        pubsub = self._pubsub
        if pubsub is None or not self.is_connected:
            return  # all topics are subscribed to together as soon as Redis answers
        async with self._writing:
            with contextlib.suppress(redis.RedisError, OSError, asyncio.TimeoutError):
                await getattr(pubsub, word)(_CHANNEL + topic)

    async def _listen(self) -> None:
        async with self._client.pubsub() as pubsub:
            self._pubsub = pubsub
            known = set(self._topics)
            await pubsub.subscribe(_OWN, *(_CHANNEL + topic for topic in known))
            self.is_connected = True
            if late := self._topics - known:  # while that was under way
                await pubsub.subscribe(*(_CHANNEL + topic for topic in late))
            while True:
                message = await pubsub.get_message(timeout=_SECONDS_TO_ANSWER)
                if message is not None:
                    await self._hear(message)

    async def _hear(self, message: dict[str, Any]) -> None:
        channel = message["channel"].decode()
        topic = channel.removeprefix(_CHANNEL)
        if channel == _OWN or topic not in self._topics:
            return
        if message["type"] == "subscribe":
            await self._read_log(topic)
            self._confirmed(topic)
        elif message["type"] == "message" and len(message["data"]) <= MOST_BYTES:
            self._heard(topic, message["data"].split(b"\n"), is_log=False)

    async def _read_log(self, topic: str) -> None:
        answer: Any = await self._client.lrange(_LOG + topic, 0, -1)  # pyright: ignore[reportGeneralTypeIssues]
        self._heard(topic, [entry for entry in answer if len(entry) <= MOST_BYTES], is_log=True)
