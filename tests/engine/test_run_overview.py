"""Who works on a run, what is stalled, how fast it goes: with real sessions, as anybody sees it."""

import time
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest

from page_server import reader_of
from runs import payments


@pytest.fixture(autouse=True)
def world(books):
    books.open_world()


@pytest.fixture
def overview(books):
    """The view's row of a run, as a role sees it that may read the views and nothing else."""
    reader = reader_of(books.database)

    def overview(run_id):
        with closing(psycopg.connect(reader, row_factory=psycopg.rows.namedtuple_row)) as looking:
            return looking.execute(
                "SELECT * FROM trueup.run_overview WHERE run_id = %s", (run_id,)
            ).fetchone()

    return overview


def wait_until(is_so: Callable[[], bool]) -> None:
    """The server needs a moment to notice that a client is gone."""
    for _ in range(500):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to be within five seconds")


def silent(books, minutes: int, status: str | None = None) -> None:
    """Have every run give no sign of life for so many minutes."""
    books.database.do(
        "UPDATE trueup.runs SET status = coalesce(%s, status), "
        "last_seen_at = now() - make_interval(mins => %s)",
        status, minutes,
    )  # fmt: skip


def test_a_reader_who_may_not_see_other_sessions_sees_that_somebody_works_on_a_run(books, overview):
    with closing(psycopg.connect(reader_of(books.database))) as looking:
        (may_see,) = looking.execute(
            "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'member')"
        ).fetchone()
    assert not may_see
    other = books.begin(payments(3), source_id="other", dry_run=True).audit()
    attempt = books.begin(payments(3)).audit()
    assert overview(attempt.run_id).worked_on is True
    attempt.die()
    wait_until(lambda: overview(attempt.run_id).worked_on is False)
    assert overview(other.run_id).worked_on is True
    other.die()


def test_who_looks_whether_somebody_works_on_a_run_does_not_work_on_it(books, overview):
    attempt = books.begin(payments(3)).audit()
    attempt.die()
    books.wait_until_nobody_works()
    with books.database.connect("looker") as looker, looker.transaction():
        held = looker.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('trueup ' || %s, 0)) AS free",
            (attempt.run_id,),
        ).fetchone()
        assert held.free
        assert overview(attempt.run_id).worked_on is False


@pytest.mark.parametrize("status", ["ingesting", "validating", "constraining", "rolling_back"])
def test_a_long_stage_that_somebody_works_on_is_not_stalled(books, overview, status):
    attempt = books.begin(payments(3)).audit()
    silent(books, 29, status)
    assert overview(attempt.run_id).stalled is False
    silent(books, 31, status)
    assert overview(attempt.run_id).stalled is True
    books.database.do("UPDATE trueup.settings SET stalled_after = INTERVAL '40 minutes'")
    assert overview(attempt.run_id).stalled is False
    attempt.die()


def test_without_a_worker_a_run_is_stalled_once_the_next_task_should_have_begun(books, overview):
    attempt = books.begin(payments(3)).audit()
    attempt.die()
    books.wait_until_nobody_works()
    silent(books, 4)
    assert overview(attempt.run_id).stalled is False
    silent(books, 6)
    assert overview(attempt.run_id).stalled is True


@pytest.mark.parametrize("status", ["awaiting_approval", "paused", "interrupted"])
def test_a_run_that_waits_for_a_person_is_not_stalled(books, overview, status):
    attempt = books.begin(payments(3)).audit()
    attempt.die()
    books.wait_until_nobody_works()
    silent(books, 600, status)
    assert overview(attempt.run_id).stalled is False


def test_a_run_that_ended_is_neither_worked_on_nor_stalled(books, overview):
    run = books.backfill(payments(3))
    with books.database.connect("late reader") as late:
        late.execute(
            "SELECT pg_advisory_lock_shared(hashtextextended('trueup ' || %s, 0))", (run.run_id,)
        )
        row = overview(run.run_id)
    assert (row.worked_on, row.stalled) == (False, False)


def test_speed_and_time_left_are_said_of_now_and_while_somebody_works(books, overview):
    attempt = books.begin(payments(30), batch_size=10).to_posting()
    attempt.post_one_batch()
    row = overview(attempt.run_id)
    assert row.recent_rows_per_second > 0
    assert row.seconds_left is not None

    # Half a minute later, and nothing more was posted.
    books.database.do("UPDATE trueup.batches SET committed_at = committed_at - INTERVAL '31 s'")
    row = overview(attempt.run_id)
    assert (row.recent_rows_per_second, row.seconds_left) == (None, None)
    # One batch may take longer than that.
    books.database.do("UPDATE trueup.batches SET seconds = 25")
    assert overview(attempt.run_id).recent_rows_per_second > 0

    attempt.die()
    books.wait_until_nobody_works()
    row = overview(attempt.run_id)
    assert (row.recent_rows_per_second, row.seconds_left) == (None, None)
