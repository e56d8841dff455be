"""What is off after a run, and the entries that bring it right: found, proposed, documented."""

import logging
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from trueup import journal, statements
from trueup.errors import Refused
from trueup.journal import Run

log = logging.getLogger(__name__)

NOTHING_TO_POST = (
    "Nothing is to be posted: what was found stays as it is on the word of the ledger, or must be "
    "mended first. The audit log has each finding."
)


def corrected_run(connection: Connection, run: Run) -> str:
    """The id of the run whose breaks are corrected. Raises Refused when there is none.

    Once proposals were made it stays the same, whatever is the latest run by then.
    """
    if chosen := run.row.figures.get("corrects"):
        return chosen
    found = statements.fetch_one(
        connection, _sql(run, "find_corrected_run"), source=run.plan.source
    )
    if found is None:
        raise Refused(
            f"There is no completed run {run.plan.source} to correct."
            if run.plan.source != "latest"
            else "No completed run has left breaks or quarantined rows; nothing is to be corrected."
        )
    return found.run_id


def propose(connection: Connection, run: Run) -> None:
    """Find what is off and keep a proposal for each finding, inside the caller's transaction.

    Suspense accounts that are needed are staged to be opened, and the balances that were expected
    after the earlier run are expected after this one. Raises Refused when nothing is off.
    """
    plan = run.plan
    asked = _asked(connection, run)
    statements.execute(connection, _sql(run, "delete_corrections"), run_id=run.run_id)
    found = statements.execute(
        connection,
        _sql(run, "find_corrections"),
        ledger_id=plan.ledger_id,
        prefix=plan.prefix,
        tolerance=plan.tolerance,
        suspense_account=plan.suspense_account,
        **asked,
    ).rowcount
    if not found:
        raise Refused(f"Nothing is off after run {asked['corrected']}; nothing is to be corrected.")
    journal.add_figures(connection, run, corrects=asked["corrected"])
    stage_beside(connection, run, asked["corrected"])
    for row in proposals(connection, run):
        log.info(
            "%s %s: expected %s, is %s (%s); on the word of the %s: %s %s",
            row.kind, row.subject, row.expected, row.actual, row.cause, row.trust, row.proposal,
            row.amount or "",
        )  # fmt: skip


def stage_beside(connection: Connection, run: Run, corrected: str | None = None) -> None:
    """Stage the suspense accounts to open, and the balances to verify with. Safe to repeat."""
    statements.execute(
        connection,
        _sql(run, "stage_suspense_accounts"),
        run_id=run.run_id,
        suspense_account=run.plan.suspense_account,
    )
    asked = _asked(connection, run, corrected)
    statements.execute(connection, _sql(run, "copy_expected_balances"), **asked)


def proposals(connection: Connection, run: Run) -> list[Any]:
    """What was found and is proposed, in order; amounts as texts."""
    return statements.fetch_all(connection, "trueup/journal/list_corrections", run_id=run.run_id)


def document(connection: Connection, run: Run) -> int:
    """Write every correction into the audit log, and give how many."""
    with connection.transaction():
        journal.fence(connection, run, run.status)
        return write_down(connection, run)


def write_down(connection: Connection, run: Run) -> int:
    """Write what was found, and what came of it, into the audit log; give how many."""
    return statements.execute(connection, _sql(run, "log_corrections"), run_id=run.run_id).rowcount


def _asked(connection: Connection, run: Run, corrected: str | None = None) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "corrected": corrected or corrected_run(connection, run),
        "trust": Jsonb(run.plan.trust),
    }


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/derive/{name}"
