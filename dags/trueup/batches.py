"""How a key range is cut and how batch size adapts. Pure: no database, no clock."""

from bisect import bisect_left
from itertools import pairwise
from typing import NamedTuple

# Below this, a batch is all overhead; above, it holds locks and memory and gains nothing.
SMALLEST_BATCH, LARGEST_BATCH = 100, 100_000

GROWTH = 1.5
_SHRINKAGE = 0.1
# So near to the target a size is left alone: durations vary by themselves.
_TOLERANCE = 0.2


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


def next_size(size: int, seconds: float, target_seconds: float) -> int:
    """The size of the batch after one of `size` keys that took so long.

    It aims at the target: grows by half at most, shrinks at once to what the target allows (to a
    tenth at most). The first size may lie outside the bounds; it comes back to them step by step.
    """
    if abs(seconds - target_seconds) <= _TOLERANCE * target_seconds:
        return size
    fitting = size * target_seconds / seconds if seconds > 0 else size * GROWTH
    wanted = round(min(max(fitting, size * _SHRINKAGE), size * GROWTH))
    if wanted > size:
        return max(size, min(max(wanted, size + 1), LARGEST_BATCH))
    return min(size, max(wanted, SMALLEST_BATCH))


def halve(size: int) -> int:
    """The size after trouble; a size that was smaller from the first on stays as it is."""
    return min(size, max(size // 2, SMALLEST_BATCH))
