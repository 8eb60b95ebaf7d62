"""`codezest top`: what it shows, to a terminal, a file and a script; and that nothing in it moves a cursor."""

import fcntl
import json
import logging
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

import codezest
from api.auth.models import User
from api.core.clock import now
from api.core.database import Database
from api.core.settings import Settings, get_settings
from tests.conftest import RecordingBell
from tests.grader.desk import Desk

ROOT = Path(__file__).parents[2]
HOSTILE = "a\x1b]0;owned\x07\x1b[31mb\nforged line\u202e"


@pytest.fixture
def desk(database: Database, settings: Settings, bell: RecordingBell, user: User) -> Desk:
    return Desk(database, settings, bell, user)


@pytest.fixture
def environment(
    tmp_path: Path, database_url: str, redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    """Points the command line at the test's database."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATA_DIR": tmp_path / "data",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }.items():
        monkeypatch.setenv(f"CODEZEST_{name}", str(value))
    get_settings.cache_clear()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    get_settings.cache_clear()
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


pytestmark = [pytest.mark.redis, pytest.mark.usefixtures("environment")]


def fill(desk: Desk) -> str:
    """One run at work by a worker with a hostile name, one that waits, one that was spoiled, and a verdict."""
    desk.submit()
    desk.grader.grade_pending()
    at_work = desk.submit(
        status="RUNNING",
        attempt=2,
        failures=1,
        last_fault=HOSTILE,
        worker=HOSTILE,
        started_at=now() - timedelta(seconds=7),
        lease_until=now() - timedelta(seconds=1),
    )
    desk.submit()
    return str(desk.run(at_work).submission_id)


def test_it_is_plain_text_where_the_output_is_no_terminal(desk: Desk):
    submission = fill(desk)
    result = CliRunner().invoke(codezest.main, ["top"])
    assert result.exit_code == 0, result.output
    assert result.stdout.replace("\n", "").isprintable()
    assert "owned" not in result.stdout
    lines = result.stdout.splitlines()
    (row,) = [line for line in lines if submission in line and "ended" in line]
    assert "python" in row
    assert not any(line.startswith("forged") for line in lines)
    assert any(line.split()[:2] == ["live", "1"] for line in lines)
    assert any("PASSED" in line for line in lines)
    assert "1 with a lease that has ended" in result.stdout
    assert "platform faults" in result.stdout


def test_a_script_gets_json(desk: Desk):
    submission = fill(desk)
    result = CliRunner().invoke(codezest.main, ["top", "--json"])
    assert result.stdout.isascii()
    found = json.loads(result.stdout)
    assert (found["queue"]["live"]["runs"], found["queue"]["at_work"], found["queue"]["overdue"]) == (1, 1, 1)
    (run,) = found["at_work"]
    assert (run["submission_id"], run["attempt"], run["worker"]) == (submission, 2, HOSTILE)
    assert [run["status"] for run in found["recent"]] == ["PASSED"]
    assert found["faults"][0]["failures"] == 1


def test_an_empty_installation_is_shown_too(desk: Desk):
    result = CliRunner().invoke(codezest.main, ["top", "--once"])
    assert result.exit_code == 0
    assert "a new submission waits about 1 s" in result.stdout


@pytest.mark.parametrize("interval", ["0", "0.1", "soon"])
def test_an_interval_that_would_hammer_the_database_is_refused(interval: str):
    assert CliRunner().invoke(codezest.main, ["top", "--interval", interval]).exit_code == 2


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "ctrl-c"])
def test_a_terminal_sees_it_live_and_leaves_by_a_key(desk: Desk, key: bytes):
    fill(desk)
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "codezest.py"), "top", "--interval", "0.5"],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "150", "LINES": "60"},
        start_new_session=True,
        preexec_fn=lambda: _controlling(theirs),
    )
    os.close(theirs)
    try:
        shown = b""
        while shown.count(b"CodeZest") < 2:  # the first look, and one more
            assert select.select([ours], [], [], 60)[0], shown
            shown += os.read(ours, 65536)
        os.write(ours, key)
        while process.poll() is None:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    shown += os.read(ours, 65536)
                except OSError:
                    break
        assert process.wait(60) == 0
        assert b"Traceback" not in shown
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
        assert b"\x1b[?1049h" in shown  # the alternate screen: what was there before comes back
        assert b"\x1b[?1049l" in shown
        assert b"owned" not in shown
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stderr is not None
        process.stderr.close()
        os.close(ours)


def _controlling(descriptor: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # a shell has its background jobs ignore it, and so do their children
