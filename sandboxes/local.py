"""Starts a runner without a container, as an unprivileged process of this machine.

Weaker than a container, and labelled so: no control group counts or caps the whole box, and the kernel's surface is
that of the boxes alone. A runner started by root drops to the user id it is given; it never runs as root.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from sandboxes import languages

_COPY_PREFIX = "codezest-runner-"


class LocalRunner:
    """A running `runner.py` and the stream to it, under ``uid`` if we are root and else under our own.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, uid: int, language: str | None = None) -> None:
        self._copy = _readable_copy() if os.getuid() == 0 else None
        folder = Path(self._copy) / "sandboxes" if self._copy else languages.HERE
        argv = [
            languages.interpreter(),
            "-I",
            "-S",
            str(folder / "runner.py"),
            *([language] if language else []),
        ]
        drop: dict[str, Any] = {"user": uid, "group": uid, "extra_groups": []} if self._copy else {}
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                argv,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
                start_new_session=True,
                **drop,
            )
        self.socket = ours

    def close(self) -> None:
        """Ends the runner and every box it has; calling it twice is fine."""
        self.socket.close()
        self._process.kill()
        self._process.wait()
        if self._copy:
            shutil.rmtree(self._copy, ignore_errors=True)


def _readable_copy() -> str:
    """A copy of this package that another user can read: the checkout may lie in a home that is closed to others."""
    _remove_left_copies()
    folder = tempfile.mkdtemp(prefix=f"{_COPY_PREFIX}{os.getpid()}-")
    target = Path(folder) / "sandboxes"
    shutil.copytree(languages.HERE, target, ignore=shutil.ignore_patterns("__pycache__", "smoke"))
    for path in (Path(folder), target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _remove_left_copies() -> None:
    """Removes the copies of our processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_COPY_PREFIX}*"):
        pid = folder.name.removeprefix(_COPY_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists() and folder.lstat().st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)
