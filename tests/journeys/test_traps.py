"""The traps that deployments of such ledgers fell into, each by its number in the design."""

import threading
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from psycopg import errors as database_errors

from runs import entry, payments
from trueup import posting
from trueup.errors import Refused
from trueup.stages import post
from trueup.systems import LEDGER


@pytest.fixture(autouse=True)
def world(books):
    books.open_world()


def test_trap_01_balances_move_by_the_rows_inserted_not_by_the_rows_offered(books):
    attempt = books.begin(payments(6), batch_size=3).to_posted()
    before = books.state()
    with pytest.raises(database_errors.SerializationFailure, match="6 rows offered, 0 settled"):
        posting.post_rows(attempt.connection, attempt.run(), 2, 7)
    assert books.state() == before
    attempt.check_balances().constrain().expect().reconcile().complete()
    books.backfill([*payments(6), entry(amount="100.00")], source_id="half of it is old")
    assert books.balances()["alice"] == "105.03"
    assert books.disagreements() == []


def test_trap_02_a_retry_after_a_commit_that_nobody_acknowledged_finds_its_work_done(books):
    attempt = books.begin(payments(6), batch_size=3).to_posted()
    before = books.state()
    for _ in range(3):
        again = post.post(attempt.connect, attempt.run(), 0)
        assert (again["finished"], again["read"], again["posted"]) == (True, 6, 6)
    assert books.state() == before
    attempt.check_balances()


def test_trap_03_accounts_are_locked_in_the_order_of_their_ids_whatever_the_input_order(books):
    """Standing at the account in the middle, a batch has locked those before it and none behind."""
    names = [f"account-{number:02}" for number in range(20)]
    for name in names:
        books.open_account(name)
    source = [entry(name, "world", referenceId=f"x{name}") for name in reversed(names)]
    attempt = books.begin(source).to_posting()
    middle = books.database.admin()
    middle.execute("BEGIN")
    middle.execute("SELECT 1 FROM bank_accounts WHERE id = 'account-10' FOR NO KEY UPDATE")
    worker = threading.Thread(target=attempt.post)
    worker.start()
    for _ in range(500):
        if books.database.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            break
        time.sleep(0.01)
    free = books.database.rows(
        "SELECT id FROM bank_accounts WHERE id LIKE 'account-%' ORDER BY id FOR SHARE SKIP LOCKED"
    )
    middle.execute("ROLLBACK")
    worker.join()
    assert [row.id for row in free] == names[11:]
    attempt.check_balances()


def test_trap_04_a_reversal_without_its_original_balances_globally_and_is_found_by_account(books):
    source = [
        entry("alice", "world", "50.00", referenceId="original", timestampUtc="never"),
        entry("world", "alice", "50.00", referenceId="reversal"),
        entry("alice", "world", "70.00", referenceId="salary"),
    ]
    expected = books.write(
        "expected.csv", "account_id,currency_code,expected_balance\nalice,USD,70\n"
    )
    run = books.backfill(source, expected_balances=expected, max_quarantined="1", accept_breaks=1)
    trial = run.figures["trial_balance"][0]
    assert Decimal(trial["net"]) == Decimal(trial["opening_net"]) == 0
    assert books.breaks(run.run_id) == [
        ("alice", "-50.00", "missing entry: a quarantined row has this amount")
    ]


def test_trap_06_when_it_happened_and_when_we_learned_of_it_are_kept_apart(books):
    books.backfill([entry(timestampUtc="1999-12-31T23:59:59Z")])
    found = books.database.row("SELECT timestamp_utc, recorded_at FROM ledger_entries")
    assert found.timestamp_utc == datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert (datetime.now(UTC) - found.recorded_at).total_seconds() < 60


def test_trap_07_equal_rows_that_are_both_meant_stay_two_and_no_money_is_lost_in_silence(books):
    coffee = entry("bob", "world", "3.50", referenceId=None)
    run = books.backfill([coffee, coffee, coffee])
    assert (run.total_read, run.total_posted, run.total_replayed) == (3, 3, 0)
    assert books.balances()["bob"] == "10.5"
    again = books.backfill([coffee, coffee, coffee])
    assert (again.total_posted, again.total_replayed) == (0, 3)
    more = books.backfill([coffee] * 4, confirm_overlap=True)
    assert (more.total_posted, more.total_replayed) == (1, 3)


def test_trap_08_a_rule_is_not_applied_before_the_data_is_clean_and_its_proof_bites(books):
    books.open_account("indebted", balance="-5")
    run = books.backfill(payments(3))
    assert run.status == "refused"
    assert "1 accounts break a balance rule already, the first is indebted" in run.message
    rules = {rule.full_name for rule in LEDGER.constraints}
    assert rules.isdisjoint(row.conname for row in books.state()["constraints"])
    books.database.do("UPDATE bank_accounts SET allow_overdraft = TRUE WHERE id = 'indebted'")
    assert books.backfill(payments(3)).status == "completed"
    # The seed's proof sets one account to -1: this one may overdraw, and it proves nothing.
    books.database.do(
        "UPDATE bank_accounts SET balance = -1, available_balance = -1 WHERE id = 'indebted'"
    )


@pytest.mark.parametrize(
    ("currency", "fits", "too_fine"),
    [
        ("JPY", "5", "5.1"),
        ("BHD", "5.123", "5.1234"),
        ("CLF", "5.1234", "5.12345"),
        ("IQD", "5.123", "5.1234"),
        ("USD", "5.12", "5.123"),
        ("XAU", "5.12345678", "5.123456789"),
    ],
)
def test_trap_09_currencies_have_decimals_of_their_own_and_nothing_is_rounded(
    books, currency, fits, too_fine
):
    books.open_account("from", currency=currency, overdraft=True)
    books.open_account("to", currency=currency)
    run = books.backfill(
        [entry("to", "from", amount, currencyCode=currency) for amount in (fits, too_fine)],
        max_quarantined="1",
    )
    assert books.reasons(run.run_id) == {3: "excess_precision"}
    assert books.balances()["to"] == fits


def test_trap_11_the_seeds_reconciliation_query_runs_on_the_view_of_two_legs(books):
    books.open_account("deposit", side="credit")
    books.backfill([*payments(6), entry("alice", "deposit", "9.00")])
    seed = """
        SELECT account_id, expected_balance, actual_balance FROM (
            SELECT account_id,
                SUM(CASE WHEN side = 'debit' THEN amount ELSE -amount END) AS expected_balance,
                (SELECT balance FROM bank_accounts WHERE id = account_id) AS actual_balance
            FROM ledger_entry_legs
            WHERE account_id IN (SELECT id FROM bank_accounts WHERE normal_side = 'debit')
            GROUP BY account_id
        ) AS reconciliation
        WHERE ABS(expected_balance - actual_balance) > 0.01
    """
    assert books.database.rows(seed) == []
    assert books.database.value("SELECT count(*) FROM ledger_entry_legs") == 14
    books.database.do("UPDATE bank_accounts SET balance = balance + 1 WHERE id = 'bob'")
    assert [row.account_id for row in books.database.rows(seed)] == ["bob"]


@pytest.mark.parametrize("what", ["file", "code"])
def test_trap_12_a_resume_under_a_changed_file_or_changed_code_refuses(books, monkeypatch, what):
    attempt = books.begin(payments(6), batch_size=2).to_posting()
    attempt.post_one_batch()
    attempt.die()
    books.wait_until_nobody_works()
    if what == "file":
        books.write_entries(payments(7))
    else:
        monkeypatch.setattr("trueup.fingerprints.of_posting_code", lambda _: "other")
    with pytest.raises(Refused, match="broke off with part of its entries posted"):
        books.begin("entries.csv", batch_size=2)


def test_trap_13_the_way_back_sums_first_and_remembers_the_available_balance(books):
    books.open_account("dora", balance="40", reserved="10")
    before = books.state()["balances"]
    attempt = books.begin([entry("dora", "alice", "7.00"), entry("alice", "world", "9.00")])
    attempt.to_posted().roll_back()
    assert books.state()["balances"] == before


def test_trap_14_the_seeds_query_for_missing_entries_runs_on_the_staged_rows(books):
    seed = """
        SELECT source_id, reference_id FROM backfill_source_data
        WHERE NOT EXISTS (
            SELECT 1 FROM ledger_entries
            WHERE reference_id = backfill_source_data.reference_id
        )
        ORDER BY reference_id
    """
    attempt = books.begin(payments(6), batch_size=4, source_id="bank").to_posting()
    assert len(books.database.rows(seed)) == 6
    attempt.post_one_batch()
    assert books.database.rows(seed) == [("bank", "pay-00004"), ("bank", "pay-00005")]
    attempt.post()
    assert books.database.rows(seed) == []
