"""Writes the statement of one user's wallet over a period, by hand."""

from airflow.sdk import Param, dag

from trueup.orchestration import wallet_tasks as tasks
from trueup.orchestration.params import form

SYSTEM = "wallet"


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    params=form({
        "user_id": Param(
            type="string", minLength=1, description="The user: users.id.",
        ),
        "from_date": Param(
            type="string", format="date",
            description="The first day, in UTC.",
        ),
        "to_date": Param(
            type="string", format="date",
            description="The last day, in UTC; it is part of the period.",
        ),
    }),
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "report"],
    doc_md="""
### Write a wallet's statement

A CSV in the reports' folder (`TRUEUP_REPORTS`), below `wallet_statements/`: the opening balance,
every journal entry of the period with the balance behind it, and the closing balance.

It is read in one snapshot and **proved**: every entry begins where the one before it ended,
opening + credits − debits = closing, and a period that reaches today ends at what the wallet holds.
If not, the task fails and no file is left. A text that a spreadsheet would take for a formula
begins with `'`.

An entry stands where the wallet's chain has it: booked late, it is in the period in which it was
booked, and the statements of neighbouring periods fit together.
""",
)  # fmt: skip
def wallet_statement() -> None:
    """Bring the schema up to date, write, say how it ended."""
    written = tasks.write_statement(SYSTEM)
    tasks.audit(SYSTEM) >> written
    tasks.verdict(written)


wallet_statement()
