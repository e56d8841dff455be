"""How a key range is cut. Pure: no database, no clock."""

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
