"""Records that name their fields each for itself: JSON objects, from a file or an API."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import simplejson

from trueup.sources.columns import (
    NO_FIELDS,
    UNREADABLE_LINE,
    Columns,
    FieldsReader,
    StagedRow,
)
from trueup.sources.mapping import Mapping
from trueup.sources.records import MAX_RECORD_CHARACTERS, Malformed, printable

# Objects of one source rarely have more forms than this; a form more is only worked out again.
_FORMS_KEPT = 256


class ObjectReader:
    """Turns JSON objects into rows; numbers stay as they were written, never a float."""

    def __init__(self, source: str, mapping: Mapping) -> None:
        self._source = source
        self._mapping = mapping
        self._reader_of = lru_cache(_FORMS_KEPT)(self._make_reader)

    def columns_of(self, records: Iterable[dict[str, Any]]) -> Columns:
        """The columns that some records have between them.

        Raises Refused unless they have all that a posting needs.
        """
        names = dict.fromkeys(name for record in records for name in record)
        return Columns(self._source, list(names), self._mapping)

    def read(self, position: int, record: dict[str, Any], raw: str) -> StagedRow:
        """The row of one record, and as unreadable what the database cannot hold."""
        values = [_field_of(value) for value in record.values()]
        return _row(position, raw, values, self._reader_of(tuple(record)))

    def _make_reader(self, names: tuple[str, ...]) -> FieldsReader:
        stripped = [name.strip() for name in names]
        return Columns(self._source, stripped, self._mapping, partial=True).reader()


def row_reader(columns: Columns) -> Callable[[int, Sequence[str | None]], StagedRow]:
    """What turns the texts of a table's row into ours; its raw text is a JSON object."""
    header, fields_of = columns.header, columns.reader()

    def read(position: int, texts: Sequence[str | None]) -> StagedRow:
        raw = text_of(dict(zip(header, texts, strict=True)))
        return _row(position, raw, [(text or "").strip() or None for text in texts], fields_of)

    return read


def _row(position: int, raw: str, values: list[str | None], fields_of: FieldsReader) -> StagedRow:
    if any(value and printable(value) != value for value in values):
        return unreadable(position, raw, "holds a character that the database cannot")
    return (position, None, None, printable(raw), *fields_of(values))


def unreadable(position: int, raw: str, why: str) -> StagedRow:
    """The row of a record that cannot be read; `why` begins with a verb."""
    return (position, UNREADABLE_LINE, f"This record {why}.", printable(raw), *NO_FIELDS)


def parse(text: str) -> Any:
    """Parse JSON without losing a digit. Raises Malformed."""
    try:
        return simplejson.loads(text, use_decimal=True, object_pairs_hook=_unique)
    except RecursionError:
        raise Malformed("is nested too deeply") from None
    except ValueError as error:
        raise Malformed(f"is not JSON ({str(error).splitlines()[0]})") from None


def parse_object(text: str) -> dict[str, Any]:
    """Parse a record that is a JSON object. Raises Malformed."""
    if len(text) > MAX_RECORD_CHARACTERS:
        raise Malformed(f"has more than {MAX_RECORD_CHARACTERS:,} characters")
    record = parse(text)
    if not isinstance(record, dict):
        raise Malformed("is not a JSON object")
    return record


def text_of(record: Any) -> str:
    """JSON text of a parsed value, its numbers as they were."""
    return simplejson.dumps(record, use_decimal=True, ensure_ascii=False)


def _field_of(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_of(value) if isinstance(value, dict | list) else str(value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"names {twice[:60]!r} more than once")
    return found
