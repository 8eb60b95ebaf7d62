"""A busy past stands in nobody's way: what is done all day reads no large table from end to end."""

import pytest
from sqlalchemy import func, select, text

from api.core.database import Database
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun
from bench.daily import Day
from bench.plans import Sent, recorded, whole_tables
from bench.rows import fill
from bench.scale import rows

PAST, OWN = 20_000, 3


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Database:
    """A fresh database of either kind."""
    return request.getfixturevalue("database" if request.param == "sqlite" else "postgres_database")


def test_nothing_that_is_done_all_day_reads_a_large_table_from_end_to_end(store: Database) -> None:
    day = Day(store, OWN)
    fill(store, PAST)
    with recorded(store.engine) as sent:
        day.turn()
    assert len(sent) > 20
    assert whole_tables(store.engine, sent) == []
    # It can fail: these cannot be answered by an index.
    columns = ("assignment_submissions", "feedback"), ("grading_runs", "worker"), ("case_results", "message")
    planted = [
        Sent(f"SELECT * FROM {_of(store, table)} WHERE {column} = 'x'", ()) for table, column in columns
    ]
    assert len(whole_tables(store.engine, planted)) == len(columns)


def test_the_past_is_what_the_platform_would_have_written(store: Database) -> None:
    Day(store, OWN)
    fill(store, 3_000, results_of_every=2)
    with store.transaction() as session:
        count = func.count()
        assert session.scalar(select(count).select_from(AssignmentSubmission)) == 3_000 + OWN
        run_of_each = (GradingRun.submission_id == AssignmentSubmission.id) & (
            GradingRun.user_id == AssignmentSubmission.user_id
        )
        assert (
            session.scalar(select(count).select_from(AssignmentSubmission).join(GradingRun, run_of_each))
            == 3_000 + OWN
        )
        orphans = select(count).where(CaseResult.run_id.not_in(select(GradingRun.id)))
        assert session.scalar(orphans) == 0
        assert session.scalars(select(GradingRun).limit(1)).one().finished_at is not None
        if store.is_sqlite:
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []


def _of(store: Database, table: str) -> str:
    return table if store.is_sqlite else f"learning.{table}"


def test_a_ratio_is_of_medians_side_by_side_and_says_what_it_is_made_of() -> None:
    empty = {"poll": [0.001] * 8 + [0.5, 0.001]}
    full = {"poll": [0.002] * 8 + [0.002, 0.9]}
    (row,) = rows(empty, full)
    assert row.spread is not None
    assert row.spread.median == pytest.approx((2 + 0.3) / (1 + 0.3))
    assert row.met is False
    assert row.note == "1.00 ms empty, 2.00 ms full"


def test_an_index_that_is_read_to_its_end_is_a_large_table_too(database: Database) -> None:
    Day(database, OWN)
    every = "SELECT status FROM assignment_submissions ORDER BY submitted_at, id"
    assert len(whole_tables(database.engine, [Sent(every, ())])) == 1
    assert whole_tables(database.engine, [Sent(f"{every} LIMIT 5", ())]) == []
    of_runs = "SELECT user_id FROM grading_runs AS grading_runs_2 ORDER BY finished_at LIMIT 5"
    assert len(whole_tables(database.engine, [Sent(of_runs, ())])) == 1
