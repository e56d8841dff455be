"""Holds users' coins, wallets and the coin journal against each other, every night and by hand."""

import os

import pendulum
from airflow.sdk import dag

from trueup.orchestration import integrity_tasks as tasks
from trueup.orchestration import wallet_tasks

SYSTEM = "wallet"


@dag(
    description=__doc__,
    schedule=os.environ.get("TRUEUP_INTEGRITY_SCHEDULE", "30 2 * * *"),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "reconciliation"],
    doc_md="""
### Check the wallets' integrity

In **one snapshot**: how many users and wallets there are, who has no wallet, whose coins
(`users.total_coins`), wallet (`user_wallet.balance`) and journal do not say the same, and why:

- **no wallet**;
- **wallet without journal**: it was created empty, or filled by hand;
- **balance off its journal**: somebody wrote a balance without an entry;
- **coins moved without a journal entry**: a place in the code that does not write both.

Then the treasury, closed transactions that do not sum to zero, broken chains of balances, wallets
below zero, a table of before and after, and the trend. The log of `check` has the report;
`ledger_reconciliation_runs` keeps it, and that row is all that is written.

The system account is the contra side of all coins: it stands at minus what the users have. It is
counted apart and **is no drift**; do not reset it.

Green when all agrees. Red otherwise, also when nobody could look, and whoever the connection
`trueup_alerts` or `TRUEUP_NOTIFIERS` names is told; then `wallet_backfill` mends what can be
mended, and docs/wallets.md says how to keep drift at zero. It is passed over where there is no
Airflow connection `wallet_db`.
""",
)
def wallet_integrity() -> None:
    """Bring the schema up to date, check, judge."""
    checked = tasks.check(SYSTEM)
    wallet_tasks.audit(SYSTEM, skip_unconnected=True) >> checked
    tasks.verdict(SYSTEM, checked)


wallet_integrity()
