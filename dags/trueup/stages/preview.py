"""Ends a dry run: executes the first rows for real, takes them back, and says what would happen."""

import logging
from typing import Any

import psycopg
from psycopg import Connection

from trueup import journal, posting, statements, steps
from trueup.journal import Run
from trueup.report import lines
from trueup.run_state import Status

log = logging.getLogger(__name__)


def preview(connection: Connection, run: Run) -> dict[str, Any]:
    """Post up to `dry_run_rows` rows in one transaction that is rolled back, and close the run.

    Accounts are created and exempted inside it too. Locks are waited for as long as any session of
    ours does, and no longer: a trial must not hold up the living.
    """
    posting.check_staging(connection, run)
    executed = {"read": 0, "posted": 0, "replayed": 0, "quarantined": 0}
    bounds = statements.fetch_one(
        connection, f"{run.system.name}/post/bound_keys", run_id=run.run_id
    )
    last_key = min(bounds.last_key, bounds.first_key + run.plan.dry_run_rows - 1)
    if last_key >= bounds.first_key:
        with connection.transaction() as trial:
            steps.execute(connection, run, "post/create_accounts", run_id=run.run_id)
            steps.execute(connection, run, "post/exempt_accounts", run_id=run.run_id)
            batch = posting.post_rows(connection, run, bounds.first_key, last_key)
            executed = {name: getattr(batch, name) for name in executed}
            raise psycopg.Rollback(trial)
    counts = run.row.figures["verdicts"]
    journal.add_figures(connection, run, executed=executed)
    journal.save_totals(
        connection, run, read=counts["read"], posted=0, replayed=counts["replayed"],
        quarantined=counts["quarantined"],
    )  # fmt: skip
    journal.finish(
        connection,
        run,
        Status.PREVIEWED,
        f"Dry run: {counts['postable']} of {counts['read']} rows would be posted, "
        f"{counts['replayed']} stand already, {counts['quarantined']} are quarantined; "
        f"{executed['read']} rows were executed and taken back. Digest {run.row.digest}.",
    )
    lines.tell(connection, run)
    journal.drop_staging(connection, run)
    return executed
