"""Accounts at the level of services: who is who, on both databases where the database decides."""

from datetime import timedelta

import pytest
import time_machine
from argon2 import PasswordHasher
from sqlalchemy import func, select

from api.auth import models, service
from api.auth.queries import find_actor, find_user_by_email
from api.auth.tokens import hash_token, new_token
from api.core import clock
from api.core.actor import UserRole, is_admin, is_user
from api.core.errors import Conflict, Invalid, NotFound, Unauthenticated
from tests import factories

GOOD = {"email": "ada@example.com", "password": "correct horse", "name": "Ada"}


@pytest.fixture(params=["database", pytest.param("postgres_database", marks=pytest.mark.postgres)])
def both(request):
    """The database on SQLite and on PostgreSQL."""
    return request.getfixturevalue(request.param)


def test_every_fault_is_listed_at_once(session):
    with pytest.raises(Invalid) as caught:
        service.register(session, email="no address", password="short", name=" ", days=1)
    assert [error.field for error in caught.value.errors] == ["email", "password", "name"]


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "a@b",
        "@b.c",
        "a@.c",
        "a@b.",
        "a b@c.de",
        "a@b@c.de",
        "a@b.c\r\nBcc: x@y.z",
        "x" * 65 + "@b.cd",
    ],
)
def test_what_is_no_address_is_refused(session, email):
    with pytest.raises(Invalid):
        service.create_user(session, **{**GOOD, "email": email})


@pytest.mark.parametrize("name", ["", "x" * 201, "a\0b", "a\nb", "\ud800", "a\u2028b"])
def test_names_that_break_out_are_refused(session, name):
    with pytest.raises(Invalid):
        service.create_user(session, **{**GOOD, "name": name})


@pytest.mark.parametrize("name", ["Ada", "Zoë Ångström", "می‌خواهم", "李", "x" * 200])
def test_names_of_people_are_accepted(session, name):
    assert service.create_user(session, **{**GOOD, "name": f" {name} "}).name == name


def test_an_address_is_taken_however_it_is_written(session):
    service.create_user(session, **GOOD)
    with pytest.raises(Conflict) as caught:
        service.create_user(session, **{**GOOD, "email": "  ADA@Example.COM "})
    assert caught.value.code == "email_taken"


def test_a_registration_that_comes_between_look_and_insert_is_told_as_taken(both, monkeypatch):
    with both.transaction() as session:
        service.create_user(session, **GOOD)
    monkeypatch.setattr(service, "find_user_by_email", lambda *_: None)
    with pytest.raises(Conflict) as caught, both.transaction() as session:
        service.create_user(session, **GOOD)
    assert caught.value.code == "email_taken"


def test_an_address_is_free_again_after_its_account_was_deleted(both):
    with both.transaction() as session:
        first = service.create_user(session, **GOOD)
        first.deleted_at = clock.now()
    with both.transaction() as session:
        second = service.create_user(session, **GOOD)
        assert second.id != first.id
        assert find_user_by_email(session, "ada@example.com") is second


def test_who_registers_is_a_user_and_who_the_command_line_makes_may_be_an_admin(session):
    assert is_user(service.create_user(session, **GOOD))
    other = {**GOOD, "email": "root@example.com"}
    assert is_admin(service.create_user(session, **other, role=UserRole.ADMIN))


def test_unknown_account_wrong_password_and_no_password_answer_alike(session):
    service.create_user(session, **GOOD)
    factories.make_user(session, email="federated@example.com")
    told = set()
    for email, password in (
        ("ada@example.com", "wrong horse"),
        ("nobody@example.com", "correct horse"),
        ("federated@example.com", ""),
        ("", ""),
    ):
        with pytest.raises(Unauthenticated) as caught:
            service.login(session, email=email, password=password, days=1)
        told.add((caught.value.code, caught.value.detail))
    assert len(told) == 1


def test_a_deleted_account_cannot_log_in(session):
    service.create_user(session, **GOOD).deleted_at = clock.now()
    session.flush()
    with pytest.raises(Unauthenticated):
        service.login(session, email=GOOD["email"], password=GOOD["password"], days=1)


def test_a_login_gives_a_new_token_each_time_and_stores_only_its_hash(session):
    service.create_user(session, **GOOD)
    tokens = {
        service.login(session, email="Ada@example.com", password="correct horse", days=1).token for _ in "ab"
    }
    assert len(tokens) == 2
    stored = set(session.scalars(select(models.Session.token)))
    assert stored == {hash_token(token) for token in tokens}


def test_a_login_clears_away_what_has_expired_and_renews_a_weak_hash(session):
    user = service.create_user(session, **GOOD)
    factories.make_token(session, user, days=-1)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD["password"])
    user.password = weak
    service.login(session, email=GOOD["email"], password=GOOD["password"], days=1)
    assert session.scalar(select(func.count()).select_from(models.Session)) == 1
    assert user.password != weak
    service.login(session, email=GOOD["email"], password=GOOD["password"], days=1)


def test_a_token_is_good_until_it_expires_and_not_a_moment_longer(both):
    with both.transaction() as session:
        signed_in = service.register(session, **GOOD, days=14)
    start = signed_in.expires_at - timedelta(days=14)
    for after, known in ((0, True), (14 * 86400 - 1, True), (14 * 86400, False)):
        with time_machine.travel(start + timedelta(seconds=after), tick=False), both.transaction() as session:
            assert (find_actor(session, signed_in.token) is not None) is known


def test_who_a_token_belongs_to(both):
    with both.transaction() as session:
        user = factories.make_user(session, role=UserRole.ADMIN)
        token = factories.make_token(session, user)
    with both.transaction() as session:
        actor = find_actor(session, token)
        assert actor is not None
        assert (actor.user_id, actor.role) == (user.id, UserRole.ADMIN)
        assert isinstance(actor.role, UserRole)
        for wrong in (
            "",
            new_token(),
            token + "x",
            token.upper(),
            hash_token(token),
            "x" * 10_000,
            "\0",
            "ä",
        ):
            assert find_actor(session, wrong) is None


def test_deleting_an_account_ends_its_sessions_in_the_database_too(both):
    with both.transaction() as session:
        user = factories.make_user(session)
        token = factories.make_token(session, user)
        user.deleted_at = clock.now()
    with both.transaction() as session:
        assert find_actor(session, token) is None
        session.delete(session.merge(user))
        session.flush()
        assert session.scalar(select(func.count()).select_from(models.Session)) == 0


def test_logging_out_ends_one_session(session):
    user = factories.make_user(session)
    here, there = factories.make_token(session, user), factories.make_token(session, user)
    actor = find_actor(session, here)
    assert actor is not None
    service.logout(session, actor)
    assert find_actor(session, here) is None
    assert find_actor(session, there) is not None


def test_the_name_of_an_account_that_is_gone_cannot_be_changed(session):
    user = factories.make_user(session, deleted_at=clock.now())
    with pytest.raises(NotFound):
        service.update_name(session, factories.make_actor(session, user), "New")
