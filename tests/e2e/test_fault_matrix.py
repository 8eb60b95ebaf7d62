"""A small part of the fault matrix, struck for real: `make faults` is the whole of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.core.settings import Settings
from sandboxes.languages import runnable

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif("python" not in runnable(), reason="no Python for local boxes here")


def matrix(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """What `python -m bench.faults` prints, started in an empty folder: no `.env` is read."""
    return subprocess.run(
        [sys.executable, "-m", "bench.faults", "--stack", "embedded", "--quick", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_lost_doubled_or_blamed_whatever_dies(settings: Settings, tmp_path: Path):
    done = matrix(tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "0 lost, 0 doubled, 0 blamed"), done.stderr
    assert "could not be judged" not in done.stdout


def test_a_fault_that_does_not_exist_there_is_called_so(settings: Settings, tmp_path: Path):
    done = matrix(tmp_path, "--fault", "engine-killed", "--moment", "running")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "0 lost, 0 doubled, 0 blamed")
    assert "does not apply" in done.stdout
