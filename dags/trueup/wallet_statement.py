"""A wallet's statement of a period: a CSV with opening balance, every entry and closing balance.

It is read in one snapshot, in the order of the wallet's chain, and proved while it is written:
every entry begins where the one before it ended, and opening + credits − debits = closing. A
statement that cannot be proved is not left in the folder. Coins are integers.
"""

import csv
import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from psycopg import Connection

from trueup import statements
from trueup.errors import DataFailure, Refused
from trueup.sources.cells import guarded

COLUMNS = (
    "time_utc", "transaction_type", "transaction_id", "memo", "direction", "amount",
    "balance_after",
)  # fmt: skip

_ROWS_PER_FETCH = 2_000


class Statement(NamedTuple):
    """A statement that was written, and what it says; all in whole coins."""

    path: Path
    entries: int
    opening_balance: int
    credits: int
    debits: int
    closing_balance: int


class _Totals:
    """The entries that have passed, added up and held against the chain."""

    def __init__(self, opening_balance: int) -> None:
        self.balance = opening_balance
        self.entries = self.credits = self.debits = 0

    def add(self, entry: Any) -> None:
        """Count an entry. Raises DataFailure when it does not continue the chain."""
        if entry.balance_before != self.balance:
            raise DataFailure(
                f"Entry {entry.entry_id} of {entry.created_at:%Y-%m-%d %H:%M:%S} UTC begins at "
                f"{entry.balance_before:,} coins and the entry before it ended at "
                f"{self.balance:,}: the wallet's chain is broken, and wallet_integrity says where."
            )
        if entry.direction == "credit":
            self.credits += entry.amount
            self.balance += entry.amount
        else:
            self.debits += entry.amount
            self.balance -= entry.amount
        if entry.balance_after != self.balance:
            raise DataFailure(
                f"Entry {entry.entry_id} of {entry.created_at:%Y-%m-%d %H:%M:%S} UTC ends at "
                f"{entry.balance_after:,} coins and should end at {self.balance:,}."
            )
        self.entries += 1


def export(
    connection: Connection, user_id: str, from_date: date, to_date: date, folder: Path
) -> Statement:
    """Write the statement of a user's wallet over a period of UTC days, both included.

    Raises Refused for a user or period of which there can be none, and DataFailure when the sums
    are not proved; then no file is left.
    """
    _check_period(from_date, to_date)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _file_name(user_id, from_date, to_date)
    # Whoever finds a statement in the folder finds a whole and proved one.
    unproved = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with statements.snapshot(connection):
            period = _period(connection, user_id, from_date, to_date)
            totals = _write(connection, period, from_date, to_date, unproved)
        _prove(period, totals)
        unproved.replace(path)
    finally:
        unproved.unlink(missing_ok=True)
    return Statement(
        path, totals.entries, period.opening_balance, totals.credits, totals.debits,
        period.closing_balance,
    )  # fmt: skip


def sentence(statement: Statement) -> str:
    """What the statement says, for a log."""
    return (
        f"{statement.entries:,} entries: opening {statement.opening_balance:,} + credits "
        f"{statement.credits:,} − debits {statement.debits:,} = closing "
        f"{statement.closing_balance:,}. Statement: {statement.path}"
    )


def _check_period(from_date: date, to_date: date) -> None:
    if from_date > to_date:
        raise Refused(f"The period begins on {from_date}, after its end on {to_date}.")
    today = datetime.now(UTC).date()
    if to_date > today:
        raise Refused(f"to_date {to_date} lies in the future (today is {today}, UTC).")


def _period(connection: Connection, user_id: str, from_date: date, to_date: date) -> Any:
    period = statements.fetch_one(
        connection,
        "wallet/statement/read_period",
        user_id=user_id,
        from_date=from_date,
        to_date=to_date,
    )
    if period is None:
        raise Refused(f"There is no user {user_id!r}.")
    if period.wallet_id is None:
        raise Refused(f"User {user_id!r} has no wallet; wallet_backfill gives them one.")
    return period


def _write(
    connection: Connection, period: Any, from_date: date, to_date: date, path: Path
) -> _Totals:
    totals = _Totals(period.opening_balance)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerow(_balance(from_date, "opening balance", period.opening_balance))
        for entry in _entries(connection, period):
            totals.add(entry)
            writer.writerow(_cells(entry))
        writer.writerow(_balance(to_date, "closing balance", totals.balance))
    return totals


def _entries(connection: Connection, period: Any) -> Iterator[Any]:
    """The period's entries; a million of them take no more memory than one."""
    with connection.cursor(name="wallet_statement") as cursor:
        cursor.itersize = _ROWS_PER_FETCH
        cursor.execute(
            statements.text("wallet/statement/list_entries"),
            {
                "wallet_id": period.wallet_id,
                "first_no": period.first_no,
                "end_no": period.end_no,
            },
        )
        yield from cursor


def _prove(period: Any, totals: _Totals) -> None:
    """Hold what was written against what the journal sums to, and against the wallet."""
    proved = period.opening_balance + totals.credits - totals.debits
    if proved != period.closing_balance:
        raise DataFailure(
            f"Opening {period.opening_balance:,} + credits {totals.credits:,} − debits "
            f"{totals.debits:,} = {proved:,}, and the journal sums to "
            f"{period.closing_balance:,} at the end of the period."
        )
    # Only when nothing was booked later does the wallet tell the same moment.
    if period.end_no is None and period.closing_balance != period.balance:
        raise DataFailure(
            f"The journal ends at {period.closing_balance:,} coins and the wallet holds "
            f"{period.balance:,}; wallet_integrity says why."
        )


def _balance(day: date, name: str, coins: int) -> Iterable[Any]:
    return (day.isoformat(), name, "", "", "", "", coins)


def _cells(entry: Any) -> Iterable[Any]:
    return (
        f"{entry.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        guarded(entry.transaction_type),
        guarded(entry.transaction_id),
        guarded(entry.memo or ""),
        entry.direction,
        entry.amount,
        entry.balance_after,
    )


def _file_name(user_id: str, from_date: date, to_date: date) -> str:
    """A name that stays in its folder, whatever the user's id is, and is that user's alone."""
    readable = re.sub(r"[^A-Za-z0-9_-]", "_", user_id)[:64]
    mark = hashlib.sha256(user_id.encode()).hexdigest()[:8]
    return f"wallet_statement_{readable}_{mark}_{from_date}_{to_date}.csv"
