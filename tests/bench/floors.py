"""What Trueup is held against: loops that commit often, and plain COPY with nothing checked."""

import csv
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from psycopg import Connection

from bench import data
from bench.data import Source
from databases import Database

_POST = "SELECT post_ledger_entry(%s, %s, %s, %s, %s, %s, %s, %s, NULLIF(%s, '')::NUMERIC, %s, %s)"
_COLUMNS = (
    "ledger_id, debit_account_id, credit_account_id, amount, currency_code, asset_type, "
    "transaction_type, reference_id, timestamp_utc, fx_rate, metadata"
)
_KEYS = """
    SELECT conrelid::REGCLASS::TEXT AS table_name, conname AS name, contype AS kind,
        pg_get_constraintdef(oid) AS definition
    FROM pg_constraint
    WHERE conrelid IN ('ledger_entries'::REGCLASS, 'dual_ledger_outbox'::REGCLASS)
        AND contype IN ('p', 'u', 'f')
    ORDER BY contype = 'f'
"""
_COPY_BYTES = 1 << 20


def loop(database: Database, source: Source, rows: int, commit_every: int) -> float:
    """A loop through post_ledger_entry; gives rows a second."""
    connection = _prepare(database)
    connection.execute("SET trueup.outbox = on")
    connection.autocommit = False
    started = time.perf_counter()
    with connection.cursor() as cursor:
        for number, values in enumerate(islice(_postings(source), rows), start=1):
            cursor.execute(_POST, values)
            if number % commit_every == 0:
                connection.commit()
    connection.commit()
    return min(rows, source.rows) / (time.perf_counter() - started)


def copy_live(database: Database, source: Source) -> float:
    """Plain COPY of entries and outbox rows into the indexed tables; gives rows a second."""
    connection = _prepare(database)
    return source.rows / _copy(connection, source)


def copy_initial(database: Database, source: Source) -> float:
    """Plain COPY into bare tables, then the same indexes and constraints; gives rows a second."""
    connection = _prepare(database)
    keys = connection.execute(_KEYS).fetchall()
    for key in sorted(keys, key=lambda key: key.kind != "f"):
        connection.execute(f"ALTER TABLE {key.table_name} DROP CONSTRAINT {key.name}")
    seconds = _copy(connection, source)
    started = time.perf_counter()
    for key in keys:
        connection.execute(
            f"ALTER TABLE {key.table_name} ADD CONSTRAINT {key.name} {key.definition}"
        )
    return source.rows / (seconds + time.perf_counter() - started)


def settle(database: Database) -> None:
    """Begin each contender alike: nothing dirty is left over from the one before."""
    with database.admin() as connection:
        connection.execute("CHECKPOINT")


def open_accounts(database: Database) -> None:
    """Open the accounts that Trueup opens by itself."""
    with database.admin() as connection, connection.cursor() as cursor:
        with cursor.copy(
            "COPY bank_accounts (id, currency_code, allow_overdraft) FROM STDIN"
        ) as copy:
            for number in range(data.ACCOUNTS):
                copy.write_row((data.account(number), "USD", True))
        cursor.execute("VACUUM ANALYZE bank_accounts")


def _prepare(database: Database) -> Connection:
    open_accounts(database)
    settle(database)
    return database.connect("floor")


def _copy(connection: Connection, source: Source) -> float:
    """Seconds that COPY takes: the file's own bytes, then an outbox row for each entry."""
    entries = f"COPY ledger_entries ({_COLUMNS}) FROM STDIN (FORMAT csv, HEADER)"
    references = b"".join(b"%d\ttxn-%010d\n" % (n + 1, n) for n in range(source.rows))
    started = time.perf_counter()
    with connection.cursor() as cursor:
        with (
            cursor.copy(entries) as copy,
            source.entries.open("rb") as file,
        ):
            while chunk := file.read(_COPY_BYTES):
                copy.write(chunk)
        with cursor.copy("COPY dual_ledger_outbox (entry_id, reference_id) FROM STDIN") as copy:
            for offset in range(0, len(references), _COPY_BYTES):
                copy.write(references[offset : offset + _COPY_BYTES])
    return time.perf_counter() - started


def _postings(source: Source) -> Iterator[tuple[Any, ...]]:
    """The arguments of post_ledger_entry, in its order."""
    with source.entries.open(encoding="utf-8", newline="") as file:
        for row in islice(csv.reader(file), 1, None):
            *first, timestamp, rate, metadata = row
            yield (*first, rate, metadata, timestamp)
