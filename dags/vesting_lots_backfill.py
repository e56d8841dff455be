"""Makes a vesting lot of every completed deposit into the vault AVENIR, and proves the result."""

from airflow.sdk import dag

from trueup.orchestration.chain import chain
from trueup.orchestration.params import form, vesting_params

SYSTEM = "vesting"


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=4,
    params=form(vesting_params()),
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "backfill"],
    doc_md="""
### Backfill the AVENIR vesting lots

Reads every completed `VAULT_DEPOSIT` operation of the vault AVENIR, makes a lot of each (deposit
day: its UTC date; release day: 365 days later; amount: what its ledger entry took from the user's
available wallet), and proves them: the lots' own checks, the checklist as expectations, and
for every user what is left in lots against the active locks in `wallet_locks`.

- **Start with a dry run** (`dry_run` is on): its log names every lot that would be created.
- A deposit that has its lot is skipped; running it again creates nothing.
- A deposit that cannot have one (user not found, amount not above zero, more than two decimals, two
  currencies, …) goes to quarantine with its operation's id and the reason, and stops nobody.
- Pending, failed and cancelled deposits earn no lot; the report counts them.
- Differences between locks and lots are breaks with a cause. More of them than `accept_breaks`, and
  the run is taken back.

The DAG `rollback` takes a run back by its id, unless one of its lots was released since.
""",
)
def vesting_lots_backfill() -> None:
    """Audit, ingest, validate; preview, or approve and post; prove, or take back; report."""
    chain(
        SYSTEM,
        titles={
            "ingest": "ingest: find the deposits",
            "post": "post: create the lots",
            "reconcile": "reconcile: lots against locks",
        },
    )


vesting_lots_backfill()
