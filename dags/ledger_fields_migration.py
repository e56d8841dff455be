"""Completes an older table of entries: adds the fields it lacks, fills them, requires them."""

from airflow.sdk import dag

from trueup.orchestration import field_tasks as tasks
from trueup.orchestration.params import field_params, form

SYSTEM = "ledger"


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params=form(field_params()),
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "migration"],
    doc_md="""
### Complete an older ledger_entries

For a ledger whose table `ledger_entries` is in use and lacks fields that today's has (`ledger_id`,
`currency_code`, `asset_type`, `transaction_type`, `reference_id`, `timestamp_utc`, `fx_rate`,
`metadata`). No entry is posted and no balance moves.

1. **Audit**: which fields are missing, and could every row be filled? A row of an unknown account,
   of another currency than its accounts', without a time, or whose reference would not be its own
   alone refuses the migration, with the counts.
2. **Add** the fields, empty, with a trigger that fills them for everybody who writes meanwhile.
3. **Fill** the rows in batches of about a second. Broken off, the same trigger goes on.
4. **Require**: NOT NULL and a unique key, both built while others write.
5. **Verify**: what the rows had before hashes as before; then the table is adopted.

When the data breaks a rule, the fields are removed again and nothing more is required than before;
the hash proves it. The log of `verdict` says how it ended, a dry run and a failure too.
""",
)
def ledger_fields_migration() -> None:
    """Audit, add, fill in batches, require, verify; or take back."""
    found = tasks.audit_fields(SYSTEM)
    steps = [
        tasks.add_fields(SYSTEM),
        tasks.fill_fields(SYSTEM),
        tasks.require_fields(SYSTEM),
        tasks.verify_fields(SYSTEM),
    ]
    ended = tasks.verdict()
    proceed = tasks.gate(found)
    for before, after in zip([proceed, *steps], [*steps, ended], strict=True):
        before >> after
    steps >> tasks.take_back(SYSTEM) >> ended


ledger_fields_migration()
