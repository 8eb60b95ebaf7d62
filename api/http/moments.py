"""Moments in queries: with their offset, for "2026-11-28T12:00" is another moment in each country."""

from datetime import datetime

from api.core.errors import FieldError, Invalid


def aware(name: str, moment: datetime) -> datetime:
    """``moment`` of the parameter ``name``. Raises Invalid if it does not say of which time zone it is."""
    if moment.tzinfo is None:
        raise Invalid(
            "a parameter has faults", (FieldError(name, "needs a time zone, such as a Z at its end"),)
        )
    if not 1900 < moment.year < 9000:  # no arithmetic with it may leave the calendar
        raise Invalid("a parameter has faults", (FieldError(name, "is too far away"),))
    return moment
