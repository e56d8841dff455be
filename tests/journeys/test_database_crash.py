"""The database itself dies, at once and without a word: what was committed stands, staging is gone.

On a server of this module's own: nobody else's may be crashed.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest

from databases import Server
from runs import Books, payments
from trueup import initial_load, opening, posting
from trueup.errors import OperationalFailure, Transient
from trueup.sources import blocks
from trueup.stages import post

PARAMS = {"batch_size": 5, "max_retries": 20, "retry_delay": 50, "outbox": True}


@pytest.fixture
def books(private, source_root, monkeypatch) -> Iterator[Books]:
    """A ledger on the private server, migrated by its own role."""
    from trueup import migrations
    from trueup.systems import LEDGER

    monkeypatch.setattr(opening, "GRACE_SECONDS", 0.0)
    server = Server(private.conninfo, None, durable=True)
    database = server.create()
    connection = database.connect()
    migrations.migrate(connection, LEDGER)
    connection.close()
    books = Books(database, source_root)
    books.open_world()
    yield books
    database.close()
    with suppress(psycopg.Error):
        server.close()


@pytest.fixture
def undisturbed(database, source_root, monkeypatch):
    """The state in which a run that nobody disturbs leaves the books."""
    monkeypatch.setattr(opening, "GRACE_SECONDS", 0.0)
    books = Books(database, source_root)
    books.open_world()
    books.backfill(payments(40), **PARAMS)
    return books.state()


@pytest.mark.parametrize("until", ["ingest", "validate", "open_posting", "post_one_batch", "post"])
def test_a_run_that_lost_its_staging_reads_the_source_again_and_ends_the_same(
    private, books, undisturbed, until
):
    attempt = books.begin(payments(40), **PARAMS)
    for step in ("audit", "ingest", "validate", "open_posting", "post_one_batch", "post"):
        getattr(attempt, step)()
        if step == until:
            break
    settled = books.references()
    private.crash()
    private.start()
    attempt.die()

    assert books.database.value("SELECT count(*) FROM trueup.staged_entries") == 0
    assert books.references() == settled
    assert books.disagreements() == []
    run = books.resume(**PARAMS)
    assert (run.run_id, run.status) == (attempt.run_id, "completed"), run.message
    assert books.state() == undisturbed


def test_a_worker_that_outlives_the_crash_does_not_take_the_rest_of_its_range_for_done(
    private, books, undisturbed
):
    """Its connection comes back within its retries, and the staging that it finds is empty."""
    attempt = books.begin(payments(40), **PARAMS).to_posting()
    attempt.post_one_batch()
    run = attempt.run()
    private.crash()
    revive = threading.Timer(0.3, private.start)
    revive.start()
    with pytest.raises(OperationalFailure, match=r"staging of run .* is empty: the database has"):
        post.post(attempt.connect, run, 0)
    revive.join()
    attempt.die()
    assert len(books.references()) == 5
    assert books.resume(**PARAMS).status == "completed"
    assert books.state() == undisturbed


def test_a_block_that_was_read_ahead_of_the_crash_is_not_posted_without_its_doubtful_rows(
    private, books, monkeypatch
):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 500)
    rows = [
        row | ({"timestampUtc": "2020-01-01"} if number % 3 == 2 else {})
        for number, row in enumerate(payments(40))
    ]
    attempt = books.begin(rows, regime="initial").to_posting()
    run = attempt.run()
    with initial_load.opened(run, attempt.files) as loader:
        first = posting.post_next_batch(attempt.connection, run, 0, 0, loader)
        private.crash()
        private.start()
        with (
            attempt.connect() as connection,
            pytest.raises(OperationalFailure, match=r"staging of run .* is empty: the database"),
        ):
            posting.post_next_batch(connection, run, 0, 0, loader)
    attempt.die()
    assert len(books.references()) == first.posted
    assert books.disagreements() == []
    assert books.resume(regime="initial").status == "completed"
    assert books.references() == [row["referenceId"] for row in rows]
    assert books.disagreements() == []


def test_a_crash_in_the_middle_of_posting_leaves_whole_batches(private, books, undisturbed):
    """Under a worker that is posting as fast as it can, in several places."""
    attempt = books.begin(payments(40), **PARAMS).to_posting()
    run = attempt.run()
    ended: list[BaseException] = []

    def work() -> None:
        try:
            post.post(attempt.connect, run, 0)
        except (Transient, OperationalFailure) as error:
            ended.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    time.sleep(0.03)
    private.crash()
    private.start()
    worker.join()
    attempt.die()
    assert books.disagreements() == []
    # Batches grow, so there is no number that all are multiples of: the journal has each.
    batches = books.database.value("SELECT coalesce(sum(posted), 0) FROM trueup.batches")
    assert batches == len(books.references())
    ranges = books.database.row("SELECT sum(posted) AS posted FROM trueup.run_ranges")
    assert ranges.posted == len(books.references())
    assert books.database.value("SELECT count(*) FROM dual_ledger_outbox") == ranges.posted
    assert books.resume(**PARAMS).status == "completed"
    assert books.state() == undisturbed
