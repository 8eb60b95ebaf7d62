"""Plans, payments, invoices and saved ways to pay. Amounts are whole cents of ``currency`` (ISO 4217, small letters).

Nothing of a card is kept but what may be shown: the last four digits, the brand, the month it ends. The rest is the
payment provider's, and its ids stand here.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from api.core.clock import now
from api.core.orm import Base, Json, Timestamps, UtcDateTime, enum_type

SCHEMA = "payments"
_USER = "auth.users.id"
_DEFAULT = text("is_default")


class SubscriptionPlan(StrEnum):
    """What an account may use. In phase 1, FREE gives all of it."""

    FREE = "FREE"
    PRO = "PRO"
    ENTERPRISE = "ENTERPRISE"


class SubscriptionStatus(StrEnum):
    """Whether the plan is in force. CANCELED runs on until ``valid_until``."""

    ACTIVE = "ACTIVE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    PAUSED = "PAUSED"


class TransactionStatus(StrEnum):
    """Where a payment stands."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    REFUNDED = "REFUNDED"


class InvoiceStatus(StrEnum):
    """Where an invoice stands."""

    DRAFT = "DRAFT"
    SENT = "SENT"
    PAID = "PAID"
    OVERDUE = "OVERDUE"
    CANCELED = "CANCELED"


class PaymentMethodType(StrEnum):
    """How somebody pays."""

    CARD = "CARD"
    PAYPAL = "PAYPAL"
    BANK_TRANSFER = "BANK_TRANSFER"


class Subscription(Timestamps, Base):
    """An account's plan; each account has one. ``valid_until`` None: for ever (FREE).

    The column ``metadata`` is ``details`` here, for SQLAlchemy keeps the other name for itself.
    """

    __tablename__ = "subscriptions"
    __table_args__ = ({"schema": SCHEMA},)

    user_id: Mapped[UUID] = mapped_column(ForeignKey(_USER, ondelete="CASCADE"), unique=True)
    plan: Mapped[SubscriptionPlan] = mapped_column(enum_type(SubscriptionPlan), default=SubscriptionPlan.FREE)
    status: Mapped[SubscriptionStatus] = mapped_column(
        enum_type(SubscriptionStatus), default=SubscriptionStatus.ACTIVE
    )
    stripe_customer_id: Mapped[str | None] = mapped_column(String(255), unique=True, default=None)
    stripe_subscription_id: Mapped[str | None] = mapped_column(String(255), unique=True, default=None)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    canceled_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    details: Mapped[dict[str, Any] | None] = mapped_column("metadata", Json, default=None)

    transactions: Mapped[list["Transaction"]] = relationship(back_populates="subscription", lazy="raise")
    invoices: Mapped[list["Invoice"]] = relationship(back_populates="subscription", lazy="raise")


class Transaction(Timestamps, Base):
    """One payment. It outlives the subscription it was for."""

    __tablename__ = "transactions"
    __table_args__ = (Index(None, "user_id", "created_at"), {"schema": SCHEMA})

    user_id: Mapped[UUID] = mapped_column(ForeignKey(_USER, ondelete="CASCADE"))
    subscription_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("payments.subscriptions.id", ondelete="SET NULL"), default=None, index=True
    )
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3), default="usd")
    status: Mapped[TransactionStatus] = mapped_column(
        enum_type(TransactionStatus), default=TransactionStatus.PENDING
    )
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(String(255), unique=True, default=None)
    stripe_charge_id: Mapped[str | None] = mapped_column(String(255), unique=True, default=None)
    payment_method: Mapped[str | None] = mapped_column(String(64), default=None)
    description: Mapped[str | None] = mapped_column(Text, default=None)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)

    subscription: Mapped[Subscription | None] = relationship(back_populates="transactions", lazy="raise")


class Invoice(Timestamps, Base):
    """A bill; ``total`` includes ``tax`` (None: none). ``invoice_number`` is like ``INV-2026-001``."""

    __tablename__ = "invoices"
    __table_args__ = ({"schema": SCHEMA},)

    subscription_id: Mapped[UUID] = mapped_column(
        ForeignKey("payments.subscriptions.id", ondelete="CASCADE"), index=True
    )
    invoice_number: Mapped[str] = mapped_column(String(64), unique=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3), default="usd")
    tax: Mapped[int | None] = mapped_column(default=None)
    total: Mapped[int]
    status: Mapped[InvoiceStatus] = mapped_column(enum_type(InvoiceStatus), default=InvoiceStatus.DRAFT)
    stripe_invoice_id: Mapped[str | None] = mapped_column(String(255), unique=True, default=None)
    invoice_url: Mapped[str | None] = mapped_column(Text, default=None)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)

    subscription: Mapped[Subscription] = relationship(back_populates="invoices", lazy="raise")


class PaymentMethod(Timestamps, Base):
    """A saved way to pay; of one account's, at most one is the default."""

    __tablename__ = "payment_methods"
    __table_args__ = (
        Index(
            "uq_payment_methods_default",
            "user_id",
            unique=True,
            sqlite_where=_DEFAULT,
            postgresql_where=_DEFAULT,
        ),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey(_USER, ondelete="CASCADE"), index=True)
    type: Mapped[PaymentMethodType] = mapped_column(enum_type(PaymentMethodType))
    stripe_payment_method_id: Mapped[str | None] = mapped_column(String(255), unique=True, default=None)
    last4: Mapped[str | None] = mapped_column(String(4), default=None)
    brand: Mapped[str | None] = mapped_column(String(32), default=None)
    expiry_month: Mapped[int | None] = mapped_column(default=None)
    expiry_year: Mapped[int | None] = mapped_column(default=None)
    paypal_email: Mapped[str | None] = mapped_column(String(254), default=None)
    is_default: Mapped[bool] = mapped_column(default=False)
