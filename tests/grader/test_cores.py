"""Cores as all workers of a machine see them: counted by locks that the kernel keeps."""

import subprocess
import sys
from pathlib import Path

import pytest

from grader.cores import Cores


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "machine"


def test_a_slot_alone_may_borrow_what_it_does_not_use(folder: Path):
    cores = Cores(0, folder=folder, count=3)
    with cores.at_work():
        first, second = cores.borrow(), cores.borrow()
        assert first is not None
        assert second is not None
        assert first != second
        assert cores.borrow() is None
        cores.give_back(first)
        assert cores.borrow() is not None


def test_one_core_is_never_lent(folder: Path):
    cores = Cores(0, folder=folder, count=1)
    with cores.at_work():
        assert cores.borrow() is None
        assert not cores.are_free


def test_who_begins_to_work_does_not_wait_and_who_borrowed_learns_of_it(folder: Path):
    one, other = (Cores(slot, folder=folder, count=2) for slot in (0, 1))
    with one.at_work():
        core = one.borrow()
        assert core is not None
        assert not one.are_crowded
        with other.at_work():
            assert one.are_crowded
            assert other.borrow() is None
            one.give_back(core)
            assert not one.are_crowded
        assert one.are_free


def test_every_lock_counts_in_whatever_order_it_was_taken(folder: Path):
    # The kernel lists locks by owner and not by byte: an owner of a high byte may come first.
    watcher = Cores(9, folder=folder, count=8)
    slots = [Cores(slot, folder=folder, count=8) for slot in (5, 1, 7, 3)]
    for cores in slots:
        cores._lock(cores._slot)
    assert sorted(watcher._locked_by_others()) == [1, 3, 5, 7]
    assert watcher.borrow() == 64
    assert sorted(slots[0]._locked_by_others()) == [1, 3, 7, 64]


def test_a_dead_process_holds_no_core(folder: Path):
    code = (
        "import sys, pathlib\nfrom grader.cores import Cores\n"
        "cores = Cores(3, folder=pathlib.Path(sys.argv[1]), count=2)\ncores._lock(3)\n"
        "print(cores.borrow(), flush=True)\nsys.stdin.read()"
    )
    watcher = Cores(0, folder=folder, count=2)
    argv = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "64\n"
        assert not watcher.are_free
        process.kill()
        process.wait()
        assert watcher.are_free


def test_closing_lets_go_of_everything(folder: Path):
    one, other = (Cores(slot, folder=folder, count=2) for slot in (0, 1))
    one._lock(0)
    one.borrow()
    one.close()
    assert other.are_free
