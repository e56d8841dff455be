"""Loads a ledger export into PostgreSQL, proves the result, and can take it back."""

from airflow.sdk import dag

from trueup.orchestration import tasks
from trueup.orchestration.approval import approve
from trueup.orchestration.params import backfill_params

SYSTEM = "ledger"


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=4,
    params=backfill_params(),
    tags=["trueup", SYSTEM, "backfill"],
    doc_md="""
### Backfill a ledger

Reads a CSV export, judges every row, posts it in batches (entries, balances, outbox and checkpoint
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
    judged = tasks.validate(SYSTEM)
    choice = tasks.gate(SYSTEM)
    approval = approve()
    previewed = tasks.preview(SYSTEM)
    ranges = tasks.open_posting(SYSTEM)
    posted = tasks.post.partial(system=SYSTEM).expand(range_no=ranges)
    checked = tasks.check_balances(SYSTEM, posted)
    reconciled = tasks.reconcile(SYSTEM)
    ended = tasks.outcome(SYSTEM)
    completed = tasks.complete(SYSTEM)
    rolled_back = tasks.roll_back(SYSTEM)
    reported = tasks.report(SYSTEM)

    tasks.audit(SYSTEM) >> tasks.ingest(SYSTEM) >> judged >> choice
    choice >> [previewed, approval, ranges]
    approval >> ranges
    checked >> tasks.constrain(SYSTEM) >> tasks.expect(SYSTEM) >> reconciled
    [previewed, reconciled] >> ended >> [completed, rolled_back] >> reported
    reported >> tasks.verdict(SYSTEM)


ledger_backfill()
