"""Puts together what is said beyond the verdict: hints on the first failing case, figures of the source text."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from grader.analysis.hints import Failing, hints
from grader.analysis.metrics import measure


class Analysis(NamedTuple):
    """``hints`` are sentences, often none; ``metrics`` are the figures of `measure`, or None."""

    hints: list[str]
    metrics: dict[str, Any] | None

    def as_json(self) -> dict[str, object]:
        """A JSON object with the same members."""
        return {"hints": self.hints, "metrics": self.metrics}


def analyse(language: str, files: Mapping[str, str], failing: Failing | None) -> Analysis:
    """What can be said of a solution; ``failing`` is its first case that did not pass, None if all did."""
    return Analysis(hints(failing, language, files) if failing else [], measure(files))
