"""What a case may use: the caps hold whatever a suite and a language ask for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.learning.curriculum.suite import Suite, parse_suite
from grader.limits import Caps, LanguageFacts, compile_limits, limits_for

CAPS = Caps(cpu_ms=5000, wall_ms=8000, memory_mib=512, output_kib=128, processes=64, total_wall_ms=300_000)
PLAIN = LanguageFacts(name="python", main="main.py")


def suite(limits: dict[str, Any], own: dict[str, Any] | None = None) -> Suite:
    """A suite of one case with these limits."""
    case: dict[str, Any] = {"name": "x", "stdout": ""} | ({"limits": own} if own else {})
    groups = [{"name": "g", "points": 1, "cases": [case]}]
    return parse_suite(
        {"format": 1, "kind": "stdio", "languages": ["python"], "limits": limits, "groups": groups}
    )


def limits_of(
    facts: LanguageFacts, limits: dict[str, Any], own: dict[str, Any] | None = None
) -> tuple[int, ...]:
    """cpu, wall, memory, output, processes."""
    made = suite(limits, own)
    found = limits_for(made, made.groups[0].cases[0], facts, CAPS)
    return found.cpu_ms, found.wall_ms, found.memory_mib, found.output_kib, found.processes


@pytest.mark.parametrize(
    ("limits", "own", "expected"),
    [
        ({"cpuMs": 60_000, "wallMs": 300_000}, None, (5000, 8000, 256, 64, 32)),
        ({"memoryMib": 4096, "outputKib": 16_384, "processes": 512}, None, (2000, 7000, 512, 128, 64)),
        ({}, None, (2000, 7000, 256, 64, 32)),
        ({"cpuMs": 10}, None, (10, 1030, 256, 64, 32)),
        ({"cpuMs": 1000, "wallMs": 1500}, {"memoryMib": 16}, (1000, 1500, 16, 64, 32)),
        ({"cpuMs": 1000}, {"cpuMs": 1200, "outputKib": 1, "processes": 1}, (1200, 4600, 256, 1, 1)),
    ],
)
def test_limits_of_suite_and_case(
    limits: dict[str, Any], own: dict[str, Any] | None, expected: tuple[int, ...]
):
    assert limits_of(PLAIN, limits, own) == expected


def test_factors_of_a_language_come_before_the_caps():
    java = LanguageFacts(
        name="java",
        main="Main.java",
        cpu_factor=1.1,
        wall_factor=1.5,
        memory_extra_mib=100,
        processes_extra=20,
    )
    assert limits_of(java, {}) == (2200, 8000, 356, 64, 52)
    assert limits_of(java, {"wallMs": 4000, "memoryMib": 500, "processes": 60}) == (2200, 6000, 512, 64, 64)


@given(st.floats(1e-9, 1e6), st.integers(0, 10_000))
def test_limits_are_always_possible_and_capped(factor: float, extra: int):
    facts = LanguageFacts(
        name="x",
        main="x",
        cpu_factor=factor,
        wall_factor=factor,
        memory_extra_mib=extra,
        processes_extra=extra,
    )
    cpu, wall, memory, output, processes = limits_of(facts, {})
    assert 0 < cpu <= CAPS.cpu_ms
    assert 0 < wall <= CAPS.wall_ms
    assert 256 <= memory <= CAPS.memory_mib
    assert 0 < output <= CAPS.output_kib
    assert 32 <= processes <= CAPS.processes


def test_a_factor_that_leaves_nothing_leaves_a_millisecond():
    assert limits_of(LanguageFacts(name="x", main="x", cpu_factor=1e-9), {})[0] == 1


def test_a_compiler_gets_the_same_whatever_the_suite_says_but_no_more_memory_than_the_platform_has():
    facts = LanguageFacts(name="java", main="Main.java", processes_extra=10)
    limits = compile_limits(facts, CAPS)
    assert (limits.cpu_ms, limits.wall_ms) == (20_000, 30_000)
    assert (limits.memory_mib, limits.processes) == (512, 64)
