"""Structured logs: one line an event, JSON for machines or colours for people; request and run ids by
context.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from api.core.settings import Settings


def configure(settings: Settings) -> None:
    """Sets up structlog and hands the standard library's records through the same pipe, to standard error."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    printed = [] if settings.log_format == "json" else [_plain]
    renderer = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The default shows the local variables of every frame: passwords, tokens, learners' code.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, *printed, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            *printed,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))


def _plain(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Takes from a line for people what a terminal would obey, and line breaks, which would forge lines: programs,
    callers and images have a say in some values. (JSON writes all of these as escapes. A traceback keeps its lines.)
    """
    return {
        _shown(key): value
        if isinstance(value, int | float | None)
        else _shown(str(value), key == "exception")
        for key, value in event.items()
    }


def _shown(text: str, with_lines: bool = False) -> str:
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or (with_lines and char == "\n") else repr(char)[1:-1] for char in text
    )
