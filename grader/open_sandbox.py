"""Chooses the sandbox by settings: containers where an engine answers and has the images, else local boxes."""

from typing import TypedDict

import structlog

from api.core.settings import Settings
from grader.compile_cache import CompileCache
from grader.cores import Cores
from grader.docker_sandbox import DockerSandbox
from grader.engine import Engine
from grader.local_sandbox import LocalSandbox
from grader.sandbox import Sandbox, SandboxUnavailable
from grader.selftest import check_walls


class _Means(TypedDict):
    lanes: int
    cores: Cores
    cache: CompileCache | None


#: gVisor: programs there meet a kernel that is not the host's.
_STRONGER = "runsc"
log = structlog.get_logger(__name__)


def open_sandbox(settings: Settings, slot: int, languages: frozenset[str] | None = None) -> Sandbox:
    """The sandbox of one grader slot (numbered from 0), for all or some languages.

    Raises:
        SandboxUnavailable: the setting is ``docker`` and no engine answers.
    """
    if settings.sandbox == "local":
        return _local(settings, slot, languages)
    try:
        engine = Engine(settings.docker_host)
        docker = _strongest(engine, settings, slot, languages)
    except SandboxUnavailable:
        if settings.sandbox == "docker":
            raise
        log.warning("sandbox_is_local", because="no Docker engine answers")
        return _local(settings, slot, languages)
    if settings.sandbox == "auto" and not docker.languages():
        docker.close()
        log.warning("sandbox_is_local", because="there are no sandbox images: run `codezest sandboxes build`")
        return _local(settings, slot, languages)
    return docker


def _strongest(
    engine: Engine, settings: Settings, slot: int, languages: frozenset[str] | None
) -> DockerSandbox:
    """Containers of the runtime that is set; left to us, of one with a kernel of its own, if the engine offers it and
    its walls are found to hold."""
    if settings.isolation == "auto" and settings.docker_runtime is None and _STRONGER in engine.runtimes():
        sandbox = _containers(engine, settings, slot, languages, _STRONGER)
        faults = check_walls(sandbox, most=1) if sandbox.languages() else []
        if not faults:
            return sandbox
        sandbox.close()
        log.warning("runtime_not_used", runtime=_STRONGER, because=faults[0])
    return _containers(engine, settings, slot, languages, settings.docker_runtime)


def _containers(
    engine: Engine, settings: Settings, slot: int, languages: frozenset[str] | None, runtime: str | None
) -> DockerSandbox:
    return DockerSandbox(
        engine,
        slot=slot,
        prefix=settings.image_prefix,
        memory_mib=settings.max_memory_mib,
        processes=settings.max_processes,
        wanted=languages,
        runtime=runtime,
        single_use=settings.isolation == "single-use",
        most_containers=settings.max_containers,
        **_means(settings, slot),
    )


def _local(settings: Settings, slot: int, languages: frozenset[str] | None) -> LocalSandbox:
    return LocalSandbox(slot, languages, **_means(settings, slot))


def _means(settings: Settings, slot: int) -> _Means:
    """What both kinds share: lanes, the machine's cores, the compile cache."""
    mib = settings.compile_cache_mib
    cache = CompileCache(settings.data_dir / "compiled", mib) if mib else None
    return {"lanes": settings.lanes, "cores": Cores(slot), "cache": cache}
