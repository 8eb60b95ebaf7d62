"""Making text from programs fit to be stored. Pure.

PostgreSQL takes no NUL in text or JSON, and no halves of surrogate pairs; a program prints what it likes.
"""

from typing import Any

_INSTEAD = "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    """``text`` with everything that cannot be stored replaced."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", _INSTEAD).encode("utf-8", "replace").decode()


def clip(text: str, limit: int) -> str:
    """``text``, cleaned, and cut to ``limit`` characters; a cut shows as an ellipsis at its end."""
    cleaned = clean(text)
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"


def one_line(text: str, limit: int) -> str:
    """The first line of ``text`` that is not blank, cut to ``limit`` characters, with nothing in it but what is shown:
    control characters, and marks that turn the direction of the text around, become U+FFFD."""
    first = next((line for line in clean(text[: 64 * limit]).splitlines() if line.strip()), "")
    return clip("".join(char if char.isprintable() else _INSTEAD for char in first.strip()), limit)


def clean_json(value: Any) -> Any:
    """A JSON value with every text in it cleaned, member names too."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item) for item in value]
    return value
