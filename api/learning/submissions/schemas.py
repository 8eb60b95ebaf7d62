"""Bodies of the submissions' routes."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from api.learning.submissions.grade import Reason, SubmissionStatus, Verdict

Score = Annotated[int, Meta(description="whole points, out of maxScore")]


class SubmissionBody(Struct, rename="camel", forbid_unknown_fields=True):
    """A source to be graded: either ``code``, or ``files`` by name."""

    language: Annotated[str, Meta(max_length=64, description="one of the assignment's", examples=["python"])]
    code: Annotated[str, Meta(examples=["print(int(input()) * 2)\n"])] | None = None
    files: Annotated[dict[str, str], Meta(description="plain names, without folders")] | None = None


class SubmissionLine(Struct, rename="camel"):
    """A submission without its source and cases: what a submit and a list answer."""

    id: UUID
    assignment_id: UUID
    user_id: UUID
    language: str
    status: SubmissionStatus
    reason: Reason | None
    score: Score | None
    max_score: int
    feedback: str | None
    submitted_at: datetime
    graded_at: datetime | None


class SubmissionList(Struct, rename="camel"):
    """A page of submissions, newest first.

    An ADMIN's ``total`` of everybody's goes up to 1,000, that of one's own up to 10,000. Where there are more,
    ``totalIsMinimum`` is there and true, and the last page is the first with fewer items than were asked for.
    """

    items: list[SubmissionLine]
    total: int
    total_is_minimum: bool | UnsetType = UNSET


class RunView(Struct, rename="camel"):
    """The run a result comes from, and all that it was made with.

    ``machineSpeed`` is for an ADMIN: the grader host's speed over the reference machine's, null where the host was not
    calibrated.
    """

    number: int
    suite_version: int
    suite_digest: str
    image_digest: str | None
    grader_version: str | None
    isolation: str | None
    attempt: int
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    machine_speed: float | UnsetType | None = UNSET


class DifferenceView(Struct, rename="camel"):
    """Where the output first departs from the expected one; ``line`` counts from 1."""

    line: int
    expected: str
    actual: str


class CaseView(Struct, rename="camel"):
    """One case, judged. Times in ms, memory (peak) in KiB.

    A hidden case carries no texts at all; its times are rounded to 10 ms, its memory to MiB, and how the
    program ended is left out: each of these could carry the hidden input out of the box.
    """

    name: str
    group: str
    visible: bool
    verdict: Verdict
    reason: Reason | None
    points: float
    max_points: float
    cpu_ms: int | None
    wall_ms: int | None
    memory_kib: int | None
    exit_code: int | None
    signal: int | None
    message: str | None
    stdin: str | UnsetType | None = UNSET
    expected: str | UnsetType | None = UNSET
    stdout: str | UnsetType | None = UNSET
    stderr: str | UnsetType | None = UNSET
    first_difference: DifferenceView | UnsetType | None = UNSET


class SubmissionView(SubmissionLine):
    """A submission with its source, and, once graded, the run, the cases and what is said beyond the verdict.

    Either ``code`` or ``files`` is there, as it was sent. ``regrading``: a newer run waits or is at work;
    what is shown stays until that is done.
    """

    code: str | None
    files: dict[str, str] | None
    compile_output: str | None
    run: RunView | None
    regrading: bool
    analysis: dict[str, Any] | None
    results: list[CaseView]


class RegradeView(Struct, rename="camel"):
    """The run that was added. The submission shows its old result until this run is done."""

    id: UUID
    run: int


class FactorsView(Struct, rename="camel"):
    """What a suite's limits become in a language: ``cpu`` and ``wall`` multiply them, the others are added."""

    cpu: float
    wall: float
    memory_mib: int
    processes: int


class RuntimeView(Struct, rename="camel"):
    """A language as graders run it. ``hosts`` of them report it alike.

    ``version`` is what its compiler or interpreter says of itself, null where it could not be asked. In the commands
    ``{main}`` stands for the main file, ``{sources}`` for all source files, ``{memory}`` for the memory limit in MiB.
    ``functions``: it takes function suites. The first of ``sources`` is the usual file ending.
    """

    language: Annotated[str, Meta(examples=["python"])]
    title: Annotated[str, Meta(examples=["Python"])]
    version: Annotated[str | None, Meta(examples=["Python 3.11.2"])]
    image_digest: str
    isolation: str
    compile: Annotated[list[list[str]], Meta(examples=[[]])]
    run: Annotated[list[str], Meta(examples=[["/usr/bin/python3", "-B", "{main}"]])]
    functions: bool
    sources: Annotated[list[str], Meta(examples=[[".py"]])]
    factors: FactorsView
    hosts: int
    last_seen: datetime


class RuntimeList(Struct, rename="camel"):
    """A page of runtimes, by language."""

    items: list[RuntimeView]
    total: int
