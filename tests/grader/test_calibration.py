"""The machine's speed: what is not believed, and how it is worked out."""

import json
from pathlib import Path
from typing import Any

import pytest

from grader import calibration
from grader.calibration import WORK, calibrate, machine_speed, read_calibration
from grader.sandbox import SandboxUnavailable
from sandboxes.protocol import CaseOutcome, Outcome, RunReport, RunRequest

from .fakes import FakeSandbox

ANSWERS = {work.language: work.answer for work in WORK}
REFERENCES = {work.language: work.reference_ms for work in WORK}


def worker(*factors: float, **changed: Any) -> FakeSandbox:
    """A sandbox that takes so many times the reference times, one after the other for each language."""
    left = {name: list(factors) for name in ANSWERS}

    def do(request: RunRequest) -> RunReport:
        ms = round(REFERENCES[request.language] * left[request.language].pop(0))
        facts: dict[str, Any] = {"outcome": Outcome.EXITED, "exit_code": 0, "cpu_ms": ms}
        facts["stdout"] = ANSWERS[request.language]
        return RunReport(compiled=None, cases=(CaseOutcome(**{**facts, **changed}),))

    sandbox = FakeSandbox(do)
    sandbox.served = {name: f"fake/{name}" for name in ANSWERS}
    return sandbox


@pytest.mark.parametrize(
    "changed",
    [
        {"stdout": b"0\n"},
        {"exit_code": 1},
        {"outcome": Outcome.TIMED_OUT, "limit": "cpu", "exit_code": None},
        {"cpu_ms": 0},
    ],
    ids=str,
)
def test_other_work_than_ours_measures_nothing(tmp_path: Path, changed: dict[str, Any]):
    with pytest.raises(SandboxUnavailable, match="did not do what it must"):
        calibrate(worker(1, **changed), tmp_path, 1)
    assert list(tmp_path.iterdir()) == []


def test_both_languages_are_needed(tmp_path: Path):
    sandbox = worker(1)
    del sandbox.served["c"]
    with pytest.raises(SandboxUnavailable, match="needs c,"):
        calibrate(sandbox, tmp_path, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "null",
        json.dumps({"speed": 1.0}),
        *(
            json.dumps(
                {
                    "speed": speed,
                    "least_ms": {},
                    "images": {},
                    "steady": True,
                    "boot": boot,
                    "measured_at": "",
                }
            )
            for speed, boot in (
                (1.0, "another boot"),
                (0.0, None),
                (-1.0, None),
                (float("nan"), None),
                (float("inf"), None),
                ("fast", None),
                (True, None),
            )
        ),
    ],
)
def test_a_note_that_is_none_or_of_another_boot_is_not_believed(tmp_path: Path, text: str):
    (tmp_path / calibration._NOTE).write_text(
        text.replace('"boot": null', f'"boot": "{calibration._boot()}"')
    )
    assert machine_speed(tmp_path) is None


def test_the_least_time_of_each_language_counts(tmp_path: Path):
    assert machine_speed(tmp_path) is None
    found = calibrate(worker(3, 0.5, 2), tmp_path, 3)
    assert found.speed == pytest.approx(2.0, rel=0.02)
    assert not found.steady
    assert found.images == {"python": "fake/python", "c": "fake/c"}
    assert machine_speed(tmp_path) == found.speed
    assert read_calibration(tmp_path) == found
    assert calibrate(worker(1, 1.05, 1), tmp_path, 3).steady


def test_runs_are_alone_and_in_turns(tmp_path: Path):
    sandbox = worker(1, 1)
    calibrate(sandbox, tmp_path, 2)
    assert [request.language for request in sandbox.requests] == ["python", "c", "python", "c"]
    assert {len(request.cases) for request in sandbox.requests} == {1}
