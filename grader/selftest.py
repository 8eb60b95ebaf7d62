"""Whether a sandbox is what it is declared to be and does what it promises, found out by looking and trying.

First the walls: what the engine, the kernel and a probe in a box say is held against the declarations (`walls.py`,
`container_walls.py`). Then one tiny program per language and way to end. They lie beside each language
(``sandboxes/<language>/smoke/``), and the name of each says how it must end (``timed_out_cpu.py``). No program is run
behind walls that differ. A worker does this before it grades anything, and again after its sandbox has failed: a wall
that does not hold, or a compiler that is missing, must never be taken for a learner's mistake.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from grader import container_walls, engine, walls
from grader.sandbox import Sandbox, SandboxUnavailable
from sandboxes.languages import HERE, Language, languages
from sandboxes.protocol import CaseInput, FunctionCall, Limits, Outcome, RunReport, RunRequest

_CPU_MS, _WALL_MS, _MEMORY_MIB, _OUTPUT_KIB, _PROCESSES = 2_000, 10_000, 64, 16, 16
#: A program that must meet a limit is not kept waiting for it.
_SHORT_MS = 150
_COMPILE = Limits(cpu_ms=20_000, wall_ms=40_000, memory_mib=1024, output_kib=64, processes=64)
#: What `function` programs are called for: the sum is the answer, and what they print is not.
_CALL, _ARGUMENTS, _ANSWER = (
    FunctionCall(name="add", parameters=("int", "int"), returns="int"),
    b"[2, 3]",
    b"5",
)


#: What ``exited`` programs read, and what they must answer.
_INPUT, _OUTPUT = b"42\n", b"ok 42\n"
#: The language, if it is served, whose walls a worker looks at whatever has been proved: the likeliest to be asked for.
_LOOKED_AT_FIRST = "python"


def check_sandbox(sandbox: Sandbox) -> list[str]:
    """What is wrong with ``sandbox``, one line each, naming language and setting or program; empty if all is well."""
    return check_walls(sandbox) or check_programs(sandbox)


def check_walls(sandbox: Sandbox, most: int | None = None) -> list[str]:
    """What of its boxes and containers is not as declared, one line each: language, setting, declared, found; looking
    at all its languages or at ``most`` of them."""
    served, faults = _served(sandbox)
    return faults or [fault for name in list(served)[:most] for fault in _wall_faults(sandbox, name)]


def check_programs(sandbox: Sandbox) -> list[str]:
    """Which smoke programs do not end as they must, one line each, naming language and program."""
    served, faults = _served(sandbox)
    return faults or [fault for name in served for fault in _faults(sandbox, languages()[name])]


def prove(sandbox: Sandbox, folder: Path) -> list[str]:
    """As `check_sandbox`, passing over languages that have proved themselves since this machine was started.

    What was proved is noted in ``folder``, under a digest of everything it depended on: the image, this version's
    runner, declarations and smoke programs, the machine's own compilers where boxes are local, and the boot. An
    engine's settings are in no digest, so the walls of one language are looked at each time.
    """
    served, found = _served(sandbox)
    always = min(served, key=lambda name: (name != _LOOKED_AT_FIRST, name), default="")
    for name, image in sorted(served.items()):
        note = folder / f"proved-{name}-{circumstances(languages()[name], image)}"
        is_proved = note.exists()
        if is_proved and name != always:
            continue
        faults = _wall_faults(sandbox, name)
        if not faults and not is_proved:
            faults = list(_faults(sandbox, languages()[name]))
        found += faults
        if not faults:
            note.touch()
    return found


def _served(sandbox: Sandbox) -> tuple[dict[str, str], list[str]]:
    """The languages it can run, with their images, or why there is none."""
    try:
        served = sandbox.languages()
    except SandboxUnavailable as error:
        return {}, [str(error)]
    return served, [] if served else ["no language can be run here"]


def _wall_faults(sandbox: Sandbox, language: str) -> list[str]:
    try:
        report = sandbox.run(walls.probe_request(language))
    except SandboxUnavailable as error:
        return [f"{language}: {error}"]
    return [f"{language}: {line}" for line in walls.compare_report(language, report)]


def circumstances(language: Language, image: str = "") -> str:
    """A digest of all that a language's sandbox depends on here: the image, our own files and declarations, the
    machine's programs, and the boot."""
    digest = hashlib.sha256(image.encode() + _boot_and_tree())
    for program in language.programs:
        if Path(program).exists():
            facts = Path(program).stat()
            digest.update(f"{program} {facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()[:32]


@cache
def _boot_and_tree() -> bytes:
    # Once in a process: it is asked for each language, and what is running does not change with the files.
    digest = hashlib.sha256(Path("/proc/sys/kernel/random/boot_id").read_bytes())
    declarations = [Path(module.__file__ or "") for module in (walls, container_walls, engine)]
    sources = [path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    for path in sorted([*declarations, *sources]):
        digest.update(path.read_bytes())
    return digest.digest()


def smoke_programs(language: Language) -> list[Path]:
    """The smoke programs of a language. Each is named after its outcome, `timed_out` with the limit that it meets;
    ``function`` defines ``add`` and must give the sum."""
    return sorted(
        path for path in (HERE / language.name / "smoke").glob("*") if path.suffix in language.sources
    )


def _faults(sandbox: Sandbox, language: Language) -> Iterator[str]:
    for program in smoke_programs(language):
        try:
            found = _ending(sandbox.run(_request(language, program)))
        except SandboxUnavailable as error:
            yield f"{language.name}: {program.name}: {error}"
            continue
        if found != program.stem:
            yield f"{language.name}: {program.name} came to {found}"


def _request(language: Language, program: Path) -> RunRequest:
    cpu_ms = _SHORT_MS if program.stem == "timed_out_cpu" else _CPU_MS
    wall_ms = _SHORT_MS if program.stem == "timed_out_wall" else _WALL_MS
    limits = Limits(
        cpu_ms=int(cpu_ms * language.cpu_factor),
        wall_ms=int(wall_ms * language.wall_factor),
        memory_mib=_MEMORY_MIB + language.memory_extra_mib,
        output_kib=_OUTPUT_KIB,
        processes=_PROCESSES + language.processes_extra,
    )
    is_function = program.stem == "function"
    return RunRequest(
        language=language.name,
        files={language.main: program.read_bytes()},
        cases=[CaseInput(stdin=_ARGUMENTS if is_function else _INPUT, limits=limits)],
        compile_limits=_COMPILE,
        function=_CALL if is_function else None,
    )


def _ending(report: RunReport) -> str:
    if report.compiled is not None and not report.compiled.ended_well:
        return Outcome.NOT_COMPILED
    case = report.cases[0]
    if case.ended_well and case.returned is not None:
        return "function" if case.returned.strip() == _ANSWER else f"the answer {case.returned[:40]!r}"
    if case.outcome is Outcome.EXITED and (case.exit_code != 0 or case.stdout != _OUTPUT):
        return f"exit code {case.exit_code} and the output {case.stdout[:40]!r}"
    return f"{case.outcome}_{case.limit}" if case.outcome is Outcome.TIMED_OUT else case.outcome
