"""What real sandboxes are reported to be: a version for every language they serve, and a machine's speed."""

import re
from pathlib import Path

from sqlalchemy import select

from api.core.database import Database
from api.learning.submissions.models import Runtime
from grader.calibration import calibrate
from grader.runtimes import RuntimeReporter
from grader.sandbox import Sandbox


def test_every_language_that_is_served_tells_its_version(
    sandbox: Sandbox, database: Database, tmp_path: Path
):
    served = sandbox.languages()
    RuntimeReporter(database, sandbox, tmp_path, "host").report_if_due()
    with database.transaction() as session:
        rows = {row.language: row for row in session.scalars(select(Runtime))}
    assert {name: row.image_digest for name, row in rows.items()} == served
    for row in rows.values():
        assert re.search(r"\d+\.\d+", row.version or ""), row.language
        assert row.isolation
    assert len({row.isolation for row in rows.values()}) == 1


def test_the_work_that_measures_a_machine_does_the_same_everywhere(sandbox: Sandbox, tmp_path: Path):
    found = calibrate(sandbox, tmp_path, 1)
    assert found.speed > 0
    assert {"python", "c"} == set(found.least_ms)
