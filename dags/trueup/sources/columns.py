"""A source's columns as the eleven fields of the source format: names matched, mapping applied."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

from trueup.errors import Refused
from trueup.sources.mapping import CANONICAL_NAMES, Mapping, merge_metadata

# position (int), reason_code, reason, raw, then the eleven fields in the order of CANONICAL_NAMES;
# reason_code, reason and the fields are text or None.
StagedRow = tuple[Any, ...]
# From one record's texts, stripped and None where empty, to the eleven fields.
FieldsReader = Callable[[list[str | None]], Sequence[str | None]]

REQUIRED = ("debitAccountId", "creditAccountId", "amount", "transactionType")
UNREADABLE_LINE = "unreadable_line"
NO_FIELDS = (None,) * len(CANONICAL_NAMES)


class Columns:
    """Which column each field is read from, and what the mapping makes of it.

    Raises Refused, naming the source, unless the columns have all that a posting needs. Of a source
    whose records name their fields each for itself, `partial` takes what there is.

    header: the source's column names, stripped
    positions: in which column each canonical name stands
    ignored: columns that nothing reads
    """

    def __init__(
        self,
        source: str,
        header: list[str],
        mapping: Mapping,
        delimiter: str | None = None,
        partial: bool = False,
    ) -> None:
        self.header = header
        self._mapping = mapping
        self.positions, faults = match(header, mapping)
        if not partial:
            self._check(source, faults, delimiter)
        gathered = self._gathered(source, partial)
        self._gather = [(column, self._name(column)) for column in gathered]
        read = {*self.positions.values(), *gathered}
        self.ignored = [self._name(column) for column in range(len(header)) if column not in read]

    def reader(self) -> FieldsReader:
        """What turns one record into the fields."""
        # One more than the source has: there, columns that it lacks find their None.
        absent = len(self.header)
        pick = itemgetter(*(self.positions.get(name, absent) for name in CANONICAL_NAMES))
        finish = self._finisher()

        def read(values: list[str | None]) -> Sequence[str | None]:
            values.append(None)
            return finish(list(pick(values)), values) if finish else pick(values)

        return read

    def refuse_floats(self, source: str, kinds: list[str], floats: Sequence[str]) -> None:
        """Raise Refused when the amounts are floating-point: they lost cents before we looked."""
        column = self.positions.get("amount")
        if column is not None and kinds[column] in floats:
            raise Refused(
                f"The amounts of {source} are floating-point numbers ({self._name(column)} is "
                f"{kinds[column]}), which cannot hold cents exactly. Deliver them as decimals or "
                "as text."
            )

    def _finisher(
        self,
    ) -> Callable[[list[str | None], list[str | None]], list[str | None]] | None:
        """What the mapping does to a row after its columns were picked, or None if nothing."""
        mapping = self._mapping
        index = {name: number for number, name in enumerate(CANONICAL_NAMES)}
        converters = [(index[name], convert) for name, convert in mapping.converters().items()]
        defaults = [(index[name], value) for name, value in mapping.defaults.items()]
        constants = [(index[name], value) for name, value in mapping.constants.items()]
        metadata, gathered = index["metadata"], self._gather
        if not (converters or defaults or constants or gathered):
            return None

        def finish(row: list[str | None], values: list[str | None]) -> list[str | None]:
            for number, convert in converters:
                if (text := row[number]) is not None:
                    row[number] = convert(text)
            if gathered:
                found = {name: text for column, name in gathered if (text := values[column])}
                row[metadata] = merge_metadata(row[metadata], found)
            for number, value in defaults:
                if row[number] is None:
                    row[number] = value
            for number, value in constants:
                row[number] = value
            return row

        return finish

    def _check(self, source: str, faults: list[str], delimiter: str | None) -> None:
        """Raise Refused unless all that a posting needs is there."""
        supplied = {*self.positions, *self._mapping.constants, *self._mapping.defaults}
        missing = [name for name in REQUIRED if name not in supplied]
        if missing:
            faults = [*faults, f"there is no column for {listed(missing)}"]
        if faults:
            aside = f" (delimiter {delimiter!r})" if delimiter else ""
            hint = ", and its `delimiter` if that is wrong" if delimiter else ""
            raise Refused(
                f"The header of {source} cannot be used: {'; '.join(faults)}. Its columns are "
                f"{listed(self.header)}{aside}. Say which column is which under `columns` in a "
                f"mapping{hint}."
            )

    def _gathered(self, source: str, partial: bool) -> list[int]:
        wanted = self._mapping.metadata
        if wanted == "none":
            return []
        if wanted == "unmapped":
            read = set(self.positions.values())
            return [column for column in range(len(self.header)) if column not in read]
        unknown = [name for name in wanted if name not in self.header]
        if unknown and not partial:
            raise Refused(
                f"The mapping gathers {listed(unknown)} into metadata, but {source} has no "
                f"such column; it has {listed(self.header)}."
            )
        return [self.header.index(name) for name in wanted if name in self.header]

    def _name(self, column: int) -> str:
        return self.header[column] or f"column {column + 1}"


def match(header: list[str], mapping: Mapping) -> tuple[dict[str, int], list[str]]:
    """Which column each canonical name is read from, and what stands against it."""
    positions: dict[str, int] = {}
    faults: list[str] = []
    mapped: dict[str, str] = {**mapping.columns}
    for name, source in mapped.items():
        if source.strip() in header:
            positions[name] = header.index(source.strip())
        else:
            near = difflib.get_close_matches(source, header, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            faults.append(f"the mapping reads {name} from {source!r}, which is not there{hint}")
    taken = set(positions.values())
    for name in CANONICAL_NAMES:
        if name in mapping.columns or name in mapping.constants:
            continue
        alike = [
            column
            for column, source in enumerate(header)
            if column not in taken and plain_name(source) == name.lower()
        ]
        exact = [column for column in alike if header[column] == name]
        if len(exact or alike) == 1:
            positions[name] = (exact or alike)[0]
        elif alike:
            found = listed(header[column] for column in alike)
            faults.append(f"{found} could each be {name}")
    return positions, faults


def plain_name(name: str) -> str:
    """ledger_id, Ledger ID and ledgerId are one name."""
    return name.lower().replace("_", "").replace(" ", "").replace("-", "")


def listed(names: Iterable[str]) -> str:
    """Names for a sentence, at most thirty and none longer than a line."""
    shown = [f"{name[:60]!r}" if name else "(no name)" for name in names]
    return ", ".join(shown[:30]) + (f" and {len(shown) - 30} more" if len(shown) > 30 else "")
