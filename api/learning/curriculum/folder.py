"""Reads a curriculum from a folder, and lists every fault of every file of it at once.

The folder is laid out as ``<language>/<module>/<assignment>/``. A folder's name is the slug; what else there
is to say stands in ``language.json``, ``module.json`` and ``assignment.json``; an assignment has a
``suite.json`` with the files it names, a ``statement.md``, and for each language it helps to start in, a
``starter.<ending>``. Whatever else lies about (examples, notes) is passed over. Nothing here knows the
database.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, Strict, ValidationError

from api.core.errors import FieldError, Invalid
from api.learning.curriculum.checker_kinds import Closed
from api.learning.curriculum.models import SLUG_LENGTH, SLUG_PATTERN, Difficulty
from api.learning.curriculum.signature import is_clean
from api.learning.curriculum.suite import Fault, Suite, SuiteFaults
from api.learning.curriculum.suite_files import load_suite

MAX_TEXT_BYTES = 1024 * 1024
"""Of one statement, starter or description file. (A suite has limits of its own.)"""

ENDINGS = {
    "c": "c",
    "cpp": "cpp",
    "cs": "csharp",
    "go": "go",
    "java": "java",
    "js": "javascript",
    "py": "python",
    "rb": "ruby",
    "rs": "rust",
    "sh": "bash",
    "ts": "typescript",
}
"""Of starter files, and the language each stands for; any other ending is the name of a language itself."""

_SLUG = re.compile(SLUG_PATTERN)
_Meta = TypeVar("_Meta", bound=Closed)


def _clean(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    if not is_clean(text):
        raise ValueError("holds a NUL character")
    return text


Line = Annotated[str, Field(max_length=200), AfterValidator(_clean)]
Text = Annotated[str, Field(max_length=MAX_TEXT_BYTES), AfterValidator(_clean)]
Level = Annotated[Difficulty, Strict(False)]
Order = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]


class LanguageMeta(Closed):
    """What ``language.json`` says."""

    name: Annotated[Line, Field(max_length=100)]
    description: Text | None = None
    icon: Annotated[str, Field(max_length=500), AfterValidator(_clean)] | None = None
    difficulty: Level = Difficulty.BEGINNER


class ModuleMeta(Closed):
    """What ``module.json`` says."""

    title: Line
    description: Text | None = None
    syllabus: Text | None = None
    order: Order = 0


class AssignmentMeta(Closed):
    """What ``assignment.json`` says. ``timeLimit`` is in minutes, and advice only."""

    title: Line
    difficulty: Level = Difficulty.BEGINNER
    hints: Annotated[tuple[Text, ...], Strict(False), Field(max_length=100)] = ()
    max_score: Annotated[int, Field(ge=1, le=100_000)] = 100
    time_limit: Annotated[int, Field(ge=1, le=100_000)] | None = None
    order: Order = 0


@dataclass(frozen=True)
class AssignmentFolder:
    """An assignment as written; ``starter_code`` maps languages to texts."""

    slug: str
    meta: AssignmentMeta
    statement: str
    starter_code: dict[str, str]
    suite: Suite


@dataclass(frozen=True)
class ModuleFolder:
    """A module as written."""

    slug: str
    meta: ModuleMeta
    assignments: list[AssignmentFolder] = field(default_factory=list)


@dataclass(frozen=True)
class LanguageFolder:
    """A language as written."""

    slug: str
    meta: LanguageMeta
    modules: list[ModuleFolder] = field(default_factory=list)


class CurriculumFaults(Invalid):
    """A folder that cannot be published; ``faults`` lists everything wrong, with file and JSON path."""

    code = "invalid_curriculum"

    def __init__(self, faults: Sequence[Fault]) -> None:
        errors = (
            FieldError(": ".join(part for part in (fault.file, fault.path) if part), fault.message)
            for fault in faults
        )
        super().__init__(f"the curriculum has {len(faults)} faults", tuple(errors))
        self.faults = tuple(faults)


def read_curriculum(root: Path) -> list[LanguageFolder]:
    """Everything below ``root``, in the order of the names.

    Raises:
        CurriculumFaults: anything is wrong anywhere.
    """
    reader = _Reader(root)
    languages = reader.languages()
    if reader.faults:
        raise CurriculumFaults(reader.faults)
    return languages


class _Reader:
    """Reads one curriculum and gathers its faults."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.faults: list[Fault] = []

    def languages(self) -> list[LanguageFolder]:
        if not self._root.is_dir():
            self.fault(self._root, "", "is not a folder")
            return []
        found = []
        for folder in self._folders(self._root):
            meta = self._meta(LanguageMeta, folder / "language.json")
            modules = [module for path in self._folders(folder) if (module := self._module(path))]
            if meta:
                found.append(LanguageFolder(folder.name, meta, modules))
        names = Counter(language.meta.name for language in found)
        for language in found:
            if names[language.meta.name] > 1:
                path = self._root / language.slug / "language.json"
                self.fault(path, "name", f"{language.meta.name!r} is the name of another language too")
        if not found and not self.faults:
            self.fault(self._root, "", "holds no language: a folder with a language.json")
        return found

    def fault(self, path: Path, where: str, message: str) -> None:
        try:
            shown = str(path.relative_to(self._root))
        except ValueError:
            shown = str(path)
        self.faults.append(Fault(where, message, str(path) if shown == "." else shown))

    def _module(self, folder: Path) -> ModuleFolder | None:
        meta = self._meta(ModuleMeta, folder / "module.json")
        assignments = [item for path in self._folders(folder) if (item := self._assignment(path))]
        return ModuleFolder(folder.name, meta, assignments) if meta else None

    def _assignment(self, folder: Path) -> AssignmentFolder | None:
        meta = self._meta(AssignmentMeta, folder / "assignment.json")
        statement = self._text(folder / "statement.md")
        suite = self._suite(folder / "suite.json")
        starters = dict(self._starters(folder, suite))
        if meta is None or statement is None or suite is None:
            return None
        return AssignmentFolder(folder.name, meta, statement, starters, suite)

    def _suite(self, path: Path) -> Suite | None:
        try:
            return load_suite(path)
        except SuiteFaults as found:
            for fault in found.faults:
                self.fault(path, fault.path, fault.message)
            return None

    def _starters(self, folder: Path, suite: Suite | None) -> Iterator[tuple[str, str]]:
        for path in sorted(folder.glob("starter.*")):
            ending = path.name.removeprefix("starter.")
            language = ENDINGS.get(ending, ending)
            if suite and language not in suite.languages:
                taken = ", ".join(suite.languages)
                self.fault(path, "", f"is for {language}, and the suite takes {taken}")
            elif (text := self._text(path)) is not None:
                yield language, text

    def _folders(self, folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if path.name.startswith((".", "_")) or not path.is_dir():
                continue
            if path.is_symlink():
                self.fault(path, "", "is a symbolic link")
            elif not _SLUG.fullmatch(path.name) or len(path.name) > SLUG_LENGTH:
                self.fault(path, "", "is no slug: small letters, digits and single hyphens, at most 64")
            else:
                yield path

    def _meta(self, kind: type[_Meta], path: Path) -> _Meta | None:
        text = self._text(path)
        if text is None:
            return None
        try:
            return kind.model_validate_json(text)
        except ValidationError as error:
            for item in error.errors(include_url=False, include_input=False):
                self.fault(path, _where(item["loc"]), item["msg"].removeprefix("Value error, "))
            return None

    def _text(self, path: Path) -> str | None:
        try:
            return _read_text(path)
        except ValueError as error:
            self.fault(path, "", str(error))
            return None


def _read_text(path: Path) -> str:
    if path.is_symlink():
        raise ValueError("is a symbolic link")
    if not path.is_file():
        raise ValueError("is missing")
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise ValueError(f"is too large; at most {MAX_TEXT_BYTES:,} bytes")
        text = path.read_bytes().decode()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start})") from None
    return _clean(text)


def _where(loc: tuple[int | str, ...]) -> str:
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
