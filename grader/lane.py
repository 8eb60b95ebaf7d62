"""A lane: a warm runner with its stream."""

from dataclasses import dataclass
from typing import Protocol

from grader.board import Board
from grader.link import Link


class Running(Protocol):
    """The container or process that the runner is."""

    def close(self) -> None: ...


@dataclass
class Lane:
    """A runner that waits for its next request. ``image`` names what it runs in, ``build`` all that its compilers
    depend on. ``runs``: how many submissions it served, probes not counted. ``holds``: the board whose program the
    runner had last, which need not be sent again."""

    link: Link
    runner: Running
    image: str
    build: str
    runs: int = 0
    holds: Board | None = None
