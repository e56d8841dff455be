"""Some of a file's lines, read by the careful reader, as it would have read them in the file."""

from collections.abc import Iterator
from itertools import chain, takewhile

from trueup.sources import blocks
from trueup.sources.blocks import Block
from trueup.sources.columns import StagedRow
from trueup.sources.csv import CsvSource


def read_blocks(
    source: CsvSource, irregular: list[Block], following: Block | None
) -> Iterator[StagedRow]:
    """Read neighbouring blocks record by record.

    A record that begins in them may ask for more lines than they have. The first line of the
    following block, whose every line is a record, stops it as it would in the file.
    """
    lines = chain.from_iterable(_lines(source, block) for block in irregular)
    if following is None:
        return source.read(lines, irregular[0].first_key)
    barrier = next(_lines(source, following))
    records = source.read(chain(lines, [barrier]), irregular[0].first_key)
    return takewhile(lambda record: record[0] < following.first_key, records)


def read_lines(source: CsvSource, among: list[Block], keys: list[int]) -> Iterator[StagedRow]:
    """Read single lines that are records by themselves; keys are their numbers, ascending."""
    wanted = iter(keys)
    key = next(wanted, None)
    for block in among:
        if key is None or key > block.last_key:
            continue
        for number, line in enumerate(_lines(source, block), start=block.first_key):
            if number == key:
                yield from source.read(iter([line]), key)
                key = next(wanted, None)


def _lines(source: CsvSource, block: Block) -> Iterator[str]:
    return blocks.lines_of(block.read(source.path))
