"""Closes a run whose books are proved."""

from typing import Any

from psycopg import Connection

from trueup import journal, posting
from trueup.journal import Run
from trueup.report import lines
from trueup.run_state import Status


def complete(connection: Connection, run: Run) -> dict[str, Any]:
    """Mark the run completed, close its checkpoint, drop its staging."""
    journal.check_all_posted(connection, run)
    row = journal.read_run(connection, run.run_id).row
    counts = {
        "read": row.total_read,
        "posted": row.total_posted,
        "replayed": row.total_replayed,
        "quarantined": row.total_quarantined,
        "breaks": row.breaks,
    }
    message = (
        f"Completed: {row.total_read} read, {row.total_posted} posted, {row.total_replayed} "
        f"replayed, {row.total_quarantined} quarantined; {row.breaks} break"
        f"{'' if row.breaks == 1 else 's'} accepted."
    )
    with connection.transaction():
        posting.mark_checkpoint(connection, run, "COMPLETED", None)
        journal.finish(connection, run, Status.COMPLETED, message)
    lines.tell(connection, run)
    journal.drop_staging(connection, run)
    return counts
