"""Lines of text as records of a CSV: strict reading, and recovery that costs one line, never two.

A record that cannot be read takes only its first physical line with it; reading goes on at the
next. So a quote that is never closed spoils the line it stands on, not the rest of the file.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

MAX_RECORD_LINES = 1_000
MAX_RECORD_CHARACTERS = 1 << 20

# A field may be as long as a record, and the csv module's own limit is 131,072 characters. It is
# one number for the whole process, so it is raised here once, and never lowered for others.
csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_CHARACTERS))

# Number of the first line, the text as it stood, then either the fields or why there are none.
Record = tuple[int, str, list[str] | None, str | None]

_FOUL = re.compile("[\0\ud800-\udfff]")
_UNCLOSED = "opens a quote that is not closed before the next record begins"


class Malformed(Exception):
    """A record that is not CSV; its message says why, beginning with a verb."""


def split_record(text: str, delimiter: str, quote: str | None) -> list[str] | None:
    """The fields of one record's text; None when it ends inside a quoted field.

    A quote has a meaning only at the beginning of a field, as in RFC 4180, blanks before it aside;
    elsewhere it is an ordinary character, so that unquoted JSON reads. Raises Malformed.
    """
    if quote is None or quote not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader((text,), _dialect(delimiter, quote)))
    except csv.Error as error:
        if str(error) == "unexpected end of data":
            return None
        raise Malformed(
            "has a quote that is not doubled, or text between a closing quote and the delimiter"
        ) from error


@cache
def _dialect(delimiter: str, quote: str) -> csv.Dialect:
    """Made once: to read options anew takes the csv module as long as to read a record.

    Blanks before a field's quote are passed over: many an export writes `"a", "b"`.
    """
    return csv.reader(
        (), delimiter=delimiter, quotechar=quote, strict=True, skipinitialspace=True
    ).dialect


def printable(text: str) -> str:
    r"""The text as PostgreSQL can hold it: NUL as \x00, a byte without a meaning as \xNN."""
    return _FOUL.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC00 <= code <= 0xDCFF:
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


@dataclass(frozen=True)
class RecordReader:
    """Reads records of a fixed number of fields.

    spotless: the caller has looked, and there is no NUL and no undecodable byte in any line.
    """

    delimiter: str
    quote: str | None
    width: int
    spotless: bool = False

    def read(self, lines: Iterator[str], position: int) -> Iterator[Record]:
        """Yield every record from lines with their ends; position is the first line's number.

        Blank lines are no records. Each other line is in exactly one record's text. Never raises
        for what the lines hold.
        """
        delimiter, width = self.delimiter, self.width
        quote = self.quote or "\n"  # no line holds a line end, so without a quote none is found
        plain = self.spotless and width > 1
        stream = _Lines(lines)
        for line in stream:
            raw = line.rstrip("\r\n")
            # The common case by itself: the speed of the whole reading depends on it.
            if plain and quote not in raw and len(raw) <= MAX_RECORD_CHARACTERS:
                fields = raw.split(delimiter)
                if len(fields) == width:
                    yield position, raw, fields, None
                    position += 1
                    continue
            if raw.strip() or delimiter in raw:
                record, line_count = self._read_one(position, line, stream)
                yield record
                position += line_count
            else:
                position += 1

    def _read_one(self, position: int, first: str, stream: "_Lines") -> tuple[Record, int]:
        """Read the record that begins with this line; tell how many lines it takes."""
        raw = first.rstrip("\r\n")
        lines = [first]
        try:
            self._refuse_foul(raw)
            fields = split_record(raw, self.delimiter, self.quote)
            if fields is None:
                fields = self._read_on(lines, stream)
            self._refuse_width(fields)
        except Malformed as fault:
            stream.take_back(lines[1:])
            return (position, printable(raw), None, f"This line {fault}."), 1
        return (position, "".join(lines).rstrip("\r\n"), fields, None), len(lines)

    def _read_on(self, lines: list[str], stream: "_Lines") -> list[str]:
        """Add the further lines of a quoted field that goes on to its first; read them as one.

        Quotes come in pairs, so only a line with an odd number of them can close the field, and no
        line in between can open one. Hence a line is handed back at most once for each odd line,
        and a file of unclosed quotes is read in linear time.
        """
        assert self.quote is not None
        first = lines[0]
        if first.count(self.quote) % 2 == 0:
            raise Malformed("opens a quote that is not closed")
        characters = len(first)
        for line in stream:
            lines.append(line)
            characters += len(line)
            if len(lines) > MAX_RECORD_LINES or characters > MAX_RECORD_CHARACTERS:
                raise Malformed(
                    f"opens a quote that is not closed within {MAX_RECORD_LINES} lines and "
                    f"{MAX_RECORD_CHARACTERS:,} characters"
                )
            if _FOUL.search(line) or self._stands_alone(line):
                raise Malformed(_UNCLOSED)
            if line.count(self.quote) % 2:
                self._refuse_stray_pair(first, line)
                text = "".join(lines).rstrip("\r\n")
                fields = split_record(text, self.delimiter, self.quote)
                if fields is None:
                    raise Malformed(_UNCLOSED)
                return fields
        raise Malformed("opens a quote that is not closed before the file ends")

    def _stands_alone(self, line: str) -> bool:
        """Whether a continuation is a record itself, without quotes inside unquoted fields.

        Then the quote before it was never closed, and the lines must not run together.
        """
        assert self.quote is not None
        text = line.rstrip("\r\n")
        try:
            fields = split_record(text, self.delimiter, self.quote) or []
        except Malformed:
            return False
        quote, doubled = self.quote, self.quote * 2
        return len(fields) == self.width and all(
            f"{quote}{field.replace(quote, doubled)}{quote}" in text
            for field in fields
            if quote in field
        )

    def _refuse_stray_pair(self, first: str, last: str) -> None:
        """Refuse to join two lines that each hold all the delimiters of a record.

        An export that writes a stray quote on every line would otherwise pair them up, and half of
        its entries would vanish into text fields.
        """
        needed = self.width - 1
        if first.count(self.delimiter) >= needed and last.count(self.delimiter) >= needed:
            raise Malformed(_UNCLOSED)

    def _refuse_foul(self, raw: str) -> None:
        if len(raw) > MAX_RECORD_CHARACTERS:
            raise Malformed(f"has more than {MAX_RECORD_CHARACTERS:,} characters")
        if self.spotless:
            return
        if "\0" in raw:
            raise Malformed("holds a NUL byte")
        if _FOUL.search(raw):
            raise Malformed("holds bytes that are no text in the file's encoding")

    def _refuse_width(self, fields: list[str]) -> None:
        if len(fields) != self.width:
            plural = "" if len(fields) == 1 else "s"
            raise Malformed(f"has {len(fields)} field{plural}, the header has {self.width}")


class _Lines:
    """Lines that can be handed back and are then given out again, also after the last one."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._taken_back: deque[str] = deque()

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        return self._taken_back.popleft() if self._taken_back else next(self._lines)

    def take_back(self, lines: list[str]) -> None:
        self._taken_back.extendleft(reversed(lines))
