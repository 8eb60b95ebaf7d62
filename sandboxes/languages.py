"""Reads the language folders: ``<folder>/language.json`` says how a language is compiled, run and limited.

A language is a folder and nothing else: adding one needs no code. Several versions stand side by side: the usual one
under the plain name (``cpp``), any other under that name, a hyphen and what tells it apart (``cpp-20``). The plain
name sorts before its versions, so whoever looks for a language by a file's ending finds the usual one first.

Members of language.json:

``title``       for people
``sources``     file endings of its sources; the first is the usual one
``main``        the file a single source is stored as
``compile``     commands (argument lists), run one after the other, each in a box; none: nothing to compile
``check``       commands that find out whether a program is one at all, where nothing is compiled. Run only once a case
                has ended badly: a good program is not kept waiting for a second start of its interpreter
``resident``    a compiler that stays, see `resident.py`: ``run`` its argument list, ``memoryMib`` and ``processes``
                what it may use, beside any program; none: every compilation starts the compiler
``run``         the program's argument list
``warm``        ``python``: cases start from a warm interpreter instead of executing ``run``; none: always execute
``harness``     for function suites: ``file`` beside language.json, ``run`` its argument list; none: not offered
``environment`` variables beyond PATH, HOME and LANG
``factors``     ``cpu`` and ``wall`` multiply a suite's limits, ``memoryMib`` and ``processes`` add to them
``version``     a command whose first line says the version
``packages``    Debian packages its image needs
``prepare``     commands (argument lists) that its image runs once, as root, after its packages are there; the folder is
                then at /opt/codezest/sandboxes/<folder>. For what makes a compiler start faster and changes nothing
                else: local boxes go without. None: nothing to prepare

In argument lists ``{main}`` is the main file, ``{sources}`` (alone) all source files, ``{memory}`` the memory limit in
MiB, ``{harness}`` the harness file.
"""

import json
import os
import sys
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from sandboxes.job import CODE

HERE = Path(__file__).resolve().parent
HARNESS_DIRECTORY = "/opt/harness"
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Language:
    """One folder, read. Argument lists still carry their placeholders."""

    name: str
    title: str
    sources: tuple[str, ...]
    main: str
    run: tuple[str, ...]
    compile: tuple[tuple[str, ...], ...] = ()
    check: tuple[tuple[str, ...], ...] = ()
    warm: str | None = None
    harness: str | None = None
    harness_run: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    cpu_factor: float = 1.0
    wall_factor: float = 1.0
    memory_extra_mib: int = 0
    processes_extra: int = 0
    version: tuple[str, ...] = ()
    resident: tuple[str, ...] = ()
    resident_memory_mib: int = 0
    resident_processes: int = 0
    packages: tuple[str, ...] = ()
    prepare: tuple[tuple[str, ...], ...] = ()

    @property
    def programs(self) -> tuple[str, ...]:
        """Every executable it needs, absolute paths."""
        lists = (*self.compile, *self.check, self.run, self.harness_run)
        return tuple(dict.fromkeys(argv[0] for argv in lists if argv and argv[0].startswith("/usr")))

    @property
    def offers_functions(self) -> bool:
        return self.harness is not None

    def telling_version(self) -> "Language":
        """This language with its version command in the place of programs: nothing is compiled or starts warm."""
        return replace(self, compile=(), check=(), run=self.version, warm=None, harness=None, harness_run=())

    def full_environment(self) -> dict[str, str]:
        return {**_ENVIRONMENT, **self.environment}

    def fill(self, argv: tuple[str, ...], sources: list[str], memory_mib: int) -> list[str]:
        """An argument list with its placeholders filled in."""
        words = {
            "{main}": f"{CODE}/{self.main}",
            "{harness}": f"{HARNESS_DIRECTORY}/{self.name}/{self.harness}",
        }
        result: list[str] = []
        for word in argv:
            if word == "{sources}":
                result += [f"{CODE}/{name}" for name in sources if name.endswith(self.sources)]
            else:
                result.append(words.get(word, word).replace("{memory}", str(memory_mib)))
        return result


@cache
def languages() -> dict[str, Language]:
    """All languages by name, from the folders beside this file. Raises ValueError naming a faulty language.json."""
    return {path.parent.name: _read(path) for path in sorted(HERE.glob("*/language.json"))}


def runnable() -> dict[str, Language]:
    """The languages whose programs this machine has (local boxes)."""
    return {
        name: language
        for name, language in languages().items()
        if all(os.access(program, os.X_OK) for program in language.programs)
    }


def interpreter() -> str:
    """The Python that runs runner and launcher, and with them Python submissions: the system's, if there is one."""
    return "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable


def _read(path: Path) -> Language:
    try:
        data: dict[str, Any] = json.loads(path.read_text())
        factors = data.get("factors", {})
        harness = data.get("harness") or {}
        resident = data.get("resident") or {}
        return Language(
            name=path.parent.name,
            title=data["title"],
            sources=tuple(data["sources"]),
            main=data["main"],
            run=tuple(data["run"]),
            compile=tuple(tuple(argv) for argv in data.get("compile", ())),
            check=tuple(tuple(argv) for argv in data.get("check", ())),
            warm=data.get("warm"),
            harness=harness.get("file"),
            harness_run=tuple(harness.get("run", ())),
            environment=data.get("environment", {}),
            cpu_factor=float(factors.get("cpu", 1)),
            wall_factor=float(factors.get("wall", 1)),
            memory_extra_mib=int(factors.get("memoryMib", 0)),
            processes_extra=int(factors.get("processes", 0)),
            version=tuple(data.get("version", ())),
            resident=tuple(resident.get("run", ())),
            resident_memory_mib=int(resident.get("memoryMib", 0)),
            resident_processes=int(resident.get("processes", 0)),
            packages=tuple(data.get("packages", ())),
            prepare=tuple(tuple(argv) for argv in data.get("prepare", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: {error!r}") from error
