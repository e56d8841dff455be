"""Cells of a CSV that somebody may open in a spreadsheet, as the engine writes them.

The tests hold this against `trueup.sources.cells`; the page shares no code with the engine.
"""

import re
from typing import Any

NOTES = ("quarantineLine", "quarantineReasonCode", "quarantineReason", "quarantineRaw")

# What a spreadsheet takes for a formula, and runs; an amount begins like one and stays a number. A
# text that looks guarded is guarded once more, so that one guard can be taken off again.
_FORMULA = re.compile(r"(?![+-]?[0-9]+(?:\.[0-9]+)?\Z)'* *[=+\-@\t\r\n|%＝＋－＠]")
# What a cell of a spreadsheet holds. The journal keeps the text whole.
CELL_CHARACTERS = 32_000


def guarded(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; what is no text stays as it is."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def one_line(raw: str) -> str:
    r"""The raw text, line ends as \n and \r: a reader limits how many lines a record may have."""
    return raw[:CELL_CHARACTERS].replace("\r", "\\r").replace("\n", "\\n")
