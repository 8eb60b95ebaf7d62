"""Each language folder says all that is needed, and proves every outcome by a smoke program."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from grader.sandbox import Sandbox
from grader.selftest import smoke_programs
from sandboxes import languages
from sandboxes.languages import HERE, Language
from sandboxes.protocol import Outcome

from .programs import ADD, ended, request_for
from .test_hostile import word_for

ALL = languages.languages()
ENDINGS = {
    *(
        "exited",
        "not_compiled",
        "out_of_memory",
        "output_too_large",
        "signalled",
        "timed_out_cpu",
        "timed_out_wall",
    )
}
SMOKE = [program for name in ALL for program in sorted((HERE / name / "smoke").iterdir())]
#: Of every language in a container; of those this machine has in its own boxes.
SMOKE_RUNS = [
    *(pytest.param("docker", program, marks=pytest.mark.docker) for program in SMOKE),
    *(
        pytest.param("boxes", program, marks=pytest.mark.boxes)
        for program in SMOKE
        if program.parent.parent.name in languages.runnable()
    ),
]
each_language = pytest.mark.parametrize("language", ALL.values(), ids=list(ALL))


@each_language
def test_its_version_can_be_asked_for(language: Language):
    asked = language.telling_version()
    assert asked.run == language.version != ()
    assert asked.compile == ()
    assert asked.warm is None
    assert not asked.offers_functions


#: What the first line must hold: a digit with a dot and a digit behind it.
@pytest.mark.parametrize("name", ALL)
def test_a_version_is_told_in_a_box(sandbox: Sandbox, name: str):
    if name not in sandbox.languages():
        pytest.skip(f"{name} is not installed here")
    request = replace(request_for(name, {}, cpu_ms=5000, wall_ms=30_000), asks_version=True)
    report = sandbox.run(request)
    assert report.compiled is None
    (case,) = report.cases
    assert case.ended_well, case
    assert re.search(rb"\d+\.\d+", (case.stdout or case.stderr).splitlines()[0])


def test_the_first_languages_are_among_them():
    assert set(ALL) >= {"c", "cpp", "java", "javascript", "python"}


@each_language
def test_every_outcome_has_its_program(language: Language):
    wanted = ENDINGS | ({"function"} if language.offers_functions else set())
    assert {program.stem for program in smoke_programs(language)} == wanted
    assert all(program.suffix == language.sources[0] for program in smoke_programs(language))


@each_language
def test_a_folder_is_complete(language: Language):
    assert language.title
    assert language.version
    assert language.packages
    assert language.main.endswith(language.sources)
    for argv in (*language.compile, language.run):
        assert argv
        assert argv[0].startswith("/")
    if language.harness:
        assert (HERE / language.name / language.harness).is_file()
        assert "{harness}" in language.harness_run


@each_language
def test_no_placeholder_is_left_and_no_source_can_be_an_option(language: Language):
    names = [language.main, f"-fplugin=x{language.sources[0]}", f"@x{language.sources[0]}", "notes.txt"]
    for argv in (*language.compile, language.run, language.harness_run):
        filled = language.fill(argv, names, 123)
        assert not any(re.search(r"[{}]", word) for word in filled)
        assert not any(word.startswith(("-fplugin", "@")) for word in filled)
        assert not any(word.endswith("notes.txt") for word in filled)
    assert {word for word in language.fill(language.run, names, 123) if "123" in word} == {
        word.replace("{memory}", "123") for word in language.run if "{memory}" in word
    }


@each_language
def test_the_environment_steers_no_interpreter(language: Language):
    environment = language.full_environment()
    assert set(environment) >= {"PATH", "HOME", "LANG"}
    assert not [name for name in environment if re.match(r"PYTHON|NODE|JAVA|JDK|LD_|GCC|CPATH|LIBRARY", name)]


def test_javac_runs_no_annotation_processor():
    assert "-proc:none" in ALL["java"].compile[0]
    assert "-proc:none" in ALL["java"].resident


@each_language
def test_a_resident_compiler_is_bounded(language: Language):
    if language.resident:
        assert language.compile
        assert language.resident[0].startswith("/usr")
        assert 0 < language.resident_memory_mib <= 512
        assert 0 < language.resident_processes <= 64


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"title": "x"}', json.dumps({"title": "x", "sources": [], "main": 3, "run": 4})]
)
def test_a_faulty_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str):
    folder = tmp_path / "cobol"
    folder.mkdir()
    (folder / "language.json").write_text(text)
    monkeypatch.setattr(languages, "HERE", tmp_path)
    with pytest.raises(ValueError, match="cobol"):
        languages.languages.__wrapped__()


def _name(value: str | Path) -> str:
    return f"{value.parent.parent.name}-{value.stem}" if isinstance(value, Path) else value


@pytest.mark.parametrize(("sandbox", "program"), SMOKE_RUNS, indirect=["sandbox"], ids=_name)
def test_smoke_program(sandbox: Sandbox, program: Path):
    language = program.parent.parent.name
    if program.stem == "function":
        case = ended(sandbox, language, program.read_bytes(), inputs=[b"[40, 2]"], function=ADD)
        assert (case.outcome, case.exit_code, case.returned) == (Outcome.EXITED, 0, b"42")
        assert case.stdout == b"not the answer\n"
    else:
        # Only what is to meet the wall limit is kept waiting for it: the others must not, however busy the machine is.
        more = {} if program.stem == "timed_out_wall" else {"wall_ms": 20_000}
        case = ended(sandbox, language, program.read_bytes(), inputs=[b"42\n"], **more)
        assert word_for(case) == program.stem, case
    assert case.ended_well == (program.stem in ("exited", "function"))
