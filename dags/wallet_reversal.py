"""Reverses one coin transaction by a new one, by hand."""

from airflow.sdk import Param, dag

from trueup.orchestration import wallet_tasks as tasks
from trueup.orchestration.params import form

SYSTEM = "wallet"


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    params=form({
        "transaction_id": Param(
            type="string", minLength=1,
            description="The transaction: coin_ledger_transactions.id.",
        ),
        "reason": Param(
            type="string", minLength=3, maxLength=500,
            description="Why; it stands in the reversal's context and in every entry's memo.",
        ),
        "dry_run": Param(
            True, type="boolean",
            description="Book it, show the entries, take it back. Off: reverse for real.",
        ),
    }),
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "reversal"],
    doc_md="""
### Reverse a coin transaction

Books a **new transaction** of type `reversal` with the mirrored entries: what was credited is
debited. Wallets, journal and `users.total_coins` move together. Nothing that was booked is changed.

Refused, with a sentence: a second reversal; the reversal of a reversal; what is not closed or does
not sum to zero; what would take a wallet below zero (but the system account's); and
`opening_balance` and `true_up`, which the DAG `rollback` takes back with their run.

**By hand it is a dry run** unless `dry_run` is taken off.
""",
)  # fmt: skip
def wallet_reversal() -> None:
    """Bring the schema up to date, reverse, say how it ended."""
    reversed_ = tasks.reverse(SYSTEM)
    tasks.audit(SYSTEM) >> reversed_
    tasks.verdict(reversed_)


wallet_reversal()
