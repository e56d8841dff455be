"""The initial regime: when it is chosen, what it keeps from others, what it builds again."""

import psycopg
import pytest
from psycopg import errors as database_errors

from runs import entry, payments
from trueup import migrations, regime
from trueup.errors import OperationalFailure, Refused
from trueup.run_state import Status
from trueup.sources import blocks
from trueup.systems import LEDGER


@pytest.fixture(autouse=True)
def world(books, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 300)
    books.open_world()


def keys(books) -> list:
    """Every key, index and trigger of the bare tables."""
    return books.database.rows(
        "SELECT indexdef FROM pg_indexes WHERE tablename IN "
        "('ledger_entries', 'dual_ledger_outbox') UNION ALL "
        "SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid IN ('ledger_entries'::REGCLASS, 'dual_ledger_outbox'::REGCLASS) "
        "UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal "
        "ORDER BY 1"
    )


def test_auto_is_initial_for_a_large_source_and_an_empty_ledger_alone(books, monkeypatch):
    small = books.backfill(payments(3))
    assert (small.status, small.regime) == ("completed", "live")
    monkeypatch.setattr(regime, "WORTHWHILE_BYTES", 0)
    assert books.backfill(payments(4)).regime == "live"
    books.database.do("TRUNCATE ledger_entries, dual_ledger_outbox")
    books.database.do("UPDATE bank_accounts SET balance = 0, available_balance = 0")
    assert books.backfill(payments(5)).regime == "initial"


def test_a_dry_run_is_live_whatever_is_asked_for(books):
    attempt = books.begin(payments(3), dry_run=True, regime="initial").to_validated().preview()
    assert (attempt.row.status, attempt.row.regime) == ("previewed", "live")


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [
        (
            "SELECT post_ledger_entry('M', 'alice', 'world', 1, 'USD', 'fiat', 'T', 'r')",
            "not empty",
        ),
        (
            "CREATE TABLE theirs (entry_id BIGINT REFERENCES ledger_entries (id))",
            "theirs refers to ledger_entries",
        ),
        ("CREATE TABLE heir () INHERITS (ledger_entries)", "ledger_entries is no plain table"),
        (
            "CREATE VIEW theirs AS SELECT id, amount FROM ledger_entries GROUP BY id",
            "rule _RETURN on view theirs depends on ledger_entries_pkey of ledger_entries",
        ),
        (
            "ALTER TABLE ledger_entries ALTER id DROP IDENTITY; CREATE SEQUENCE own; "
            "GRANT ALL ON SEQUENCE own TO PUBLIC; "
            "ALTER TABLE ledger_entries ALTER id SET DEFAULT nextval('own')",
            "the entries' ids come from no sequence of their own",
        ),
    ],
)
def test_what_stands_against_the_initial_regime_is_said_in_words(
    books, monkeypatch, obstacle, words
):
    books.database.do(obstacle)
    attempt = books.begin(payments(3), regime="initial")
    with pytest.raises(Refused, match=words):
        attempt.audit()
    attempt.die()
    monkeypatch.setattr(regime, "WORTHWHILE_BYTES", 0)
    run = books.resume()
    assert (run.status, run.regime) == ("completed", "live"), run.message


def test_another_session_stands_against_it_and_is_named(books):
    with (
        psycopg.connect(books.database.conninfo, application_name="the shop"),
        pytest.raises(Refused, match=r"session \d+ \(.*, the shop\) is connected"),
    ):
        books.begin(payments(3), regime="initial").audit()


def test_one_who_comes_after_the_audit_is_noticed_before_anything_is_changed(books):
    before = keys(books)
    attempt = books.begin(payments(3), regime="initial").to_validated()
    with (
        psycopg.connect(books.database.conninfo, application_name="the shop"),
        pytest.raises(Refused, match="Nothing was posted"),
    ):
        attempt.open_posting()
    assert keys(books) == before


def test_entries_that_came_since_the_audit_stop_it_in_time(books, monkeypatch):
    attempt = books.begin(payments(3), regime="initial").to_validated()
    monkeypatch.setattr(regime, "check", lambda *_: None)  # they come behind this look
    books.post_live("alice", "world", "1.00")
    with pytest.raises(OperationalFailure, match="no longer empty"):
        attempt.open_posting()
    books.post_live("alice", "world", "1.00")


def test_while_it_lasts_and_after_a_kill_everybody_else_is_refused_in_words(books):
    attempt = books.begin(payments(9), regime="initial").to_posting()
    attempt.post_one_batch()
    attempt.die()
    words = "being loaded for the first time by run ledger_backfill"
    with pytest.raises(database_errors.ObjectNotInPrerequisiteState, match=words):
        books.post_live("alice", "world", "1.00")
    for statement in (
        "UPDATE ledger_entries SET amount = 1",
        "DELETE FROM ledger_entries",
        "TRUNCATE ledger_entries, dual_ledger_outbox",
        "INSERT INTO dual_ledger_outbox (entry_id, reference_id) VALUES (1, 'x')",
    ):
        with pytest.raises(database_errors.ObjectNotInPrerequisiteState, match=words):
            books.database.do(statement)
    run = books.resume(regime="initial")
    assert (run.status, run.total_posted) == ("completed", 9)
    books.post_live("alice", "world", "1.00")


def test_keys_indexes_and_foreign_keys_of_others_stand_again_as_they_were(books):
    books.database.do(
        "CREATE INDEX by_time ON ledger_entries (timestamp_utc DESC) WHERE amount > 5;"
        "CREATE UNIQUE INDEX odd ON ledger_entries (lower(reference_id)) WITH (fillfactor = 70);"
        "ALTER TABLE ledger_entries ADD CONSTRAINT later UNIQUE (reference_id, ledger_id) "
        "DEFERRABLE INITIALLY DEFERRED"
    )
    before = keys(books)
    attempt = books.begin(payments(9), regime="initial", outbox=True).to_posting()
    bare = keys(books)
    assert not any("INDEX" in row[0] or "KEY" in row[0] for row in bare)
    attempt.post().check_balances().constrain()
    assert keys(books) == before
    assert books.database.value("SELECT count(*) FROM trueup.suspended_objects") == 0


def test_what_breaks_a_key_of_others_takes_the_run_back_and_leaves_the_keys(books):
    books.database.do("CREATE UNIQUE INDEX one_amount ON ledger_entries (amount)")
    before = keys(books)
    run = books.backfill([*payments(3), entry(amount="1.00")], regime="initial")
    assert run.status == "rolled_back"
    assert "breaks a key that stood before" in run.message
    assert run.state_hash_after == run.state_hash_before
    assert keys(books) == before
    books.post_live("alice", "world", "1.00")


def test_an_audit_of_bare_tables_does_not_miss_the_keys_that_are_in_keeping(books):
    books.begin(payments(9), regime="initial").to_posting().die()
    migrations.check_tables(books.database.conninfo, LEDGER)
    assert books.resume(regime="initial").status == "completed"


def test_doubtful_and_repeated_rows_are_posted_beside_the_plain_ones(books):
    rows = payments(9)
    rows[2]["timestampUtc"] = "2020-01-01"  # not plain
    rows[4]["amount"] = "x"
    rows[6] |= {"referenceId": None}
    source = [*rows, rows[0], rows[1] | {"amount": "77.00"}]
    run = books.backfill(source, regime="initial", outbox=True, max_quarantined="9")
    assert (run.status, run.total_read) == ("completed", 11)
    assert (run.total_posted, run.total_replayed, run.total_quarantined) == (7, 1, 3)
    live = type(books)(books.database, books.folder)
    replayed = live.backfill("entries.csv", regime="live", max_quarantined="9")
    assert (replayed.total_posted, replayed.total_replayed, replayed.total_quarantined) == (0, 8, 3)


def test_a_crash_that_empties_the_staging_loses_nothing_of_an_initial_load(books):
    rows = payments(12)
    rows[10]["timestampUtc"] = "2020-01-01"
    attempt = books.begin(rows, regime="initial").to_posting()
    attempt.post_one_batch()
    books.database.do("TRUNCATE trueup.staged_entries, trueup.prepared_entries")
    with pytest.raises(OperationalFailure, match=r"staging|emptied"):
        attempt.post()
    assert books.disagreements() == []
    attempt.die()
    run = books.resume(regime="initial")
    assert (run.status, run.total_posted) == ("completed", 12)


def test_ids_go_on_behind_those_that_were_given_before(books):
    books.database.do("SELECT setval(pg_get_serial_sequence('ledger_entries', 'id'), 5000)")
    books.backfill(payments(3), regime="initial")
    books.post_live("alice", "world", "1.00")
    ids = [row.id for row in books.database.rows("SELECT id FROM ledger_entries ORDER BY 1")]
    assert ids[0] > 5000
    assert ids == sorted(set(ids))


def test_a_resumed_run_keeps_the_regime_in_which_it_began_to_post(books):
    attempt = books.begin(payments(9), regime="initial").to_posting()
    attempt.die()
    run = books.resume(regime="live")
    assert (run.status, run.regime) == ("completed", "initial")


def test_a_rollback_after_completion_is_the_ordinary_one(books):
    attempt = books.begin(payments(9), regime="initial", outbox=True).to_reconciled().complete()
    assert attempt.row.status == Status.COMPLETED
    assert attempt.roll_back()["proof"] == "equal"
    assert books.references() == []
