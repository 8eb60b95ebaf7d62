"""What compilers have made, kept on this grader's disk: the same source never compiles twice with the same image.

A re-grade or a second learner's equal submission then needs no compiler. An entry is found by a digest of all that the
compilation depended on: the files, the language's commands, the memory it could use, and the image (which stands for
compiler and headers). What it holds was made by foreign code and is treated so: it is only ever unpacked inside a box,
as it would have been at once. Refusals of the compiler are kept too; what a limit or the platform ended is not.

The folder belongs to this user alone. An entry is written under another name first, carries a digest of its own, and
is thrown away if it is damaged; the oldest go when all together are larger than allowed.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import structlog

from sandboxes.languages import Language
from sandboxes.protocol import PROTOCOL_VERSION, CaseOutcome, Outcome, RunRequest

log = structlog.get_logger(__name__)

_DIGEST_BYTES = 32
_KEPT = (Outcome.EXITED, Outcome.NOT_COMPILED)
_SUFFIX = ".made"


class Made(NamedTuple):
    """How a compilation ended, and what it made; ``artefact`` None where it made nothing."""

    outcome: CaseOutcome
    artefact: bytes | None


class CompileCache:
    """At most ``most_mib`` MiB in ``folder``, which several workers of this user may share. Never raises for trouble
    with its disk: it then knows nothing and keeps nothing."""

    def __init__(self, folder: Path, most_mib: int) -> None:
        self._folder, self._most = folder, most_mib * 1024 * 1024

    def find(self, key: str) -> Made | None:
        """What was made, or None."""
        path = self._path(key)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        if hashlib.sha256(data[_DIGEST_BYTES:]).digest() == data[:_DIGEST_BYTES]:
            with contextlib.suppress(KeyError, TypeError, ValueError):
                return _unpack(data[_DIGEST_BYTES:])
        log.warning("compile_cache_entry_damaged", key=key)
        with contextlib.suppress(OSError):
            path.unlink()
        return None

    def keep(self, key: str, made: Made) -> None:
        """Keeps it, if it would come out the same another time."""
        if made.outcome.outcome not in _KEPT:
            return
        data = _pack(made)
        if len(data) > self._most // 4:
            return  # one program is not to drive out all others
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(len(data))
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(hashlib.sha256(data).digest() + data)
            Path(file.name).replace(self._path(key))
        except OSError as error:
            log.warning("compile_cache_not_written", error=str(error))

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    def _make_room(self, size: int) -> None:
        entries = []
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another worker makes room as well
                facts = path.stat()
                entries.append((facts.st_mtime_ns, facts.st_size, path))
        total = size + sum(entry[1] for entry in entries)
        for _, freed, path in sorted(entries):
            if total <= self._most:
                return
            path.unlink(missing_ok=True)
            total -= freed


def key_of(request: RunRequest, language: Language, image: str) -> str:
    """A digest of all that compiling this request's files in ``image`` depends on."""
    digest = hashlib.sha256()
    facts = [PROTOCOL_VERSION, image, language.name, language.compile, language.full_environment()]
    digest.update(json.dumps([*facts, asdict(request.compile_limits)]).encode())
    for name, data in sorted(request.files.items()):
        digest.update(f"\n{len(name.encode())} {len(data)} {name}\n".encode())
        digest.update(data)
    return digest.hexdigest()


def _pack(made: Made) -> bytes:
    outcome = asdict(made.outcome)
    texts = [outcome.pop("stdout"), outcome.pop("stderr"), made.artefact or b""]
    outcome.pop("returned")
    header = {"outcome": outcome, "lengths": [len(text) for text in texts], "made": made.artefact is not None}
    return b"".join((json.dumps(header).encode(), b"\n", *texts))


def _unpack(data: bytes) -> Made:
    line, _, rest = data.partition(b"\n")
    header = json.loads(line)
    parts, at = [], 0
    for length in header["lengths"]:
        parts.append(rest[at : at + length])
        at += length
    facts = {**header["outcome"], "outcome": Outcome(header["outcome"]["outcome"])}
    stdout, stderr, artefact = parts
    return Made(CaseOutcome(**facts, stdout=stdout, stderr=stderr), artefact if header["made"] else None)
