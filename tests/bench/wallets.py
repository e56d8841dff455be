"""Measures the backfill of wallets beside a bare INSERT … SELECT of the same rows.

    bin/with-server bin/bench wallets --users 100000

Both write into tables with the same keys, indexes and foreign keys. The run is timed stage by
stage, from the audit to the reconciliation, without the Great Expectations suites; the floor is
three statements in one transaction, with nothing checked.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from demo import wallet_state

from databases import Database, Server
from runs import Books
from trueup import migrations
from trueup.systems import WALLET

_KEEP = """
    CREATE TABLE kept_users AS SELECT * FROM users WHERE id = 'system';
    CREATE TABLE kept_wallets AS SELECT * FROM user_wallet ORDER BY user_id;
    CREATE TABLE kept_transactions AS
        SELECT * FROM coin_ledger_transactions ORDER BY run_line;
    CREATE TABLE kept_entries AS SELECT * FROM coin_journal_entries ORDER BY entry_no;
    ANALYZE kept_wallets, kept_transactions, kept_entries;
"""
# What the run added is taken away, so that the floor writes into the tables that the run found.
_BARE = """
    DROP TRIGGER coin_ledger_transactions_closed_in_balance ON coin_ledger_transactions;
    DROP TRIGGER coin_ledger_transactions_stays_in_balance ON coin_journal_entries;
    DROP TRIGGER coin_journal_entries_chained ON coin_journal_entries;
    DROP TRIGGER coin_journal_entries_append_only ON coin_journal_entries;
    DROP TRIGGER coin_journal_entries_not_emptied ON coin_journal_entries;
    TRUNCATE coin_journal_entries, coin_ledger_transactions, user_wallet;
"""
_FLOOR = (
    "INSERT INTO user_wallet SELECT * FROM kept_wallets",
    "INSERT INTO coin_ledger_transactions SELECT * FROM kept_transactions",
    "INSERT INTO coin_journal_entries SELECT * FROM kept_entries",
)
_STAGES = (
    "audit", "ingest", "validate", "open_posting", "post", "check_balances", "constrain", "expect",
    "reconcile",
)  # fmt: skip


def main() -> None:
    """Fill, run, take away, insert; print seconds and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument(
        "--server", default=os.environ.get("TRUEUP_TEST_SERVER"), help="libpq's address of a server"
    )
    asked = parser.parse_args()
    server = Server(asked.server, None, durable=True)
    try:
        database = server.create()
        with closing(database.connect()) as connection:
            migrations.migrate(connection, WALLET)
        with closing(psycopg.connect(database.conninfo, autocommit=True)) as connection:
            wallet_state.fill(connection, asked.users)
            connection.execute("VACUUM ANALYZE")
        ours = sum(seconds for _, seconds in _run(database, asked.users))
        floor = _floor(database)
    finally:
        server.close()
    print(f"run    {ours:8.1f} s {asked.users / ours:10,.0f} users/s")
    print(f"floor  {floor:8.1f} s {asked.users / floor:10,.0f} users/s")
    print(f"ratio  {floor / ours:8.2f}")


def _run(database: Database, users: int) -> list[tuple[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        books = Books(
            database, Path(folder),
            {"source": "users", "source_type": "WALLETS", "batch_size": 20_000}, system=WALLET,
        )  # fmt: skip
        attempt = books.begin()
        took = [(name, _timed(getattr(attempt, name))) for name in _STAGES]
        attempt.die()
    for name, seconds in took:
        print(f"  {name:<16}{seconds:8.1f} s")
    made = database.value("SELECT count(*) FROM coin_journal_entries")
    assert made == 2 * users, made
    return took


def _floor(database: Database) -> float:
    with closing(psycopg.connect(database.conninfo, autocommit=True)) as connection:
        connection.execute(_KEEP)
        connection.execute(_BARE)

        def insert() -> None:
            with connection.transaction():
                for statement in _FLOOR:
                    connection.execute(statement)

        return _timed(insert)


def _timed(step: Callable[[], Any]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
