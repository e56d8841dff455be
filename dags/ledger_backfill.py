"""Loads a ledger's history into PostgreSQL, proves the result, and can take it back."""

from airflow.sdk import dag

from trueup.orchestration.chain import chain
from trueup.orchestration.params import backfill_params, form

SYSTEM = "ledger"


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=4,
    params=form(backfill_params()),
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "backfill"],
    doc_md="""
### Backfill a ledger

Reads an export (CSV, JSON Lines, Parquet), a table or query of another database or an API, judges
every row, posts it in batches (entries, balances, outbox and checkpoint
in one transaction), applies the balance constraints, runs the expectations and reconciles every
account. Read = posted + replayed + quarantined, always.

**Start with a dry run** (`dry_run` is on): it shows verdicts, control totals, the trial balance
that posting would leave, and a digest. Then trigger again with `dry_run` off; with
`approved_digest` it posts exactly what you saw, or nothing.

- A *data* failure (a constraint, a critical expectation, more breaks than `accept_breaks`) takes
  the run back and proves it by the state hash. The DAG run is red.
- An *operational* failure (an outage, a kill) leaves the run `interrupted`: trigger it again
  exactly as it was, and it goes on after its last checkpoint.

The log of `report` says where the report and the quarantine file lie.
""",
)
def ledger_backfill() -> None:
    """Audit, ingest, validate; preview, or approve and post; prove, or take back; report."""
    chain(SYSTEM)


ledger_backfill()
