"""Staging: every record with its line, once, and whole or not at all."""

import pytest

from runs import entry, payments
from trueup.errors import Refused


@pytest.fixture(autouse=True)
def world(books):
    books.open_world()


def staged(books) -> list[tuple[int, str]]:
    return books.database.rows(
        "SELECT position, reference_id FROM trueup.staged_entries "
        "UNION ALL SELECT position, reference_id FROM trueup.prepared_entries ORDER BY position"
    )


def test_records_are_staged_with_the_numbers_of_their_lines(books):
    books.begin(
        [entry(referenceId="a", transactionType="two\nlines"), entry(referenceId="b")]
    ).audit().ingest()
    assert staged(books) == [(2, "a"), (4, "b")]


def test_a_whole_staging_is_kept_and_not_read_again(books):
    attempt = books.begin(payments(3)).audit().ingest()
    look = "SELECT ctid, xmin::TEXT, position FROM trueup.prepared_entries"
    before = books.database.rows(look)
    attempt.ingest()
    assert len(before) == 3
    assert books.database.rows(look) == before


@pytest.mark.parametrize(
    "damage",
    [
        "TRUNCATE trueup.staged_entries, trueup.prepared_entries",
        "DELETE FROM trueup.staged_entries WHERE position = 4",
        "UPDATE trueup.staged_entries SET amount = '77' WHERE position = 4",
        "UPDATE trueup.staged_entries SET raw = raw || ' '",
        "DELETE FROM trueup.prepared_entries WHERE position = 3",
        "UPDATE trueup.prepared_entries SET amount = 77 WHERE position = 3",
    ],
)
def test_a_staging_that_is_not_what_was_staged_is_read_again(books, damage):
    doubtful = payments(3)[2] | {"timestampUtc": "2020-01-01"}
    attempt = books.begin([*payments(2), doubtful]).audit().ingest()
    books.database.do(damage)
    attempt.ingest().validate().open_posting().post().check_balances()
    assert books.balances()["world"] == "-6.03"


def test_a_source_that_breaks_off_in_the_middle_leaves_an_empty_staging(books):
    attempt = books.begin(payments(3)).audit()
    rows = attempt.files.open().rows()

    class Torn:
        def open(self):
            return self

        source = attempt.files.source

        def rows(self, _limit):
            yield next(rows)
            raise OSError("the disk is gone")

        accounts = expected_balances = extract = None
        accounts_fingerprint = ""

    whole = attempt.files
    attempt.files = Torn()
    with pytest.raises(OSError, match="the disk is gone"):
        attempt.ingest()
    assert staged(books) == []
    assert attempt.row.staged_rows is None
    attempt.files = whole
    attempt.ingest()
    assert len(staged(books)) == 3


def test_a_header_without_rows_is_refused_and_leaves_no_staging(books):
    run = books.backfill([])
    assert run.status == "refused"
    assert "has no rows; there is nothing to post" in run.message
    assert books.database.rows(
        "SELECT 1 FROM pg_inherits WHERE inhparent = 'trueup.staged_entries'::REGCLASS"
    ) == []  # fmt: skip


@pytest.mark.parametrize(
    ("line", "difference"),
    [
        ("alice,EUR,false,debit", "alice is USD, debit, may not overdraw, the file says EUR"),
        ("alice,USD,true,debit", "the file says USD, debit, may overdraw"),
        ("alice,USD,false,credit", "the file says USD, credit, may not overdraw"),
    ],
)
def test_an_account_that_stands_otherwise_is_refused_with_the_difference(books, line, difference):
    accounts = books.write(
        "accounts.csv", f"id,currency_code,allow_overdraft,normal_side\n{line}\n"
    )
    run = books.backfill(payments(3), accounts=accounts)
    assert run.status == "refused"
    assert difference in run.message
    assert "Nothing is altered in silence" in run.message


def test_an_account_that_stands_just_so_is_used_and_not_charged_to_the_run(books):
    accounts = books.write("accounts.csv", "id,currency_code\nalice,USD\n")
    attempt = books.begin(payments(3), accounts=accounts).to_posted()
    attempt.roll_back()
    assert "alice" in books.balances()


def test_unlogged_partitions_are_the_runs_own(books):
    one = books.begin(payments(3), dry_run=True).audit().ingest()
    two = books.begin(payments(5), source_id="other").audit().ingest()
    partitions = books.database.rows(
        "SELECT relname, relpersistence FROM pg_class "
        "WHERE relkind = 'r' AND relname LIKE 'staged_entries:%' ORDER BY 1"
    )
    assert partitions == sorted(
        (f"staged_entries:{attempt.run_id[-22:]}", "u") for attempt in (one, two)
    )
    one.validate().preview()
    assert len(staged(books)) == 5


def test_audit_lists_what_it_found_and_changes_nothing(books):
    books.open_account("dora", balance="40", reserved="30")
    before = books.state()
    attempt = books.begin(payments(3)).audit()
    found = attempt.row.figures["audit"]
    assert found["opening_balances"] == 1
    assert found["first_opening_balances"] == [
        {"account_id": "dora", "currency_code": "USD", "opening_balance": "40"}
    ]
    assert found["inconsistent_balances"] == 0
    assert (found["entries"], found["accounts"]) == (0, 5)
    after = books.state()
    assert {**after, "runs": None} == {**before, "runs": None}


def test_audit_refuses_books_to_which_the_rules_could_not_be_applied_afterwards(books):
    books.open_account("dora", balance="40", reserved="50")
    run = books.backfill(payments(3))
    assert run.status == "refused"
    assert "the first is dora (balance 40, available -10, reserved 50)" in run.message
    assert books.references() == []


def test_audit_refuses_a_ledger_whose_references_stand_twice(books):
    books.post_live("alice", "world", "1.00", "twice")
    books.database.do("ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_reference_unique")
    books.post_live("alice", "world", "1.00", "twice")
    with pytest.raises(Refused, match=r"1 references stand more than once .* twice of MASTER"):
        books.begin(payments(3)).audit()
