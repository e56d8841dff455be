"""The backfill of wallets: the golden run, the traps, the way back, and users who do not wait."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from threading import Event
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from demo import wallet_state

import wallets as hand
from databases import Database
from runs import Books, Strike, raise_killed
from trueup import batches, nights, opening
from trueup.errors import RollbackRefused
from trueup.stages import roll_back
from trueup.systems import WALLET

ASKED = {"source": "users", "source_type": "WALLETS", "accept_breaks": None}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits, and batches stay as large as they are asked for."""
    monkeypatch.setattr(opening, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(batches, "GROWTH", 1.0)


@pytest.fixture
def books(wallets: Database, source_root, quick) -> Books:
    """Runs over wallets that a test fills by hand."""
    return Books(wallets, source_root, ASKED, system=WALLET)


@pytest.fixture
def report(published: Database, source_root, quick) -> Books:
    """Runs over the published state."""
    return Books(published, source_root, ASKED, system=WALLET)


def counts(row: Any) -> tuple[str, int, int, int, int]:
    """How a run ended: its status, and read, posted, replayed, quarantined."""
    return (
        row.status, row.total_read, row.total_posted, row.total_replayed, row.total_quarantined,
    )  # fmt: skip


def take_back(books: Books, run_id: str) -> dict[str, Any]:
    """Take a run back as the DAG rollback does."""
    with closing(books.database.connect()) as connection:
        attempt = opening.Attempt("rollback", f"test-{uuid4()}", "tester")
        run = opening.adopt_run(connection, run_id, attempt, lambda *_: False)
        return roll_back.roll_back(connection, run)


def content(database: Database) -> list[Any]:
    """All that a run could change, row by row."""
    return database.rows(
        "SELECT 'user ' || u::TEXT FROM users AS u UNION ALL "
        "SELECT 'wallet ' || concat_ws(' ', wallet_id, user_id, balance, available_balance, status)"
        " FROM user_wallet UNION ALL "
        "SELECT 'transaction ' || t::TEXT FROM coin_ledger_transactions AS t UNION ALL "
        "SELECT 'entry ' || e::TEXT FROM coin_journal_entries AS e ORDER BY 1"
    )


def test_an_approver_sees_what_each_wallet_would_hold(books):
    hand.user(books.database, "new", 1200)
    hand.user(books.database, "empty", 0)
    hand.user(books.database, "bare", 7, balance=0)
    text = books.begin(approval="manual").question()
    shown = [line for line in text.splitlines() if "| `COINS` | 0 | " in line]
    assert shown == ["| `new` | `COINS` | 0 | 1,200 |", "| `bare` | `COINS` | 0 | 7 |"]
    assert "`empty`" not in text


def test_the_fixture_is_the_published_state_to_the_coin(published):
    assert hand.figures(published) == {
        "users": 196, "wallets": 87, "coins": 525_357, "balance": 177_067, "system": None,
        "drifting": 109, "drift": 348_290, "absolute": 348_310,
    }  # fmt: skip
    assert published.value("SELECT count(*) FROM coin_transactions") == 97
    assert published.value(
        "SELECT count(*) FROM users WHERE id NOT IN (SELECT user_id FROM user_wallet)"
    ) == 109  # fmt: skip


def test_the_golden_run_ends_at_zero(report, published):
    row = report.backfill(true_up=True)
    assert counts(row) == ("completed", 196, 196, 0, 0), row.message
    assert hand.figures(published) == {
        "users": 197, "wallets": 197, "coins": 525_357, "balance": 0, "system": -525_357,
        "drifting": 0, "drift": 0, "absolute": 0,
    }  # fmt: skip
    assert row.breaks == 0
    assert hand.faults(published) == []
    made = published.rows(
        "SELECT type, count(*) FROM coin_ledger_transactions WHERE run_id IS NOT NULL "
        "GROUP BY type ORDER BY type"
    )
    assert made == [("opening_balance", 106), ("true_up", 3)]
    legs = published.value(
        "SELECT count(*) FROM coin_journal_entries AS e INNER JOIN coin_ledger_transactions AS t "
        "ON t.id = e.ledger_transaction_id WHERE e.run_id IS NOT NULL AND t.run_id IS NULL"
    )
    assert legs == 87
    assert nights_of(report) == []


def nights_of(books: Books) -> list[Any]:
    """What tonight's checks find."""
    with closing(books.database.connect()) as connection:
        night = nights.look(connection, WALLET, "nightly_reconciliation", f"test-{uuid4()}")
        return nights.findings(connection, night.night_id)


def test_without_true_up_the_three_are_listed_with_their_cause_and_left(report, published):
    row = report.backfill()
    assert (row.status, row.breaks) == ("completed", 3), row.message
    after = hand.figures(published)
    assert (after["drifting"], after["drift"], after["absolute"]) == (3, 1, 21)
    assert (after["balance"], after["system"]) == (0, -525_356)
    found = published.rows(
        "SELECT username, difference, cause FROM trueup.breaks INNER JOIN users "
        "ON users.id = account_id ORDER BY username"
    )
    assert [(each.username, each.difference) for each in found] == [
        ("user_a", 10), ("user_b", -8), ("user_c", -3)
    ]  # fmt: skip
    assert all("coins moved without a journal entry" in each.cause for each in found)
    assert "spend of -10" in found[0].cause


def test_more_breaks_than_accepted_take_the_run_back(report, published):
    before = content(published)
    row = report.backfill(accept_breaks=2)
    assert row.status == "rolled_back"
    assert content(published) == before
    assert row.state_hash_after == row.state_hash_before


def test_a_true_up_in_a_later_run_books_three_transactions_and_nothing_else(report, published):
    report.backfill()
    row = report.backfill(true_up=True)
    assert counts(row) == ("completed", 196, 3, 193, 0), row.message
    assert hand.figures(published)["absolute"] == 0
    assert hand.faults(published) == []


def test_trap_1_the_journal_is_asked_and_not_the_wallet(books, wallets):
    hand.user(wallets, "empty", 50, balance=0)
    hand.user(wallets, "full", 70, balance=70)
    hand.user(wallets, "none", 90)
    row = books.backfill()
    assert counts(row) == ("completed", 3, 3, 0, 0), row.message
    assert hand.balances(wallets) == {"empty": 50, "full": 70, "none": 90, "system": -210}
    assert wallets.value(
        "SELECT count(*) FROM coin_ledger_transactions WHERE type = 'opening_balance'"
    ) == 3  # fmt: skip
    assert hand.faults(wallets) == []


def test_trap_2_the_contra_account_may_be_negative_and_nobody_else(report, published):
    report.backfill(true_up=True)
    assert hand.balances(published)["system"] < 0
    with pytest.raises(psycopg.errors.CheckViolation, match="user_wallet_not_negative"):
        published.do("UPDATE user_wallet SET balance = -1 WHERE user_id <> 'system'")


def test_trap_3_the_system_account_is_no_drift(report, published):
    report.backfill(true_up=True)
    assert nights_of(report) == []
    published.do("ALTER TABLE coin_journal_entries DISABLE TRIGGER USER")
    published.do("UPDATE user_wallet SET balance = balance + 1 WHERE user_id = 'system'")
    assert [each.subject for each in nights_of(report)] == ["user system"]


def test_trap_4_the_system_account_is_never_reset(report, published):
    report.backfill(true_up=True)
    row = report.backfill(true_up=True)
    assert counts(row) == ("completed", 196, 0, 196, 0)
    assert hand.balances(published)["system"] == -525_357
    # Somebody has reset it all the same: its journal brings it back, and no entry is booked.
    published.do("UPDATE user_wallet SET balance = 0 WHERE user_id = 'system'")
    entries = published.value("SELECT count(*) FROM coin_journal_entries")
    report.backfill(true_up=True)
    assert hand.balances(published)["system"] == -525_357
    assert published.value("SELECT count(*) FROM coin_journal_entries") == entries


def test_trap_5_opening_balances_are_booked_while_users_transact(books, wallets):
    with closing(psycopg.connect(wallets.conninfo, autocommit=True)) as connection:
        wallet_state.fill(connection, users=400, wallets=50)
    names = [row.id for row in wallets.rows("SELECT id FROM users ORDER BY id")]
    done = Event()

    def transact(seat: int) -> int:
        moved = 0
        with closing(psycopg.connect(wallets.conninfo, autocommit=True)) as connection:
            while not done.is_set() and moved < 2000:
                with suppress(psycopg.errors.DeadlockDetected):
                    hand.move(connection, names[(moved * 7 + seat * 31) % len(names)], 3)
                    moved += 1
        return moved

    with ThreadPoolExecutor() as threads:
        seats = [threads.submit(transact, seat) for seat in range(3)]
        # Who got a wallet from the application before the run looked has a journal that knows a
        # part of the coins: what it lacks is a true-up.
        row = books.backfill(batch_size=20, max_retries=10, retry_delay=10, true_up=True)
        done.set()
        moved = sum(seat.result() for seat in seats)
    assert row.status == "completed", row.message
    assert moved > 10
    after = hand.figures(wallets)
    started_with = 350 * 1_000 + 50 * 2_000
    assert after["coins"] == started_with + 3 * moved
    assert (after["balance"], after["system"]) == (0, -after["coins"])
    assert after["absolute"] == 0
    assert hand.faults(wallets) == []


def test_a_dry_run_changes_nothing_and_tells_before_and_after(report, published, caplog):
    before = content(published)
    with caplog.at_level(logging.INFO):
        row = report.backfill(dry_run=True, true_up=True)
    assert counts(row) == ("previewed", 196, 0, 0, 0), row.message
    assert content(published) == before
    assert row.figures["executed"]["posted"] == 196
    assert any("Drift in coins, users" in record.getMessage() for record in caplog.records)


def test_a_second_run_changes_nothing(report, published):
    report.backfill(true_up=True)
    before = content(published)
    row = report.backfill(true_up=True)
    assert counts(row) == ("completed", 196, 0, 196, 0), row.message
    assert content(published) == before


def test_a_rollback_restores_the_state_hash_and_every_row(report, published):
    before = content(published)
    row = report.backfill(true_up=True)
    done = take_back(report, row.run_id)
    assert done["proof"] == "equal"
    assert content(published) == before
    assert published.value("SELECT count(*) FROM trueup.created_objects") == 0


def test_a_rollback_under_the_rules_of_an_earlier_run(report, published):
    report.backfill()
    before = content(published)
    row = report.backfill(true_up=True)
    assert take_back(report, row.run_id)["proof"] == "equal"
    assert content(published) == before


def test_balances_that_were_corrected_come_back_with_a_rollback(books, wallets):
    hand.user(wallets, "full", 70, balance=70)
    with closing(psycopg.connect(wallets.conninfo, autocommit=True)) as connection:
        hand.move(connection, "off", 20)
    wallets.do("UPDATE user_wallet SET balance = 99 WHERE user_id IN ('off', 'system')")
    before = content(wallets)
    row = books.backfill()
    assert counts(row) == ("completed", 2, 2, 0, 0), row.message
    assert hand.faults(wallets) == []
    assert hand.balances(wallets) == {"full": 70, "off": 20, "system": -90}
    assert take_back(books, row.run_id)["proof"] == "equal"
    assert content(wallets) == before


def test_a_rollback_is_refused_when_others_have_booked_behind_the_run(report, published):
    row = report.backfill(true_up=True)
    name = published.value("SELECT id FROM users WHERE id <> 'system' LIMIT 1")
    with closing(psycopg.connect(published.conninfo, autocommit=True)) as connection:
        hand.move(connection, name, 5)
    before = content(published)
    with pytest.raises(RollbackRefused, match="chain of balances rests on"):
        take_back(report, row.run_id)
    assert content(published) == before


@pytest.mark.parametrize("number", range(1, 40, 3))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_statement_of_posting_and_a_resume_end_alike(report, published, number, when):
    first = report.begin(true_up=True, batch_size=70).to_posting()
    strike = Strike(number, when, raise_killed)
    strike.during(first.post)
    first.die()
    again = report.begin(true_up=True, batch_size=70)
    row = again.to_the_end()
    assert row.status == "completed", row.message
    assert row.total_posted == 196
    assert hand.figures(published)["absolute"] == 0
    assert hand.faults(published) == []


@pytest.mark.parametrize("number", range(1, 36, 3))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_on_the_way_back_and_another_rollback_restore_all(report, published, number, when):
    before = content(published)
    row = report.backfill(true_up=True)
    Strike(number, when, raise_killed).during(lambda: take_back(report, row.run_id))
    assert take_back(report, row.run_id)["proof"] == "equal"
    assert content(published) == before


@pytest.mark.parametrize("number", range(1, 30, 3))
def test_a_kill_while_posting_is_opened_or_rules_are_applied(report, published, number):
    first = report.begin(true_up=True).to_validated()
    struck = Strike(number, "after", raise_killed).during(first.open_posting)
    if not struck:
        first.post().check_balances()
        Strike(number, "after", raise_killed).during(first.constrain)
    first.die()
    row = report.begin(true_up=True).to_the_end()
    assert row.status == "completed", row.message
    assert hand.figures(published)["absolute"] == 0
    assert hand.faults(published) == []
    assert published.value(
        "SELECT count(*) FROM trueup.created_objects WHERE kind = 'constraint'"
    ) == 5  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("coin_journal_entries_append_only", "UPDATE coin_journal_entries SET amount = 1"),
        ("coin_journal_entries_append_only", "DELETE FROM coin_journal_entries"),
        ("coin_journal_entries_append_only", "TRUNCATE coin_journal_entries"),
        ("coin_journal_entries_chained",
         "INSERT INTO coin_journal_entries (ledger_transaction_id, wallet_id, direction, amount, "
         "balance_before, balance_after) SELECT id, wallet_id, 'credit', 1, -7, -6 "
         "FROM (SELECT id FROM coin_ledger_transactions LIMIT 1) AS t, "
         "(SELECT wallet_id FROM user_wallet LIMIT 1) AS w"),
        ("coin_journal_entries_adds_up",
         "INSERT INTO coin_journal_entries (ledger_transaction_id, wallet_id, direction, amount, "
         "balance_before, balance_after) SELECT id, wallet_id, 'credit', 1, balance, balance - 1 "
         "FROM (SELECT id FROM coin_ledger_transactions LIMIT 1) AS t, "
         "(SELECT wallet_id, balance FROM user_wallet LIMIT 1) AS w"),
        ("coin_ledger_transactions_closed_in_balance",
         "INSERT INTO coin_journal_entries (ledger_transaction_id, wallet_id, direction, amount, "
         "balance_before, balance_after) SELECT id, wallet_id, 'credit', 1, balance, balance + 1 "
         "FROM (SELECT id FROM coin_ledger_transactions LIMIT 1) AS t, "
         "(SELECT wallet_id, balance FROM user_wallet WHERE balance > 0 LIMIT 1) AS w"),
        ("coin_ledger_transactions_closed_in_balance",
         "INSERT INTO coin_ledger_transactions (type, status) VALUES ('earn', 'closed')"),
    ],
)  # fmt: skip
def test_the_database_keeps_the_rules_of_the_journal(report, published, rule, statement):
    report.backfill(true_up=True)
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        published.do(statement)
    assert caught.value.diag.constraint_name == rule


def test_an_application_that_writes_both_sides_works_under_the_rules(report, published):
    report.backfill(true_up=True)
    name = published.value("SELECT id FROM users WHERE total_coins > 50 LIMIT 1")
    with closing(psycopg.connect(published.conninfo, autocommit=True)) as connection:
        hand.move(connection, name, 5)
        hand.move(connection, name, -7)
        hand.move(connection, "newcomer", 11)
    assert hand.figures(published)["absolute"] == 0
    assert hand.faults(published) == []
    assert nights_of(report) == []
