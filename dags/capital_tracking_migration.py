"""Brings capital tracking to a live lending app, and proves that every loan and cent is there."""

from airflow.sdk import dag

from trueup.orchestration.chain import chain
from trueup.orchestration.params import capital_params, form

SYSTEM = "capital"


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    # The app's tables can be on their way once at a time.
    max_active_runs=1,
    params=form(capital_params()),
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "migration"],
    doc_md="""
### Bring capital tracking to the juntas

The app keeps acciones, multas, loans and payments, in floats, and nobody knows what a junta has.
This migration gives every one of those rows its movement in `capital_movements`, every junta its
`current_capital`, `base_capital` and `available_capital`, and loans and payments exact amounts,
while the app goes on writing:

- what cannot be booked (not whole cents, below zero, an unknown status, no junta) is quarantined
  with its reason; by default one such row refuses the run before anything is touched;
- **a backup is taken and restored beside**, and compared, before the first write;
- shadow tables `"PrestamoNew"` and `"PagoPrestamoNew"` fill in batches, the whole history is booked
  with its own times, and triggers follow whatever the app writes meanwhile;
- rules, expectations and an independent recomputation prove the new tables beside the old ones;
- then one short transaction exchanges the names. From there on the rules hold: no negative amount,
  no unknown type or direction, no new loan above what its junta has available.

A loan of the past that was above the capital of its time is booked and **flagged**: to refuse what
happened would leave its payments without a loan.

- **Start with a dry run** (`dry_run` is on): it judges everything, executes a part in a transaction
  that is taken back, and lists what would be flagged and what every junta would have.
- Data that fails takes the migration back by itself and proves schema and rows by their hash; an
  outage leaves it `interrupted`: the same trigger resumes it.
- A worker that dies leaves the old schema whole or the new one; trigger the same again to finish.

The DAG `rollback` takes a migration back, after its end too: `delete` undoes it and keeps what the
app has written since, `restore` exchanges the tables for those of the backup and puts aside what
was written since. The runbook says when.
""",
)
def capital_tracking_migration() -> None:
    """Audit, ingest, validate; preview, or back up and build beside; prove; cut over, or undo."""
    chain(
        SYSTEM,
        backs_up=True,
        catches_up=True,
        cuts_over=True,
        titles={
            "ingest": "ingest: read the history",
            "back_up": "back_up: dump, restore, compare",
            "post": "post: shadow tables and movements",
            "catch_up": "catch_up: what came meanwhile",
            "reconcile": "reconcile: kind by kind",
            "cut_over": "cut_over: exchange the names",
        },
    )


capital_tracking_migration()
