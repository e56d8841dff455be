"""Rows of a Parquet file, read by DuckDB as texts."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
from duckdb import ColumnExpression, DuckDBPyRelation, FunctionExpression

from trueup.errors import Refused
from trueup.sources import objects
from trueup.sources.columns import Columns, StagedRow
from trueup.sources.mapping import Mapping

_FLOATS = ("FLOAT", "DOUBLE")
_NESTED = ("list", "struct", "map", "array")


class ParquetSource:
    """An opened Parquet file.

    Opening raises Refused when it is none, when its columns cannot be used, or when its amounts are
    floating-point numbers.
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        with self._opened() as relation:
            names = [name.strip() for name in relation.columns]
            kinds = [str(kind) for kind in relation.types]
        self._columns = Columns(str(path), names, mapping)
        self._columns.refuse_floats(str(path), kinds, _FLOATS)

    def about(self) -> dict[str, Any]:
        """What the audit tells of the source."""
        return {"ignored_columns": self._columns.ignored}

    def rows(self, limit: int | None = None) -> Iterator[StagedRow]:
        """Yield every row in file order, at most limit of them; positions count from 1."""
        read = objects.row_reader(self._columns)
        with self._opened() as relation:
            texts = relation.select(*map(_as_text, relation.columns, relation.types))
            if limit is not None:
                texts = texts.limit(limit)
            yield from map(read, count(1), texts.iter_rows())

    @contextmanager
    def _opened(self) -> Iterator[DuckDBPyRelation]:
        config = {"threads": 1, "autoinstall_known_extensions": False, "timezone": "UTC"}
        with duckdb.connect(config=config) as database:
            try:
                relation = database.read_parquet(str(self.path))
            except duckdb.Error as error:
                sentence = str(error).splitlines()[0]
                raise Refused(
                    f"{self.path} cannot be read as a Parquet file ({sentence}). "
                    "Check how it was written."
                ) from error
            yield relation


def _as_text(name: str, kind: Any) -> duckdb.Expression:
    column = ColumnExpression(name)
    if kind.id in _NESTED:
        column = FunctionExpression("to_json", column)
    return column.cast("VARCHAR")
