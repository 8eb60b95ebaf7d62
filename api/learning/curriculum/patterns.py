"""Regular expressions of a suite: matched in linear time, whatever the program prints.

Python's ``re`` backtracks: a harmless-looking pattern such as ``(\\w+\\s?)*`` takes years on the right forty
characters, and the text it meets comes from a learner's program. RE2 never backtracks; the price is that
there are no back-references and no look-around. What is left to bound is the size of the compiled pattern,
since the time grows with it as well as with the text.
"""

from typing import Any

import re2

MAX_PATTERN_CHARACTERS = 4096
MAX_PATTERN_SIZE = 2000
"""Instructions of the compiled pattern: ``a{1000}`` takes about a thousand."""

MAX_TEXT_BYTES = 256 * 1024
"""The longest text matched. The worst pattern of the allowed size takes about a second on it."""


class PatternError(ValueError):
    """The text is no regular expression that can be used here; the message says why."""


class Pattern:
    """A compiled regular expression, matched against a whole text."""

    def __init__(self, text: str) -> None:
        """Compiles ``text`` (RE2 syntax; ``.`` matches no line break, ``(?s)`` changes that).

        Raises:
            PatternError: it is too long, too large once compiled, or not RE2 syntax.
        """
        if len(text) > MAX_PATTERN_CHARACTERS:
            raise PatternError(f"the pattern has more than {MAX_PATTERN_CHARACTERS} characters")
        options: Any = re2.Options()
        options.max_mem = 1 << 20
        options.log_errors = False
        options.never_capture = True
        try:
            self._compiled: Any = re2.compile(text, options)
        except re2.error as error:
            said = error.args[0]
            said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
            raise PatternError(f"not a usable regular expression: {said}") from None
        except UnicodeEncodeError:
            raise PatternError("the pattern is not valid Unicode") from None
        if self._compiled.programsize > MAX_PATTERN_SIZE:
            raise PatternError("the pattern is too large once its repetitions are written out")

    def matches(self, text: bytes) -> bool:
        """Whether all of ``text`` matches: UTF-8, at most `MAX_TEXT_BYTES`; anything else never does."""
        return len(text) <= MAX_TEXT_BYTES and self._compiled.fullmatch(text) is not None
