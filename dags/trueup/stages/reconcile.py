"""Holds the books against their own entries, and against what the source itself publishes."""

import logging
from decimal import Decimal
from typing import Any

from psycopg import Connection

from trueup import journal, statements, steps
from trueup.errors import DataFailure
from trueup.journal import Run

log = logging.getLogger(__name__)


def reconcile(connection: Connection, run: Run) -> dict[str, Any]:
    """Find every break, in one snapshot: trial balance, stored balances, expected balances.

    Raises DataFailure when there are more breaks than `accept_breaks`, or when a currency's
    balances do not net to what they netted to before the run.
    """
    journal.check_all_posted(connection, run)
    if journal.is_cut_over(run):
        return {"breaks": run.row.breaks}
    with statements.snapshot(connection):
        trial_balance = _find_breaks(connection, run)
    breaks = statements.fetch_all(connection, "trueup/journal/list_breaks", run_id=run.run_id)
    for row in breaks:
        log.warning(
            "Break: %s %s, ledger %s, expected %s, difference %s: %s",
            row.account_id, row.currency_code, row.actual, row.expected, row.difference, row.cause,
        )  # fmt: skip
    off = [row for row in trial_balance if Decimal(row.net) != Decimal(row.opening_net)]
    if off:
        raise DataFailure(
            f"The balances in {off[0].currency_code} net to {off[0].net}, not to "
            f"{off[0].opening_net} as before the run: debits and credits are not equal."
        )
    if not run.plan.accepts(len(breaks)):
        accepted = run.plan.accept_breaks
        raise DataFailure(
            f"{'1 balance breaks' if len(breaks) == 1 else f'{len(breaks)} balances break'}, "
            f"{accepted} {'was' if accepted == 1 else 'were'} accepted; the largest is "
            f"{breaks[0].account_id} with {breaks[0].difference} {breaks[0].currency_code}."
        )
    journal.log(
        connection,
        run,
        f"Reconciled: {len(breaks)} breaks, "
        f"{'any' if run.plan.accept_breaks is None else run.plan.accept_breaks} accepted.",
    )
    return {"breaks": len(breaks)}


def _find_breaks(connection: Connection, run: Run) -> list[Any]:
    """Write the breaks down and give the trial balance per currency."""
    statements.execute(connection, "trueup/journal/delete_breaks", run_id=run.run_id)
    steps.execute(connection, run, "reconcile/total_legs", run_id=run.run_id)
    for row in steps.fetch_all(connection, run, "reconcile/list_leg_breaks", run_id=run.run_id):
        journal.add_break(
            connection, run, row.account_id, row.currency_code, compared_with="entries",
            expected=row.expected, actual=row.actual,
            cause="unknown: the stored balance is not what its entries say",
        )  # fmt: skip
    steps.execute(connection, run, "reconcile/date_expected", run_id=run.run_id)
    statements.execute(
        connection,
        f"{run.system.name}/reconcile/insert_expected_breaks",
        run_id=run.run_id,
        tolerance=run.plan.tolerance,
    )
    statements.execute(connection, "trueup/journal/save_breaks", run_id=run.run_id)
    trial_balance = steps.fetch_all(
        connection, run, "reconcile/total_trial_balance", run_id=run.run_id
    )
    journal.add_figures(connection, run, trial_balance=[row._asdict() for row in trial_balance])
    return trial_balance
