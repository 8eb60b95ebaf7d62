"""Heartbeats: whom a health check believes, and whom not."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner

import codezest
from api.auth.models import User
from api.core import clock
from api.core.database import Database
from api.core.settings import Settings, get_settings
from grader.heartbeat import Heartbeat, count_alive, heartbeat
from tests.conftest import RecordingBell
from tests.grader.desk import Desk
from tests.house.tree import ROOT

DYING = """
import os, sys
from pathlib import Path
from grader.heartbeat import Heartbeat
Heartbeat(Path(sys.argv[1]), "worker-0").promise(3600)
os._exit(9)
"""


def test_nobody_is_alive_where_nobody_has_been(tmp_path: Path):
    assert count_alive(tmp_path, "worker") == 0


def test_a_process_that_has_promised_nothing_yet_is_not_ready(tmp_path: Path):
    with heartbeat(tmp_path, "worker-0"):
        assert count_alive(tmp_path, "worker") == 0


def test_a_promise_counts_until_it_is_broken(tmp_path: Path):
    with heartbeat(tmp_path, "worker-0") as beat:
        beat.promise(60)
        assert count_alive(tmp_path, "worker") == 1
        assert count_alive(tmp_path, "sweeper") == 0
        with time_machine.travel(clock.now() + timedelta(seconds=61)):
            assert count_alive(tmp_path, "worker") == 0
            beat.promise(60)
            assert count_alive(tmp_path, "worker") == 1


def test_who_has_signed_off_is_not_alive(tmp_path: Path):
    with heartbeat(tmp_path, "worker-0") as beat:
        beat.promise(60)
    assert count_alive(tmp_path, "worker") == 0
    beat.promise(60)  # too late, and no fault
    assert count_alive(tmp_path, "worker") == 0


def test_a_promise_dies_with_its_process_however_that_ends(tmp_path: Path):
    done = subprocess.run([sys.executable, "-c", DYING, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == 9
    [left] = (tmp_path / "alive").iterdir()
    assert left.stat().st_mtime > clock.now().timestamp() + 3000
    assert count_alive(tmp_path, "worker") == 0
    with heartbeat(tmp_path, "worker-0"):
        assert count_alive(tmp_path, "worker") == 0  # its successor has promised nothing


def test_every_slot_has_its_own(tmp_path: Path):
    with heartbeat(tmp_path, "worker-0") as first, heartbeat(tmp_path, "worker-1") as second:
        first.promise(60)
        assert count_alive(tmp_path, "worker") == 1
        second.promise(60)
        assert count_alive(tmp_path, "worker") == 2


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path):
    with heartbeat(tmp_path / "own", "worker-0") as beat:
        beat.promise(60)
        (tmp_path / "alive").mkdir()
        (tmp_path / "alive" / "worker-0").symlink_to(tmp_path / "own" / "alive" / "worker-0")
        assert count_alive(tmp_path, "worker") == 0


def test_a_folder_that_cannot_be_written_ends_no_process(tmp_path: Path):
    (tmp_path / "file").write_text("")
    beat = Heartbeat(tmp_path / "file", "worker-0")
    beat.promise(60)
    beat.close()


def test_a_grader_promises_as_long_as_its_run_can_last(
    database: Database, settings: Settings, bell: RecordingBell, user: User, tmp_path: Path
):
    desk = Desk(database, settings, bell, user)
    promised: list[float] = []

    class Told(Heartbeat):
        def promise(self, seconds: float) -> None:
            promised.append(seconds)

    desk.submit()
    desk.grader._heartbeat = Told(tmp_path, "worker-0")
    assert desk.grader.grade_pending() == 1
    longest = desk.settings.max_submission_wall_s + desk.settings.max_wall_ms / 1000
    assert promised[0] <= 60  # it turns
    assert promised[1] > longest  # it grades
    assert promised[2] <= 60


@pytest.mark.parametrize(
    ("words", "code"), [(["worker", "--slots", "2"], 1), (["worker"], 0), (["sweeper"], 1)]
)
def test_the_command_says_so(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int
):
    monkeypatch.setenv("CODEZEST_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    with heartbeat(tmp_path, "worker-3") as beat:
        beat.promise(60)
        try:
            codezest.main(["alive", *words], standalone_mode=False)
            found = 0
        except SystemExit as ended:
            found = ended.code
    get_settings.cache_clear()
    assert found == code


@pytest.mark.parametrize("words", [["--languages", "python,cobol"], ["--language", "cobol"]])
def test_a_worker_for_a_language_that_is_none_does_not_start(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
):
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    done = CliRunner().invoke(codezest.main, ["worker", *words])
    get_settings.cache_clear()
    assert done.exit_code == 2
    assert "no such language: cobol; there are bash, c," in done.stderr.replace("\n", " ")
    assert not (tmp_path / ".codezest").exists()


def test_languages_come_as_a_list_or_one_by_one(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    asked: list[object] = []
    monkeypatch.setattr("cli.working.work", lambda languages, **_: asked.append(list(languages)))
    for words in (
        ["--languages", "python, cpp"],
        ["-l", "python", "--languages", "cpp,"],
        ["--languages", ""],
        [],
    ):
        assert CliRunner().invoke(codezest.main, ["worker", *words]).exit_code == 0
    assert asked == [["python", "cpp"], ["python", "cpp"], [], []]
