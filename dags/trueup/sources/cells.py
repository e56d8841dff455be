"""Cells of a CSV that somebody may open in a spreadsheet: no text of a source becomes a formula.

A text that a spreadsheet would take for one is written with `'` before it. In a quarantine CSV,
which is mended and read again, the reader takes that guard off: exactly once, and only there.
"""

import re
from typing import Any

# The columns behind the fields of a row in quarantine; where one of them is, cells are guarded.
NOTES = ("quarantineLine", "quarantineReasonCode", "quarantineReason", "quarantineRaw")

# What a spreadsheet takes for a formula, and runs; an amount begins like one and stays a number. A
# text that looks guarded is guarded once more, so that one guard can be taken off again.
_FORMULA = re.compile(r"(?![+-]?[0-9]+(?:\.[0-9]+)?\Z)'* *[=+\-@\t\r\n|%＝＋－＠]")


def guarded(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; what is no text stays as it is."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The text whose guarded cell this is; a text that no guard was put before stays as it is."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell
