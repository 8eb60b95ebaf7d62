"""What can be wrong with a request, as exceptions the HTTP skin turns into problem documents (RFC 9457).

A service raises one of these and knows nothing of status codes; `api/http/problems.py` owns the mapping.
``code`` is the stable, machine-readable word a client may branch on; ``detail`` is a sentence for a person.
"""

from typing import NamedTuple


class FieldError(NamedTuple):
    """One fault of a body: the camelCase path of the field (``testCases.groups[0].points``) and what to
    do.
    """

    field: str
    message: str


class CodezestError(Exception):
    """Base of all faults a caller can cause or must be told of."""

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class Invalid(CodezestError):
    """The body or a parameter cannot be accepted; ``errors`` lists every fault found, not only the first."""

    code = "invalid"

    def __init__(self, detail: str, errors: tuple[FieldError, ...] = (), *, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.errors = errors


class Unauthenticated(CodezestError):
    """No token, or one that is not valid (any more)."""

    code = "unauthenticated"


class Forbidden(CodezestError):
    """The caller is known and may not do this. Never used where it would confirm that a foreign row
    exists.
    """

    code = "forbidden"


class NotFound(CodezestError):
    """There is no such thing, or none the caller may see: both look the same."""

    code = "not_found"


class Conflict(CodezestError):
    """The state of things does not allow it: a taken name, an edit that came too late."""

    code = "conflict"


class TooLarge(CodezestError):
    """The body, or a part of it, exceeds a configured limit."""

    code = "too_large"


class RateLimited(CodezestError):
    """Too many requests or too much work in flight; ``retry_after`` is whole seconds until a retry makes
    sense.
    """

    code = "rate_limited"

    def __init__(self, detail: str, *, retry_after: int, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Unavailable(CodezestError):
    """Our fault, and passing: the database or another service did not answer. Nothing was stored."""

    code = "unavailable"

    def __init__(self, detail: str, *, retry_after: int = 5, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after
