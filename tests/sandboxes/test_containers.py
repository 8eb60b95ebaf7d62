"""Containers: what they may not do, when they are thrown away, and that none is left behind."""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from grader.cores import Cores
from grader.docker_sandbox import DockerSandbox, owner_of
from grader.engine import OWNER_LABEL, Container, ContainerSpec, Engine
from grader.sandbox import SandboxUnavailable
from sandboxes.protocol import CaseInput, Outcome, RunRequest

from .conftest import PREFIX
from .programs import COMPILE, ended, limits_of, request_for, runner_of
from .test_hostile import harmless

SECONDS = 30


@pytest.fixture
def small(docker_engine: Engine, slot: int) -> Iterator[DockerSandbox]:
    """A sandbox of the test's own, whose containers have little memory."""
    sandbox = DockerSandbox(docker_engine, slot=slot, prefix=PREFIX, memory_mib=64, processes=64)
    yield sandbox
    sandbox.close()


def container_of(sandbox: DockerSandbox, language: str = "python") -> str:
    return runner_of(sandbox, language).id


def facts_of(engine: Engine, container: str) -> dict[str, Any]:
    return engine._client.api.inspect_container(container)


def wait_until_gone(engine: Engine, container: str) -> None:
    """Raises if the container is still there after a while."""
    try:
        engine._client.api.wait(container, timeout=SECONDS, condition="removed")
    except docker.errors.NotFound:
        return


def test_a_container_may_do_nothing_it_need_not(docker_engine: Engine, small: DockerSandbox, slot: int):
    harmless(small, "python")
    facts = facts_of(docker_engine, container_of(small))
    host, config = facts["HostConfig"], facts["Config"]
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert not host["Binds"]
    assert not host.get("Mounts")
    assert not host["Devices"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert any(
        option.startswith('seccomp={"defaultAction": "SCMP_ACT_ERRNO"') for option in host["SecurityOpt"]
    )
    assert host["Memory"] == host["MemorySwap"] > 0
    assert 0 < host["PidsLimit"] <= 128
    assert host["IpcMode"] == "none"
    assert host["PidMode"] == ""
    assert host["LogConfig"]["Type"] == "none"
    assert config["User"] == f"{64_000 + slot}:{64_000 + slot}"
    assert config["Image"].startswith("sha256:")
    assert config["StdinOnce"] is True
    assert not any("CODEZEST" in variable for variable in config["Env"])


def test_the_report_names_the_image_it_ran_in(docker_engine: Engine, small: DockerSandbox):
    report = small.run(request_for("python", "print(1)"))
    image = docker_engine.image(f"{PREFIX}/python")
    assert image is not None
    assert (report.image, report.isolation) == (image.digest, "boxed")


def test_a_container_that_behaved_is_kept(small: DockerSandbox):
    harmless(small, "python")
    first = container_of(small)
    harmless(small, "python")
    assert container_of(small) == first


def test_a_single_use_container_serves_one_submission(docker_engine: Engine, slot: int):
    sandbox = DockerSandbox(
        docker_engine, slot=slot, prefix=PREFIX, memory_mib=96, processes=64, single_use=True
    )
    try:
        seen: set[str] = set()
        for _ in range(3):
            request = request_for("python", "print(input())", [b"1", b"2"])
            report = sandbox.run(request, lambda _index, _outcome: seen.add(container_of(sandbox)))
            assert [case.stdout for case in report.cases] == [b"1\n", b"2\n"]
            assert report.isolation == "single-use"
        assert len(seen) == 3
        owner = owner_of(os.getpid())
        ours = [labels for labels in docker_engine.owned().values() if labels[OWNER_LABEL] == owner]
    finally:
        sandbox.close()
    assert ours
    for container in seen:
        wait_until_gone(docker_engine, container)


def test_two_lanes_are_two_users(docker_engine: Engine, slot: int, tmp_path: Path):
    cores = Cores(slot, folder=tmp_path / "machine", count=2)
    sandbox = DockerSandbox(
        docker_engine, slot=slot, prefix=PREFIX, memory_mib=96, processes=64, lanes=2, cores=cores
    )
    try:
        request = request_for("python", "print(input())", [str(number).encode() for number in range(40)])
        while runner_of(sandbox, "python", 1) is None:
            report = sandbox.run(request)
            assert [case.stdout for case in report.cases] == [case.stdin + b"\n" for case in request.cases]
        users = {
            facts_of(docker_engine, runner_of(sandbox, "python", lane).id)["Config"]["User"]
            for lane in (0, 1)
        }
    finally:
        sandbox.close()
        cores.close()
    assert users == {f"{64_000 + slot}:{64_000 + slot}", f"{64_064 + slot}:{64_064 + slot}"}


def test_a_kill_by_the_kernel_is_a_verdict_and_ends_the_container(
    docker_engine: Engine, small: DockerSandbox
):
    # The case may have more than the container has: the kernel strikes before we do.
    limits = limits_of("python", memory_mib=4000, cpu_ms=5000, wall_ms=20_000)
    bomb = b"import os\nif input() == 'eat':\n held = []\n while True: held.append(os.urandom(1 << 24))\nprint('well')"
    words = (b"go\n", b"eat\n", b"go\n", b"eat\n", b"go\n")
    request = RunRequest(
        language="python",
        files={"main.py": bomb},
        cases=[CaseInput(stdin=word, limits=limits) for word in words],
        compile_limits=COMPILE,
    )
    harmless(small, "python")
    first = container_of(small)
    outcomes = [case.outcome for case in small.run(request).cases]
    well, eaten = Outcome.EXITED, Outcome.OUT_OF_MEMORY
    assert outcomes == [well, eaten, well, eaten, well]
    assert runner_of(small) is None
    wait_until_gone(docker_engine, first)
    harmless(small, "python")


def test_many_small_eaters_cannot_have_the_runner_killed(small: DockerSandbox):
    # Each is smaller than the runner, and each has tried to make itself a worse victim.
    source = """
import os, time
for _ in range(5): os.fork()
try: open("/proc/self/oom_score_adj", "w").write("0")
except OSError: pass
held = []
while True: held.append(os.urandom(1 << 18))
"""
    case = ended(small, "python", source, memory_mib=4000, cpu_ms=20_000, wall_ms=20_000, processes=40)
    assert case.outcome is Outcome.OUT_OF_MEMORY, case
    harmless(small, "python")


def test_memory_outside_of_processes_is_the_containers(small: DockerSandbox):
    # Pages that no process maps: temporary files, held by nobody's resident memory.
    source = """
import os
for folder in "/tmp", "/dev/shm", "/code":
    with open(folder + "/big", "wb", buffering=0) as file:
        for _ in range(63): file.write(os.urandom(1 << 20))
print("written")
"""
    for _ in range(3):
        case = ended(small, "python", source, cpu_ms=4000, wall_ms=10_000)
        assert (case.outcome, case.stdout) == (Outcome.EXITED, b"written\n")
    harmless(small, "python")


@pytest.mark.parametrize("way", ["kill", "remove"])
def test_a_lost_container_costs_one_run(docker_engine: Engine, small: DockerSandbox, way: str):
    harmless(small, "python")
    container = container_of(small)
    if way == "kill":
        docker_engine._client.api.kill(container)
        wait_until_gone(docker_engine, container)
    else:
        docker_engine.remove(container)
    with pytest.raises(SandboxUnavailable, match="the runner was lost"):
        harmless(small, "python")
    harmless(small, "python")
    assert container_of(small) != container


def test_a_killed_worker_takes_its_container_along(docker_engine: Engine, slot: int):
    argv = [sys.executable, "-m", "tests.sandboxes.dying_worker", "docker", str(slot)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        container = worker.stdout.readline().strip()
        assert facts_of(docker_engine, container)["State"]["Running"]
        worker.kill()
        wait_until_gone(docker_engine, container)


def test_closing_leaves_no_container(docker_engine: Engine, small: DockerSandbox):
    for language in ("python", "c"):
        harmless(small, language)
    containers = [container_of(small, language) for language in ("python", "c")]
    small.close()
    small.close()
    for container in containers:
        wait_until_gone(docker_engine, container)
    assert not set(containers) & set(docker_engine.owned())


def _idle(engine: Engine, owner: str) -> Container:
    """A container that outlives its worker: its runner waits for input that nobody will close."""
    image = engine.image(f"{PREFIX}/python")
    assert image is not None
    spec = ContainerSpec(
        image=image.digest,
        command=["/usr/bin/python3", "-c", "import signal; signal.pause()"],
        uid=64_063,
        memory_mib=64,
        processes=8,
        labels={OWNER_LABEL: owner},
    )
    return engine.start(spec)


def test_only_containers_whose_worker_is_gone_are_removed(docker_engine: Engine, slot: int):
    host, pid, started = owner_of(os.getpid()).split("/")
    with subprocess.Popen(["/bin/true"]) as gone:
        pass
    owners = {
        "of this process": (f"{host}/{pid}/{started}", True),
        "of an earlier process with this number": (f"{host}/{pid}/1", False),
        "of a process that is gone": (f"{host}/{gone.pid}/12345", False),
        "of another host": (f"elsewhere/{gone.pid}/12345", True),
        "with a label that is none": ("nonsense", True),
    }
    made = {what: _idle(docker_engine, owner) for what, (owner, _) in owners.items()}
    try:
        DockerSandbox(docker_engine, slot=slot, prefix=PREFIX, memory_mib=64, processes=64).close()
        left = docker_engine.owned()
        for what, (_, stays) in owners.items():
            if not stays:
                wait_until_gone(docker_engine, made[what].id)
            else:
                assert made[what].id in left, what
    finally:
        for container in made.values():
            container.close()


def test_a_missing_image_is_named_with_its_cure(docker_engine: Engine, slot: int):
    sandbox = DockerSandbox(docker_engine, slot=slot, prefix="nobody", memory_mib=64, processes=64)
    assert sandbox.languages() == {}
    with pytest.raises(SandboxUnavailable, match="no image nobody/python: run `codezest sandboxes build`"):
        harmless(sandbox, "python")


@pytest.mark.parametrize("host", ["unix:///nonexistent/docker.sock", "tcp://127.0.0.1:1"])
def test_an_engine_that_does_not_answer(host: str):
    with pytest.raises(SandboxUnavailable, match="does not answer"):
        Engine(host)
    gc.collect()


def test_an_image_without_a_runner_is_a_platform_fault(docker_engine: Engine):
    spec = ContainerSpec(
        image=f"{PREFIX}/base", command=["/nonexistent"], uid=64_063, memory_mib=64, processes=8, labels={}
    )
    with pytest.raises(SandboxUnavailable, match=r"container of .*/base"):
        docker_engine.start(spec)
