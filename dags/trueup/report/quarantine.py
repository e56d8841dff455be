"""Writes the rows in quarantine as a CSV that can be mended and fed back in as it is."""

import csv
from pathlib import Path

from psycopg import Connection

from trueup import statements
from trueup.journal import Run
from trueup.sources.cells import NOTES, guarded
from trueup.sources.mapping import CANONICAL_NAMES

_ROWS_PER_FETCH = 2_000
# What a cell of a spreadsheet holds. The journal keeps the text whole.
_RAW_CHARACTERS = 32_000


def write(connection: Connection, run: Run, path: Path) -> None:
    """Stream the run's quarantine into a CSV in UTF-8; a million rows take no more memory than one.

    Every row carries the reference that it was given, so that it keeps its identity when mended. No
    cell is a formula to a spreadsheet; the reader takes the guard off again.
    """
    with (
        path.open("w", encoding="utf-8", newline="") as file,
        connection.transaction(),
        connection.cursor(name="quarantine") as cursor,
    ):
        cursor.itersize = _ROWS_PER_FETCH
        cursor.execute(statements.text("trueup/journal/list_quarantined"), {"run_id": run.run_id})
        writer = csv.writer(file)
        names = run.system.fields or CANONICAL_NAMES
        writer.writerow((*names, *NOTES))
        for row in cursor:
            fields = (row.fields.get(name) for name in names)
            notes = (row.position, row.reason_code, row.reason, _on_one_line(row.raw))
            writer.writerow(map(guarded, (*fields, *notes)))


def _on_one_line(raw: str) -> str:
    r"""The raw text, line ends as \n and \r: a reader limits how many lines a record may have."""
    return raw[:_RAW_CHARACTERS].replace("\r", "\\r").replace("\n", "\\n")
