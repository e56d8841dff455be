"""Wallets of a test's own: users with coins, moved as a deployed application moves them."""

from typing import Any
from uuid import uuid4

from databases import Database

# What a wallet's next entry begins with.
_LAST = (
    "SELECT coalesce((SELECT balance_after FROM coin_journal_entries WHERE wallet_id = %s "
    "ORDER BY entry_no DESC LIMIT 1), 0)"
)


def user(database: Database, name: str, coins: int, balance: int | None = None) -> str:
    """A user with coins, and an empty-handed wallet of a balance where one is given."""
    database.do(
        "INSERT INTO users (id, username, total_coins) VALUES (%s, %s, %s)", name, name, coins
    )
    if balance is not None:
        database.do(
            "INSERT INTO user_wallet (wallet_id, user_id, balance, available_balance) "
            "VALUES (%s, %s, %s, %s)", f"w-{name}", name, balance, balance,
        )  # fmt: skip
    return name


def move(connection: Any, name: str, coins: int) -> None:
    """Give a user coins, or take some, against the system: coins, wallet and journal at once.

    As the rules for dual-write ask for it, in one transaction: wallets are locked by id, the
    journal is read under the locks. What is missing is made on the way.
    """
    with connection.transaction():
        for owner in (name, "system"):
            connection.execute(
                "INSERT INTO users (id, username) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [owner, owner],
            )
            connection.execute(
                "INSERT INTO user_wallet (user_id) VALUES (%s) ON CONFLICT DO NOTHING", [owner]
            )
        locked = connection.execute(
            "SELECT wallet_id, user_id FROM user_wallet WHERE user_id IN (%s, 'system') "
            "ORDER BY wallet_id FOR NO KEY UPDATE", [name],
        ).fetchall()  # fmt: skip
        transaction = str(uuid4())
        connection.execute(
            "INSERT INTO coin_ledger_transactions (id, type) VALUES (%s, 'earn')", [transaction]
        )
        for wallet, owner in locked:
            change = coins if owner == name else -coins
            (before,) = connection.execute(_LAST, [wallet]).fetchone()
            connection.execute(
                "INSERT INTO coin_journal_entries (ledger_transaction_id, wallet_id, direction, "
                "amount, balance_before, balance_after) VALUES (%s, %s, %s, %s, %s, %s)",
                [transaction, wallet, "credit" if change > 0 else "debit", abs(change), before,
                 before + change],
            )  # fmt: skip
            connection.execute(
                "UPDATE user_wallet SET balance = balance + %s, "
                "available_balance = available_balance + %s WHERE wallet_id = %s",
                [change, change, wallet],
            )
        connection.execute(
            "UPDATE users SET total_coins = total_coins + %s WHERE id = %s", [coins, name]
        )
        connection.execute(
            "UPDATE coin_ledger_transactions SET status = 'closed', closed_at = now() "
            "WHERE id = %s", [transaction],
        )  # fmt: skip


def figures(database: Database) -> dict[str, Any]:
    """The rows of the golden table, as an outside witness counts them."""
    row = database.row(
        """
        SELECT
            (SELECT count(*) FROM users) AS users,
            (SELECT count(*) FROM user_wallet) AS wallets,
            (SELECT sum(total_coins) FROM users) AS coins,
            (SELECT sum(balance) FROM user_wallet) AS balance,
            (SELECT balance FROM user_wallet WHERE user_id = 'system') AS system,
            count(*) FILTER (WHERE drift <> 0) AS drifting,
            sum(drift) AS drift,
            sum(abs(drift)) AS absolute
        FROM (
            SELECT u.total_coins - coalesce(w.balance, 0) AS drift
            FROM users AS u LEFT JOIN user_wallet AS w ON w.user_id = u.id
            WHERE u.id <> 'system'
        ) AS drifts
        """
    )
    return row._asdict()


def balances(database: Database) -> dict[str, int]:
    """What every wallet holds, by user."""
    return dict(database.rows("SELECT user_id, balance FROM user_wallet ORDER BY user_id"))


def faults(database: Database) -> list[Any]:
    """What must not be, wherever it is looked for: unbalanced, unchained, off the journal."""
    return database.rows(
        """
        SELECT 'unbalanced' AS fault, ledger_transaction_id AS id FROM coin_journal_entries
        GROUP BY 2 HAVING count(*) < 2
            OR sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END) <> 0
        UNION ALL
        SELECT 'unchained', id FROM (
            SELECT id, balance_before, lag(balance_after, 1, 0)
                OVER (PARTITION BY wallet_id ORDER BY entry_no) AS last
            FROM coin_journal_entries
        ) AS links WHERE balance_before <> last
        UNION ALL
        SELECT 'off its journal', user_id FROM user_wallet AS w WHERE balance <> (
            SELECT coalesce(sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END), 0)
            FROM coin_journal_entries AS e WHERE e.wallet_id = w.wallet_id
        )
        """
    )
