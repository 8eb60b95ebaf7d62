"""Where a runner's `box.c` is found compiled: beside it, as in an image, or compiled here and now.

Outside of containers there is no image to have compiled it in. Each runner then does so itself, in a tenth of a second,
into a folder that is closed to others: no user of the machine has to be believed for a file that lies somewhere.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from sandboxes.boxes import RunnerFault
from sandboxes.languages import HERE

LIBRARY = "libbox.so"
FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
_COMPILERS = ("/usr/bin/cc", "/usr/bin/gcc")
_SECONDS = 60


class Compiled:
    """The library's path, until it is closed.

    Raises:
        RunnerFault: there is no compiler, or it refused.
    """

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.path = HERE / LIBRARY
        if not self.path.exists():
            self._folder = tempfile.TemporaryDirectory(prefix="codezest-box-", ignore_cleanup_errors=True)
            self.path = Path(self._folder.name) / LIBRARY
            _compile(self.path)

    def close(self) -> None:
        """Removes what was made; whoever has loaded it keeps it."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _compile(target: Path) -> None:
    compiler = next((path for path in _COMPILERS if os.access(path, os.X_OK)), None)
    if compiler is None:
        raise RunnerFault("boxes cannot be made here: no C compiler, apt-get install gcc libc6-dev")
    try:
        done = subprocess.run(
            [compiler, *FLAGS, "-o", target, HERE / "box.c"], capture_output=True, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunnerFault(f"boxes cannot be made here: {error}") from error
    if done.returncode:
        words = done.stderr.strip().splitlines()
        raise RunnerFault(f"boxes cannot be made here: {words[0] if words else 'box.c does not compile'}")
