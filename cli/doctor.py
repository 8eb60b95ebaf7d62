"""`codezest doctor`: what of an installation works, and the cure for what does not."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from rich.text import Text
from sqlalchemy import text

from api.core import embedded, log
from api.core.database import Database
from api.core.errors import CodezestError
from api.core.queue import Bell, connect
from api.core.settings import Settings, get_settings
from cli.output import CommandFailed, print_json, print_table
from grader.calibration import read_calibration
from grader.engine import Engine
from grader.images import list_images
from grader.open_sandbox import open_sandbox
from grader.sandbox import SandboxUnavailable
from grader.selftest import check_programs, check_walls
from grader.slots import machine_folder, take_slot
from migrations import commands

_LOW_DISK_GIB = 2


class Finding(NamedTuple):
    """One thing looked at. ``works`` None: it does not, and nothing needs it as things are set."""

    name: str
    works: bool | None
    detail: str
    cure: str = ""


def doctor(*, as_json: bool) -> None:
    """Looks at everything and changes nothing but what opening it takes. Raises CommandFailed if something is ill."""
    settings = get_settings()
    log.configure(settings)
    findings = [finding for look in LOOKS for finding in _safely(look, settings)]
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        marks = {True: Text("ok", "green"), None: Text("-", "yellow"), False: Text("ill", "bold red")}
        rows = ((finding.name, marks[finding.works], finding.detail, finding.cure) for finding in findings)
        print_table("doctor", ("what", "", "found", "cure"), rows)
    if ill := [finding.name for finding in findings if finding.works is False]:
        raise CommandFailed(f"ill: {', '.join(ill)}")


def look_at_storage(settings: Settings) -> Iterator[Finding]:
    """Database, migrations and queue, as configured or embedded."""
    addresses = embedded.resolve(settings)
    cure = "start the server, or correct CODEZEST_DATABASE_URL"
    database = Database(addresses.database_url)
    try:
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
        yield Finding("database", True, database.engine.url.render_as_string(hide_password=True))
        yield _migrations(addresses.database_url)
    except CodezestError as error:
        yield Finding("database", False, error.detail, cure)
    finally:
        database.close()
    with connect(addresses.redis_url) as connection:
        bell = Bell(connection)
        if bell.answers():
            yield Finding("queue", True, f"answers; {bell.waiting()} bells wait")
        else:
            yield Finding("queue", False, "does not answer", "start Redis, or correct CODEZEST_REDIS_URL")
    embedded.release()


def _migrations(url: str) -> Finding:
    at, newest = commands.current(url), ", ".join(commands.heads())
    if at == newest:
        return Finding("migrations", True, f"at {at}, the newest")
    if not commands.is_behind(url):
        return Finding("migrations", True, f"at {at}, of a newer version than this one, which knows {newest}")
    return Finding("migrations", False, f"at {at or 'none'}; the newest is {newest}", "codezest db upgrade")


def look_at_engine(settings: Settings) -> Iterator[Finding]:
    """The Docker engine and the sandbox images; neither is needed where boxes are to be local."""
    needed = None if settings.sandbox != "docker" else False
    try:
        engine = Engine(settings.docker_host)
        facts = engine.facts()
    except SandboxUnavailable as error:
        cure = "apt-get install docker.io, and start dockerd; without it, boxes are local (weaker walls)"
        yield Finding("engine", needed, str(error), cure)
        return
    version, runtime = facts["ServerVersion"], settings.docker_runtime or facts["DefaultRuntime"]
    yield Finding(
        "engine", True, f"Docker {version}, runtime {runtime}, control groups v{facts['CgroupVersion']}"
    )
    states = list_images(engine, settings.image_prefix)
    build = "codezest sandboxes build"
    for state in states:
        if state.digest is None:
            yield Finding(f"image {state.language}", needed, f"there is no {state.name}", build)
        elif not state.current:
            yield Finding(f"image {state.language}", False, f"{state.name} is of another version", build)
        else:
            yield Finding(f"image {state.language}", True, f"{state.name} is current")


def look_at_cgroups(settings: Settings) -> Iterator[Finding]:
    """The control groups of this machine: whole-container memory and processor time are read there."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        found = (root / "cgroup.controllers").read_text().split()
        version = "v2"
    else:
        found = sorted({part for path in root.glob("*") for part in path.name.split(",")})
        version = "v1"
    missing = [name for name in ("cpu", "memory", "pids") if name not in found]
    cure = "local boxes then count per process; enable the controllers, or run graders where they are"
    if missing:
        yield Finding("control groups", None, f"{version}, without {', '.join(missing)}", cure)
    else:
        yield Finding("control groups", True, f"{version}, with cpu, memory and pids")


def look_at_boxes(settings: Settings) -> Iterator[Finding]:
    """Whether boxes and containers are as declared, and programs end in them as they must, in every language."""
    cure = "codezest sandboxes check; local boxes need user namespaces (kernel.unprivileged_userns_clone=1)"
    with take_slot() as slot:
        sandbox = open_sandbox(settings, slot)
        try:
            different = check_walls(sandbox)
            faults = [] if different else check_programs(sandbox)
            served = ", ".join(sorted(sandbox.languages()))
        finally:
            sandbox.close()
    kind = type(sandbox).__name__
    if different:
        cure = "codezest sandboxes build; else the engine or its runtime does not do what it is asked"
        yield Finding("walls", False, "; ".join(different), cure)
        return
    yield Finding("walls", True, f"{kind}: as declared, in every language")
    yield Finding("boxes", not faults, "; ".join(faults) or f"{kind}: {served}", cure if faults else "")


def look_at_machine(settings: Settings) -> Iterator[Finding]:
    """What makes verdicts slow or unsteady."""
    folder = settings.data_dir if settings.data_dir.exists() else Path()
    free = shutil.disk_usage(folder).free / 2**30
    cure = f"free some of {folder.resolve()}" if free < _LOW_DISK_GIB else ""
    yield Finding("disk", free >= _LOW_DISK_GIB, f"{free:.1f} GiB free", cure)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    slots = settings.worker_slots
    crowded = slots > cores
    cure = (
        "set CODEZEST_WORKER_SLOTS to the number of cores: more slots make times unsteady" if crowded else ""
    )
    yield Finding("cores", None if crowded else True, f"{cores} for {slots} graders", cure)


def look_at_speed(settings: Settings) -> Iterator[Finding]:
    """The machine's speed, as it was measured since the last start; no verdict depends on it."""
    found, cure = (
        read_calibration(machine_folder()),
        "codezest sandboxes calibrate, while nothing else runs here",
    )
    if found is None:
        yield Finding("machine speed", None, "not measured since this machine was started", cure)
        return
    detail = f"{found.speed} of the reference machine's, measured {found.measured_at}"
    yield Finding(
        "machine speed",
        True,
        detail if found.steady else f"{detail}; times were far apart",
        "" if found.steady else cure,
    )


LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    look_at_storage,
    look_at_engine,
    look_at_cgroups,
    look_at_boxes,
    look_at_machine,
    look_at_speed,
)


def _safely(look: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    # One thing that is ill must not keep the doctor from the others.
    try:
        yield from look(settings)
    except CodezestError as error:
        yield Finding(look.__name__.removeprefix("look_at_"), False, error.detail)
    except (SandboxUnavailable, OSError) as error:
        yield Finding(look.__name__.removeprefix("look_at_"), False, str(error))
