"""SECURITY.md names a test for what must hold, and each of them exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .tree import ROOT

TESTS = ROOT / "tests"
HOSTILE = TESTS / "sandboxes" / "hostile"
#: Without these no stranger's program may run; the others harden.
REQUIRED = [f"R{number}" for number in range(1, 21)]
_ROW = re.compile(r"^\| ([RA]\d+) ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")


def matrix(text: str) -> dict[str, list[str]]:
    """Requirement to the names of its tests."""
    return {number: _CODE.findall(names) for number, _, names in _ROW.findall(text)}


def missing(names: list[str]) -> Iterator[str]:
    """Those that are neither a test function nor a hostile program."""
    for name in names:
        file, _, function = name.partition("::")
        if not (function in functions(TESTS / file) if function else (HOSTILE / file).is_file()):
            yield name


def functions(path: Path) -> set[str]:
    """The test functions of a file; none if there is no such file."""
    if not path.is_file():
        return set()
    found = ast.walk(ast.parse(path.read_text()))
    return {
        node.name for node in found if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


ROWS = matrix((ROOT / "SECURITY.md").read_text())


def test_every_requirement_has_its_row():
    assert [row for row in ROWS if row[0] == "R"] == [f"R{number}" for number in range(1, 27)]
    assert [number for number in REQUIRED if not ROWS[number]] == []


@pytest.mark.parametrize("number", ROWS)
def test_named_tests_exist(number: str):
    assert list(missing(ROWS[number])) == []


@pytest.mark.parametrize(
    "planted",
    ["python/exited.nothing.py", "house/test_security.py::test_nothing", "house/test_nothing.py::test_x"],
)
def test_a_planted_name_is_caught(planted: str):
    assert list(missing(matrix(f"| R1 x | `{planted}` |")["R1"])) == [planted]


def test_only_the_grader_has_the_engines_socket():
    services = re.split(r"\n  (?=\w+:\n)", (ROOT / "docker-compose.yml").read_text())
    holders = [
        service.partition(":")[0]
        for service in services
        for line in service.splitlines()
        if "docker.sock" in line and not line.lstrip().startswith("#")
    ]
    assert holders == ["grader"]
