"""Statements: opening, entries and closing of a period, proved, and safe in a spreadsheet."""

import csv
from datetime import UTC, date, datetime, timedelta

import pytest

from coin_books import SYSTEM, CoinBooks, days_ago
from databases import Database
from trueup import wallet_statement
from trueup.errors import DataFailure, Refused

TODAY = datetime.now(UTC).date()


def day(ago: int) -> date:
    """The day so many days ago, in UTC."""
    return TODAY - timedelta(days=ago)


@pytest.fixture
def coins(wallets: Database) -> CoinBooks:
    """Ann, who was given 100 coins 30 days ago, and Bob, who has none."""
    books = CoinBooks(wallets)
    books.system()
    books.member("ann")
    books.member("bob")
    books.post([("ann", 100), (SYSTEM, -100)], "earn", "Welcome", days_ago(30))
    return books


@pytest.fixture
def export(coins, tmp_path):
    """Export in a session of its own."""

    def run(user: str, first: int = 40, last: int = 0):
        with coins.connect() as connection:
            return wallet_statement.export(
                connection, user, day(first), day(last), tmp_path / "statements"
            )

    return run


def read(statement) -> list[dict[str, str]]:
    """The rows of a statement, as a spreadsheet reads them."""
    with statement.path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_statement_has_opening_entries_and_closing(coins, export):
    spent = coins.post([("ann", -30), ("bob", 30)], "spend", "A course", days_ago(10))
    coins.post([("ann", 5), (SYSTEM, -5)], "earn", None, days_ago(5))
    coins.post([("ann", 1_000), (SYSTEM, -1_000)], "recharge", "Later", days_ago(1))

    statement = export("ann", 20, 3)

    assert statement[1:] == (2, 100, 5, 30, 75)
    opening, first, second, closing = read(statement)
    assert (opening["time_utc"], opening["transaction_type"]) == (str(day(20)), "opening balance")
    assert opening["balance_after"] == "100"
    assert first == {
        "time_utc": f"{days_ago(10):%Y-%m-%dT%H:%M:%SZ}",
        "transaction_type": "spend",
        "transaction_id": spent,
        "memo": "A course",
        "direction": "debit",
        "amount": "30",
        "balance_after": "70",
    }
    assert (second["direction"], second["amount"], second["memo"]) == ("credit", "5", "")
    assert (closing["time_utc"], closing["transaction_type"]) == (str(day(3)), "closing balance")
    assert closing["balance_after"] == "75"


def test_both_days_of_a_period_are_part_of_it_in_utc(coins, export):
    start = days_ago(10, hour=0)
    coins.post([("ann", 1), (SYSTEM, -1)], at=start - timedelta(seconds=1))
    coins.post([("ann", 2), (SYSTEM, -2)], at=start)
    coins.post([("ann", 4), (SYSTEM, -4)], at=start + timedelta(days=1, seconds=-1))
    coins.post([("ann", 8), (SYSTEM, -8)], at=start + timedelta(days=1))
    statement = export("ann", 10, 10)
    assert [row["amount"] for row in read(statement)[1:-1]] == ["2", "4"]
    assert (statement.opening_balance, statement.closing_balance) == (101, 107)


def test_a_period_without_entries_ends_as_it_began(export):
    assert export("ann", 20, 10)[1:] == (0, 100, 0, 0, 100)
    assert export("ann", 50, 40)[1:] == (0, 0, 0, 0, 0)
    assert export("bob", 50, 0)[1:] == (0, 0, 0, 0, 0)


def test_the_system_accounts_statement_goes_below_zero(export):
    statement = export(SYSTEM)
    assert statement.closing_balance == -100
    assert read(statement)[-1]["balance_after"] == "-100"


def test_neighbouring_periods_fit_together_even_when_an_entry_was_overtaken(coins, export):
    """A transaction that began before midnight and came through after one that began later."""
    midnight = days_ago(10, hour=0)
    coins.post([("ann", 1), (SYSTEM, -1)], at=midnight + timedelta(seconds=1))
    coins.post([("ann", 2), (SYSTEM, -2)], at=midnight - timedelta(seconds=1))
    before, after = export("ann", 40, 11), export("ann", 10, 0)
    assert (before.closing_balance, after.opening_balance) == (100, 100)
    assert [row["amount"] for row in read(after)[1:-1]] == ["1", "2"]


def test_entries_of_one_moment_stand_in_the_order_of_the_chain(coins, export):
    moment = days_ago(3)
    for amount in (5, -5, 7, -7, 5, -5):
        coins.post([("ann", amount), (SYSTEM, -amount)], at=moment)
    rows = read(export("ann", 3, 3))[1:-1]
    assert [row["balance_after"] for row in rows] == ["105", "100", "107", "100", "105", "100"]


@pytest.mark.parametrize(
    "memo",
    ["=HYPERLINK(A1)", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"],
)
def test_no_text_is_a_formula(coins, export, memo):
    coins.post([("ann", 1), (SYSTEM, -1)], kind=memo, memo=memo, at=days_ago(1))
    row = read(export("ann"))[-2]
    assert row["memo"] == f"'{memo}"
    assert row["transaction_type"] == f"'{memo}"
    assert row["amount"] == "1"


def test_texts_with_commas_quotes_and_lines_come_through(coins, export):
    memo = 'Für "Ünal", a\nsecond line; ✓'
    coins.post([("ann", 1), (SYSTEM, -1)], memo=memo, at=days_ago(1))
    assert read(export("ann"))[-2]["memo"] == memo


def test_a_statement_that_is_not_proved_is_not_left(coins, export, tmp_path):
    """An entry whose balances do not go on from the one before it."""
    transaction = coins.post([("ann", 5), (SYSTEM, -5)], at=days_ago(1))
    coins.database.do(
        "UPDATE coin_journal_entries SET balance_before = 1, balance_after = 6 "
        "WHERE ledger_transaction_id = %s AND wallet_id = 'nna'", transaction,
    )  # fmt: skip
    with pytest.raises(DataFailure, match="begins at 1 coins and the entry before it ended at 100"):
        export("ann")
    assert list((tmp_path / "statements").iterdir()) == []


def test_an_entry_that_does_not_add_up_is_refused(coins, export):
    coins.database.do("UPDATE coin_journal_entries SET balance_after = 99 WHERE wallet_id = 'nna'")
    with pytest.raises(DataFailure, match="ends at 99 coins and should end at 100"):
        export("ann")


def test_a_wallet_that_holds_something_else_is_refused_when_the_period_reaches_today(coins, export):
    coins.database.do("UPDATE user_wallet SET balance = 3 WHERE user_id = 'ann'")
    with pytest.raises(DataFailure, match="ends at 100 coins and the wallet holds 3"):
        export("ann")
    coins.database.do("UPDATE user_wallet SET balance = 100 WHERE user_id = 'ann'")
    coins.post([("ann", 5), (SYSTEM, -5)], at=days_ago(1))
    coins.database.do("UPDATE user_wallet SET balance = 3 WHERE user_id = 'ann'")
    assert export("ann", 40, 20).closing_balance == 100


def test_a_statement_again_is_the_same_file(export):
    first, again = export("ann"), export("ann")
    assert again == first
    assert len(list(first.path.parent.iterdir())) == 1


@pytest.mark.parametrize("user", ["../../etc/passwd", "a/b", "a.b", "a b"])
def test_a_users_id_stays_in_the_folder_and_has_a_file_of_its_own(coins, export, tmp_path, user):
    coins.member(user)
    coins.member("a_b")
    statement = export(user)
    assert statement.path.parent == tmp_path / "statements"
    assert statement.path != export("a_b").path


def test_what_there_can_be_no_statement_of_is_refused(coins, export):
    coins.user("cleo")
    for asked, refusal in (
        (("nobody",), "There is no user 'nobody'"),
        (("cleo",), "'cleo' has no wallet"),
        (("ann", 1, 2), "after its end"),
        (("ann", 1, -1), "lies in the future"),
    ):
        with pytest.raises(Refused, match=refusal):
            export(*asked)
