"""Publishing a folder: every fault of every file at once and nothing written, or all of it, and once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from api.core.clock import now
from api.core.database import Database
from api.core.errors import Conflict
from api.learning.curriculum import folder
from api.learning.curriculum.folder import CurriculumFaults, read_curriculum
from api.learning.curriculum.models import Assignment, Module, ProgrammingLanguage, TestSuite
from api.learning.curriculum.sync import SyncReport, sync
from tests import factories

SHIPPED = Path(__file__).parents[3] / "testcases"
ALL = ["python", "python/basics", "python/basics/doubling"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One language, one module, one assignment, without a fault."""
    root = tmp_path / "curriculum"
    assignment = root / "python" / "basics" / "doubling"
    (assignment / "examples").mkdir(parents=True)
    write(root / "python/language.json", {"name": "Python", "icon": "🐍", "difficulty": "BEGINNER"})
    write(root / "python/basics/module.json", {"title": "Basics", "syllabus": "- reading", "order": 2})
    meta = {"title": "Doubling", "difficulty": "ADVANCED", "hints": ["Read."], "maxScore": 40, "order": 7}
    write(assignment / "assignment.json", meta)
    write(assignment / "suite.json", factories.DOUBLING)
    (assignment / "statement.md").write_text("# Double it\n")
    (assignment / "starter.py").write_text("n = 1\n")
    (assignment / "starter.js").write_text("let n = 1\n")
    (assignment / "examples" / "passed.py").write_text("print(2 * int(input()))\n")
    (root / "README.md").write_text("The format.\n")
    return root


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))


def edit(path: Path, **members: Any) -> None:
    write(path, {**json.loads(path.read_text()), **members})


def run(database: Database, root: Path) -> SyncReport:
    with database.transaction() as session:
        return sync(session, root)


def rows(database: Database) -> int:
    with database.transaction() as session:
        models = (ProgrammingLanguage, Module, Assignment, TestSuite)
        return sum(session.scalar(select(func.count()).select_from(model)) or 0 for model in models)


def faults(database: Database, root: Path) -> list[tuple[str, str]]:
    with pytest.raises(CurriculumFaults) as caught:
        run(database, root)
    assert rows(database) == 0
    assert len(caught.value.errors) == len(caught.value.faults)
    return [(fault.file, fault.path) for fault in caught.value.faults]


A = "python/basics/doubling"

SPOILINGS: list[tuple[Callable[[Path], Any], tuple[str, str]]] = [
    (lambda r: (r / "python/language.json").unlink(), ("python/language.json", "")),
    (lambda r: (r / "python/basics/module.json").unlink(), ("python/basics/module.json", "")),
    (lambda r: (r / f"{A}/assignment.json").unlink(), (f"{A}/assignment.json", "")),
    (lambda r: (r / f"{A}/statement.md").unlink(), (f"{A}/statement.md", "")),
    (lambda r: (r / f"{A}/suite.json").unlink(), (f"{A}/suite.json", "")),
    (lambda r: (r / f"{A}/statement.md").write_text(" \n"), (f"{A}/statement.md", "")),
    (lambda r: (r / f"{A}/statement.md").write_bytes(b"\xff"), (f"{A}/statement.md", "")),
    (lambda r: (r / f"{A}/statement.md").write_text("a\0"), (f"{A}/statement.md", "")),
    (lambda r: (r / f"{A}/statement.md").write_text("x" * (1024 * 1024 + 1)), (f"{A}/statement.md", "")),
    (lambda r: (r / "python/language.json").write_text("{"), ("python/language.json", "")),
    (lambda r: (r / "python/language.json").write_text("[]"), ("python/language.json", "")),
    (lambda r: edit(r / "python/language.json", name=""), ("python/language.json", "name")),
    (lambda r: edit(r / "python/language.json", name=3), ("python/language.json", "name")),
    (lambda r: edit(r / "python/language.json", difficulty="EASY"), ("python/language.json", "difficulty")),
    (lambda r: edit(r / "python/language.json", role="ADMIN"), ("python/language.json", "role")),
    (lambda r: edit(r / "python/basics/module.json", order="1"), ("python/basics/module.json", "order")),
    (lambda r: edit(r / "python/basics/module.json", order=True), ("python/basics/module.json", "order")),
    (
        lambda r: edit(r / "python/basics/module.json", title="x" * 201),
        ("python/basics/module.json", "title"),
    ),
    (lambda r: edit(r / f"{A}/assignment.json", maxScore=0), (f"{A}/assignment.json", "maxScore")),
    (lambda r: edit(r / f"{A}/assignment.json", maxScore=2**40), (f"{A}/assignment.json", "maxScore")),
    (lambda r: edit(r / f"{A}/assignment.json", hints="x"), (f"{A}/assignment.json", "hints")),
    (lambda r: edit(r / f"{A}/assignment.json", hints=["a", 7]), (f"{A}/assignment.json", "hints[1]")),
    (lambda r: edit(r / f"{A}/assignment.json", hints=["a\0"]), (f"{A}/assignment.json", "hints[0]")),
    (lambda r: edit(r / f"{A}/suite.json", format=9), (f"{A}/suite.json", "format")),
    (lambda r: edit(r / f"{A}/suite.json", groups=[]), (f"{A}/suite.json", "groups")),
    (lambda r: (r / f"{A}/starter.cpp").write_text("x"), (f"{A}/starter.cpp", "")),
    (lambda r: (r / f"{A}/starter.py").write_bytes(b"\xff"), (f"{A}/starter.py", "")),
    (lambda r: (r / "python/Basics").mkdir(), ("python/Basics", "")),
    (lambda r: (r / "python" / ("x" * 65)).mkdir(), ("python/" + "x" * 65, "")),
    (lambda r: (r / "python/linked").symlink_to(r / "python/basics"), ("python/linked", "")),
    (lambda r: relink(r / f"{A}/statement.md", "/etc/hostname"), (f"{A}/statement.md", "")),
    (lambda r: relink(r / f"{A}/assignment.json", "/etc/hostname"), (f"{A}/assignment.json", "")),
]


def relink(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


@pytest.mark.parametrize(("spoil", "where"), SPOILINGS)
def test_a_spoiled_file_is_named_and_nothing_is_written(
    database: Database, root: Path, spoil: Callable[[Path], Any], where: tuple[str, str]
):
    spoil(root)
    assert where in faults(database, root)


def test_the_faults_of_all_files_are_listed_together(database: Database, root: Path):
    edit(root / "python/language.json", name="", extra=1)
    edit(root / "python/basics/module.json", order="1")
    edit(root / f"{A}/assignment.json", maxScore=-1)
    edit(root / f"{A}/suite.json", limits={"cpuMs": -5})
    (root / f"{A}/statement.md").unlink()
    (root / "c").mkdir()
    assert {
        ("python/language.json", "name"),
        ("python/language.json", "extra"),
        ("python/basics/module.json", "order"),
        (f"{A}/assignment.json", "maxScore"),
        (f"{A}/suite.json", "limits.cpuMs"),
        (f"{A}/statement.md", ""),
        ("c/language.json", ""),
    } <= set(faults(database, root))


def test_a_path_that_leaves_the_folder_is_a_fault(database: Database, root: Path):
    suite = json.loads((root / f"{A}/suite.json").read_text())
    for index, name in enumerate(("../../../../secret", "/etc/passwd")):
        del suite["groups"][0]["cases"][index]["stdin"]
        suite["groups"][0]["cases"][index]["stdinFile"] = name
    write(root / f"{A}/suite.json", suite)
    assert {
        (f"{A}/suite.json", "groups[0].cases[0].stdinFile"),
        (f"{A}/suite.json", "groups[0].cases[1].stdinFile"),
    } <= set(faults(database, root))


def test_two_languages_of_one_name_are_a_fault(database: Database, root: Path):
    (root / "python3").mkdir()
    write(root / "python3/language.json", {"name": "Python"})
    assert faults(database, root) == [("python/language.json", "name"), ("python3/language.json", "name")]


@pytest.mark.parametrize("what", ["missing", "file", "empty"])
def test_a_root_that_holds_no_curriculum_is_a_fault(database: Database, tmp_path: Path, what: str):
    path = tmp_path / "nothing"
    if what == "file":
        path.write_text("x")
    elif what == "empty":
        path.mkdir()
    assert len(faults(database, path)) == 1


def test_a_sound_folder_becomes_the_curriculum(store: Database, root: Path):
    assert run(store, root) == SyncReport(created=ALL)
    with store.transaction() as session:
        language = session.scalars(select(ProgrammingLanguage)).one()
        module = session.scalars(select(Module)).one()
        assignment = session.scalars(select(Assignment)).one()
        suite = session.scalars(select(TestSuite)).one()
    assert (language.slug, language.name, language.icon) == ("python", "Python", "🐍")
    assert (module.slug, module.title, module.syllabus, module.order) == ("basics", "Basics", "- reading", 2)
    assert (assignment.slug, assignment.description) == ("doubling", "# Double it\n")
    assert (assignment.max_score, assignment.hints, assignment.order) == (40, ["Read."], 7)
    assert assignment.starter_code == {"python": "n = 1\n", "javascript": "let n = 1\n"}
    assert (assignment.suite_version, suite.version, suite.languages) == (1, 1, ["python", "javascript"])


def test_a_second_run_changes_nothing_not_even_a_date(store: Database, root: Path):
    run(store, root)
    with store.transaction() as session:
        before = [row.updated_at for row in session.scalars(select(Assignment))]
    assert run(store, root) == SyncReport(unchanged=ALL)
    with store.transaction() as session:
        assert [row.updated_at for row in session.scalars(select(Assignment))] == before
        assert session.scalar(select(func.count()).select_from(TestSuite)) == 1


def test_only_what_is_written_differently_changes(store: Database, root: Path):
    run(store, root)
    edit(root / "python/basics/module.json", title="The basics")
    assert run(store, root) == SyncReport(
        changed=["python/basics"], unchanged=["python", "python/basics/doubling"]
    )
    edit(root / f"{A}/suite.json", languages=["javascript", "python"])
    assert run(store, root).changed == [A]
    with store.transaction() as session:
        assert session.scalars(select(Assignment.suite_version)).one() == 2
        assert [*session.scalars(select(TestSuite.version).order_by(TestSuite.version))] == [1, 2]


def test_what_was_hidden_and_is_written_again_is_shown_again(store: Database, root: Path):
    run(store, root)
    with store.transaction() as session:
        session.scalars(select(Assignment)).one().deleted_at = now()
    assert run(store, root).changed == [A]
    with store.transaction() as session:
        assert session.scalars(select(Assignment)).one().deleted_at is None


def test_what_is_not_in_the_folder_stays(store: Database, root: Path):
    with store.transaction() as session:
        factories.make_assignment(session)
    run(store, root)
    with store.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Assignment)) == 2


def test_a_name_that_another_language_has_taken_writes_nothing(store: Database, root: Path):
    with store.transaction() as session:
        factories.make_language(session, slug="snake", name="Python")
    with pytest.raises(Conflict):
        run(store, root)
    assert rows(store) == 1


def test_an_unreadable_file_is_a_fault_and_no_crash(
    database: Database, root: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(folder.Path, "read_bytes", fail)
    assert (f"{A}/statement.md", "") in faults(database, root)


def test_the_shipped_curriculum_is_published_and_published_again(store: Database):
    first = run(store, SHIPPED)
    assert "python/control-flow/fizzbuzz" in first.created
    assert run(store, SHIPPED) == SyncReport(unchanged=first.created)


def test_a_report_reads_well():
    report = SyncReport(created=["a"], unchanged=["b", "b/c"])
    assert str(report) == "1 created, 0 changed, 2 unchanged\ncreated a"
    assert report.as_dict() == {"created": ["a"], "changed": [], "unchanged": ["b", "b/c"]}


def test_every_ending_of_the_shipped_starters_is_known():
    for language in read_curriculum(SHIPPED):
        for module in language.modules:
            for assignment in module.assignments:
                assert set(assignment.starter_code) <= set(assignment.suite.languages)
