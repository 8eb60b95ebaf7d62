"""The product's modules as syntax trees, and what each of them imports.

Nothing is imported here to be looked at: a module with a forbidden import must be reported, not executed. The
planted offences of the tests are modules like the others, made from a source string.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "cli", "grader", "sandboxes")
#: Not modules of ours: what learners send and what hostile programs try.
OUTSIDE = ("smoke", "hostile", "examples")


@dataclass(frozen=True)
class Import:
    """One imported name, fully dotted: ``from a.b import c`` gives both ``a.b`` and ``a.b.c``."""

    name: str
    line: int
    inside_function: bool


@dataclass(frozen=True)
class Module:
    """One source file. ``name`` is dotted (``api.core.queue``; a package is named without ``__init__``)."""

    name: str
    source: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def leaf(self) -> str:
        return self.name.rpartition(".")[2]

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(_imports(self))

    def within(self, *prefixes: str) -> bool:
        """Whether this module is one of ``prefixes`` or lies below one."""
        return any(under(self.name, prefix) for prefix in prefixes)


def under(name: str, prefix: str) -> bool:
    """Whether a dotted name is ``prefix`` or lies below it."""
    return name == prefix or name.startswith(prefix + ".")


@cache
def modules() -> list[Module]:
    """Every module of the product: the packages and the front door."""
    paths = [
        ROOT / "codezest.py",
        *(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))),
    ]
    return [_load(path) for path in paths if _is_ours(path)]


def _is_ours(path: Path) -> bool:
    # A language's harness runs beside the learner's code in the box: to this project it is data.
    return path.exists() and path.stem != "harness" and not set(path.relative_to(ROOT).parts) & set(OUTSIDE)


def _load(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    return Module(".".join(parts[:-1] if is_package else parts), path.read_text(), is_package)


def _imports(module: Module) -> Iterator[Import]:
    inner = {
        id(node)
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, id(node) in inner)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            yield Import(base, node.lineno, id(node) in inner)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno, id(node) in inner)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    keep = len(parts) - node.level + (1 if module.is_package else 0)
    return ".".join([*parts[:keep], *([node.module] if node.module else [])])
