"""Rows of a table or query in another PostgreSQL, read in key order up to a bound fixed first."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg
import psycopg.sql as sql
from psycopg import Connection
from psycopg.adapt import AdaptersMap
from psycopg.rows import tuple_row
from psycopg.types.string import TextLoader

from trueup import errors, statements
from trueup.errors import Refused, Transient
from trueup.sources import objects
from trueup.sources.columns import Columns, listed
from trueup.sources.endpoints import Endpoint
from trueup.sources.extracts import Cursor, Part
from trueup.sources.mapping import Mapping

_ROWS_PER_PART = 10_000
_FLOATS = ("float4", "float8")
Row = tuple[str | None, ...]

# A second statement, one that would write, one that would begin to.
_NOT_READ = (
    psycopg.errors.SyntaxError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.ActiveSqlTransaction,
)
_A_QUERY = re.compile(r"\s*(SELECT|WITH|TABLE|VALUES)\b", re.IGNORECASE)


class DatabaseSource:
    """A table, `schema.table`, or a query, with a column whose order is the order of reading.

    Its session only reads, whatever a query says. Amounts come as the texts that PostgreSQL makes
    of them, exact.
    """

    key: str | None = None

    def __init__(self, endpoint: Endpoint, source: str, key_column: str, mapping: Mapping) -> None:
        endpoint.require("postgres", "a source in a database")
        self._endpoint = endpoint
        self._name = source
        self._key_column = key_column
        self._mapping = mapping
        self._identifiers = {"source": _relation(source), "key": sql.Identifier(key_column)}

    @property
    def fingerprint(self) -> str:
        """What is read and from where; what came of it is hashed while it is read."""
        named = "\n".join((self._endpoint.connection_id, self._name, self._key_column))
        return hashlib.sha256(named.encode()).hexdigest()

    def about(self) -> dict[str, Any]:
        """What the audit tells of the source.

        Raises Refused when it cannot be read, or its columns cannot be used.
        """
        with self._session(refusing=psycopg.Error) as connection:
            columns = self._columns(connection)
            ((rows, _),) = self._stream(connection, "bound_source")
        return {"ignored_columns": columns.ignored, "source_rows": int(rows or 0)}

    def begin(self) -> Cursor:
        """Fix how far is read: the highest key now. Later rows belong to a later run."""
        with self._session() as connection:
            ((_, last_key),) = self._stream(connection, "bound_source")
        return {"last_key": last_key}

    def parts(self, cursor: Cursor, position: int) -> Iterator[Part]:
        """Yield what comes after a cursor, whole keys at a time; rows without a key come last.

        One snapshot: a reading that is not broken off sees the source at one moment. Raises
        Transient when the database goes away.
        """
        if cursor.get("end"):
            return
        with self._session() as connection:
            read = objects.row_reader(self._columns(connection))
            for rows, reached in self._chunks(connection, cursor):
                numbers = range(position, position + len(rows))
                yield Part(list(map(read, numbers, rows)), {**cursor, **reached})
                position += len(rows)

    def recount(self, cursor: Cursor, /) -> int | None:
        """How many rows stand at or below the bound now, those without a key too."""
        with self._session() as connection:
            bound = cursor["last_key"]
            ((rows,),) = self._stream(connection, "count_bounded", last_key=bound)
        return int(rows or 0)

    def _chunks(
        self, connection: Connection, cursor: Cursor
    ) -> Iterator[tuple[list[Row], dict[str, Any]]]:
        key = itemgetter(self._key_position)
        rows: list[Row] = []
        name = "read_after" if "after" in cursor else "read_from_start"
        for _, same_key in groupby(self._stream(connection, name, **cursor), key):
            rows.extend(same_key)
            if len(rows) >= _ROWS_PER_PART:
                yield rows, {"after": key(rows[-1])}
                rows = []
        if rows:
            yield rows, {"after": key(rows[-1])}
        # A comparison with NULL is never true: no range of keys has these rows.
        yield list(self._stream(connection, "read_keyless")), {"end": True}

    def _columns(self, connection: Connection) -> Columns:
        with self._open(connection, "describe_source") as cursor:
            described = cursor.description or []
        names = [column.name.strip() for column in described]
        if self._key_column not in names:
            raise Refused(
                f"{self._name} has no column {self._key_column!r} to read it in order by; it has "
                f"{listed(names)}. Name one as key_column, best one with an index."
            )
        self._key_position = names.index(self._key_column)
        columns = Columns(self._name, names, self._mapping)
        kinds = [column.type_display for column in described]
        columns.refuse_floats(self._name, kinds, _FLOATS)
        return columns

    def _stream(self, connection: Connection, name: str, **values: Any) -> Iterator[Row]:
        """Rows as texts."""
        with self._open(connection, name, **values) as cursor:
            yield from cursor

    @contextmanager
    def _open(
        self, connection: Connection, name: str, **values: Any
    ) -> Iterator[psycopg.ServerCursor[Row]]:
        """A statement over a server-side cursor: the only way that a source is asked anything.

        PostgreSQL declares a cursor for one query that reads. psycopg declares it over the extended
        protocol, which takes no second statement; the simple one, without values, would take it.
        """
        query = sql.SQL(statements.text(f"trueup/extract/{name}")).format(**self._identifiers)
        with connection.cursor("trueup_source", row_factory=tuple_row) as cursor:
            _load_texts(cursor.adapters)
            cursor.itersize = _ROWS_PER_PART
            cursor.execute(query, values)
            yield cursor

    @contextmanager
    def _session(
        self, refusing: type[psycopg.Error] | tuple[type[psycopg.Error], ...] = _NOT_READ
    ) -> Iterator[Connection]:
        """A session in one transaction that reads only and sees the source at one moment.

        Raises Refused for the errors of `refusing`, for others what they are in words.
        """
        try:
            with closing(self._connect()) as connection, statements.snapshot(connection):
                yield connection
        except refusing as error:
            raise Refused(self._refusal(error)) from error
        except psycopg.Error as error:
            raise errors.from_database(error) from error

    def _refusal(self, error: psycopg.Error) -> str:
        said = str(error).strip().splitlines() or [type(error).__name__]
        if isinstance(error, _NOT_READ):
            return (
                f"{self._name} cannot be read as one query: {said[0]}. A source is only read: name "
                "one table, or give one query that changes nothing, with nothing behind it."
            )
        return (
            f"{self._name} cannot be read: {said[0]}. Check the table or query, and what the "
            f"Airflow connection {self._endpoint.connection_id} may read."
        )

    def _connect(self) -> Connection:
        try:
            connection = statements.connect(self._endpoint.conninfo, f"source {self._name}")
            # Every transaction says for itself that it only reads, and what is in none, this.
            statements.execute(connection, "trueup/extract/only_read")
        except psycopg.Error as error:
            raise Transient(
                f"The source's database cannot be reached ({str(error).splitlines()[0]}). Check "
                f"the Airflow connection {self._endpoint.connection_id} and its server."
            ) from error
        connection.read_only = True
        return connection


def _relation(source: str) -> sql.Composable:
    """A table's quoted name, or a query in brackets."""
    if not _A_QUERY.match(source):
        return sql.Identifier(*source.split("."))
    # The brackets keep nobody in: that there is no second statement is seen to in `_open`.
    query = source.strip().rstrip(";").replace("%", "%%")
    return sql.SQL("(\n{}\n)").format(sql.SQL(query))


def _load_texts(adapters: AdaptersMap) -> None:
    """Have every type come as PostgreSQL writes it: no float, no lost digit, no other calendar."""
    for kind in adapters.types:
        adapters.register_loader(kind.oid, TextLoader)
        adapters.register_loader(kind.array_oid, TextLoader)
