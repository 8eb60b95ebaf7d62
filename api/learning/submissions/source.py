"""What a learner sends: one text, or several files with plain names. Checked here, before anything is stored.

Pure: limits are handed in. The digest is what makes two requests the same one (`Idempotency-Key`).
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from uuid import UUID

from api.core.errors import FieldError, Invalid, TooLarge

SINGLE = "main"
"""The name a single text travels under; the runner gives it the name its language wants."""

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")


class Source(NamedTuple):
    """A source that may be stored: either ``code`` alone (``files`` is None), or ``files`` (``code`` is
    empty).
    """

    code: str
    files: dict[str, str] | None

    def as_files(self) -> dict[str, str]:
        """All of it, by file name."""
        return self.files if self.files is not None else {SINGLE: self.code}

    def body_digest(self, assignment_id: UUID, language: str) -> str:
        """SHA-256, in hex, of everything a submission says."""
        said = json.dumps([str(assignment_id), language, self.code, self.files], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


def check_source(
    code: str | None, files: Mapping[str, str] | None, *, max_bytes: int, max_files: int
) -> Source:
    """The source, if it can be graded.

    Args:
        max_bytes: of all texts together, in UTF-8.
        max_files: how many files at most.

    Raises: TooLarge: over one of the limits. Invalid: both or neither are given, a text is empty or not text,
    a name is not plain; all faults at once.
    """
    if (code is None) == (files is None):
        raise Invalid("send either code or files", (FieldError("code", "send either code or files"),))
    texts = {"code": code} if files is None else {f"files.{name}": text for name, text in files.items()}
    if files is not None and len(files) > max_files:
        raise TooLarge(f"{len(files)} files are too many; at most {max_files}", code="too_many_files")
    faults = [*_faults_of_names(files), *_faults_of_texts({k: v or "" for k, v in texts.items()})]
    if faults:
        raise Invalid("the source cannot be graded", tuple(faults))
    size = sum(len((text or "").encode()) for text in texts.values())
    if size > max_bytes:
        raise TooLarge(f"the source has {size} bytes; at most {max_bytes}", code="source_too_large")
    return Source(code or "", dict(files) if files is not None else None)


def _faults_of_names(files: Mapping[str, str] | None) -> Iterator[FieldError]:
    if files is None:
        return
    if not files:
        yield FieldError("files", "is empty")
    folded: dict[str, str] = {}
    for name in files:
        if not _FILE_NAME.fullmatch(name):
            yield FieldError("files", f"{name[:100]!r} is not a plain file name (A-Z a-z 0-9 _ . + -)")
        elif folded.setdefault(name.lower(), name) != name:
            yield FieldError(
                "files", f"{name!r} and {folded[name.lower()]!r} differ only in upper and lower case"
            )


def _faults_of_texts(texts: Mapping[str, str]) -> Iterator[FieldError]:
    for field, text in texts.items():
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            yield FieldError(field[:110], "is not text: it holds NUL or half of a surrogate pair")
    if not any(text.strip() for text in texts.values()) and texts:
        yield FieldError("code" if "code" in texts else "files", "is empty")
