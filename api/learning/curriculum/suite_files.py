"""Reads a suite from a folder: ``suite.json`` and the files it names, put in place of their names.

Whoever writes a suite may not be whoever runs the platform, so a file name is a request, not an order. Every
part of it is opened below the folder the part before led to, never following a symbolic link: there is no
moment between a check and the use of what was checked. Names, sizes, encodings and what is missing become
faults beside those of `suite.parse_suite`, all at once.
"""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.learning.curriculum.signature import is_clean
from api.learning.curriculum.suite import MAX_SUITE_BYTES, Fault, Suite, SuiteFaults, parse_suite

MAX_JSON_BYTES = 2 * MAX_SUITE_BYTES
"""Of suite.json itself: texts grow when written as JSON."""

_MEMBERS = ("stdin", "stdout")


class _FileError(Exception):
    """A file that cannot be used; the message says why."""


def load_suite(path: Path) -> Suite:
    """The suite in ``path`` (a suite.json), with every ``stdinFile`` and ``stdoutFile`` read from the same
    folder.

    Raises:
        SuiteFaults: it cannot be used; every fault names ``path`` as its file.
    """
    loader = _Loader(path)
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise SuiteFaults((Fault("", f"the folder cannot be read: {error.strerror}", str(path)),)) from None
    try:
        return loader.load(folder)
    finally:
        os.close(folder)


class _Loader:
    """Loads one suite; ``faults`` gathers what its files have."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = MAX_SUITE_BYTES
        self._from_file: dict[str, str] = {}
        self._unread: set[str] = set()
        self.faults: list[Fault] = []

    def load(self, folder: int) -> Suite:
        try:
            data = self._json(_read(folder, self._path.name, MAX_JSON_BYTES))
        except _FileError as error:
            self._fault("", str(error))
            raise SuiteFaults(tuple(self.faults)) from None
        for case, where in _cases(data):
            for member in _MEMBERS:
                self._inline(folder, case, member, where)
        try:
            suite = parse_suite(data)
        except SuiteFaults as found:
            for path, message, _ in found.faults:
                if path not in self._unread:
                    self._fault(self._from_file.get(path, path), message)
        else:
            if not self.faults:
                return suite
        raise SuiteFaults(tuple(self.faults))

    def _fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(path, message, str(self._path)))

    def _json(self, data: bytes) -> Any:
        def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            found = dict(pairs)
            if len(found) < len(pairs):
                names = [name for name, _ in pairs]
                twice = next(name for name in found if names.count(name) > 1)
                self._fault("", f"an object has the member {twice[:100]!r} twice")
            return found

        try:
            return json.loads(data.decode(), object_pairs_hook=members)
        except UnicodeDecodeError as error:
            raise _FileError(f"is not UTF-8 (byte {error.start})") from None
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise _FileError(f"is not JSON: {error.msg} ({where})") from None
        except (ValueError, RecursionError):
            raise _FileError("is not JSON: a number too long or nesting too deep") from None

    def _inline(self, folder: int, case: dict[str, Any], member: str, where: str) -> None:
        if f"{member}File" not in case:
            return
        path, name = f"{where}.{member}File", case.pop(f"{member}File")
        if member in case:
            self._fault(path, f"stands beside {member}: give one of the two")
            return
        self._from_file[f"{where}.{member}"] = path
        try:
            case[member] = self._text(folder, name)
        except _FileError as error:
            self._fault(path, str(error))
            self._unread.add(f"{where}.{member}")
            case[member] = ""

    def _text(self, folder: int, name: object) -> str:
        if not isinstance(name, str):
            raise _FileError("should be the name of a file in the suite's folder")
        data = _read(folder, name, self._left)
        self._left -= len(data)
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise _FileError(f"{name!r} is not UTF-8 (byte {error.start})") from None
        if not is_clean(text):
            raise _FileError(f"{name!r} holds NUL")
        return text


def _cases(data: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every case of a suite that is not checked yet, as far as there are any, with its path."""
    for group_index, group in _listed(data, "groups"):
        for case_index, case in _listed(group, "cases"):
            if isinstance(case, dict):
                yield case, f"groups[{group_index}].cases[{case_index}]"


def _listed(holder: Any, member: str) -> Iterator[tuple[int, Any]]:
    items = holder.get(member) if isinstance(holder, dict) else None
    return enumerate(items if isinstance(items, list) else [])


def _read(folder: int, name: str, limit: int) -> bytes:
    """The content of the plain file ``name`` below the open ``folder``, at most ``limit`` bytes.

    Raises:
        _FileError: the name leaves the folder, a part of it is a link, or there is no such plain file.
    """
    parts = name.split("/")
    if not name.isprintable() or "\\" in name or any(part in ("", ".", "..") for part in parts):
        raise _FileError(f"{name[:200]!r} is not the name of a file in the suite's folder")
    inside = os.dup(folder)
    try:
        for part in parts[:-1]:
            outside, inside = inside, _open(part, inside, os.O_DIRECTORY, name)
            os.close(outside)
        # Without O_NONBLOCK the opening of a FIFO would wait for its writer.
        file = _open(parts[-1], inside, os.O_NONBLOCK, name)
    finally:
        os.close(inside)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise _FileError(f"{name!r} is not a plain file")
    with os.fdopen(file, "rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise _FileError(f"{name!r} is too large: there is room for {limit:,} bytes")
    return data


def _open(part: str, inside: int, flags: int, name: str) -> int:
    try:
        return os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=inside)
    except OSError as error:
        if _is_link(part, inside):
            raise _FileError(f"{name!r} is or leads through a symbolic link") from None
        raise _FileError(f"{name!r} cannot be read: {(error.strerror or 'it is missing').lower()}") from None


def _is_link(part: str, inside: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(part, dir_fd=inside, follow_symlinks=False).st_mode)
    except OSError:
        return False
