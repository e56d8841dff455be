"""A dry run: everything judged, a part executed for real and taken back, nothing changed."""

import psycopg
import pytest

from runs import entry, payments
from trueup.errors import OperationalFailure


@pytest.fixture(autouse=True)
def past(books):
    books.open_world()
    books.post_live("alice", "world", "100.00")


EVERYTHING = """
    SELECT 'entry' AS what, entry::TEXT AS row FROM ledger_entries AS entry
    UNION ALL SELECT 'account', account::TEXT FROM bank_accounts AS account
    UNION ALL SELECT 'outbox', outbox::TEXT FROM dual_ledger_outbox AS outbox
    UNION ALL SELECT 'checkpoint', checkpoint::TEXT FROM ledger_backfill_checkpoints AS checkpoint
    UNION ALL SELECT 'constraint', pg_get_constraintdef(oid) FROM pg_constraint
    UNION ALL SELECT 'created', created::TEXT FROM trueup.created_objects AS created
    UNION ALL SELECT 'baseline', baseline::TEXT FROM trueup.baseline_accounts AS baseline
    ORDER BY 1, 2
"""


def test_it_changes_nothing_at_all(books):
    """Down to updated_at and the physical rows, though it executes every row."""
    accounts = books.write("accounts.csv", "id,currency_code\ndave,USD\n")
    before = books.database.rows(EVERYTHING)
    run = books.backfill(
        [*payments(5), entry("dave", "world"), entry("bob", "carol", "7.00")],
        dry_run=True, outbox=True, accounts=accounts,
    )  # fmt: skip
    assert run.status == "previewed"
    assert run.figures["executed"] == {"read": 7, "posted": 7, "replayed": 0, "quarantined": 0}
    assert books.database.rows(EVERYTHING) == before


def test_it_says_both_counts(books):
    source = [*payments(8), entry(amount="x"), payments(1)[0]]
    run = books.backfill(source, dry_run=True, dry_run_rows=4, max_quarantined="1")
    assert run.message.startswith(
        "Dry run: 8 of 10 rows would be posted, 1 stand already, 1 are quarantined; "
        f"4 rows were executed and taken back. Digest {run.digest}."
    )
    assert run.figures["executed"]["read"] == 4
    assert (run.total_read, run.total_posted) == (10, 0)
    assert (run.total_replayed, run.total_quarantined) == (1, 1)


def test_it_may_execute_nothing(books):
    run = books.backfill(payments(3), dry_run=True, dry_run_rows=0)
    assert (run.status, run.figures["executed"]["read"]) == ("previewed", 0)


def test_it_promises_what_the_run_then_does(books):
    source = [*payments(8), entry(amount="x"), payments(1)[0]]
    dry = books.backfill(source, dry_run=True, max_quarantined="1")
    real = books.backfill("entries.csv", max_quarantined="1")
    verdicts = dry.figures["verdicts"]
    assert (verdicts["postable"], verdicts["replayed"], verdicts["quarantined"]) == (
        real.total_posted,
        real.total_replayed,
        real.total_quarantined,
    )
    assert dry.digest == real.digest


def test_it_leaves_no_staging_and_holds_no_books(books):
    books.backfill(payments(3), dry_run=True)
    assert books.database.rows(
        "SELECT inhrelid::REGCLASS FROM pg_inherits WHERE inhparent IN "
        "('trueup.staged_entries'::REGCLASS, 'trueup.prepared_entries'::REGCLASS)"
    ) == []  # fmt: skip
    assert books.backfill(payments(3)).status == "completed"


def test_it_does_not_wait_for_ever_for_the_locks_of_the_living(books):
    attempt = books.begin(payments(3), dry_run=True).to_validated()
    attempt.connection.execute("SET lock_timeout = '100ms'")
    somebody = books.database.admin()
    with somebody.transaction():
        somebody.execute("SELECT 1 FROM bank_accounts WHERE id = 'alice' FOR UPDATE")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            attempt.preview()
    attempt.preview()
    assert attempt.row.status == "previewed"


def test_it_does_not_promise_anything_about_a_staging_that_was_lost(books):
    attempt = books.begin(payments(3), dry_run=True).to_validated()
    books.database.do("TRUNCATE trueup.staged_entries, trueup.prepared_entries")
    with pytest.raises(OperationalFailure, match=r"staging of run .* is empty"):
        attempt.preview()
