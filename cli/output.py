"""How commands speak: results on standard output, everything else on standard error, and one exit code each.

What a learner's program printed can hold control codes that rewrite the terminal of whoever looks at it. Every such
text goes through `plain` before it is shown, and is never read as markup.
"""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from pydantic import ValidationError
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from api.core.errors import CodezestError, Invalid, Unavailable
from api.learning.curriculum.suite import SuiteFaults
from grader.sandbox import SandboxUnavailable

_WIDTH_OF_A_FILE = 160
FINE, FAILED, USAGE, UNAVAILABLE = 0, 1, 2, 3

_SEQUENCES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[\[\]PX^_]?[0-?]*[ -/]*[@-~]?|\x9b[0-?]*[ -/]*[@-~]?"
)

#: For people: progress, tables that accompany work, errors. Never for what a script would read.
notes = Console(stderr=True, highlight=False)


class CommandFailed(Exception):
    """A command that did its work and found that not all is well; the text says what, if it is not shown yet."""


def plain(text: str) -> str:
    """``text`` without anything a terminal obeys: escape sequences go, other control characters become marks."""
    text = _SEQUENCES.sub("", text.replace("\r\n", "\n"))
    return "".join(
        char if char in "\n\t" or _is_shown(char) else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _is_shown(char: str) -> bool:
    # Cc: control; Cs: half a character; Cf holds the marks that turn the direction of the text around.
    return (
        unicodedata.category(char) not in ("Cc", "Cs")
        and char not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def say(text: str) -> None:
    """One line for people, on standard error."""
    notes.print(Text(plain(text)))


def print_json(value: object) -> None:
    """A result for scripts: JSON on standard output. Characters beyond ASCII are escaped, control codes too."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output; nothing in it is read as markup."""
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns, start=1):
        table.add_column(Text(column), overflow="fold", no_wrap=number < len(columns))
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_FILE
    console.print(table)


def _cell(value: object) -> Text:
    if isinstance(value, Text):
        return value
    return Text("" if value is None else plain(str(value)))


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Progress]:
    """A progress bar on standard error for the block; advance it with ``bar.advance(bar.task_ids[0])``."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as bar:
        bar.add_task(what, total=total)
        yield bar


def explain(error: Exception) -> int:
    """Says in plain words what went wrong, and gives the exit code for it."""
    for line in _words(error):
        say(line)
    if isinstance(error, ValidationError) or (isinstance(error, Invalid) and not error.errors):
        return USAGE
    return UNAVAILABLE if isinstance(error, Unavailable | SandboxUnavailable) else FAILED


def _words(error: Exception) -> list[str]:
    if isinstance(error, CommandFailed | SuiteFaults):
        return str(error).splitlines()
    if isinstance(error, ValidationError):
        faults = error.errors()
        return [f"setting CODEZEST_{'_'.join(map(str, f['loc'])).upper()}: {f['msg']}" for f in faults]
    if isinstance(error, CodezestError):
        faults = error.errors if isinstance(error, Invalid) else ()
        return [error.detail, *(f"  {fault.field}: {fault.message}" for fault in faults)]
    if isinstance(error, SandboxUnavailable):
        return [f"the sandbox is not available: {error}"]
    if isinstance(error, OSError):
        return [f"{error.filename or 'system'}: {error.strerror or error}"]
    first = (str(error).splitlines() or [""])[0]
    return [f"unexpected {type(error).__name__}: {first}"]
