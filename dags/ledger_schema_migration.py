"""Moves a ledger's entries from an old table into today's schema, while others write to it."""

from airflow.sdk import dag

from trueup.orchestration.chain import chain
from trueup.orchestration.params import form, migration_params

SYSTEM = "ledger"


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params=form(migration_params()),
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "migration"],
    doc_md="""
### Migrate a ledger to today's schema

Reads an old table of the same database, judges every row, posts it in batches through the same
engine as a backfill, and proves it. **The old table is never changed.**

- `LEGACY`: one row an entry (`ledger_entries_legacy`). A row without a reference gets one made of
  its key.
- `LEGS`: two rows an entry (`account_id`, `side`, `amount`, and a transaction id that the legs
  share). A transaction that does not balance, has one side only, or cannot be paired goes to
  quarantine with all its legs.

**Others may go on writing new rows to the old table**: before the balances are checked they are
caught up, at last with the table held still for the moment that takes. Switch the writers over when
the run is complete; trigger it once more if they wrote in between, and it migrates what is new.
Rows that are *changed or deleted* meanwhile are a data failure: the run is taken back.

Start with a dry run; it shows verdicts, control totals and the balances that would result.
""",
)
def ledger_schema_migration() -> None:
    """Audit, transform, migrate in batches, catch up, verify, apply constraints."""
    chain(
        SYSTEM,
        catches_up=True,
        titles={
            "audit": "1 Audit existing data",
            "ingest": "2 Transform to new schema format",
            "validate": "2 Judge what was transformed",
            "post": "3 Migrate in batches",
            "catch_up": "3 Catch up with the old table",
            "check_balances": "4 Verify data integrity: balances",
            "constrain": "5 Update schema constraints",
            "expect": "4 Verify data integrity: expectations",
            "reconcile": "4 Verify data integrity: reconciliation",
        },
    )


ledger_schema_migration()
