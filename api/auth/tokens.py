"""Bearer tokens: opaque, random, and stored only as a hash.

A plain SHA-256 is enough here, where a password needs argon2: 256 random bits cannot be guessed, so nothing
has to be made slow, and the hash may be looked up by an index at every request.
"""

import hashlib
import secrets

PREFIX = "cz_"  # lets a scanner of leaked secrets recognise one
MAX_LENGTH = 128  # characters; a longer Authorization value is not hashed at all


def new_token() -> str:
    """A fresh token of 256 random bits, to be shown to its owner once."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored of ``token``: 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()
