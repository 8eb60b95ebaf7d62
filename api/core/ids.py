"""Identifiers: version-7 UUIDs (RFC 9562), which sort by the time they were made and so keep indexes
compact.
"""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUID version 7. Not a secret: never use one as a token."""
    return uuid7()
