"""Records that name their fields each for itself: JSON objects, from a file or an API."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import simplejson
from simplejson import RawJSON

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

# What PostgreSQL's numeric holds before and behind the point; a text this short needs no look.
_DIGITS_BEFORE, _DIGITS_BEHIND = 131_072, 16_383
_SHORT = 1_000


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
        names = dict.fromkeys(printable(name) for record in records for name in record)
        return Columns(self._source, list(names), self._mapping)

    def read(self, position: int, record: dict[str, Any], raw: str) -> StagedRow:
        """The row of one record, and as unreadable what the database cannot hold."""
        if not _is_storable(record):
            return _unstorable(position, raw)
        values = [_field_of(value) for value in record.values()]
        fields_of = self._reader_of(tuple(record))
        return (position, None, None, printable(raw), *fields_of(values))

    def _make_reader(self, names: tuple[str, ...]) -> FieldsReader:
        stripped = [name.strip() for name in names]
        return Columns(self._source, stripped, self._mapping, partial=True).reader()


def row_reader(columns: Columns) -> Callable[[int, Sequence[str | None]], StagedRow]:
    """What turns the texts of a table's row into ours; its raw text is a JSON object."""
    header, fields_of = columns.header, columns.reader()

    def read(position: int, texts: Sequence[str | None]) -> StagedRow:
        record = dict(zip(header, texts, strict=True))
        raw = text_of(record)
        if not _is_storable(record):
            return _unstorable(position, raw)
        values = [(text or "").strip() or None for text in texts]
        return (position, None, None, printable(raw), *fields_of(values))

    return read


def _unstorable(position: int, raw: str) -> StagedRow:
    return unreadable(position, raw, "holds a character or a number that the database cannot")


def _is_storable(record: dict[str, Any]) -> bool:
    """Whether the database can hold all that a record says as JSON, what nothing reads too."""
    waiting: list[Any] = [record]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.keys()
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, RawJSON) or (isinstance(value, str) and printable(value) != value):
            return False
    return True


def unreadable(position: int, raw: str, why: str) -> StagedRow:
    """The row of a record that cannot be read; `why` begins with a verb."""
    return (position, UNREADABLE_LINE, f"This record {why}.", printable(raw), *NO_FIELDS)


def parse(text: str) -> Any:
    """Parse JSON without losing a digit. Raises Malformed."""
    try:
        return simplejson.loads(
            text, parse_int=_number, parse_float=_number, object_pairs_hook=_unique
        )
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


def _number(text: str) -> Decimal | RawJSON:
    """A number to its last digit; left as it is written if the database cannot hold it.

    It spoils its own record alone: what Python cannot read would spoil the whole answer.
    """
    if len(text) < _SHORT and "e" not in text and "E" not in text:
        return Decimal(text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return RawJSON(text)
    exponent = number.as_tuple().exponent
    holds = number.adjusted() < _DIGITS_BEFORE and int(exponent) >= -_DIGITS_BEHIND
    return number if holds else RawJSON(text)


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
