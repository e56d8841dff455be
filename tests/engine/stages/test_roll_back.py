"""The way back: exactly the run's rows and what it created, and a proof that is never a lie."""

import re
from contextlib import suppress

import psycopg
import pytest
from psycopg import errors as database_errors

from runs import entry, payments
from trueup import journal, opening, posting, statements
from trueup.errors import Fenced, RollbackRefused
from trueup.run_state import Status
from trueup.stages import roll_back

BOOKS = ("entries", "balances", "outbox", "constraints")


def of_books(state):
    return {name: state[name] for name in BOOKS}


def with_accounts(books) -> dict:
    """Params of a run that creates dave and erin."""
    return {
        "accounts": books.write("accounts.csv", "id,currency_code\ndave,USD\nerin,USD\n"),
        "outbox": True,
        "batch_size": 3,
    }


SOURCE = [
    *payments(5, ["alice", "dave"]),
    entry("erin", "dave", "1.00", referenceId="dave-to-erin"),
    entry("carol", "bob", "2.00", referenceId="bob-to-carol"),
]


@pytest.fixture(autouse=True)
def past(books):
    """A ledger with a past: opening balances, entries, an outbox row, a credit-normal account."""
    books.open_world("alice", "bob")
    books.open_account("carol", balance="500", reserved="20")
    books.open_account("deposit", side="credit")
    books.post_live("bob", "world", "100.00")
    books.post_live("world", "deposit", "7.00")


@pytest.mark.parametrize("until", ["to_posting", "to_posted", "to_reconciled"])
def test_the_state_hash_is_the_one_before_the_run_wherever_the_run_had_got_to(books, until):
    before = books.state()
    attempt = books.begin(SOURCE, **with_accounts(books))
    getattr(attempt, until)()
    assert books.state() != before
    done = attempt.roll_back()
    assert done["proof"] == "equal"
    assert attempt.row.status == "rolled_back"
    assert attempt.row.state_hash_after == attempt.row.state_hash_before
    assert of_books(books.state()) == of_books(before)


def test_a_run_that_began_no_posting_has_nothing_to_take_back(books):
    """Its step back is not drawn: it is refused or interrupted instead."""
    attempt = books.begin(payments(3)).to_validated()
    with pytest.raises(Fenced, match="is validating; it cannot become rolling_back"):
        attempt.roll_back()


def test_an_empty_ledger_is_empty_again(books):
    books.database.do("TRUNCATE bank_accounts, ledger_entries, dual_ledger_outbox")
    accounts = books.write("all.csv", "id,currency_code,allow_overdraft\na,USD,1\nb,USD,1\n")
    attempt = books.begin([entry("a", "b")], accounts=accounts).to_posted()
    assert attempt.roll_back()["proof"] == "equal"
    assert books.balances() == {}


def test_constraints_that_stood_before_the_run_stay(books):
    books.backfill([entry(amount="1.00")], source_id="first")
    before = books.state()
    attempt = books.begin(SOURCE, **with_accounts(books)).to_posted().constrain()
    attempt.roll_back()
    assert of_books(books.state()) == of_books(before)
    with pytest.raises(database_errors.CheckViolation):
        books.database.do("UPDATE bank_accounts SET reserved_balance = -1 WHERE id = 'alice'")


def test_on_the_way_back_accounts_may_dip_as_on_the_way_there(books, monkeypatch):
    """Newest first, one by one: carol sends before she receives, and the rules stand already."""
    books.backfill([entry(amount="1.00")], source_id="first")
    books.open_account("dip")
    attempt = books.begin(
        [
            entry("bob", "dip", "5.00", referenceId="a"),
            entry("dip", "world", "5.00", referenceId="b"),
        ]
    ).to_posted()
    attempt.constrain()
    monkeypatch.setattr(roll_back, "_ENTRIES_PER_STEP", 1)
    assert attempt.roll_back()["proof"] == "equal"


def test_what_others_posted_meanwhile_stays_and_the_hash_is_still_equal(books):
    attempt = books.begin(SOURCE, **with_accounts(books)).to_posting()
    attempt.post_one_batch()
    books.post_live("alice", "world", "11.00", "live-a")
    books.post_live("carol", "bob", "12.00", "live-b")
    attempt.post()
    books.post_live("deposit", "bob", "3.00", "live-c")
    done = attempt.roll_back()
    assert done["proof"] == "equal"
    assert {"live-a", "live-b", "live-c"} < set(books.references())
    assert not set(books.references()) & {"pay-00000", "dave-to-erin", "bob-to-carol"}
    assert books.balances() == {
        "alice": "11",
        "bob": "85",
        "carol": "512",
        "deposit": "4",
        "world": "-104",
    }


def test_an_account_that_others_have_used_since_is_kept_as_theirs(books):
    attempt = books.begin(SOURCE, **with_accounts(books)).to_posted()
    books.post_live("dave", "world", "50.00", "salary")
    done = attempt.roll_back()
    assert (done["proof"], done["kept_accounts"]) == ("equal", ["dave"])
    assert books.balances()["dave"] == "50"
    assert "erin" not in books.balances()
    assert "Accounts that others have used since were kept: dave." in attempt.row.message


def test_an_account_that_others_opened_is_theirs(books):
    attempt = books.begin(payments(3)).to_posting()
    books.open_account("newcomer", balance="5")
    attempt.post()
    assert attempt.roll_back()["proof"] == "equal"
    assert books.balances()["newcomer"] == "5"


@pytest.mark.parametrize(
    "hold",
    [
        "reserved_balance = 5, available_balance = available_balance - 5",
        "reserved_balance = 5",
    ],
)
def test_a_hold_placed_meanwhile_makes_the_proof_not_provable_never_equal(books, hold):
    attempt = books.begin(payments(3)).to_posted()
    books.database.do(f"UPDATE bank_accounts SET {hold} WHERE id = 'bob'")
    assert attempt.roll_back()["proof"] == "not provable"
    assert attempt.row.status == "rolled_back"
    assert attempt.row.state_hash_after == "not provable"


@pytest.mark.parametrize("status", ["SENT", "ACKED"])
def test_a_delivered_outbox_row_closes_the_way_back(books, status):
    attempt = books.begin(SOURCE, **with_accounts(books)).to_posted()
    deliver(books, "pay-00003", status)
    before = books.state()
    with pytest.raises(RollbackRefused, match=r"1 outbox rows of run .* were delivered"):
        attempt.roll_back()
    assert attempt.row.status == "rollback_failed"
    after = books.state()
    for what in ("entries", "outbox", "constraints"):
        assert after[what] == before[what]
    # Nobody is exempt from the overdraft rule for a run that is over.
    assert after["balances"] == [row._replace(exempted_by=None) for row in before["balances"]]


def deliver(books, reference: str, status: str) -> None:
    books.database.do(
        "UPDATE dual_ledger_outbox SET status = %s WHERE reference_id = %s", status, reference
    )


def test_a_completed_run_whose_way_back_is_closed_stays_completed(books):
    run = books.backfill(SOURCE, **with_accounts(books))
    deliver(books, "pay-00003", "ACKED")
    connection, adopted = adopt(books, run.run_id)
    before = books.state()
    with pytest.raises(RollbackRefused, match="were delivered"):
        roll_back.roll_back(connection, adopted)
    assert books.state() == before
    assert before["runs"][0].status == "completed"


def test_what_a_rollback_is_about_to_take_back_cannot_be_spent_meanwhile(books, monkeypatch):
    attempt = books.begin(payments(3, ["alice"])).to_posted()
    original = statements.execute

    def spend(connection, name, /, **values):
        if name == "ledger/roll_back/delete_entries":
            with pytest.raises(database_errors.LockNotAvailable, match="are being taken back"):
                books.post_live("bob", "alice", "5.00", "too late")
            books.post_live("alice", "world", "1.00", "welcome")
        return original(connection, name, **values)

    monkeypatch.setattr(statements, "execute", spend)
    assert attempt.roll_back()["proof"] == "equal"
    assert books.balances()["alice"] == "1"
    books.post_live("bob", "alice", "1.00", "in time")


def test_money_that_others_have_spent_closes_the_way_back(books):
    attempt = books.begin(SOURCE, **with_accounts(books)).to_posted().constrain()
    books.post_live("bob", "alice", "5.00", "spent")
    before = books.state()
    with pytest.raises(RollbackRefused, match=r"without it alice would stand at -5\.00 USD"):
        attempt.roll_back()
    assert attempt.row.status == "rollback_failed"
    assert of_books(books.state()) == of_books(before)


def test_the_way_back_is_open_again_when_its_obstacle_is_gone(books):
    attempt = books.begin(SOURCE, **with_accounts(books)).to_posted().constrain()
    books.post_live("bob", "alice", "5.00", "spent")
    with pytest.raises(RollbackRefused):
        attempt.roll_back()
    books.post_live("alice", "bob", "5.00", "given back")
    assert attempt.roll_back()["proof"] == "equal"
    assert attempt.row.status == "rolled_back"


def test_a_row_that_depends_on_the_runs_entries_closes_the_way_back_in_words(books):
    books.database.do("CREATE TABLE receipts (entry_id BIGINT REFERENCES ledger_entries (id))")
    attempt = books.begin(payments(3)).to_posted()
    books.database.do("INSERT INTO receipts SELECT max(id) FROM ledger_entries")
    with pytest.raises(RollbackRefused, match="Something came to depend on the run's rows"):
        attempt.roll_back()
    assert attempt.row.status == "rollback_failed"
    assert books.disagreements({"carol": "500"}) == []
    books.database.do("DELETE FROM receipts")
    assert attempt.roll_back()["proof"] == "equal"


def test_a_finished_rollback_may_be_repeated(books):
    attempt = books.begin(SOURCE, **with_accounts(books)).to_posted()
    attempt.roll_back()
    before = books.state()
    attempt.roll_back()
    assert books.state() == before


# Tampering is not called equal

TAMPERINGS = {
    "an old entry's amount": "UPDATE ledger_entries SET amount = amount + 1 WHERE run_id IS NULL",
    "an old entry's reference": (
        "UPDATE ledger_entries SET reference_id = reference_id || 'x' WHERE run_id IS NULL"
    ),
    "an old entry's time": (
        "UPDATE ledger_entries SET timestamp_utc = '2001-01-01' WHERE run_id IS NULL"
    ),
    "an old entry's metadata": (
        "UPDATE ledger_entries SET metadata = '{\"a\": 1}' WHERE run_id IS NULL"
    ),
    "an old entry's account": (
        "UPDATE ledger_entries SET credit_account_id = 'carol' "
        "WHERE debit_account_id = 'bob' AND run_id IS NULL"
    ),
    "an old entry is gone": (
        "DELETE FROM ledger_entries WHERE id = (SELECT min(id) FROM ledger_entries)"
    ),
    "a balance": "UPDATE bank_accounts SET balance = balance + 1 WHERE id = 'deposit'",
    "two balances that cancel out": (
        "UPDATE bank_accounts SET balance = balance + CASE id WHEN 'deposit' THEN 1 ELSE -1 END, "
        "available_balance = available_balance + CASE id WHEN 'deposit' THEN 1 ELSE -1 END "
        "WHERE id IN ('deposit', 'world')"
    ),
    "two balances that were exchanged": (
        "UPDATE bank_accounts SET balance = CASE id WHEN 'bob' THEN 7 ELSE 100 END, "
        "available_balance = CASE id WHEN 'bob' THEN 7 ELSE 100 END "
        "WHERE id IN ('bob', 'deposit')"
    ),
    "an available balance": (
        "UPDATE bank_accounts SET available_balance = available_balance - 1 WHERE id = 'deposit'"
    ),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_books_that_somebody_altered_meanwhile_are_not_called_equal(books, what):
    attempt = books.begin(payments(3, ["alice"])).to_posted()
    books.database.do(TAMPERINGS[what])
    with pytest.raises(RollbackRefused, match=r"state hash is .* and was .*: the books differ"):
        attempt.roll_back()
    run = attempt.row
    assert run.status == "rollback_failed"
    assert re.fullmatch("[0-9a-f]{64}", run.state_hash_after)
    assert run.state_hash_after != run.state_hash_before


@pytest.mark.parametrize("what", TAMPERINGS)
def test_nor_when_others_have_posted_too(books, what):
    attempt = books.begin(payments(3, ["alice"])).to_posted()
    books.post_live("bob", "world", "1.00")
    books.database.do(TAMPERINGS[what])
    with suppress(RollbackRefused):
        assert attempt.roll_back()["proof"] != "equal"
    assert attempt.row.state_hash_after != attempt.row.state_hash_before


@pytest.mark.parametrize("terms", ["normal_side = 'debit'", "allow_overdraft = TRUE"])
def test_terms_that_somebody_changed_meanwhile_are_not_provable_never_equal(books, terms):
    attempt = books.begin(payments(3, ["alice"])).to_posted()
    books.database.do(f"UPDATE bank_accounts SET {terms} WHERE id = 'deposit'")
    assert attempt.roll_back()["proof"] == "not provable"
    assert attempt.row.state_hash_after == "not provable"


# The fence


def test_a_worker_cannot_post_into_a_run_that_is_taken_back(books):
    worker = books.begin(payments(6), batch_size=2).to_posting()
    worker.post_one_batch()
    run = worker.run()
    worker.roll_back()
    before = books.state()
    with pytest.raises(Fenced, match="is rolled_back, no longer posting; this worker stops"):
        posting.post_next_batch(worker.connection, run, 0, run.plan.batch_size)
    with pytest.raises(Fenced, match="is rolled_back; it cannot become posting"):
        worker.open_posting()
    assert books.state() == before


def test_a_rollback_waits_for_the_batch_in_flight(books):
    """The fence is a lock: the batch that holds the run's state ends first, and is taken back."""
    worker = books.begin(payments(6), batch_size=2).to_posting()
    with worker.connection.transaction():
        journal.fence(worker.connection, worker.run(), Status.POSTING)
        impatient = books.database.connect("impatient")
        impatient.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            journal.move(impatient, worker.run(), Status.ROLLING_BACK)
    assert worker.roll_back()["proof"] == "equal"


# By a person, after the run


def adopt(books, run_id: str):
    connection = books.database.connect("worker")
    attempt = opening.Attempt("rollback", "by-hand", "a person")
    return connection, opening.adopt_run(connection, run_id, attempt, lambda *_: False)


@pytest.mark.parametrize("until", ["to_validated", "to_posting", "to_posted", "to_reconciled"])
def test_a_person_may_take_back_what_broke_off(books, until):
    before = books.state()
    attempt = books.begin(SOURCE, **with_accounts(books))
    getattr(attempt, until)()
    attempt.die()
    connection, run = adopt(books, attempt.run_id)
    roll_back.roll_back(connection, run)
    assert attempt.row.status == "rolled_back"
    assert of_books(books.state()) == of_books(before)


def test_a_person_may_take_back_a_completed_run_although_others_came_after_it(books):
    before = books.state()
    first = books.backfill(SOURCE, **with_accounts(books))
    books.post_live("alice", "world", "9.00", "later")
    connection, run = adopt(books, first.run_id)
    assert roll_back.roll_back(connection, run)["proof"] == "equal"
    assert books.references() == sorted([*[row.reference_id for row in before["entries"]], "later"])


def test_a_run_that_somebody_works_on_cannot_be_taken_back(books):
    attempt = books.begin(payments(3)).to_posting()
    with pytest.raises(journal.Refused, match="holds the books"):
        adopt(books, attempt.run_id)


def test_a_run_that_is_taken_back_cannot_be_taken_back_by_another(books):
    attempt = books.begin(payments(3)).to_posted()
    attempt.roll_back()
    attempt.die()
    with pytest.raises(Fenced, match="is rolled_back; it cannot become rolling_back"):
        adopt(books, attempt.run_id)


def test_a_run_that_nobody_knows_cannot_be_taken_back(books):
    with pytest.raises(journal.Refused, match="There is no run nobody"):
        adopt(books, "nobody")
