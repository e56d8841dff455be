"""Takes a run back by its id: its entries, its outbox rows, and what it created."""

from airflow.sdk import Param, dag

from trueup.orchestration import tasks

SYSTEM = "ledger"


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={
        "run_id": Param(
            type="string",
            minLength=1,
            title="Run id",
            description="The run to take back, as trueup.run_overview lists it.",
        ),
    },
    tags=["trueup", "rollback"],
    doc_md="""
### Take a run back

Removes exactly the rows of one run and what it created, restores the balances, and proves it by the
state hash. Refused, in words, when an outbox row of the run was delivered or when others have spent
what it brought. Safe to repeat: every step commits with balances and entries in agreement.
""",
)
def rollback() -> None:
    """Find the run, take it back, report, and be green only if it is rolled back."""
    (
        tasks.audit_rollback(SYSTEM)
        >> tasks.roll_back(SYSTEM)
        >> tasks.report(SYSTEM)
        >> tasks.verdict(SYSTEM, green=["rolled_back"])
    )


rollback()
