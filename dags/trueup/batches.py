"""How a key range is cut. Pure: no database, no clock."""

from bisect import bisect_left
from itertools import pairwise
from typing import NamedTuple


class KeyRange(NamedTuple):
    """Keys from `first_key` to `last_key`, both included."""

    first_key: int
    last_key: int


def cut(first_key: int, last_key: int, parts: int) -> list[KeyRange]:
    """Cut a range into at most `parts` ranges of nearly equal width, without gap or overlap.

    Raises ValueError when the range is empty or `parts` is below one.
    """
    if last_key < first_key or parts < 1:
        raise ValueError(f"cannot cut {first_key}..{last_key} into {parts} parts")
    width = last_key - first_key + 1
    parts = min(parts, width)
    edges = [first_key + width * part // parts for part in range(parts + 1)]
    return [KeyRange(low, high - 1) for low, high in pairwise(edges)]


def align(cuts: list[KeyRange], edges: list[int]) -> list[KeyRange]:
    """Move the ends of ranges to the nearest edges behind them, for blocks that cannot be cut.

    `edges` are the blocks' last keys, ascending; the last one is the last range's. Ranges that
    become empty are left out.
    """
    ends = sorted({edges[bisect_left(edges, cut.last_key)] for cut in cuts})
    starts = [cuts[0].first_key, *(end + 1 for end in ends[:-1])]
    return [KeyRange(first_key, last_key) for first_key, last_key in zip(starts, ends, strict=True)]
