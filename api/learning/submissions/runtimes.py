"""Which languages can be run, in which version and image: graders report it, and it is listed.

The API cannot look into sandboxes, so each grader host says what it has, again and again as long as it lives. A row is
one language in one image on one host: hosts may differ, and an image that was built anew gets a row of its own beside
the old one, which nobody reports any more. What was not reported for `AVAILABLE_SECONDS` is not listed, and after
`KEPT_DAYS` it is removed; so nobody has to sign off, and a host that is unplugged goes by itself.

A report is text from images and machines: it is cleaned to one line and cut, and held against a few bounds. It says
nothing of the time: that is put down here, when the report is stored.
"""

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.errors import Invalid
from api.core.ids import new_id
from api.core.upsert import insert_once
from api.learning.curriculum.models import SLUG_LENGTH, SLUG_PATTERN
from api.learning.submissions.grade import RuntimeFacts
from api.learning.submissions.models import Runtime
from api.learning.submissions.text import clean_json, clip, one_line

KEPT_DAYS = 1
MAX_RUNTIMES = 200
"""Of one report."""

_SLUG = re.compile(SLUG_PATTERN)
_LENGTHS = {"title": 100, "version": 200, "image_digest": 200, "isolation": 32}
_KEY = ("host", "language", "image_digest")


def report_runtimes(session: Session, host: str, reported: Collection[RuntimeFacts]) -> None:
    """Notes what a grader host can run now; forgets what no host has reported for `KEPT_DAYS`.

    Raises:
        Invalid: a language's name is none, or there are more than `MAX_RUNTIMES`; nothing is stored.
    """
    if len(reported) > MAX_RUNTIMES:
        raise Invalid(f"a report of {len(reported)} runtimes; at most {MAX_RUNTIMES}")
    moment = now()
    # In one order for all: two workers of a host report the same rows, and must not wait for each other both ways.
    for facts in sorted(reported, key=lambda facts: (facts.language, facts.image_digest)):
        if not _SLUG.fullmatch(facts.language) or len(facts.language) > SLUG_LENGTH:
            raise Invalid(f"{clip(facts.language, SLUG_LENGTH)!r} is no language's name")
        _note(session, {"host": one_line(host, 200), **_columns(facts), "last_seen": moment})
    session.execute(
        delete(Runtime)
        .where(Runtime.last_seen < moment - timedelta(days=KEPT_DAYS))
        .execution_options(synchronize_session=False)
    )


def _columns(facts: RuntimeFacts) -> dict[str, Any]:
    columns: dict[str, Any] = clean_json(msgspec.to_builtins(facts))
    for name, length in _LENGTHS.items():
        if columns[name] is not None:
            columns[name] = one_line(columns[name], length)
    return columns


def _note(session: Session, columns: dict[str, Any]) -> None:
    if insert_once(session, Runtime, _KEY, {"id": new_id(), **columns}):
        return
    session.execute(
        update(Runtime)
        .where(*(getattr(Runtime, name) == columns[name] for name in _KEY))
        .values({name: value for name, value in columns.items() if name not in _KEY})
        .execution_options(synchronize_session=False)
    )
