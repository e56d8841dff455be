"""A text file cut into blocks of whole lines, each known by its line numbers and its bytes."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# Large enough that a block costs little beside its rows, small enough to hold a few in memory.
BLOCK_BYTES = 16 << 20


class Block(NamedTuple):
    """Lines `first_key` to `last_key` of a file, as line numbers, and the bytes they take."""

    first_key: int
    last_key: int
    byte_offset: int
    byte_length: int

    @property
    def lines(self) -> int:
        """How many physical lines the block has."""
        return self.last_key - self.first_key + 1

    def read(self, path: Path) -> bytes:
        """The block's bytes."""
        with path.open("rb") as file:
            file.seek(self.byte_offset)
            return file.read(self.byte_length)


def cut(path: Path, skipped_lines: int) -> Iterator[Block]:
    """Cut a file into blocks after its first lines; every line is in exactly one block.

    The first lines end by LF or CRLF: a CR by itself is looked for only behind them.
    The first one is small: who waits for it begins to work soon.
    """
    with path.open("rb") as file:
        for _ in range(skipped_lines):
            file.readline()
        key, size = skipped_lines + 1, max(BLOCK_BYTES // 8, 1)
        while True:
            offset = file.tell()
            content = file.read(size)
            if not content:
                return
            if not content.endswith(b"\n"):
                content += file.readline()
            lines = _count_lines(content)
            yield Block(key, key + lines - 1, offset, len(content))
            key, size = key + lines, BLOCK_BYTES


def _count_lines(content: bytes) -> int:
    """How many lines end here, by LF, CRLF or CR, as `lines_of` gives them."""
    lines = content.count(b"\n")
    if returns := content.count(b"\r"):
        lines += returns - content.count(b"\r\n")
    return lines + (not content.endswith((b"\n", b"\r")))


def lines_of(content: bytes) -> Iterator[str]:
    """The lines of a block of UTF-8, with their ends."""
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
