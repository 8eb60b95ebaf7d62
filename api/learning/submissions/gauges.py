"""The queue as metrics: numbers that only the database knows, told when Prometheus asks; see docs/monitoring.md.

They are the same whichever API process is asked. So a rule or a panel takes the maximum over instances, never the sum.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.metrics import Family, told
from api.learning.submissions.overview import Queue, queue, totals

_RUNS = told("codezest_queue_runs", "Runs that wait", "priority")
_OLDEST = told(
    "codezest_queue_oldest_age_seconds", "How long the oldest waiting run waits, 0 if none", "priority"
)
_SPOILED = told("codezest_queue_spoiled_runs", "Runs that wait again after a platform fault")
_AT_WORK = told("codezest_runs_at_work", "Runs that a worker holds")
_OVERDUE = told("codezest_leases_overdue", "Of those, runs whose lease has ended")
_WORKERS = told("codezest_workers_at_work", "Workers that hold a run")
_HOSTS = told("codezest_grader_hosts", "Grader hosts that reported what they can run in the last ten minutes")
_SUBMISSIONS = told("codezest_submissions", "Submissions there are, by what is shown of them", "status")


def queue_families(session: Session) -> list[Family]:
    """What waits and who works; cheap."""
    state = queue(session)
    moment = now()
    parts = (("live", state.live), ("regrade", state.regrades))
    return [
        _RUNS.family(*((part.runs, name) for name, part in parts)),
        _OLDEST.family(*((_age(part.oldest_at, moment), name) for name, part in parts)),
        _SPOILED.family((sum(part.spoiled for _, part in parts),)),
        *_of_workers(state),
    ]


def total_families(session: Session) -> list[Family]:
    """How many submissions there are; counts them all."""
    return [_SUBMISSIONS.family(*((count, status.value) for status, count in totals(session).items()))]


def _of_workers(state: Queue) -> list[Family]:
    return [
        _AT_WORK.family((state.at_work,)),
        _OVERDUE.family((state.overdue,)),
        _WORKERS.family((state.workers,)),
        _HOSTS.family((state.hosts,)),
    ]


def _age(queued_at: datetime | None, moment: datetime) -> float:
    return 0.0 if queued_at is None else max(0.0, (moment - queued_at).total_seconds())
