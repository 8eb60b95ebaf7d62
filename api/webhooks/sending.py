"""The one door by which requests leave for addresses that users have named.

A name is resolved once. All of its addresses are checked, and one that is not public refuses the name as a whole; then
the connection goes to one of these very addresses, while TLS asks for, and checks, the name. What the name means a
moment later (DNS rebinding) is never asked.

No redirect is followed, no proxy of the environment used, and no cookie or credential sent. One deadline covers
everything from the resolver to the last byte that is read, however slowly the bytes come, and the answer is read only
as far as the log shows it: a 2xx has said all there is to say, so a body that is cut short or endless changes nothing.
"""

import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple

from api.core.clock import now
from api.webhooks.addresses import BadUrl, Target, as_address, is_public, parse_url
from api.webhooks.models import ERROR_LENGTH, EXCERPT_LENGTH

MAX_ANSWER_BYTES = 64 * 1024
"""Of status line, headers and body together; beyond, the connection is closed."""

_MAX_BODY_BYTES = 4 * EXCERPT_LENGTH  # no character takes more bytes
_SECONDS = re.compile(r"[0-9]{1,9}")

Resolve = Callable[[str, int], Sequence[str]]
Connect = Callable[[str, int, float], socket.socket]


class Refused(Exception):
    """Nothing was sent, or no answer came; the text says why, in words for the endpoint's owner."""


class Answer(NamedTuple):
    """How a try went. ``error`` is None for a 2xx; ``status_code`` and ``excerpt`` are None where no answer came.

    ``retry_after`` is in seconds from now, None where the receiver did not say. ``duration_ms`` covers everything.
    """

    status_code: int | None
    error: str | None
    excerpt: str | None
    duration_ms: int
    retry_after: float | None


class Sender:
    """Sends requests; safe to be used by several threads at once.

    ``timeout`` is in seconds and covers a whole request. ``ca_file`` holds further authorities to be trusted beside
    the system's. ``resolve`` and ``connect`` are for tests.
    """

    def __init__(
        self,
        *,
        timeout: float,
        insecure_hosts: Collection[str] = (),
        ca_file: Path | None = None,
        resolve: Resolve | None = None,
        connect: Connect | None = None,
    ) -> None:
        self._timeout = timeout
        self._insecure_hosts = tuple(insecure_hosts)
        self._resolve, self._connect = resolve or _resolve, connect or _connect
        self._tls = ssl.create_default_context()
        if ca_file is not None:
            self._tls.load_verify_locations(ca_file)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Sends ``body`` once. Raises nothing: whatever goes wrong is in the answer."""
        began = time.monotonic()
        status, excerpt, retry_after = None, None, None
        try:
            status, excerpt, retry_after = self._post(
                parse_url(url, self._insecure_hosts), headers, body, _Deadline(self._timeout)
            )
            error = _fault_of(status)
        except BadUrl as fault:
            error = f"the URL may not be sent to: it {fault}"
        except (Refused, TimeoutError, OSError, HTTPException, ValueError) as fault:
            error = _words(fault, self._timeout)
        duration_ms = int((time.monotonic() - began) * 1000)
        return Answer(status, error, excerpt, duration_ms, retry_after)

    def _post(
        self, target: Target, headers: Mapping[str, str], body: bytes, deadline: "_Deadline"
    ) -> tuple[int, str, float | None]:
        opened = self._open(target, deadline)
        try:
            connection = HTTPConnection(target.host, target.port)
            connection.sock = _Wire(opened, deadline)  # pyright: ignore[reportAttributeAccessIssue]
            connection.request(
                "POST", target.path, body, {"Host": target.host_header, "Connection": "close", **headers}
            )
            response = connection.getresponse()
            return response.status, _excerpt(response), _retry_after(response)
        finally:
            opened.close()

    def _open(self, target: Target, deadline: "_Deadline") -> socket.socket:
        addresses = self._checked_addresses(target)
        fault: OSError | None = None
        for address in addresses:
            try:
                plain = self._connect(address, target.port, deadline.left())
                break
            except TimeoutError:
                raise
            except OSError as error:
                fault = error
        else:
            raise Refused(f"could not connect: {(fault and fault.strerror) or 'no address answers'}")
        if not target.is_https:
            return plain
        try:
            plain.settimeout(deadline.left())  # for the handshake as a whole
            return self._tls.wrap_socket(plain, server_hostname=target.host)
        except BaseException:
            plain.close()
            raise

    def _checked_addresses(self, target: Target) -> Sequence[str]:
        if as_address(target.host) is not None:
            return [target.host]  # checked with the URL
        try:
            found = self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise Refused("the name of the host does not resolve")
        if not target.insecure and not all(_is_public(text) for text in found):
            # Which address it is stays unsaid: the resolver may know more than the public does.
            raise Refused("the name of the host has an address that is not public")
        return found


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, more than 0. Raises TimeoutError."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Wire:
    """As much of a socket as `http.client` uses, under a deadline and a cap of bytes."""

    def __init__(self, inner: socket.socket, deadline: _Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def sendall(self, data: Any) -> None:
        self._inner.settimeout(self._deadline.left())
        self._inner.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._inner, self._deadline))

    def close(self) -> None:
        """Nothing: `http.client` lets go of the socket before it reads the body."""


class _Reader(io.RawIOBase):
    def __init__(self, inner: socket.socket, deadline: _Deadline) -> None:
        self._inner, self._deadline, self._left = inner, deadline, MAX_ANSWER_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._left <= 0:
            raise Refused("the answer is too long")
        self._inner.settimeout(self._deadline.left())
        count = self._inner.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count


def shown(text: str, limit: int) -> str:
    """``text`` as it may be stored and shown: at most ``limit`` characters, none of them a control character."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in cut)


def _excerpt(response: HTTPResponse) -> str:
    parts, length = [], 0
    try:
        while length < _MAX_BODY_BYTES and (part := response.read1(_MAX_BODY_BYTES - length)):
            parts.append(part)
            length += len(part)
    except (Refused, OSError, HTTPException, ValueError):
        pass  # the status line has come, and is what counts
    return shown(b"".join(parts).decode("utf-8", "replace"), EXCERPT_LENGTH)


def _retry_after(response: HTTPResponse) -> float | None:
    text = (response.headers.get("Retry-After") or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment - now()).total_seconds())
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without a zone
        return None


def _fault_of(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    return f"answered {status}" + (": redirects are not followed" if 300 <= status < 400 else "")


def _words(fault: Exception, timeout: float) -> str:
    if isinstance(fault, Refused):
        words = str(fault)
    elif isinstance(fault, TimeoutError):
        words = f"no answer within {timeout:g} s"
    elif isinstance(fault, ssl.SSLCertVerificationError):
        words = f"the certificate is not valid for this host: {fault.verify_message}"
    elif isinstance(fault, ssl.SSLError):
        words = f"TLS failed: {fault.reason or 'the connection was closed'}"
    elif isinstance(fault, OSError):  # RemoteDisconnected too
        words = "the connection was closed before an answer came"
    else:
        words = "what came was no HTTP answer"
    return shown(words, ERROR_LENGTH)


def _is_public(text: str) -> bool:
    address = as_address(text)
    return address is not None and is_public(address)


def _resolve(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _connect(address: str, port: int, timeout: float) -> socket.socket:
    # The address is one: nothing is resolved here.
    return socket.create_connection((address, port), timeout)
