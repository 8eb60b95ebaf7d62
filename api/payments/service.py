"""Plans. In phase 1 every account has FREE, which gives all of it, from its first moment and for ever."""

from sqlalchemy.orm import Session

from api.auth.models import User
from api.auth.service import after_registration
from api.core.upsert import insert_once
from api.payments.models import Subscription, SubscriptionPlan, SubscriptionStatus


@after_registration
def start_free_subscription(session: Session, user: User) -> None:
    """Gives a new account the plan FREE; one that has a plan keeps it."""
    values = {"user_id": user.id, "plan": SubscriptionPlan.FREE, "status": SubscriptionStatus.ACTIVE}
    insert_once(session, Subscription, ("user_id",), values)
