"""What is said beyond the verdict: hints that name a likely cause, figures that never cost a grade."""

import time
from typing import Any

import lizard
import pytest

from api.learning.submissions.grade import Reason
from grader.analysis.analyse import analyse
from grader.analysis.hints import Failing, hints
from grader.analysis.metrics import MAX_CHARACTERS, is_deep, measure

READING = {"main.py": "print(int(input()) * 2)"}


def wrong(expected: bytes, stdout: bytes, stdin: bytes = b"1\n") -> list[str]:
    """Hints on a wrong answer of a program that does read."""
    return hints(
        Failing(Reason.WRONG_ANSWER, stdin=stdin, expected=expected, stdout=stdout), "python", READING
    )


@pytest.mark.parametrize(
    ("expected", "stdout", "said"),
    [
        (b"6\n", b"", "printed nothing"),
        (b"6\n", b" \n\n", "printed nothing"),
        (b"a\nb\n", b"a\nb", "line break at the very end"),
        (b"a b\n", b"ab\n", "Only blanks or line breaks"),
        (b"a\nb\n", b"a b\n", "Only blanks or line breaks"),
        (b"Fizz\n", b"fizz\n", "upper and lower case"),
        (b"a\nb\nc\n", b"c\na\nb\n", "their order is not"),
        (b"6\n", b"Number: 6\n", "prompt"),
        (b"6\n", b"How many? 6\n", "prompt"),
        (b"1\n2\n3\n", b"1\n2\n3\n4\n", "one line too many"),
        (b"1\n2\n3\n", b"0\n1\n2\n3\n", "one line too many"),
        (b"1\n2\n3\n", b"1\n2\n", "One line is missing"),
        (b"sum 10 of 4\n", b"sum 9 of 4\n", "off by exactly one"),
    ],
)
def test_a_near_miss_is_recognised(expected: bytes, stdout: bytes, said: str):
    (hint,) = wrong(expected, stdout)
    assert said in hint


@pytest.mark.parametrize(
    ("expected", "stdout"),
    [
        (b"6\n", b"17\n"),
        (b"", b"something"),
        (b"10\n", b"12\n"),
        (b"a\nb\n", b"x\ny\nz\nw\n"),
        (b"9" * 30, b"8"),
    ],
)
def test_nothing_is_said_where_nothing_is_known(expected: bytes, stdout: bytes):
    assert wrong(expected, stdout) == []


def test_a_hint_never_quotes_the_expected_answer():
    for stdout in (b"", b"CANARY", b"canary\n", b"x: canary", b"canary\n\nmore"):
        assert "canary" not in " ".join(wrong(b"canary", stdout)).lower()


@pytest.mark.parametrize(
    ("language", "code", "reads"),
    [
        ("python", "print(3)", False),
        ("python", "n = int(input())", True),
        ("python", "import sys; sys.stdin.read()", True),
        ("python", "open(0).read()", True),
        ("javascript", "console.log(1)", False),
        ("javascript", "require('fs').readFileSync(0, 'utf8')", True),
        ("javascript", "process.stdin.on('data', f)", True),
        ("c", 'int main(void) { puts("1"); }', False),
        ("c", 'int main(void) { int n; scanf("%d", &n); }', True),
        ("cpp", "int main() { std::cout << 1; }", False),
        ("cpp", "int main() { int n; std::cin >> n; }", True),
        ("java", "System.out.println(1);", False),
        ("java", "new Scanner(System.in)", True),
        ("brainfuck", "+.", True),
    ],
)
def test_a_program_that_never_reads_is_told(language: str, code: str, reads: bool):
    failing = Failing(Reason.WRONG_ANSWER, stdin=b"5\n", expected=b"99", stdout=b"17")
    assert any("never reads" in hint for hint in hints(failing, language, {"main": code})) is not reads
    without = Failing(Reason.WRONG_ANSWER, stdin=b"", expected=b"99", stdout=b"17")
    assert hints(without, language, {"main": code}) == []


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        (Failing(Reason.TIME_LIMIT), "loop"),
        (Failing(Reason.MEMORY_LIMIT), "without bounds"),
        (Failing(Reason.OUTPUT_LIMIT), "print without end"),
        (Failing(Reason.RUNTIME_ERROR, 11), "index outside"),
        (Failing(Reason.RUNTIME_ERROR, 8), "division by zero"),
        (
            Failing(Reason.RUNTIME_ERROR, stderr=b"EOFError: EOF when reading a line"),
            "more input than there is",
        ),
        (Failing(Reason.WRONG_ANSWER, returned=b"null"), "returned nothing"),
    ],
)
def test_the_way_a_program_ended_has_a_hint(failing: Failing, said: str):
    (hint,) = hints(failing, "python", READING)
    assert said in hint


@pytest.mark.parametrize("reason", list(Reason))
def test_a_hidden_case_has_hints_on_its_end_at_most(reason: Reason):
    assert len(hints(Failing(reason), "python", {"main.py": "print(3)"})) <= 1


def test_metrics_of_a_program():
    code = (
        "def sign(n):\n    if n > 0:\n        return 1\n    return -1 if n < 0 else 0\n\n\n"
        "def main(a, b):\n    print(sign(a))\n"
    )
    assert measure({"main.py": code}) == {
        "lines": 6,
        "complexity": 3,
        "functionCount": 2,
        "functions": [
            {"name": "sign", "line": 1, "lines": 4, "parameters": 1, "complexity": 3},
            {"name": "main", "line": 7, "lines": 2, "parameters": 2, "complexity": 1},
        ],
    }


@pytest.mark.parametrize("name", ["main.py", "main.js", "main.c", "main.cpp", "Main.java"])
def test_every_language_is_measured(name: str):
    assert measure({name: ""}) is not None


def test_a_reader_that_fails_costs_the_figures_and_nothing_else(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> None:
        raise RecursionError

    monkeypatch.setattr(lizard.FileAnalyzer, "analyze_source_code", fail)
    assert analyse("python", READING, None) == ([], None)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("main.py", "x = 1\n" * MAX_CHARACTERS),
        ("main.py", "\n".join(" " * depth + f"def f{depth}():" for depth in range(100))),
        ("main.py", "(" * 5000),
        ("main.js", "int f(){" * 600),
        ("main.js", "\t(>" * 3000),
        ("main.cpp", "class a{" * 600),
        ("main.c", 'R"(' * 2000),
        ("notes.txt", "hello"),
    ],
)
def test_what_lizard_cannot_bear_is_not_measured(name: str, code: str):
    start = time.process_time()
    assert measure({name: code}) is None
    assert time.process_time() - start < 2


def test_a_closing_bracket_of_another_kind_does_not_hide_depth():
    assert is_deep("(}" * 100)
    assert not is_deep("()" * 100)
    assert not is_deep("\n".join(" " * 8 + "x" for _ in range(100)))
