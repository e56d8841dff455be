"""Rows of a CSV file, staged as text: header, mapping and recovery; nothing is judged here."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from trueup.errors import Refused
from trueup.sources.cells import NOTES, unguarded
from trueup.sources.columns import (
    NO_FIELDS,
    REQUIRED,
    UNREADABLE_LINE,
    Columns,
    StagedRow,
    listed,
    match,
)
from trueup.sources.mapping import Mapping
from trueup.sources.records import (
    MAX_RECORD_CHARACTERS,
    MAX_RECORD_LINES,
    Malformed,
    RecordReader,
    printable,
    split_record,
)
from trueup.sources.text import TextFile

DELIMITERS = (",", ";", "\t", "|")


class CsvSource:
    """An opened CSV file: its header is understood and every byte of it can be accounted for.

    Opening raises Refused with what to do when the file is empty, not text or has no usable
    header. A header without rows is fine here.

    encoding, delimiter: as found or declared
    spotless: there is no NUL and no undecodable byte anywhere in the file
    header: the source's column names, stripped
    header_lines: how many physical lines come before the first record
    has_lone_return: one of those lines is ended by CR without LF
    guarded: it is a quarantine CSV, whose cells are guarded against spreadsheets
    columns: which column each field is read from
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        self.mapping = mapping
        self._text = TextFile.examine(path, mapping.encoding)
        self.encoding = self._text.encoding
        self.spotless = self._text.spotless
        header_text, self.header_lines, self.has_lone_return = self._read_header()
        self.delimiter = mapping.delimiter or self._sniff(header_text)
        self.header = self._split_header(header_text)
        self.guarded = not set(NOTES).isdisjoint(self.header)
        self.columns = Columns(str(path), self.header, mapping, self.delimiter)

    def about(self) -> dict[str, Any]:
        """What the audit tells of the source."""
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "ignored_columns": self.columns.ignored,
        }

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
        fields_of = self.columns.reader()
        for position, raw, fields, reason in reader.read(lines, first):
            if fields is None:
                yield (position, UNREADABLE_LINE, reason, raw, *NO_FIELDS)
            else:
                if self.guarded:
                    fields = [unguarded(field.strip()) for field in fields]
                values = [field.strip() or None for field in fields]
                yield (position, None, None, raw, *fields_of(values))

    # The header

    def _read_header(self) -> tuple[str, int, bool]:
        """The first line that is not blank, with those a quoted name runs on to; how many lines
        were read, and whether CR alone ends one of them."""
        quote = self.mapping.quote
        text = ""
        lines_read = 0
        has_lone_return = False
        for line in islice(self._text.lines(), MAX_RECORD_LINES):
            lines_read += 1
            has_lone_return = has_lone_return or line.endswith("\r")
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
        return text, lines_read, has_lone_return

    def _sniff(self, header: str) -> str:
        """The delimiter with which the header names most of what is needed."""

        def score(delimiter: str) -> tuple[int, int, int]:
            try:
                names = split_record(header, delimiter, self.mapping.quote) or []
            except Malformed:
                return 0, 0, 0
            matched, _ = match([name.strip() for name in names], self.mapping)
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
                f"The header of {self.path} names {listed(twice)} more than once, so it is not "
                "clear which column to read. Rename or remove one."
            )
        return names
