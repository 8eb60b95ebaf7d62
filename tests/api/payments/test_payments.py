"""Plans and payments over HTTP: everybody is FREE from the first moment, and sees nobody else's money."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from api.payments.models import Invoice, PaymentMethod, PaymentMethodType, Subscription, Transaction
from tests import factories

ME = "/api/v1/me"


def test_a_new_account_has_the_plan_free_for_ever(client, database):
    body = {"email": "ada@example.com", "password": "correct horse", "name": "Ada"}
    token = client.post("/api/v1/auth/register", json=body).json()["token"]
    plan = client.get(f"{ME}/subscription", headers={"Authorization": f"Bearer {token}"}).json()
    assert (plan["plan"], plan["status"], plan["validUntil"]) == ("FREE", "ACTIVE", None)
    with database.transaction() as session:
        assert len(session.scalars(select(Subscription)).all()) == 1


def test_an_account_from_before_plans_is_free_too(client, auth_headers):
    plan = client.get(f"{ME}/subscription", headers=auth_headers).json()
    assert (plan["plan"], plan["status"]) == ("FREE", "ACTIVE")


@pytest.mark.parametrize("path", ["subscription", "transactions", "invoices", "payment-methods"])
def test_money_is_for_who_is_signed_in(client, path):
    assert client.get(f"{ME}/{path}").status_code == 401


def pay(session, user) -> None:
    plan = Subscription(user_id=user.id)
    session.add(plan)
    session.flush()
    session.add(
        Transaction(user_id=user.id, subscription_id=plan.id, amount=999, stripe_charge_id=f"ch_{user.id}")
    )
    session.add(Invoice(subscription_id=plan.id, invoice_number=f"INV-{user.id}", amount=999, total=999))
    session.add(PaymentMethod(user_id=user.id, type=PaymentMethodType.CARD, last4="4242", is_default=True))
    session.flush()


def test_a_strangers_money_is_not_there(client, database, user, headers_for):
    with database.transaction() as session:
        stranger = factories.make_user(session)
        pay(session, stranger)
    for path in ("transactions", "invoices", "payment-methods"):
        assert client.get(f"{ME}/{path}", headers=headers_for(user)).json() == {"items": [], "total": 0}
        own = client.get(f"{ME}/{path}", headers=headers_for(stranger))
        assert own.json()["total"] == 1
        assert "ch_" not in own.text  # the provider's ids are not the learner's business


def test_of_ways_to_pay_one_is_the_default(session, user):
    for number in range(2):
        session.add(PaymentMethod(user_id=user.id, type=PaymentMethodType.CARD, last4=f"000{number}"))
    session.flush()
    for method in session.scalars(select(PaymentMethod)):
        method.is_default = True
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
