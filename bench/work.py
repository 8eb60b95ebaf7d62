"""What is graded: the workloads, the same bytes every time.

Every contender, the bare runner included, gets the same submissions. Worker processes read them from one JSON file,
for some run in an environment of their own that has nothing of ours but the standard library.
"""

import json
import random
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SIZES = (1, 2, 3, 5, 10, 20, 50, 100, 500, 1000)
"""How many numbers each of the ten inputs has."""
FEW, MANY = 10, 60
"""Cases of the two workloads from whose difference one empty box is worked out."""

SUM, SUM_CPP, SUM_CPP_TWICE, SUM_JAVA, SUM_NODE = "sum", "sum-cpp", "sum-cpp-twice", "sum-java", "sum-node"
NOTHING_FEW, NOTHING_MANY, HUMAN_EVAL = "nothing-few", "nothing-many", "humaneval"

_PYTHON = "import sys\n\nprint(sum(map(int, sys.stdin.read().split())))\n"
_CPP = """#include <bits/stdc++.h>

int main() {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    long long sum = 0;
    for (long long number; std::cin >> number;) sum += number;
    std::cout << sum << '\\n';
}
"""
_JAVA = """import java.io.*;
import java.util.*;

public class Main {
    public static void main(String[] arguments) throws IOException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        long sum = 0;
        String line;
        while ((line = input.readLine()) != null) {
            StringTokenizer words = new StringTokenizer(line);
            while (words.hasMoreTokens()) {
                sum += Long.parseLong(words.nextToken());
            }
        }
        System.out.println(sum);
    }
}
"""
_NODE = """const words = require("fs").readFileSync(0, "utf8").trim().split(/\\s+/);
console.log(words.reduce((sum, word) => sum + Number(word), 0));
"""
_NOTHING = "int main(void) { return 0; }\n"
_COMMENTS = {"python": "#", "cpp": "//", "java": "//", "javascript": "//", "c": "//"}


@dataclass(frozen=True)
class Submission:
    """One source with its cases (input, expected output). ``problem``: the HumanEval problem it was made of.

    ``built``: the bare runner compiles it once, before anything is timed.
    """

    language: str
    source: str
    cases: list[tuple[str, str]]
    problem: dict[str, str] = field(default_factory=dict)
    built: bool = False


Workloads = dict[str, list[Submission]]


def sums() -> list[tuple[str, str]]:
    """Ten inputs with their sums."""
    rng = random.Random(20260101)
    lists = [[rng.randint(-(10**6), 10**6) for _ in range(size)] for size in SIZES]
    return [(" ".join(map(str, numbers)) + "\n", f"{sum(numbers)}\n") for numbers in lists]


def workloads(problems: list[dict[str, str]]) -> Workloads:
    """All of them, by name."""
    ten = sums()
    return {
        SUM: [Submission("python", _PYTHON, ten)],
        SUM_CPP: [Submission("cpp", _CPP, ten)],
        SUM_CPP_TWICE: [Submission("cpp", _CPP, ten + ten)],
        SUM_JAVA: [Submission("java", _JAVA, ten)],
        SUM_NODE: [Submission("javascript", _NODE, ten)],
        NOTHING_FEW: [Submission("c", _NOTHING, [("", "")] * FEW, built=True)],
        NOTHING_MANY: [Submission("c", _NOTHING, [("", "")] * MANY, built=True)],
        HUMAN_EVAL: [_solved(problem) for problem in problems],
    }


def _solved(problem: dict[str, str]) -> Submission:
    # One process a problem, as the executors it is compared with start one: the package's test is part of the program.
    source = "\n".join(
        (
            problem["prompt"] + problem["canonical_solution"],
            problem["test"],
            f"check({problem['entry_point']})",
            "print('ok')\n",
        )
    )
    return Submission("python", source, [("", "ok\n")], problem)


def renewed(source: str, language: str, number: int) -> str:
    """The source with a comment that nobody has sent before: no cache knows it."""
    return f"{source}{_COMMENTS[language]} {number}\n"


def suite(submission: Submission, **limits: int) -> dict[str, Any]:
    """The cases as an assignment's suite: one group, hidden, every case by itself."""
    rows = [{"name": f"n{i}", "stdin": a, "stdout": b} for i, (a, b) in enumerate(submission.cases)]
    group = {"name": "cases", "visible": False, "points": 100, "scoring": "each", "cases": rows}
    head = {"format": 1, "kind": "stdio", "languages": [submission.language]}
    return {**head, "limits": limits, "groups": [group]}


def write(path: Path, made: Workloads) -> None:
    """Puts them into a file that `read` understands."""
    path.write_text(json.dumps({name: [asdict(each) for each in made[name]] for name in made}))


def read(path: Path) -> Workloads:
    """What `write` has written."""
    found = json.loads(path.read_text())
    return {name: [Submission(**each) for each in rows] for name, rows in found.items()}
