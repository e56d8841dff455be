"""Gives every user a wallet whose coins the journal backs, and proves that nothing drifts."""

from airflow.sdk import dag

from trueup.orchestration.chain import chain
from trueup.orchestration.params import form, wallet_params

SYSTEM = "wallet"


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=4,
    params=form(wallet_params()),
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "backfill"],
    doc_md="""
### Backfill the wallets

Reads every user with coins, wallet and journal, and brings the three together in double entry:

- the `system` user and its wallet, where they are missing: the contra account;
- a wallet for each user without one;
- an `opening_balance` transaction (credit user, debit system) for each user whose coins no journal
  entry backs, with a wallet or without: it is the journal that is asked;
- the missing leg of the system for closed transactions that have one leg only, inside them;
- then every balance is what the journal says.

Coins that moved without a journal entry are listed, each user with the likely cause; with `true_up`
they are booked as transactions of a type of their own. A balance is never overwritten by hand.

- **Start with a dry run** (`dry_run` is on): its report has the figures before and after.
- A second run finds every user as it must be, and changes nothing.
- Users may go on earning and spending meanwhile: coins and journal move together, so that what is
  missing stays the same.
- The rules of the journal are applied and proved: closed in balance, chained, append-only, no
  wallet below zero but the system's.

The DAG `rollback` takes a run back by its id, unless others have booked on its wallets since.
""",
)
def wallet_backfill() -> None:
    """Audit, ingest, validate; preview, or approve and post; prove, or take back; report."""
    chain(
        SYSTEM,
        titles={
            "ingest": "ingest: read users, wallets, journal",
            "post": "post: wallets and opening balances",
            "reconcile": "reconcile: wallets against coins",
        },
    )


wallet_backfill()
