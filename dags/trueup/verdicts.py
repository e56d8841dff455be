"""What becomes of the rows that are staged as text: prepared for posting, or quarantined."""

from psycopg import Connection

from trueup import statements, steps
from trueup.journal import Run


def form(connection: Connection, run: Run, after_position: int = 0) -> None:
    """Form the verdicts of the rows behind a position; those before it have theirs."""
    _sort_rows(connection, run, after_position)
    steps.execute(connection, run, "validate/quarantine_unknown_accounts", run_id=run.run_id)
    steps.execute(connection, run, "validate/quarantine_conflicts", run_id=run.run_id)
    if not run.plan.skip_duplicates:
        statements.execute(connection, _sql(run, "quarantine_duplicates"), run_id=run.run_id)
    steps.execute(connection, run, "validate/mark_repeated", run_id=run.run_id)


def form_again(connection: Connection, run: Run) -> None:
    """Prepare once more what posting has begun on: all rows that the quarantine has not.

    The ledger is not asked again. It has changed since, by this very run too; what a row meets in
    it now, posting finds out, as it would have without the crash that took the prepared rows.
    """
    _sort_rows(connection, run, after_position=0)
    steps.execute(connection, run, "validate/mark_repeated", run_id=run.run_id)


def total_movements(connection: Connection, run: Run) -> None:
    """Add up anew what the postable rows will move on each account."""
    statements.execute(
        connection, "trueup/journal/delete_movements", run_id=run.run_id, plain=False
    )
    steps.execute(connection, run, "validate/insert_movements", run_id=run.run_id)


def save_control(connection: Connection, run: Run) -> None:
    """Keep count and hash of what is staged now."""
    control = statements.fetch_one(
        connection, f"{run.system.name}/ingest/control_staged", run_id=run.run_id
    )
    statements.execute(
        connection, "trueup/journal/save_staged", run_id=run.run_id, **control._asdict()
    )


def _sort_rows(connection: Connection, run: Run, after_position: int) -> None:
    statements.execute(
        connection,
        _sql(run, "sort_rows"),
        run_id=run.run_id,
        ledger_id=run.plan.ledger_id,
        prefix=run.plan.prefix,
        source_id=run.row.source_id,
        started_at=run.row.started_at,
        after_position=after_position,
    )


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/validate/{name}"
