"""Whether a run that was just claimed may be kept: the bounds again, where two claims could pass them together.

The claim's own condition reads what is committed. On SQLite that is everything, for there is one writer. On PostgreSQL
two claims at the same moment do not see each other, and each could take a run of the same learner. So those who claim
for one learner stand in a line, by a lock that ends with the transaction, and each counts again in its turn.
"""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.learning.submissions.grade import RunStatus
from api.learning.submissions.models import PRIORITY_LIVE, GradingRun
from api.learning.submissions.picking import UNBOUNDED, Bounds

_REGRADES = 0x52454752  # any number will do, as long as it stays the same


def keeps_within(session: Session, bounds: Bounds, *, priority: int, user_id: UUID) -> bool:
    """Whether ``bounds`` hold with the claimed run at work. Waits for others that claim for the same learner."""
    if bounds == UNBOUNDED or session.get_bind().dialect.name != "postgresql":
        return True
    is_live = priority == PRIORITY_LIVE
    key = int.from_bytes(user_id.bytes[-8:], signed=True) if is_live else _REGRADES
    session.execute(select(func.pg_advisory_xact_lock(key)))
    at_work = select(func.count()).where(GradingRun.status == RunStatus.RUNNING)
    if not is_live:
        return (session.scalar(at_work) or 0) <= bounds.regrades_below
    own = at_work.where(GradingRun.user_id == user_id, GradingRun.priority == PRIORITY_LIVE)
    return (session.scalar(own) or 0) <= bounds.per_user
