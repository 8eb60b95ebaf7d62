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
from sandboxes.boxes import Launcher, MemoryFile, RunnerFault, kernel_limits, reap
from sandboxes.compiled import Compiled
from sandboxes.job import CODE, Job, pack_files
from sandboxes.protocol import CaseOutcome, Limits, Outcome, RunRequest
from sandboxes.resident import Residents
from sandboxes.watch import Watcher, overshoot

_BOXES_PER_LAUNCHER = 2000
_BOXES_TRIED = 3
_MOST_HELD, _HELD_SECONDS = 1 << 16, 0.05
_PROBE = Path(__file__).with_name("probe.py")


class StandardStreams:
    """The grader's end: frames come on descriptor 0 and go out on a copy of 1 that no child ever gets."""

    def __init__(self) -> None:
        self._in = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 500)
        self._out = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 500)
        self._held, self._held_until = b"", 0.0
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.close(null)

    @property
    def lifeline(self) -> int:
        """A descriptor that hangs up when the grader goes."""
        return self._in

    def hold(self, data: bytes) -> None:
        """Sends it with what comes next, or soon: each piece on its way to the grader wakes a row of processes."""
        if not self._held:
            self._held_until = time.monotonic() + _HELD_SECONDS
        self._held += data
        if len(self._held) > _MOST_HELD or time.monotonic() > self._held_until:
            self.flush()

    def flush(self) -> None:
        """Sends what was held back."""
        if self._held:
            self.send(b"")

    def send(self, data: bytes) -> None:
        view = memoryview(self._held + data)
        self._held = b""
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
        container = counters.Container() if os.getpid() == 1 else None
        self._watcher = Watcher(container, stream.lifeline, stream.flush)
        self._launcher: Launcher | None = None
        self._files: MemoryFile | None = None
        self._residents = Residents(stream.lifeline)
        self._library = Compiled()

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
            self._library.close()

    def _prove(self) -> None:
        """Makes a box, so that the grader hears now, and not with its first run, if none can be made here."""
        launcher = self._fresh_launcher()
        launcher.take().close()
        launcher.ask()

    def _answer(self, tag: str, request: RunRequest) -> None:
        seq = _Sequence(self._stream, tag)
        try:
            self._residents.rest()
            compiled = self._run(request, seq)
            seq.send({"type": "done", "worn": self._watcher.worn})
            if compiled is not None:
                self._residents.invite(compiled, self._fresh_launcher())
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
            self._launcher = Launcher(self._visible(), str(self._library.path))
        return self._launcher

    def _let_launcher_go(self) -> None:
        self._residents.close()  # their boxes end with the launcher
        if self._launcher is not None:
            self._launcher.close()
            self._launcher = None
        reap()  # as process 1 of a container we inherit its boxes

    def _run(self, request: RunRequest, seq: "_Sequence") -> languages.Language | None:
        """Serves a request. The language whose compiler was needed, and may be needed again; None if none was."""
        language = languages.languages().get(request.language)
        if language is None or self._language not in (None, request.language):
            raise RunnerFault(f"this runner does not serve {request.language!r}")
        if request.asks_version:
            if not language.version:
                raise RunnerFault(f"{language.name} does not say how its version is told")
            language = language.telling_version()
        if request.probe:
            self._probe(language, request, seq)
        elif self._take_files(language, request, seq):
            self._run_cases(language, request, seq)
        return None if request.probe or request.again or request.artefact is not None else language

    def _take_files(self, language: languages.Language, request: RunRequest, seq: "_Sequence") -> bool:
        """Gets hold of what boxes are to find in ``/code``; False if the compiler refused it."""
        if request.again:
            if self._files is None:
                raise RunnerFault("there was no request before this one")
            return True
        self._let_files_go()
        if request.artefact is not None:
            self._files = MemoryFile(request.artefact)
            return True
        self._files = MemoryFile(pack_files(request.files))
        for argv in language.compile:
            is_last = argv is language.compile[-1]
            if not self._compile(language, argv, request, seq, is_last=is_last):
                return False
        return True

    def _let_files_go(self) -> None:
        if self._files is not None:
            self._files.close()
            self._files = None

    def _compile(
        self,
        language: languages.Language,
        argv: tuple[str, ...],
        request: RunRequest,
        seq: "_Sequence",
        *,
        is_last: bool,
    ) -> bool:
        """One step of compiling; what it made takes the place of the files. False, and said so, if it failed."""
        assert self._files is not None
        made = MemoryFile()
        try:
            outcome = self._ask_resident(language, argv, request, made) or self._step(
                language, argv, request, made
            )
            if outcome.ended_well:
                made.seal()
                self._files, made = made, self._files
        finally:
            made.close()
        if outcome.ended_well and not is_last:
            return True
        if outcome.ended_well and request.share:
            outcome = replace(outcome, returned=self._files.read())
        seq.send_outcome("compiled", outcome)
        return outcome.ended_well

    def _ask_resident(
        self, language: languages.Language, argv: tuple[str, ...], request: RunRequest, made: MemoryFile
    ) -> CaseOutcome | None:
        assert self._files is not None
        limits = request.compile_limits
        filled = language.fill(argv, sorted(request.files), limits.memory_mib)
        return self._residents.compile(language, filled, self._files, limits, made)

    def _step(
        self,
        language: languages.Language,
        argv: tuple[str, ...],
        request: RunRequest,
        made: MemoryFile | None = None,
    ) -> CaseOutcome:
        limits = request.compile_limits
        filled = language.fill(argv, sorted(request.files), limits.memory_mib)
        job = Job(filled, language.full_environment(), _backstops(limits), collect=made is not None)
        outcome = self._in_box(job, b"", limits, made)
        if outcome.outcome is Outcome.EXITED and outcome.exit_code != 0:
            return replace(outcome, outcome=Outcome.NOT_COMPILED)
        return outcome

    def _run_cases(self, language: languages.Language, request: RunRequest, seq: "_Sequence") -> None:
        until = time.monotonic() + request.total_wall_ms / 1000
        broken: set[str] = set()
        unchecked = bool(language.check)
        jobs: dict[Limits, Job] = {}
        for index, case in enumerate(request.cases):
            if case.chain in broken or time.monotonic() > until:
                seq.send_outcome("case", CaseOutcome(outcome=Outcome.SKIPPED), index)
                continue
            job = jobs.get(case.limits) or self._case_job(language, request, case.limits)
            jobs[case.limits] = job
            outcome = self._in_box(job, case.stdin, case.limits)
            if unchecked and outcome.outcome is Outcome.EXITED and outcome.exit_code != 0:
                unchecked = False
                outcome = self._check(language, request) or outcome
            seq.send_outcome("case", outcome, index)
            if outcome.outcome is Outcome.NOT_COMPILED:
                return
            if case.chain and not outcome.ended_well:
                broken.add(case.chain)

    def _check(self, language: languages.Language, request: RunRequest) -> CaseOutcome | None:
        """What is wrong with a program that has ended badly, if it is not one at all."""
        steps = (self._step(language, argv, request) for argv in language.check)
        return next((outcome for outcome in steps if outcome.outcome is Outcome.NOT_COMPILED), None)

    def _probe(self, language: languages.Language, request: RunRequest, seq: "_Sequence") -> None:
        self._let_files_go()
        self._files = MemoryFile(pack_files({_PROBE.name: _PROBE.read_bytes()}))
        script = f"{CODE}/{_PROBE.name}"
        for index, case in enumerate(request.cases):
            environment = language.full_environment()
            job = Job(
                [languages.interpreter(), "-B", script], environment, _backstops(case.limits), script=script
            )
            seq.send_outcome("case", self._in_box(job, case.stdin, case.limits), index)

    def _case_job(self, language: languages.Language, request: RunRequest, limits: Limits) -> Job:
        argv, environment = language.run, language.full_environment()
        if request.function is not None:
            if language.harness is None:
                raise RunnerFault(f"{language.name} has no harness for functions")
            argv = language.harness_run
            signature = {"name": request.function.name, "parameters": request.function.parameters}
            environment["CODEZEST_FUNCTION"] = json.dumps({**signature, "returns": request.function.returns})
        filled = language.fill(argv, sorted(request.files), limits.memory_mib)
        script = (
            next((word for word in filled if word.endswith(".py")), "") if language.warm == "python" else ""
        )
        return Job(
            filled, environment, _backstops(limits), script=script, channel=request.function is not None
        )

    def _in_box(self, job: Job, stdin: bytes, limits: Limits, made: MemoryFile | None = None) -> CaseOutcome:
        assert self._files is not None
        for _ in range(_BOXES_TRIED):
            launcher = self._fresh_launcher()
            try:
                running = self._watcher.start(launcher.take(), job, self._files, stdin, limits, made)
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
        """A case's outcome waits for the next one's, but only while that is quicker than a look at it."""
        frame = protocol.outcome_frame(kind, self._tag, self._next, outcome, index)
        self._stream.send(frame) if index is None else self._stream.hold(frame)
        self._next += 1


def _backstops(limits: Limits) -> list[tuple[int, int, int]]:
    return kernel_limits(overshoot(limits.cpu_ms) // 1000 + 1, limits.processes)


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
