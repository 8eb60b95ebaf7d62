"""The kernel's counters, as files of both control-group versions and of real processes."""

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandboxes import counters, watch
from sandboxes.counters import Container, starved_ms, tree_memory_kib, tree_usage
from sandboxes.protocol import MOST_WALL, Limits


def write(root: Path, **files: str) -> Path:
    """Files below ``root``; two underscores in a name are a slash, one is a dot."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_version_2(tmp_path: Path):
    root = write(
        tmp_path,
        cgroup_DOT_controllers="cpu memory pids\n",
        cpu_DOT_stat="usage_usec 1234567\nuser_usec 1\nsystem_usec 2\n",
        memory_DOT_events="low 0\nhigh 0\nmax 812\noom 3\noom_kill 2\noom_group_kill 0\n",
    )
    assert (Container(root).cpu_ms(), Container(root).oom_kills()) == (1234, 2)


@pytest.mark.parametrize("folder", ["cpuacct", "cpu,cpuacct"])
def test_version_1(tmp_path: Path, folder: str):
    root = write(
        tmp_path,
        **{f"{folder}__cpuacct_DOT_usage": "1234567890\n"},
        memory__memory_DOT_oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 5\n",
    )
    assert (Container(root).cpu_ms(), Container(root).oom_kills()) == (1234, 5)


def test_a_hybrid_machine_is_version_1(tmp_path: Path):
    # The unified tree lies in a folder of its own there, and has no memory controller.
    root = write(tmp_path, unified__cgroup_DOT_controllers="", cpuacct__cpuacct_DOT_usage="5000000\n")
    assert Container(root).cpu_ms() == 5


def test_counting_is_live(tmp_path: Path):
    root = write(tmp_path, cpuacct__cpuacct_DOT_usage="1000000\n")
    container = Container(root)
    assert container.cpu_ms() == 1
    write(tmp_path, cpuacct__cpuacct_DOT_usage="9000000\n")
    assert container.cpu_ms() == 9


def test_without_files_nothing_is_known(tmp_path: Path):
    assert Container(tmp_path).cpu_ms() is None
    assert Container(tmp_path).oom_kills() is None


def test_a_kernel_that_does_not_count_kills(tmp_path: Path):
    root = write(tmp_path, memory__memory_DOT_oom_control="oom_kill_disable 0\nunder_oom 0\n")
    assert Container(root).oom_kills() is None


@contextmanager
def family(work: Callable[[], object]) -> Iterator[int]:
    """A process whose child and grandchild have each done ``work`` and wait; its pid."""
    ready_reader, ready_writer = os.pipe()
    end_reader, end_writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(end_writer)
        if os.fork() == 0:
            if os.fork() == 0:
                pass
            kept = work()
            os.write(ready_writer, b"x")
            os.read(end_reader, 1)
            del kept
            os._exit(0)
        os.read(end_reader, 1)
        os._exit(0)
    os.close(end_reader)
    try:
        heard = b""
        while len(heard) < 2:
            heard += os.read(ready_reader, 2)
        yield pid
    finally:
        os.close(end_writer)
        os.waitpid(pid, 0)
        os.close(ready_reader)
        os.close(ready_writer)


def burn(seconds: float = 0.05) -> None:
    """Processor time enough to be seen in ticks."""
    until = os.times().user + seconds
    while os.times().user < until:
        pass


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_descendants_count_and_their_root_does_not():
    with family(lambda: (burn(), bytearray(os.urandom(8 << 20)))) as pid:
        usage = tree_usage(pid)
        assert usage.processes == 2
        assert usage.cpu_ms >= 80
        assert usage.memory_kib >= 2 * 8 << 10


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_shared_memory_is_counted_once_where_it_matters():
    held = bytearray(os.urandom(32 << 20))
    with family(lambda: held[0]) as pid:
        counted_twice, shared = tree_usage(pid).memory_kib, tree_memory_kib(pid)
        assert counted_twice >= 2 * 32 << 10
        assert shared < 0.7 * counted_twice


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_reaped_are_in_their_parents_time():
    # So are orphans, once process 1 of the box has reaped them: the root's own time is not, what it reaped is.
    hear, told = os.pipe()
    end, ending = os.pipe()
    pid = os.fork()
    if pid == 0:
        child = os.fork()
        if child == 0:
            burn()
            os._exit(0)
        os.waitpid(child, 0)
        burn(0.5)
        os.write(told, b"x")
        os.read(end, 1)
        os._exit(0)
    try:
        assert os.read(hear, 1) == b"x"
        usage = tree_usage(pid)
        assert usage.processes == 0
        assert 40 <= usage.cpu_ms < 400
    finally:
        os.write(ending, b"x")
        os.waitpid(pid, 0)
        for fd in (hear, told, end, ending):
            os.close(fd)


def test_a_process_that_is_gone_has_used_nothing():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert tree_usage(pid) == counters.Usage()
    assert tree_memory_kib(pid) == 0


def test_who_waits_for_a_core_is_seen_to_wait():
    core = min(os.sched_getaffinity(0))
    root = os.fork()
    if root == 0:
        os.setsid()
        os.sched_setaffinity(0, {core})
        os.fork()
        os.fork()
        while True:  # four that want one core: each waits three quarters of its time
            pass
    try:
        while starved_ms(root) < 30:
            pass
    finally:
        os.killpg(root, signal.SIGKILL)
        os.waitpid(root, 0)
    assert starved_ms(root) == 0  # nobody is left to wait


def test_who_waits_for_the_disk_is_seen_to_wait():
    root = os.fork()
    if root == 0:
        os.setsid()
        if os.fork() == 0:
            # A parent in vfork is in the same state as one whose page is being read, and stays there.
            if ctypes.PyDLL(None).vfork() == 0:
                ctypes.PyDLL(None).pause()
            os._exit(0)
        signal.pause()
    try:
        while not tree_usage(root).on_disk:
            pass
    finally:
        os.killpg(root, signal.SIGKILL)
        os.waitpid(root, 0)
    assert not tree_usage(root).on_disk


def test_time_on_the_disk_is_from_look_to_look(monkeypatch: pytest.MonkeyPatch):
    limits = Limits(cpu_ms=1000, wall_ms=1000, memory_mib=64, output_kib=1, processes=4)
    seen = watch.Watch(limits, 10.0, 0, 0.0, 0)
    for moment, on_disk in ((10.5, True), (11.0, False), (11.25, True), (12.0, False)):
        monkeypatch.setattr(watch.time, "monotonic", lambda moment=moment: moment)
        seen.note_look(on_disk)
    assert seen.disk_ms == 750


@pytest.mark.parametrize(
    ("elapsed", "starved", "on_disk", "too_long"),
    [
        (999, 0, 0, False),
        (1001, 0, 0, True),
        (1900, 1000, 0, False),
        (2100, 1000, 0, True),
        (1900, 0, 1000, False),
        (2500, 1000, 600, False),
        (2700, 1000, 600, True),
        (MOST_WALL * 1000 - 1, MOST_WALL * 1000, 0, False),
        (MOST_WALL * 1000 + 1, MOST_WALL * 1000, MOST_WALL * 1000, True),
    ],
)
def test_only_sleep_counts_as_sleep(
    monkeypatch: pytest.MonkeyPatch, elapsed: int, starved: int, on_disk: int, too_long: bool
):
    limits = Limits(cpu_ms=1000, wall_ms=1000, memory_mib=64, output_kib=1, processes=4)
    seen = watch.Watch(limits, 0.0, 0, 0.0, 0, disk_ms=on_disk)
    monkeypatch.setattr(watch.Watch, "elapsed_ms", lambda self: elapsed)
    monkeypatch.setattr(counters, "starved_ms", lambda pid: starved)
    assert watch._has_slept_too_long(1, seen) is too_long
