"""From an old table into today's schema: paired, caught up with, and the old one never touched."""

import threading

import psycopg
import pytest

from runs import Attempt
from trueup.errors import DataFailure, Refused
from trueup.stages import catch_up

LEGACY = {"source": "ledger_entries_legacy", "source_type": "LEGACY", "prefix": "LEGACY-"}
LEGS = {"source": "old_legs", "source_type": "LEGS", "key_column": "transaction_id"}


@pytest.fixture(autouse=True)
def world(books):
    books.open_world()
    books.database.do(
        "CREATE TABLE ledger_entries_legacy (id SERIAL PRIMARY KEY, ledger_id TEXT, "
        "debit_account_id TEXT, credit_account_id TEXT, amount NUMERIC(20, 4), "
        "currency_code TEXT, asset_type TEXT, transaction_type TEXT, reference_id TEXT, "
        "fx_rate NUMERIC, metadata JSONB)"
    )
    books.database.do(
        "CREATE TABLE old_legs (transaction_id TEXT, account_id TEXT, side TEXT, amount NUMERIC, "
        "currency_code TEXT)"
    )
    for table in ("ledger_entries_legacy", "old_legs", "ledger_entries_legacy_id_seq"):
        books.database.do(f"GRANT ALL ON {table} TO PUBLIC")


def write_legacy(books, *amounts, debit="alice", reference=None):
    for amount in amounts:
        books.database.do(
            "INSERT INTO ledger_entries_legacy (debit_account_id, credit_account_id, amount, "
            "currency_code, transaction_type, reference_id, metadata) "
            "VALUES (%s, 'world', %s, 'USD', 'OLD', %s, %s)",
            debit, amount, reference, '{"rate": 1.10}',
        )  # fmt: skip


def write_legs(books, transaction, *legs, currency="USD"):
    for account, side, amount in legs:
        books.database.do(
            "INSERT INTO old_legs VALUES (%s, %s, %s, %s, %s)",
            transaction, account, side, amount, currency,
        )  # fmt: skip


def migrated(books, **params) -> Attempt:
    return books.begin(**params).to_posted().catch_up().check_balances().constrain().expect()


def fingerprint(books, table: str) -> str:
    return books.database.value(
        "SELECT md5(string_agg(source::TEXT || ctid::TEXT, '|' ORDER BY ctid)) "
        f"FROM {table} AS source"
    )


def test_every_old_row_stands_in_the_ledger_to_the_last_digit(books):
    write_legacy(books, "10.50", "0.25", debit="alice")
    write_legacy(books, "1", debit="bob", reference="their-own")
    before = fingerprint(books, "ledger_entries_legacy")
    attempt = migrated(books, **LEGACY).reconcile().complete()

    assert (attempt.row.status, attempt.row.total_posted) == ("completed", 3)
    assert books.balances() == {"alice": "10.75", "bob": "1", "carol": "0", "world": "-11.75"}
    assert books.references() == [
        "LEGACY-public.ledger_entries_legacy-1",
        "LEGACY-public.ledger_entries_legacy-2",
        "their-own",
    ]  # fmt: skip
    assert books.database.value("SELECT DISTINCT metadata::TEXT FROM ledger_entries") == (
        '{"rate": 1.10}'
    )
    assert fingerprint(books, "ledger_entries_legacy") == before


def test_what_was_written_meanwhile_is_caught_up_with(books, monkeypatch):
    monkeypatch.setattr(catch_up, "_FEW_ROWS", 1)
    write_legacy(books, *["1.00"] * 5)
    attempt = books.begin(**LEGACY, batch_size=2).to_posted()
    write_legacy(books, *["2.00"] * 4)
    attempt.catch_up().check_balances().constrain().expect().reconcile().complete()
    assert (attempt.row.total_read, attempt.row.total_posted) == (9, 9)
    assert books.balances()["alice"] == "13"
    again = migrated(books, **LEGACY).reconcile().complete()
    assert (again.row.total_posted, again.row.total_replayed) == (0, 9)


def test_writers_go_on_and_at_the_end_nothing_is_missing(books):
    """A writer inserts all the time; what it had committed when the table was let go is there."""
    write_legacy(books, *["1.00"] * 20)
    over, committed = threading.Event(), []

    def write() -> None:
        with psycopg.connect(books.database.admin_conninfo, autocommit=True) as writer:
            while not over.is_set():
                writer.execute(
                    "INSERT INTO ledger_entries_legacy (debit_account_id, credit_account_id, "
                    "amount, transaction_type) VALUES ('bob', 'world', 1, 'OLD')"
                )
                committed.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        attempt = books.begin(**LEGACY).to_posted()
        before = len(committed)
        attempt.catch_up()
    finally:
        over.set()
        thread.join()
    attempt.check_balances().constrain().expect().reconcile().complete()
    assert attempt.row.total_posted >= 20 + before > 20
    missing = books.database.value(
        "SELECT count(*) FROM ledger_entries_legacy AS old WHERE NOT EXISTS (SELECT 1 FROM "
        "ledger_entries WHERE reference_id = 'LEGACY-public.ledger_entries_legacy-' || old.id)"
    )
    assert missing == 20 + len(committed) - attempt.row.total_posted
    assert migrated(books, **LEGACY).reconcile().complete().row.total_posted == missing


@pytest.mark.parametrize(
    "change", ["UPDATE ledger_entries_legacy SET amount = 9", "DELETE FROM ledger_entries_legacy"]
)
def test_rows_that_change_after_they_were_migrated_are_a_data_failure(books, change):
    write_legacy(books, "1.00", "2.00")
    attempt = books.begin(**LEGACY).to_posted()
    books.database.do(f"{change} WHERE id = 1")
    with pytest.raises(DataFailure, match=r"1 rows of .* changed or deleted"):
        attempt.catch_up()


def test_a_catch_up_that_was_killed_is_finished_by_the_next(books, monkeypatch):
    write_legacy(books, "1.00")
    attempt = books.begin(**LEGACY).to_posted()
    write_legacy(books, "2.00", "3.00")
    monkeypatch.setattr(catch_up, "_finish_ranges", lambda *_: None)
    attempt.catch_up()
    assert books.balances()["alice"] == "1"
    monkeypatch.undo()
    attempt.catch_up().check_balances()
    assert books.balances()["alice"] == "6"


def test_a_row_that_comes_in_late_and_is_wrong_goes_to_quarantine(books):
    write_legacy(books, "1.00")
    attempt = books.begin(**LEGACY, max_quarantined="2").to_posted()
    write_legacy(books, "-5", debit="bob")
    write_legacy(books, "7", debit="nobody")
    attempt.catch_up().check_balances().constrain().expect().reconcile().complete()
    assert (attempt.row.total_posted, attempt.row.total_quarantined) == (1, 2)
    assert list(books.reasons(attempt.run_id).values()) == ["invalid_amount", "unknown_account"]


def test_rows_that_come_in_late_and_are_wrong_count_against_the_quota_too(books):
    write_legacy(books, "1.00")
    attempt = books.begin(**LEGACY, max_quarantined="1").to_posted()
    write_legacy(books, "-5", debit="bob")
    write_legacy(books, "7", debit="nobody")
    with pytest.raises(DataFailure, match="2 of 3 are quarantined"):
        attempt.catch_up()
    assert attempt.roll_back()["proof"] == "equal"


@pytest.mark.parametrize("skip_duplicates", [True, False])
def test_a_row_that_was_quarantined_late_does_not_stop_the_catching_up(books, skip_duplicates):
    write_legacy(books, 1, reference="r-1")
    write_legacy(books, 2, reference="r-2")
    attempt = books.begin(
        **LEGACY, max_quarantined="5", skip_duplicates=skip_duplicates
    ).to_posting()
    # Between verdict and posting somebody posts another content under the reference.
    books.post_live("bob", "world", "7.00", "r-1")
    attempt.post()
    write_legacy(books, 3, reference="r-3")
    attempt.catch_up().check_balances().constrain().expect()
    row = attempt.reconcile().complete().row
    assert (row.status, row.total_posted, row.total_quarantined) == ("completed", 2, 1)


def test_accounts_that_only_late_rows_touch_may_dip_on_the_way_as_others(books):
    write_legacy(books, 1)
    migrated(books, **LEGACY).reconcile().complete()
    attempt = books.begin(**LEGACY, batch_size=1).to_posted()
    for debit, credit, amount in (("world", "carol", 5), ("carol", "world", 6)):
        books.database.do(
            "INSERT INTO ledger_entries_legacy (debit_account_id, credit_account_id, amount, "
            "currency_code, transaction_type) VALUES (%s, %s, %s, 'USD', 'OLD')",
            debit, credit, amount,
        )  # fmt: skip
    attempt.catch_up().check_balances().constrain().expect()
    assert attempt.reconcile().complete().row.status == "completed"
    assert books.balances()["carol"] == "1"


def test_a_table_is_the_same_however_its_name_is_written(books):
    write_legacy(books, 1, 2)
    migrated(books, **LEGACY).reconcile().complete()
    again = migrated(books, **LEGACY | {"source": "public.ledger_entries_legacy"})
    row = again.reconcile().complete().row
    assert (row.total_posted, row.total_replayed) == (0, 2)


@pytest.mark.parametrize("other", [{"prefix": "OLD-"}, {"key_column": "amount"}])
def test_references_made_in_another_way_are_refused_unless_confirmed(books, other):
    write_legacy(books, 1, 2)
    migrated(books, **LEGACY).reconcile().complete()
    with pytest.raises(Refused, match="would be posted a second time"):
        books.begin(**LEGACY | other, dry_run=True).audit()
    attempt = books.begin(**LEGACY | other, confirm_overlap=True, dry_run=True)
    assert attempt.audit()


def test_two_legs_of_a_transaction_become_one_entry(books):
    write_legs(books, "t1", ("alice", "debit", "5.00"), ("world", "CREDIT", "5.00"))
    write_legs(books, "t2", ("world", "credit", "2"), ("bob", "debit", "2.00"))
    assert migrated(books, **LEGS).row.total_to_process == 2
    assert books.balances() == {"alice": "5", "bob": "2", "carol": "0", "world": "-7"}


def test_one_leg_against_several_becomes_as_many_entries(books):
    write_legs(
        books, "t1", ("world", "credit", "6"), ("alice", "debit", "3"), ("bob", "debit", "3")
    )
    write_legs(
        books, "t2", ("carol", "debit", "3"), ("world", "credit", "1"), ("alice", "credit", "2")
    )
    migrated(books, **LEGS)
    assert books.balances() == {"alice": "1", "bob": "3", "carol": "3", "world": "-7"}
    assert len(books.references()) == 4


@pytest.mark.parametrize(
    ("legs", "reason"),
    [
        ([("alice", "debit", "5"), ("world", "credit", "4.99")], "unbalanced_group"),
        ([("alice", "debit", "5")], "one_legged_group"),
        ([("alice", "debit", "5"), ("bob", "debit", "5")], "one_legged_group"),
        ([("alice", "debit", "5"), ("world", "sideways", "5")], "one_legged_group"),
        ([("alice", "debit", "x"), ("world", "credit", "5")], "unbalanced_group"),
        (
            [("alice", "debit", "1"), ("bob", "debit", "1"), ("world", "credit", "1"),
             ("carol", "credit", "1")],
            "ambiguous_group",
        ),
    ],
)  # fmt: skip
def test_a_transaction_that_does_not_add_up_goes_to_quarantine_as_a_group(books, legs, reason):
    books.database.do("ALTER TABLE old_legs ALTER COLUMN amount TYPE TEXT")
    write_legs(books, "good", ("alice", "debit", "1.00"), ("world", "credit", "1.00"))
    write_legs(books, "bad", *legs)
    attempt = migrated(books, **LEGS, max_quarantined="99 %")
    assert list(books.reasons(attempt.run_id).values()) == [reason] * len(legs)
    assert books.balances()["alice"] == "1"


def test_a_transaction_without_id_or_in_two_currencies_goes_to_quarantine(books):
    write_legs(books, "good", ("alice", "debit", "1.00"), ("world", "credit", "1.00"))
    write_legs(books, None, ("alice", "debit", "1"), ("world", "credit", "1"))
    write_legs(books, "mixed", ("alice", "debit", "1"))
    write_legs(books, "mixed", ("world", "credit", "1"), currency="EUR")
    attempt = migrated(books, **LEGS, max_quarantined="99 %")
    assert sorted(books.reasons(attempt.run_id).values()) == [
        "one_legged_group", "one_legged_group", "unbalanced_group", "unbalanced_group",
    ]  # fmt: skip


def test_a_leg_that_finds_its_other_one_late_is_migrated_after_all(books):
    write_legs(books, "good", ("alice", "debit", "1.00"), ("world", "credit", "1.00"))
    write_legs(books, "late", ("bob", "debit", "4.00"))
    attempt = books.begin(**LEGS, max_quarantined="99 %").to_posted()
    write_legs(books, "late", ("world", "credit", "4.00"))
    attempt.catch_up().check_balances()
    assert books.balances()["bob"] == "4"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"source": "nowhere"}, "There is no table nowhere"),
        ({"source": "old_legs"}, "no column 'debit_account_id'"),
        ({"key_column": "nokey"}, "no column 'nokey'"),
        ({"source": "x; DROP TABLE bank_accounts"}, "There is no table"),
    ],
)
def test_a_table_that_is_not_what_was_said_is_refused_in_words(books, params, words):
    with pytest.raises(Refused, match=words):
        books.begin(**LEGACY | params).audit()


def test_an_old_table_with_floats_is_refused(books):
    books.database.do("ALTER TABLE ledger_entries_legacy ALTER COLUMN amount TYPE FLOAT8")
    with pytest.raises(Refused, match="floating-point"):
        books.begin(**LEGACY).audit()


def test_a_migration_is_taken_back_like_any_run(books):
    write_legacy(books, "1.00", "2.00")
    attempt = books.begin(**LEGACY).to_posted()
    write_legacy(books, "3.00")
    attempt.catch_up()
    assert attempt.roll_back()["proof"] == "equal"
    assert set(books.balances().values()) == {"0"}
