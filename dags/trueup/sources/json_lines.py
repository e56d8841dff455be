"""Rows of a JSON Lines file: an object a line, each line for itself."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from trueup.errors import Refused
from trueup.sources import objects
from trueup.sources.columns import StagedRow
from trueup.sources.mapping import Mapping
from trueup.sources.objects import ObjectReader
from trueup.sources.records import Malformed
from trueup.sources.text import TextFile

_LINES_LOOKED_AT = 100


class JsonLinesSource:
    """An opened JSON Lines file. Opening raises Refused when no field of it can be used."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        self._text = TextFile.examine(path, mapping.encoding)
        self._reader = ObjectReader(str(path), mapping)
        self._columns = self._reader.columns_of(self._first_records())

    def about(self) -> dict[str, Any]:
        """What the audit tells of the source."""
        return {"encoding": self._text.encoding, "ignored_columns": self._columns.ignored}

    def rows(self, limit: int | None = None) -> Iterator[StagedRow]:
        """Yield every record in file order, at most limit of them, unreadable ones included."""
        lines = (each for each in enumerate(self._text.lines(), start=1) if each[1].strip())
        for number, line in islice(lines, limit):
            yield self._read(number, line.rstrip("\r\n"))

    def _first_records(self) -> list[dict[str, Any]]:
        found = []
        for line in islice(self._text.lines(), _LINES_LOOKED_AT):
            with suppress(Malformed):
                found.append(objects.parse_object(line))
        if not found:
            raise Refused(
                f"None of the first {_LINES_LOOKED_AT} lines of {self.path} is a JSON object. "
                "JSON Lines has one object a line; a JSON array must be taken apart first."
            )
        return found

    def _read(self, number: int, raw: str) -> StagedRow:
        try:
            return self._reader.read(number, objects.parse_object(raw), raw)
        except Malformed as fault:
            return objects.unreadable(number, raw, str(fault))
