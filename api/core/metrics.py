"""The one door to prometheus_client: metrics are declared, counted and told through here.

Theory of operation
-------------------
A metric is declared at import and made at its first use. Until then `share` may decide where its numbers live: in this
process alone (the default), or in files of a folder that several processes of one host have in common, so that one
endpoint can tell the numbers of all.

In such a folder every process has a number of its own, the lowest that is free, held by a lock that the kernel takes
back however the process ends. Whoever takes over a number goes on counting in its files: a counter never falls when a
grader dies, and a grader that is started again and again leaves nothing behind. A gauge says what is now, so those of
a number that nobody holds are left out, and a new holder begins without them.

The files are allocated in full before they are mapped: a full disk refuses that in words, where a write to a hole
would end the process.

Label values come from short lists (languages, stages, kinds): never an id, never what a user has typed.
"""

import fcntl
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    start_http_server,
    values,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.core.settings import export_metrics_folder, metrics_folder

log = structlog.get_logger(__name__)

# The library would choose by the environment alone, and fail where the folder does. See `share`.
values.ValueClass = values.MutexValue
disable_created_metrics()  # half of all series, which nobody asks for

CONTENT_TYPE = CONTENT_TYPE_LATEST
Family = Metric  # for those who hand one on

_MOST_PROCESSES = 256
#: Bytes allocated for each kind of metric; ten times what all series of a grader take.
_FILES = {"counter": 1 << 18, "gauge_livesum": 1 << 16, "histogram": 1 << 21}
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Declared(NamedTuple):
    """What is known of a metric before it has a number. ``kind``: counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]


#: Every metric of ours that has been declared, by name.
DECLARED: dict[str, Declared] = {}


_METERS: list["Meter"] = []


class Meter:
    """A metric that this process counts itself; labels are given by name, all of them."""

    def __init__(self, declared: Declared, make: Callable[[], Any]) -> None:
        self._declared, self._make = declared, make
        _METERS.append(self)

    @property
    def is_plain_counter(self) -> bool:
        """Whether it is a single number that only grows."""
        return self._declared.kind == "counter" and not self._declared.labels

    @cached_property
    def _metric(self) -> Any:
        return self._make()

    def _child(self, labels: Mapping[str, str]) -> Any:
        if not self._declared.labels:
            return self._metric
        return self._metric.labels(*(labels[name] for name in self._declared.labels))

    def of(self, **labels: str) -> Any:
        """The metric with its labels filled in, which has ``inc``, ``dec`` and ``observe``: for who counts so often
        that the look-up is what counting costs. Take it after `share` only."""
        return self._child(labels)

    def inc(self, amount: float = 1, **labels: str) -> None:
        """Counts up; a gauge down as well, by a negative amount."""
        self._child(labels).inc(amount)

    def set(self, value: float, **labels: str) -> None:
        """What a gauge is now."""
        self._child(labels).set(value)

    def observe(self, value: float, **labels: str) -> None:
        """One value of a histogram."""
        self._child(labels).observe(value)


class Told:
    """A metric whose numbers are looked up when somebody asks: told as a whole, never counted."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared

    def family(self, *numbers: tuple[float, *tuple[str, ...]]) -> Family:
        """Its numbers: each a value, and then the label values in their order."""
        make = CounterMetricFamily if self._declared.kind == "counter" else GaugeMetricFamily
        family = make(self._declared.name, self._declared.help, labels=self._declared.labels)
        for value, *labels in numbers:
            family.add_metric(labels, value)
        return family


def counter(name: str, help: str, *labels: str) -> Meter:
    """Declares a counter; its name ends in ``_total``."""
    return Meter(_declare(name, "counter", help, labels), lambda: Counter(name, help, labels))


def gauge(name: str, help: str, *labels: str) -> Meter:
    """Declares a gauge; over the processes of a host it is the sum of those that live."""
    make = lambda: Gauge(name, help, labels, multiprocess_mode="livesum")  # noqa: E731
    return Meter(_declare(name, "gauge", help, labels), make)


def seconds(name: str, help: str, *labels: str, buckets: Sequence[float] = _SECONDS) -> Meter:
    """Declares a histogram of seconds; its name ends in ``_seconds``."""
    make = lambda: Histogram(name, help, labels, buckets=buckets)  # noqa: E731
    return Meter(_declare(name, "histogram", help, labels), make)


def told(name: str, help: str, *labels: str) -> Told:
    """Declares a metric that is looked up when somebody asks; a counter if its name ends in ``_total``."""
    return Told(_declare(name, "counter" if name.endswith("_total") else "gauge", help, labels))


def _declare(name: str, kind: str, help: str, labels: tuple[str, ...]) -> Declared:
    declared = Declared(name, kind, help, labels)
    if DECLARED.setdefault(name, declared) != declared:
        raise ValueError(f"the metric {name} is declared twice")
    return declared


_RESIDENT = told(
    "codezest_process_resident_memory_bytes", "Memory in use, of each process that lives", "process"
)
_CPU = told("codezest_process_cpu_seconds_total", "Processor time, of each process that lives", "process")
_held: list[int] = []  # the lock of this process's number, open as long as it lives


def share() -> bool:
    """Keeps this process's numbers in the host's folder from here on, if the environment names one; whether it does.

    Call it before anything is counted. Trouble with the folder is logged: nothing that is watched may fail because
    it is.
    """
    folder = metrics_folder()
    if folder is None or _held:
        return bool(_held)
    try:
        number = _take_number(folder)
    except OSError as error:
        log.error("metrics_not_shared", folder=str(folder), error=str(error))
        return False
    values.ValueClass = values.MultiProcessValue(lambda: number)  # pyright: ignore[reportArgumentType]
    return True


def start_at_zero() -> None:
    """Tells 0 for every counter that is a single number: what appears with its first event has, for a rule about its
    increase, not increased."""
    for meter in _METERS:
        if meter.is_plain_counter:
            meter.inc(0)


def _take_number(folder: Path) -> int:
    for number in range(_MOST_PROCESSES):
        handle = os.open(_lock_of(folder, number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        try:
            os.ftruncate(handle, 0)
            os.write(handle, str(os.getpid()).encode())
            _prepare(folder, number)
        except OSError:
            os.close(handle)
            raise
        _held.append(handle)
        return number
    raise OSError(f"more than {_MOST_PROCESSES} processes")


def _lock_of(folder: Path, number: int) -> Path:
    return folder / f"{number}.lock"


def _prepare(folder: Path, number: int) -> None:
    for kind, size in _FILES.items():
        path = folder / f"{kind}_{number}.db"
        if path.exists() and (kind.startswith("gauge") or not _is_whole(path)):
            path.unlink()
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(handle, 0, size)
        finally:
            os.close(handle)


def _is_whole(path: Path) -> bool:
    # The library believes what it reads; its file begins with the length of what is used.
    used = int.from_bytes(path.read_bytes()[:4], sys.byteorder, signed=True)
    if not 0 <= used <= path.stat().st_size:
        return False
    try:
        for key, *_ in MmapedDict.read_all_values_from_file(path) if used else ():
            json.loads(key)
    except Exception:  # whatever a damaged file leads to
        return False
    return True


class SharedNumbers(Collector):
    """What all processes of a folder have counted, and what those that live use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Family]:
        """All of it, as it is now."""
        living = dict(self._living())
        files = [str(path) for path in sorted(self._folder.glob("*.db")) if self._counts(path, living)]
        yield from MultiProcessCollector.merge(files)
        usage = [(number, used) for number, pid in living.items() if (used := _usage(pid)) is not None]
        yield _RESIDENT.family(*((used.resident_bytes, str(number)) for number, used in usage))
        yield _CPU.family(*((used.cpu_seconds, str(number)) for number, used in usage))

    def _counts(self, path: Path, living: Mapping[int, int]) -> bool:
        kind, _, number = path.stem.rpartition("_")
        return number.isdigit() and (not kind.startswith("gauge") or int(number) in living)

    def _living(self) -> Iterator[tuple[int, int]]:
        """The numbers that are held, with their process ids."""
        for path in sorted(self._folder.glob("*.lock")):
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    pid = file.read()
                    if pid.isdigit():
                        yield int(path.stem), int(pid)


class _Usage(NamedTuple):
    resident_bytes: float
    cpu_seconds: float


def _usage(pid: int) -> _Usage | None:
    try:
        facts = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        ticks = int(facts[11]) + int(facts[12])
        return _Usage(int(facts[21]) * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, IndexError, ValueError):
        return None  # it has ended meanwhile


def exposition(families: Iterable[Family] = ()) -> bytes:
    """Everything this process can tell, in Prometheus' text format: its own numbers or, where it shares them, those of
    all; and ``families``."""
    folder = metrics_folder()
    registry = REGISTRY
    if _held and folder is not None:
        registry = CollectorRegistry()
        registry.register(SharedNumbers(folder))
    return generate_latest(registry) + generate_latest(_Given(families))


class _Given(CollectorRegistry):
    def __init__(self, families: Iterable[Family]) -> None:
        super().__init__()
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


class Endpoint:
    """A small HTTP server in a thread of its own that tells the numbers of ``folder``, and hands the folder on to this
    process and those it will start. ``port`` 0 takes a free one.

    Raises:
        OSError: the address cannot be had.
    """

    def __init__(self, folder: Path, host: str, port: int) -> None:
        registry = CollectorRegistry()
        registry.register(SharedNumbers(folder))
        self._server, self._thread = start_http_server(port, host, registry)
        self.port: int = self._server.server_port
        export_metrics_folder(folder)

    def close(self) -> None:
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
