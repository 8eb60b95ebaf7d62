"""Chooses the sandbox by settings: containers where an engine answers and has the images, else local boxes."""

import structlog

from api.core.settings import Settings
from grader.docker_sandbox import DockerSandbox
from grader.engine import Engine
from grader.local_sandbox import LocalSandbox
from grader.sandbox import Sandbox, SandboxUnavailable

log = structlog.get_logger(__name__)


def open_sandbox(settings: Settings, slot: int, languages: frozenset[str] | None = None) -> Sandbox:
    """The sandbox of one grader slot (numbered from 0), for all or some languages.

    Raises:
        SandboxUnavailable: the setting is ``docker`` and no engine answers.
    """
    if settings.sandbox == "local":
        return LocalSandbox(slot, languages)
    try:
        docker = DockerSandbox(
            Engine(settings.docker_host),
            slot=slot,
            prefix=settings.image_prefix,
            memory_mib=settings.max_memory_mib,
            processes=settings.max_processes,
            wanted=languages,
            runtime=settings.docker_runtime,
        )
    except SandboxUnavailable:
        if settings.sandbox == "docker":
            raise
        log.warning("sandbox_is_local", because="no Docker engine answers")
        return LocalSandbox(slot, languages)
    if settings.sandbox == "auto" and not docker.languages():
        docker.close()
        log.warning("sandbox_is_local", because="there are no sandbox images: run `codezest sandboxes build`")
        return LocalSandbox(slot, languages)
    return docker
