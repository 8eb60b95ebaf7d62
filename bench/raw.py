"""The yardstick: every case by fork and exec from a C program (`rawrun.c`), with no sandbox at all.

Debian's interpreters and compilers, a clean environment, input from a file, output compared byte for byte, one case
after the other.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.turns import Ask, Batch, ContenderFailed
from bench.work import Submission, Workloads

_HERE = Path(__file__).parent
_MAIN = {"python": "main.py", "cpp": "main.cpp", "java": "Main.java", "javascript": "main.js", "c": "main.c"}

Commands = Callable[[str, Path], tuple[list[str], list[str]]]
"""(language, folder of the source) -> how it is compiled (empty: not at all) and how it is run."""


def commands(language: str, folder: Path) -> tuple[list[str], list[str]]:
    """The usual commands, without any tuning."""
    main = str(folder / _MAIN[language])
    match language:
        case "c":
            return ["/usr/bin/gcc", "-O2", "-o", f"{folder}/main", main], [f"{folder}/main"]
        case "cpp":
            return ["/usr/bin/g++", "-O2", "-std=c++17", "-o", f"{folder}/main", main], [f"{folder}/main"]
        case "java":
            java = [_real("/usr/bin/java"), "-cp", str(folder), "Main"]
            return [_real("/usr/bin/javac"), "-d", str(folder), main], java
        case "javascript":
            return [], ["/usr/bin/node", main]
        case _:
            return [], ["/usr/bin/python3", main]


def _real(program: str) -> str:
    # Debian's links lead through /etc/alternatives; looking them up each time is no part of the yardstick.
    return os.path.realpath(program)


class Bare:
    """The runner, compiled, and the workloads laid out in ``folder``. ``root``, which ``folder`` is in: what the runner
    is to take for its root directory, so that it finds other programs than this machine's."""

    def __init__(
        self, folder: Path, made: Workloads, how: Commands = commands, root: Path = Path("/")
    ) -> None:
        self.program = folder / "rawrun"
        self.folder, self._root = folder, root
        folder.mkdir(exist_ok=True)
        subprocess.run(["/usr/bin/gcc", "-O2", "-static", "-o", self.program, _HERE / "rawrun.c"], check=True)
        for name, submissions in made.items():
            (folder / name).mkdir()
            lines = [
                line
                for number, submission in enumerate(submissions)
                for line in _lay_out(folder / name / str(number), submission, how)
            ]
            text = "".join(line + "\n" for line in lines)
            self._manifest(name).write_text(text.replace(f"{root}/", "/") if root != Path("/") else text)

    def _manifest(self, workload: str) -> Path:
        return self.folder / workload / "manifest"

    def command(self, turn: Ask) -> list[str]:
        """What does one turn."""
        inside = [
            Path("/") / path.relative_to(self._root) for path in (self.program, self._manifest(turn.workload))
        ]
        words = (turn.seconds, turn.minimum, 1, turn.start, turn.step, inside[1])
        change_root = [] if self._root == Path("/") else ["/usr/sbin/chroot", str(self._root)]
        return [*change_root, *(str(word) for word in (inside[0], *words))]


def _lay_out(folder: Path, submission: Submission, how: Commands) -> Iterator[str]:
    folder.mkdir(parents=True)
    (folder / _MAIN[submission.language]).write_text(submission.source)
    compiler, program = how(submission.language, folder)
    yield "S"
    if submission.built:
        subprocess.run(compiler, check=True)
    elif compiler:
        yield "\t".join(["C", *compiler])
    for number, (given, wanted) in enumerate(submission.cases):
        inputs, outputs = folder / f"{number}.in", folder / f"{number}.out"
        inputs.write_text(given)
        outputs.write_text(wanted)
        yield "\t".join(["T", str(inputs), str(outputs), *program])


class RawWorker:
    """One process of the bare runner at a time; a worker as `bench.turns.Worker` describes it. ``elsewhere``: workloads
    that are run in another root."""

    def __init__(self, bare: Bare, elsewhere: dict[str, Bare] | None = None) -> None:
        self._bare, self._elsewhere = bare, elsewhere or {}
        self._process: subprocess.Popen[str] | None = None

    def ask(self, turn: Ask) -> None:
        argv = self._elsewhere.get(turn.workload, self._bare).command(turn)
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)

    def answer(self) -> Batch:
        assert self._process is not None
        output, _ = self._process.communicate()
        if self._process.returncode:
            raise ContenderFailed(f"the bare runner ended with {self._process.returncode}")
        return read_batch(output)

    def close(self) -> None:
        """Nothing is left to end: the runner lives for one turn."""


def read_batch(output: str) -> Batch:
    """The runner's lines (number, nanoseconds, cases passed, cases; last ``elapsed``). Raises ContenderFailed if a
    case gave a wrong output."""
    *rows, last = (line.split() for line in output.splitlines())
    if any(row[2] != row[3] for row in rows):
        raise ContenderFailed("the bare runs do not give the right outputs")
    return Batch([int(row[1]) / 1e9 for row in rows], int(last[1]) / 1e9)
