"""The health check: the published state comes out to the coin, and each cause by its name."""

import json
from dataclasses import dataclass

import pytest

from coin_books import SYSTEM, CoinBooks
from conftest import ROOT
from databases import Database
from trueup import integrity, statements
from trueup.errors import Refused


@dataclass
class Off:
    """What the check says of one user."""

    cause: str
    drift: int
    journal_drift: int


@pytest.fixture
def wallets(wallets: Database) -> CoinBooks:
    """Wallets without anybody in them."""
    return CoinBooks(wallets)


@pytest.fixture
def healthy(wallets):
    """Two members with coins and the system account that stands behind them."""
    wallets.system()
    wallets.member("ann", 1_000)
    wallets.member("bob", 250)
    wallets.post([("ann", -100), ("bob", 100)])
    return wallets


def off(health) -> dict[str, Off]:
    """What is off, by user."""
    return {
        row["user_id"]: Off(row["cause"], row["drift"], row["journal_drift"])
        for row in health.drifts
    }


def test_the_published_state_comes_out_to_the_coin(wallets):
    wallets.fill_published()
    health = wallets.check()

    figures = health.figures
    assert (figures["users"], figures["wallets"], figures["missing_wallets"]) == (196, 87, 109)
    assert (figures["total_coins"], figures["user_balance"]) == (525_357, 177_067)
    assert figures["total_coins"] - figures["user_balance"] == 348_290
    assert (figures["drifting_users"], figures["coin_transactions"]) == (109, 97)
    assert figures["system_balance"] is None
    causes = {each["cause"]: (each["users"], each["coins"]) for each in figures["causes"]}
    # Three of the 109 without a wallet never had a coin; three who have one drift by 10, 8 and 3.
    assert causes == {"no_wallet": (106, 348_289), "coins_without_entry": (3, 21)}
    moved = [row["drift"] for row in health.drifts if row["cause"] == "coins_without_entry"]
    assert moved == [-10, 8, 3]
    assert len(health.without_wallet) == 109
    # The wallets' coins are backed by transactions with one leg.
    assert figures["rules"] == {"unbalanced": 87, "broken_chains": 0, "below_zero": 0}
    assert not health.is_clean


def test_the_published_state_reads_as_the_report(wallets):
    wallets.fill_published()
    said = "\n".join(integrity.lines(wallets.check()))
    for block in (
        "📊 Basic Counts:\n   Total users: 196\n   Total wallets: 87\n   Missing wallets: 109\n",
        "⚠️  Users without wallets: 109\n",
        "💰 Treasury Summary:\n"
        "   Total coins (users.total_coins): 525,357\n"
        "   Total coins (user_wallet.balance): 177,067\n"
        "   Treasury drift: 348,290\n",
        "⚠️  Balance Drift: 109 users affected\n",
        "📈 Drift Statistics:\n   Users with drift: 109\n",
        "   no wallet: 106 users, 348,289 coins\n"
        "   coins moved without a journal entry: 3 users, 21 coins\n",
        "   … and 89 more",
        # Small as it is, every cause is shown.
        "   - user_b (",
        "; 87 unbalanced transactions; ",
    ):
        assert block in said
    assert said.splitlines()[-1].startswith("❌ The wallets at ")


def test_healthy_wallets_are_clean_and_the_system_account_is_no_drift(healthy):
    """Trap 3: the system account stands at minus all coins, and every night is green."""
    health = healthy.check()
    assert health.is_clean
    assert health.drifts == []
    assert health.figures["system_balance"] == -1_250
    assert health.figures["all_balance"] == 0
    said = "\n".join(integrity.lines(health))
    assert "   System account: -1,250 coins (EXPECTED - offset account)\n" in said
    assert "✅ All users have wallet records" in said
    assert "✅ Balance Drift: none" in said
    assert "⚠️" not in said


def test_the_pattern_of_dual_write_in_the_docs_is_clean(wallets):
    """What docs/wallets.md shows as right is right."""
    for name, amount in ((SYSTEM, 0), ("ann", 200), ("bob", 8_800)):
        wallets.user(name)
        wallets.insert("user_wallet", wallet_id=f"w-{name}", user_id=name)
        if amount:
            wallets.post([(name, amount), (SYSTEM, -amount)])
    document = (ROOT / "docs" / "wallets.md").read_text(encoding="utf-8")
    pattern = document.split("```sql")[1].split("```")[0]
    assert pattern.strip().startswith("BEGIN;")
    wallets.database.do(pattern)
    assert wallets.coins("ann") == (250, 250, 250)
    assert wallets.check().is_clean


def test_tables_without_a_row_are_clean(wallets):
    health = wallets.check()
    assert health.is_clean
    assert integrity.lines(wallets.check())


def test_a_user_without_a_wallet_has_that_cause(healthy):
    healthy.user("cleo", 70)
    health = healthy.check()
    assert off(health) == {"cleo": Off("no_wallet", 70, 0)}
    assert health.figures["missing_wallets"] == 1


def test_a_user_without_wallet_and_coins_is_no_drift_and_is_told_all_the_same(healthy):
    healthy.user("cleo")
    health = healthy.check()
    assert health.drifts == []
    assert health.faults == ["1 users without a wallet"]


@pytest.mark.parametrize(("balance", "drift"), [(0, 70), (70, 0)])
def test_a_wallet_without_journal_has_that_cause_whatever_it_says(healthy, balance, drift):
    """Trap 1: that there is a wallet says nothing; the journal does."""
    healthy.user("cleo", 70)
    healthy.wallet("cleo", balance)
    assert off(healthy.check()) == {"cleo": Off("wallet_without_journal", drift, balance)}


def test_a_balance_that_its_journal_does_not_say_has_that_cause(healthy):
    healthy.database.do(
        "UPDATE user_wallet SET balance = balance + 5, available_balance = balance + 5 "
        "WHERE user_id = 'ann'"
    )
    health = healthy.check()
    assert off(health) == {"ann": Off("balance_off_journal", -5, 5)}
    assert "all wallets sum to 5" in health.faults


def test_coins_that_moved_without_an_entry_have_that_cause(healthy):
    healthy.database.do("UPDATE users SET total_coins = total_coins - 10 WHERE id = 'ann'")
    assert off(healthy.check()) == {"ann": Off("coins_without_entry", -10, 0)}


def test_drifts_that_cancel_out_in_the_treasury_are_found(healthy):
    healthy.database.do(
        "UPDATE users SET total_coins = total_coins + CASE id WHEN 'ann' THEN 5 ELSE -5 END "
        "WHERE id IN ('ann', 'bob')"
    )
    health = healthy.check()
    figures = health.figures
    assert figures["total_coins"] == figures["user_balance"]
    assert (figures["drifting_users"], figures["absolute_drift"], figures["max_drift"]) == (
        2,
        10,
        5,
    )
    assert not health.is_clean


def test_the_system_account_off_its_own_journal_is_found(healthy):
    """Trap 4: resetting the contra side to zero is no repair."""
    healthy.database.do(
        "UPDATE user_wallet SET balance = 0, available_balance = 0 WHERE user_id = %s", SYSTEM
    )
    health = healthy.check()
    assert off(health) == {SYSTEM: Off("balance_off_journal", 0, 1_250)}
    assert "all wallets sum to 1,250" in health.faults


def test_a_closed_transaction_with_one_leg_is_found(healthy):
    one_leg = healthy.post([("ann", 40)])
    health = healthy.check()
    assert health.drifts == []
    assert health.broken["unbalanced"] == [
        {"transaction_id": one_leg, "type": "transfer", "entries": 1, "net": 40}
    ]
    assert health.figures["rules"]["unbalanced"] == 1
    assert not health.is_clean


def test_a_pending_transaction_is_none_of_those(healthy):
    healthy.insert("coin_ledger_transactions", type="earn")
    health = healthy.check()
    assert health.is_clean
    assert health.figures["pending"] == 1


def test_a_break_in_a_chain_is_found_with_its_entry(healthy):
    transaction = healthy.post([("ann", 7), ("bob", -7)])
    healthy.database.do(
        "UPDATE coin_journal_entries SET balance_before = 1, balance_after = 8 "
        "WHERE ledger_transaction_id = %s AND wallet_id = 'nna'", transaction,
    )  # fmt: skip
    (row,) = healthy.check().broken["broken_chains"]
    assert (row["user_id"], row["expected"], row["balance_before"]) == ("ann", 900, 1)


@pytest.mark.parametrize(
    "values", ["balance = -1, available_balance = -1", "available_balance = balance + 1"]
)
def test_a_wallet_below_zero_or_with_more_to_spend_than_it_holds_is_found(healthy, values):
    healthy.database.do(f"UPDATE user_wallet SET {values} WHERE user_id = 'bob'")
    (row,) = healthy.check().broken["below_zero"]
    assert row["user_id"] == "bob"


def test_a_run_is_stored_with_its_report_and_changes_nothing_else(healthy):
    healthy.database.do("UPDATE users SET total_coins = total_coins + 3 WHERE id = 'bob'")
    before = healthy.digest()
    health = healthy.check()
    assert healthy.digest() == before
    row = healthy.database.row("SELECT * FROM ledger_reconciliation_runs")
    assert (row.id, row.status, row.drift_count, row.max_delta) == (health.run_id, "broken", 1, 3)
    assert row.report["check"] == "wallet_integrity"
    assert row.report["drifts"][0]["cause"] == "coins_without_entry"
    # Exact figures: nothing of it is a fraction.
    json.dumps(row.report, allow_nan=False)
    assert not [value for value in numbers(row.report) if isinstance(value, float)]


def numbers(value):
    """Every number in a report."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers(each)
    elif isinstance(value, int | float):
        yield value


def test_a_run_is_compared_with_the_one_before_it(wallets):
    wallets.fill_published()
    first = wallets.check()
    assert "   This is the first run; the next one is compared with it." in integrity.lines(first)
    wallets.database.do("UPDATE users SET total_coins = 0")
    wallets.database.do("UPDATE user_wallet SET balance = 0, available_balance = 0")
    # What somebody else keeps in the same table is no run of this check.
    wallets.database.do(
        "INSERT INTO ledger_reconciliation_runs (status, report) VALUES ('ok', '[1]'), ('ok', NULL)"
    )
    second = wallets.check()
    said = "\n".join(integrity.lines(second))
    assert "| Wallet Coverage | 44.38% (87/196) | 44.38% (87/196) | +0.00% |" in said
    assert "| Users with Drift | 109 (55.61%) | 0 (0.00%) | -55.61% |" in said
    assert "| Treasury Drift | 348,290 coins | 0 coins | -100.00% |" in said
    assert "| Real User Drift | 348,310 coins | 0 coins | -100.00% |" in said
    assert [run["figures"]["absolute_drift"] for run in second.earlier] == [348_310]
    assert sum(line.startswith("   20") for line in said.splitlines()) == 2


def test_almost_all_is_not_all(wallets):
    """A share is cut, never rounded up: 21 coins of half a million are not an accuracy of 100 %."""
    wallets.system()
    wallets.member("ann", 525_357)
    wallets.check()
    wallets.database.do("UPDATE users SET total_coins = total_coins - 21 WHERE id = 'ann'")
    said = "\n".join(integrity.lines(wallets.check()))
    assert "| Balance Accuracy | 100.00% | 99.99% | -0.01% |" in said


def test_all_is_seen_at_one_moment(healthy, monkeypatch):
    """Coins that move while the check looks are no drift (trap 5)."""
    honest = statements.fetch_all
    moved = []

    def move(connection, name, /, **values):
        if name == "wallet/integrity/total_causes" and not moved:
            moved.append(healthy.post([("ann", -50), ("bob", 50)]))
            healthy.user("late", 9)
        return honest(connection, name, **values)

    monkeypatch.setattr(integrity.statements, "fetch_all", move)
    health = healthy.check()
    assert moved
    assert health.is_clean
    assert health.figures["users"] == 3


def test_what_is_found_beyond_a_limit_is_counted(healthy, monkeypatch):
    monkeypatch.setattr(integrity, "KEPT", 3)
    for number in range(5):
        healthy.post([("ann", 1 + number)])
        healthy.user(f"user{number}", 10 + number)
    healthy.database.do("UPDATE users SET total_coins = total_coins + 1 WHERE id = 'bob'")
    health = healthy.check()
    assert len(health.without_wallet) == 3
    # Of each cause the largest.
    assert [row["drift"] for row in health.drifts] == [14, 13, 12, 1]
    assert health.figures["drifting_users"] == 6
    assert health.figures["rules"]["unbalanced"] == 5
    assert len(health.broken["unbalanced"]) == 3


def test_a_name_cannot_pass_for_another_line_of_the_log(healthy):
    healthy.insert("users", id="x", username="eve\n✅ all is well", total_coins=5)
    lines = integrity.lines(healthy.check())
    assert not [line for line in lines if line.startswith("✅ all is well")]


def test_a_run_that_nobody_stored_is_refused(wallets):
    with (
        wallets.connect() as connection,
        pytest.raises(Refused, match="There is no run nowhere"),
    ):
        integrity.read(connection, "nowhere")
