"""The caller's plan and payments, over HTTP."""

from litestar import Controller, get
from litestar.di import NamedDependency
from sqlalchemy.orm import Session

from api.core.actor import Actor
from api.http.paging import DEFAULT_LIMIT, Limit, Offset
from api.payments import queries
from api.payments.models import Invoice, PaymentMethod, Transaction
from api.payments.schemas import (
    InvoiceList,
    InvoiceView,
    PaymentMethodList,
    PaymentMethodView,
    SubscriptionView,
    TransactionList,
    TransactionView,
)


class PaymentController(Controller):
    """The caller's plan and payments."""

    path = "/me"
    tags = ("payments",)

    @get("/subscription", opt={"access": "user"}, summary="The own plan", sync_to_thread=True)
    def subscription(
        self, session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> SubscriptionView:
        """What the caller may use, and for how long."""
        row = queries.get_subscription(session, actor.user_id)
        return SubscriptionView(row.plan, row.status, row.started_at, row.valid_until, row.canceled_at)

    @get("/transactions", opt={"access": "user"}, summary="The own payments", sync_to_thread=True)
    def transactions(
        self,
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> TransactionList:
        """The caller's payments, newest first."""
        rows, total = queries.list_transactions(session, actor.user_id, limit=limit, offset=offset)
        return TransactionList([_transaction(row) for row in rows], total)

    @get("/invoices", opt={"access": "user"}, summary="The own bills", sync_to_thread=True)
    def invoices(
        self,
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> InvoiceList:
        """The caller's bills, newest first."""
        rows, total = queries.list_invoices(session, actor.user_id, limit=limit, offset=offset)
        return InvoiceList([_invoice(row) for row in rows], total)

    @get("/payment-methods", opt={"access": "user"}, summary="The own ways to pay", sync_to_thread=True)
    def payment_methods(
        self, session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> PaymentMethodList:
        """The caller's saved ways to pay, the default one first."""
        rows = queries.list_payment_methods(session, actor.user_id)
        return PaymentMethodList([_method(row) for row in rows], len(rows))


def _transaction(row: Transaction) -> TransactionView:
    return TransactionView(
        id=row.id,
        amount=row.amount,
        currency=row.currency,
        status=row.status,
        payment_method=row.payment_method,
        description=row.description,
        created_at=row.created_at,
        paid_at=row.paid_at,
        failed_at=row.failed_at,
    )


def _invoice(row: Invoice) -> InvoiceView:
    return InvoiceView(
        id=row.id,
        invoice_number=row.invoice_number,
        amount=row.amount,
        currency=row.currency,
        tax=row.tax,
        total=row.total,
        status=row.status,
        invoice_url=row.invoice_url,
        issued_at=row.issued_at,
        due_at=row.due_at,
        paid_at=row.paid_at,
    )


def _method(row: PaymentMethod) -> PaymentMethodView:
    return PaymentMethodView(
        id=row.id,
        type=row.type,
        last4=row.last4,
        brand=row.brand,
        expiry_month=row.expiry_month,
        expiry_year=row.expiry_year,
        paypal_email=row.paypal_email,
        is_default=row.is_default,
    )
