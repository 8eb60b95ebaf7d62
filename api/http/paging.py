"""The two query parameters of every list. The answer is ``{"items": [...], "total": n}``."""

from typing import Annotated

from litestar.params import QueryParameter

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="how many items at most")]
Offset = Annotated[int, QueryParameter(ge=0, le=1_000_000_000, description="how many items to pass over")]
DEFAULT_LIMIT = 50
