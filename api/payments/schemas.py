"""Bodies of the payment routes. Amounts are whole cents."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from api.payments.models import (
    InvoiceStatus,
    PaymentMethodType,
    SubscriptionPlan,
    SubscriptionStatus,
    TransactionStatus,
)

Cents = Annotated[int, Meta(description="whole cents of the currency", examples=[999])]
Currency = Annotated[str, Meta(description="ISO 4217, small letters", examples=["usd"])]


class SubscriptionView(Struct, rename="camel"):
    """The caller's plan. ``validUntil`` None: for ever."""

    plan: SubscriptionPlan
    status: SubscriptionStatus
    started_at: datetime
    valid_until: datetime | None
    canceled_at: datetime | None


class TransactionView(Struct, rename="camel"):
    """A payment."""

    id: UUID
    amount: Cents
    currency: Currency
    status: TransactionStatus
    payment_method: str | None
    description: str | None
    created_at: datetime
    paid_at: datetime | None
    failed_at: datetime | None


class TransactionList(Struct, rename="camel"):
    """A page of payments, newest first."""

    items: list[TransactionView]
    total: int


class InvoiceView(Struct, rename="camel"):
    """A bill. ``total`` includes ``tax``."""

    id: UUID
    invoice_number: Annotated[str, Meta(examples=["INV-2026-001"])]
    amount: Cents
    currency: Currency
    tax: Cents | None
    total: Cents
    status: InvoiceStatus
    invoice_url: str | None
    issued_at: datetime
    due_at: datetime | None
    paid_at: datetime | None


class InvoiceList(Struct, rename="camel"):
    """A page of bills, newest first."""

    items: list[InvoiceView]
    total: int


class PaymentMethodView(Struct, rename="camel"):
    """A saved way to pay; of a card no more than may be shown."""

    id: UUID
    type: PaymentMethodType
    last4: str | None
    brand: str | None
    expiry_month: int | None
    expiry_year: int | None
    paypal_email: str | None
    is_default: bool


class PaymentMethodList(Struct, rename="camel"):
    """The saved ways to pay, the default one first; not paged, since nobody has hundreds."""

    items: list[PaymentMethodView]
    total: int
