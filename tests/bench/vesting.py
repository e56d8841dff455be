"""Measures the backfill of vesting lots beside a loop of one insert and one commit per deposit, and
beside one bare statement that inserts them all: no engine can be faster over one session.

All work on clones of one generated vault, durably, in the same run: python -m bench.vesting
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
from demo import vault_data
from psycopg.conninfo import conninfo_to_dict

from bench import floors
from databases import Database, Server
from runs import Books
from trueup import migrations
from trueup.systems import VESTING

ASKED = 20
# The loop is slow: fewer rows tell its rate.
LOOP_ROWS = 5_000

_DEPOSITS = """
    SELECT id FROM operations
    WHERE type = 'VAULT_DEPOSIT' AND status = 'COMPLETED'
        AND operation_metadata ->> 'vault_code' = 'AVENIR'
    ORDER BY created_at LIMIT %s
"""
# All of a deposit's work in one statement: a script that reads first and inserts then is slower.
_LOTS = """
    INSERT INTO vault_vesting_lots (vault_id, vault_code, user_id, currency, deposit_day,
        release_day, amount, source_operation_id)
    SELECT vault.id, vault.code, account.user_id, entry.currency,
        (operation.created_at AT TIME ZONE 'UTC')::DATE,
        (operation.created_at AT TIME ZONE 'UTC')::DATE + 365, -entry.amount, operation.id
    FROM operations AS operation
    INNER JOIN ledger_entries AS entry ON entry.operation_id = operation.id
    INNER JOIN accounts AS account ON account.id = entry.account_id
    INNER JOIN vaults AS vault ON vault.code = 'AVENIR'
    WHERE entry.entry_type = 'DEBIT' AND account.account_type = 'WALLET_AVAILABLE'
"""
_ONE = f"{_LOTS} AND operation.id = %s ON CONFLICT (source_operation_id) DO NOTHING"
_ALL = f"""{_LOTS} AND operation.type = 'VAULT_DEPOSIT' AND operation.status = 'COMPLETED'
    AND operation.operation_metadata ->> 'vault_code' = 'AVENIR'
"""


def loop(database: Database, rows: int) -> float:
    """One insert and one commit per deposit; gives deposits a second."""
    connection = database.connect("loop")
    started = time.perf_counter()
    deposits = connection.execute(_DEPOSITS, [rows]).fetchall()
    for deposit in deposits:
        connection.execute(_ONE, deposit)
    return len(deposits) / (time.perf_counter() - started)


def floor(database: Database) -> float:
    """One bare statement for all deposits, no checks, no checkpoints; gives deposits a second."""
    connection = database.connect("floor")
    started = time.perf_counter()
    lots = connection.execute(_ALL).rowcount
    return lots / (time.perf_counter() - started)


def backfill(database: Database, workers: int) -> tuple[float, dict[str, float], int]:
    """The run from its audit to its reconciled locks; gives deposits a second, and each stage's
    seconds."""
    with tempfile.TemporaryDirectory() as folder:
        asked = {"source": "operations", "source_type": "DEPOSITS", "currency": None}
        asked["parallel_workers"] = workers
        stages: dict[str, float] = {}
        started = last = time.perf_counter()
        attempt = Books(database, Path(folder), asked, system=VESTING).begin()
        for stage in (
            "audit", "ingest", "validate", "open_posting", "post", "check_balances", "constrain",
            "expect", "reconcile",
        ):  # fmt: skip
            if stage == "post":
                with ThreadPoolExecutor(workers) as pool:
                    list(pool.map(attempt.post, range(workers)))
            else:
                getattr(attempt, stage)()
            stages[stage], last = time.perf_counter() - last, time.perf_counter()
        seconds = time.perf_counter() - started
        attempt.complete()
    row = attempt.row
    lots = database.value("SELECT count(*) FROM vault_vesting_lots")
    if (row.status, row.total_posted) != ("completed", lots):
        raise SystemExit(f"The run did not do its work: {row.status}, {row.message}")
    return lots / seconds, stages, lots


def main() -> None:
    """Generate a vault, run both, and say how they compare."""
    parser = argparse.ArgumentParser(prog="bench-vesting", description=__doc__)
    # So many that 100,000 of them are completed, in AVENIR, and in order.
    parser.add_argument("--deposits", type=int, default=119_000, help="of all kinds (119,000)")
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--loop-rows", type=int, default=LOOP_ROWS)
    parser.add_argument("--workers", type=int, default=2, help="ranges that are posted at once")
    asked = parser.parse_args()
    words = conninfo_to_dict(os.environ["AIRFLOW_CONN_VAULT_DB"])
    runner = {name: str(words[name]) for name in ("user", "password")}
    with closing(Server(os.environ["TRUEUP_TEST_SERVER"], runner, durable=True)) as server:
        template = server.create()
        with closing(template.connect()) as connection:
            migrations.migrate(connection, VESTING)
        with closing(psycopg.connect(template.conninfo, autocommit=True)) as connection:
            vault_data.fill(connection, asked.users, asked.deposits, oddities=False)
            connection.execute("ANALYZE")
        template.close()
        slow, bare, fast = (server.create(template) for _ in range(3))
        floors.settle(slow)
        loops = loop(slow, asked.loop_rows)
        print(f"loop, a commit per deposit: {loops:,.0f} deposits/s over {asked.loop_rows:,}")
        floors.settle(bare)
        bares = floor(bare)
        print(f"floor, one bare statement: {bares:,.0f} deposits/s, {bares / loops:.0f} × the loop")
        floors.settle(fast)
        rate, stages, lots = backfill(fast, asked.workers)
    told = ", ".join(f"{stage} {took:.1f}" for stage, took in stages.items())
    print(f"backfill: {rate:,.0f} deposits/s over {lots:,} ({told} s)")
    print(f"backfill is {rate / loops:.0f} × the loop (asked: {ASKED})")


if __name__ == "__main__":
    main()
