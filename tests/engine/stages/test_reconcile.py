"""Every break, to the cent and with its cause: the books against their entries and their source."""

import pytest

from runs import entry, payments
from trueup.errors import DataFailure


@pytest.fixture(autouse=True)
def world(books):
    books.open_world()


def expect(books, *lines: str, header="account_id,currency_code,expected_balance,as_of") -> str:
    return books.write("expected.csv", "\n".join([header, *lines]) + "\n")


def reconciled(books, source, *lines: str, **params):
    """Run a backfill that accepts all breaks, and give its breaks."""
    expected = expect(books, *lines)
    run = books.backfill(source, expected_balances=expected, accept_breaks=99, **params)
    assert run.status == "completed", run.message
    assert run.breaks == len(books.breaks(run.run_id))
    return books.breaks(run.run_id)


def test_balances_that_agree_are_no_breaks(books):
    assert reconciled(books, [entry(amount="5.00")], "alice,USD,5,", "world,USD,-5.0,") == []


def test_a_break_says_ledger_less_source(books):
    breaks = reconciled(books, [entry(amount="5.00")], "alice,USD,7.25,", "world,USD,-8,")
    assert [(account, difference) for account, difference, _ in breaks] == [
        ("world", "3.00"),
        ("alice", "-2.25"),
    ]


def test_more_breaks_than_accepted_take_the_run_back_and_are_kept(books):
    expected = expect(books, "alice,USD,1,", "world,USD,-1,")
    run = books.backfill([entry(amount="5.00")], expected_balances=expected, accept_breaks=1)
    assert run.status == "rolled_back"
    assert "2 balances break, 1 was accepted; the largest is" in run.message
    assert len(books.breaks(run.run_id)) == run.breaks == 2
    assert run.state_hash_after == run.state_hash_before


@pytest.mark.parametrize(("tolerance", "breaks"), [("0.009", 1), ("0.01", 0), ("1", 0)])
def test_a_tolerance_is_the_largest_difference_that_is_no_break(books, tolerance, breaks):
    found = reconciled(books, [entry(amount="5.00")], "alice,USD,5.01,", tolerance=tolerance)
    assert len(found) == breaks


def test_an_expected_balance_is_compared_as_of_its_own_time(books):
    source = [
        entry(amount="1.00", timestampUtc="2020-01-01T12:00:00Z"),
        entry(amount="2.00", timestampUtc="2020-01-02T12:00:00Z"),
        entry(amount="4.00", timestampUtc="2020-01-03T12:00:00Z"),
    ]
    assert reconciled(books, source, "alice,USD,3,2020-01-02T12:00:00Z") == []
    assert reconciled(books, source, "alice,USD,3,2020-01-02") == []
    assert reconciled(books, source, "alice,USD,1,2020-01-02T11:59:59Z") == []
    assert reconciled(books, source, "alice,USD,7,") == []


def test_what_others_post_after_the_source_ends_is_not_charged_to_it(books):
    attempt = books.begin(
        [entry(amount="5.00")], expected_balances=expect(books, "alice,USD,5,")
    ).to_posted()
    books.post_live("alice", "world", "100.00")
    attempt.check_balances().constrain().expect().reconcile()
    assert books.breaks(attempt.run_id) == []


# Causes


def test_an_account_that_the_ledger_does_not_have_is_a_break_even_at_zero(books):
    assert reconciled(books, [entry()], "nobody,USD,0,") == [
        ("nobody", "0", "unknown: the ledger has no such account")
    ]


def test_an_expectation_in_another_currency_is_a_break_of_its_own(books):
    """The entries of the account are not counted twice for being expected in two currencies."""
    breaks = reconciled(books, [entry(amount="5.00")], "alice,USD,5,", "alice,EUR,0,")
    assert breaks == [("alice", "0", "unknown: the account is kept in USD")]


def test_an_opening_balance_that_the_source_does_not_know(books):
    books.open_account("dora", balance="40")
    assert reconciled(books, [entry("dora", "world", "5.00")], "dora,USD,5,") == [
        ("dora", "40.00", "opening balance: the source does not know it")
    ]


def test_an_opening_balance_that_the_source_knows_is_no_break(books):
    books.open_account("dora", balance="40")
    assert reconciled(books, [entry("dora", "world", "5.00")], "dora,USD,45,") == []


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (entry(amount="3.00", timestampUtc="never"), "5"),
        (entry("world", "alice", "3.00", fxRate="x"), "-1"),
    ],
)
def test_a_missing_entry_is_found_in_quarantine(books, bad, expected):
    breaks = reconciled(
        books, [entry(amount="2.00"), bad], f"alice,USD,{expected},", max_quarantined="9"
    )
    assert [cause for *_, cause in breaks] == ["missing entry: a quarantined row has this amount"]


def test_an_amount_in_quarantine_that_is_none_does_not_stop_the_comparison(books):
    bad = [entry(amount=amount) for amount in ("1e3", "NaN", "x", "9" * 40, "")]
    breaks = reconciled(books, [entry(amount="2.00"), *bad], "alice,USD,77,", max_quarantined="9")
    assert breaks == [("alice", "-75.00", "unknown")]


def test_an_extra_entry_is_one_that_the_source_did_not_deliver(books):
    books.database.do(
        "SELECT post_ledger_entry('MASTER', 'alice', 'world', 3.33, 'USD', 'fiat', 'X', 'extra', "
        "NULL, NULL, '2019-01-01')"
    )
    assert reconciled(books, [entry(amount="2.00")], "alice,USD,2,") == [
        ("alice", "3.33", "extra entry: one that this source did not deliver has this amount")
    ]


def test_a_replayed_entry_is_not_extra_and_the_cause_is_the_first_runs(books):
    source = books.write_entries([entry(amount="3.33", referenceId="a"), entry(referenceId="b")])
    first = reconciled(books, source, "alice,USD,1,")
    assert first == [("alice", "3.33", "one entry's amount equals the difference")]
    assert reconciled(books, source, "alice,USD,1,") == first


def test_a_few_minor_units_are_rounding(books):
    assert reconciled(books, payments(4, ["alice"]), "alice,USD,10.04,") == [
        ("alice", "0.02", "rounding")
    ]


def test_a_difference_that_nothing_explains_is_unknown(books):
    assert reconciled(books, [entry(amount="2.00")], "alice,USD,71.50,") == [
        ("alice", "-69.50", "unknown")
    ]


# The books against themselves


def test_a_stored_balance_that_is_not_what_its_entries_say_fails_the_run(books):
    attempt = books.begin([entry(amount="5.00")]).to_posted()
    books.database.do(
        "UPDATE bank_accounts SET balance = 6, available_balance = 6 WHERE id = 'alice'"
    )
    with pytest.raises(DataFailure, match=r"alice with 6 USD instead of 5.00"):
        attempt.check_balances()
    attempt.constrain().expect()
    with pytest.raises(DataFailure, match="balances in USD net to"):
        attempt.reconcile()
    assert books.breaks(attempt.run_id) == [
        ("alice", "1.00", "unknown: the stored balance is not what its entries say")
    ]


def test_a_repeated_reconciliation_finds_the_same_breaks_once(books):
    attempt = books.begin(
        [entry(amount="5.00")], expected_balances=expect(books, "alice,USD,1,"), accept_breaks=1
    ).to_reconciled()
    before = books.state()
    breaks = books.breaks(attempt.run_id)
    attempt.reconcile()
    assert books.state() == before
    assert books.breaks(attempt.run_id) == breaks


def test_an_account_that_others_open_meanwhile_brings_a_balance_of_its_own(books):
    attempt = books.begin([entry(amount="5.00")]).to_posted()
    books.open_account("newcomer", balance="100")
    books.post_live("alice", "newcomer", "30.00")
    attempt.check_balances().constrain().expect().reconcile().complete()
    assert attempt.row.status == "completed"


def test_credit_normal_accounts_are_compared_on_their_own_side(books):
    books.open_account("deposit", side="credit", balance="10")
    source = [entry("world", "deposit", "5.00"), entry("deposit", "world", "2.00")]
    assert reconciled(books, source, "deposit,USD,13,") == []
    assert reconciled(books, source, "deposit,USD,14,") == [("deposit", "-1.00", "unknown")]


def test_expected_balances_that_were_mended_are_read_again_by_a_resume(books):
    params = {"expected_balances": expect(books, "alice,USD,99,")}
    attempt = books.begin([entry(amount="5.00")], **params).to_posted()
    attempt.die()
    expect(books, "alice,USD,5,")
    run = books.resume(**params)
    assert (run.status, run.breaks) == ("completed", 0)
