"""Runners and workers that die, age or are killed: nothing stays behind, and the next run finds a fresh one."""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.local_sandbox import LocalSandbox
from grader.sandbox import SandboxUnavailable
from sandboxes import languages
from sandboxes.counters import _descendants
from sandboxes.protocol import CaseInput, Outcome, RunRequest

from .programs import COMPILE, ended, limits_of, report_of, runner_of
from .test_hostile import harmless

SECONDS = 20.0


@contextmanager
def variant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str) -> Iterator[None]:
    """Runners started here come from a copy of the tree in which one thing is different."""
    copy = tmp_path / "variant" / "sandboxes"
    shutil.copytree(languages.HERE, copy, ignore=shutil.ignore_patterns("__pycache__", "smoke"))
    text = (copy / file).read_text()
    assert old in text
    (copy / file).write_text(text.replace(old, new))
    with monkeypatch.context() as patch:
        patch.setattr(languages, "HERE", copy)
        yield


@contextmanager
def lives(pids: list[int]) -> Iterator[list[int]]:
    """Handles on processes that are alive."""
    handles = [os.pidfd_open(pid) for pid in pids]
    try:
        yield handles
    finally:
        for handle in handles:
            os.close(handle)


def all_end(handles: list[int]) -> bool:
    """Waits until every one of these processes has ended."""
    return all(select.select([handle], [], [], SECONDS)[0] for handle in handles)


def everything_of(sandbox: LocalSandbox) -> list[int]:
    runner = runner_of(sandbox)._process.pid
    return [runner, *_descendants(runner)]


@pytest.fixture
def local(boxes_sandbox: LocalSandbox, slot: int) -> Iterator[LocalSandbox]:
    """A local sandbox of the test's own; ``boxes_sandbox`` has shown that there can be one."""
    sandbox = LocalSandbox(slot)
    yield sandbox
    sandbox.close()


def test_a_killed_worker_takes_everything_along(boxes_sandbox: LocalSandbox, local: LocalSandbox, slot: int):
    argv = [sys.executable, "-m", "tests.sandboxes.dying_worker", "boxes", str(slot)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        runner = int(worker.stdout.readline())
        with lives([runner, *_descendants(runner)]) as handles:
            assert len(handles) >= 4  # runner, launcher, and two boxes: one at work, one waiting
            worker.kill()
            assert all_end(handles)
    harmless(local, "python")  # the next one removes the copy of the code that it made to run as nobody
    assert not list(Path(tempfile.gettempdir()).glob(f"codezest-runner-{worker.pid}-*"))


def test_closing_takes_everything_along(local: LocalSandbox):
    harmless(local, "python")
    with lives(everything_of(local)) as handles:
        local.close()
        local.close()
        assert all_end(handles)
    harmless(local, "python")


@pytest.mark.parametrize("which", ["runner", "launcher", "waiting box"])
def test_a_killed_process_of_ours_costs_at_most_one_run(local: LocalSandbox, which: str):
    harmless(local, "python")
    pids = everything_of(local)
    with lives(pids) as handles:
        victim = ("runner", "launcher", "waiting box").index(which)
        os.kill(pids[victim], signal.SIGKILL)
        assert select.select([handles[victim]], [], [], SECONDS)[0]
        try:
            harmless(local, "python")
        except SandboxUnavailable:
            assert which != "waiting box"
        harmless(local, "python")


def test_the_launcher_is_replaced_between_cases_and_never_under_one(
    local: LocalSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    old, new = "_BOXES_PER_LAUNCHER = 2000", "_BOXES_PER_LAUNCHER = 3"
    with variant(tmp_path, monkeypatch, "runner.py", old, new):
        source = "import sys; print(hash('a'))"
        report = report_of(local, "python", source, inputs=[b""] * 20)
        assert {case.outcome for case in report.cases} == {Outcome.EXITED}
        seeds = [case.stdout for case in report.cases]
        assert len(set(seeds)) >= 6  # one string-hash seed for each launcher
        assert len(everything_of(local)) <= 4  # and no old ones


def test_boxes_that_cannot_be_made_are_named_at_once(
    local: LocalSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with (
        variant(
            tmp_path,
            monkeypatch,
            "box.c",
            "must(sethostname(plan->hostname, strlen(plan->hostname))",
            "errno = EPERM, must(-1",
        ),
        pytest.raises(SandboxUnavailable, match="sethostname: Operation not permitted"),
    ):
        harmless(local, "python")


def test_so_are_namespaces_that_are_refused(
    local: LocalSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    old, new = (
        "kernel.unshare(_NAMESPACES",
        'raise PermissionError("refused")\n    (_NAMESPACES',
    )
    with (
        variant(tmp_path, monkeypatch, "launcher.py", old, new),
        pytest.raises(SandboxUnavailable, match=r"boxes cannot be made here: .*refused"),
    ):
        harmless(local, "python")


def test_a_compiler_that_is_missing_is_the_platforms_fault(
    local: LocalSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with (
        variant(tmp_path, monkeypatch, "c/language.json", "/usr/bin/gcc", "/usr/bin/no-such-gcc"),
        pytest.raises(SandboxUnavailable, match="no-such-gcc"),
    ):
        ended(local, "c", "int main(void) { return 0; }")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give up being root")
def test_a_runner_started_by_root_is_nobody(local: LocalSandbox, slot: int):
    harmless(local, "python")
    for pid in everything_of(local):
        text = Path(f"/proc/{pid}/status").read_text()
        facts = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        assert set(facts["Uid"].split()) == set(facts["Gid"].split()) == {str(64_000 + slot)}
        assert facts["Groups"].strip() == ""


def test_code_below_the_shared_tmp_is_not_run(
    local: LocalSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Python runs what it finds in a user's site folder, and a box's HOME is /tmp: outside of boxes that is everybody's.
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        site = Path(home, ".local/lib", f"python3.{sys.version_info.minor}", "site-packages")
        site.mkdir(parents=True)
        (site / "intruder.pth").write_text("import sys; sys.exit(9)")
        with (
            variant(tmp_path, monkeypatch, "boxes.py", '"HOME": "/nonexistent"', f'"HOME": "{home}"'),
            pytest.raises(SandboxUnavailable),
        ):
            harmless(local, "python")  # this is what would happen
    harmless(local, "python")
    launcher = everything_of(local)[1]
    assert b"HOME=/nonexistent" in Path(f"/proc/{launcher}/environ").read_bytes().split(b"\0")


def test_one_request_after_the_other_while_one_is_large(local: LocalSandbox):
    limits = limits_of("python", memory_mib=256)
    for size in (1, 8 << 20, 1):
        cases = [CaseInput(stdin=b"x" * size, limits=limits)] * 3
        files = {"main.py": b"import sys; print(len(sys.stdin.read()))"}
        report = local.run(RunRequest(language="python", files=files, cases=cases, compile_limits=COMPILE))
        assert [int(case.stdout) for case in report.cases] == [size] * 3


def test_a_machine_that_allows_less_than_we_do_will_do(
    local: LocalSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    old = "    requests = socket(fileno=int(sys.argv[1]))\n"
    less = "r.setrlimit(r.RLIMIT_STACK, (1 << 23,) * 2); r.setrlimit(r.RLIMIT_CORE, (0, 0))"
    new = f"{old}    import resource as r; {less}\n"
    with variant(tmp_path, monkeypatch, "launcher.py", old, new):
        source = "import resource as r; print(r.getrlimit(r.RLIMIT_STACK), r.getrlimit(r.RLIMIT_CORE))"
        assert ended(local, "python", source).stdout == b"(8388608, 8388608) (0, 0)\n"


def open_in(pid: int) -> int:
    """How many descriptors a process has."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_no_descriptor_is_left_behind_by_a_case(local: LocalSandbox):
    harmless(local, "c")
    runner, launcher = everything_of(local)[:2]
    before = [open_in(pid) for pid in (runner, launcher)]
    report_of(local, "python", "print(1)", inputs=[b""] * 30)
    report_of(local, "c", "int main(void) { for (;;); }", inputs=[b""] * 2, cpu_ms=20)
    report_of(local, "c", "int broken(")
    harmless(local, "c")
    assert [open_in(pid) for pid in (runner, launcher)] == before
