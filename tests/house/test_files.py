"""What every file keeps to: no traces of one machine, empty packages, documented names, unique tables."""

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest

from .tree import ROOT, Module, modules

# The classes in brackets keep this file from matching itself.
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:hom[e]/[a-z]|root[/]|wor[k]/|User[s]/|mn[t]/[a-z])")
REGISTRY_HOST = re.compile(
    r"py[p]i[.]org|python[h]osted|registry[.]np[m]js|de[b][.]debian[.]org|snapsho[t][.]debian|crates[.]i[o]"
)


def tracked() -> list[str]:
    """The paths git knows of; in an unpacked archive, without git, every file that is not hidden."""
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode == 0:
        return [name for name in found.stdout.split("\0") if name and (ROOT / name).is_file()]
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [str(path) for path in paths if not any(part.startswith(".") for part in path.parts)]


def traces(name: str, text: str) -> Iterator[str]:
    """Lines that name a path of one machine or the host of a package registry."""
    # A hostile program names the places it would like to read.
    patterns = (REGISTRY_HOST,) if "/hostile/" in name else (MACHINE_PATH, REGISTRY_HOST)
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern in patterns:
            if match := pattern.search(line):
                yield f"{name}:{number}: {match.group()}"


def not_only_a_docstring(module: Module) -> bool:
    """Whether a package's ``__init__`` holds anything but its docstring, or not even that."""
    return len(module.tree.body) != 1 or ast.get_docstring(module.tree) is None


def undocumented(module: Module) -> Iterator[str]:
    """The module, its public functions and classes that have no docstring."""
    if ast.get_docstring(module.tree) is None:
        yield module.name
    for node in module.tree.body:
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if named and not node.name.startswith("_") and ast.get_docstring(node) is None:
            yield f"{module.name}.{node.name}"


def test_no_file_names_a_path_of_one_machine_or_a_registry():
    found = []
    for name in tracked():
        data = (ROOT / name).read_bytes()
        if b"\0" not in data[:8192]:
            found += traces(name, data.decode(errors="replace"))
    assert found == []


@pytest.mark.parametrize(
    "planted", ["cd /wor" + "k/x", "'/ho" + "me/anna'", "index https://py" + "pi.org/simple"]
)
def test_planted_traces_are_caught(planted: str):
    assert list(traces("file", planted))


def test_packages_hold_a_docstring_and_nothing_else():
    assert [module.name for module in modules() if module.is_package and not_only_a_docstring(module)] == []


@pytest.mark.parametrize("planted", ["", "import os", '"""Doc."""\nX = 1'])
def test_planted_package_contents_are_caught(planted: str):
    assert not_only_a_docstring(Module("api.core", planted, is_package=True))


def test_public_names_are_documented():
    assert [name for module in modules() for name in undocumented(module)] == []


@pytest.mark.parametrize("planted", ["", '"""Doc."""\ndef f(): ...', '"""Doc."""\nclass C: ...'])
def test_planted_undocumented_names_are_caught(planted: str):
    assert list(undocumented(Module("api.core.x", planted)))


def test_table_names_are_unique_over_all_schemas():
    # On SQLite the schemas fall away (api/core/orm.py), and two tables of one name would become one.
    import api.models
    from api.core.orm import Base

    assert api.models.__doc__
    counted = Counter(table.name for table in Base.metadata.tables.values())
    assert [name for name, count in counted.items() if count > 1] == []
    assert {table.schema for table in Base.metadata.tables.values()} >= {"auth", "learning"}
