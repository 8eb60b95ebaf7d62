"""How contenders are asked and what of their answers is believed."""

import sys
from pathlib import Path

import pytest

from bench import work
from bench.memory import memory_group
from bench.raw import read_batch
from bench.turns import Ask, ContenderFailed, ProcessWorker, play

ANSWERS = """
from bench.turns import own_output, serve

answers = own_output()
print('what is logged while setting up')

def grade(workload, number, fresh):
    print("what graded code prints")
    if workload == "wrong":
        raise SystemExit("a right solution was not accepted")

serve(answers, grade, {"right": 3, "wrong": 1})
"""


def worker(tmp_path: Path, program: str) -> ProcessWorker:
    return ProcessWorker([sys.executable, "-c", program], tmp_path / "log")


def test_a_bare_run_with_a_wrong_output_is_no_yardstick() -> None:
    with pytest.raises(ContenderFailed, match="right outputs"):
        read_batch("0 1000 10 10\n0 1000 9 10\nelapsed 2000\n")
    assert read_batch("0 1000000 10 10\nelapsed 3000000\n").latencies == [0.001]


def test_a_worker_that_does_not_come_up_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ContenderFailed, match="nothing is installed here"):
        worker(tmp_path, "raise SystemExit('nothing is installed here')")


def test_a_worker_that_prints_at_once_has_not_come_up(tmp_path: Path) -> None:
    with pytest.raises(ContenderFailed, match="did not come up"):
        worker(tmp_path, "print('hello')")


def test_a_worker_that_dies_in_a_turn_is_told_and_can_be_closed(tmp_path: Path) -> None:
    own = worker(tmp_path, ANSWERS)
    own.ask(Ask("wrong", 0))
    with pytest.raises(ContenderFailed, match="right solution"):
        own.answer()
    own.close()


def test_what_graded_code_prints_is_not_taken_for_an_answer(tmp_path: Path) -> None:
    own = worker(tmp_path, ANSWERS)
    own.ask(Ask("right", 0, minimum=4))
    assert len(own.answer().latencies) == 4
    own.close()
    assert "what graded code prints" in (tmp_path / "log").read_text()


def test_a_turn_shares_the_submissions_out_and_goes_round() -> None:
    seen: list[int] = []
    batch = play(lambda _, number, __: seen.append(number), 5, Ask("w", 0, minimum=4, start=1, step=2))
    assert seen == [1, 3, 0, 2]
    assert len(batch.latencies) == 4


def test_a_latency_ends_at_the_verdict_when_clearing_up_follows() -> None:
    batch = play(lambda *_: float("-inf"), 1, Ask("w", 0))
    assert batch.latencies == [float("-inf")]
    assert batch.elapsed >= 0


@pytest.mark.parametrize("language", ["python", "cpp", "java", "javascript", "c"])
def test_a_renewed_source_was_never_seen_before_and_is_the_same_program(language: str) -> None:
    first, second = (work.renewed("code\n", language, number) for number in (1, 2))
    assert first != second
    assert first.startswith("code\n")
    assert first.splitlines()[1].startswith(("#", "//"))


def test_what_is_written_for_the_workers_is_what_they_read(tmp_path: Path) -> None:
    problem = {"prompt": "def f():\n", "canonical_solution": "    return 1\n", "test": "", "entry_point": "f"}
    made = work.workloads([problem])
    work.write(tmp_path / "file", made)
    read = work.read(tmp_path / "file")
    assert [each.source for each in read[work.HUMAN_EVAL]] == [each.source for each in made[work.HUMAN_EVAL]]
    assert read[work.SUM][0].cases[0] == list(made[work.SUM][0].cases[0])


def test_the_memory_group_is_found_in_both_versions() -> None:
    first = "12:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n"
    assert memory_group(first) == (Path("/sys/fs/cgroup/memory/docker/abc"), False)
    assert memory_group("0::/system.slice/abc\n") == (Path("/sys/fs/cgroup/system.slice/abc"), True)
