"""What every source that is no file has in common: it is read once, part by part, by a cursor."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from trueup.sources.columns import StagedRow

# Where a reading stands, as JSON holds it; `end` is in it when there is no more.
Cursor = dict[str, Any]


class Part(NamedTuple):
    """Rows that are staged together, and the cursor behind them."""

    rows: list[StagedRow]
    cursor: Cursor


class Extract(Protocol):
    """A source that may be another the next time it is asked."""

    # The field whose equality makes two equal records one; None where none is ever given twice.
    key: str | None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what is read and from where; not of what came of it."""

    def about(self) -> dict[str, Any]:
        """What the audit tells of the source; raises Refused when it cannot be used."""

    def begin(self) -> Cursor:
        """Fix what is read, before the first part is."""

    def parts(self, cursor: Cursor, position: int) -> Iterator[Part]:
        """Yield what comes after a cursor; rows are numbered from `position` on."""

    def recount(self, cursor: Cursor, /) -> int | None:
        """How many rows a whole reading would find now; None if nobody can tell."""
