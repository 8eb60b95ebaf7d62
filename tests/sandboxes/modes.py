"""The ways the wall can be built, by the names SECURITY.md uses, and sandboxes of each on slots of this machine."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from api.core.settings import get_settings
from grader.docker_sandbox import DockerSandbox
from grader.engine import Engine
from grader.local_sandbox import LocalSandbox
from grader.sandbox import Sandbox
from grader.slots import take_slot

MEMORY_MIB, PROCESSES = 1024, 128
#: How many slots work at once where the pool is not one.
POOL = 4


@dataclass(frozen=True)
class Mode:
    """``needs`` is the capability of `tests/require.py` without which there is nothing to test. ``make test`` runs one
    attack in ``every`` so many, and `make hostile` all."""

    name: str
    needs: str
    options: dict[str, Any] = field(default_factory=dict)
    every: int = 1

    @property
    def in_containers(self) -> bool:
        return self.needs == "docker"

    def open(self, slot: int) -> Sandbox:
        """The sandbox of one slot; `open_slots` closes it. Raises SandboxUnavailable."""
        if not self.in_containers:
            return LocalSandbox(slot)
        prefix = get_settings().image_prefix
        given = {"slot": slot, "prefix": prefix, "memory_mib": MEMORY_MIB, "processes": PROCESSES}
        return DockerSandbox(Engine(), **given, **self.options)


MODES = (
    Mode("local", "boxes"),
    Mode("boxed", "docker"),
    Mode("single-use", "docker", {"single_use": True}, every=3),
)


@contextmanager
def open_slots(mode: Mode, count: int) -> Iterator[list[Sandbox]]:
    """Sandboxes on ``count`` slots that nobody else of this machine uses."""
    with ExitStack() as held:
        sandboxes = []
        for _ in range(count):
            sandbox = mode.open(held.enter_context(take_slot()))
            held.callback(sandbox.close)
            sandboxes.append(sandbox)
        yield sandboxes
