"""Other container runtimes than the engine's own: each keeps every wall, or is refused with the wall it lacks by name.

Which of the two it is depends on the runtime's version and on the machine, so both pass; what must never be is a
runtime in which some boxes come to be and some walls do not.
"""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from grader.docker_sandbox import DockerSandbox
from grader.engine import Engine
from grader.sandbox import SandboxUnavailable
from grader.selftest import check_sandbox
from sandboxes import kernel

from .attacks import HOSTILE, word_for
from .conftest import MEMORY_MIB, PREFIX, PROCESSES
from .programs import ended

NAMESPACES = ("user", "pid", "mnt", "net", "ipc", "uts", "cgroup")
ALL_FLAGS = 0x7E020000
#: What a refusal must say: the wall that is missing, or why the engine cannot even start the container.
REFUSALS = ("shows no fresh namespace: ", "OCI runtime create failed: ")
#: Run by an interpreter of its own, for nothing leads back into the old namespaces.
HALF_A_BOX = """
from sandboxes import kernel
before = kernel.namespaces()
kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
kernel.expect_fresh(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS, before)
kernel.expect_fresh(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS, before)
"""


@pytest.fixture(
    params=[
        pytest.param("runsc", marks=[pytest.mark.docker, pytest.mark.runsc]),
        pytest.param("crun", marks=[pytest.mark.docker, pytest.mark.crun]),
    ]
)
def runtime(request: pytest.FixtureRequest, docker_engine: Engine) -> str:
    """A runtime that the engine offers."""
    if request.param not in docker_engine.runtimes():
        pytest.skip(f"the engine offers no runtime {request.param}")
    return request.param


@pytest.fixture
def python_sandbox(docker_engine: Engine, slot: int, runtime: str) -> Iterator[DockerSandbox]:
    """Containers of that runtime, for Python."""
    sandbox = DockerSandbox(
        docker_engine,
        slot=slot,
        prefix=PREFIX,
        memory_mib=MEMORY_MIB,
        processes=PROCESSES,
        wanted=frozenset({"python"}),
        runtime=runtime,
    )
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize("kind", NAMESPACES)
def test_a_namespace_that_is_not_fresh_is_named(kind: str, monkeypatch: pytest.MonkeyPatch):
    before = {name: f"{name}:[1]" for name in NAMESPACES}
    after = {name: f"{name}:[2]" for name in NAMESPACES}
    monkeypatch.setattr(kernel, "namespaces", lambda: after | {kind: before[kind]})
    with pytest.raises(OSError, match=rf"no fresh namespace: {kind}$"):
        kernel.expect_fresh(ALL_FLAGS, before)


@pytest.mark.parametrize("kind", NAMESPACES)
def test_so_is_one_that_the_kernel_does_not_show(kind: str, monkeypatch: pytest.MonkeyPatch):
    shown = [name for name in NAMESPACES if name != kind]
    monkeypatch.setattr(kernel, "namespaces", lambda: {name: f"{name}:[2]" for name in shown})
    with pytest.raises(OSError, match=rf"no fresh namespace: {kind}$"):
        kernel.expect_fresh(ALL_FLAGS, {name: f"{name}:[1]" for name in shown})


def test_only_those_asked_for_must_be_fresh():
    now = kernel.namespaces()
    assert set(now) == set(NAMESPACES)
    kernel.expect_fresh(0, now)
    with pytest.raises(OSError, match=r"no fresh namespace: mnt, net$"):
        kernel.expect_fresh(kernel.CLONE_NEWNS | kernel.CLONE_NEWNET, now)


@pytest.mark.boxes
@pytest.mark.usefixtures("boxes_sandbox")
def test_the_kernel_s_own_word_is_taken():
    done = subprocess.run([sys.executable, "-c", HALF_A_BOX], capture_output=True, text=True)
    assert done.stderr.rstrip().endswith("shows no fresh namespace: uts"), done.stderr


def test_a_runtime_keeps_every_wall_or_is_refused_by_name(python_sandbox: DockerSandbox, runtime: str):
    faults = check_sandbox(python_sandbox)
    if not faults:
        assert _not_held(python_sandbox) == []
        return
    assert all(any(refusal in fault for refusal in REFUSALS) for fault in faults), faults
    with pytest.raises(SandboxUnavailable):
        ended(python_sandbox, "python", "print(1)")


def _not_held(sandbox: DockerSandbox) -> list[str]:
    """The hostile Python programs that got what they must not get."""
    programs = sorted((HOSTILE / "python").glob("exited.*"))
    endings = {path.name: ended(sandbox, "python", path.read_bytes()) for path in programs}
    return [
        f"{name} came to {word_for(case)}: {case.stdout!r}"
        for name, case in endings.items()
        if not (case.ended_well and case.stdout.startswith(b"held") and b"escaped" not in case.stdout)
    ]
