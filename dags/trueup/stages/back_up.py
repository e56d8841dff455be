"""Backs the database up before the run writes to it the first time, and proves the backup."""

from pathlib import Path
from typing import Any

from psycopg import Connection

from trueup import backup
from trueup.journal import Run


def back_up(connection: Connection, run: Run, conninfo: str, folder: Path) -> dict[str, Any]:
    """Take a backup, restore it beside and compare; give where it is and how large. Safe to repeat.

    Sizes are bytes, times are seconds. Raises what `backup.take` raises; nothing is written to the
    app's tables.
    """
    return backup.take(connection, run, conninfo, folder)
