"""Corrections: what is off is found, brought right on the word of who is right, documented."""

import json
from decimal import Decimal

import pytest

from runs import SAMPLE, SAMPLES, entry, payments
from trueup import corrections, nights
from trueup.errors import DataFailure, Refused
from trueup.systems import LEDGER

CORRECT = {
    "source": "latest", "source_type": "CORRECTIONS", "prefix": "CORRECTION-",
    "max_quarantined": "0",
}  # fmt: skip


HEADER = "account_id,currency_code,expected_balance\n"


@pytest.fixture
def broken(books):
    """A backfill that ended with two breaks: alice has 1.50 too little, bob 0.25 too much."""
    books.open_world()
    balances = (
        "account_id,currency_code,expected_balance\nalice,USD,11.50\nbob,USD,4.75\ncarol,USD,3\n"
    )
    run = books.backfill(
        [entry("alice", "world", "10.00"), entry("bob", "world", "5.00"),
         entry("carol", "world", "3.00")],
        expected_balances=books.write("balances.csv", balances), accept_breaks=2,
    )  # fmt: skip
    assert (run.status, run.breaks) == ("completed", 2)
    return run


def corrected(books, **params):
    attempt = books.begin(**CORRECT | params).to_reconciled()
    with attempt.connection.transaction():
        corrections.document(attempt.connection, attempt.run())
    return attempt.complete()


def test_on_the_word_of_the_source_no_break_is_left(books, broken):
    attempt = corrected(books)
    row = attempt.row
    assert (row.status, row.total_posted, row.breaks) == ("completed", 2, 0)
    balances = books.balances()
    assert (balances["alice"], balances["bob"], balances["carol"]) == ("11.5", "4.75", "3")
    assert balances["SUSPENSE:USD"] == "-1.25"
    posted = books.database.rows(
        "SELECT reference_id, metadata ->> 'cause' AS cause FROM ledger_entries WHERE run_id = %s",
        attempt.run_id,
    )
    assert all(row.reference_id.startswith("CORRECTION-") and row.cause for row in posted)
    logged = books.database.rows(
        "SELECT event, detail FROM trueup.audit_log WHERE stage = 'document' ORDER BY id"
    )
    assert len(logged) == 2
    assert logged[0].event.startswith("Corrected alice: 1.5 USD posted as CORRECTION-")
    assert logged[0].detail["expected"] == "11.50"


def test_a_second_run_finds_nothing_to_correct(books, broken):
    corrected(books)
    with pytest.raises(Refused, match="Nothing is off after run"):
        books.begin(
            **CORRECT,
        ).audit().ingest()


def test_on_the_word_of_the_ledger_nothing_is_posted(books, broken):
    attempt = corrected(books, trust={"*": "source", "bob": "ledger"})
    assert attempt.row.total_posted == 1
    assert books.balances()["bob"] == "5"
    events = [
        row.event
        for row in books.database.rows(
            "SELECT event FROM trueup.audit_log WHERE stage = 'document' ORDER BY id"
        )
    ]
    assert events[1].startswith("Left bob as it is, on the word of the ledger")


def test_a_dry_run_shows_the_proposals_and_posts_nothing(books, broken):
    run = books.backfill(**CORRECT, dry_run=True)
    assert run.status == "previewed"
    shown = books.database.rows(
        "SELECT subject, difference, proposal, amount FROM trueup.proposed_corrections "
        "WHERE run_id = %s ORDER BY number",
        run.run_id,
    )
    assert [tuple(row) for row in shown] == [
        ("alice", Decimal("-1.50"), "correction", "1.5"),
        ("bob", Decimal("0.25"), "correction", "0.25"),
    ]
    assert books.balances()["alice"] == "10"


def test_exactly_what_was_approved_is_posted_or_nothing(books, broken):
    digest = books.backfill(**CORRECT, dry_run=True).digest
    books.post_live("alice", "world", "0.10")
    books.database.do(
        "UPDATE ledger_entries SET timestamp_utc = '2019-01-01' WHERE transaction_type = 'LIVE'"
    )
    run = books.backfill(**CORRECT, approved_digest=digest)
    assert run.status == "refused"
    assert books.balances()["alice"] == "10.1"


def test_what_happened_after_the_balances_date_is_no_break(books, broken):
    books.post_live("alice", "world", "100.00")
    corrected(books)
    assert books.balances()["alice"] == "111.5"


def test_a_row_that_was_left_out_comes_in_itself_and_not_as_a_correction(books):
    books.open_world()
    balances = "account_id,currency_code,expected_balance\nalice,USD,10.00\n"
    books.backfill(
        [entry("alice", "world", "6.00"), entry("alice", "late", "4.00", referenceId="left-out"),
         *payments(3, accounts=["bob"])],
        expected_balances=books.write("balances.csv", balances), accept_breaks=1,
        max_quarantined="1",
    )  # fmt: skip
    books.open_account("late", overdraft=True)
    attempt = corrected(books)
    assert (attempt.row.total_posted, attempt.row.breaks) == (1, 0)
    assert "left-out" in books.references()
    assert books.balances()["alice"] == "10"
    assert "SUSPENSE:USD" not in books.balances()


def test_a_row_that_cannot_be_posted_yet_is_listed_and_not_guessed(books, broken):
    books.backfill([*payments(2), entry(amount="x")], max_quarantined="1", source_id="other")
    run_id = books.database.value("SELECT run_id FROM trueup.runs WHERE source_id = 'other'")
    with pytest.raises(Refused, match="Nothing is to be posted"):
        books.begin(**CORRECT | {"source": run_id}).audit().ingest()


def test_a_balance_moved_by_hand_is_brought_back_and_the_night_is_clean(books):
    books.open_world()
    books.backfill(payments(3), accept_breaks=0)
    books.database.do(
        "UPDATE bank_accounts SET balance = balance + 7, available_balance = available_balance + 7 "
        "WHERE id = 'bob'"
    )
    run_id = books.database.value("SELECT run_id FROM trueup.runs")
    attempt = corrected(books, source=run_id)
    assert attempt.row.total_posted == 1
    assert books.balances()["bob"] == "2.01"
    with books.database.connect("night") as connection:
        assert nights.look(connection, LEDGER, "nightly", "test", learn_anew=True).is_clean


def move_by_hand(books, account="bob", amount=7):
    books.database.do(
        "UPDATE bank_accounts SET balance = balance + %s, available_balance = available_balance + "
        "%s WHERE id = %s",
        amount, amount, account,
    )  # fmt: skip


def test_a_balance_moved_by_hand_is_brought_back_once_though_a_night_knew_the_openings(books):
    books.open_world()
    books.backfill(payments(3))
    with books.database.connect("night") as connection:
        assert nights.look(connection, LEDGER, "nightly", "before").is_clean
        move_by_hand(books)
        assert not nights.look(connection, LEDGER, "nightly", "meanwhile").is_clean
        run_id = books.database.value("SELECT run_id FROM trueup.runs")
        attempt = corrected(books, source=run_id)
        assert nights.look(connection, LEDGER, "nightly", "after").is_clean
        with pytest.raises(Refused, match="Nothing is off"):
            books.begin(**CORRECT | {"source": run_id}, dry_run=True).audit().ingest()
        # Taken back, it is off again.
        assert attempt.roll_back()["proof"] == "equal"
        assert not nights.look(connection, LEDGER, "nightly", "taken back").is_clean


def test_where_the_ledger_is_trusted_a_balance_moved_by_hand_is_its_opening_from_now_on(books):
    books.open_world()
    books.backfill(payments(3))
    with books.database.connect("night") as connection:
        nights.look(connection, LEDGER, "nightly", "before")
        move_by_hand(books)
        move_by_hand(books, "alice", 5)
        run_id = books.database.value("SELECT run_id FROM trueup.runs")
        corrected(books, source=run_id, trust={"*": "source", "alice": "ledger"})
        assert nights.look(connection, LEDGER, "nightly", "after").is_clean
    assert books.balances()["alice"] == "6"


def test_a_replay_and_live_entries_do_not_move_the_date_of_the_balances(books, broken):
    """The run to correct posted nothing itself, and somebody has paid since."""
    books.post_live("alice", "world", "100.00")
    again = books.backfill("entries.csv", expected_balances="balances.csv", accept_breaks=2)
    assert (again.total_posted, again.breaks) == (0, 2)
    attempt = corrected(books)
    assert (attempt.row.total_posted, attempt.row.breaks) == (2, 0)
    assert books.balances()["alice"] == "111.5"


@pytest.mark.parametrize("moment", ["2021-06-01T00:00:00Z", None])
def test_the_newest_row_may_be_the_one_that_was_left_out(books, moment):
    books.open_world()
    balances = "account_id,currency_code,expected_balance\nalice,USD,10.00\n"
    books.backfill(
        [entry("alice", "world", "6.00"),
         entry("alice", "late", "4.00", referenceId="left-out", timestampUtc=moment)],
        expected_balances=books.write("balances.csv", balances), accept_breaks=1,
        max_quarantined="1",
    )  # fmt: skip
    books.open_account("late", overdraft=True)
    attempt = corrected(books)
    assert (attempt.row.total_posted, attempt.row.breaks) == (1, 0)
    assert books.balances()["alice"] == "10"


def test_a_missing_entry_after_the_balances_date_is_no_part_of_the_break(books):
    books.open_world()
    balances = "account_id,currency_code,expected_balance,as_of\nalice,USD,9.00,2020-12-31\n"
    books.backfill(
        [entry("alice", "world", "6.00"),
         entry("alice", "late", "4.00", referenceId="left-out", timestampUtc="2021-06-01")],
        expected_balances=books.write("balances.csv", balances), accept_breaks=1,
        max_quarantined="1",
    )  # fmt: skip
    books.open_account("late", overdraft=True)
    attempt = corrected(books)
    # The missing 4 of the year after, and 3 that nobody knows the cause of.
    assert (attempt.row.total_posted, attempt.row.breaks) == (2, 0)
    assert books.balances()["alice"] == "13"


def test_a_missing_entry_over_accounts_of_two_currencies_is_listed_and_not_proposed(books, broken):
    books.backfill(
        [*payments(2), entry("alice", "late", "4.00")], max_quarantined="1", source_id="other"
    )
    books.open_account("late", currency="EUR", overdraft=True)
    run_id = books.database.value("SELECT run_id FROM trueup.runs WHERE source_id = 'other'")
    with pytest.raises(Refused, match="Nothing is to be posted"):
        books.begin(**CORRECT | {"source": run_id}).audit().ingest()
    assert books.database.value(
        "SELECT count(*) FROM trueup.audit_log WHERE stage = 'document' AND event LIKE 'Left %%'"
    )


@pytest.mark.parametrize("until", ["to_validated", "to_posting"])
def test_a_run_that_broke_off_still_opens_its_accounts_and_verifies(books, broken, until):
    first = books.begin(**CORRECT)
    getattr(first, until)()
    first.connection.close()
    books.wait_until_nobody_works()
    # Another run leaves breaks meanwhile: the one to correct stays.
    attempt = corrected(books)
    assert attempt.run_id == first.run_id
    assert (attempt.row.total_posted, attempt.row.breaks) == (2, 0)
    assert (
        books.database.value(
            "SELECT count(*) FROM trueup.expected_balances WHERE run_id = %s", attempt.run_id
        )
        == 3
    )


def test_a_correction_that_was_reversed_is_found_again(books, broken):
    attempt = corrected(books)
    assert attempt.roll_back(mode="reverse")["reversed"] == 2
    assert books.balances()["alice"] == "10"
    attempt.die()
    books.wait_until_nobody_works()
    again = corrected(books, source=broken.run_id, prefix="CORRECTION-2-")
    assert (again.row.total_posted, again.row.breaks) == (2, 0)
    assert books.balances()["alice"] == "11.5"


def break_rules(books, account, **columns):
    """Somebody without rules: the constraints are gone, and the account is changed."""
    for rule in ("available_balance_not_negative", "available_balance_within_balance"):
        books.database.do(
            f"ALTER TABLE bank_accounts DROP CONSTRAINT IF EXISTS bank_accounts_{rule}"
        )
    for name, value in columns.items():
        books.database.do(f"UPDATE bank_accounts SET {name} = %s WHERE id = %s", value, account)


def test_an_account_that_may_not_overdraw_is_funded_from_suspense(books):
    books.open_world()
    first = books.backfill([entry("alice", "world", "5.00"), entry("bob", "world", "1.00")])
    break_rules(books, "bob")
    books.database.do("UPDATE bank_accounts SET allow_overdraft = TRUE WHERE id = 'bob'")
    books.post_live("world", "bob", "3.50")
    books.database.do("UPDATE bank_accounts SET allow_overdraft = FALSE WHERE id = 'bob'")
    with pytest.raises(Refused, match="1 accounts break a balance rule already"):
        books.begin(payments(1), dry_run=True).audit()
    attempt = corrected(books, source=first.run_id)
    assert (attempt.row.status, attempt.row.total_posted) == ("completed", 1)
    assert books.balances()["bob"] == "0"
    assert books.balances()["SUSPENSE:USD"] == "-2.5"


def test_a_hold_that_is_larger_than_the_balance_is_listed_and_no_entry_is_made_up(books, broken):
    break_rules(books, "carol", reserved_balance=9)
    run = books.backfill(**CORRECT, dry_run=True)
    found = books.database.row(
        "SELECT * FROM trueup.proposed_corrections WHERE kind = 'balance_rule' AND run_id = %s",
        run.run_id,
    )
    assert (found.subject, found.proposal) == ("carol", "nothing")
    assert "mend the hold" in found.cause
    # Posted, the rule would not stand: all is taken back.
    attempt = books.begin(**CORRECT).to_posted().check_balances()
    with pytest.raises(DataFailure, match="available_balance_within_balance"):
        attempt.constrain()
    assert attempt.roll_back()["proof"] == "equal"


def test_on_the_word_of_the_ledger_for_all_nothing_is_posted_and_all_is_written_down(books, broken):
    with pytest.raises(Refused, match="on the word of the ledger"):
        books.begin(**CORRECT, trust="ledger").audit().ingest()
    assert (
        books.database.value("SELECT count(*) FROM trueup.audit_log WHERE stage = 'document'") == 2
    )


def test_credit_normal_accounts_are_corrected_to_their_own_side(books):
    books.open_world()
    books.open_account("deposit", side="credit", overdraft=True)
    balances = "account_id,currency_code,expected_balance\ndeposit,USD,12.00\n"
    books.backfill(
        [entry("alice", "deposit", "10.00")],
        expected_balances=books.write("balances.csv", balances), accept_breaks=1,
    )  # fmt: skip
    corrected(books)
    assert books.balances()["deposit"] == "12"


def test_corrections_are_taken_back_with_the_account_they_opened(books, broken):
    attempt = corrected(books)
    assert attempt.roll_back()["proof"] == "equal"
    assert "SUSPENSE:USD" not in books.balances()
    assert books.balances()["alice"] == "10"


def test_the_demos_four_breaks_go_to_zero(books, monkeypatch):
    monkeypatch.setenv("TRUEUP_SOURCE_ROOTS", str(SAMPLES))
    books.backfill(**SAMPLE, accept_breaks=4)
    attempt = corrected(books)
    assert (attempt.row.total_posted, attempt.row.breaks) == (4, 0)


@pytest.mark.parametrize("trust", ['{"*": "ledger"', "nobody", {"*": "me"}])
def test_a_word_that_is_nobodys_is_refused(books, broken, trust):
    with pytest.raises(Refused, match="trust"):
        books.begin(**CORRECT, trust=trust)


def test_trust_may_be_written_as_json(books, broken):
    written = json.dumps({"*": "ledger", "alice": "source"})
    assert corrected(books, trust=written).row.total_posted == 1
