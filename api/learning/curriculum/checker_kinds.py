"""The ways an answer can be compared with the expected one: what a suite may say about it.

`grader/checkers.py` does the comparing; `testcases/README.md` describes each way for authors.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Tolerance = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class Closed(BaseModel):
    """Strict (no text for a number, no true for a one), closed (an unknown member is a fault), immutable."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
    )


class ExactChecker(Closed):
    """Byte for byte; ``ignoreFinalNewline`` forgives one line break more or less at the very end."""

    kind: Literal["exact"]
    ignore_final_newline: bool = False


class TokensChecker(Closed):
    """Words separated by any white space; the default."""

    kind: Literal["tokens"]
    ignore_case: bool = False


class LinesChecker(Closed):
    """Line by line; blanks at the end of a line and empty lines at the end of the text do not count."""

    kind: Literal["lines"]
    ignore_case: bool = False


class FloatsChecker(Closed):
    """Words, where numbers may differ by ``absolute``, or by ``relative`` times the expected number."""

    kind: Literal["floats"]
    absolute: Tolerance = 1e-6
    relative: Tolerance = 1e-6


class UnorderedChecker(Closed):
    """Lines as in ``lines``, in any order, each as often as expected."""

    kind: Literal["unordered"]
    ignore_case: bool = False


class JsonChecker(Closed):
    """The same JSON value: types count, the order of members does not; floats may differ as in ``floats``."""

    kind: Literal["json"]
    absolute: Tolerance = 0.0
    relative: Tolerance = 0.0


class RegexChecker(Closed):
    """The expected text is a regular expression (RE2 syntax) that must match the whole output."""

    kind: Literal["regex"]
    ignore_final_newline: bool = True


Checker = Annotated[
    ExactChecker
    | TokensChecker
    | LinesChecker
    | FloatsChecker
    | UnorderedChecker
    | JsonChecker
    | RegexChecker,
    Field(discriminator="kind"),
]
