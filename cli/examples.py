"""The shipped examples: solutions whose names say what they must come to.

``testcases/<language>/<module>/<assignment>/examples/`` holds ``passed.py``, ``failed_*.cpp``, ``error_*.java``: what a
name begins with is the expected status, what it ends with is the language.
"""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from api.core.errors import NotFound
from api.learning.submissions.grade import SubmissionStatus
from sandboxes.languages import languages


class Example(NamedTuple):
    """One solution of one assignment, in one language."""

    course: str
    assignment: str
    language: str
    path: Path
    expected: SubmissionStatus


def find_examples(testcases: Path, chosen: Collection[str]) -> list[Example]:
    """The examples below ``testcases`` in the ``chosen`` languages, in the order of their paths."""
    found = []
    for path in sorted(testcases.glob("*/*/*/examples/*")):
        language = language_of(path) or ""
        if language in chosen:
            expected = SubmissionStatus(path.stem.partition("_")[0].upper())
            found.append(Example(path.parts[-5], path.parts[-3], language, path, expected))
    return found


def language_of(path: Path, taken: Collection[str] = ()) -> str | None:
    """The language whose sources end as ``path`` does, or None; of several versions the usual one.

    ``taken``: what an assignment takes. One of these goes before all others.
    """
    fitting = [name for name, language in languages().items() if path.suffix in language.sources]
    return next((name for name in fitting if name in taken), next(iter(fitting), None))


def suite_path(testcases: Path, slug: str) -> Path:
    """The suite file of an assignment. Raises NotFound, naming those there are."""
    found = {path.parent.name: path for path in sorted(testcases.glob("*/*/*/suite.json"))}
    if slug not in found:
        raise NotFound(f"there is no assignment {slug!r}; there are {', '.join(found)}")
    return found[slug]
