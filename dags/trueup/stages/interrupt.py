"""Leaves a run resumable after its surroundings failed or a person paused it."""

from typing import Any

from psycopg import Connection

from trueup import journal, posting
from trueup.journal import Run
from trueup.run_state import Status


def interrupt(connection: Connection, run: Run) -> dict[str, Any]:
    """Mark the run interrupted and its checkpoint failed, with what a person can do next.

    A run that a person has paused stays paused.
    """
    paused = run.status == Status.PAUSED
    because = (run.row.message or "A task ended without a word; its log says more").rstrip(".")
    message = (
        f"{because}. What was posted stands: trigger the same again to resume, or take it back "
        "with the DAG rollback."
    )
    with connection.transaction():
        posting.mark_checkpoint(connection, run, "PAUSED" if paused else "FAILED", message)
        journal.finish(connection, run, run.status if paused else Status.INTERRUPTED, message)
    return {"status": run.status if paused else Status.INTERRUPTED}
