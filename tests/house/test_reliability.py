"""docs/reliability.md names a test for what must hold, and each of them exists; and it knows every fault."""

import re

import pytest

from bench.faults.strikes import STRIKES

from .test_security import missing
from .tree import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text()
_ROW = re.compile(r"^\| (L\d+) ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
ROWS = {number: _CODE.findall(names) for number, _, _, names in _ROW.findall(PAGE)}


def test_every_requirement_has_its_row_and_a_test():
    assert list(ROWS) == [f"L{number}" for number in range(1, 12)]
    assert all(ROWS.values())


@pytest.mark.parametrize("number", ROWS)
def test_named_tests_exist(number: str):
    assert list(missing(ROWS[number])) == []


def test_a_planted_name_is_caught():
    assert list(missing(["grader/test_jobs.py::test_nothing"])) != []


def test_every_fault_is_told_of():
    told = {name for row in re.findall(r"^\| ([a-z, -]+) \|", PAGE, re.MULTILINE) for name in row.split(", ")}
    assert set(STRIKES) <= told
