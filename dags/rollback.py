"""Takes a run back by its id: its entries and all it created, or by reversing entries."""

from airflow.sdk import Param, dag

from trueup.orchestration import tasks
from trueup.orchestration.params import form


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    # The page triggers it: of a paused DAG a run would stay queued for ever.
    is_paused_upon_creation=False,
    max_active_runs=1,
    params=form(
        {
            "run_id": Param(
                type="string",
                minLength=1,
                title="Run id",
                description="The run to take back: it stands in its report, on the Trueup page, "
                "and in trueup.run_overview. There is no dry run here: it acts at once.",
            ),
            "mode": Param(
                "delete",
                enum=["delete", "reverse", "restore"],
                description="delete: remove the run's rows and what it created, as if it had never "
                "been. reverse: book reversing entries, for when the books have been relied on. "
                "restore: bring the tables back from the run's backup; what was written since is "
                "put aside.",
            ),
            "cancel_sessions": Param(
                False,
                type="boolean",
                description="Cancel other sessions that keep the tables which a way back must have "
                "to itself: those of a restore, which ends those that stay, or of the undo of a "
                "migration. Without it they are named, and the way back waits or is refused.",
            ),
        }
    ),
    default_args={"owner": "trueup"},
    tags=["trueup", "rollback"],
    doc_md="""
### Take a run back

**There is no dry run here: it acts at once.**
Before or after its constraints were applied, in one of three ways:

The run's id says which system it belongs to.

- **delete** removes exactly the rows of the run and what it created, restores the balances, and
  proves it by the state hash. Refused, in words, when an outbox row of the run was delivered, a
  vesting lot of it released, or others have booked behind it on one of its wallets.
- **reverse** leaves every row and books a reversing entry (`REVERSAL-…`) for each entry of the run;
  the proof is that every balance, entries of others aside, is the one before the run. A source that
  is loaded again does not bring reversed entries back: they are quarantined as `reversed_entry`.

- **restore** is for runs that have taken a backup (capital). It restores the system's own tables
  beside those that stand, proves them by the hashes taken at the backup, and exchanges them in one
  short transaction. **Whatever was written since the backup is not in the restored tables**: what
  stood is kept, rows and all, in the schema `trueup_replaced_…` that the report names. Refused, in
  words, when there is no backup, when keys of other tables, views or functions are bound to the
  tables that go, or while other sessions keep them (`cancel_sessions` sends those away).

The first two are refused when others have spent what the run brought. Safe to repeat: every step
commits with balances and entries in agreement.
""",
)
def rollback() -> None:
    """Find the run, take it back, report, and be green only if it is rolled back."""
    (
        tasks.audit_rollback()
        >> tasks.roll_back()
        >> tasks.report()
        >> tasks.verdict(green=["rolled_back"])
    )


rollback()
