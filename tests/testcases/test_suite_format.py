"""The suite format: first what is refused and how it is said, then what is understood."""

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.learning.curriculum import suite as suite_module
from api.learning.curriculum import suite_files
from api.learning.curriculum.suite import (
    FUNCTION_LANGUAGES,
    JsonChecker,
    Suite,
    SuiteFaults,
    TokensChecker,
    canonical_json,
    digest,
    of_language,
    parse_suite,
)
from api.learning.curriculum.suite_files import load_suite
from api.learning.curriculum.suite_schema import suite_schema
from sandboxes.languages import languages

ROOT = Path(__file__).parents[2]

STDIO: dict[str, Any] = {
    "format": 1,
    "kind": "stdio",
    "languages": ["python", "cpp"],
    "groups": [
        {
            "name": "samples",
            "points": 20,
            "cases": [
                {"name": "one", "stdin": "1\n", "stdout": "2\n"},
                {"name": "two", "stdin": "2\n", "stdout": "4\n"},
            ],
        },
        {
            "name": "rest",
            "visible": False,
            "points": 80,
            "scoring": "all",
            "cases": [{"name": "zero", "stdin": "0\n", "stdout": "0\n"}],
        },
    ],
}
FUNCTION: dict[str, Any] = {
    "format": 1,
    "kind": "function",
    "languages": ["python"],
    "function": {
        "name": "mean",
        "parameters": [{"name": "numbers", "type": "float[]"}, {"name": "digits", "type": "int?"}],
        "returns": "float?",
    },
    "groups": [
        {
            "name": "samples",
            "points": 1,
            "cases": [
                {"name": "two", "args": [[1, 2.5], 1], "returns": 1.75},
                {"name": "none", "args": [[], None], "returns": None},
            ],
        }
    ],
}
GONE = object()


def changed(suite: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of ``suite`` with ``value`` at ``path`` (``groups.0.name``); GONE removes the member."""
    suite = copy.deepcopy(suite)
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    holder: Any = suite
    for part in way:
        holder = holder[part]
    if value is GONE:
        del holder[last]
    else:
        holder[last] = value
    return suite


def faults(data: object) -> dict[str, str]:
    """Message by path of all faults of ``data``; empty if it is accepted."""
    try:
        parse_suite(data)
    except SuiteFaults as found:
        return {fault.path: fault.message for fault in found.faults}
    return {}


REFUSED = [
    ("format", GONE, "format", "is missing"),
    ("format", 2, "format", "1"),
    ("format", True, "format", "whole number"),
    ("format", 1.0, "format", "whole number"),
    ("format", "1", "format", "whole number"),
    ("kind", "interactive", "kind", "'stdio' or 'function'"),
    ("languages", [], "languages", "is empty"),
    ("languages", "python", "languages", "tuple"),
    ("languages", ["python", "cpp", "python"], "languages", "'python' is listed 2 times"),
    ("languages", ["Python"], "languages[0]", "pattern"),
    ("languages", ["../etc"], "languages[0]", "pattern"),
    ("languages", ["python\n"], "languages[0]", "pattern"),
    ("comment", "hello", "comment", "is not a member of the format"),
    ("limits", {"cpuMs": -1}, "limits.cpuMs", "greater than or equal to 10"),
    ("limits", {"cpuMs": 0}, "limits.cpuMs", "greater than or equal to 10"),
    ("limits", {"cpuMs": 60_001}, "limits.cpuMs", "less than or equal to 60000"),
    ("limits", {"cpuMs": 10.0}, "limits.cpuMs", "integer"),
    ("limits", {"cpuMs": "1000"}, "limits.cpuMs", "integer"),
    ("limits", {"cpuMs": True}, "limits.cpuMs", "integer"),
    ("limits", {"wallMs": 300_001}, "limits.wallMs", "less than or equal"),
    ("limits", {"memoryMib": 15}, "limits.memoryMib", "greater than or equal"),
    ("limits", {"outputKib": 0}, "limits.outputKib", "greater than or equal"),
    ("limits", {"processes": 513}, "limits.processes", "less than or equal"),
    ("limits", {"cpu_ms": 100}, "limits.cpu_ms", "is not a member of the format"),
    ("limits", [], "limits", "should be an object and is a list"),
    ("checker", {"kind": "program"}, "checker", "should have a kind"),
    ("checker", {}, "checker", "should have a kind"),
    ("checker", {"kind": "floats", "absolute": -1.0}, "checker.absolute", "greater than or equal to 0"),
    ("checker", {"kind": "floats", "relative": float("nan")}, "checker.relative", "finite"),
    ("checker", {"kind": "tokens", "absolute": 1.0}, "checker.absolute", "is not a member of the format"),
    ("function", FUNCTION["function"], "function", "has no place in a suite of kind stdio"),
    ("groups", GONE, "groups", "is missing"),
    ("groups", {}, "groups", "should be a list and is an object"),
    ("groups", [], "groups", "is empty"),
    ("groups", [3], "groups[0]", "should be an object and is an int"),
    ("groups.1.name", "samples", "groups[1].name", "'samples' is the name of groups[0] already"),
    ("groups.0.name", "", "groups[0].name", "at least 1"),
    ("groups.0.name", " x", "groups[0].name", "no blank at either end"),
    ("groups.0.name", "a\nb", "groups[0].name", "on one line"),
    ("groups.0.name", "\u202eevil", "groups[0].name", "printable"),
    ("groups.0.name", "x" * 101, "groups[0].name", "at most 100"),
    ("groups.0.points", 0, "groups[0].points", "greater than or equal to 1"),
    ("groups.0.points", -5, "groups[0].points", "greater than or equal to 1"),
    ("groups.0.points", 2.5, "groups[0].points", "integer"),
    ("groups.0.points", GONE, "groups[0].points", "is missing"),
    ("groups.0.scoring", "any", "groups[0].scoring", "'each' or 'all'"),
    ("groups.0.visible", "yes", "groups[0].visible", "boolean"),
    ("groups.0.visible", 1, "groups[0].visible", "boolean"),
    ("groups.0.cases", [], "groups[0].cases", "is empty"),
    ("groups.0.cases", GONE, "groups[0].cases", "is missing"),
    ("groups.0.cases.1", None, "groups[0].cases[1]", "should be an object and is null"),
    ("groups.1.cases.0.name", "one", "groups[1].cases[0].name", "is the name of groups[0].cases[0] already"),
    ("groups.0.cases.0.stdout", GONE, "groups[0].cases[0].stdout", "is missing"),
    ("groups.0.cases.0.stdout", None, "groups[0].cases[0].stdout", "is missing"),
    ("groups.0.cases.0.stdout", 2, "groups[0].cases[0].stdout", "string"),
    ("groups.0.cases.0.stdin", "a\0b", "groups[0].cases[0].stdin", "NUL"),
    ("groups.0.cases.0.stdin", "\ud800", "groups[0].cases[0].stdin", "surrogate"),
    ("groups.0.cases.0.stdinFile", "a.in", "groups[0].cases[0].stdinFile", "only in a suite's folder"),
    ("groups.0.cases.0.args", [1], "groups[0].cases[0].args", "has no place in a suite of kind stdio"),
    ("groups.0.cases.0.returns", None, "groups[0].cases[0].returns", "has no place"),
    ("groups.0.cases.0.limits", {"cpuMs": 1}, "groups[0].cases[0].limits.cpuMs", "greater than"),
]


@pytest.mark.parametrize(("path", "value", "where", "said"), REFUSED)
def test_a_faulty_stdio_suite_is_refused_and_the_place_is_named(path: str, value: Any, where: str, said: str):
    found = faults(changed(STDIO, path, value))
    assert set(found) == {where}
    assert said in found[where]


REFUSED_FUNCTIONS = [
    ("function", GONE, "function", "is missing"),
    ("function.name", "2d", "function.name", "pattern"),
    ("function.name", "a.b", "function.name", "pattern"),
    ("function.returns", "number", "function.returns", "should be int, float"),
    ("function.returns", "int??", "function.returns", "should be int, float"),
    ("function.returns", "int[][][][][]", "function.returns", "should be int, float"),
    ("function.parameters.1.name", "numbers", "function.parameters[1].name", "already"),
    ("function.parameters", GONE, "function.parameters", "is missing"),
    ("checker", {"kind": "tokens"}, "checker", "only json"),
    ("groups.0.cases.0.checker", {"kind": "floats"}, "groups[0].cases[0].checker", "only json"),
    ("groups.0.cases.0.args", GONE, "groups[0].cases[0].args", "is missing"),
    ("groups.0.cases.0.args", None, "groups[0].cases[0].args", "is missing"),
    ("groups.0.cases.0.args", [[1]], "groups[0].cases[0].args", "has 1 values; the function takes 2"),
    ("groups.0.cases.0.args", [[1, True], 1], "groups[0].cases[0].args[0][1]", "float and is a bool"),
    ("groups.0.cases.0.args", [[1], 1.0], "groups[0].cases[0].args[1]", "int and is a float"),
    ("groups.0.cases.0.args", [None, 1], "groups[0].cases[0].args[0]", "float[], a list, and is null"),
    ("groups.0.cases.0.args", [[float("inf")], 1], "groups[0].cases[0].args[0][0]", "finite"),
    ("groups.0.cases.0.args", [[10**1000], 1], "groups[0].cases[0].args[0][0]", "1,000 digits"),
    ("groups.0.cases.0.args", [["\0"], 1], "groups[0].cases[0].args[0][0]", "NUL"),
    ("groups.0.cases.0.returns", GONE, "groups[0].cases[0].returns", "is missing"),
    ("groups.0.cases.0.returns", "1.75", "groups[0].cases[0].returns", "float and is a string"),
    ("groups.0.cases.0.stdin", "", "groups[0].cases[0].stdin", "has no place in a suite of kind function"),
]


@pytest.mark.parametrize(("path", "value", "where", "said"), REFUSED_FUNCTIONS)
def test_a_faulty_function_suite_is_refused_and_the_place_is_named(
    path: str, value: Any, where: str, said: str
):
    found = faults(changed(FUNCTION, path, value))
    assert set(found) == {where}
    assert said in found[where]


@pytest.mark.parametrize("data", [None, [], "suite", 3, b"{}", object()])
def test_what_is_no_object_is_one_fault(data: object):
    assert list(faults(data)) == [""]


def test_every_fault_is_reported_at_once():
    suite = changed(STDIO, "limits", {"cpuMs": -1, "disk": 5})
    suite["languages"] = []
    suite["groups"][0]["points"] = 0
    suite["groups"][0]["cases"][0] |= {"limits": {"memoryMib": 1}, "name": "zero"}
    suite["groups"][1]["cases"][0] |= {"checker": {"kind": "regex"}, "stdout": "(", "extra": 1}
    assert set(faults(suite)) == {
        "limits.cpuMs",
        "limits.disk",
        "languages",
        "groups[0].points",
        "groups[0].cases[0].limits.memoryMib",
        "groups[1].cases[0].name",
        "groups[1].cases[0].extra",
        "groups[1].cases[0].stdout",
    }


def test_a_fault_of_the_head_does_not_hide_those_of_arguments():
    suite = changed(FUNCTION, "format", 7)
    suite["groups"][0]["cases"][0]["args"] = ["x", 1]
    assert set(faults(suite)) == {"format", "groups[0].cases[0].args[0]"}


def test_hostile_names_of_members_come_out_fit_to_be_stored_and_short():
    (path,) = faults({**STDIO, "x" * 10_000: 1})
    assert path == "x" * 100
    (message,) = faults({**STDIO, "\ud800" + "x" * 10_000: 1}).values()
    assert "half of a surrogate pair" in message
    assert len(message) < 200


def test_the_number_of_faults_is_bounded():
    cases = [{"name": f"c{index}", "wrong": 1} for index in range(1000)]
    with pytest.raises(SuiteFaults) as caught:
        parse_suite(changed(STDIO, "groups.0.cases", cases))
    assert len(caught.value.faults) == suite_module.MAX_FAULTS


def test_a_thousand_cases_are_accepted_and_one_more_is_not():
    cases = [{"name": f"c{index}", "stdout": ""} for index in range(999)]
    assert len(parse_suite(changed(STDIO, "groups.0.cases", cases)).groups[0].cases) == 999
    cases.append({"name": "c999", "stdout": ""})
    assert faults(changed(STDIO, "groups.0.cases", cases)) == {
        "groups": "there are 1,001 cases; at most 1,000"
    }
    cases.append({"name": "c1000", "stdout": ""})
    assert faults(changed(STDIO, "groups.0.cases", cases)) == {
        "groups[0].cases": "has 1,001 items; at most 1,000"
    }


def test_the_size_of_all_texts_together_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(suite_module, "MAX_SUITE_BYTES", 12)
    assert faults(STDIO) == {}
    assert "13 bytes; at most 12" in faults(changed(STDIO, "groups.0.cases.0.stdin", "1\r\n"))[""]
    assert "13 bytes; at most 12" in faults(changed(STDIO, "groups.0.cases.0.stdin", "é\n"))[""]


def test_arguments_and_results_count_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(suite_module, "MAX_SUITE_BYTES", 14)
    assert faults(with_value("12345")) == {}
    assert "16 bytes; at most 14" in faults(with_value("123456"))[""]


DEEP_PLACES = ["format", "kind", "languages", "limits", "checker", "function", "groups", "groups.0.name"]


@pytest.mark.parametrize(
    "path", [*DEEP_PLACES, "groups.0.points", "groups.0.cases", "groups.0.cases.0.stdin"]
)
@pytest.mark.parametrize("objects", [False, True])
def test_nesting_without_end_is_a_fault_anywhere(path: str, objects: bool):
    assert faults(changed(STDIO, path, nested(20_000, objects=objects)))


def test_fifty_megabytes_are_accepted():
    text = "0123456789abcde\n" * (25 * 1024 * 1024 // 16 - 1)
    suite = parse_suite(changed(STDIO, "groups.1.cases", [{"name": "big", "stdin": text, "stdout": text}]))
    assert suite.groups[1].cases[0].stdin == text
    assert len(canonical_json(suite)) > 50_000_000


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "x{1001}", "(a{100}){100}", "x" * 4097])
def test_patterns_that_cannot_be_matched_safely_are_refused(pattern: str):
    suite = changed(STDIO, "groups.0.cases.0.stdout", pattern)
    suite["groups"][0]["cases"][0]["checker"] = {"kind": "regex"}
    assert set(faults(suite)) == {"groups[0].cases[0].stdout"}


def nested(depth: int, *, objects: bool) -> Any:
    """A value of so many lists or objects, one inside the other."""
    value: Any = 1
    for _ in range(depth):
        value = {"a": value} if objects else [value]
    return value


def with_value(value: Any) -> dict[str, Any]:
    """A suite whose function takes and gives ``value``."""
    function = FUNCTION["function"] | {"parameters": [{"name": "x", "type": "any"}], "returns": "any"}
    suite = changed(FUNCTION, "function", function)
    suite["groups"][0]["cases"] = [{"name": "n", "args": [value], "returns": value}]
    return suite


@pytest.mark.parametrize("objects", [False, True])
def test_values_are_nested_32_deep_at_most(objects: bool):
    assert faults(with_value(nested(32, objects=objects))) == {}
    assert {*faults(with_value(nested(33, objects=objects))).values()} == {"is nested more than 32 deep"}
    assert faults(with_value(nested(5000, objects=objects)))


@pytest.mark.parametrize(
    "value", [{"\0": 1}, {"\ud800": 1}, {3: 1}, [{"a": {"b\0": 1}}], -(10**1000), {1, 2}]
)
def test_values_that_not_every_part_can_carry_are_refused(value: Any):
    assert faults(with_value(value))


@pytest.mark.parametrize("value", [10**1000 - 1, 1 - 10**1000, {"": ""}, {"a" * 200: 1}])
def test_values_at_the_edge_are_accepted(value: Any):
    assert faults(with_value(value)) == {}


def test_the_limit_is_fifty_mebibytes():
    assert suite_module.MAX_SUITE_BYTES == 52_428_800


def test_the_expected_text_of_a_json_checker_has_to_be_json():
    suite = changed(STDIO, "groups.0.cases.0.stdout", "{'a': 1}")
    suite["groups"][0]["cases"][0]["checker"] = {"kind": "json"}
    assert "is not JSON" in faults(suite)["groups[0].cases[0].stdout"]


def test_a_case_that_raises_processor_time_above_the_suites_wall_time_has_to_say_so():
    suite = changed(STDIO, "limits", {"wallMs": 3000})
    suite["groups"][0]["cases"][0]["limits"] = {"cpuMs": 3001}
    assert "give wallMs here too" in faults(suite)["groups[0].cases[0].limits.cpuMs"]
    suite["groups"][0]["cases"][0]["limits"]["wallMs"] = 4000
    assert faults(suite) == {}
    suite["groups"][0]["cases"][0]["limits"] = {"cpuMs": 3000}
    assert faults(suite) == {}


def test_defaults():
    suite = parse_suite(STDIO)
    group, case = suite.groups[0], suite.groups[0].cases[0]
    limits = suite.limits_for(case)
    assert (limits.cpu_ms, limits.wall_ms, limits.memory_mib, limits.output_kib, limits.processes) == (
        2000,
        7000,
        256,
        64,
        32,
    )
    assert (group.visible, group.scoring) == (True, "each")
    assert suite.checker_for(case) == TokensChecker(kind="tokens")
    function = parse_suite(FUNCTION)
    assert function.checker_for(function.groups[0].cases[0]) == JsonChecker(kind="json")


def test_limits_of_a_case_replace_single_members():
    suite = changed(STDIO, "limits", {"cpuMs": 1000, "memoryMib": 64})
    suite["groups"][0]["cases"][1]["limits"] = {"cpuMs": 3000}
    parsed = parse_suite(suite)
    one, two = map(parsed.limits_for, parsed.groups[0].cases)
    assert (one.cpu_ms, one.wall_ms, one.memory_mib) == (1000, 4000, 64)
    assert (two.cpu_ms, two.wall_ms, two.memory_mib) == (3000, 10_000, 64)


def test_a_checker_of_a_case_stands_before_the_suites():
    suite = changed(STDIO, "checker", {"kind": "lines"})
    suite["groups"][0]["cases"][0]["checker"] = {"kind": "exact"}
    parsed = parse_suite(suite)
    assert [parsed.checker_for(case).kind for case in parsed.groups[0].cases] == ["exact", "lines"]


@pytest.mark.parametrize("data", [STDIO, FUNCTION])
def test_canonical_json_round_trips_and_does_not_depend_on_order_or_spelling(data: dict[str, Any]):
    suite = parse_suite(data)
    canonical = canonical_json(suite)
    again = parse_suite(json.loads(canonical))
    assert again == suite
    assert canonical_json(again) == canonical
    backwards = dict(reversed(data.items())) | {"limits": {"processes": 32, "cpuMs": 2000}, "$schema": "x"}
    assert canonical_json(parse_suite(backwards)) == canonical


def test_canonical_json_keeps_nulls_that_mean_something():
    function = FUNCTION["function"] | {"parameters": [{"name": "x", "type": "any"}], "returns": "any"}
    suite = changed(FUNCTION, "function", function)
    suite["groups"][0]["cases"] = [{"name": "n", "args": [{"a": None}], "returns": None}]
    (case,) = json.loads(canonical_json(parse_suite(suite)))["groups"][0]["cases"]
    assert case == {"name": "n", "args": [{"a": None}], "returns": None}


def test_the_digest_changes_with_every_character():
    first = canonical_json(parse_suite(STDIO))
    second = canonical_json(parse_suite(changed(STDIO, "groups.1.cases.0.stdout", "0")))
    assert digest(first) == digest(canonical_json(parse_suite(STDIO)))
    assert digest(first) != digest(second)
    assert len(digest(first)) == 64


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(stdin=TEXTS, stdout=TEXTS, arg=JSON_VALUES, returns=JSON_VALUES)
def test_any_texts_and_values_survive_being_stored(stdin: str, stdout: str, arg: Any, returns: Any):
    suite = changed(STDIO, "groups.0.cases.0", {"name": "x", "stdin": stdin, "stdout": stdout})
    parsed = parse_suite(suite)
    assert parse_suite(json.loads(canonical_json(parsed))) == parsed
    function = FUNCTION["function"] | {"parameters": [{"name": "x", "type": "any"}], "returns": "any"}
    suite = changed(FUNCTION, "function", function)
    suite["groups"][0]["cases"] = [{"name": "n", "args": [arg], "returns": returns}]
    again = parse_suite(json.loads(canonical_json(parse_suite(suite)))).groups[0].cases[0]
    assert json.dumps([again.args, again.returns]) == json.dumps([[arg], returns])


@given(JSON_VALUES | st.fixed_dictionaries({"groups": JSON_VALUES, "format": JSON_VALUES}))
def test_nothing_but_faults_comes_of_what_is_no_suite(data: Any):
    assert faults(data)


def test_the_published_schema_is_current():
    published = (ROOT / "testcases" / "schema.json").read_text()
    assert published == suite_schema(), (
        "run: python -m api.learning.curriculum.suite_schema > testcases/schema.json"
    )


def test_the_readme_names_every_member():
    readme = (ROOT / "testcases" / "README.md").read_text()
    schema = json.loads(suite_schema())
    members = set(schema["properties"])
    for part in schema["$defs"].values():
        members |= set(part["properties"])
    assert {
        member for member in members if f"`{member}`" not in readme and f'"{member}"' not in readme
    } == set()


# Suites in folders.


def write(folder: Path, suite: Any, **files: str | bytes) -> Path:
    """A suite.json in ``folder`` with files beside it (``__`` in a name stands for a dot)."""
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name.replace("__", ".")).write_bytes(data)
    path = folder / "suite.json"
    path.write_text(suite if isinstance(suite, str) else json.dumps(suite))
    return path


def with_file(name: Any, member: str = "stdin") -> dict[str, Any]:
    """STDIO, whose first case takes ``member`` from a file."""
    suite = changed(STDIO, f"groups.0.cases.0.{member}", GONE)
    suite["groups"][0]["cases"][0][f"{member}File"] = name
    return suite


def folder_faults(path: Path) -> dict[str, str]:
    """Message by JSON path; each fault has to name the file."""
    with pytest.raises(SuiteFaults) as caught:
        load_suite(path)
    assert {fault.file for fault in caught.value.faults} == {str(path)}
    return {fault.path: fault.message for fault in caught.value.faults}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../secret.txt",
        "inner/../../secret.txt",
        "./a.in",
        "inner//a.in",
        "inner\\a.in",
        "a.in\0",
        "a\n.in",
        ".",
        "..",
        3,
        None,
        ["a.in"],
    ],
)
def test_a_file_name_that_leaves_the_folder_or_is_none_is_refused(tmp_path: Path, name: Any):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "suite" / "inner").mkdir(parents=True)
    path = write(tmp_path / "suite", with_file(name), a__in="1")
    assert set(folder_faults(path)) == {"groups[0].cases[0].stdinFile"}


@pytest.mark.parametrize("name", ["linked.in", "linked/a.in"])
def test_symbolic_links_are_refused_on_every_part_of_the_way(tmp_path: Path, name: str):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.in").write_text("secret")
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "linked.in").symlink_to(outside / "a.in")
    (folder / "linked").symlink_to(outside)
    found = folder_faults(write(folder, with_file(name)))
    assert "symbolic link" in found["groups[0].cases[0].stdinFile"]


def test_a_linked_suite_is_refused(tmp_path: Path):
    real = write(tmp_path, STDIO)
    link = tmp_path / "other.json"
    link.symlink_to(real)
    assert "symbolic link" in folder_faults(link)[""]


def test_what_is_no_plain_file_is_refused_without_waiting_for_it(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.in")
    (tmp_path / "folder.in").mkdir()
    for name in ("pipe.in", "folder.in"):
        assert (
            "not a plain file"
            in folder_faults(write(tmp_path, with_file(name)))["groups[0].cases[0].stdinFile"]
        )


def test_missing_files_and_files_that_are_no_text_are_all_reported(tmp_path: Path):
    suite = with_file("missing.in")
    suite["groups"][0]["cases"][0]["name"] = "two"
    suite["groups"][0]["cases"][1] |= {"stdinFile": "latin.in"}
    del suite["groups"][0]["cases"][1]["stdin"]
    suite["groups"][1]["cases"] = [{"name": "z", "stdoutFile": "nul.out", "checker": {"kind": "json"}}]
    path = write(tmp_path, suite, latin__in=b"caf\xe9", nul__out=b"a\0")
    found = folder_faults(path)
    assert set(found) == {
        "groups[0].cases[0].stdinFile",
        "groups[0].cases[1].stdinFile",
        "groups[0].cases[1].name",
        "groups[1].cases[0].stdoutFile",
    }
    assert "no such file" in found["groups[0].cases[0].stdinFile"]
    assert "not UTF-8 (byte 3)" in found["groups[0].cases[1].stdinFile"]


def test_text_and_file_exclude_each_other(tmp_path: Path):
    suite = changed(STDIO, "groups.0.cases.0.stdinFile", "a.in")
    found = folder_faults(write(tmp_path, suite, a__in="1"))
    assert found == {"groups[0].cases[0].stdinFile": "stands beside stdin: give one of the two"}


def test_files_over_the_limit_are_refused_without_being_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(suite_files, "MAX_SUITE_BYTES", 10)
    suite = with_file("ten.in")
    suite["groups"][0]["cases"][1] = {"name": "two", "stdinFile": "one.in", "stdout": ""}
    path = write(tmp_path, suite, ten__in="0123456789", one__in="1")
    assert set(folder_faults(path)) == {"groups[0].cases[1].stdinFile"}
    with (tmp_path / "ten.in").open("wb") as stream:
        stream.truncate(1 << 40)  # a sparse file of a terabyte: reading it would not end
    assert "too large" in folder_faults(path)["groups[0].cases[0].stdinFile"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("{", "line 1"),
        ("[" * 100_000, "nesting too deep"),
        ('{"format": ' + "1" * 5000 + "}", "number too long"),
        ("\ufeff{}", "is not JSON"),
    ],
)
def test_a_suite_that_is_no_json_is_one_fault(tmp_path: Path, text: str, said: str):
    found = folder_faults(write(tmp_path, text))
    assert set(found) == {""}
    assert said in found[""]


def test_a_member_given_twice_is_a_fault_and_hides_no_other(tmp_path: Path):
    text = json.dumps(changed(STDIO, "groups.0.points", 0)).replace(
        '"kind":', '"kind": "function", "kind":', 1
    )
    assert folder_faults(write(tmp_path, text)) == {
        "": "an object has the member 'kind' twice",
        "groups[0].points": "should be greater than or equal to 1",
    }


def test_a_suite_that_is_not_there_is_a_fault(tmp_path: Path):
    assert "no such file" in folder_faults(tmp_path / "suite.json")[""]
    assert "cannot be read" in folder_faults(tmp_path / "none" / "suite.json")[""]


def test_faults_of_a_files_content_name_the_member_the_author_wrote(tmp_path: Path):
    suite = with_file("a.out", "stdout")
    suite["checker"] = {"kind": "json"}
    found = folder_faults(write(tmp_path, suite, a__out="nothing"))
    assert set(found) == {"groups[0].cases[0].stdoutFile"}


def test_files_are_put_in_place_of_their_names(tmp_path: Path):
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "in.txt").write_bytes("grün\r\n".encode())
    suite = with_file("large/in.txt")
    suite["groups"][0]["cases"][1] = {"name": "two", "stdoutFile": "two.out"}
    loaded = load_suite(write(tmp_path, suite, two__out="4\n"))
    assert [case.stdin for case in loaded.groups[0].cases] == ["grün\r\n", None]
    assert loaded.groups[0].cases[1].stdout == "4\n"
    assert b"File" not in canonical_json(loaded)
    assert isinstance(loaded, Suite)


def test_function_suites_are_for_languages_with_a_harness():
    harnessed = {name for name, language in languages().items() if language.offers_functions}
    assert {of_language(name) for name in harnessed} == FUNCTION_LANGUAGES
    assert harnessed == {name for name in languages() if of_language(name) in FUNCTION_LANGUAGES}
    suite = {
        "format": 1,
        "kind": "function",
        "languages": ["python", "cpp", "python-pypy", "cpp-20"],
        "function": {"name": "one", "parameters": [], "returns": "int"},
        "groups": [
            {"name": "g", "visible": True, "points": 1, "cases": [{"name": "c", "args": [], "returns": 1}]}
        ],
    }
    with pytest.raises(SuiteFaults) as caught:
        parse_suite(suite)
    assert [fault.path for fault in caught.value.faults] == ["languages[1]", "languages[3]"]
