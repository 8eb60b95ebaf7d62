"""Secrets of endpoints, and the signature that a receiver checks.

A secret must be known in plain to sign with it, so a hash of it will not do. Without ``CODEZEST_WEBHOOK_SECRET_KEY``
it is random and stands in the database. With that key it is not stored at all: it is made from the key, the endpoint's
id and a number that goes up with each rotation, and who reads the database has nothing.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from uuid import UUID

PREFIX = "whsec_"
HEADER = "CodeZest-Signature"


class NoKey(Exception):
    """The endpoint's secret was made from an installation key, and none is set now."""


def new_secret() -> str:
    """A fresh secret of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def secret_of(endpoint_id: UUID, stored: str | None, number: int, key: str | None) -> str:
    """The secret of an endpoint: ``stored``, or if that is None, made from ``key``. Raises NoKey."""
    if stored is not None:
        return stored
    if key is None:
        raise NoKey
    digest = hmac.digest(key.encode(), f"codezest webhook {endpoint_id} {number}".encode(), hashlib.sha256)
    return PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def sign(secret: str, moment: datetime, body: bytes) -> str:
    """The signature header: ``t=<unix seconds>,v1=<hex>``, an HMAC-SHA256 over ``<t>.<body>``."""
    seconds = int(moment.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
