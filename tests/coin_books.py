"""Coins of a test's own: users with wallets, transactions in double entry, and what is wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from demo import wallet_state
from psycopg import Connection

from databases import Database
from trueup import integrity, statements
from trueup.integrity import Health

SYSTEM = "system"


class CoinBooks:
    """One test's users, wallets and journal, in a database of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def connect(self) -> Connection:
        """A session as the engine opens it; the test closes it."""
        return statements.connect(self.database.conninfo, "test")

    def insert(self, table: str, **values: Any) -> str:
        """Commit a row; gives its key."""
        key = "wallet_id" if table == "user_wallet" else "id"
        values = {key: str(uuid4())} | values
        names = ", ".join(values)
        marks = ", ".join(["%s"] * len(values))
        self.database.do(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())
        return values[key]

    def fill_published(self) -> None:
        """The state that the report published before its repair."""
        with self.connect() as connection:
            wallet_state.fill_published(connection)

    def system(self) -> None:
        """The system user and its wallet."""
        self.user(SYSTEM)
        self.wallet(SYSTEM)

    def user(self, name: str, coins: int = 0) -> str:
        """A user without a wallet; gives the id, which is the name."""
        return self.insert("users", id=name, username=f"{name} by name", total_coins=coins)

    def wallet(self, user: str, balance: int = 0) -> str:
        """An empty wallet, or one that says it has coins; its id is the user's, turned round."""
        return self.insert(
            "user_wallet", wallet_id=user[::-1], user_id=user, balance=balance,
            available_balance=balance,
        )  # fmt: skip

    def member(self, name: str, coins: int = 0) -> str:
        """A user with a wallet in which the coins are, booked against the system account."""
        self.user(name)
        self.wallet(name)
        if coins:
            self.post([(name, coins), (SYSTEM, -coins)], kind="earn")
        return name

    def post(
        self,
        legs: Sequence[tuple[str, int]],
        kind: str = "transfer",
        memo: str | None = None,
        at: datetime | None = None,
        **fields: Any,
    ) -> str:
        """Book a closed transaction by the rules of dual-write; gives its id.

        legs: a user and coins each, credits above zero.
        """
        at = at or datetime.now(UTC)
        values = {"id": str(uuid4()), "type": kind, "created_at": at} | fields
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        with self.connect() as connection, connection.transaction():
            connection.execute(
                f"INSERT INTO coin_ledger_transactions ({names}) VALUES ({marks})",
                list(values.values()),
            )
            for user, coins in legs:
                _move(connection, values["id"], user, coins, memo, at)
            connection.execute(
                "UPDATE coin_ledger_transactions SET status = 'closed', closed_at = %s "
                "WHERE id = %s", [at, values["id"]],
            )  # fmt: skip
        return values["id"]

    def check(self) -> Health:
        """The health check, in a session of its own."""
        with self.connect() as connection:
            return integrity.check(connection)

    def coins(self, user: str) -> tuple[int, int, int]:
        """What users.total_coins, the wallet and its journal say."""
        row = self.database.row("SELECT * FROM user_coins WHERE user_id = %s", user)
        return row.total_coins, row.balance, row.journal_balance

    def digest(self) -> str:
        """A hash of users, wallets and journal."""
        return self.database.value(
            """
            SELECT md5(string_agg(said, '|' ORDER BY said)) FROM (
                SELECT 'user ' || users::TEXT AS said FROM users
                UNION ALL SELECT 'wallet ' || wallet::TEXT FROM user_wallet AS wallet
                UNION ALL SELECT 'booked ' || booked::TEXT FROM coin_ledger_transactions AS booked
                UNION ALL SELECT 'entry ' || entry::TEXT FROM coin_journal_entries AS entry
            ) AS everything
            """
        )


def _move(
    connection: Connection, transaction: str, user: str, coins: int, memo: str | None, at: datetime
) -> None:
    """Book one leg: the wallet, its entry and, but for the system account, the user's coins."""
    wallet, balance = connection.execute(
        "UPDATE user_wallet SET balance = balance + %(coins)s, "
        "available_balance = available_balance + %(coins)s "
        "WHERE user_id = %(user)s RETURNING wallet_id, balance",
        {"coins": coins, "user": user},
    ).fetchone()
    connection.execute(
        "INSERT INTO coin_journal_entries (ledger_transaction_id, wallet_id, direction, amount, "
        "balance_before, balance_after, memo, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            transaction, wallet, "credit" if coins > 0 else "debit", abs(coins),
            balance - coins, balance, memo, at,
        ],
    )  # fmt: skip
    if user != SYSTEM:
        connection.execute(
            "UPDATE users SET total_coins = total_coins + %s WHERE id = %s", [coins, user]
        )


def days_ago(days: int, hour: int = 12) -> datetime:
    """A moment of a day that has passed, in UTC."""
    now = datetime.now(UTC).replace(hour=hour, minute=0, second=0, microsecond=0)
    return now - timedelta(days=days)
