"""The runner: takes requests from the grader, runs each case in a fresh box, reports what happened.

Theory of operation
-------------------
One runner serves one grader slot and does one thing at a time. In a container it is process 1; locally it is a process
of an unprivileged user. It speaks `protocol.py` on standard input and output, and ends when its input ends: a grader
that dies takes its runners and their boxes along.

It is the only process behind the wall that holds a submission's data, and foreign code never runs in it. The launcher
(`launcher.py`) makes boxes and sees no data; a box gets the files and the input of its one case as memory files.
While a case runs, the next box is already being made.

`watch.py` does the watching.
"""

import contextlib
import fcntl
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sandboxes import counters, kernel, languages, protocol
from sandboxes.boxes import Launcher, MemoryFile, RunnerFault, reap
from sandboxes.job import Job, pack_files
from sandboxes.protocol import CaseOutcome, Limits, Outcome, RunRequest
from sandboxes.watch import Watcher

_BOXES_PER_LAUNCHER = 2000
_BOXES_TRIED = 3


class StandardStreams:
    """The grader's end: frames come on descriptor 0 and go out on a copy of 1 that no child ever gets."""

    def __init__(self) -> None:
        self._in = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 500)
        self._out = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 500)
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.close(null)

    @property
    def lifeline(self) -> int:
        """A descriptor that hangs up when the grader goes."""
        return self._in

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._out, view) :]

    def receive(self, size: int) -> bytes:
        data = os.read(self._in, size)
        if not data:
            raise EOFError
        return data


class Runner:
    """Serves requests for one language, or for all this machine can run (``language`` None)."""

    def __init__(self, language: str | None, stream: StandardStreams) -> None:
        self._language, self._stream = language, stream
        self._watcher = Watcher(counters.Container() if os.getpid() == 1 else None, stream.lifeline)
        self._launcher: Launcher | None = None

    def serve(self) -> None:
        """Answers requests until the grader closes its end."""
        self._prove()
        hello = {"type": "hello", "protocol": protocol.PROTOCOL_VERSION, "language": self._language}
        self._stream.send(protocol.encode(hello))
        try:
            while True:
                self._answer(*protocol.parse_request(*protocol.read_frame(self._stream)))
        except EOFError:
            pass
        finally:
            self._let_launcher_go()

    def _prove(self) -> None:
        """Makes a box, so that the grader hears now, and not with its first run, if none can be made here."""
        launcher = self._fresh_launcher()
        launcher.take().close()
        launcher.ask()

    def _answer(self, tag: str, request: RunRequest) -> None:
        seq = _Sequence(self._stream, tag)
        try:
            self._run(request, seq)
            seq.send({"type": "done", "worn": self._watcher.worn})
        except (RunnerFault, OSError) as error:
            seq.send({"type": "fault", "message": str(error)[:500]})

    def _visible(self) -> list[list[str]]:
        """What boxes see beyond the system directories: the harness files."""
        served = [self._language] if self._language else list(languages.languages())
        return [[str(languages.HERE / name), f"{languages.HARNESS_DIRECTORY}/{name}"] for name in served]

    def _fresh_launcher(self) -> Launcher:
        # Only ever replaced while no program runs: boxes end with the launcher that made them.
        if self._launcher is not None and self._launcher.made >= _BOXES_PER_LAUNCHER:
            self._let_launcher_go()
        if self._launcher is None:
            self._launcher = Launcher(self._visible())
        return self._launcher

    def _let_launcher_go(self) -> None:
        if self._launcher is not None:
            self._launcher.close()
            self._launcher = None
        reap()  # as process 1 of a container we inherit its boxes

    def _run(self, request: RunRequest, seq: "_Sequence") -> None:
        language = languages.languages().get(request.language)
        if language is None or self._language not in (None, request.language):
            raise RunnerFault(f"this runner does not serve {request.language!r}")
        with contextlib.ExitStack() as held:
            files = held.enter_context(MemoryFile(pack_files(request.files)))
            for argv in language.compile:
                made = held.enter_context(MemoryFile())
                outcome = self._compile(
                    language, argv, sorted(request.files), files, made, request.compile_limits
                )
                if not outcome.ended_well or argv is language.compile[-1]:
                    seq.send_outcome("compiled", outcome)
                if not outcome.ended_well:
                    return
                made.seal()
                files = made
            self._run_cases(language, files, request, seq)

    def _compile(
        self,
        language: languages.Language,
        argv: tuple[str, ...],
        sources: list[str],
        files: MemoryFile,
        made: MemoryFile,
        limits: Limits,
    ) -> CaseOutcome:
        filled = language.fill(argv, sources, limits.memory_mib)
        job = Job(filled, language.full_environment(), *_backstops(limits), collect=True)
        outcome = self._in_box(job, files, b"", limits, made)
        if outcome.outcome is Outcome.EXITED and outcome.exit_code != 0:
            return replace(outcome, outcome=Outcome.NOT_COMPILED)
        return outcome

    def _run_cases(
        self, language: languages.Language, files: MemoryFile, request: RunRequest, seq: "_Sequence"
    ) -> None:
        until = time.monotonic() + request.total_wall_ms / 1000
        broken: set[str] = set()
        names = sorted(request.files)
        for index, case in enumerate(request.cases):
            if case.chain in broken or time.monotonic() > until:
                seq.send_outcome("case", CaseOutcome(outcome=Outcome.SKIPPED), index)
                continue
            job = self._case_job(language, names, request, case.limits)
            outcome = self._in_box(job, files, case.stdin, case.limits)
            seq.send_outcome("case", outcome, index)
            if outcome.outcome is Outcome.NOT_COMPILED:
                return
            if case.chain and not outcome.ended_well:
                broken.add(case.chain)

    def _case_job(
        self, language: languages.Language, names: list[str], request: RunRequest, limits: Limits
    ) -> Job:
        argv, environment = language.run, language.full_environment()
        if request.function is not None:
            if language.harness is None:
                raise RunnerFault(f"{language.name} has no harness for functions")
            argv = language.harness_run
            signature = {"name": request.function.name, "parameters": request.function.parameters}
            environment["CODEZEST_FUNCTION"] = json.dumps({**signature, "returns": request.function.returns})
        filled = language.fill(argv, names, limits.memory_mib)
        script = (
            next((word for word in filled if word.endswith(".py")), "") if language.warm == "python" else ""
        )
        return Job(
            filled, environment, *_backstops(limits), script=script, channel=request.function is not None
        )

    def _in_box(
        self, job: Job, files: MemoryFile, stdin: bytes, limits: Limits, made: MemoryFile | None = None
    ) -> CaseOutcome:
        for _ in range(_BOXES_TRIED):
            launcher = self._fresh_launcher()
            try:
                running = self._watcher.start(launcher.take(), job, files, stdin, limits, made)
            except ConnectionError:
                continue  # the kernel, short of memory, had taken the waiting box
            launcher.ask()  # the next box is made while this one works
            return self._watcher.finish(running)
        raise RunnerFault("boxes end before anything has run in them")


class _Sequence:
    """Numbers the frames of one request."""

    def __init__(self, stream: StandardStreams, tag: str) -> None:
        self._stream, self._tag, self._next = stream, tag, 0

    def send(self, header: dict[str, Any]) -> None:
        self._stream.send(protocol.encode({**header, "tag": self._tag, "seq": self._next}))
        self._next += 1

    def send_outcome(self, kind: str, outcome: CaseOutcome, index: int | None = None) -> None:
        self._stream.send(protocol.outcome_frame(kind, self._tag, self._next, outcome, index))
        self._next += 1


def _backstops(limits: Limits) -> tuple[int, int]:
    return limits.cpu_ms // 1000 + 1, limits.processes


def main() -> None:
    """``runner.py [LANGUAGE]``: serves the grader on standard input and output."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    streams = StandardStreams()
    kernel.set_dumpable(False)
    try:
        Runner(sys.argv[1] if len(sys.argv) > 1 else None, streams).serve()
    except BrokenPipeError:
        sys.exit(1)  # the grader has gone: there is nobody to tell
    except RunnerFault as error:
        streams.send(protocol.encode({"type": "fault", "tag": "", "seq": 0, "message": str(error)}))
        sys.exit(1)


if __name__ == "__main__":
    main()
