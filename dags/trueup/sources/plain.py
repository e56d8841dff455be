"""Rows that nobody can doubt, found by DuckDB a block at a time; all others are left to others.

A row is plain if the rules of validation, whatever the ledger holds, could only find it good: then
it needs no second look, and a column of a million such rows is judged at once. What is not plain
is not thereby wrong: its line goes through the careful lane (`records.py`, `sort_rows.sql`). The
rules are in `include/sql/<system>/plain/`, in DuckDB's SQL.
"""

import hashlib
import logging
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeGuard, TypeVar

import duckdb
from duckdb import CoalesceOperator, ColumnExpression, ConstantExpression, DuckDBPyConnection

from trueup import statements
from trueup.errors import OperationalFailure
from trueup.sources import blocks
from trueup.sources.blocks import Block
from trueup.sources.csv import CsvSource
from trueup.sources.mapping import CANONICAL_NAMES
from trueup.sources.records import MAX_RECORD_CHARACTERS

log = logging.getLogger(__name__)

# DuckDB's own memory; beyond it, it uses the spool folder. Blocks in hand come on top.
_MEMORY_LIMIT = "384MB"
_KEYS_AT_ONCE = 1_000_000
# One block is written to PostgreSQL while the next ones are being judged.
_THREADS = 2

# With these DuckDB was held against the careful reader; another mark may be part of a plain value.
_QUOTES = ('"', "'", None)

_PARAMETER = re.compile(r"\$(\w+)")
_SNAKE = re.compile("([A-Z])")

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class JudgedBlock:
    """A block of lines, the plain rows among them as a CSV file, and the lines that are not.

    rows: None when the block is not regular, so that only the careful reader can tell its records.
    fingerprint: SHA-256 of the block's bytes, in hexadecimal
    """

    block: Block
    rows: int | None
    file: Path | None
    doubtful: list[int]
    fingerprint: str


@dataclass(frozen=True)
class SpooledBlock:
    """The plain rows of a block as files for COPY, and what they move: debits less credits."""

    entries: Path
    outbox: Path
    accounts: list[str]
    debits: list[Decimal]

    def remove(self) -> None:
        """Remove the files."""
        self.entries.unlink()
        self.outbox.unlink()


class PlainReader:
    """Judges the blocks of one source. Made by `reading`, which also takes the spool away."""

    def __init__(self, source: CsvSource, system: str, spool: Path, **values: str) -> None:
        """`values` are what the system's statements ask for, such as the default ledger."""
        self._source = source
        self._system = system
        self._spool = spool
        self._blank_after_quote = _blank_after_quote(source)
        # Without quotes a name still has none: no rule need ask whether there are any.
        self._values = {**values, "quote": source.mapping.quote or '"'}
        self._database = duckdb.connect(
            config={
                "threads": 1,  # those that call are enough
                "memory_limit": _MEMORY_LIMIT,
                "temp_directory": str(spool),
                "autoinstall_known_extensions": False,
                "timezone": "UTC",
            }
        )
        self._run(self._database, "create_tables")

    def close(self) -> None:
        """Let DuckDB go."""
        self._database.close()

    def load_known(self, write: Callable[[str, Path], None]) -> None:
        """Take up what the ledger knows, from CSV files that `write` makes of a table's name."""
        for table in ("currencies", "accounts"):
            self._load(table, partial(write, table))
        self._run(self._database, "delete_odd_accounts")

    def _load(self, table: str, write: Callable[[Path], None]) -> None:
        """Fill a table of the reading from a CSV file that `write` makes."""
        path = self._spool / f"{table}.csv"
        write(path)
        target = self._database.table(table)
        columns = {name: str(kind) for name, kind in zip(target.columns, target.types, strict=True)}
        _read_csv(self._database, path, columns).insert_into(table)
        path.unlink()

    def blocks(self, query: str | None, **values: Any) -> Iterator[JudgedBlock]:
        """Judge every block, in order; with `query`, spool the rows that it selects."""
        cut = blocks.cut(self._source.path, self._source.header_lines)
        yield from _read_ahead(lambda block: self._judge(block, query, values), cut)

    def spool(
        self, block: Block, fingerprint: str, staged_keys: list[int], **values: Any
    ) -> SpooledBlock:
        """Read a block that was judged again: all of its rows are plain but the staged ones.

        Raises OperationalFailure when it no longer has the fingerprint with which it was judged.
        """
        content = block.read(self._source.path)
        if _fingerprint(content) != fingerprint:
            raise OperationalFailure(
                f"Lines {block.first_key} to {block.last_key} of {self._source.path} were changed "
                "while the run was working on the file, so none of them is posted. Put the former "
                "file back and trigger the DAG again as it was, or take the run back with the DAG "
                "`rollback`."
            )
        path = self._spool / f"block-{block.first_key}.csv"
        path.write_bytes(content)
        del content
        entries, outbox = path.with_suffix(".entries"), path.with_suffix(".outbox")
        with self._database.cursor() as cursor:
            self._view(cursor, path)
            self._run(cursor, "read_block", first_key=block.first_key, staged_keys=staged_keys)
            path.unlink()
            self._write(cursor, "select_entries", entries, **values)
            self._write(cursor, "select_outbox", outbox, **values)
            moved = self._run(cursor, "total_debits").fetchall()
        return SpooledBlock(entries, outbox, [row[0] for row in moved], [row[1] for row in moved])

    def repeated(self) -> list[int]:
        """Lines of plain rows whose key stands more than once in the source, ascending."""
        ((keys,),) = self._run(self._database, "count_keys").fetchall()
        parts = keys // _KEYS_AT_ONCE + 1
        return sorted(
            row[0]
            for part in range(parts)
            for row in self._run(self._database, "list_repeated", part=part, parts=parts).fetchall()
        )

    def add_keys(self, write: Callable[[Path], None]) -> None:
        """Take up the keys of rows that are judged elsewhere, from a file that `write` makes."""
        self._load("staged", write)
        self._run(self._database, "insert_staged_keys")

    def movements(self) -> list[tuple[Any, ...]]:
        """What the plain rows move: account, currency, entries, debit, credit (Decimal)."""
        return self._run(self._database, "total_movements").fetchall()

    def _judge(self, block: Block, query: str | None, values: dict[str, Any]) -> JudgedBlock:
        content = block.read(self._source.path)
        fingerprint = _fingerprint(content)
        irregular = JudgedBlock(block, None, None, [], fingerprint)
        if not self._is_regular(content, block.lines):
            return irregular
        path = self._spool / f"block-{block.first_key}.csv"
        path.write_bytes(content)
        del content
        with self._database.cursor() as cursor:
            try:
                self._view(cursor, path)
                self._run(cursor, "judge_block", first_key=block.first_key)
            except duckdb.Error as error:
                # Not CSV as DuckDB understands it; which line it is, the careful reader will say.
                log.info("Lines %d to %d need care: %s", *block[:2], str(error).splitlines()[0])
                return irregular
            finally:
                path.unlink()
            if self._run(cursor, "count_judged").fetchall() != [(block.lines,)]:
                return irregular
            self._run(cursor, "total_block")
            if self._run(cursor, "has_unknown_accounts").fetchall() == [(True,)]:
                self._run(cursor, "withdraw_unknown_accounts")
                self._run(cursor, "total_block")
            self._run(cursor, "insert_keys")
            self._run(cursor, "insert_movements")
            doubtful = [row[0] for row in self._run(cursor, "list_doubtful").fetchall()]
            file = None
            if query:
                file = path.with_suffix(".plain")
                self._write(cursor, query, file, **values)
            rows = block.lines - len(doubtful)
            return JudgedBlock(block, rows, file, doubtful, fingerprint)

    def _is_regular(self, content: bytes, lines: int) -> bool:
        """Whether DuckDB's idea of lines and quotes is sure to be the careful reader's."""
        returns = content.count(b"\r")
        if returns and not returns == lines == content.count(b"\r\n"):
            return False
        quote = (self._source.mapping.quote or "").encode()
        # The search by itself would take longer than all the rest; a blank there is rare.
        if not quote or not any(quote + blank in content for blank in (b" ", b"\t")):
            return True
        return not self._blank_after_quote.search(content)

    def _view(self, cursor: DuckDBPyConnection, path: Path) -> None:
        """Make the file readable as `block`, under the system's names and with the defaults."""
        columns = {f"column{number}": "VARCHAR" for number in range(len(self._source.header))}
        mapping = self._source.mapping
        read = _read_csv(cursor, path, columns, self._source.delimiter, mapping.quote)
        # Registered, it is this cursor's alone; a view would be seen by the other threads too.
        cursor.register("block", read.select(*(self._field(name) for name in CANONICAL_NAMES)))

    def _field(self, name: str) -> duckdb.Expression:
        mapping = self._source.mapping
        constant = mapping.constants.get(name) or mapping.defaults.get(name)
        value = ConstantExpression(constant)
        if name in self._source.columns.positions:
            column = ColumnExpression(f"column{self._source.columns.positions[name]}")
            value = CoalesceOperator(column, value) if constant else column
        return value.cast("VARCHAR").alias(_SNAKE.sub(r"_\1", name).lower())

    def _run(self, cursor: DuckDBPyConnection, name: str, **values: Any) -> DuckDBPyConnection:
        text = statements.text(f"{self._system}/plain/{name}")
        given = {**self._values, **values}
        return cursor.execute(text, {key: given[key] for key in _PARAMETER.findall(text)})

    def _write(self, cursor: DuckDBPyConnection, name: str, path: Path, **values: Any) -> None:
        """Write what a statement gives as COPY reads it; a plain row has nothing to escape."""
        text = statements.text(f"{self._system}/plain/{name}")
        found = cursor.sql(text, params={key: values[key] for key in _PARAMETER.findall(text)})
        found.write_csv(
            str(path), header=False, sep="\t", quotechar="", escapechar="", na_rep="\\N"
        )


@contextmanager
def reading(source: CsvSource, system: str, **values: str) -> Iterator[PlainReader]:
    """Open a reading of the source with a spool folder of its own."""
    with TemporaryDirectory(prefix="trueup-") as folder:
        reader = PlainReader(source, system, Path(folder), **values)
        try:
            yield reader
        finally:
            reader.close()


def can_read(source: object) -> TypeGuard[CsvSource]:
    """Whether a source has the form for it: CSV in clean UTF-8, no column converted in Python."""
    if not isinstance(source, CsvSource):
        return False
    mapping = source.mapping
    marks = source.delimiter + (mapping.quote or "")
    return (
        source.encoding == "utf-8"
        and source.spotless
        and not source.has_lone_return
        and not source.guarded
        and marks.isascii()
        and mapping.quote in _QUOTES
        and len(source.header) > 1
        and mapping.metadata == "none"
        and not mapping.converters()
    )


def _fingerprint(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _blank_after_quote(source: CsvSource) -> re.Pattern[bytes]:
    """Finds blanks after a closing quote: DuckDB forgives them, the careful reader does not."""
    marks = (re.escape((mark or "").encode()) for mark in (source.mapping.quote, source.delimiter))
    return re.compile(rb"%b[ \t]+(?:%b|[\r\n]|\Z)" % tuple(marks))


def _read_csv(
    cursor: DuckDBPyConnection,
    path: Path,
    columns: Mapping[str, str],
    delimiter: str = ",",
    quote: str | None = '"',
) -> duckdb.DuckDBPyRelation:
    return cursor.read_csv(
        str(path),
        columns=dict(columns),
        header=False,
        delimiter=delimiter,
        quotechar=quote or "",
        escapechar=quote or "",
        na_values="",
        auto_detect=False,
        strict_mode=True,
        max_line_size=MAX_RECORD_CHARACTERS,
    )


def _read_ahead(step: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Give the results in order, while the next ones are being worked on."""
    items = iter(items)
    with ThreadPoolExecutor(_THREADS) as pool:
        ahead: deque[Future[Result]] = deque(
            pool.submit(step, item) for item in islice(items, _THREADS)
        )
        try:
            while ahead:
                done = ahead.popleft().result()
                ahead.extend(pool.submit(step, item) for item in islice(items, 1))
                yield done
        finally:
            for future in ahead:
                future.cancel()
