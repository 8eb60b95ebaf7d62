"""Passwords: what is accepted, and argon2id.

Parameters are OWASP's floor (19 MiB, two passes, one lane): about 30 ms, so that a class can log in together
on a small machine. `verify_password` says when a stored hash is weaker than today's
parameters; the caller stores a new one at that login. Hashing is capped (`_slots`) because each takes 19 MiB
and a core.
"""

import os
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 8  # characters
MAX_LENGTH = 128  # characters; a megabyte of password would be a cheap way to keep a core busy

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_slots = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))

# The head of every leaked list, as far as it is eight characters long. Longer lists belong into a file or a
# service.
_COMMON_WORDS = """
    12345678 123456789 1234567890 12345678910 11111111 00000000 88888888 87654321 987654321 0987654321
    123123123 12341234 11223344 112233445566 147258369 789456123 123654789 12344321 password password1
    password12 password123 password1234 passw0rd p@ssw0rd p@ssword pa$$word pa55word qwertyui qwertyuiop
    qwerty12 qwerty123 qwerty1234 1q2w3e4r 1q2w3e4r5t 1qaz2wsx qazwsxedc zaq12wsx q1w2e3r4 asdfghjk asdfghjkl
    asdfasdf zxcvbnm1 zxcvbnm123 abcd1234 abc12345 abcdefgh abcdefg1 aa123456 a1234567 a12345678 aaaaaaaa
    iloveyou iloveyou1 sunshine sunshine1 princess princess1 football football1 baseball baseball1 basketball
    superman superman1 batman123 dragon123 monkey123 master123 shadow123 welcome1 welcome123 letmein1
    letmein123 trustno1 whatever computer internet michelle jennifer jordan23 starwars pokemon1 pokemon123
    liverpool chelsea1 charlie1 changeme changeme1 changeme123 admin123 admin1234 administrator root1234
    rootroot testtest test1234 testing123 secret123 samsung1 google123 corvette mercedes midnight maverick
    victoria elizabeth alexander december november september
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def fault_of(password: str, email: str) -> str | None:
    """Why ``password`` is not accepted for the account of ``email``, as a sentence; None if it is."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"must have {MIN_LENGTH} to {MAX_LENGTH} characters"
    plain = password.casefold()
    if plain in _COMMON or len(set(plain)) < 3:
        return "is one of the first that anybody would try"
    if plain == email.casefold():
        return "must not be the e-mail address"
    return None


def hash_password(password: str) -> str:
    """An argon2id hash with its salt and parameters, as text. Waits for a free slot."""
    with _slots:
        return _hasher.hash(_normalised(password))


def verify_password(password: str, stored: str | None) -> bool:
    """Whether ``password`` belongs to the hash ``stored``.

    None (an unknown account, or one without a password) takes the same time as a wrong password: the answer's
    delay must not tell who is registered. A password too long to have been accepted is refused without being
    hashed.
    """
    if len(password) > MAX_LENGTH:
        return False
    against = stored or _nobody()
    with _slots:
        try:
            _hasher.verify(against, _normalised(password))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether ``stored`` was made with other parameters than today's, and should be made again."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobody() -> str:
    return _hasher.hash(os.urandom(16).hex())


def _normalised(password: str) -> str:
    # The same keys give different code points on different systems (é composed or not); NFKC makes them one.
    return unicodedata.normalize("NFKC", password)
