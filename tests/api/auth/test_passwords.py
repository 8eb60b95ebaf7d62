"""Passwords: what is refused, and that a hash says nothing."""

import threading

import pytest
from argon2 import PasswordHasher

from api.auth import passwords

EMAIL = "ada@example.com"


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short77",
        "x1" * 65,
        "password",
        "PassWord1",
        "12345678",
        "aaaaaaaaaa",
        "ababababab",
        "Ada@Example.com",
    ],
)
def test_refused(password):
    assert passwords.fault_of(password, EMAIL)


@pytest.mark.parametrize("password", ["correct horse", "pässwörtchen", "x1y" * 42 + "zz", "        spaces 8"])
def test_accepted(password):
    assert passwords.fault_of(password, EMAIL) is None


def test_a_hash_is_argon2id_salted_and_fits_only_its_password():
    one, two = passwords.hash_password("correct horse"), passwords.hash_password("correct horse")
    assert one != two
    assert one.startswith("$argon2id$")
    assert "correct" not in one
    assert passwords.verify_password("correct horse", one)
    assert not passwords.verify_password("correct hors", one)


def test_the_same_characters_typed_on_another_system_fit():
    stored = passwords.hash_password("e\u0301te\u0301 2026")  # e + combining accent, as macOS sends it
    assert passwords.verify_password("\u00e9t\u00e9 2026", stored)


def test_no_account_and_no_password_cost_a_hash_and_are_wrong(monkeypatch):
    hashed = []

    class Counting(PasswordHasher):
        def verify(self, hash, password):
            hashed.append(hash)
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Counting(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobody.cache_clear()
    assert not passwords.verify_password("correct horse", None)
    assert len(hashed) == 1
    passwords._nobody.cache_clear()


def test_what_is_too_long_to_be_accepted_is_not_hashed(monkeypatch):
    monkeypatch.setattr(passwords, "_hasher", None)
    assert not passwords.verify_password("x" * 129, "anything")


def test_a_damaged_hash_is_a_wrong_password():
    assert not passwords.verify_password("correct horse", "not a hash")


def test_a_hash_of_older_parameters_is_outdated():
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))
    assert not passwords.is_outdated(passwords.hash_password("correct horse"))


def test_hashing_holds_a_slot(monkeypatch):
    """Not more at once than slots: each takes 19 MiB and a core."""

    class Watching:
        def hash(self, _password: str) -> str:
            assert not passwords._slots.acquire(blocking=False)
            return "hash"

        def verify(self, _stored: str, _password: str) -> bool:
            assert not passwords._slots.acquire(blocking=False)
            return True

    monkeypatch.setattr(passwords, "_hasher", Watching())
    monkeypatch.setattr(passwords, "_slots", threading.BoundedSemaphore(1))
    for _ in range(3):  # and gives it back
        assert passwords.hash_password("correct horse") == "hash"
        assert passwords.verify_password("correct horse", "hash")
