"""Real sandboxes for the tests that run foreign code: boxes of this machine, and containers.

A test that takes ``sandbox`` runs in both. Where one cannot be had the test is skipped with the reason, or fails
under ``CODEZEST_REQUIRE=boxes,docker``.
"""

from collections.abc import Iterator

import pytest

from api.core.settings import get_settings
from grader.docker_sandbox import DockerSandbox
from grader.engine import Engine
from grader.images import list_images
from grader.local_sandbox import LocalSandbox
from grader.sandbox import Sandbox, SandboxUnavailable
from grader.slots import take_slot

from .programs import ended

PREFIX = get_settings().image_prefix
MEMORY_MIB, PROCESSES = 1024, 128


@pytest.fixture(scope="session")
def slot() -> Iterator[int]:
    """A grader slot of this machine that nobody else uses."""
    with take_slot() as number:
        yield number


@pytest.fixture(scope="session")
def boxes_sandbox(slot: int) -> Iterator[LocalSandbox]:
    """Boxes without a container."""
    sandbox = LocalSandbox(slot)
    try:
        ended(sandbox, "python", "")
    except SandboxUnavailable as error:
        pytest.skip(f"no boxes on this machine: {error}")
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Engine]:
    """An engine with images made from this source tree."""
    try:
        engine = Engine()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    if stale := [state.name for state in list_images(engine, PREFIX) if not state.current]:
        pytest.skip(f"missing or out of date: {', '.join(stale)}; run `codezest sandboxes build`")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def docker_sandbox(docker_engine: Engine, slot: int) -> Iterator[DockerSandbox]:
    """Boxes in containers."""
    sandbox = DockerSandbox(
        docker_engine, slot=slot, prefix=PREFIX, memory_mib=MEMORY_MIB, processes=PROCESSES
    )
    yield sandbox
    sandbox.close()


@pytest.fixture(
    params=[pytest.param("boxes", marks=pytest.mark.boxes), pytest.param("docker", marks=pytest.mark.docker)]
)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each of the two sandboxes in turn."""
    return request.getfixturevalue(f"{request.param}_sandbox")
