"""Parquet: types become the texts that lose nothing, and amounts that are floats are refused."""

import duckdb
import pytest

from trueup.errors import Refused
from trueup.sources.mapping import Mapping
from trueup.sources.parquet import ParquetSource

COLUMNS = {
    "debitAccountId": "'a'", "creditAccountId": "'b'", "amount": "1.10::DECIMAL(38, 10)",
    "transactionType": "'PAY'",
}  # fmt: skip


@pytest.fixture
def source(tmp_path):
    def write(rows: int = 1, **columns: str) -> ParquetSource:
        path = tmp_path / "entries.parquet"
        select = ", ".join(f'{value} AS "{name}"' for name, value in (COLUMNS | columns).items())
        with duckdb.connect() as database:
            database.execute(f"COPY (SELECT {select} FROM range({rows})) TO '{path}'")
        return ParquetSource(path, Mapping())

    return write


@pytest.mark.parametrize(
    ("column", "written", "index", "read"),
    [
        ("amount", "12345678901234567890.12::DECIMAL(38, 2)", 7, "12345678901234567890.12"),
        ("amount", "7::BIGINT", 7, "7"),
        ("amount", "' 3.50 '", 7, "3.50"),
        ("amount", "NULL::DECIMAL(5, 2)", 7, None),
        ("timestampUtc", "TIMESTAMPTZ '2020-01-01 01:00:00+01'", 12, "2020-01-01 00:00:00+00"),
        ("timestampUtc", "TIMESTAMP '2020-01-01 01:00:00.5'", 12, "2020-01-01 01:00:00.5"),
        ("timestampUtc", "DATE '2020-01-01'", 12, "2020-01-01"),
        ("metadata", "{'a': 'x', 'b': [1, 2]}", 14, '{"a":"x","b":[1,2]}'),
    ],
)
def test_a_typed_value_becomes_the_text_of_it(source, column, written, index, read):
    (row,) = source(**{column: written}).rows()
    assert row[index] == read


def test_every_row_comes_once_and_in_order(source):
    rows = list(source(25_000, amount="range").rows())
    assert [row[0] for row in rows] == list(range(1, 25_001))
    assert [row[7] for row in rows] == [str(number) for number in range(25_000)]
    assert len(list(source(10).rows(3))) == 3


@pytest.mark.parametrize("kind", ["FLOAT", "DOUBLE"])
def test_amounts_that_are_floats_are_refused(source, kind):
    with pytest.raises(Refused, match=f"amount is {kind}"):
        source(amount=f"1.1::{kind}")


def test_what_is_no_parquet_file_is_refused(tmp_path):
    path = tmp_path / "entries.parquet"
    path.write_text("no parquet")
    with pytest.raises(Refused, match="cannot be read as a Parquet file"):
        ParquetSource(path, Mapping())
