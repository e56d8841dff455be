"""Finds what is off in the ledger, proposes corrections, and posts what a person approved."""

from airflow.sdk import dag

from trueup.orchestration.chain import chain
from trueup.orchestration.params import correction_params, form

SYSTEM = "ledger"


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params=form(correction_params()),
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "corrections"],
    doc_md="""
### Correct the ledger

Looks at the books after a run and finds

- balances that differ from those the source expects,
- stored balances that were moved without an entry,
- rows that the source has and the ledger lacks,

and proposes for each, **where the source is trusted** (`trust`): the missing entry itself where it
can be posted now, else an entry against the suspense account, with a reference `CORRECTION-…`.
Where the ledger is trusted nothing is posted, and the difference is documented.

Start with a dry run: its log, `trueup.proposed_corrections` and the report show every proposal. A
real run waits for a person's approval (unless `approval` is `auto`), posts exactly what was
approved through the same engine as a backfill, holds the books against the expected balances once
more, and writes each correction into the audit log. It is taken back like any run.
""",
)
def ledger_corrections() -> None:
    """Identify, propose, have approved, post, verify, document."""
    chain(
        SYSTEM,
        documents=True,
        titles={
            "audit": "1 Audit the books",
            "ingest": "1 Identify inconsistencies, propose corrections",
            "validate": "2 Judge the correction entries",
            "post": "3 Apply corrections",
            "check_balances": "4 Verify balance consistency",
            "constrain": "4 Verify the constraints",
            "expect": "4 Verify expectations",
            "reconcile": "4 Verify against expected balances",
            "document": "5 Document corrections in the audit log",
        },
    )


ledger_corrections()
