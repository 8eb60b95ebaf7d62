"""Reads what the kernel and the distribution say of a machine: files of /proc, /sys, /etc, /run, /usr/share/doc.

Everything is read below one folder, so that tests can hand in a made-up machine. A file that is not there or may not
be read is None: on many machines the half of them are missing, and that is no fault by itself.
"""

import gzip
import os
import zlib
from pathlib import Path


class Machine:
    """The machine whose root folder is ``root``. Paths are given without the leading slash."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def text(self, path: str) -> str | None:
        """What a file holds, without blanks at its ends; None if it cannot be read."""
        try:
            return (self._root / path).read_text(errors="replace").strip()
        except OSError:
            return None

    def number(self, path: str) -> int | None:
        """The whole number that a file holds; None if it cannot be read or holds something else."""
        try:
            return int(self.text(path) or "")
        except ValueError:
            return None

    def lines(self, path: str) -> list[str]:
        """The lines of a file; none if it cannot be read."""
        return (self.text(path) or "").splitlines()

    def matching(self, pattern: str) -> dict[str, str]:
        """What the readable files of a pattern hold, by name and in its order."""
        found = {str(path.relative_to(self._root)): None for path in sorted(self._root.glob(pattern))}
        texts = {path: self.text(path) for path in found}
        return {path: text for path, text in texts.items() if text is not None}

    def exists(self, path: str) -> bool:
        """Whether there is anything of that name."""
        return os.path.lexists(self._root / path)

    def mode(self, path: str) -> tuple[int, int] | None:
        """Permission bits and group number of a file or socket; None if there is none."""
        try:
            facts = (self._root / path).stat()
        except OSError:
            return None
        return facts.st_mode & 0o777, facts.st_gid

    def free_gib(self, path: str) -> float | None:
        """What is free for an ordinary user on the disk of a folder, in GiB; None if there is no such folder."""
        try:
            facts = os.statvfs(self._root / path)
        except OSError:
            return None
        return facts.f_bavail * facts.f_frsize / 2**30

    def changelog(self, package: str) -> str:
        """The distribution's own list of changes to a package (Debian and its children); empty if there is none."""
        try:
            with gzip.open(self._root / f"usr/share/doc/{package}/changelog.Debian.gz") as file:
                return file.read().decode(errors="replace")
        except (OSError, EOFError, zlib.error):
            return ""
