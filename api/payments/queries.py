"""Reads of plans and payments; always somebody's own."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.pages import read_page
from api.payments.models import (
    Invoice,
    PaymentMethod,
    Subscription,
    SubscriptionPlan,
    SubscriptionStatus,
    Transaction,
)


def get_subscription(session: Session, user_id: UUID) -> Subscription:
    """The account's plan; FREE, not stored, for an account that was made before plans were kept."""
    row = session.scalar(select(Subscription).where(Subscription.user_id == user_id))
    free = {"plan": SubscriptionPlan.FREE, "status": SubscriptionStatus.ACTIVE, "started_at": now()}
    return row or Subscription(user_id=user_id, **free)


def list_transactions(
    session: Session, user_id: UUID, *, limit: int, offset: int
) -> tuple[Sequence[Transaction], int]:
    """A page of payments, newest first, and how many there are."""
    statement = select(Transaction).where(Transaction.user_id == user_id)
    return read_page(session, statement, Transaction.created_at.desc(), limit=limit, offset=offset)


def list_invoices(
    session: Session, user_id: UUID, *, limit: int, offset: int
) -> tuple[Sequence[Invoice], int]:
    """A page of invoices, newest first, and how many there are."""
    own = Subscription.id == Invoice.subscription_id
    statement = select(Invoice).join(Subscription, own).where(Subscription.user_id == user_id)
    return read_page(session, statement, Invoice.issued_at.desc(), limit=limit, offset=offset)


def list_payment_methods(session: Session, user_id: UUID) -> Sequence[PaymentMethod]:
    """The saved ways to pay, the default one first."""
    statement = select(PaymentMethod).where(PaymentMethod.user_id == user_id)
    return session.scalars(
        statement.order_by(PaymentMethod.is_default.desc(), PaymentMethod.created_at)
    ).all()
