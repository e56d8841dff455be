"""The only door to SQL text: a statement is a file in `include/sql/`, values are parameters."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, Cursor, IsolationLevel, sql
from psycopg.rows import namedtuple_row

# Found from this file's own path: AIRFLOW_HOME says nothing about where a bundle was unpacked.
SQL_FOLDER = Path(__file__).resolve().parents[2] / "include" / "sql"

_COPY_BYTES = 1 << 20

# A session of ours reads and writes times in UTC, whatever the server or the role prefers; it gives
# up on a lock in time to be retried, and does not hold locks while its worker hangs.
_SESSION_OPTIONS = (
    "-c timezone=UTC -c datestyle=ISO -c lock_timeout=10s"
    " -c idle_in_transaction_session_timeout=10min -c client_min_messages=warning"
    # Compiling our statements takes longer than it saves; a batch is sorted in memory, not on disk.
    " -c jit=off -c work_mem=64MB"
    # A float is written with the digits that it needs, whatever the role prefers.
    " -c extra_float_digits=1"
)


@cache
def text(name: str) -> str:
    """The text of `include/sql/<name>.sql`."""
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def connect(conninfo: str, purpose: str) -> Connection:
    """Open a session in autocommit; `purpose` is what a person sees in pg_stat_activity."""
    return psycopg.connect(
        conninfo,
        autocommit=True,
        row_factory=namedtuple_row,
        application_name=f"trueup {purpose}"[:63],
        options=_SESSION_OPTIONS,
        connect_timeout=10,
    )


def execute(connection: Connection, name: str, /, **values: Any) -> Cursor:
    """Run a statement; its `%(name)s` are bound to `values`."""
    return connection.execute(text(name), values)


def execute_composed(
    connection: Connection, name: str, parts: Mapping[str, sql.Composable], **values: Any
) -> Cursor:
    """Run a statement whose `{names}` are identifiers or literals that no parameter can bind."""
    return connection.execute(sql.SQL(text(name)).format(**parts), values)


def fetch_one(connection: Connection, name: str, /, **values: Any) -> Any:
    """Run a statement and give its first row as a named tuple, or None."""
    return execute(connection, name, **values).fetchone()


def fetch_all(connection: Connection, name: str, /, **values: Any) -> list[Any]:
    """Run a statement and give all its rows as named tuples."""
    return execute(connection, name, **values).fetchall()


def execute_each(connection: Connection, name: str, rows: Iterable[dict[str, Any]]) -> None:
    """Run a statement once for each dictionary of values."""
    with connection.cursor() as cursor:
        cursor.executemany(text(name), list(rows))


def execute_script(connection: Connection, name: str) -> None:
    """Run a file of several statements that takes no values, such as a migration."""
    connection.execute(text(name))


@contextmanager
def copy_into(connection: Connection, name: str) -> Iterator[psycopg.Copy]:
    """Open the COPY of a statement file for writing rows."""
    with connection.cursor() as cursor, cursor.copy(text(name)) as copy:
        yield copy


def copy_file(connection: Connection, name: str, path: Path) -> int:
    """Send a file through the COPY of a statement file, and give how many rows it was."""
    with connection.cursor() as cursor:
        with cursor.copy(text(name)) as copy, path.open("rb") as file:
            while chunk := file.read(_COPY_BYTES):
                copy.write(chunk)
        return cursor.rowcount


def copy_to_file(connection: Connection, name: str, path: Path, /, **values: Any) -> None:
    """Write what the COPY of a statement file gives into a file."""
    with (
        connection.cursor() as cursor,
        cursor.copy(text(name), values) as copy,
        path.open("wb") as file,
    ):
        for chunk in copy:
            file.write(chunk)


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """A transaction in which every statement sees the books at one moment."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            yield
    finally:
        if not connection.closed:
            connection.isolation_level = None


def fingerprint(*folders: str) -> str:
    """SHA-256 over the names and texts of all statements in these folders of `include/sql/`."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((SQL_FOLDER / folder).rglob("*.sql")):
            digest.update(path.relative_to(SQL_FOLDER).as_posix().encode())
            digest.update(b"\0")
            digest.update(path.read_bytes())
            digest.update(b"\0")
    return digest.hexdigest()
