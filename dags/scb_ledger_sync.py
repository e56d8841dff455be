"""Synchronises with the ledger of a sovereign central bank: takes its entries, delivers ours."""

from airflow.sdk import dag

from trueup.orchestration.chain import chain
from trueup.orchestration.params import form, sync_params

SYSTEM = "ledger"


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params=form(sync_params()),
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "scb"],
    doc_md="""
### Synchronise with a sovereign central bank

1. **Extract** the SCB's entries of the days asked for, page by page; a reading that breaks off goes
   on at its cursor.
2. **Transform and judge** them as any source.
3. **Post** them, each with an outbox row that is acknowledged already: they are not sent back.
4. **Deliver** our own entries through the outbox: at least once, known to the receiver by their
   reference. A row that the SCB refuses is FAILED with its words and blocks nobody; when the SCB
   does not answer, the run breaks off and is resumed by the same trigger.
5. **Verify** that both ledgers agree, by reference: checksums over ranges of references are halved
   until they agree or are small, so that rows travel only where something differs. Differences are
   in `trueup.ledger_differences`; more of them than `accept_breaks` take back what was posted here.

The Airflow connection `scb` names the API: host, the bearer token as its password, and
`"trueup_source": true` in its extra, without which nothing is read through it.
""",
)
def scb_ledger_sync() -> None:
    """Extract, transform, post, deliver, verify both ledgers, reconcile."""
    chain(
        SYSTEM,
        synchronises=True,
        titles={
            "ingest": "1 Extract entries from the SCB ledger",
            "validate": "2 Transform and judge",
            "post": "3 Post with outbox rows",
            "deliver": "4 Deliver the outbox",
            "compare": "5 Verify both ledgers agree",
        },
    )


scb_ledger_sync()
