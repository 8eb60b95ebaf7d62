"""The shipped curriculum as files: complete, named as the format says, and using every part of the format.

Whether each example earns the verdict in its name is shown by running it, elsewhere. Here every rule about the
files is a check that yields faults, and is held against a spoiled copy first: a rule that catches nothing is none.
"""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.learning.curriculum.models import Difficulty
from api.learning.curriculum.suite import Case, Suite, SuiteFaults
from api.learning.curriculum.suite_files import load_suite

TESTCASES = Path(__file__).parents[2] / "testcases"
ENDINGS = {"python": ".py", "javascript": ".js", "c": ".c", "cpp": ".cpp", "java": ".java"}
LANGUAGES = {ending: language for language, ending in ENDINGS.items()}
CHECKERS = {"exact", "tokens", "lines", "floats", "unordered", "json", "regex"}
LARGEST_DATA = 1_000_000
"""Bytes of all files beside the suites: a clone should stay small."""

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
EXAMPLE = re.compile(r"(passed(_[a-z]+)*|(failed|error)(_[a-z]+)+)\.(py|js|c|cpp|java)")
META: dict[str, dict[str, type]] = {
    "language.json": {"name": str, "description": str, "icon": str, "difficulty": str},
    "module.json": {"title": str, "description": str, "syllabus": str, "order": int},
    "assignment.json": {"title": str, "difficulty": str, "hints": list, "maxScore": int, "order": int},
}

Faults = Iterator[str]


def folders(depth: int) -> list[Path]:
    """The folders of the curriculum: 1 languages, 2 modules, 3 assignments."""
    found = TESTCASES.glob("/".join("*" * depth))
    return sorted(path for path in found if path.is_dir() and path.name != "__pycache__")


ASSIGNMENTS = folders(3)


def meta_faults(file: Path) -> Faults:
    """What is wrong with a language.json, module.json or assignment.json."""
    wanted = META[file.name]
    meta: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    if meta.keys() != wanted.keys():
        yield f"{file.name} has {sorted(meta)}, not {sorted(wanted)}"
        return
    for member, kind in wanted.items():
        if type(meta[member]) is not kind or not meta[member]:
            yield f"{file.name}: {member} should be {kind.__name__} and not empty"
    if "difficulty" in meta and meta["difficulty"] not in set(Difficulty):
        yield f"{file.name}: difficulty {meta['difficulty']}"
    if not all(type(hint) is str and hint for hint in meta.get("hints", ())):
        yield f"{file.name}: hints should be texts"


def starter_faults(folder: Path, suite: Suite) -> Faults:
    """One starter for each language taken, and none for another."""
    wanted = {f"starter{ENDINGS[language]}" for language in suite.languages}
    found = {path.name for path in folder.glob("starter*")}
    for name in sorted(wanted ^ found):
        yield f"{name} is {'missing' if name in wanted else 'of a language not taken'}"


def example_faults(folder: Path, suite: Suite) -> Faults:
    """Names that say a verdict, and all three verdicts in each language taken."""
    shown: Counter[tuple[str, str]] = Counter()
    for path in sorted(folder.glob("examples/*")):
        language = LANGUAGES.get(path.suffix, "")
        if EXAMPLE.fullmatch(path.name) is None:
            yield f"examples/{path.name} says no verdict"
        elif language not in suite.languages:
            yield f"examples/{path.name} is of a language not taken"
        shown[language, re.split(r"[_.]", path.name)[0]] += 1
    for language in suite.languages:
        for verdict in ("passed", "failed", "error"):
            if not shown[language, verdict]:
                yield f"examples: no {verdict} in {language}"


def source_faults(folder: Path) -> Faults:
    """Java sources hold the class the platform starts; nothing is empty."""
    for path in sorted([*folder.glob("starter*"), *folder.glob("examples/*")]):
        text = path.read_text()
        if not text.strip():
            yield f"{path.name} is empty"
        if path.suffix == ".java" and "public class Main {" not in text:
            yield f"{path.name} has no public class Main"


def stray_faults(folder: Path, suite_text: str) -> Faults:
    """Files nobody reads: a data file no case names, a leftover."""
    for path in sorted(folder.iterdir()):
        known = path.name in {"assignment.json", "suite.json", "statement.md", "examples"}
        if not known and not path.name.startswith("starter.") and f'File": "{path.name}"' not in suite_text:
            yield f"{path.name} is used by nobody"


def shown_in_statement(case: Case, suite: Suite) -> Iterator[str]:
    """The texts of a visible case which the statement should hold."""
    if suite.function is not None:
        arguments = ", ".join(json.dumps(value) for value in case.args or ())
        yield f"{suite.function.name}({arguments})"
        yield json.dumps(case.returns)
        return
    yield (case.stdin or "").strip()
    if suite.checker_for(case).kind != "regex":
        yield from (case.stdout or "").split("\n")


def statement_faults(folder: Path, suite: Suite) -> Faults:
    """The statement has examples and bounds, and its first example is the first case."""
    file = folder / "statement.md"
    text = file.read_text() if file.is_file() else ""
    for heading in ("## Example", "## Bounds"):
        if f"\n{heading}" not in text:
            yield f"statement.md: no {heading!r}"
    for piece in shown_in_statement(suite.groups[0].cases[0], suite):
        if piece not in text:
            yield f"statement.md does not show {piece[:40]!r} of the first case"


def suite_faults(suite: Suite) -> Faults:
    """What the format allows and this curriculum does not want."""
    if sum(group.points for group in suite.groups) != 100:
        yield "suite.json: the points do not add up to 100"
    if not suite.groups[0].visible or all(group.visible for group in suite.groups):
        yield "suite.json: the first group should be visible, and one of the others hidden"


def assignment_faults(folder: Path) -> list[str]:
    """Everything wrong with one assignment's folder."""
    faults = [f"{folder.name} is no slug"] * (SLUG.fullmatch(folder.name) is None)
    faults += meta_faults(folder / "assignment.json")
    try:
        suite = load_suite(folder / "suite.json")
    except SuiteFaults as error:
        return [*faults, *map(str, error.faults)]
    faults += [*suite_faults(suite), *statement_faults(folder, suite), *starter_faults(folder, suite)]
    faults += [*example_faults(folder, suite), *source_faults(folder)]
    return [*faults, *stray_faults(folder, (folder / "suite.json").read_text())]


def replace(name: str, old: str, new: str) -> Callable[[Path], object]:
    """An offence: one text of a file replaced by another."""

    def spoil(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return spoil


OFFENCES: list[tuple[Callable[[Path], object], str]] = [
    (lambda f: (f / "assignment.json").unlink(), "assignment.json has []"),
    (replace("assignment.json", '"maxScore": 100', '"maxScore": true'), "maxScore should be int"),
    (replace("assignment.json", '"BEGINNER"', '"EASY"'), "difficulty EASY"),
    (replace("assignment.json", '"hints": [', '"hints": [7, '), "hints should be texts"),
    (lambda f: (f / "statement.md").unlink(), "no '## Bounds'"),
    (replace("statement.md", "`2 + 3`", "`2 + 4`"), "does not show '2 + 3'"),
    (replace("suite.json", '"points": 20', '"points": 21'), "do not add up to 100"),
    (replace("suite.json", '"visible": true', '"visible": false'), "the first group should be visible"),
    (replace("suite.json", '"kind": "lines"', '"kind": "guess"'), "checker"),
    (lambda f: (f / "starter.c").unlink(), "starter.c is missing"),
    (lambda f: (f / "starter.rs").write_text("fn main() {}"), "starter.rs is of a language not taken"),
    (lambda f: (f / "examples/passed.java").unlink(), "no passed in java"),
    (lambda f: (f / "examples/wrong.py").write_text("1"), "wrong.py says no verdict"),
    (lambda f: (f / "examples/failed.py").write_text("1"), "failed.py says no verdict"),
    (replace("suite.json", '"cpp", "java"]', '"cpp"]'), "error_runtime.java is of a language not taken"),
    (replace("examples/passed.java", "class Main", "class Calculator"), "has no public class Main"),
    (lambda f: (f / "examples/passed.c").write_text("\n"), "passed.c is empty"),
    (lambda f: (f / "large.in").write_text("1"), "large.in is used by nobody"),
    (lambda f: f.rename(f.with_name("My_Calculator")), "is no slug"),
]


@pytest.mark.parametrize(("spoil", "expected"), OFFENCES, ids=[fault for _, fault in OFFENCES])
def test_a_spoiled_assignment_is_caught(
    tmp_path: Path, spoil: Callable[[Path], object], expected: str
) -> None:
    folder = tmp_path / "calculator"
    shutil.copytree(TESTCASES / "python/basics/calculator", folder)
    assert assignment_faults(folder) == []
    spoil(folder)
    (folder,) = tmp_path.iterdir()
    assert any(expected in fault for fault in assignment_faults(folder))


def test_a_missing_data_file_is_caught(tmp_path: Path) -> None:
    folder = tmp_path / "fizzbuzz"
    shutil.copytree(TESTCASES / "python/control-flow/fizzbuzz", folder)
    (folder / "limit.out").unlink()
    assert any("stdoutFile" in fault and "limit.out" in fault for fault in assignment_faults(folder))


@pytest.mark.parametrize("folder", ASSIGNMENTS, ids=[folder.name for folder in ASSIGNMENTS])
def test_every_assignment_is_complete(folder: Path) -> None:
    assert assignment_faults(folder) == []


@pytest.mark.parametrize("folder", folders(1) + folders(2), ids=lambda f: str(f.relative_to(TESTCASES)))
def test_languages_and_modules_are_described(folder: Path) -> None:
    name = "language.json" if folder.parent == TESTCASES else "module.json"
    assert list(meta_faults(folder / name)) == []
    assert SLUG.fullmatch(folder.name)
    assert {path.name for path in folder.iterdir() if path.is_file()} == {name}


def test_the_course_is_the_one_that_was_planned() -> None:
    modules = Counter(folder.parent.name for folder in folders(2))
    assert modules == {"python": 3, "javascript": 1, "cpp": 1, "java": 1}
    titles = {json.loads((folder / "assignment.json").read_text())["title"] for folder in ASSIGNMENTS}
    assert titles >= {"Write a Calculator Program", "FizzBuzz Challenge", "Create a Function Library"}
    assert len(titles) == len(ASSIGNMENTS)
    assert min(Counter(folder.parent for folder in ASSIGNMENTS).values()) >= 2


def test_orders_and_slugs_are_unambiguous() -> None:
    def orders(file: str, depth: int) -> list[tuple[Path, int]]:
        return [(f.parent, json.loads((f / file).read_text())["order"]) for f in folders(depth)]

    for file, depth in (("module.json", 2), ("assignment.json", 3)):
        assert max(Counter(orders(file, depth)).values()) == 1
    assert len({folder.name for folder in ASSIGNMENTS}) == len(ASSIGNMENTS)


def test_every_part_of_the_format_is_used() -> None:
    suites = [load_suite(folder / "suite.json") for folder in ASSIGNMENTS]
    groups = [group for suite in suites for group in suite.groups]
    kinds = {
        suite.checker_for(case).kind for suite in suites for group in suite.groups for case in group.cases
    }
    assert kinds == CHECKERS
    assert {suite.kind for suite in suites} == {"stdio", "function"}
    assert {group.scoring for group in groups} == {"each", "all"}
    assert {group.visible for group in groups} == {True, False}
    assert {language for suite in suites for language in suite.languages} == set(ENDINGS)
    texts = [(folder / "suite.json").read_text() for folder in ASSIGNMENTS]
    assert any('"stdinFile"' in text for text in texts)
    assert any('"stdoutFile"' in text for text in texts)


def test_the_data_files_stay_small() -> None:
    data = [path for folder in ASSIGNMENTS for path in folder.iterdir() if path.suffix in (".in", ".out")]
    assert 0 < sum(path.stat().st_size for path in data) <= LARGEST_DATA
