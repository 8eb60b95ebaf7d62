"""What the demo counts as expected; the demo itself is run by `make demo`."""

from pathlib import Path

import pytest

from api.learning.submissions.grade import SubmissionStatus
from cli.demo import Result
from cli.examples import Example, find_examples
from cli.installation import SHIPPED
from sandboxes.languages import languages


def result(expected: str, status: str, score: int | None) -> Result:
    example = Example(
        "python", "fizzbuzz", "python", Path(f"{expected.lower()}.py"), SubmissionStatus(expected)
    )
    return Result(example, status, None, score, 100, 0.1, "docker")


@pytest.mark.parametrize(
    ("expected", "status", "score", "fine"),
    [
        ("PASSED", "PASSED", 100, True),
        ("PASSED", "PASSED", 99, False),
        ("PASSED", "FAILED", 100, False),
        ("FAILED", "PASSED", 100, False),
        ("FAILED", "FAILED", 30, True),
        ("ERROR", "FAILED", 0, False),
        ("ERROR", "ERROR", None, True),
    ],
)
def test_an_example_comes_to_what_its_name_says(expected: str, status: str, score: int | None, fine: bool):
    assert result(expected, status, score).as_expected is fine


def test_every_shipped_example_is_found_in_its_language():
    found = find_examples(SHIPPED, languages())
    files = [path for path in SHIPPED.glob("*/*/*/examples/*") if path.is_file()]
    assert len(found) == len(files) > 100
    assert {example.language for example in found} >= {"c", "cpp", "java", "javascript", "python"}
    assert {example.expected for example in found} == {"PASSED", "FAILED", "ERROR"}


def test_only_chosen_languages_are_sent():
    assert {example.language for example in find_examples(SHIPPED, {"java"})} == {"java"}


def test_a_name_that_says_nothing_is_refused(tmp_path: Path):
    folder = tmp_path / "python" / "basics" / "one" / "examples"
    folder.mkdir(parents=True)
    (folder / "maybe_right.py").write_text("")
    with pytest.raises(ValueError, match="MAYBE"):
        find_examples(tmp_path, {"python"})
