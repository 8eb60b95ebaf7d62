"""Mails' links over HTTP: who gets one, what it is good for, how often, how long, and what it ends."""

import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from sqlalchemy import select

from api.app import MAILS_A_MINUTE
from api.auth import passwords, recovery, service
from api.auth.models import PasswordReset, User
from api.core.clock import now
from api.core.errors import Invalid, Unauthenticated
from api.notifications.models import EmailLog
from tests import factories

AUTH, ME = "/api/v1/auth", "/api/v1/me"
OLD, NEW = "correct horse", "battery staple"


@pytest.fixture
def ada(database) -> User:
    """An account with a password."""
    with database.transaction() as session:
        return factories.make_user(session, email="ada@example.com", password=OLD)


def mails(database, template: str) -> list[EmailLog]:
    with database.transaction() as session:
        statement = select(EmailLog).where(EmailLog.template == template).order_by(EmailLog.created_at)
        return list(session.scalars(statement))


def token_of(mail: EmailLog) -> str:
    found = re.search(r"token=(\S+)", mail.body or "")
    assert found
    return found[1]


def ask(client, email="ada@example.com", **more):
    return client.post(f"{AUTH}/password-reset", json={"email": email}, **more)


def reset(client, token, password=NEW):
    return client.post(f"{AUTH}/password-reset/confirm", json={"token": token, "password": password})


def login(client, password, email="ada@example.com"):
    return client.post(f"{AUTH}/login", json={"email": email, "password": password})


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client, database, ada):
    known, unknown = ask(client), ask(client, "nobody@example.com")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (204, b"")
    assert [mail.to for mail in mails(database, "password_reset")] == ["ada@example.com"]


def test_a_link_is_of_the_configured_origin_whatever_the_headers_say(client, database, ada, settings):
    ask(client, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    (mail,) = mails(database, "password_reset")
    assert f"{settings.public_url}/reset-password?token=" in (mail.body or "")
    assert "evil" not in (mail.body or "")


def test_what_is_stored_is_not_what_the_mail_carries(client, database, ada):
    ask(client)
    token = token_of(mails(database, "password_reset")[0])
    with database.transaction() as session:
        (row,) = session.scalars(select(PasswordReset))
    assert row.token != token
    assert reset(client, row.token).status_code == 400


def test_a_new_password_ends_sessions_and_every_other_link_and_tells_the_owner(
    client, database, ada, headers_for
):
    stolen = headers_for(ada)
    ask(client)
    ask(client)
    first, second = (token_of(mail) for mail in mails(database, "password_reset"))
    assert reset(client, second).status_code == 204
    assert client.get(ME, headers=stolen).status_code == 401
    assert login(client, OLD).status_code == 401
    assert login(client, NEW).status_code == 200
    for token in (second, first):
        again = reset(client, token, "third password")
        assert (again.status_code, again.json()["code"]) == (400, "token_invalid")
    assert login(client, NEW).status_code == 200
    assert [mail.to for mail in mails(database, "password_changed")] == ["ada@example.com"]


def test_a_password_that_is_not_accepted_does_not_use_the_link_up(client, database, ada):
    ask(client)
    token = token_of(mails(database, "password_reset")[0])
    weak = reset(client, token, "password")
    assert weak.json()["errors"][0]["field"] == "password"
    assert reset(client, token).status_code == 204


def test_a_link_is_good_for_half_an_hour(client, database, ada):
    with time_machine.travel(now(), tick=False) as traveller:
        ask(client)
        token = token_of(mails(database, "password_reset")[0])
        traveller.shift(timedelta(minutes=recovery.RESET_MINUTES, seconds=1))
        assert reset(client, token).json()["code"] == "token_invalid"


@pytest.mark.parametrize("token", ["", "x", "cz_" + "A" * 43, "x" * 129, "a\0b"])
def test_a_made_up_token_is_refused(client, token):
    assert reset(client, token).status_code == 400
    assert client.post(f"{AUTH}/verify-email", json={"token": token}).status_code == 400


def test_a_hundred_wishes_fill_no_inbox(client, database, ada):
    answers = [ask(client).status_code for _ in range(20)]
    assert answers == [204] * MAILS_A_MINUTE + [429] * (20 - MAILS_A_MINUTE)
    assert len(mails(database, "password_reset")) == 5


@pytest.mark.parametrize(
    "kind", [pytest.param("database"), pytest.param("postgres_database", marks=pytest.mark.postgres)]
)
def test_of_two_uses_at_the_same_moment_one_works(request, kind):
    database = request.getfixturevalue(kind)
    with database.transaction() as session:
        factories.make_user(session, email="ada@example.com", password=OLD)
        recovery.ask_reset(session, "ada@example.com", public_url="")
    token = token_of(mails(database, "password_reset")[0])
    together, ends = Barrier(2), []

    def use(password: str) -> None:
        together.wait()
        try:
            with database.transaction() as session:
                recovery.reset_password(session, token, password)
            ends.append("done")
        except Invalid as error:
            ends.append(error.code)

    threads = [Thread(target=use, args=(f"password number {number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["done", "token_invalid"]


def test_an_address_is_proved_once(client, database, ada, headers_for):
    headers = headers_for(ada)
    assert client.post(f"{ME}/email-verification", headers=headers).status_code == 204
    token = token_of(mails(database, "email_verification")[0])
    assert client.post(f"{AUTH}/verify-email", json={"token": token}).status_code == 204
    assert client.post(f"{AUTH}/verify-email", json={"token": token}).status_code == 400
    with database.transaction() as session:
        assert session.get_one(User, ada.id).email_verified_at is not None
    client.post(f"{ME}/email-verification", headers=headers)
    assert len(mails(database, "email_verification")) == 1


def test_a_token_of_one_purpose_is_none_of_the_other(client, database, ada, headers_for):
    ask(client)
    client.post(f"{ME}/email-verification", headers=headers_for(ada))
    (for_reset,), (for_address,) = mails(database, "password_reset"), mails(database, "email_verification")
    assert reset(client, token_of(for_address)).status_code == 400
    assert client.post(f"{AUTH}/verify-email", json={"token": token_of(for_reset)}).status_code == 400


def change_email(client, headers, email="ada@new.example", password=OLD):
    return client.post(f"{ME}/email", json={"email": email, "password": password}, headers=headers)


def test_a_new_address_is_the_accounts_only_once_it_is_proved(client, database, ada, headers_for):
    headers = headers_for(ada)
    assert change_email(client, headers, password="wrong").status_code == 401
    assert change_email(client, headers, email="nowhere").status_code == 400
    assert change_email(client, headers).status_code == 204
    (mail,) = mails(database, "email_verification")
    assert mail.to == "ada@new.example"
    assert client.get(ME, headers=headers).json()["email"] == "ada@example.com"
    assert client.post(f"{AUTH}/verify-email", json={"token": token_of(mail)}).status_code == 204
    assert client.get(ME, headers=headers).json()["email"] == "ada@new.example"


def test_a_changed_address_kills_links_that_went_to_the_old_one(client, database, ada, headers_for):
    ask(client)
    old = token_of(mails(database, "password_reset")[0])
    change_email(client, headers_for(ada))
    client.post(f"{AUTH}/verify-email", json={"token": token_of(mails(database, "email_verification")[0])})
    assert reset(client, old).json()["code"] == "token_invalid"


def test_an_address_that_was_taken_meanwhile_is_refused_and_the_link_stays(
    client, database, ada, headers_for
):
    change_email(client, headers_for(ada))
    (mail,) = mails(database, "email_verification")
    with database.transaction() as session:
        factories.make_user(session, email="ada@new.example")
    answer = client.post(f"{AUTH}/verify-email", json={"token": token_of(mail)})
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")


def test_changing_the_password_needs_the_old_one_and_ends_every_session(client, ada, headers_for):
    mine, other = headers_for(ada), headers_for(ada)
    body = {"currentPassword": "wrong horse", "newPassword": NEW}
    assert client.post(f"{ME}/password", json=body, headers=mine).status_code == 401
    weak = client.post(f"{ME}/password", json={"currentPassword": OLD, "newPassword": "short"}, headers=mine)
    assert weak.json()["errors"][0]["field"] == "newPassword"
    changed = client.post(f"{ME}/password", json={**body, "currentPassword": OLD}, headers=mine)
    assert changed.status_code == 200
    for headers in (mine, other):
        assert client.get(ME, headers=headers).status_code == 401
    fresh = {"Authorization": f"Bearer {changed.json()['token']}"}
    assert client.get(ME, headers=fresh).status_code == 200


def test_a_password_that_was_reset_while_it_was_looked_at_is_worth_nothing(
    client, database, ada, headers_for, monkeypatch
):
    """Looking takes tens of milliseconds. Who knows the old password must not win by beginning before the reset."""
    headers = headers_for(ada)
    ask(client)
    token = token_of(mails(database, "password_reset")[0])
    verify = passwords.verify_password

    def verify_slowly(password: str, stored: str | None) -> bool:
        found = verify(password, stored)
        monkeypatch.setattr(passwords, "verify_password", verify)
        with database.transaction() as session:
            recovery.reset_password(session, token, NEW)
        return found

    monkeypatch.setattr(passwords, "verify_password", verify_slowly)
    with database.transaction() as session, pytest.raises(Unauthenticated):
        service.login(session, email=ada.email, password=OLD, days=1)
    assert login(client, OLD).status_code == 401
    assert login(client, NEW).status_code == 200
    assert client.get(ME, headers=headers).status_code == 401


def test_guessing_the_old_password_is_slowed_down(client, ada, headers_for, settings):
    headers = headers_for(ada)
    body = {"currentPassword": "wrong horse", "newPassword": NEW}
    for _ in range(settings.login_attempts):
        assert client.post(f"{ME}/password", json=body, headers=headers).status_code == 401
    assert client.post(f"{ME}/password", json=body, headers=headers).status_code == 429
