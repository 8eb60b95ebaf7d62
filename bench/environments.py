"""Throw-away environments for other graders, each with what it needs from the package index, made in one folder.

Where one cannot be made (no index, no compiler, no Debian package), that is a reason to show in its row, not a fault.
"""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.peers import PACKAGES
from bench.turns import ContenderFailed
from sandboxes.languages import interpreter

INSTALL_SECONDS = 240
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "15")


def install(names: list[str], folder: Path) -> dict[str, Path | str]:
    """For each name the Python that has it, or the reason why there is none."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(lambda name: _install(name, folder / name), names), strict=True))


def _install(name: str, folder: Path) -> Path | str:
    if name == "isolate":
        found = shutil.which("isolate")
        return Path(interpreter()) if found else "no such program here, and Debian 12 has no package of it"
    python = folder / "bin" / "python"
    try:
        # The system's Python, for all contenders run their cases with it.
        _run([interpreter(), "-m", "venv", "--clear", str(folder)])
        _run([str(python), *_PIP, *PACKAGES[name]])
    except ContenderFailed as error:
        return str(error)
    return python


def _run(argv: list[str]) -> None:
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=INSTALL_SECONDS, env=kept)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ContenderFailed(f"cannot be installed: {error}") from error
    if done.returncode:
        lines = [line for line in done.stderr.strip().splitlines() if "ERROR" in line or "rror:" in line]
        said = (lines or done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise ContenderFailed(f"cannot be installed: {said[:200]}")
