"""Leaves a run resumable after its surroundings failed; nothing is rolled back."""

from typing import Any

from psycopg import Connection

from trueup import journal, posting
from trueup.journal import Run
from trueup.run_state import Status


def interrupt(connection: Connection, run: Run) -> dict[str, Any]:
    """Mark the run interrupted and its checkpoint failed, with what a person can do next."""
    because = (run.row.message or "A task ended without a word; its log says more").rstrip(".")
    message = (
        f"{because}. What was posted stands: trigger the same again to resume, or take it back "
        "with the DAG rollback."
    )
    with connection.transaction():
        posting.mark_checkpoint(connection, run, "FAILED", message)
        journal.finish(connection, run, Status.INTERRUPTED, message)
    return {"status": Status.INTERRUPTED}
