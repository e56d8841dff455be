"""Rows of a CSV file, staged as text: header, mapping and recovery; nothing is judged here."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from trueup.errors import Refused
from trueup.sources.mapping import CANONICAL_NAMES, Mapping, merge_metadata
from trueup.sources.records import (
    MAX_RECORD_CHARACTERS,
    MAX_RECORD_LINES,
    Malformed,
    RecordReader,
    printable,
    split_record,
)
from trueup.sources.text import TextFile

# position (int), reason_code, reason, raw, then the eleven fields in the order of CANONICAL_NAMES;
# reason_code, reason and the fields are text or None.
StagedRow = tuple[Any, ...]

REQUIRED = ("debitAccountId", "creditAccountId", "amount", "transactionType")
UNREADABLE_LINE = "unreadable_line"
DELIMITERS = (",", ";", "\t", "|")

_NO_FIELDS = (None,) * len(CANONICAL_NAMES)


class CsvSource:
    """An opened CSV file: its header is understood and every byte of it can be accounted for.

    Opening raises Refused with what to do when the file is empty, not text or has no usable
    header. A header without rows is fine here.

    encoding, delimiter: as found or declared
    spotless: there is no NUL and no undecodable byte anywhere in the file
    header: the source's column names, stripped
    header_lines: how many physical lines come before the first record
    columns: which column each canonical name is read from
    ignored_columns: those that nothing reads
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        self.mapping = mapping
        self._text = TextFile.examine(path, mapping.encoding)
        self.encoding = self._text.encoding
        self.spotless = self._text.spotless
        header_text, self.header_lines = self._read_header()
        self.delimiter = mapping.delimiter or self._sniff(header_text)
        self.header = self._split_header(header_text)
        self.columns = self._match_columns()
        gathered = self._gathered_columns()
        self._gathered = [(column, self._name(column)) for column in gathered]
        read = {*self.columns.values(), *gathered}
        self.ignored_columns = [
            self._name(column) for column in range(len(self.header)) if column not in read
        ]

    def rows(self, limit: int | None = None) -> Iterator[StagedRow]:
        """Yield every record in file order, at most limit of them, unreadable ones included.

        Fields are stripped, mapped, and None when empty. Raises Refused when the file was changed
        since it was opened, and nothing else.
        """
        lines = self._text.lines()
        for _ in range(self.header_lines):
            next(lines, None)
        yield from islice(self.read(lines, self.header_lines + 1), limit)

    def read(self, lines: Iterator[str], first: int) -> Iterator[StagedRow]:
        """Yield the records of some of the file's lines; `first` is the first one's number."""
        reader = RecordReader(self.delimiter, self.mapping.quote, len(self.header), self.spotless)
        finish = self._finisher()
        # One more than the source has: there, columns that it lacks find their None.
        absent = len(self.header)
        pick = itemgetter(*(self.columns.get(name, absent) for name in CANONICAL_NAMES))
        for position, raw, fields, reason in reader.read(lines, first):
            if fields is None:
                yield (position, UNREADABLE_LINE, reason, raw, *_NO_FIELDS)
                continue
            values: list[str | None] = [field.strip() or None for field in fields]
            values.append(None)
            if finish is None:
                yield (position, None, None, raw, *pick(values))
            else:
                yield (position, None, None, raw, *finish(list(pick(values)), values))

    def _finisher(
        self,
    ) -> Callable[[list[str | None], list[str | None]], list[str | None]] | None:
        """What the mapping does to a row after its columns were picked, or None if nothing."""
        mapping = self.mapping
        index = {name: number for number, name in enumerate(CANONICAL_NAMES)}
        converters = [(index[name], convert) for name, convert in mapping.converters().items()]
        defaults = [(index[name], value) for name, value in mapping.defaults.items()]
        constants = [(index[name], value) for name, value in mapping.constants.items()]
        metadata, gathered = index["metadata"], self._gathered
        if not (converters or defaults or constants or gathered):
            return None

        def finish(row: list[str | None], values: list[str | None]) -> list[str | None]:
            for number, convert in converters:
                if (text := row[number]) is not None:
                    row[number] = convert(text)
            if gathered:
                found = {name: text for column, name in gathered if (text := values[column])}
                row[metadata] = merge_metadata(row[metadata], found)
            for number, value in defaults:
                if row[number] is None:
                    row[number] = value
            for number, value in constants:
                row[number] = value
            return row

        return finish

    # The header

    def _read_header(self) -> tuple[str, int]:
        """The first line that is not blank, with those a quoted name runs on to; lines read."""
        quote = self.mapping.quote
        text = ""
        lines_read = 0
        for line in islice(self._text.lines(), MAX_RECORD_LINES):
            lines_read += 1
            text = text + line if text.strip() else line
            complete = quote is None or text.count(quote) % 2 == 0
            if text.strip() and (complete or len(text) > MAX_RECORD_CHARACTERS):
                break
        text = text.rstrip("\r\n")
        if not text.strip():
            raise Refused(
                f"{self.path} has no header: its first {MAX_RECORD_LINES} lines are blank. "
                "The first line must name the columns."
            )
        if printable(text) != text:
            raise Refused(
                f"The header of {self.path} (line {lines_read}) is not text in {self.encoding}. "
                "If the file is in another encoding, declare it in a mapping, for example "
                "`encoding: cp1252` or `encoding: utf-16`."
            )
        return text, lines_read

    def _sniff(self, header: str) -> str:
        """The delimiter with which the header names most of what is needed."""

        def score(delimiter: str) -> tuple[int, int, int]:
            try:
                names = split_record(header, delimiter, self.mapping.quote) or []
            except Malformed:
                return 0, 0, 0
            matched, _ = _match([name.strip() for name in names], self.mapping)
            return sum(name in matched for name in REQUIRED), len(matched), len(names)

        return max(DELIMITERS, key=score)

    def _split_header(self, text: str) -> list[str]:
        try:
            fields = split_record(text, self.delimiter, self.mapping.quote)
        except Malformed as fault:
            raise Refused(f"The header of {self.path} {fault}. Mend the first line.") from fault
        if fields is None:
            raise Refused(f"The header of {self.path} opens a quote that is not closed. Mend it.")
        names = [field.strip() for field in fields]
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            raise Refused(
                f"The header of {self.path} names {_listed(twice)} more than once, so it is not "
                "clear which column to read. Rename or remove one."
            )
        return names

    def _match_columns(self) -> dict[str, int]:
        """Where each canonical name stands; refused unless all that a posting needs is there."""
        columns, faults = _match(self.header, self.mapping)
        supplied = {*columns, *self.mapping.constants, *self.mapping.defaults}
        missing = [name for name in REQUIRED if name not in supplied]
        if missing:
            faults.append(f"there is no column for {_listed(missing)}")
        if faults:
            raise Refused(
                f"The header of {self.path} cannot be used: {'; '.join(faults)}. Its columns are "
                f"{_listed(self.header)} (delimiter {self.delimiter!r}). Say which column is which "
                "under `columns` in a mapping, and its `delimiter` if that is wrong."
            )
        return columns

    def _gathered_columns(self) -> list[int]:
        wanted = self.mapping.metadata
        if wanted == "none":
            return []
        if wanted == "unmapped":
            read = set(self.columns.values())
            return [column for column in range(len(self.header)) if column not in read]
        unknown = [name for name in wanted if name not in self.header]
        if unknown:
            raise Refused(
                f"The mapping gathers {_listed(unknown)} into metadata, but {self.path} has no "
                f"such column; it has {_listed(self.header)}."
            )
        return [self.header.index(name) for name in wanted]

    def _name(self, column: int) -> str:
        return self.header[column] or f"column {column + 1}"


def _match(header: list[str], mapping: Mapping) -> tuple[dict[str, int], list[str]]:
    """Which column each canonical name is read from, and what stands against it."""
    columns: dict[str, int] = {}
    faults: list[str] = []
    mapped: dict[str, str] = {**mapping.columns}
    for name, source in mapped.items():
        if source.strip() in header:
            columns[name] = header.index(source.strip())
        else:
            near = difflib.get_close_matches(source, header, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            faults.append(f"the mapping reads {name} from {source!r}, which is not there{hint}")
    taken = set(columns.values())
    for name in CANONICAL_NAMES:
        if name in mapping.columns or name in mapping.constants:
            continue
        alike = [
            column
            for column, source in enumerate(header)
            if column not in taken and plain_name(source) == name.lower()
        ]
        exact = [column for column in alike if header[column] == name]
        if len(exact or alike) == 1:
            columns[name] = (exact or alike)[0]
        elif alike:
            found = _listed(header[column] for column in alike)
            faults.append(f"{found} could each be {name}")
    return columns, faults


def plain_name(name: str) -> str:
    """ledger_id, Ledger ID and ledgerId are one name."""
    return name.lower().replace("_", "").replace(" ", "").replace("-", "")


def _listed(names: Iterable[str]) -> str:
    """Names for a sentence, at most thirty and none longer than a line."""
    shown = [f"{name[:60]!r}" if name else "(no name)" for name in names]
    return ", ".join(shown[:30]) + (f" and {len(shown) - 30} more" if len(shown) > 30 else "")
