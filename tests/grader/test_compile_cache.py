"""The compile cache: what it must not believe, must not keep, and must not mix up."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from grader.compile_cache import CompileCache, Made, key_of
from sandboxes.languages import languages
from sandboxes.protocol import CaseOutcome, Limits, Outcome, RunRequest

LIMITS = Limits(cpu_ms=1, wall_ms=1, memory_mib=1, output_kib=1, processes=1)
WELL = Made(
    CaseOutcome(outcome=Outcome.EXITED, exit_code=0, cpu_ms=7, stdout=b"a\n", stderr=b"warning\xff"), b"\0ELF"
)
REFUSED = Made(CaseOutcome(outcome=Outcome.NOT_COMPILED, exit_code=1, stderr=b"error"), None)
KEY = "0" * 64


@pytest.fixture
def cache(tmp_path: Path) -> CompileCache:
    return CompileCache(tmp_path / "compiled", 1)


@pytest.mark.parametrize("made", [WELL, REFUSED, Made(WELL.outcome, b"")])
def test_what_was_made_comes_back_whole(cache: CompileCache, tmp_path: Path, made: Made):
    assert cache.find(KEY) is None
    cache.keep(KEY, made)
    assert CompileCache(tmp_path / "compiled", 1).find(KEY) == made


def test_nobody_else_can_read_it(cache: CompileCache, tmp_path: Path):
    cache.keep(KEY, WELL)
    assert (tmp_path / "compiled").stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "compiled").iterdir()] == [0o600]


@pytest.mark.parametrize("how", ["cut", "changed", "empty", "of another shape"])
def test_a_damaged_entry_is_thrown_away_and_said(cache: CompileCache, tmp_path: Path, how: str):
    cache.keep(KEY, WELL)
    (path,) = (tmp_path / "compiled").iterdir()
    data = path.read_bytes()
    other = b'{"outcome": {}, "lengths": 3}\n'
    damaged = {
        "cut": data[:-1],
        "changed": data[:-1] + b"G",
        "empty": b"",
        "of another shape": hashlib.sha256(other).digest() + other,
    }
    path.write_bytes(damaged[how])
    with capture_logs() as logs:
        assert cache.find(KEY) is None
    assert [entry["event"] for entry in logs] == ["compile_cache_entry_damaged"]
    assert not path.exists()


@pytest.mark.parametrize(
    "outcome", [Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY, Outcome.OUTPUT_TOO_LARGE, Outcome.SIGNALLED]
)
def test_what_a_limit_ended_is_not_kept(cache: CompileCache, outcome: Outcome):
    cache.keep(KEY, Made(CaseOutcome(outcome=outcome), None))
    assert cache.find(KEY) is None


def test_the_longest_unused_goes_when_there_is_no_room(cache: CompileCache, tmp_path: Path):
    large = Made(WELL.outcome, bytes(200_000))
    keys = [str(number) * 64 for number in range(7)]
    for at, key in enumerate(keys[:5]):
        cache.keep(key, large)
        os.utime(tmp_path / "compiled" / f"{key}.made", (at, at))
    assert cache.find(keys[0]) == large  # used now: no more the oldest
    cache.keep(keys[5], large)
    assert [key for key in keys if cache.find(key)] == [keys[0], *keys[2:6]]
    assert sum(path.stat().st_size for path in (tmp_path / "compiled").iterdir()) <= 1 << 20


def test_one_program_does_not_drive_out_all_others(cache: CompileCache):
    cache.keep(KEY, Made(WELL.outcome, bytes(1 << 19)))
    assert cache.find(KEY) is None


def test_a_disk_that_fails_costs_only_the_cache(tmp_path: Path):
    (tmp_path / "compiled").write_text("a file is in the way")
    cache = CompileCache(tmp_path / "compiled", 1)
    with capture_logs() as logs:
        cache.keep(KEY, WELL)
        assert cache.find(KEY) is None
    assert [entry["event"] for entry in logs] == ["compile_cache_not_written"]


REQUEST = RunRequest(language="cpp", files={"main.cpp": b"x", "a.h": b"y"}, cases=[], compile_limits=LIMITS)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, files={"main.cpp": b"xy", "a.h": b""}),
        replace(REQUEST, files={"main.cpp": b"x", "b.h": b"y"}),
        replace(REQUEST, files={"main.cpp": b"x"}),
        replace(REQUEST, files={"main.cpp": b"x\n3 1 a.h\ny"}),
        replace(REQUEST, compile_limits=replace(LIMITS, memory_mib=2)),
    ],
)
def test_whatever_compiling_depends_on_makes_another_key(other: RunRequest):
    cpp = languages()["cpp"]
    assert key_of(other, cpp, "image") != key_of(REQUEST, cpp, "image")


def test_so_do_image_and_commands_and_not_the_order_of_files():
    cpp = languages()["cpp"]
    key = key_of(REQUEST, cpp, "image")
    assert key != key_of(REQUEST, cpp, "other")
    assert key != key_of(REQUEST, replace(cpp, compile=(("/usr/bin/g++",),)), "image")
    assert key == key_of(replace(REQUEST, files=dict(reversed(REQUEST.files.items()))), cpp, "image")
