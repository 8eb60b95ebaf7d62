"""Request bodies: how large, how packed, how deep, and read with strict types.

Litestar would turn ``"3"`` into ``3`` and name only the place of a fault it found while converting; reading
the body straight into the handler's struct refuses wrong types and gives exact paths
(``testCases.groups[0].points``).
"""

import re
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from api.core.errors import Invalid, TooLarge
from api.core.settings import Settings
from api.http.problems import field_error

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at (?:key in )?`\$\.?(?P<path>.*)`)?$", re.DOTALL)
_ESCAPED = 6  # bytes of JSON that one byte of source can take (\u0000)


class StrictRequest(Request):
    """A request whose JSON body is decoded strictly into the struct that the handler declares."""

    async def json(self) -> Any:
        field = self.route_handler.parsed_data_field
        kind = field.annotation if field is not None else None
        try:
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                return msgspec.json.decode(await self.body(), type=kind)
            return await super().json()
        except msgspec.ValidationError as error:
            match = _PLACE.match(str(error))
            what, path = (match["what"], match["path"] or "") if match else (str(error), "")
            raise Invalid("the body has faults", (field_error(path, what),)) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Invalid("the body is not JSON", code="not_json") from None
        except RecursionError:
            raise Invalid("the body is nested too deeply", code="not_json") from None


class LimitBody(ASGIMiddleware):
    """Refuses a body that is packed, of another media type, or too large, before or while it is read.

    Only administrators send suites; everybody else sends one submission at most, so their limit is what a
    source of the permitted size can become in JSON. Counted as it streams: a chunked body names no length.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, settings: Settings) -> None:
        self.large = settings.max_body_bytes
        self.small = min(settings.max_body_bytes, _ESCAPED * settings.max_source_bytes + 64 * 1024)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        limit = self.large if scope["route_handler"].opt.get("access") == "admin" else self.small
        _check_headers(Headers.from_scope(scope), limit)
        seen = 0

        async def counting() -> Any:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    raise TooLarge(f"the body exceeds {limit} bytes")
            return message

        await next_app(scope, counting, send)


def _check_headers(headers: Headers, limit: int) -> None:
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > limit:
        raise TooLarge(f"the body exceeds {limit} bytes")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException("send the body without Content-Encoding", status_code=415)
    has_body = length not in ("", "0") or "transfer-encoding" in headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and media_type != "application/json" and not media_type.endswith("+json"):
        raise HTTPException("send the body as application/json", status_code=415)
