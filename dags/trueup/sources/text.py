"""A file's bytes as lines of text: which encoding, whether it is text at all, and where not."""

import codecs
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from trueup.errors import OperationalFailure, Refused

_CHUNK_BYTES = 1 << 20
_MAX_LINE_CHARACTERS = 64 << 20  # a line is held in memory; a longer one is no line of a CSV

# The longer marks first: UTF-16's little-endian mark is the beginning of UTF-32's.
_BYTE_ORDER_MARKS = [
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
_OTHER_FORMATS = [
    (b"PK\x03\x04", "an Excel workbook or ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF"),
]


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    """Stand in for each byte without a meaning with the lone surrogate U+DC00 + byte.

    Unlike surrogateescape this covers bytes below 0x80, which UTF-16 and its kin can reject.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in bad), error.end


_MARK = "trueup-mark-undecodable"
codecs.register_error(_MARK, _mark_undecodable)


@dataclass(frozen=True)
class TextFile:
    """A file that was looked through once from beginning to end.

    spotless: no NUL, no undecodable byte, no lone surrogate anywhere in it, so that a reader need
    not look for them line by line.
    """

    path: Path
    encoding: str
    spotless: bool
    state: tuple[int, int, int]  # inode, bytes, mtime in ns: tells whether the file was changed

    @classmethod
    def examine(cls, path: Path, declared: str | None) -> "TextFile":
        """Look through the file; refuse what is not text, or not in UTF-8 and not declared.

        In an encoding that the mapping declares, or a mark of UTF-16 or UTF-32, a byte without a
        meaning is one line's defect. In UTF-8, which is but assumed, it means that the encoding is
        another, and every amount might be misread.
        """
        try:
            with open(path, "rb") as file:
                state = _state(file.fileno())
                head = file.read(_CHUNK_BYTES)
                if not head:
                    raise Refused(f"{path} is empty: there is no header and no row in it.")
                for magic, what in _OTHER_FORMATS:
                    if head.startswith(magic):
                        raise Refused(f"{path} is {what}, not text. Export or unpack it as CSV.")
                if head.startswith(b"PAR1"):
                    raise Refused(f"{path} is a Parquet file; choose the source_type PARQUET.")
                encoding = _encoding(path, head, declared)
                spotless = _is_spotless(file, path, encoding)
                if not spotless and declared is None and encoding == "utf-8":
                    _refuse_bad_utf8(path, head)
        except OSError as error:
            raise Refused(f"{path} cannot be read ({error.strerror or error}).") from error
        return cls(path, encoding, spotless, state)

    def lines(self) -> Iterator[str]:
        """Physical lines with their ends (LF, CRLF or CR), without the byte order mark.

        Raises Refused when the file is no longer the one that was examined, and
        OperationalFailure when the disk gives out.
        """
        try:
            with open(self.path, encoding=self.encoding, errors=_MARK, newline="") as file:
                self._refuse_if_changed(file.fileno())
                for line in file:
                    yield line.removeprefix("\ufeff")
                    break
                yield from file
                self._refuse_if_changed(file.fileno())
        except OSError as error:
            raise OperationalFailure(
                f"{self.path} could not be read to its end ({error.strerror or error})."
            ) from error

    def _refuse_if_changed(self, descriptor: int) -> None:
        if _state(descriptor) != self.state:
            raise Refused(
                f"{self.path} was changed while it was being read. "
                "Trigger the run again when the file is complete."
            )


def _state(descriptor: int) -> tuple[int, int, int]:
    status = os.fstat(descriptor)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _encoding(path: Path, head: bytes, declared: str | None) -> str:
    """The declared encoding, else the byte order mark's, else UTF-8; a contradiction is refused."""
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), None)
    if declared is None:
        if marked is None:
            _refuse_bare_utf16(path, head)
        return marked or "utf-8"
    if marked and not declared.replace("_", "-").startswith(marked):
        raise Refused(
            f"{path} begins with the byte order mark of {marked}, but the mapping declares "
            f"{declared}. Declare `encoding: {marked}` or leave it out."
        )
    return declared


def _refuse_bare_utf16(path: Path, head: bytes) -> None:
    """Text in UTF-16 without its mark has a NUL beside every plain letter."""
    head = head[:4096]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even + odd < len(head) // 4:
        return
    if even and odd and min(even, odd) * 4 > max(even, odd):
        raise Refused(f"{path} is a binary file, not text. Export it as CSV first.")
    name = "utf-16-be" if even > odd else "utf-16-le"
    raise Refused(
        f"{path} looks like UTF-16 without a byte order mark. "
        f"Declare it in a mapping: `encoding: {name}`."
    )


def _is_spotless(file: BinaryIO, path: Path, encoding: str) -> bool:
    """Look through the whole text for what no record may hold; refuse a line without end."""
    decoder = codecs.getincrementaldecoder(encoding)(errors=_MARK)
    spotless = True
    line_characters = 0
    file.seek(0)
    while True:
        chunk = file.read(_CHUNK_BYTES)
        if encoding == "utf-8" and chunk.isascii() and chunk and not decoder.getstate()[0]:
            # Nearly every export is ASCII nearly everywhere: its bytes are its characters.
            spotless = spotless and b"\0" not in chunk
            length, line_end = len(chunk), max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        else:
            text = decoder.decode(chunk, final=not chunk)
            spotless = spotless and "\0" not in text and _is_well_formed(text)
            length, line_end = len(text), max(text.rfind("\n"), text.rfind("\r"))
        line_characters = line_characters + length if line_end < 0 else length - line_end - 1
        if line_characters > _MAX_LINE_CHARACTERS:
            raise Refused(
                f"{path} has a line of more than 64 million characters, so it is no CSV of "
                "records. Check how it was exported."
            )
        if not chunk:
            return spotless


def _is_well_formed(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_bad_utf8(path: Path, head: bytes) -> None:
    """Refuse at the first byte that is not UTF-8, with its line.

    A character that the end of the file cuts in two is a truncated last line, not a wrong encoding.
    """
    offset = 0
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        for number, line in enumerate(file, start=1):
            content = line.encode(errors="surrogateescape")
            try:
                codecs.getincrementaldecoder("utf-8")().decode(content)
            except UnicodeDecodeError as error:
                raise Refused(
                    _bad_utf8(path, head, content[error.start], number, offset + error.start)
                ) from error
            offset += len(content)


def _bad_utf8(path: Path, head: bytes, byte: int, line: int, offset: int) -> str:
    controls = sum(code < 32 and code not in b"\t\n\v\f\r\x1a" for code in head[:4096])
    if controls * 20 > len(head[:4096]):
        return f"{path} is a binary file, not text. Export it as CSV first."
    return (
        f"{path} is not valid UTF-8: byte 0x{byte:02X} in line {line} (offset {offset}) has no "
        "meaning there. If the file is in another encoding, declare it in a mapping, for example "
        "`encoding: cp1252`."
    )
